"""The runner port: runs a team on an input with some prompts and returns what each agent read and wrote."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

from maspo.core.errors import CallFailed
from maspo.core.prompts import Prompts
from maspo.core.registry import Registry
from maspo.core.trace import Trace
from maspo.team import System


class Runner(Protocol):
    """Runs a team on an input.

    ::

        class OneCall:  # a team of one agent
            def __init__(
                self, system: System, rows: Mapping[str, Input], model: ModelClient, settings: RoleSettings
            ) -> None:
                self.agent, self.rows, self.model, self.settings = system.output, rows, model, settings

            async def run(self, prompts: Prompts, input_key: str, base: Prompts | None = None) -> Trace:
                text = self.rows[input_key].columns["input"]
                messages = (Message("system", prompts[self.agent]), Message("user", text))
                reply = await self.model.complete(self.settings.request(messages, AGENT, self.agent))
                return Trace(input_key, (Call(self.agent, reply.text),), reply.text)

            async def run_without(self, prompts: Prompts, input_key: str, source: str, reader: str) -> Trace:
                return await self.run(prompts, input_key)  # a single agent reads nobody

            async def close(self) -> None: ...

    ``maspo.testing.runners.check_runner`` checks the contract: the same prompts give the same trace, ``base`` saves
    calls and changes nothing, a change reaches only whom it can, and a call that failed is told and not remembered.

    A runner that calls an agent more often than once in a run says so, so that plans and bounds can be told beforehand:
    ``@staticmethod def most_calls(system, **options) -> Mapping[str, int]``. One that refuses values of its options
    does so before anything is paid: ``@staticmethod def check_options(system, **options) -> None``, with ConfigInvalid.
    One that can take over from a base that is still under way says ``shares_under_way = True``: both begin together.
    """

    async def run(self, prompts: Prompts, input_key: str, base: Prompts | None = None) -> Trace:
        """Run the team on one input (Eq. 2).

        ``base`` are prompts whose trace is known or wanted as well: what they share may be taken over from it.

        Raises:
            CallFailed: this run failed for good.
            ProviderError, BudgetReached, Interrupted: no further call can be made.

        """
        ...

    async def run_without(self, prompts: Prompts, input_key: str, source: str, reader: str) -> Trace:
        """Run the team on one input while the reader does not get what the source wrote. Raises what ``run`` raises."""
        ...

    async def close(self) -> None:
        """End what is still running."""
        ...


RunnerClass: TypeAlias = Callable[..., Runner]
"""Called with (system, inputs by key, model client, role settings of the agents), and ``runner.options`` by name."""


async def unless_failed(run: Coroutine[Any, Any, Trace]) -> Trace | None:
    """Return a run of the team, or None when a call of it failed for good."""
    try:
        return await run
    except CallFailed:
        return None


def most_calls(runner: object, system: System, options: Mapping[str, Any]) -> Mapping[str, int]:
    """Return how often a runner calls agents in one run, at most: as it says; whom it does not name, once."""
    said = getattr(runner, "most_calls", None)
    return {} if said is None else dict(said(system, **options))


def shares_under_way(runner: Runner) -> bool:
    """Say whether a run that is begun beside its base takes over what both share as it comes: the runner says so.

    Of others, and of apps, the base is run first, so that what both ask is known when it is asked again.
    """
    return bool(getattr(runner, "shares_under_way", False))


PROMPT_GRAPH = "prompt_graph"
APP = "app"
RUNNERS: Registry[RunnerClass] = Registry(
    group="maspo.runners",
    what="runner.kind",
    own={PROMPT_GRAPH: "maspo.runners.prompt_graph:PromptGraph", APP: "maspo.apps.runner:AppRunner"},
    method="run",
    arguments=4,
)


_OURS: Mapping[str, Sequence[str]] = {PROMPT_GRAPH: ("plan",), APP: ("pool",)}
"""Options that maspo gives, and no user."""


def check_options(chosen: object, system: System, options: Mapping[str, Any]) -> None:
    """Check that a runner, by name or as a class, takes options for a system, as far as can be told without making it.

    Raises:
        ConfigInvalid: it has no such option, or it cannot be what is given.

    """
    RUNNERS.check_options(chosen, options, ours=_OURS.get(chosen, ()) if isinstance(chosen, str) else ())
    maker = RUNNERS.get(chosen) if isinstance(chosen, str) else chosen
    if (check := getattr(maker, "check_options", None)) is not None:
        check(system, **options)


def runner_kind(system: System, kind: str) -> str:
    """Return the runner of a system by the settings' name; where they name none, an app's team is run by the app."""
    return APP if system.app is not None and kind == PROMPT_GRAPH else kind

"""A contract test for people who write a runner.

``check_runner`` runs the whole contract and raises ``AssertionError`` with the rule that was broken::

    async def test_my_runner() -> None:
        await check_runner(MyRunner, System((Agent("solver", "Solve it."),)), rounds=2)   # a class with its options
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from typing import Any

from maspo.core.errors import CallFailed
from maspo.core.prompts import Prompts
from maspo.core.trace import Trace
from maspo.data.inputs import Inputs, make_inputs
from maspo.models.base import AGENT, Request, RoleSettings
from maspo.models.scripted import Scripted, ScriptedModel
from maspo.runners.base import RUNNERS, Runner, most_calls
from maspo.team import System
from maspo.testing.rules import LOST, check_ends_pass, rule

Script = Callable[[Request], Scripted]


def echo(request: Request) -> str:
    """Answer with a word that stands for everything that was asked: any change of it shows."""
    asked = "\0".join(f"{message.role}: {message.content}" for message in request.messages)
    return f"said-{hashlib.sha256(asked.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"


async def check_runner(runner: object, system: System, inputs: Inputs | None = None, **options: Any) -> None:
    """Check the contract of ``Runner`` on a team: a class (or a name) with its options. Asks no real model.

    ``inputs`` are rows that the team can be run on; by default three with a column ``input``. The same prompts give
    the same trace, ``base`` saves calls and changes nothing, a change reaches only whom it can, and a call that failed
    is neither hidden nor remembered.

    Raises:
        AssertionError: a rule is broken; says which.

    """
    kit = _Kit(
        runner, system, inputs or make_inputs(["a first input", "a second one", "\ud800 {input} </input>"]), options
    )
    try:
        for row in kit.inputs.rows:
            await _check_traces(kit, row.key)
            await _check_changes(kit, row.key)
            await _check_edges(kit, row.key)
        await _check_company(kit)
        await _check_failures(kit)
        await check_ends_pass("a runner", kit.work)
    finally:
        for one in kit.open:
            await _close(one)


class _Kit:
    def __init__(self, runner: object, system: System, inputs: Inputs, options: dict[str, Any]) -> None:
        self.system = system
        self.inputs = inputs
        self.open: list[Runner] = []
        """All that were made: one may hold processes and ports."""
        self._runner = runner
        self._options = options
        chosen = RUNNERS.get(runner) if isinstance(runner, str) else runner
        self.most_calls = most_calls(chosen, system, options)

    def made(self, script: Script = echo) -> tuple[Runner, ScriptedModel]:
        model = ScriptedModel(script)
        return self._made(model), model

    async def work(self, model: ScriptedModel) -> Trace:
        return await self._made(model).run(self.system.prompts, self.inputs.rows[0].key)

    def changed(self, agent: str) -> Prompts:
        return {**self.system.prompts, agent: f"{self.system.prompts[agent]} Differently."}

    def _made(self, model: ScriptedModel) -> Runner:
        rows = {row.key: row for row in self.inputs.rows}
        settings = RoleSettings("agent-model")
        made: Runner = RUNNERS.make(self._runner, self.system, rows, model, settings, **self._options)
        self.open.append(made)
        return made


# ── one input ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def _check_traces(kit: _Kit, key: str) -> None:
    """Check that a trace is well formed, and a function of prompts and input."""
    runner, model = kit.made()
    trace = await runner.run(kit.system.prompts, key)
    _check_trace(kit, trace, key)
    for call in model.requests:
        rule(call.purpose == AGENT, f"a call of an agent says so: its purpose is {AGENT!r}, not {call.purpose!r}")
        rule(call.agent in kit.system.by_name, f"a call says whose it is: an agent of the team, not {call.agent!r}")
    rule(await runner.run(dict(kit.system.prompts), key) == trace, "the same prompts on the same input: the same trace")
    await _close(runner)
    again, other_model = kit.made()
    rule(
        await again.run(kit.system.prompts, key) == trace,
        "a trace does not hang on what was run before: another process has the same one",
    )
    keys = [sorted({call.key for call in one.requests}) for one in (model, other_model)]
    rule(keys[0] == keys[1], "the same run asks the same: else a run that is gone on with pays for it again")


def _check_trace(kit: _Kit, trace: Trace, key: str) -> None:
    rule(isinstance(trace, Trace), f"what a runner returns is a Trace, not {trace!r}")
    rule(trace.input_key == key, f"a trace has the key of its input, not {trace.input_key!r}")
    rule(isinstance(trace.output, str), f"the final output is a text, not {trace.output!r}")
    met: dict[str, int] = {}
    for place, call in enumerate(trace.calls):
        rule(call.agent in kit.system.by_name, f"a trace holds calls of the team, not of {call.agent!r}")
        rule(isinstance(call.output, str), f"what an agent wrote is a text, not {call.output!r}")
        earlier = all(0 <= read < place for read in call.reads)
        rule(earlier, f"a call reads earlier calls of its trace: call {place} reads {call.reads}")
        number = met.get(call.agent, 0)
        rule(
            call.nth == number,
            f"nth counts an agent's calls from 0: {call.nth} for call number {number} of {call.agent}",
        )
        met[call.agent] = number + 1
    for agent, calls in met.items():
        most = kit.most_calls.get(agent, 1)
        rule(
            calls <= most, f"most_calls says how often an agent is called: {agent} {calls} times, where {most} is said"
        )


async def _check_changes(kit: _Kit, key: str) -> None:
    """Check that a changed prompt is used, and reaches only whom it can; ``base`` only saves calls."""
    prompts, team = kit.system.prompts, kit.system.team
    for agent in kit.system.order:
        if kit.system.by_name[agent].same_prompt_as:  # its prompt is another's, which is tried as that one's
            continue
        changed = kit.changed(agent)
        runner, model = kit.made()
        before = await runner.run(prompts, key)
        paid = len(model.requests)
        after = await runner.run(changed, key, base=prompts)
        _check_trace(kit, after, key)
        fresh, fresh_model = kit.made()
        rule(
            await fresh.run(changed, key) == after,
            "base saves calls and changes nothing: the trace is the one that comes without it",
        )
        asked = {call.key for call in fresh_model.requests}
        spare = [call for call in model.requests[paid:] if call.key not in asked]
        rule(not spare, "with base no more is asked than without")
        if agent in before.by_agent:
            used = before.written_by(agent) != after.written_by(agent) or before.output != after.output
            rule(used, f"an agent is asked with the prompt that is given: that of {agent} makes no difference")
        reached = team.reached([agent])
        for other in sorted(team.everyone - reached):
            rule(
                before.written_by(other) == after.written_by(other),
                f"a changed prompt reaches its agent and whoever reads on: {agent} does not reach {other}",
            )
        known = {call.key for call in model.requests[:paid]}
        new = {call.agent for call in model.requests[paid:] if call.key not in known}
        rule(new <= reached, f"with base only they are asked anew whom a change reaches: {agent} and {sorted(new)}")
        await _close(runner)


async def _check_edges(kit: _Kit, key: str) -> None:
    """Check that an edge can be cut: the reader does not see the source, and only what reads on changes."""
    team = kit.system.team
    for source, readers in team.successors.items():
        for reader in readers:
            runner, model = kit.made()
            whole = await runner.run(kit.system.prompts, key)
            paid = len(model.requests)
            cut = await runner.run_without(kit.system.prompts, key, source, reader)
            _check_trace(kit, cut, key)
            others = {text for name, text in whole.read_by(reader).items() if name != source}
            # What another agent wrote as well is seen all the same.
            hidden = [call.output for call in whole.by_agent.get(source, ()) if call.output not in others]
            seen = [
                request
                for request in model.requests[paid:]
                if request.agent == reader
                and any(text in message.content for message in request.messages for text in hidden)
            ]
            read = source in cut.read_by(reader)
            rule(not seen and not read, f"run_without: {reader} does not read what {source} wrote")
            for other in sorted(team.everyone - team.reached([reader])):
                same = whole.written_by(other) == cut.written_by(other)
                rule(same, f"run_without reaches the reader and whoever reads on: {reader} does not reach {other}")
            await _close(runner)


# ── several inputs, failures, the end ────────────────────────────────────────────────────────────────────────────────


async def _check_company(kit: _Kit) -> None:
    """Check that runs side by side do not touch one another."""
    keys = [row.key for row in kit.inputs.rows]
    jobs = [(prompts, key) for key in keys for prompts in (kit.system.prompts, kit.changed(kit.system.output))]
    runner, _ = kit.made()
    found = await asyncio.gather(*(runner.run(prompts, key) for prompts, key in jobs))
    alone, _ = kit.made()
    for (prompts, key), trace in zip(jobs, found, strict=True):
        rule(trace == await alone.run(prompts, key), "runs side by side are what each is on its own")
    await _close(runner)


class _Outage:
    """Answers so many calls, and no further one until it is over."""

    def __init__(self, answered: int) -> None:
        self.answered = answered
        self.over = False

    def __call__(self, request: Request) -> Scripted:
        self.answered -= 1
        return echo(request) if self.over or self.answered >= 0 else LOST


async def _check_failures(kit: _Kit) -> None:
    """Check that a call that failed for good is neither hidden nor remembered, whichever of a run it is."""
    key = kit.inputs.rows[0].key
    runner, model = kit.made()
    whole = await runner.run(kit.system.prompts, key)
    for answered in range(len(model.requests)):
        outage = _Outage(answered)
        failing, _ = kit.made(outage)
        try:
            await failing.run(kit.system.prompts, key)
        except CallFailed:
            pass
        except Exception as error:
            raise AssertionError(f"a call that failed for good is told as CallFailed, not as {error!r}") from error
        else:
            rule(False, "a call that failed for good is told: run raises CallFailed, it does not make up an output")
        outage.over = True
        try:
            again = await failing.run(kit.system.prompts, key)
        except Exception as error:
            raise AssertionError(f"a failure is not remembered: asked again, it is run again, not {error!r}") from error
        rule(again == whole, "a failure is not remembered: asked again, it is what it would have been")
        await _close(failing)
    unused, _ = kit.made()
    await _close(unused)


async def _close(runner: Runner) -> None:
    """Close twice: a run that was stopped does."""
    try:
        await runner.close()
        await runner.close()
    except Exception as error:
        raise AssertionError(f"a runner can be closed at any time, also twice: {error!r}") from error

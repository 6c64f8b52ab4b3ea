"""The proposer port: writes new prompts for one agent, led by traces (Eq. 4) and misalignment cases (Eq. 6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

from maspo.core.registry import Registry
from maspo.optimizers.base import Drafts, Tried
from maspo.proposers.drafts import Rules


@dataclass(frozen=True, slots=True)
class ShownTrace:
    """What the agent read and wrote on one input with its present prompt."""

    input: str
    read: str
    output: str
    won: bool | None = None
    """Whether the team's final answer of this run was right, or better than another; None: that is not known."""


@dataclass(frozen=True, slots=True)
class ShownCase:
    """A hard negative: a rewrite won locally on this input, and the team did not gain.

    ``readers`` holds, per successor, what it wrote (after the rewrite, before it).
    """

    input: str
    read: str
    output: str
    output_before: str
    readers: Mapping[str, tuple[str, str]]
    final: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Objection:
    """A prompt of the agent that a person does not want, and why, in the person's words."""

    prompt: str
    reason: str


@dataclass(frozen=True, slots=True)
class Rewrite:
    """Everything the proposer is told about one agent."""

    agent: str
    role: str
    readers: Mapping[str, str]
    """Who reads this agent, and what for."""
    parent: str
    traces: tuple[ShownTrace, ...]
    cases: tuple[ShownCase, ...]
    count: int
    identity: str
    """Tells this draw from every other of the run, and makes it repeatable."""
    form: str = "rewrite"
    """How the request is worded; a proposer that knows no other way may ignore it."""
    history: tuple[Tried, ...] = ()
    """Prompts of the agent that were tried before, the best last."""
    instruction: str = ""
    """How the parent shall be changed, where the method says so."""
    objections: tuple[Objection, ...] = ()
    """What a new prompt must not be like."""
    examples: int = 0
    """Traces that a new prompt may hold as worked examples."""


class Proposer(Protocol):
    """Writes drafts of one agent's prompt; those that break a rule come back with the reason.

    ::

        class AddCare:  # asks no model
            def __init__(self, model: ModelClient, settings: RoleSettings, passages: Passages, **_: object) -> None:
                self.passages = passages

            async def propose(self, rewrite: Rewrite, rules: Rules) -> Drafts:
                text = f"{rewrite.parent} Check every step."
                return Drafts((checked(text, rewrite.parent, rules, self.passages),))

    ``maspo.testing.proposers.check_proposer`` checks the contract: at most as many drafts as are asked for, those that
    break a rule rejected, the same proposal twice the same, and no text makes it raise.
    """

    async def propose(self, rewrite: Rewrite, rules: Rules) -> Drafts:
        """Return the drafts of one proposal, at most ``rewrite.count``; a failure is one rejected draft."""
        ...


ProposerClass: TypeAlias = Callable[..., Proposer]
"""Called with (model client, role settings), by name ``passages`` (what no draft may copy) and ``shown_characters``,
and the options of ``proposer.options``."""

OF_THE_RUN: Final = ("passages",)
"""What a run gives a proposer by name, beside the options of its settings."""
PROPOSERS: Registry[ProposerClass] = Registry(
    group="maspo.proposers",
    what="proposer.kind",
    own={"rewrite": "maspo.proposers.rewrite:RewriteProposer", "edits": "maspo.proposers.edits:EditsProposer"},
    method="propose",
    arguments=2,
)

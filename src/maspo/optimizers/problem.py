"""What an optimizer is given: the problem, what a search remembers of it, and what a person ruled. Plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from maspo.core.prompts import Prompts
from maspo.team.graph import Team


@dataclass(frozen=True, slots=True)
class Problem:
    """What an optimizer is given: a team with its prompts, the inputs it may use, and a seed (Eq. 3)."""

    team: Team
    seed_prompts: Prompts
    inputs: tuple[str, ...]
    """Keys of the search inputs; those of the hold-out are not among them."""
    seed: int
    reserve: int = 0
    """Calls that the hold-out test will need, at most."""
    labelled: frozenset[str] = frozenset()
    """Inputs whose global verdict is a label's, at no call."""
    faults: tuple[str, ...] = ()
    """What may go wrong with whom, where the search chooses on which inputs: in the worst case."""
    under_fault: float = 0.0
    """Share of the inputs on which one of them is met."""
    carried: Mapping[str, str] = field(default_factory=dict)
    """By agent, a prompt that an earlier run found: to be tried first, and not to be believed."""
    examples: int = 0
    """Worked examples that a prompt may hold; they copy inputs, so none may be asked for (``EXAMPLES``) at 0."""


@dataclass(frozen=True, slots=True)
class Case:
    """A misalignment case (Eq. 6): on this input the candidate won locally and the team did not gain."""

    input_key: str
    agent: str
    candidate: str
    reference: Prompts
    step: str
    lost: tuple[str, ...]
    """The successors that did not improve, and ``global`` when the final answer got worse."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A prompt that was tried before, and how it did, from 0 to 1."""

    prompt: str
    score: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What comparisons say of the team's final answer on an input under some prompts.

    With labels a win means that it is right. By a judge it means that another one was worse.
    """

    prompts: Prompts
    input_key: str
    won: int = 0
    lost: int = 0

    @property
    def net(self) -> int:
        """How much oftener it won than lost."""
        return self.won - self.lost


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a person decided about an agent's prompt while the search was under way."""

    says: Literal["pin", "veto"]
    agent: str
    text: str
    """The prompt that the agent keeps; or the one that is out, with all that was made of it."""
    reason: str = ""
    """In the person's words, for the proposer: data."""

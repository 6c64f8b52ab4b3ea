"""What an evaluation is given and what it returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from maspo.config import RunConfig
from maspo.core.prompts import Prompts
from maspo.core.team_cost import Cost
from maspo.core.usage import Usage
from maspo.data.tasks.task import Task
from maspo.events import CallUnsettled, VerdictWord
from maspo.runners.base import RUNNERS, most_calls, runner_kind
from maspo.scoring.base import Score
from maspo.study.evaluation.tally import Difference, RowFound, Share
from maspo.study.job import Job
from maspo.study.record import JsonForm, differences_between
from maspo.team import System
from maspo.world.spec import WorldSpec

JUDGE = "judge"
EXACT = "exact"
Side: TypeAlias = Literal["before", "after"]


@dataclass(frozen=True)
class Evaluation:
    """Everything that determines an evaluation: prompts on the test rows of a task, alone or against others.

    ``scorer`` is ``judge`` or a name of ``maspo.scoring.registry``. With two prompt sets the judge compares outputs in
    pairs; with one it says of each whether it meets the ``rubric``.
    """

    system: System
    task: Task
    config: RunConfig
    after: Prompts
    before: Prompts | None = None
    """What ``after`` is compared with; None evaluates it alone."""
    scorer: str = "exact"
    rubric: str = ""
    repeats: int = 1
    """Runs of each prompt set on each row, each with draws of its own."""
    names: Mapping[Side, str] = field(default_factory=lambda: {"before": "seed", "after": "prompts"})
    """What people call the prompt sets."""
    sources: Mapping[str, str] = field(default_factory=dict)
    world: WorldSpec | None = None
    remarks: tuple[str, ...] = ()
    """What readers of the figures must know about the rows and the prompts."""
    seen: tuple[str, ...] = ()
    """Keys of rows that a search which found one of the prompt sets was made on: nothing is claimed from these."""

    @property
    def job(self) -> Job:
        """The models, inputs and caps, as a run would have them."""
        return Job(self.system, self.task.test, self.config, self.sources, self.world)

    @property
    def unseen(self) -> tuple[str, ...]:
        """Keys of the rows that no search has seen; a claim rests on these alone."""
        seen = frozenset(self.seen)
        return tuple(row.key for row in self.task.test.rows if row.key not in seen)

    @property
    def pairwise(self) -> bool:
        """Whether a judge compares the outputs of two prompt sets, so that no output has a score of its own."""
        return self.scorer == JUDGE and self.before is not None

    @property
    def sides(self) -> Mapping[Side, Prompts]:
        """The prompt sets that are run."""
        return {"after": self.after} if self.before is None else {"before": self.before, "after": self.after}

    @property
    def most_calls(self) -> int:
        """Upper bound of the model calls."""
        runs = len(self.task.test.rows) * self.repeats
        judged = 2 * runs if self.pairwise else runs * (self.scorer == JUDGE)
        return runs * len(self.sides) * self.calls_of_a_run + judged

    @property
    def calls_of_a_run(self) -> int:
        """The model calls of one run of the team, at most."""
        runner = self.config.runner
        often = most_calls(RUNNERS.get(runner_kind(self.system, runner.kind)), self.system, runner.options)
        return sum(often.get(name, 1) for name in self.system.order)


@dataclass(frozen=True, slots=True)
class Output:
    """What a prompt set wrote on a row in one repeat; ``score`` is None where a judge compares pairs."""

    row: str
    side: Side
    repeat: int
    text: str | None
    """None when a call failed for good."""
    score: Score | None = None


@dataclass(frozen=True, kw_only=True)
class EvaluationEnd:
    """How work on an evaluation, or on a check of its judge, ended: what cut it short and what it took."""

    evaluation: Evaluation
    run: str
    cap: str
    """The cap that was reached, or empty."""
    simulated: bool
    """Whether a simulated world answered."""
    usage: Mapping[str, Usage]
    seconds: float
    unsettled: tuple[CallUnsettled, ...] = ()
    """Calls that were in flight when a process died: possibly billed twice."""


@dataclass(frozen=True, slots=True)
class OnSeen:
    """How the prompt sets did on rows that a search has seen. It chose by these, so they flatter, and prove nothing."""

    rows: int
    shares: Mapping[Side, Share]
    """By side; empty where a judge compares pairs."""
    difference: Difference | None


@dataclass(frozen=True, kw_only=True)
class EvaluationFindings(EvaluationEnd):
    """What an evaluation found. Without a comparison ``difference`` and ``verdict`` are None.

    Shares, difference and verdict are of the rows that no search has seen; without any there is none of them.
    """

    rows: tuple[RowFound, ...]
    shares: Mapping[Side, Share]
    """By side; empty where a judge compares pairs."""
    difference: Difference | None
    verdict: VerdictWord | None
    costs: Mapping[Side, Cost]
    outputs: tuple[Output, ...]
    left_out: int
    """Rows that a cap left out."""
    on_seen: OnSeen | None = None
    """The other rows; None where there are none, and in records of versions that claimed from all rows."""


LABELLED = ("exact", "choice", "math")
"""Scorers that compare an answer with the label of its row."""
_GIVEN = {
    "after": "--prompts",
    "before": "--against",
    "scorer": "--scorer",
    "rubric": "--rubric",
    "repeats": "--repeats",
}
"""What people give of an evaluation, besides rows and settings."""
_OF_A_SEARCH = ("config.search.", "config.proposer.", "config.holdout.", "config.judge.plain_pairs")
"""Settings that only a search goes by."""
EVALUATION = JsonForm(Evaluation, "the evaluation's record")
FOUND = JsonForm(EvaluationFindings, "what the evaluation found", "evaluation", "outputs")
"""Without what the record holds anyway: the evaluation and all outputs."""


def changes(before: Evaluation, now: Evaluation) -> tuple[str, ...]:
    """Return one line per field that differs; caps and paths do not count, nor what only a search goes by."""
    lines = [*differences_between(before.job, now.job, apart=_OF_A_SEARCH)]
    for name, flag in _GIVEN.items():
        if getattr(before, name) != getattr(now, name):
            lines.append(f"{flag}: differs")
    if before.task.test_rows != now.task.test_rows and not lines:
        lines.append("rows: tests or labels differ")
    return tuple(lines)

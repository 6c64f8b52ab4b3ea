"""Verdicts: what a judge says of a candidate against a reference on one input."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, TypeAlias


class Verdict(StrEnum):
    """The outcome of one comparison, seen from the candidate."""

    WIN = "win"
    LOSS = "loss"
    TIE = "tie"
    CONTRADICTED = "contradicted"
    """Both orders were judged, and the judge preferred the same position twice: it knows no better. Worth a tie."""
    UNDECIDED = "undecided"
    """The judge could not be read or could not be asked. Never counted as a win."""


class Level(StrEnum):
    """The three levels of joint evaluation (Eq. 5)."""

    LOCAL = "local"
    """Local validity: the agent's own output."""
    LOOKAHEAD = "lookahead"
    """Lookahead potential: the outputs of the agent's direct successors."""
    GLOBAL = "global"
    """Global alignment: the final output of the system."""


FailedRun: TypeAlias = Literal["", "reference", "candidate", "both"]
"""Whose run brought no final answer; empty when none failed, or when a version did not record it."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A candidate prompt against a reference prompt on one input, at three levels (Eq. 5).

    For the output agent the local and the global comparison are one: ``local is glob`` in value.
    ``lookahead`` holds one verdict per direct successor, in the order of the system.
    """

    input_key: str
    local: Verdict
    lookahead: tuple[tuple[str, Verdict], ...]
    glob: Verdict
    same_answer: bool = False
    """The two final answers are equal, so the global verdict was a tie without a call."""
    failed: bool = False
    """A run failed for good, so nothing is known of its final answer."""
    failed_run: FailedRun = ""
    """Which one. A reference that failed first may have kept the candidate from being run."""
    calls: tuple[int, int] | None = None
    """Calls of the reference's run, and of the candidate's by those whom the change reaches, where that is not the same
    on every input; None where it is, or where it is not known."""
    answers: tuple[str, str] | None = field(default=None, compare=False)
    """What the final answers of reference and candidate are known by: equal ones by the same digest, in all runs. None
    where one of them could not be read, or when a version did not record it. It says nothing of how they compare."""
    settled: bool = False
    """The judge was not asked about the final answers: it had said enough of the same two on this input."""

    @property
    def misaligned(self) -> bool:
        """Eq. 6: wins locally, AND not every successor improved OR the global comparison is lost."""
        if self.local is not Verdict.WIN:
            return False
        successors_improved = all(verdict is Verdict.WIN for _, verdict in self.lookahead)
        return not successors_improved or self.glob is Verdict.LOSS


@dataclass(frozen=True, slots=True)
class Reading:
    """One pair of outputs as a judge saw it in both orders; all verdicts are seen from the candidate.

    ``truth`` is a win or a loss when one output is right by its label and the other wrong, a tie when both are the
    same, None without a label.
    """

    pair: str
    first: Verdict
    """The candidate was shown first."""
    turned: Verdict
    """The candidate was shown second."""
    truth: Verdict | None = None

"""The judge port: says which of two outputs is better at one level (≻ of Eq. 5)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol, TypeAlias

from maspo.core.concurrency import together
from maspo.core.quoting import tagged
from maspo.core.registry import Registry
from maspo.core.verdict import Level, Verdict


@dataclass(frozen=True, slots=True)
class Question:
    """One comparison put to the judge.

    ``agent`` is whose prompt is judged: the rewritten agent, or the successor that is compared. ``role`` says what the
    agent is for whose outputs these are, ``read`` what both were made from.
    """

    level: Level
    agent: str
    role: str
    read: str
    candidate: str
    reference: str
    candidate_first: bool

    @property
    def turned(self) -> Question:
        """The same comparison with the two outputs in the other order."""
        return replace(self, candidate_first=not self.candidate_first)


class Judge(Protocol):
    """Says which of two outputs is better, seen from the candidate; what it cannot tell is ``UNDECIDED``, never a win.

    ::

        class Shorter:  # asks no model
            def __init__(self, model: ModelClient, settings: RoleSettings, seed: int = 0) -> None: ...

            async def compare(self, question: Question) -> Verdict:
                difference = len(question.reference) - len(question.candidate)
                if difference == 0:
                    return Verdict.TIE
                return Verdict.WIN if difference > 0 else Verdict.LOSS

    ``maspo.testing.judges.check_judge`` checks the contract: equal outputs are no win, verdicts are seen from the
    candidate, what cannot be read or asked is undecided, and no text makes it raise.
    """

    async def compare(self, question: Question) -> Verdict:
        """Return the verdict on one comparison."""
        ...


JudgeClass: TypeAlias = Callable[..., Judge]
"""Called with (model client, role settings, seed of the run), and the options of ``judge.options`` by name."""

JUDGES: Registry[JudgeClass] = Registry(
    group="maspo.judges",
    what="judge.kind",
    own={"pairwise": "maspo.judges.pairwise:PairwiseJudge"},
    method="compare",
    arguments=3,
)


def task_shown(asked: str, rubric: str = "") -> str:
    """Return what a judge of final outputs reads of the task: the input, and what counts where somebody said it."""
    shown = tagged("input", asked)
    return f"{shown}\n\nWhat counts, and nothing else:\n{tagged('criteria', rubric)}" if rubric else shown


async def compare_both_orders(judge: Judge, question: Question) -> Verdict:
    """Return one verdict from both orders: a judge that follows the position cancels itself out."""
    return combined(*await together([judge.compare(question), judge.compare(question.turned)]))


def combined(one: Verdict, other: Verdict) -> Verdict:
    """Return what two orders of the same comparison say together: opposite verdicts are a contradiction."""
    if Verdict.UNDECIDED in (one, other):
        return other if one is Verdict.UNDECIDED else one
    if {one, other} == {Verdict.WIN, Verdict.LOSS}:
        return Verdict.CONTRADICTED
    return one if one is not Verdict.TIE else other

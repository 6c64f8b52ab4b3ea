"""The conclusion of a run: from hold-out verdicts to a claim and to what is shipped. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from maspo.core.verdict import Verdict
from maspo.events import HoldoutResult, Shipped, VerdictWord
from maspo.stats.paired import SIGNIFICANT, fewest_decided, needed_inputs, net_win_interval, sign_test

_FEWEST_CONTRADICTIONS = 3
"""Contradictions that a warning takes: one or two happen to a good judge on a small hold-out."""


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What is claimed, what is shipped, and why, in plain words."""

    verdict: VerdictWord
    shipped: Shipped
    why: str


def tally(verdicts: Iterable[Verdict]) -> HoldoutResult:
    """Return the counts of the final test with its exact p-value and interval."""
    found = list(verdicts)
    wins, losses = found.count(Verdict.WIN), found.count(Verdict.LOSS)
    undecided = found.count(Verdict.UNDECIDED)
    n = len(found) - undecided
    too_few = wins + losses < fewest_decided()
    return HoldoutResult(
        n=n,
        wins=wins,
        losses=losses,
        ties=n - wins - losses,
        undecided=undecided,
        p_value=sign_test(wins, losses),
        p_worse=sign_test(losses, wins),
        interval=net_win_interval(wins, losses, n),
        needed=needed_inputs(wins, losses, n) if too_few and n else None,
        contradicted=found.count(Verdict.CONTRADICTED),
    )


def conclude(
    result: HoldoutResult,
    ship_if: Literal["better", "proven"],
    changed: bool,
    decided_by: Literal["judge", "labels"] = "judge",
) -> Conclusion:
    """Return claim and shipment: *claim* needs p ≤ 0.05, *ship* wins over losses (or the same proof, if asked for).

    What a judge decides is claimed as its preference, and as no more.
    """
    if not changed:
        return Conclusion("no_evidence", "seed", "The search found nothing better than the seed prompts and kept them.")
    verdict = claim(result.p_value, result.p_worse, result.wins + result.losses)
    proven = result.p_value <= SIGNIFICANT
    ship = proven if ship_if == "proven" else result.wins > result.losses
    because = ""
    if not ship:
        needed = "a proof was asked for (--ship-if proven)" if ship_if == "proven" else "wins do not exceed losses"
        because = f" The seed prompts are shipped: {needed}."
    elif not proven:
        because = " They are shipped because wins exceed losses; --ship-if proven asks for a proof."
    said = _claim_in_words(result, verdict, decided_by)
    return Conclusion(verdict, "optimized" if ship else "seed", said + because + _caution(result))


def claim(p_better: float, p_worse: float, decided: int) -> VerdictWord:
    """Return what can be claimed, from the p-values of both directions and how many comparisons were won or lost."""
    if p_better <= SIGNIFICANT:
        return "improved"
    if p_worse <= SIGNIFICANT:
        return "worse"
    return "cannot_tell" if decided < fewest_decided() else "no_evidence"


def _claim_in_words(result: HoldoutResult, verdict: VerdictWord, decided_by: Literal["judge", "labels"]) -> str:
    wins = f"{result.wins} win{'s' * (result.wins != 1)}"
    score = f"{wins} against {result.losses} loss{'es' * (result.losses != 1)} on {result.n} hold-out inputs"
    better, worse = {
        "judge": ("the new prompts are preferred by the judge", "the seed prompts are preferred by the judge"),
        "labels": ("the new prompts are better", "the new prompts are worse"),
    }[decided_by]
    return {
        "improved": f"{score} (p = {result.p_value:.3g}): {better}.",
        "worse": f"{score} (p = {result.p_worse:.3g} the other way): {worse}.",
        "no_evidence": f"{score} (p = {result.p_value:.2g}) prove nothing.",
        "cannot_tell": f"{score}: too few answers differ for anything to be proven.",
    }[verdict]


def _caution(result: HoldoutResult) -> str:
    """Return a warning when the judge follows the position more than the answers.

    A coin contradicts itself on half of the pairs that it decides in both orders; on our worlds dull and biased judges
    stay below a third.
    """
    decided = result.wins + result.losses
    if result.contradicted < _FEWEST_CONTRADICTIONS or result.contradicted * 1.5 <= decided:
        return ""
    pairs = decided + result.contradicted
    return (
        f" Caution: the judge contradicted itself on {result.contradicted} of {pairs} pairs when the order was turned; "
        "it may be no better than a coin here."
    )

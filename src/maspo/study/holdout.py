"""The conclusion of a run: from hold-out verdicts to a claim and to what is shipped. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from maspo.core.verdict import Comparison, Verdict
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


def result_of(comparisons: Iterable[Comparison]) -> HoldoutResult:
    """Return the result of the final test: where only the new prompts brought no answer, they have lost.

    Where the seed prompts brought none, nothing can be said of the new ones: the input is undecided.
    """
    found = [(one.failed_run == "candidate", one.glob) for one in comparisons]
    return tally((Verdict.LOSS if unanswered else glob for unanswered, glob in found), sum(one for one, _ in found))


def tally(verdicts: Iterable[Verdict], unanswered: int = 0) -> HoldoutResult:
    """Return the counts of the final test with its exact p-value and interval; undecided inputs are left out there."""
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
        unanswered=unanswered,
    )


def conclude(
    result: HoldoutResult,
    ship_if: Literal["better", "proven"],
    changed: bool,
    decided_by: Literal["judge", "labels"] = "judge",
) -> Conclusion:
    """Return claim and shipment: *claim* needs p ≤ 0.05, *ship* wins over losses (or the same proof, if asked for).

    Both must hold if every undecided input spoke against them. What a judge decides is claimed as its preference, and
    as no more.
    """
    if not changed:
        return Conclusion("no_evidence", "seed", "The search found nothing better than the seed prompts and kept them.")
    verdict = claim((result.p_value, result.p_worse), _p_bounds(result), result.wins + result.losses)
    ship = verdict == "improved" if ship_if == "proven" else result.wins > result.losses + result.undecided
    said = _score(result, verdict, decided_by) + _unanswered(result) + _undecided(result, verdict)
    why = _why(result, said, ship, verdict == "improved", ship_if) + _caution(result)
    return Conclusion(verdict, "optimized" if ship else "seed", why)


def claim(p_values: tuple[float, float], p_bounds: tuple[float, float], decided: int) -> VerdictWord:
    """Return what can be claimed: a proof must hold even if everything that is missing spoke against it.

    ``p_values`` are those for better and for worse of what is known, ``p_bounds`` those if all that is missing spoke
    against each; ``decided`` comparisons were won or lost.
    """
    if max(p_values[0], p_bounds[0]) <= SIGNIFICANT:
        return "improved"
    if max(p_values[1], p_bounds[1]) <= SIGNIFICANT:
        return "worse"
    return "cannot_tell" if decided < fewest_decided() else "no_evidence"


def _p_bounds(result: HoldoutResult) -> tuple[float, float]:
    """Return the p-values for better, if all undecided inputs were lost, and for worse, if all were won."""
    wins, losses, undecided = result.wins, result.losses, result.undecided
    return sign_test(wins, losses + undecided), sign_test(losses, wins + undecided)


def _score(result: HoldoutResult, verdict: VerdictWord, decided_by: Literal["judge", "labels"]) -> str:
    score = f"{_wins_against(result.wins, result.losses)} on {result.n} hold-out inputs"
    # Proven but for what is undecided, of which ``_undecided`` tells.
    open_to_doubt = min(result.p_value, result.p_worse) <= SIGNIFICANT
    better, worse = {
        "judge": ("the new prompts are preferred by the judge", "the seed prompts are preferred by the judge"),
        "labels": ("the new prompts are better", "the new prompts are worse"),
    }[decided_by]
    return {
        "improved": f"{score} (p = {result.p_value:.3g}): {better}.",
        "worse": f"{score} (p = {result.p_worse:.3g} the other way): {worse}.",
        "no_evidence": f"{score}." if open_to_doubt else f"{score} (p = {result.p_value:.2g}) prove nothing.",
        "cannot_tell": f"{score}: too few answers differ for anything to be proven.",
    }[verdict]


def _wins_against(wins: int, losses: int) -> str:
    return f"{wins} win{'s' * (wins != 1)} against {losses} loss{'es' * (losses != 1)}"


def _unanswered(result: HoldoutResult) -> str:
    """Say on how many of the lost inputs the new prompts brought no answer."""
    if not result.unanswered:
        return ""
    return f" On {result.unanswered} of the lost inputs the new prompts brought no answer, while the seed prompts did."


def _undecided(result: HoldoutResult, verdict: VerdictWord) -> str:
    """Say what the undecided inputs do to the claim."""
    if not result.undecided:
        return ""
    inputs = "1 input is" if result.undecided == 1 else f"{result.undecided} inputs are"
    lost, won = result.losses + result.undecided, result.wins + result.undecided
    better, worse = _p_bounds(result)
    if_lost = f"if all were lost, it would be {_wins_against(result.wins, lost)} (p = {better:.2g})"
    if_won = f"if all were won, it would be {_wins_against(won, result.losses)} (p = {worse:.2g} the other way)"
    if verdict in ("improved", "worse"):
        return f" {inputs} undecided: {if_lost if verdict == 'improved' else if_won}, so this holds."
    if result.p_value <= SIGNIFICANT:
        return f" {inputs} undecided: {if_lost}, so nothing is proven."
    if result.p_worse <= SIGNIFICANT:
        return f" {inputs} undecided: {if_won}, so nothing is proven."
    return f" {inputs} undecided and speak for neither side."


def _why(result: HoldoutResult, said: str, ship: bool, proven: bool, ship_if: str) -> str:
    if ship and proven:
        return said
    if ship:
        return f"{said} They are shipped because wins exceed losses; --ship-if proven asks for a proof."
    needed = "wins do not exceed losses"
    if ship_if == "proven":
        needed = "a proof was asked for (--ship-if proven)"
    elif result.wins > result.losses:
        against = result.losses + result.undecided
        needed = f"wins ({result.wins}) do not exceed losses and undecided inputs together ({against})"
    return f"{said} The seed prompts are shipped: {needed}."


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

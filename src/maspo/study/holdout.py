"""The conclusion of a run: from hold-out verdicts to a claim and to what is shipped. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Literal

from maspo.config import ShipIf
from maspo.core.verdict import Comparison, Verdict
from maspo.data.groups import Groups
from maspo.events import HoldoutResult, Shipped, VerdictWord
from maspo.stats.looks import FIRST, Taken
from maspo.stats.paired import (
    SIGNIFICANT,
    attained,
    fewest_decided,
    group_differences,
    group_interval,
    group_mean,
    needed_inputs,
    sign_flip_test,
    sign_test,
)
from maspo.stats.shown import THOUSANDTH, beside, needs_digits, write_number

LIKELY = 0.3
"""The p that new prompts need to be shipped as likely better, undecided inputs counted as lost. Chosen on the arena: of
678 runs 0.4 % ship something clearly worse, and 1.5 % where wins over losses suffice (docs/design/0012-groups.md)."""
BACKED = 0.4
"""The p of hold-out and inputs of the search together that is needed where the hold-out alone leaves it open, though
more was won on it than lost. Chosen on the arena as well: it keeps what `better` gains, and half of its regressions."""
FEWEST_GROUPS = fewest_decided(FIRST.level)
"""Independent inputs that new prompts need to be shipped as likely better: on fewer nothing can be proven, so two wins
on the two inputs that four questions leave for the test are no reason to replace prompts that work."""
MOST_SEARCHED = 20
"""Inputs of the search on which it is looked once more, at most: with all of them the arena ships the same."""
_PER_SEARCHED = 2
"""Inputs of the search that weigh as much as one of the hold-out: the new prompts were chosen by them. Weights of 1 to
3 ship nearly the same on the arena (docs/design/0012-groups.md)."""
_FEWEST_IN_PART = 16
"""Inputs of the first part of a test, at least: on fewer hardly anything is proven at its level."""
_SPENT_ON_PART = 0.2
"""Part of the level that the first part of a test may spend: seven in ten runs of a simulated team of two end with it,
and at the end five wins without a loss still prove something (docs/design/0059-a-test-that-ends-early.md)."""
_FEWEST_CONTRADICTIONS = 3
"""Contradictions that a warning takes: one or two happen to a good judge on a small hold-out."""


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What is claimed, what is shipped, and why, in plain words."""

    verdict: VerdictWord
    shipped: Shipped
    why: str


@dataclass(frozen=True, slots=True)
class Part:
    """Inputs on which a test is looked at, those of parts before it included, and what such a claim needs."""

    inputs: tuple[str, ...]
    share: float
    """Of the level of this look at the hold-out."""


def parts_of_test(inputs: Sequence[str], first_part: float) -> tuple[Part, ...]:
    """Return when the final test is looked at: after a first part, where it may end, and at its end.

    The parts of the level sum to 1, so a run claims something false no more often than a test without parts does
    (Bonferroni's inequality; two looks of a group-sequential test, Pocock 1977). Small tests have no parts.
    """
    size = ceil(first_part * len(inputs))
    if size < _FEWEST_IN_PART or size >= len(inputs):
        return (Part(tuple(inputs), 1.0),)
    return Part(tuple(inputs[:size]), _SPENT_ON_PART), Part(tuple(inputs), 1 - _SPENT_ON_PART)


def ends_with(part: HoldoutResult) -> bool:
    """Say whether a test ends with a part: the new prompts are proven to be better by it."""
    return conclude(part, "proven", changed=True).shipped == "optimized"


def result_of(
    comparisons: Iterable[Comparison], groups: Groups | None = None, look: Taken = FIRST, share: float = 1.0
) -> HoldoutResult:
    """Return the result of the final test: where only the new prompts brought no answer, they have lost.

    Where the seed prompts brought none, nothing can be said of the new ones: the input is undecided. ``share`` is how
    much of the level of this look may be spent.
    """
    found = list(comparisons)
    unanswered = [one.failed_run == "candidate" for one in found]
    verdicts = [Verdict.LOSS if lost else one.glob for lost, one in zip(unanswered, found, strict=True)]
    named = None if groups is None else [groups.of.get(one.input_key, one.input_key) for one in found]
    return replace(tally(verdicts, named, look, share), unanswered=sum(unanswered))


def needs_search(result: HoldoutResult) -> bool:
    """Say whether the hold-out leaves open what to ship: more is won than lost, but not likely enough by itself."""
    won = result.wins > result.losses + result.undecided
    return won and _groups(result) >= FEWEST_GROUPS and _p_if_lost(result) > LIKELY


def with_search(
    result: HoldoutResult, held_out: Iterable[Comparison], searched: Iterable[Comparison], groups: Groups
) -> HoldoutResult:
    """Return the result with what inputs of the search say, on which the new prompts met the seed prompts, too.

    They were chosen by these inputs, so an input of the search counts half as much as one of the hold-out. Undecided
    ones count as lost. It has a part in what is shipped, and none in what is claimed.
    """
    more = list(searched)
    weighed = [_PER_SEARCHED * one for one in _if_lost(held_out, groups)] + _if_lost(more, groups)
    nets = [_net_if_lost(one) for one in more]
    return replace(result, searched=(len(more), nets.count(1), nets.count(-1)), p_searched=sign_flip_test(weighed))


def _if_lost(comparisons: Iterable[Comparison], groups: Groups) -> list[int]:
    found = list(comparisons)
    named = [groups.of.get(one.input_key, one.input_key) for one in found]
    return group_differences([_net_if_lost(one) for one in found], named)


def _net_if_lost(comparison: Comparison) -> int:
    return -1 if comparison.failed else _NET.get(comparison.glob, -1)


def tally(
    verdicts: Iterable[Verdict], groups: Sequence[str] | None = None, look: Taken = FIRST, share: float = 1.0
) -> HoldoutResult:
    """Return the counts of the final test with its exact p-value and interval; undecided inputs are left out there.

    ``groups`` names the group of each input, which is what is independent; without it every input is. ``look`` says
    the how manyth look at this hold-out it is, and ``share`` how much of its level may be spent.
    """
    found = list(verdicts)
    named = list(groups) if groups is not None else [str(number) for number in range(len(found))]
    decided = [(_NET[one], group) for one, group in zip(found, named, strict=True) if one is not Verdict.UNDECIDED]
    nets, of = [net for net, _ in decided], [group for _, group in decided]
    by_group = group_differences(nets, of)
    if_lost = group_differences([_NET.get(one, -1) for one in found], named)
    if_won = group_differences([_NET.get(one, 1) for one in found], named)
    n, level, differing = len(nets), share * look.level, sum(map(bool, by_group))
    too_few = differing < fewest_decided(level)
    return HoldoutResult(
        n=n,
        wins=nets.count(1),
        losses=nets.count(-1),
        ties=nets.count(0),
        undecided=len(found) - n,
        p_value=sign_flip_test(by_group),
        p_worse=sign_flip_test([-net for net in by_group]),
        interval=group_interval(nets, of),
        needed=needed_inputs(differing, len(by_group), level) if too_few and n else None,
        contradicted=found.count(Verdict.CONTRADICTED),
        groups=len(by_group),
        decided_groups=differing,
        net=group_mean(nets, of),
        p_bounds=(sign_flip_test(if_lost), sign_flip_test([-net for net in if_won])),
        look=look.number,
        level=level,
        spent=attained(by_group, level) if share == 1 else look.level,
    )


_NET = {Verdict.WIN: 1, Verdict.LOSS: -1, Verdict.TIE: 0, Verdict.CONTRADICTED: 0}


def conclude(
    result: HoldoutResult,
    ship_if: ShipIf,
    changed: bool,
    decided_by: Literal["judge", "labels"] = "judge",
) -> Conclusion:
    """Return claim and shipment.

    A *claim* needs a p of the level of this look. New prompts are *shipped* if they are likely better, p ≤ ``LIKELY``
    over ``FEWEST_GROUPS`` or more, alone or with inputs of the search; or, if so asked, when wins exceed losses, or
    with a claim only. All must hold if every undecided input spoke against them. What a judge decides is claimed as
    its preference, and as no more.
    """
    if not changed:
        return Conclusion("no_evidence", "seed", "The search found nothing better than the seed prompts and kept them.")
    decided = result.wins + result.losses if result.decided_groups is None else result.decided_groups
    verdict = claim((result.p_value, result.p_worse), _p_bounds(result), decided, result.level)
    ship = {
        "likely": _groups(result) >= FEWEST_GROUPS and (_p_if_lost(result) <= LIKELY or _is_backed(result)),
        "better": result.wins > result.losses + result.undecided,
        "proven": verdict == "improved",
    }[ship_if]
    said = (
        _score(result, verdict, decided_by)
        + _describe_unanswered(result)
        + _describe_undecided(result, verdict)
        + _describe_spared(result)
    )
    why = _why(result, said, ship, verdict == "improved", ship_if) + _caution(result)
    return Conclusion(verdict, "optimized" if ship else "seed", why)


def claim(
    p_values: tuple[float, float], p_bounds: tuple[float, float], decided: int, level: float = SIGNIFICANT
) -> VerdictWord:
    """Return what can be claimed: a proof must hold even if everything that is missing spoke against it.

    ``p_values`` are those for better and for worse of what is known, ``p_bounds`` those if all that is missing spoke
    against each; ``decided`` independent comparisons were won or lost.
    """
    if max(p_values[0], p_bounds[0]) <= level:
        return "improved"
    if max(p_values[1], p_bounds[1]) <= level:
        return "worse"
    return "cannot_tell" if decided < fewest_decided(level) else "no_evidence"


def _p_bounds(result: HoldoutResult) -> tuple[float, float]:
    """Return the p-values for better, if all undecided inputs were lost, and for worse, if all were won."""
    wins, losses, undecided = result.wins, result.losses, result.undecided
    return result.p_bounds or (sign_test(wins, losses + undecided), sign_test(losses, wins + undecided))


def _groups(result: HoldoutResult) -> int:
    """Return how many independent inputs were tested."""
    return result.n if result.groups is None else result.groups


def _is_backed(result: HoldoutResult) -> bool:
    """Say whether inputs of the search back what the hold-out left open."""
    return result.p_searched is not None and result.p_searched <= BACKED


def _p_if_lost(result: HoldoutResult) -> float:
    return max(result.p_value, _p_bounds(result)[0])


def _score(result: HoldoutResult, verdict: VerdictWord, decided_by: Literal["judge", "labels"]) -> str:
    grouped = result.groups is not None and result.groups < result.n
    inputs = f"{result.n} hold-out inputs" + (f" in {result.groups} independent groups" if grouped else "")
    score = f"{_wins_against(result.wins, result.losses)} on {inputs}"
    # Proven but for what is undecided, of which ``_describe_undecided`` tells.
    open_to_doubt = min(result.p_value, result.p_worse) <= result.level
    better, worse = {
        "judge": ("the new prompts are preferred by the judge", "the seed prompts are preferred by the judge"),
        "labels": ("the new prompts are better", "the new prompts are worse"),
    }[decided_by]
    nothing = f"(p = {beside(result.p_value, result.level)}) prove nothing"
    return {
        "improved": f"{score} ({_p(result.p_value, result.level)}): {better}.",
        "worse": f"{score} ({_p(result.p_worse, result.level)} the other way): {worse}.",
        "no_evidence": f"{score}." if open_to_doubt else f"{score} {nothing}.",
        "cannot_tell": f"{score}: too few answers differ for anything to be proven.",
    }[verdict] + _describe_looks(result, verdict)


def _p(value: float, level: float) -> str:
    """Return a p-value as people read it: below a thousandth its digits say nothing more, unless the level has some."""
    if needs_digits(value, level):
        return f"p = {beside(value, level)}"
    return "p < 0.001" if value < THOUSANDTH else f"p = {value:.3g}"


def _describe_looks(result: HoldoutResult, verdict: VerdictWord) -> str:
    """Say how often the hold-out was looked at, where that decides or was more than once."""
    p = min(result.p_value, result.p_worse)
    if result.look == 1 and not (result.level < p <= SIGNIFICANT and verdict == "no_evidence"):
        return ""
    return f" This was look {result.look} at this hold-out, which needs p ≤ {write_number(result.level)}."


def _wins_against(wins: int, losses: int) -> str:
    return f"{wins} win{'s' * (wins != 1)} against {losses} loss{'es' * (losses != 1)}"


def _describe_unanswered(result: HoldoutResult) -> str:
    """Say on how many of the lost inputs the new prompts brought no answer."""
    if not result.unanswered:
        return ""
    return f" On {result.unanswered} of the lost inputs the new prompts brought no answer, while the seed prompts did."


def _describe_spared(result: HoldoutResult) -> str:
    """Say on how many inputs the test was not made, as those before had proven it."""
    if not result.spared:
        return ""
    return f" That is proven, so the other {result.spared} held-out inputs were spared."


def _describe_undecided(result: HoldoutResult, verdict: VerdictWord) -> str:
    """Say what the undecided inputs do to the claim."""
    if not result.undecided:
        return ""
    inputs = "1 input is" if result.undecided == 1 else f"{result.undecided} inputs are"
    lost, won = result.losses + result.undecided, result.wins + result.undecided
    p_lost, p_won = (beside(p, result.level) for p in _p_bounds(result))
    if_lost = f"if all were lost, it would be {_wins_against(result.wins, lost)} (p = {p_lost})"
    if_won = f"if all were won, it would be {_wins_against(won, result.losses)} (p = {p_won} the other way)"
    if verdict in ("improved", "worse"):
        return f" {inputs} undecided: {if_lost if verdict == 'improved' else if_won}, so this holds."
    if result.p_value <= result.level:
        return f" {inputs} undecided: {if_lost}, so nothing is proven."
    if result.p_worse <= result.level:
        return f" {inputs} undecided: {if_won}, so nothing is proven."
    return f" {inputs} undecided and speak for neither side."


def _why(result: HoldoutResult, said: str, ship: bool, proven: bool, ship_if: ShipIf) -> str:
    if ship and proven:
        return said
    if result.p_searched is not None and ship_if == "likely":
        return f"{said} {_describe_searched(result, ship)}"
    if ship:
        because = {
            "likely": f"they are likely better (p ≤ {LIKELY:g})",
            "better": "wins exceed losses (--ship-if better)",
        }
        return f"{said} They are shipped because {because[ship_if]}; --ship-if proven asks for a proof."
    if ship_if == "proven":
        needed = "a proof was asked for (--ship-if proven)"
    elif result.wins <= result.losses:
        needed = "wins do not exceed losses"
    elif ship_if == "likely" and (groups := _groups(result)) < FEWEST_GROUPS:
        what = "1 independent input" if groups == 1 else f"{groups} independent inputs"
        needed = f"{what} can prove nothing, whatever comes out, and {FEWEST_GROUPS} are the fewest that can; give "
        needed += "more inputs (--ship-if better asks for more wins than losses alone)"
    elif ship_if == "likely":
        needed = f"it is not likely enough that the new ones are better (p = {_p_if_lost(result):.2g}, above {LIKELY:g}"
        needed += ", with undecided inputs lost)" if result.undecided else ")"
    else:
        against = result.losses + result.undecided
        needed = f"wins ({result.wins}) do not exceed losses and undecided inputs together ({against})"
    return f"{said} The seed prompts are shipped: {needed}."


def _describe_searched(result: HoldoutResult, ship: bool) -> str:
    """Say what inputs of the search add to a hold-out that leaves open what to ship."""
    n, wins, losses = result.searched or (0, 0, 0)
    met = f"On {n} inputs of the search, which count half, it is {_wins_against(wins, losses)}"
    p = f"p = {result.p_searched:.2g} with both"
    if ship:
        return f"{met}: they are shipped because they are likely better ({p}); --ship-if proven asks for a proof."
    return (
        f"{met}: not likely enough that the new ones are better ({p}, above {BACKED:g}). The seed prompts are shipped."
    )


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

"""The effects of candidates, told apart from mixed runs."""

from __future__ import annotations

from collections import UserDict
from collections.abc import Hashable, Iterator, Sequence
from random import Random
from statistics import correlation

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maspo.core.seeded import rank
from maspo.core.verdict import Comparison, Verdict
from maspo.optimizers.race.effects import Causes, Observation, causes_of, estimate_effects, estimate_spreads, observe
from maspo.optimizers.race.mixture import (
    Candidate,
    MixedRun,
    deal_mixtures,
    draw_mixtures,
    join,
    mixtures_of_an_input,
)
from maspo.team.graph import Team

COMPARISON = Comparison("i", Verdict.TIE, (), Verdict.TIE)
"""What a run found stands in its score here."""
TEAM = Team(order=("a", "b"), successors={"a": ("b",), "b": ()}, output="b")


def noise(*where: object) -> float:
    return sum(rank(0, part, *where) / 2**64 for part in range(12)) - 6.0


def estimated(
    runs: Sequence[MixedRun], scores: Sequence[float], priors: Sequence[float], spread: float
) -> tuple[float, ...]:
    """Estimate candidates of which nothing is known but themselves."""
    causes: list[Causes] = [{number: 1.0} for number in range(len(priors))]
    return estimate_effects(observe(runs, scores, priors, causes), priors, causes, spread)


def test_w01_without_a_run_the_prior_stands() -> None:
    assert estimated([], [], [0.01, -0.02], 0.03) == (0.01, -0.02)


def test_w02_the_estimate_solves_the_normal_equations() -> None:
    """Two candidates in runs {0}, {1}, {0, 1}; all noise alike: the exact solution of a 2 × 2 system."""
    runs, scores = [MixedRun(members, "g", COMPARISON) for members in ((0,), (1,), (0, 1))], [0.5, 0.0, 0.5]
    weight = (8 + 3) / (0.05 * 8 + 0.25 + 0.25)
    trust = 1 / 0.1**2
    # (trust + 2w) x + w y = w (0.5 + 0.5);  w x + (trust + 2w) y = w · 0.5
    own, both = trust + 2 * weight, weight
    determinant = own**2 - both**2
    x = (own * weight - both * weight * 0.5) / determinant
    y = (own * weight * 0.5 - both * weight) / determinant
    assert estimated(runs, scores, [0.0, 0.0], 0.1) == pytest.approx((x, y), abs=1e-6)


def test_w03_forty_mixed_runs_tell_eight_candidates_apart() -> None:
    found = []
    for seed in range(40):
        true = [0.04 * noise("true", seed, number) for number in range(8)]
        pool = {"a": list(range(8))}
        runs = [MixedRun(members, "a", COMPARISON) for members in draw_mixtures(pool, 40, 4, seed, "w")]
        scores = [sum(true[m] for m in run.members) + 0.2 * noise("run", seed, at) for at, run in enumerate(runs)]
        found.append(correlation(true, estimated(runs, scores, [0.0] * 8, 0.04)))
    assert 0.3 < sum(found) / len(found) < 0.9


@given(seed=st.integers(0, 10**6), size=st.integers(1, 9), runs=st.integers(1, 40), most=st.integers(1, 6))
def test_w04_every_candidate_is_in_its_share_of_the_runs_and_no_run_is_empty(
    seed: int, size: int, runs: int, most: int
) -> None:
    held = list(draw_mixtures({"a": list(range(size))}, runs, most, seed, "here"))
    assert len(held) == runs
    assert all(members and len(set(members)) == len(members) for members in held)
    share = min(0.5, most / size) if size > 1 else 1.0
    least = max(1, round(share * runs))
    for candidate in range(size):
        assert sum(candidate in members for members in held) >= least
    assert held == list(draw_mixtures({"a": list(range(size))}, runs, most, seed, "here"))


@given(seed=st.integers(0, 10**6), size=st.integers(2, 14), runs=st.integers(1, 40), most=st.integers(1, 6))
def test_w04b_on_each_input_all_candidates_are_dealt_each_once(seed: int, size: int, runs: int, most: int) -> None:
    pools = {"a": list(range(size)), "b": [size]}
    hands = mixtures_of_an_input(pools, most)
    held = list(deal_mixtures(pools, runs, most, seed, "here"))
    assert len(held) == runs
    assert all(members for members in held)
    for first in range(0, runs - runs % hands, hands):
        met = [member for members in held[first : first + hands] for member in members]
        assert sorted(met) == list(range(size + 1))
    sizes = [sum(member < size for member in members) for members in held]
    assert max(sizes) - min(sizes) <= 1
    assert held == list(deal_mixtures(pools, runs, most, seed, "here"))


def test_w04d_the_only_candidate_of_all_is_in_every_run() -> None:
    assert list(deal_mixtures({"a": [5]}, 3, 4, 0, "here")) == [(5,), (5,), (5,)]


def test_w04c_the_luck_of_the_anchor_on_an_input_does_not_tell_candidates_apart() -> None:
    """With labels that never err, what a lucky input adds to all of its runs takes nothing from balanced mixtures."""
    found: dict[str, list[float]] = {"dealt": [], "drawn": []}
    for seed in range(60):
        random = Random(seed)
        worth = [random.gauss(0, 0.03) for _ in range(12)]
        luck = [random.gauss(0, 0.15) for _ in range(13)]
        hands = mixtures_of_an_input({"a": range(12)}, 4)
        for name, mix, on_an_input in (("dealt", deal_mixtures, hands), ("drawn", draw_mixtures, 1)):
            members = list(mix({"a": list(range(12))}, 39, 4, seed, "w"))
            runs = [MixedRun(one, "a", COMPARISON) for one in members]
            scores = [
                sum(worth[member] for member in one) + luck[run // on_an_input % 13] + random.gauss(0, 0.1)
                for run, one in enumerate(members)
            ]
            found[name].append(correlation(worth, estimated(runs, scores, [0.0] * 12, 0.03)))
    assert sum(found["dealt"]) > sum(found["drawn"]) + 60 * 0.05


def test_w05_candidates_that_do_not_merge_or_fit_stay_out() -> None:
    anchor = {"a": "Do it. Say why.", "b": "Check."}
    candidates = [
        Candidate("a", "Do it well. Say why.", anchor["a"]),
        Candidate("a", "Do it now. Say why.", anchor["a"]),
        Candidate("a", "Do it. Say why. Be brief.", anchor["a"]),
        Candidate("b", "Check. Twice.", anchor["b"]),
    ]
    mixture = join(anchor, candidates, (0, 1, 2, 3), TEAM)
    assert mixture.members == (0, 2, 3)
    assert "Do it well." in mixture.changes["a"]
    assert "Be brief." in mixture.changes["a"]
    tight = Team(TEAM.order, TEAM.successors, "b", length_budget={"a": 22})
    assert join(anchor, candidates, (0, 2), tight).members == (0,)


def causes(text: str, parent: str = "Do it.\n- Say why.") -> Causes:
    return causes_of(Candidate("a", text, parent))


def test_w06_a_sentence_is_known_by_its_words_wherever_it_stands() -> None:
    added = causes("Do it.\n- Say why.\n- Check the units.")
    assert list(added.values()) == [1.0]
    assert added == causes("Check the units. Do it. Say why.")
    taken_out = causes("Do it.\n- Say why.", parent="Do it.\n- Say why.\n- Check the units.")
    assert taken_out == dict.fromkeys(added, -1.0)
    replaced = causes("Do it.\n- Check the units.")
    assert added.items() < replaced.items()
    assert sum(replaced.values()) == 0.0


def test_w07_what_only_orders_anew_and_what_is_written_anew_are_one_cause_each() -> None:
    parent = "Do it.\n- Say why."
    anew = " ".join(f"{word} it." for word in ("Read", "Sum", "Weigh", "Solve", "Turn", "Test", "Tell"))
    for text in ("Say why.\nDo it.", anew):
        assert causes(text) == {("a", Candidate("a", text, parent).id): 1.0}


def test_w08_what_an_earlier_round_saw_of_a_sentence_counts_when_it_comes_again() -> None:
    known, new = causes("Do it.\n- Say why.\n- Check the units."), causes("Do it.\n- Say why.\n- Be brief.")
    seen = [Observation(known, 0.5, 20.0)] * 10
    again, first = estimate_effects(seen, [0.0, 0.0], [known, new], 0.025)
    assert again > 0.01
    assert first == 0.0
    removed = {cause: -sign for cause, sign in known.items()}
    assert estimate_effects(seen, [0.0], [removed], 0.025)[0] == pytest.approx(-again)
    fainter = [one.fainter(0.5) for one in seen]
    assert 0 < estimate_effects(fainter, [0.0], [known], 0.025)[0] < again
    assert estimate_effects([], [0.0], [known], 0.025) == (0.0,)


def test_w20_a_spread_is_what_runs_leave_of_what_was_expected() -> None:
    """Of one candidate in n runs of its own: one over the square root of both precisions together."""
    seen = [Observation({"a": 1.0}, 0.5, 20.0)] * 7
    assert estimate_spreads([], [[{"a": 1.0}]], 0.025)[0] == pytest.approx([0.025])
    assert estimate_spreads([], [[{"a": 1.0, "b": -1.0}]], 0.025)[0] == pytest.approx([0.025 * 2**0.5])
    assert estimate_spreads(seen, [[{"a": 1.0}]], 0.025)[0] == pytest.approx([(1 / 0.025**2 + 7 * 20) ** -0.5])
    # A run says of two causes together what it says of neither: as the inverse of [[t + p, p], [p, t + p]] has it.
    trust, known = 1 / 0.025**2, 7 * 20.0
    both = [Observation({"a": 1.0, "b": 1.0}, 0.5, 20.0)] * 7
    apart = ((trust + known) / (trust * (trust + 2 * known))) ** 0.5
    assert estimate_spreads(both, [[{"a": 1.0}, {"b": 1.0}]], 0.025)[0] == pytest.approx([apart, apart])
    assert estimate_spreads(both, [[{"a": 1.0, "b": -1.0}]], 0.025)[0] == pytest.approx([(2 / trust) ** 0.5])


def test_w21_of_a_hundred_intervals_some_ninety_five_hold_the_effect() -> None:
    """Two agents' candidates mixed in every run; each interval is of the agent's own alone."""
    random, spread, deviation = Random(7), 0.1, 0.05**0.5
    held = within = 0
    for _ in range(150):
        effects = [random.gauss(0, spread) for _ in range(12)]
        causes: list[Causes] = [{("ab"[number % 2], number): 1.0} for number in range(12)]
        seen = []
        for _ in range(60):
            members = [number for number in range(12) if random.random() < 0.5]
            score = sum(effects[number] for number in members) + random.gauss(0, deviation)
            seen.append(Observation({cause: 1.0 for number in members for cause in causes[number]}, score, 20.0))
        found = estimate_effects(seen, [0.0] * 12, causes, spread)
        for agent, spreads in enumerate(estimate_spreads(seen, [causes[::2], causes[1::2]], spread)):
            for number, its in zip(range(agent, 12, 2), spreads, strict=True):
                held += 1
                within += abs(found[number] - effects[number]) <= 1.96 * its
    assert 0.93 <= within / held <= 0.99


def test_w22_spreads_of_a_large_team_look_at_the_runs_of_each_agent_alone() -> None:
    """So their work grows with the runs' candidates, not with these times the agents."""
    looked = 0

    class Counted(UserDict[Hashable, float]):
        def __iter__(self) -> Iterator[Hashable]:
            nonlocal looked
            looked += len(self)
            return super().__iter__()

    agents: list[list[Causes]] = [[{(number, 0): 1.0}] for number in range(40)]
    seen = [Observation(Counted({(number, 0): 1.0 for number in range(40)}), 0.5, 20.0) for _ in range(30)]
    assert len(estimate_spreads(seen, agents, 0.1)) == 40
    assert 0 < looked <= 40 * 30

"""The proxy (numbered invariants): it learns a rule, knows nothing without data, and is audited."""

from __future__ import annotations

import random
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maspo.optimizers.race.mixture import Candidate
from maspo.optimizers.race.proxy import Example, Forecast, Proxy, ScreenedDrafts, ScreeningTally, features, screen

BASE = "You solve the problem. Give the answer in <answer></answer>."
WORDS = tuple(f"{one}{other}" for one in ("red", "blue", "old", "new", "dry") for other in "abcdefghijklmnopqrstuvwxyz")
BAD = "certain"
NOISE = 0.05
"""Standard deviation of a measured worth: about what twenty runs leave."""

drafts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=5).map(lambda words: f"{BASE}\n{' '.join(words)}.")
edits = st.builds(Candidate, st.sampled_from(["a", "b"]), drafts, st.just(BASE))
examples = st.builds(Example, edits, st.floats(-0.5, 0.5), st.integers(0, 40))


def edit(chance: random.Random, agent: str = "a") -> Candidate:
    """Return a draft that adds nine words; two in five hold the bad one."""
    words = chance.sample(WORDS, 9)
    if chance.random() < 0.4:
        words[chance.randrange(9)] = BAD
    return Candidate(agent, f"{BASE}\n{' '.join(words)}.", BASE)


def truth(one: Candidate, effect: float) -> float:
    return effect if BAD in one.text else 0.01


def learned(chance: random.Random, effect: float, number: int = 30) -> Proxy:
    found = [edit(chance) for _ in range(number)]
    return Proxy().after(Example(one, truth(one, effect) + chance.gauss(0, NOISE), 20) for one in found)


def concordance(proxy: Proxy, chance: random.Random) -> float:
    """Return how often a draft without the bad word is ranked before one with it."""
    new = [edit(chance) for _ in range(60)]
    good = [proxy.predict(one) for one in new if BAD not in one.text]
    bad = [proxy.predict(one) for one in new if BAD in one.text]
    return fmean((one > other) + (one == other) / 2 for one in good for other in bad)


def gain(proxy: Proxy, chance: random.Random, effect: float) -> float:
    """Return by how much kept drafts are truly better than those that were asked for."""
    new = list({one.text: one for one in (edit(chance) for _ in range(12))}.values())
    kept = [item.draft for item in screen(proxy, new, 4, 1, "r1/a").kept]
    return fmean(truth(one, effect) for one in kept) - fmean(truth(one, effect) for one in new)


# ── learning ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_x01_after_thirty_examples_a_known_rule_is_learned() -> None:
    found = [concordance(learned(random.Random(seed), -0.06), random.Random(1000 + seed)) for seed in range(20)]
    assert fmean(found) > 0.75
    assert min(found) > 0.5


def test_x02_a_good_word_is_learned_as_well() -> None:
    found = [concordance(learned(random.Random(seed), 0.08), random.Random(1000 + seed)) for seed in range(20)]
    assert fmean(found) < 0.25


def test_x03_what_it_keeps_is_better_than_what_was_asked_for() -> None:
    found = [gain(learned(random.Random(seed), -0.06), random.Random(1000 + seed), -0.06) for seed in range(20)]
    assert fmean(found) > 0.015


def test_x04_without_any_relation_it_neither_helps_nor_hurts() -> None:
    chance = random.Random(3)
    proxies = [Proxy().after(Example(edit(chance), chance.gauss(0, NOISE), 20) for _ in range(30)) for _ in range(40)]
    found = [gain(proxy, chance, -0.06) for proxy in proxies]
    assert abs(fmean(found)) < 0.008


def test_x05_without_examples_all_drafts_are_equal() -> None:
    assert {Proxy().predict(edit(random.Random(seed))) for seed in range(9)} == {0.0}


def test_x06_what_was_measured_over_more_runs_counts_more() -> None:
    one = Candidate("a", f"{BASE} Be exact.", BASE)
    little, much = (Proxy().after([Example(one, 0.1, runs)]).predict(one) for runs in (2, 200))
    assert 0 < little < much < 0.1


def test_x07_runs_of_nothing_teach_nothing() -> None:
    assert Proxy().after([Example(edit(random.Random(1)), 0.4, 0)]) == Proxy()


def test_x08_an_agent_learns_from_others_and_more_from_itself() -> None:
    one, other = (Candidate(agent, f"{BASE} Be exact.", BASE) for agent in ("a", "b"))
    proxy = Proxy().after([Example(one, 0.1, 50)])
    assert proxy.mean < proxy.predict(other) < proxy.predict(one)


def test_x09_removing_a_good_sentence_looks_bad() -> None:
    longer = f"{BASE} Convert every unit first."
    proxy = Proxy().after(
        [Example(Candidate("a", longer, BASE), 0.1, 50), Example(Candidate("a", BASE, longer), -0.1, 50)]
    )
    assert proxy.predict(Candidate("a", BASE, longer)) < proxy.mean < proxy.predict(Candidate("a", longer, BASE))


@given(st.lists(examples, max_size=8), edits)
def test_x10_a_forecast_stays_in_the_range_of_scores(known: list[Example], one: Candidate) -> None:
    assert -0.75 < Proxy().after(known).predict(one) < 0.75


@given(st.lists(examples, max_size=8))
def test_x11_the_same_examples_give_the_same_proxy(known: list[Example]) -> None:
    assert Proxy().after(known) == Proxy().after(known)


@given(edits)
def test_x12_features_are_bounded(one: Candidate) -> None:
    assert sum(value**2 for value in features(one).values()) <= 1 + 1e-9


def test_x13_only_the_newest_examples_are_kept() -> None:
    one = Candidate("a", f"{BASE} Be exact.", BASE)
    proxy = Proxy().after(Example(one, 0.1, 5) for _ in range(990)).after(Example(one, -0.1, 5) for _ in range(20))
    assert len(proxy.examples) == 1000
    assert [item.worth for item in proxy.examples[-21:]] == [0.1] + [-0.1] * 20


# ── screening ────────────────────────────────────────────────────────────────────────────────────────────────────────


@given(st.lists(edits, max_size=12, unique_by=lambda one: one.text), st.integers(1, 6), st.integers(0, 9))
def test_x14_every_draft_is_in_one_part_and_as_many_are_kept_as_asked(
    found: list[Candidate], keep: int, seed: int
) -> None:
    screened = screen(Proxy(), found, keep, seed, "r1/a")
    parts = [item.draft.text for item in (*screened.kept, *screened.dropped, *screened.audited)]
    assert sorted(parts) == sorted(one.text for one in found)
    assert len(screened.kept) == min(keep, len(found))


@given(st.lists(edits, max_size=12, unique_by=lambda one: one.text), st.integers(0, 9))
def test_x15_screening_does_not_depend_on_the_order_of_drafts(found: list[Candidate], seed: int) -> None:
    assert screen(Proxy(), found, 3, seed, "r1/a") == screen(Proxy(), found[::-1], 3, seed, "r1/a")


def test_x16_the_best_by_forecast_are_kept() -> None:
    proxy = learned(random.Random(5), -0.1, 100)
    screened = screen(proxy, [edit(random.Random(seed)) for seed in range(20)], 5, 1, "r1/a")
    worst = min(item.predicted for item in screened.kept)
    assert all(item.predicted <= worst for item in (*screened.dropped, *screened.audited))


def test_x17_about_one_in_five_of_the_others_is_audited() -> None:
    new = [edit(random.Random(seed)) for seed in range(20)]
    audited = sum(len(screen(Proxy(), new, 5, seed, f"r{seed}/a").audited) for seed in range(100))
    assert 0.15 < audited / 1500 < 0.25


def test_x18_a_screening_tells_its_counts() -> None:
    screened = screen(Proxy(), [edit(random.Random(seed)) for seed in range(20)], 5, 1, "r1/a")
    told = screened.event("r1/a", "a")
    assert (told.step, told.agent, told.asked, told.kept) == ("r1/a", "a", 20, 5)
    assert told.kept + told.dropped + told.audited == told.asked


# ── was it right? ────────────────────────────────────────────────────────────────────────────────────────────────────


def forecast(name: str, predicted: float) -> Forecast:
    return Forecast(Candidate("a", name, BASE), predicted, 0.01)


SCREENED = ScreenedDrafts(
    kept=(forecast("k1", 0.03), forecast("k2", 0.02), forecast("k3", 0.01)),
    dropped=(forecast("d1", -0.03), forecast("d2", -0.02)),
    audited=(forecast("a1", -0.01), forecast("a2", -0.01)),
)


def test_x19_the_tally_counts_what_was_saved_and_who_was_right() -> None:
    worth = {"k1": 0.05, "k2": 0.0, "k3": 0.2, "a1": -0.02, "d1": 9.0}
    told = ScreeningTally().after(SCREENED, worth, 20).event
    assert (told.asked, told.kept, told.dropped, told.audited, told.runs_saved) == (7, 3, 2, 2, 40)
    # k1 and a1 were right, k2 wrong; k3 had no opinion, a2 no run.
    assert (told.agreed, told.disagreed) == (2, 1)
    assert told.worth_kept == pytest.approx(0.25 / 3)
    assert told.worth_audited == pytest.approx(-0.02)
    assert told.interval[0] < 2 / 3 < told.interval[1]


def test_x20_tallies_add_up() -> None:
    first = ScreeningTally().after(SCREENED, {"k1": 0.05}, 20)
    both = first.after(SCREENED, {"k1": -0.05}, 10).event
    assert (both.asked, both.runs_saved, both.agreed, both.disagreed) == (14, 60, 1, 1)
    assert both.worth_kept == pytest.approx(0.0)


def test_x21_without_any_screening_nothing_is_claimed() -> None:
    told = ScreeningTally().event
    assert (told.asked, told.interval, told.worth_kept, told.worth_audited) == (0, (0.0, 1.0), None, None)

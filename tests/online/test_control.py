"""What a watch decides: never without evidence, within its budget, and the same again from its record."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random

import pytest

from maspo.core.errors import ConfigInvalid
from maspo.online.control import STREAMS, Ask, Found, Look, Search, Watching, _Watch, watching
from maspo.online.plan import BETS, Costs, Fallback, Plan
from maspo.online.record import SearchEnded, WindowSeen
from maspo.stats.drift import Streams

SEED, FIRST, SECOND = {"a": "seed"}, {"a": "first"}, {"a": "second"}
COSTS = Costs(look=50, canary=80, search=400)
PLAN = Plan(window=20, compared=8, repeated=4)


class Life:
    """What happens to a watch: a model that changes at a window, and candidates that win with a chance."""

    def __init__(self, changes_at: int, better: float, worse_than_anchor: bool = False, seed: int = 0) -> None:
        self.chance = Random(seed)
        self.changes_at, self.better, self.worse_than_anchor = changes_at, better, worse_than_anchor
        self.calls = 0
        self.budget: tuple[int | None, float | None] = (None, None)
        self.month = "2026-01"
        self.follow = False

    def _verdict(self, share: float) -> int:
        return 0 if self.chance.random() < 0.4 else 1 if self.chance.random() < share else -1

    def answer(self, ask: Ask) -> Found:
        """Return what a real watch would find."""
        changed = ask.standing.windows >= self.changes_at and ask.standing.shipped in (FIRST, SEED)
        if isinstance(ask, Search):
            assert ask.calls is None or ask.calls >= COSTS.search
            wins, losses = (9, 2) if self.better > 0.5 else (3, 3)
            return SearchEnded(ask.number, self.month, SECOND, wins, losses, "", 390, 0.0)
        scores = {}
        canary: tuple[int, ...] = ()
        against: tuple[int, ...] = ()
        if ask.measured:
            self.calls += 80 if ask.candidate else 50
            if ask.candidate is not None:
                canary = tuple(self._verdict(self.better) for _ in range(6))
            elif ask.anchor is not None:
                share = 0.9 if not changed else 0.1 if self.worse_than_anchor else 0.5
                against = tuple(self._verdict(share) for _ in range(8))
        if ask.reference:
            scores["lengths"] = tuple(self.chance.gauss(0, 1) for _ in range(20))
            scores["anchor"] = tuple(map(float, against))
            if ask.measured:
                scores["model"] = tuple(self.chance.random() + 2 * changed for _ in range(4))
        return WindowSeen(
            ask.number, self.month, scores, against, canary, self.calls, 0.0, self.budget, follow_judge=self.follow
        )


def live(life: Life, windows: int, plan: Plan = PLAN, costs: Costs = COSTS) -> tuple[list[tuple[Ask, Found]], Ask]:
    """Return what was asked and found, and what is asked next."""
    control = watching(plan, costs, FIRST, SEED)
    ask, past = next(control), list[tuple[Ask, Found]]()
    while ask.standing.windows < windows:
        found = life.answer(ask)
        past.append((ask, found))
        ask = control.send(found)
    return past, ask


def test_o01_nothing_is_changed_while_nothing_changes() -> None:
    _, end = live(Life(10**9, 0.5), 150)
    assert end.standing.state == "in control" and end.standing.shipped == FIRST
    assert [told.state for told in end.standing.told] == ["in control"]


def test_o02_a_change_leads_to_a_search_and_a_better_candidate_is_promoted_with_evidence() -> None:
    past, end = live(Life(12, 0.9), 40)
    states = [told.state for told in end.standing.told]
    assert states[:4] == ["in control", "drifting", "optimizing", "in control"]
    assert end.standing.shipped == SECOND and end.standing.anchor == FIRST
    assert "the model answers earlier inputs differently" in end.standing.told[1].what
    assert sum(isinstance(ask, Search) for ask, _ in past) == 1
    promoted = next(told for told in end.standing.told if "promoted" in told.what)
    assert 12 < promoted.window < 25


@pytest.mark.parametrize("better", [0.5, 0.3])
def test_o03_a_candidate_that_is_no_better_is_not_promoted(better: float) -> None:
    for seed in range(15):
        _, end = live(Life(12, better, seed=seed), 45)
        assert end.standing.shipped == FIRST, "noise ships nothing"


def _found_twice(life: Life, second: float) -> Callable[[Ask], Found]:
    """Answer with a first search that lost on its hold-out, and a second whose candidate wins with a chance."""
    answer = Life.answer

    def found(ask: Ask) -> Found:
        life.better = second
        if isinstance(ask, Search) and ask.number == 1:
            return SearchEnded(1, life.month, SECOND, 2, 5, "", 390, 0.0)
        return answer(life, ask)

    return found


def test_o10_where_nothing_came_of_a_search_another_follows_on_newer_inputs_from_the_other_prompts() -> None:
    life = Life(12, 0.9)
    life.answer = _found_twice(life, 0.9)  # type: ignore[method-assign, assignment]
    past, end = live(life, 45)
    first, second = (ask for ask, _ in past if isinstance(ask, Search))
    assert second.windows[0] == first.windows[1] + 1 and first.windows[0] > 12
    assert {first.start["a"], second.start["a"]} == {"first", "seed"}
    assert end.standing.shipped == SECOND
    past, end = live(life, 45, replace(PLAN, searches=1))
    assert sum(isinstance(ask, Search) for ask, _ in past) == 1 and end.standing.shipped == FIRST


def test_o14_no_search_follows_from_an_anchor_that_is_as_far_behind_as_before() -> None:
    life = Life(12, 0.9)
    found_nothing = _found_twice(life, 0.9)

    def only_the_model_changes(ask: Ask) -> Found:
        found = found_nothing(ask)
        if isinstance(found, SearchEnded) or not found.against_anchor:
            return found
        return replace(found, against_anchor=(1, 1, 0, 1, -1, 1, 1, 1))

    life.answer = only_the_model_changes  # type: ignore[method-assign]
    for again, searches in (("always", 2), ("where it may help", 1)):
        past, _ = live(life, 30, replace(PLAN, again=again))  # type: ignore[arg-type]
        starts = [ask.start for ask, _ in past if isinstance(ask, Search)]
        assert starts == [FIRST, SEED][:searches]


def test_o12_a_candidate_that_was_ahead_when_it_was_given_up_is_what_the_next_search_starts_from() -> None:
    life, plan = Life(12, 0.5), replace(PLAN, canary_windows=4, hopeless="late")
    answer = life.answer

    def a_little_better(ask: Ask) -> Found:
        found = answer(ask)
        return replace(found, canary=(1, 1, 1, -1)) if isinstance(found, WindowSeen) and found.canary else found

    life.answer = a_little_better  # type: ignore[method-assign]
    past, _ = live(life, 24, plan)
    first, second = (ask for ask, _ in past if isinstance(ask, Search))
    assert (first.start, second.start) == (SEED, SECOND)
    tried = [ask.standing.canary for ask, _ in past if isinstance(ask, Look) and ask.candidate]
    assert tried[:5] == [(0, 0), (3, 1), (6, 2), (9, 3), (12, 4)], "it found nothing more, so the trial goes on"
    past, _ = live(life, 24, replace(plan, from_candidate=False))
    assert [ask.start for ask, _ in past if isinstance(ask, Search)][1] == FIRST


def test_o15_a_candidate_that_was_ahead_is_tried_on_where_what_was_found_from_it_lost() -> None:
    life, plan = Life(12, 0.5), replace(PLAN, canary_windows=4, hopeless="late")
    answer = life.answer

    def lost_the_second_time(ask: Ask) -> Found:
        found = answer(ask)
        if isinstance(found, SearchEnded):
            return found if ask.number == 1 else replace(found, winners={"a": "third"}, wins=1, losses=2)
        return replace(found, canary=(1, 1, 1, -1)) if found.canary else found

    life.answer = lost_the_second_time  # type: ignore[method-assign]
    for again, goes_on in (("always", False), ("where it may help", True)):
        past, _ = live(life, 24, replace(plan, again=again))  # type: ignore[arg-type]
        tried = [ask.standing.canary for ask, _ in past if isinstance(ask, Look) and ask.candidate == SECOND]
        assert tried[:4] == [(0, 0), (3, 1), (6, 2), (9, 3)] and (tried[4:5] == [(12, 4)]) is goes_on
        assert all(ask.candidate in (None, SECOND) for ask, _ in past if isinstance(ask, Look))


def test_o16_a_trial_ends_as_soon_as_its_candidate_is_not_going_to_show_that_it_is_better() -> None:
    life = Life(12, 0.5)
    answer = life.answer
    verdicts = (1, -1, 0, 0)

    def tried(ask: Ask) -> Found:
        found = answer(ask)
        return replace(found, canary=verdicts) if isinstance(found, WindowSeen) and found.canary else found

    life.answer = tried  # type: ignore[method-assign]
    lengths = {}
    for hopeless in ("early", "late"):
        past, end = live(life, 60, replace(PLAN, searches=1, hopeless=hopeless))
        lengths[hopeless] = sum(isinstance(ask, Look) and ask.candidate == SECOND for ask, _ in past)
        assert end.standing.shipped == FIRST
    assert lengths["early"] < lengths["late"] / 3 and lengths["late"] == PLAN.canary_windows
    verdicts = (1, 1, 1, -1)
    _, end = live(life, 60)
    assert end.standing.shipped == SECOND, "what wins is tried to the end"


@pytest.mark.parametrize(
    ("wins", "losses", "tested", "tried"),
    [(0, 1, 12, True), (1, 3, 12, True), (0, 4, 12, False), (1, 4, 58, False), (0, 1, 0, False)],
)
def test_o17_what_lost_by_little_on_its_hold_out_is_tried_as_a_trial_would_go_on(
    wins: int, losses: int, tested: int, tried: bool
) -> None:
    life, answer = Life(12, 0.9), Life.answer

    def found(ask: Ask) -> Found:
        seen = answer(life, ask)
        if isinstance(seen, SearchEnded) and ask.number == 1:
            return replace(seen, wins=wins, losses=losses, tested=tested)
        return seen

    life.answer = found  # type: ignore[method-assign]
    past, end = live(life, 45)
    assert end.standing.shipped == SECOND
    assert (sum(isinstance(ask, Search) for ask, _ in past) == 1) is tried
    dropped = [told.what for told in end.standing.told if "lost on its hold-out" in told.what]
    assert len(dropped) == (not tried), "a record of before, which does not say how many were tested, drops it"


def _judged_otherwise(life: Life) -> Callable[[Ask], Found]:
    """Answer as where the judge contradicts itself from a window on, and prefers whatever is new or old enough."""
    answer = Life.answer

    def found(ask: Ask) -> Found:
        seen = answer(life, ask)
        if isinstance(seen, SearchEnded) or isinstance(ask, Search) or not ask.reference:
            return seen
        contradicts = float(seen.number > life.changes_at)
        scores = {"judge": tuple(contradicts if place < 7 else 0.0 for place in range(8)), "lengths": (0.0,)}
        return replace(seen, scores=scores, against_anchor=seen.against_anchor if not contradicts else (-1,) * 8)

    return found


def test_o11_by_a_judge_that_has_changed_nothing_is_searched_or_rolled_back_until_somebody_says_so() -> None:
    life, plan = Life(12, 0.9), replace(PLAN, follow_judge=False)
    life.answer = _judged_otherwise(life)  # type: ignore[method-assign, assignment]
    past, end = live(life, 40, plan)
    assert not any(isinstance(ask, Search) for ask, _ in past) and end.standing.shipped == FIRST
    assert end.standing.state == "drifting" and "--follow-judge" in end.standing.waiting
    assert "the judge contradicts itself" in end.standing.told[-1].what
    assert not any(ask.measured for ask, _ in past[-10:] if isinstance(ask, Look)), "and no call is made"
    life.follow = True
    past, end = live(life, 40, plan)
    assert any(isinstance(ask, Search) for ask, _ in past) and end.standing.shipped != FIRST


def test_o04_prompts_that_lose_against_those_before_them_are_rolled_back() -> None:
    life = Life(12, 0.5, worse_than_anchor=True)
    life.answer = _without_the_model_stream(life)  # type: ignore[method-assign, assignment]
    _, end = live(life, 30)
    assert "rolled back" in [told.state for told in end.standing.told]
    assert end.standing.shipped == SEED and end.standing.anchor == FIRST


@pytest.mark.parametrize("calls", [2000, None])
def test_o18_what_was_promoted_is_watched_from_then_on_and_rolled_back_where_it_loses(calls: int | None) -> None:
    life, plan = Life(12, 0.9), replace(PLAN, calls=calls)
    life.budget = (calls, None)
    answer = life.answer

    def loses_in_use(ask: Ask) -> Found:
        found = answer(ask)
        if isinstance(found, WindowSeen) and found.against_anchor and ask.standing.shipped == SECOND:
            return replace(found, against_anchor=(-1,) * 8)
        return found

    life.answer = loses_in_use  # type: ignore[method-assign]
    past, end = live(life, 30, plan)
    promoted = next(told.window for told in end.standing.told if "promoted" in told.what)
    rolled_back = next(told.window for told in end.standing.told if told.state == "rolled back")
    since = [ask for ask, _ in past if promoted <= ask.standing.windows < rolled_back]
    assert all(isinstance(ask, Look) and ask.measured for ask in since), "no window is blind"
    assert rolled_back < promoted + 8


@pytest.mark.parametrize(
    ("fallback", "before_promotion", "leads_to"),
    [("better", (-1, -1, 0, 1), SEED), ("better", (1, 1, 0, -1), FIRST), ("shipped", (-1, -1, 0, 1), FIRST)],
)
def test_o23_a_roll_back_leads_to_those_that_did_better_after_the_change(
    fallback: Fallback, before_promotion: tuple[int, ...], leads_to: dict[str, str]
) -> None:
    life, plan = Life(12, 0.9), replace(PLAN, fallback=fallback)
    answer = life.answer

    def loses_in_use(ask: Ask) -> Found:
        found = answer(ask)
        if isinstance(found, SearchEnded) or not found.against_anchor:
            return found
        if ask.standing.shipped == SECOND:
            return replace(found, against_anchor=(-1,) * 8)
        return replace(found, against_anchor=before_promotion) if found.number > life.changes_at else found

    life.answer = loses_in_use  # type: ignore[method-assign]
    past, _ = live(life, 30, plan)
    standings = [ask.standing for ask, _ in past]
    assert next(one for one in standings if one.shipped == SECOND).anchor == leads_to
    rolled_back = next(one for one in standings if one.state == "rolled back")
    assert (rolled_back.shipped, rolled_back.anchor) == (leads_to, SECOND)


def test_o24_an_anchor_that_is_promoted_itself_is_held_against_the_prompts_it_replaces() -> None:
    life = Life(12, 0.9)
    answer = life.answer

    def finds_nothing_from_the_anchor(ask: Ask) -> Found:
        found = answer(ask)
        if isinstance(found, SearchEnded):
            return replace(found, winners=SEED)
        if found.against_anchor and found.number > life.changes_at and ask.standing.shipped == FIRST:
            return replace(found, against_anchor=(-1, -1, 0, 1))
        return found

    life.answer = finds_nothing_from_the_anchor  # type: ignore[method-assign]
    past, _ = live(life, 40)
    promoted = next(ask.standing for ask, _ in past if ask.standing.shipped == SEED)
    assert promoted.anchor == FIRST, "what is rolled back to"


def _without_the_model_stream(life: Life) -> Callable[[Ask], Found]:
    answer = Life.answer

    def without(ask: Ask) -> Found:
        found = answer(life, ask)
        return found if isinstance(found, SearchEnded) else replace(found, scores={})

    return without


def test_o05_a_month_never_spends_more_than_its_budget_and_a_search_waits_for_the_next() -> None:
    plan = replace(PLAN, calls=900)
    life = Life(12, 0.9)
    life.budget = (900, None)
    control = watching(plan, COSTS, FIRST, SEED)
    ask = next(control)
    spent: dict[str, int] = {}
    calls = 0
    for step in range(90):
        life.month = f"2026-{1 + step // 30:02d}"
        found = life.answer(ask)
        more = found.calls if isinstance(found, SearchEnded) else found.calls - calls
        calls = found.calls if isinstance(found, WindowSeen) else calls
        spent[life.month] = spent.get(life.month, 0) + more
        ask = control.send(found)
    assert max(spent.values()) <= 900
    assert ask.standing.calls == spent["2026-03"]
    assert any("promoted" in told.what for told in ask.standing.told)


def test_o06_without_a_budget_for_it_no_search_is_begun_but_the_alarm_is_told() -> None:
    life = Life(12, 0.9)
    plan = replace(PLAN, calls=COSTS.search + 15 * COSTS.look)
    life.budget = (plan.calls, None)
    past, _ = live(life, 12, plan)
    life.budget = (COSTS.search, None)  # a smaller budget holds from the next window on
    control = watching(plan, COSTS, FIRST, SEED)
    ask = next(control)
    for _, found in past:
        ask = control.send(found)
    for _ in range(20):
        ask = control.send(life.answer(ask))
        assert isinstance(ask, Look) and not ask.measured


DEAR = replace(COSTS, search=2000)
"""A search of which the month that is meant here pays one, and not another as well."""


def _waits_for_a_second(
    life: Life, then: Callable[[Ask, WindowSeen], WindowSeen]
) -> tuple[list[tuple[Ask, Found]], Ask]:
    """Watch a month that cannot pay the second search; ``then`` is what windows show once that is waited for."""
    life.budget = (3000, None)
    found_nothing = _found_twice(life, 0.9)

    def found(ask: Ask) -> Found:
        seen = found_nothing(ask)
        return then(ask, seen) if isinstance(seen, WindowSeen) and "more than is left" in ask.standing.waiting else seen

    life.answer = found  # type: ignore[method-assign]
    return live(life, 40, replace(PLAN, calls=3000), DEAR)


def _waited(past: list[tuple[Ask, Found]]) -> list[Look]:
    return [ask for ask, _ in past if isinstance(ask, Look) and "more than is left" in ask.standing.waiting]


def test_o19_where_the_month_pays_no_further_search_windows_go_on_being_measured() -> None:
    life = Life(12, 0.9)
    past, end = _waits_for_a_second(life, lambda _, seen: seen)
    waited = _waited(past)
    assert len(waited) > 15 and all(look.measured and look.anchor == SEED for look in waited)
    assert all(look.reference == waited[0].number for look in waited[1:]), "against how things are now"
    assert end.standing.state == "in control" and end.standing.evidence < 100
    assert sum(isinstance(ask, Search) for ask, _ in past) == 1
    again = _ends(watching(replace(PLAN, calls=3000), DEAR, FIRST, SEED), (found for _, found in past))
    assert again == end
    life, months = Life(12, 0.9), iter(["2026-01"] * 40 + ["2026-02"] * 60)
    life.budget, life.answer = (3000, None), _found_twice(life, 0.9)  # type: ignore[method-assign, assignment]
    answer = life.answer

    def as_months_pass(ask: Ask) -> Found:
        life.month = next(months)
        return answer(ask)

    life.answer = as_months_pass  # type: ignore[method-assign]
    past, end = live(life, 60, replace(PLAN, calls=3000), DEAR)
    searched = [ask for ask, _ in past if isinstance(ask, Search)]
    assert [one.standing.month for one in searched] == ["2026-01", "2026-02"], "and the next month pays it"
    assert end.standing.shipped == SECOND


def test_o20_what_loses_while_no_search_can_be_paid_is_rolled_back() -> None:
    def loses(ask: Ask, seen: WindowSeen) -> WindowSeen:
        better = 1 if ask.standing.shipped == SEED else -1
        return replace(seen, against_anchor=(better,) * len(seen.against_anchor))

    past, end = _waits_for_a_second(Life(12, 0.9), loses)
    assert end.standing.shipped == SEED and end.standing.anchor == FIRST
    rolled_back = [told.window for told in end.standing.told if told.state == "rolled back"]
    assert len(rolled_back) == 1, "and stays in use: what the others lost is no evidence against it"
    assert any(look.measured for look in _waited(past) if look.number > rolled_back[0] + 1)


def test_o21_by_a_judge_that_changes_while_no_search_can_be_paid_none_is_made_later() -> None:
    def contradicts(_: Ask, seen: WindowSeen) -> WindowSeen:
        changed = seen.number > 26
        return replace(seen, scores={"judge": tuple(float(changed and place < 7) for place in range(8))})

    past, end = _waits_for_a_second(Life(12, 0.9), contradicts)
    assert sum(isinstance(ask, Search) for ask, _ in past) == 1
    assert end.standing.state == "drifting" and "--follow-judge" in end.standing.waiting


def test_o07_the_same_found_again_leads_to_the_same() -> None:
    past, end = live(Life(12, 0.9), 40)
    control = watching(PLAN, COSTS, FIRST, SEED)
    assert _ends(control, (found for _, found in past)) == end


def _ends(control: Watching, found: Iterator[Found]) -> Ask:
    ask = next(control)
    for one in found:
        ask = control.send(one)
    return ask


def test_o08_inputs_are_looked_at_where_models_may_not_be_asked() -> None:
    life = Life(10**9, 0.5)
    plan = replace(PLAN, calls=500)
    life.budget = (500, None)
    past, _ = live(life, 20, plan)
    looks = [ask for ask, _ in past if isinstance(ask, Look)]
    assert [one.measured for one in looks[:4]] == [True, True, False, False]


@pytest.mark.parametrize(
    "wrong",
    [{"window": 0}, {"canary": 0.0}, {"level": 2.0}, {"compared": 70}, {"repeated": 61}, {"search_share": -1.0}],
)
def test_o09_plans_that_cannot_be_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigInvalid, match=r"^watch: "):
        Plan(**wrong)  # type: ignore[arg-type]


def test_o22_a_window_that_is_too_small_is_refused_with_what_can_be_given() -> None:
    with pytest.raises(ConfigInvalid, match=r"compare fewer \(--compared 5\)"):
        Plan(window=5)
    with pytest.raises(ConfigInvalid, match=r"window is 4; expected 5 or more"):
        Plan(window=4, compared=3)


def test_o13_a_watch_gathers_the_evidence_that_its_plan_says() -> None:
    evidence, chances = dict[str, float](), _Watch(PLAN, COSTS, FIRST, SEED).chances
    for name, bets in BETS.items():
        past, end = live(Life(10**9, 0.5), 8, replace(PLAN, bets=name))
        alone = Streams(STREAMS, bets)
        for ask, found in past:
            if isinstance(ask, Look) and isinstance(found, WindowSeen) and ask.reference:
                alone.step(found.scores, chances(found.number))
        evidence[name] = sum(end.standing.shares[stream] for stream in STREAMS)
        assert evidence[name] == pytest.approx(alone.evidence() / 2)
    assert evidence["strong"] != evidence["weak too"]


def test_p_a_clock_that_is_set_back_brings_no_new_budget() -> None:
    control = watching(replace(PLAN, calls=1000), COSTS, FIRST, SEED)
    ask, calls = next(control), 0
    for number, month in enumerate(["2026-11", "2026-12", "2026-11", "2027-11", "2026-11"], 1):
        calls += 50
        ask = control.send(WindowSeen(number, month, {}, calls=calls, budget=(1000, None)))
    assert ask.standing.month == "2026-11" and ask.standing.calls == 150

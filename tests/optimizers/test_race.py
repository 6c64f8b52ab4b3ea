"""What the race keeps of its own (numbered invariants)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import cast

import pytest

from maspo.core.prompts import Prompts
from maspo.core.verdict import Comparison, Verdict
from maspo.events import CandidateScored, ConflictFound, InfluenceMeasured, PromptChanged, ProxyTold, SearchEnded
from maspo.optimizers.anchor_race import AnchorRace, _Race
from maspo.optimizers.base import (
    AblateEdge,
    Asking,
    CallCount,
    Compare,
    Draft,
    Drafts,
    Propose,
    Request,
    Result,
    Results,
    Ruling,
    rounds_begun,
)
from maspo.optimizers.race.mixture import Candidate
from maspo.optimizers.race.settings import AnchorRaceConfig
from maspo.team.graph import Team
from maspo.testing.optimizers import Oracle, Played, played
from tests.optimizers.small import DIAMOND, problem_of, small

PAIR = Team(order=("a", "b"), successors={"a": ("b",), "b": ()}, output="b")


@dataclass(frozen=True)
class Judged:
    """Drafts add one sentence each; a changed system wins or loses as the sentences in it say, on every input."""

    verdict: Callable[[Prompts], Verdict]
    sentences: Mapping[str, tuple[str, ...]]

    def answer(self, request: Request) -> Result:
        """Return the result of one request."""
        if isinstance(request, Propose):
            lines = self.sentences.get(request.agent, ())
            held = request.prompts[request.agent]
            return Drafts(tuple(Draft(f"{held}\n{line}") for line in lines if line not in held))
        assert isinstance(request, Compare)
        verdict = self.verdict(request.changed)
        return Comparison(request.input_key, verdict, (), verdict, same_answer=verdict is Verdict.TIE)


def race(judged: Judged, team: Team = PAIR, **settings: object) -> Played:
    return played(small("race", **settings), problem_of(team=team), judged)


def test_r01_a_reason_names_each_other_agent_once_and_never_its_own() -> None:
    named = []
    for seed in range(8):
        for event in played(small("race"), problem_of(seed), Oracle(DIAMOND, seed)).events:
            if isinstance(event, PromptChanged) and "tried together with " in event.reason:
                others = event.reason.split("tried together with ")[1].split(": ")[0].split(", ")
                assert len(others) == len(set(others))
                assert event.agent not in others
                named.append(others)
    assert named, "a search that never joins candidates would prove nothing"


def test_r02_good_sentences_are_told_from_bad_ones_in_the_same_mixtures() -> None:
    def verdict(prompts: Prompts) -> Verdict:
        good = sum("good" in line for line in prompts["b"].splitlines())
        bad = sum("bad" in line for line in prompts["b"].splitlines())
        return Verdict.WIN if good > bad else Verdict.LOSS if bad > good else Verdict.TIE

    judged = Judged(verdict, {"b": ("One good line.", "One bad line.", "Two good lines.", "Two bad lines.")})
    end = race(judged, stages=(40,), passes=1).end
    assert "One good line." in end.prompts["b"]
    assert "Two good lines." in end.prompts["b"]
    assert "bad" not in end.prompts["b"]


def test_r03_two_changes_that_win_alone_and_lose_together_are_a_conflict_and_lead_the_next_rewrite() -> None:
    def verdict(prompts: Prompts) -> Verdict:
        changed = ("left" in prompts["a"]) + ("right" in prompts["b"])
        return {0: Verdict.TIE, 1: Verdict.WIN, 2: Verdict.LOSS}[changed]

    judged = Judged(verdict, {"a": ("Keep left.",), "b": ("Keep right.",)})
    whole = race(judged, passes=2, ahead=False)
    (found,) = [event for event in whole.events if isinstance(event, ConflictFound)]
    assert set(found.agents) == {"a", "b"}
    assert min(found.alone) > 0 > found.together
    changed = [event.agent for event in whole.events if isinstance(event, PromptChanged)]
    assert len(changed) == 1, "one of the two is kept"
    (other,) = set(found.agents) - set(changed)
    proposals = [request for request in whole.requests if isinstance(request, Propose)]
    led = [case for request in proposals for case in request.cases if case.agent == other]
    assert led, "the other agent is rewritten with the conflict in view"
    assert all(case.reference[changed[0]] == whole.end.prompts[changed[0]] for case in led)


def test_r04_the_race_stays_within_the_calls_planned() -> None:
    for calls in (100, 300, 900):
        problem, oracle = problem_of(3, reserve=20), Oracle(DIAMOND, 3)
        config = AnchorRaceConfig(calls=calls)
        whole = played(small("race", passes=50, patience=50, calls=calls), problem, oracle)
        count, spent = CallCount(problem), [0]
        for ask in whole.asks:
            if rounds_begun(ask) > 1:
                spent.append(count.total)
            for request in ask.requests:
                count.add(request.price(problem, oracle.answer(request)))
        spent.append(count.total)
        dearest = max(after - before for before, after in pairwise(spent))
        assert len(spent) == 2 or count.total + problem.reserve <= config.planned_calls(problem.team) + dearest
        assert calls < 900 or len(spent) > 2, "with more calls there are more rounds"
        assert any(isinstance(event, SearchEnded) and "planned" in event.reason for event in whole.events)


def test_r05_a_removal_takes_out_what_an_earlier_round_added() -> None:
    def verdict(prompts: Prompts) -> Verdict:
        lines = prompts["b"].splitlines()
        if len(lines) == 1:
            return Verdict.WIN if "late" in lines else Verdict.TIE
        return Verdict.WIN

    judged = Judged(verdict, {"b": ("First line.", "Second line.")})
    whole = race(judged, passes=4, removals=True, edits=1, memory=0.0)
    scored = [event.text for event in whole.events if isinstance(event, CandidateScored) and event.agent == "b"]
    proposals = [request for request in whole.requests if isinstance(request, Propose)]
    answers = [judged.answer(request) for request in proposals]
    drafts = {draft.text for answer in answers if isinstance(answer, Drafts) for draft in answer.drafts}
    removed = [text for text in scored if text not in drafts]
    assert removed
    assert all(text.startswith("Seed of b.") for text in removed), "the seed prompt's own sentences stay"


@pytest.mark.parametrize("most", [1, 2, 5])
def test_r06_a_mixed_run_changes_agents_of_one_block_alone(most: int) -> None:
    rewritten = DIAMOND.rewritten
    size = -(-len(rewritten) // most)
    blocks = [set(rewritten[start : start + size]) for start in range(0, len(rewritten), size)]
    whole = played(small("race", blocks=most), problem_of(2), Oracle(DIAMOND, 2))
    runs = [request for request in whole.requests if isinstance(request, Compare) and request.purpose == "mixed"]
    assert runs
    assert all(any(set(request.changes) <= block for block in blocks) for request in runs)


def test_r07_rounds_need_the_same_number_of_waves_whatever_the_number_of_agents() -> None:
    def waves(agents: int) -> int:
        names = tuple(f"a{number:02d}" for number in range(agents))
        team = Team(names, {name: (names[-1],) if name != names[-1] else () for name in names}, names[-1])
        judged = Judged(lambda _: Verdict.WIN, dict.fromkeys(names, ("A line.", "Another.")))
        return len(race(judged, team, passes=2).asks)

    assert waves(4) == waves(40)


def test_r08_an_option_that_is_on_tells_what_it_found() -> None:
    whole = played(small("race", interventions=2, screen=6), problem_of(1), Oracle(DIAMOND, 1))
    assert all(isinstance(request, AblateEdge) for request in whole.asks[0].requests)
    kinds = {type(event) for event in whole.events}
    assert {InfluenceMeasured, ProxyTold, SearchEnded} <= kinds


def test_r09_reach_counts_an_agent_and_all_that_lies_downstream() -> None:
    assert DIAMOND.reached(["a"]) == set("abcd")
    assert DIAMOND.reached(["b"]) == set("bd")
    assert DIAMOND.reached(["b", "c"]) == set("bcd")
    assert DIAMOND.reached(["d"]) == set("d")


def test_r30_of_two_drafts_of_which_nothing_is_known_the_shorter_is_expected_to_be_better() -> None:
    """No request shows what is expected of a candidate before any run, so this looks inside."""

    def expected(**settings: float) -> tuple[float, ...]:
        problem = problem_of(team=PAIR)
        search = _Race(AnchorRaceConfig.model_validate(settings), problem)
        seed = problem.seed_prompts["a"]
        short, long = (Candidate("a", f"{seed}\n{'Check it. ' * times}", seed) for times in (2, 40))
        search.round.candidates = (long, short)
        return search.round.estimate([])

    long, short = expected()
    assert short > long
    long, short = expected(length_price=0.0)
    assert short == long


TRIO = Team(order=("a", "b", "c"), successors={"a": ("c",), "b": ("c",), "c": ()}, output="c")


def trio_verdict(prompts: Prompts) -> Verdict:
    held = {name for name, word in (("a", "left"), ("b", "fine"), ("c", "right")) if word in prompts[name]}
    return Verdict.LOSS if {"a", "c"} <= held else Verdict.WIN if held else Verdict.TIE


def trio(**settings: object) -> Played:
    judged = Judged(trio_verdict, {"a": ("Keep left.",), "b": ("All is fine.",), "c": ("Keep right.",)})
    return race(judged, TRIO, passes=1, ahead=False, **settings)


def test_r11_of_three_changed_agents_the_pair_that_clashes_is_found_and_the_third_change_stays() -> None:
    events = trio().events
    found = [event.agents for event in events if isinstance(event, ConflictFound)]
    assert found == [("a", "c")]
    changed = {event.agent for event in events if isinstance(event, PromptChanged)}
    assert "b" in changed
    assert len(changed) == 2, "one of the two that clash gives way"


def test_r12_conflicts_are_not_looked_for_when_that_is_switched_off() -> None:
    assert not [event for event in trio(conflicts=False).events if isinstance(event, ConflictFound)]


def tried(whole: Played) -> list[set[str]]:
    """Return the agents that each union changed, and each part of one, in the order in which they were tried."""
    asked = [request for request in whole.requests if isinstance(request, Compare) and request.purpose != "mixed"]
    return list({request.id.rsplit("/", 2)[0]: set(request.changes) for request in asked}.values())


def test_r13_a_union_that_keeps_its_promise_is_tried_once_and_one_that_falls_short_against_its_sides() -> None:
    """Alone each change wins everywhere; together they win, or are a tie, on every input."""
    tries = {}
    for together in (Verdict.WIN, Verdict.TIE):

        def verdict(prompts: Prompts, both: Verdict = together) -> Verdict:
            changed = ("left" in prompts["a"]) + ("right" in prompts["b"])
            return {0: Verdict.TIE, 1: Verdict.WIN, 2: both}[changed]

        judged = Judged(verdict, {"a": ("Keep left.",), "b": ("Keep right.",)})
        whole = race(judged, passes=1, ahead=False, far_share=1.0, audited_rounds=0)
        tries[together] = tried(whole)
        changed = {event.agent for event in whole.events if isinstance(event, PromptChanged)}
        assert len(changed) == (2 if together is Verdict.WIN else 1)
    assert tries == {Verdict.WIN: [{"a", "b"}], Verdict.TIE: [{"a", "b"}, {"a"}, {"b"}]}


@pytest.mark.parametrize(("far_share", "shares"), [(1.0, (1, 1, 1)), (0.2, (1 / 4, 1 / 2, 1)), (0.4, (0.4, 1 / 2, 1))])
def test_r14_an_agent_whose_runs_take_more_calls_gets_fewer_of_them(
    far_share: float, shares: tuple[float, ...]
) -> None:
    whole = played(
        small("race", stages=(40,), drafts=6, far_share=far_share, passes=1), problem_of(inputs=60), Oracle(DIAMOND, 1)
    )
    mixed = [request for request in whole.requests if isinstance(request, Compare) and request.purpose == "mixed"]
    runs = {name: sum(name in request.changes for request in mixed) for name in DIAMOND.rewritten}
    assert [runs[name] / 40 for name in DIAMOND.rewritten] == pytest.approx(shares, abs=0.1), "equal mixtures met once"


@pytest.mark.parametrize("seed", range(6))
def test_r20_what_is_begun_ahead_is_asked_for_and_runs_that_are_begun_are_met(seed: int) -> None:
    whole = played(AnchorRace(AnchorRaceConfig(passes=5)), problem_of(seed), Oracle(DIAMOND, seed))
    waiting = [place for place, ask in enumerate(whole.asks) if ask.begun]
    assert waiting, "drafts are begun beside a union"
    for place in waiting:
        ask, (mixed, *_) = whole.asks[place], whole.asks[place + 1 :]
        met = {(one.reference["a"], one.input_key) for one in mixed.requests if isinstance(one, Compare)}
        begun = {(one.prompts["a"], one.input_key) for one in ask.rollouts}
        assert begun and begun <= met, "nothing is run that no comparison of the round needs"


@pytest.mark.parametrize("seed", range(6))
def test_r21_drafts_that_are_begun_ahead_count_as_they_did_beside_the_union(seed: int) -> None:
    problem, oracle = problem_of(seed), Oracle(DIAMOND, seed)
    search = _Race(AnchorRaceConfig(passes=5), problem)
    going, begun = search.run(), dict[str, Request]()
    ask = next(going)
    with suppress(StopIteration):
        while True:
            before, begun = search.spent.calls, begun | {one.id: one for one in ask.ahead}
            ask, asked = going.send(tuple(map(oracle.answer, ask.requests))), ask
            if asked.begun:
                assert search.spent.calls == before, "they were counted when they were begun"
                assert all(begun[one.id] == one for one in asked.requests)


def test_r22_drafts_are_not_begun_where_no_round_can_follow_and_nothing_else_is_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def search(seed: int, calls: int) -> Played:
        config = AnchorRaceConfig(calls=calls, first_round=0.3, stages=(20,))
        return played(AnchorRace(config), problem_of(seed), Oracle(DIAMOND, seed))

    def unwanted(found: Played) -> set[str]:
        return {one.id for ask in found.asks for one in ask.ahead} - {one.id for one in found.requests}

    places = [(seed, calls) for seed in range(4) for calls in (300, 500, 700)]
    found = [search(*place) for place in places]
    monkeypatch.setattr(_Race, "is_last", lambda *_: False)
    begun = [search(*place) for place in places]
    for one, other in zip(found, begun, strict=True):
        assert [replace(ask, ahead=()) for ask in one.asks] == [replace(ask, ahead=()) for ask in other.asks]
        assert unwanted(one) <= unwanted(other)
    assert sum(map(len, map(unwanted, found))) < sum(map(len, map(unwanted, begun))), "else this would prove nothing"


def test_r23_what_a_person_vetoes_at_the_end_leads_to_drafts_of_the_prompts_that_are_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def look_once_more(search: _Race) -> Asking[None]:
        late = Compare(
            f"late/{len(search.won)}", search.prompts, {"d": "Something else."}, "i00", True, purpose="prune"
        )
        yield from search.ask([late])

    monkeypatch.setattr(_Race, "prune", look_once_more)
    asked = list[Propose]()
    for calls in (400, 500, 700, 900):
        config = AnchorRaceConfig(calls=calls, first_round=0.3, stages=(20,), prune=2)
        search, oracle, vetoed = AnchorRace(config).search(problem_of(2)), Oracle(DIAMOND, 2), ""
        ask = next(search)
        with suppress(StopIteration):
            while True:
                rulings: tuple[Ruling, ...] = ()
                if not vetoed and ask.requests[0].purpose == "prune":
                    vetoed = ask.prompts["d"]
                    rulings = (Ruling("veto", "d", vetoed),)
                elif vetoed:
                    found = [one for one in ask.requests if isinstance(one, Propose)]
                    assert all(one.prompts["d"] != vetoed for one in found)
                    asked += found
                ask = search.send(cast(Results, (*map(oracle.answer, ask.requests), *rulings)))
    assert asked, "there is one more round"

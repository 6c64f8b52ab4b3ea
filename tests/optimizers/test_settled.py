"""What the judge has said of the same two final answers counts for all runs that met them."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import pytest

from maspo.core.verdict import Comparison, Verdict
from maspo.optimizers.base import Compare, Request, Result
from maspo.optimizers.race.settings import AnchorRaceConfig
from maspo.optimizers.race.settled import VerdictsOnAnswers
from maspo.store.codec import RecordedResult, decode, encode
from maspo.testing.optimizers import Oracle
from tests.optimizers.small import DIAMOND, problem_of, small

WIN, LOSS, TIE, UNDECIDED = Verdict.WIN, Verdict.LOSS, Verdict.TIE, Verdict.UNDECIDED


def met(glob: Verdict, reference: str = "a", candidate: str = "b", key: str = "i") -> Comparison:
    return Comparison(key, glob, (), glob, answers=(reference, candidate))


def asked(orders: Literal[1, 2] = 2, candidate_first: bool = True) -> Compare:
    return Compare("r", {"one": "old"}, {"one": "new"}, "i", candidate_first, orders=orders)


def test_t01_verdicts_on_the_same_answers_count_together_from_either_side() -> None:
    said = VerdictsOnAnswers(2)
    for one in (met(WIN), met(LOSS, "b", "a"), met(LOSS), met(WIN, key="j"), met(UNDECIDED)):
        said.learn(asked(), one)
    assert said.value(met(LOSS)) == pytest.approx(0.5 / 3), "b won twice and lost once"
    assert said.value(met(WIN, "b", "a")) == pytest.approx(-0.5 / 3)
    assert said.value(met(LOSS, key="j")) == 0.5
    assert said.value(met(LOSS, "a", "c")) == -0.5, "of which nothing else is known"
    assert said.value(replace(met(UNDECIDED), answers=None)) == 0.0
    said.learn(asked(), met(WIN, "a", "a"))
    assert said.value(met(LOSS, "a", "a")) == -0.5, "answers that no digest tells apart are not pooled"


def test_t02_what_was_said_often_enough_is_settled_both_ways_and_teaches_nothing_more() -> None:
    said = VerdictsOnAnswers(2)
    said.learn(asked(), met(WIN))
    assert said.known_verdicts("i") == ()
    said.learn(asked(), met(WIN, "b", "a"))
    assert dict(said.known_verdicts("i")) == {("a", "b"): TIE, ("b", "a"): TIE}
    said.learn(asked(), met(WIN))
    assert dict(said.known_verdicts("i")) == {("a", "b"): WIN, ("b", "a"): LOSS}
    said.learn(asked(), replace(met(LOSS), settled=True))
    assert dict(said.known_verdicts("i"))["a", "b"] is WIN
    assert said.known_verdicts("j") == ()


def test_t03_switched_off_each_verdict_is_for_its_own_run() -> None:
    said = VerdictsOnAnswers(0)
    said.learn(asked(), met(WIN))
    said.learn(asked(), met(WIN))
    assert said.value(met(LOSS)) == -0.5
    assert said.known_verdicts("i") == ()


def test_t04_a_record_that_says_nothing_of_it_goes_on_as_it_was_and_answers_are_recorded() -> None:
    before = AnchorRaceConfig.of_record({"far_share": 0.2, "calls_per_agent": 700}, "ignore")
    assert (before["design"], before["verdicts_on_answers"]) == ("drawn", 0)
    kept = AnchorRaceConfig.of_record({"far_share": 0.2, "design": "dealt", "verdicts_on_answers": 3}, "ignore")
    assert (kept["design"], kept["verdicts_on_answers"]) == ("dealt", 3)
    for one in (met(WIN), replace(met(LOSS), settled=True)):
        found = decode(encode(RecordedResult("r", one)))
        assert isinstance(found, RecordedResult)
        assert isinstance(found.result, Comparison)
        assert (found.result.answers, found.result.settled) == (one.answers, one.settled)


def test_t06_a_judge_that_prefers_a_place_settles_nothing_before_it_has_seen_both_orders() -> None:
    said = VerdictsOnAnswers(2)
    said.learn(asked(1, candidate_first=True), met(WIN))
    said.learn(asked(1, candidate_first=False), met(LOSS, "b", "a"))
    said.learn(asked(1, candidate_first=True), met(WIN))
    assert said.known_verdicts("i") == (), "b was shown first each time"
    said.learn(asked(1, candidate_first=True), met(WIN, "b", "a"))
    said.learn(asked(1, candidate_first=False), met(LOSS))
    assert dict(said.known_verdicts("i"))["a", "b"] is WIN, "three of five"
    assert said.value(met(LOSS)) == pytest.approx(0.1)


class TwoAnswers(Oracle):
    """An oracle by which every input has two final answers."""

    def answer(self, request: Request) -> Result:
        found = super().answer(request)
        if isinstance(found, Comparison) and not (found.failed or found.same_answer):
            return replace(found, answers=("a", "b"))
        return found


def test_t05_a_race_says_which_answers_it_knows_and_a_wave_is_never_asked_by_halves() -> None:
    problem = problem_of(3)
    searching = small("race", passes=4).search(problem)
    oracle, told = TwoAnswers(DIAMOND, 3), 0
    ask = next(searching)
    try:
        while ask.requests:
            compared = [one for one in ask.requests if isinstance(one, Compare) and one.purpose != "prove"]
            by_input: dict[str, set[object]] = {}
            for one in compared:
                by_input.setdefault(one.input_key, set()).add(one.settled)
                told += bool(one.settled)
            assert all(len(found) == 1 for found in by_input.values())
            ask = searching.send(tuple(oracle.answer(one) for one in ask.requests))
    except StopIteration:
        pass
    assert told

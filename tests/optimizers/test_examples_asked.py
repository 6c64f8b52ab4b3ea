"""What searches ask of worked examples: of runs that won before, at no call, and only where a problem allows them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from maspo.core.verdict import Comparison, Verdict
from maspo.optimizers.base import EXAMPLES, CallCount, Compare, Propose
from maspo.optimizers.parts.outcomes import Outcomes
from maspo.testing.optimizers import Oracle, check_optimizer, played
from tests.optimizers.small import DIAMOND, PROMPTS, problem_of, small


@pytest.mark.parametrize("method", ["race", "tpe"])
def test_o01_examples_are_of_runs_that_won_before_and_take_no_call(method: str) -> None:
    if method == "tpe":
        pytest.importorskip("optuna")
    problem = replace(problem_of(3), examples=2)
    found = played(small(method), problem, Oracle(DIAMOND, 3))
    count, seen, asked = CallCount(problem), set[tuple[str, str, str, str]](), 0
    for ask in found.asks:
        for request in ask.requests:
            price = request.price(problem)
            if isinstance(request, Propose) and request.purpose == EXAMPLES:
                asked += 1
                assert request.outcomes and all(one.net > 0 for one in request.outcomes)
                assert {one.address for one in price.rollouts} <= seen, "nothing is run for them"
                before = count.total
                count.add(price)
                assert count.total == before
        for request in ask.requests:
            count.add(request.price(problem))
            seen |= {one.address for one in request.price(problem).rollouts}
    assert asked
    none = played(small(method), replace(problem, examples=0), Oracle(DIAMOND, 3))
    assert not [one for one in none.requests if one.purpose == EXAMPLES]


def test_o02_a_win_counts_for_the_changed_prompts_and_a_loss_for_the_reference() -> None:
    outcomes = Outcomes(0)
    changed = {**PROMPTS, "a": "other"}

    def met(key: str, glob: Verdict, failed: bool = False) -> tuple[Compare, Comparison]:
        asked = Compare(f"c/{key}/{glob}", PROMPTS, {"a": "other"}, key, True)
        return asked, Comparison(key, glob, (), glob, failed=failed)

    outcomes.learn([met("i1", Verdict.WIN), met("i2", Verdict.LOSS), met("i3", Verdict.TIE)])
    outcomes.learn([met("i4", Verdict.WIN, failed=True), met("i1", Verdict.WIN), met("i5", Verdict.UNDECIDED)])
    assert [(one.input_key, one.prompts, one.net) for one in outcomes.best(9, "x")] == [
        ("i1", changed, 2),
        ("i2", PROMPTS, 1),
    ]
    outcomes.learn([met("i2", Verdict.WIN)])
    assert [one.input_key for one in outcomes.best(9, "x")] == ["i1"], "once won and once lost is nothing"
    assert outcomes.proposal("p", "a", PROMPTS, 1, 0) is None


def test_o03_a_search_with_examples_keeps_the_contract() -> None:
    check_optimizer(small("race"), replace(problem_of(), examples=2))

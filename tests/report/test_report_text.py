"""The terminal summary and ``result.json``."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from itertools import product
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maspo.core.verdict import Reading, Verdict
from maspo.events import (
    BudgetStopped,
    ConflictFound,
    Decided,
    Event,
    HoldoutResult,
    PromptChanged,
    RunFinished,
    RunStarted,
    Shipped,
    StepStarted,
    Usage,
    VerdictWord,
)
from maspo.report import phrases, sentences
from maspo.report.closing import closing
from maspo.report.fold import JudgeTally, fold
from maspo.report.lines import line_of
from maspo.report.questions import NOT_YET, answers
from maspo.report.result import result_of
from maspo.report.text import summary
from maspo.report.why import Acceptance
from maspo.study.evaluation.calibration import calibrate
from tests.report.conftest import started
from tests.report.pages import told

_CONTRACT = {"verdict", "shipped", "holdout", "agents", "calls", "tokens", "usd", "seconds", "seed"}


def test_i01_result_json_holds_the_contract(whole_run: list[Event]) -> None:
    result = json.loads(json.dumps(result_of(fold(whole_run)).dump()))
    assert set(result) >= _CONTRACT
    assert (result["verdict"], result["shipped"], result["seed"]) == ("improved", "optimized", 7)
    assert set(result["holdout"]) >= {"n", "wins", "losses", "ties", "p_value", "interval"}
    assert result["agents"]["algebra"]["changed"] is True
    assert result["agents"]["critic"]["changed"] is False
    assert result["tokens"]["in"] == 5_700_400 and result["tokens"]["out"] == 1_129_300
    assert result["truth"] == [0.512, 0.764] and result["complete"] is True and result["simulated"] is True


def test_i02_calls_are_summed_by_family(whole_run: list[Event]) -> None:
    end = whole_run[-1]
    assert isinstance(end, RunFinished)
    with_other = replace(end, usage={**end.usage, "other.probe": Usage(calls=3, usd=0.0)})
    calls = result_of(fold([*whole_run, with_other])).dump()["calls"]
    assert calls == {"agent": 5230, "judge": 4070, "proposer": 62, "other": 3, "cached": 2170, "failed": 4}


@pytest.mark.parametrize(
    ("usage", "usd"),
    [
        ({"agent": Usage(calls=2, usd=1.5), "proposer": Usage(calls=1, usd=0.25)}, 1.75),
        ({"agent": Usage(calls=2, usd=1.5), "proposer": Usage(calls=1, usd=None)}, None),
        ({"agent": Usage(calls=2, usd=1.5), "proposer": Usage(cached=9, usd=None)}, 1.5),
        ({"agent": Usage(calls=2, usd=0.0)}, 0.0),
    ],
)
def test_i03_money_is_null_when_any_paid_purpose_has_no_price(usage: dict[str, Usage], usd: float | None) -> None:
    assert result_of(fold([], usage)).dump()["usd"] == usd


def test_i04_seed_prompts_that_ship_are_not_changed(real_run: list[Event]) -> None:
    result = result_of(fold(real_run)).dump()
    assert (result["verdict"], result["shipped"], result["usd"]) == ("no_evidence", "seed", None)
    agents = result["agents"]
    assert isinstance(agents, dict)
    assert [one["changed"] for one in agents.values()] == [False] * 5
    assert agents["algebra"]["rewritten"] is True


def test_i05_a_run_without_verdict_has_nulls(interrupted_run: list[Event]) -> None:
    result = result_of(fold(interrupted_run)).dump()
    assert set(result) >= _CONTRACT
    assert result["verdict"] is None and result["holdout"] is None and result["complete"] is False


def test_i06_the_summary_says_what_counts(whole_run: list[Event]) -> None:
    text = summary(fold(whole_run))
    for said in (
        "The new prompts are preferred by the judge. They are shipped.",
        "Simulated world: no language model was asked.",
        "51.2% with the seed prompts, 76.4% with the shipped prompts",
        "21 wins, 8 losses, 30 ties, 1 undecided",
        "net win rate +21.7% (95% interval +4.0% to +38.5%), p = 0.012 for more wins than losses",
        "algebra, aggregator (2 of 5 agents)",
        "judge.lookahead",
        "12 min 34 s",
    ):
        assert said in text
    assert len(text.splitlines()) < 25


def test_i07_the_summary_of_an_unfinished_run_claims_nothing(interrupted_run: list[Event]) -> None:
    text = summary(fold(interrupted_run))
    assert "There is no verdict yet." in text
    assert "hold-out" not in text and "shipped" not in text
    assert summary(fold([])) == "Nothing has been recorded yet."


def test_i08_the_summary_cannot_drive_the_terminal(whole_run: list[Event]) -> None:
    end = whole_run[-1]
    assert isinstance(end, RunFinished)
    text = summary(fold([*whole_run, replace(end, why="\x1b[2Jgone\u202e")]))
    assert "[U+001B][2Jgone[U+202E]" in text and "\x1b" not in text


def test_i09_an_unknown_price_is_said_to_be_unknown(real_run: list[Event]) -> None:
    assert any(line.split() == ["money", "unknown"] for line in summary(fold(real_run)).splitlines())


def test_i10_unchanged_prompts_are_no_find(whole_run: list[Event]) -> None:
    end = whole_run[-1]
    start = fold(whole_run).started
    assert isinstance(end, RunFinished) and start is not None
    same = replace(end, verdict="no_evidence", shipped="seed", winners=start.seed_prompts, prompts=start.seed_prompts)
    found = sentences.headline(fold([start, same]))
    assert found == "The search found no better prompts. The seed prompts are shipped."


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (phrases.signed(-0.25), "−0.25"),
        (phrases.signed(-0.001), "0.00"),
        (phrases.signed_percent(-0.0001), "0.0%"),
        (phrases.money(0.0123), "$0.0123"),
        (phrases.money(1234.5), "$1,234.50"),
        (phrases.duration(59.97), "1 min 0 s"),
        (phrases.duration(12.34), "12.3 s"),
        (phrases.duration(3_725), "1 h 2 min"),
        (phrases.duration(None), "unknown"),
        (phrases.plural(1, "call", "calls"), "1 call"),
        (phrases.plural(1200, "call", "calls"), "1,200 calls"),
        (sentences.describe_loss(("critic", "global")), "critic did not improve and the final answer got worse"),
        (sentences.describe_loss(()), "the team did not gain"),
    ],
)
def test_i11_numbers_and_words(made: str, expected: str) -> None:
    assert made == expected


def test_i12_a_hold_out_that_was_not_used_shows_no_figures(whole_run: list[Event]) -> None:
    end = whole_run[-1]
    assert isinstance(end, RunFinished)
    unused = HoldoutResult(0, 0, 0, 0, 0, 1.0, 1.0, (-1.0, 1.0), None)
    view = fold([*whole_run[:-1], replace(end, verdict="no_evidence", shipped="seed", holdout=unused)])
    assert f"hold-out  {sentences.UNTESTED}" in summary(view)
    assert "net win rate" not in summary(view)
    assert sentences.UNTESTED in told(view) and "Net win rate" not in told(view)


def test_i13_the_influence_is_in_the_result_and_the_hint_in_the_summary(whole_run: list[Event]) -> None:
    influence = json.loads(json.dumps(result_of(fold(whole_run)).dump()))["influence"]
    assert influence["agents"]["algebra"] == {
        "compared": 40,
        "differed": 14,
        "share": 0.35,
        "interval": [0.221, 0.505],
        "wins": 9,
        "losses": 3,
    }
    assert influence["agents"]["critic"]["share"] is None
    edge = influence["edges"][0]
    assert (edge["source"], edge["reader"], edge["withheld"]["differed"]) == ("algebra", "aggregator", 12)
    assert edge["lookahead"] == {"wins": 9, "losses": 4, "ties": 2, "agreed": 8, "disagreed": 3}
    lines = [line for line in summary(fold(whole_run)).splitlines() if line.startswith("hint")]
    assert lines == [f"hint      {influence['hint']}"]


def test_i14_without_influence_there_is_none_and_no_hint(real_run: list[Event]) -> None:
    assert result_of(fold(real_run)).dump()["influence"] is None
    assert "\nhint" not in summary(fold(real_run))


def test_a_cap_that_left_no_test_says_what_became_of_the_rest(real_run: list[Event]) -> None:
    kept = "What is left of it was kept for the hold-out test"
    assert kept not in summary(fold(real_run))
    *before, end = real_run
    assert isinstance(end, RunFinished)
    untested = replace(end, holdout=replace(end.holdout, n=0, wins=0, losses=0))
    assert kept in summary(fold([*before, untested]))
    assert f"ended the search. {kept}" in " ".join(closing(fold([*before, untested])).split())
    used_up = [replace(one, cap="--budget team") if isinstance(one, BudgetStopped) else one for one in before]
    for shown in (summary(fold([*used_up, untested])), closing(fold([*used_up, untested]))):
        assert kept not in shown and "It left too little" in shown


def test_a_cap_that_ends_the_search_is_told_with_what_is_kept_back_of_it() -> None:
    assert line_of(BudgetStopped("--max-calls 300")) == "budget reached: --max-calls 300"
    kept = line_of(BudgetStopped("--max-calls 300", "88 calls"))
    assert kept == "budget reached: --max-calls 300; 88 calls of it are kept back for the final test"


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 30))
def test_a_trial_is_told_so_that_it_adds_up_to_its_inputs(wins: int, losses: int, rest: int) -> None:
    won, lost = f"{wins} win{'s' * (wins != 1)}", f"{losses} loss{'es' * (losses != 1)}"
    reason = f"4 of its candidates merged, expected worth +0.057; tried: {won}, {lost} on {wins + losses + rest} inputs"
    told = sentences.decision_reason(reason)
    assert told.startswith("4 of its candidates merged, expected worth +0.057 by mixed runs; tried: ")
    before, _, inputs = told.partition(" on ")
    counted = [int(count) for count in re.findall(r"(\d+) (?:win|loss|tie)", before)]
    assert sum(counted) == wins + losses + rest == int(inputs.split()[0])
    assert line_of(PromptChanged("r1/solver", "solver", "a", "b", reason)) == f"  solver: new prompt, {told}"
    assert sentences.decision_reason("none of 4 candidates was better") == "none of 4 candidates was better"


def test_the_end_of_a_plan_names_the_final_test_that_is_part_of_it() -> None:
    reason = "another round would not fit into the 510 calls planned (search.calls_per_agent, search.calls)"
    assert "another round and the final test would not fit into the 510 calls" in sentences.end_reason(reason)


@pytest.mark.parametrize("width", [40, 60, 100])
def test_i21_the_closing_summary_has_a_line_for_each_question_that_wraps_on_a_narrower_screen(
    whole_run: list[Event], width: int
) -> None:
    for end in (0, 1, 30, len(whole_run)):
        view = fold(whole_run[:end])
        lines = closing(view, width).split("\n")
        assert all(len(line) <= width or len(line[11:].split()) == 1 for line in lines)
        answered = lines[: lines.index("")] if "" in lines else lines
        known = [one for one in answers(view) if one.answer != NOT_YET]
        assert sum(bool(line[:11].strip()) for line in answered) == len(known)
        assert (len(known) == 10) == (view.finished is not None), "before the end what only it answers is left out"
        assert width < 100 or len(answered) == len(known)
        assert " ".join(closing(view, width).split()) == " ".join(closing(view).split())


def test_i24_ten_lines_are_enough_however_long_names_are_and_however_large_figures(whole_run: list[Event]) -> None:
    *before, end = whole_run
    assert isinstance(end, RunFinished)
    start = fold(whole_run).started
    assert start is not None
    names = {name: f"{name} " + "of_the_department_of_long_names" * 3 for name in start.agents}
    large = HoldoutResult(52_345, 21_345, 19_345, 11_345, 310, 0.000012, 0.99, (-0.0123, 0.4567), 123_456, groups=9_999)
    vetoed = Decided("a" * 32, "stop", 1, 1)
    for verdict, shipped, labels, look, beside in product(
        get_args(VerdictWord),
        get_args(Shipped),
        (True, False),
        (1, 4),
        ((), (vetoed,), (BudgetStopped("--max-usd 123456"),)),
    ):
        told = replace(start, decided_by="labels" if labels else "judge")
        holdout = replace(large, look=look, level=0.04 / look)
        ended = replace(end, verdict=verdict, shipped=shipped, holdout=holdout)
        conflict = ConflictFound("r1", ("algebra", "critic"), (0.1, 0.05), -0.1, ("k1",))
        events = [told, *before[1:], *beside, conflict, ended]
        lines = closing(replace(fold(events), judged=JudgeTally(12_345, 23_456, (1_234, 52_345)))).split("\n")
        assert lines.index("") == 10 and max(map(len, lines[:10])) <= 100, lines
        renamed = replace(fold(events), agents=tuple(replace(one, name=names[one.name]) for one in fold(events).agents))
        lines = closing(renamed).split("\n")
        assert lines.index("") == 10 and max(map(len, lines[:10])) <= 100, lines


def test_i25_each_line_of_the_closing_summary_begins_with_what_matters_most(whole_run: list[Event]) -> None:
    lines = closing(fold(whole_run)).split("\n")
    assert lines[:10] == [
        "helped     Yes: the judge prefers the new prompts; they ship; true accuracy 51.2% → 76.4%",
        "by much    Net win rate +21.7%, 95% interval +4.0% to +38.5%; 21 wins, 8 losses, 30 ties",
        "sure       Yes, p = 0.012 for more wins than losses on 60 inputs",
        "changed    algebra, aggregator (2 of 5 agents)",
        "got worse  8 of 60 hold-out inputs, told first in holdout.jsonl",
        "misread    7 cases: algebra got better, aggregator did not; 28 other cases",
        "cost       9,362 calls in 12 min 34 s, simulated; of the calls agents 55.9%, judge 43.5%",
        "ship       2 new prompts in prompts.json; `maspo apply` writes them back",
        "more       The search does not say",
        "judge      Not measured: give labels (--labels use), or judge pairs (`maspo judge-check`)",
    ]


def test_i25b_of_an_unfinished_run_only_what_is_known_is_told_each_thing_once(interrupted_run: list[Event]) -> None:
    lines = closing(fold(interrupted_run)).split("\n")
    assert [line.split("  ")[0] for line in lines if not line.startswith(" ")][:6] == [
        "helped",
        "changed",
        "misread",
        "cost",
        "ship",
        "judge",
    ]
    assert len(set(lines)) == len(lines) and "Known when" not in "\n".join(lines)


def test_money_that_is_unknown_is_told_with_where_prices_are_set(whole_run: list[Event]) -> None:
    start, *others, end = whole_run
    assert isinstance(start, RunStarted) and isinstance(end, RunFinished)
    unpriced = {purpose: replace(one, usd=None) for purpose, one in end.usage.items()}
    run = fold([replace(start, simulated=False), *others, replace(end, usage=unpriced)])
    (cost,) = [line for line in closing(run).split("\n") if "calls in" in line]
    assert "money unknown ([models.prices] sets prices)" in cost and len(cost) <= 100


def test_a_cap_before_any_decision_is_no_search_that_found_nothing(whole_run: list[Event]) -> None:
    start, end = fold(whole_run).started, whole_run[-1]
    assert isinstance(end, RunFinished) and start is not None
    why = "--max-calls 300 ended the search before any change was tried to the end; --max-calls 900 lets it go on."
    seed = start.seed_prompts
    same = replace(end, verdict="no_evidence", shipped="seed", winners=seed, prompts=seed, why=why)
    view = fold([start, BudgetStopped("--max-calls 300"), same])
    assert sentences.headline(view).startswith("A cap ended the search before any change")
    assert "--max-calls 900" in closing(view)
    assert closing(view).startswith("helped     Not known: a cap came before any change was tried to the end; the seed")


def test_new_prompts_that_were_not_tested_are_neither_good_nor_bad(whole_run: list[Event]) -> None:
    *before, end = whole_run
    assert isinstance(end, RunFinished)
    untested = replace(end.holdout, n=0, wins=0, losses=0, ties=0, undecided=0)
    ended = replace(end, verdict="cannot_tell", shipped="seed", holdout=untested)
    told = closing(fold([*before, ended]))
    assert told.startswith("helped     Not known: the new prompts were not tested; the seed prompts ship")


def test_new_prompts_that_do_not_ship_are_not_told_as_changes(whole_run: list[Event]) -> None:
    *before, end = whole_run
    assert isinstance(end, RunFinished)
    kept = replace(end, shipped="seed", prompts=fold(whole_run).started.seed_prompts)  # type: ignore[union-attr]
    assert "Nothing that ships" not in closing(fold(whole_run))
    assert "Nothing that ships" in closing(fold([*before, kept]))


@pytest.mark.parametrize(
    ("verdict", "look", "level", "p", "named"),
    [
        ("cannot_tell", 4, 0.00083, 0.00098, True),
        ("no_evidence", 2, 0.005, 0.0037, False),
        ("no_evidence", 2, 0.005, 0.0137, True),
        ("no_evidence", 2, 0.005, 0.2, False),
        ("no_evidence", 1, 0.04, 0.045, False),
        ("cannot_tell", 7, 0.000238, 0.000244, True),
        ("cannot_tell", 11, 0.000091, 0.000122, True),
    ],
)
def test_i20_a_claim_that_only_earlier_looks_forbid_says_so_first(
    whole_run: list[Event], verdict: VerdictWord, look: int, level: float, p: float, named: bool
) -> None:
    end = whole_run[-1]
    assert isinstance(end, RunFinished)
    holdout = replace(end.holdout, look=look, level=level, p_value=p, p_worse=1.0, p_bounds=None)
    view = fold([*whole_run[:-1], replace(end, verdict=verdict, shipped="seed", holdout=holdout)])
    said = sentences.headline(view)
    needs, is_ = {7: ("0.00024", "0.000244"), 11: ("0.000091", "0.000122"), 4: ("0.00083", "0.00098")}.get(
        look, (f"{level:.2g}", f"{p:.2g}")
    )
    assert (f"looked at before (look {look}), so a claim needs p ≤ {needs}, and p is {is_}" in said) is named
    assert said in summary(view).splitlines()[0]
    sure = next(one.answer for one in answers(view) if one.question == "Is it sure?")
    assert sure.startswith("No, for the looks before this one") is named
    assert not (named and "too few answers differ" in sure)


def test_i21_the_judge_is_told_with_its_base_and_on_the_page_as_on_the_terminal(real_run: list[Event]) -> None:
    view = fold(real_run)
    page = calibrate([Reading("a", Verdict.WIN, Verdict.WIN, None)])
    for judged, told_so in (
        (
            JudgeTally(0, 6, (1, 34)),
            "contradicted itself on 1 of 34 pairs asked in both orders, on 6 in the whole run.",
        ),
        (JudgeTally(0, 1, (1, 34)), "contradicted itself on 1 of 34 pairs asked in both orders."),
        (JudgeTally(0, 6), "It contradicted itself on 6 pairs of the run."),
    ):
        found = replace(view, judged=judged)
        for judge in (None, page):
            said = answers(found, judge=judge)[-1].answer
            assert told_so in said and "% of pairs" not in said


@pytest.mark.parametrize(
    ("first", "pairs", "told"),
    [
        (2, 2, "100.0% of the time: 4 verdicts are too few to see a lean"),
        (5, 10, "50.0% of the time: 20 verdicts are too few to see a lean"),
        (50, 100, "50.0% of the time: no lean towards a position is seen"),
        (90, 100, "90.0% of the time: it leans towards a position"),
    ],
)
def test_i23_no_lean_is_told_only_where_one_could_be_seen(
    real_run: list[Event], first: int, pairs: int, told: str
) -> None:
    always, never = Reading("a", Verdict.WIN, Verdict.LOSS, None), Reading("a", Verdict.LOSS, Verdict.WIN, None)
    judge = calibrate([always] * first + [never] * (pairs - first))
    assert told in answers(fold(real_run), judge=judge)[-1].answer


def test_i22_changes_that_were_tried_together_are_told_once() -> None:
    names = tuple("abcdefg")
    start = replace(
        started(), agents=names, reads=dict.fromkeys(names, ()), seed_prompts=dict.fromkeys(names, "old"), method="race"
    )
    steps = [
        event
        for name in names
        for event in (
            StepStarted(f"r1/{name}", name, 1, 1, 3, 1),
            PromptChanged(f"r1/{name}", name, "old", "new", "tried together: 5 wins"),
        )
    ]
    view = replace(fold([start, *steps]), tried={f"r1/{name}": Acceptance(("k",), (), 8) for name in names})
    said = answers(view)[3].answer
    assert said.count("tried together") == 1
    assert "a, b, c, d, e, f, g: last changes, tried together on 8 inputs" in said


@pytest.mark.parametrize(
    ("p", "level", "says"),
    [
        (0.00098, 0.04, "p < 0.001"),
        (0.00098, 0.00024, "p = 0.00098"),
        (0.000244, 0.000238, "p = 0.000244"),
        (0.0000153, 0.00024, "p = 0.0000153"),
        (0.0000000153, 0.00024, "p = 1.53e-08"),
        (0.0137, 0.00024, "p = 0.014"),
        (0.0137, 0.04, "p = 0.014"),
    ],
)
def test_i23_beside_a_small_level_a_small_p_value_has_digits(p: float, level: float, says: str) -> None:
    assert phrases.p_value(p, level) == says


def test_i28_a_run_that_asked_nobody_tells_its_time_in_one_sentence() -> None:
    view = replace(fold([started()]), seconds=3.0)
    assert "cost       Nothing was spent so far in 3.0 s" in closing(view).split("\n")


@pytest.mark.parametrize(
    ("rounds", "idle", "words"),
    [
        (1, 0, "its only round"),
        (1, 1, "its only round"),
        (6, 0, "the last of 6 rounds"),
        (6, 1, "the last of 6 rounds"),
        (6, 2, "the last 2 of 6 rounds"),
        (3, 3, "each of its 3 rounds"),
    ],
)
def test_what_speaks_for_more_budget_names_the_rounds_that_it_rests_on(rounds: int, idle: int, words: str) -> None:
    assert sentences.last_rounds(rounds, idle) == words

"""The document and its page: complete at any moment, bounded, documented, and text of models never acts in it."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import fields, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from maspo.config import search_of
from maspo.events import (
    AgentInfluence,
    ApprovalAsked,
    CaseShown,
    Decided,
    EdgeInfluence,
    Effect,
    Event,
    InfluenceMeasured,
    LeftOut,
    LevelAgreement,
    Paused,
    PromptChanged,
    RunFinished,
    RunStarted,
    StepStarted,
    Usage,
)
from maspo.report import sentences
from maspo.report.bundle import first, index_html, policy_of, report_html
from maspo.report.document import build_document, compared_in, document_of, row_of
from maspo.report.document.extras import Extras
from maspo.report.document.parts.cost import cost_of
from maspo.report.document.parts.team import edges_of
from maspo.report.document.schema import schema
from maspo.report.document.spending import CallsSoFar
from maspo.report.fold import fold
from maspo.report.folder import look
from maspo.report.lines import line_of
from maspo.report.questions import answers
from maspo.report.visible import visible
from maspo.store import CallMade
from maspo.study.decisions import DECISIONS, Judge, Veto, decide
from maspo.study.job import Progress
from maspo.study.optimize import DATABASE, start
from maspo.study.resolve import resolve, team_of
from maspo.testing.runs import SMALL_RACE, Recorder, begin, counted_world, with_config, world_job
from tests.report.conftest import INFLUENCE, SEEDS, finished, search_events, started
from tests.report.pages import document, embedded, told
from tests.report.payloads import HTML_PAYLOADS

SCHEMA = Path(__file__).parents[2] / "docs" / "view.schema.json"
MEGABYTE = 1_000_000
EVENTS: list[Event] = [*search_events(), INFLUENCE, finished()]
ATTACKS = (
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "</SCRIPT >",
    "]]>",
    "\x00\x1b]0;title\x07\u202e\ud800",
    "\u2028\u2029",
    "\\u003c",
)
_TEXTS = st.sampled_from(ATTACKS) | st.text(st.characters(), max_size=20)


_OF_THE_FIRST_FRAME = {
    *("header", "nav", "main", "article", "section", "div", "figure", "figcaption"),
    *("h1", "h2", "h3", "p", "ol", "ul", "li", "a", "span", "strong", "code", "kbd", "button"),
}


class _Page(HTMLParser):
    """What a browser would find in the page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.update(name for name, _ in attrs)
        self.links += [value or "" for name, value in attrs if name == "href"]

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")


def _check(page: str) -> dict[str, Any]:
    page.encode("utf-8")
    found = _Page(page)
    assert found.tags[:10] == ["html", "head", *["meta"] * 5, "title", "style", "script"]
    body = found.tags[10:]
    assert body[:2] == ["body", "div"] and body[-3:] == ["noscript", "script", "script"]
    assert set(body[2:-3]) <= _OF_THE_FIRST_FRAME
    assert not any(name.startswith("on") or name in ("src", "style") for name in found.attributes)
    assert all(re.fullmatch(r"#/[a-z]+(\?outcome=[a-z]+)?", link) for link in found.links)
    assert "<" not in embedded(page)
    told: dict[str, Any] = json.loads(embedded(page))
    return told


def _poisoned(event: Event, text: str) -> Event:
    """Return the event with ``text`` in every text field that a model, a user or an endpoint can write."""
    known = {"kind", "step", "verdict", "shipped", "agent"}
    doubled = {"winners", "candidate_prompt", "candidate_outputs"}
    changes: dict[str, Any] = {}
    for field in fields(event):
        value = getattr(event, field.name)
        poison = text * 2 if field.name in doubled else text
        if isinstance(value, str) and field.name not in known:
            changes[field.name] = poison
        if isinstance(value, Mapping) and field.name not in ("reads", "usage"):
            changes[field.name] = dict.fromkeys(value, poison)
    return replace(event, **changes)


@settings(max_examples=25, deadline=None)
@given(text=_TEXTS)
def test_i01_text_of_models_is_data_in_the_page(text: str) -> None:
    found = _check(report_html(document_of(fold([_poisoned(event, text) for event in EVENTS]))))
    assert found["cases"][0]["input"] == visible(text)
    assert visible(text) in found["prompts"].values()


@pytest.mark.parametrize("name", ATTACKS)
def test_i02_names_never_act(whole_run: list[Event], name: str) -> None:
    start = next(event for event in whole_run if isinstance(event, RunStarted))
    end = next(event for event in whole_run if isinstance(event, RunFinished))
    events: list[Event] = [
        replace(start, system=name, agents=(name,), reads={name: (name,)}, seed_prompts={name: "a"}, notes=(name,)),
        StepStarted(name, name, 1, 1, 1, 1),
        PromptChanged(name, name, "a", name, name),
        CaseShown(name, name, name, name, name, {name: name}, {name: name}, (name, "global"), name),
        InfluenceMeasured(
            (AgentInfluence(name, Effect()),), (EdgeInfluence(name, name, 0, 0, 0, LevelAgreement(), Effect()),), name
        ),
        replace(end, usage={name: Usage(1)}, winners={name: "b"}, prompts={name: "b"}, why=name),
    ]
    found = _check(report_html(document_of(fold(events))))
    assert {found["name"], found["agents"][0]["name"], found["hint"]} == {visible(name)}


def test_i03_the_page_needs_nothing_from_elsewhere(whole_run: list[Event]) -> None:
    report, live = report_html(document_of(fold(whole_run))), index_html()
    for page, connections in ((report, "connect-src 'none'"), (live, "connect-src 'self'")):
        policy = policy_of(page)
        assert policy.startswith("default-src 'none'; script-src 'sha256-") and connections in policy
        assert "unsafe" not in policy and "http" not in policy
        assert not re.search(r"url\(|@import|<link|<img|\beval\(|new Function", page)
    assert 'maspo-document" type' not in live


def test_i16_a_page_is_ascii_unless_that_made_it_longer(whole_run: list[Event]) -> None:
    for text, ascii_alone in (("naïve – “quoted”", True), ("几何题：求三角形的面积。" * 2000, False)):
        page = report_html(document_of(fold([_poisoned(event, text) for event in whole_run])))
        assert page.isascii() == ascii_alone
        assert len(page.encode()) < MEGABYTE
        assert _check(page)["cases"][0]["input"].startswith(text[:10])


def test_i17_verdict_and_ten_answers_are_read_without_a_script(whole_run: list[Event]) -> None:
    view = fold(whole_run)
    shown = document_of(view)
    page = report_html(shown).split("<noscript>")[0]
    assert f"<h1>{first.text(sentences.headline(view))}</h1>" in page
    assert len(shown.questions) == 10
    for one in shown.questions:
        assert f"<h3>{first.text(one.question)}</h3></a><p>{first.mark_up(one.answer)}</p>" in page


def test_i04_every_moment_of_a_run_has_a_page(whole_run: list[Event]) -> None:
    for end in [*range(0, 12), *range(12, len(whole_run), 40)]:
        _check(report_html(document_of(fold(whole_run[:end]))))


@settings(max_examples=12, deadline=None)
@given(st.lists(st.integers(0, 10_000), max_size=12))
def test_i05_any_events_in_any_order_have_a_page(whole_run: list[Event], places: list[int]) -> None:
    view = fold([whole_run[place % len(whole_run)] for place in places])
    Draft202012Validator(schema()).validate(_check(report_html(document_of(view))))


def test_i06_the_verdict_is_in_plain_words(
    whole_run: list[Event], real_run: list[Event], worse_run: list[Event], cannot_tell_run: list[Event]
) -> None:
    improved = told(fold(whole_run))
    assert "The new prompts are preferred by the judge. They are shipped." in improved
    assert "51.2% with the seed prompts, 76.4% with the shipped prompts" in improved
    assert "p = 0.012" in improved and "+4.0% to +38.5%" in improved
    real = told(fold(real_run))
    assert "No evidence that the new prompts are better. The seed prompts are shipped." in real
    assert "Simulated world" not in real
    assert "--max-usd 5" in real
    assert "more losses than wins" in told(fold(worse_run))
    assert "About 240 hold-out inputs would be needed; there were 60." in told(fold(cannot_tell_run))
    cut = [replace(event, holdout_inputs=90) if isinstance(event, RunStarted) else event for event in cannot_tell_run]
    assert "About 240 hold-out inputs would be needed; 60 of 90 were tested." in told(fold(cut))


def test_i07_the_schema_that_is_documented_is_that_of_the_document(whole_run: list[Event]) -> None:
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == schema(), (
        "python -m maspo.report.document.schema > docs/view.schema.json"
    )
    Draft202012Validator.check_schema(schema())
    Draft202012Validator(schema()).validate(document(fold(whole_run)))


def test_i08_an_unknown_price_is_never_zero(real_run: list[Event]) -> None:
    cost = document(fold(real_run))["cost"]
    assert cost["money"] == "unknown" and cost["total"]["usd"] is None
    assert next(one for one in cost["purposes"] if one["name"] == "judge: what readers wrote")["usd"] is None


def test_i09_at_most_twenty_cases_those_of_the_latest_steps_first(whole_run: list[Event]) -> None:
    old, new = (next(event for event in whole_run if isinstance(event, CaseShown)) for _ in range(2))
    steps = [event for event in whole_run if isinstance(event, StepStarted)]
    shown = [replace(new, step=steps[9].step, label="new"), *[replace(old, step=steps[0].step, label="old")] * 20]
    found = document(fold([*steps, *shown]))
    assert [one["label"] for one in found["cases"]] == ["new", *["old"] * 19]
    assert found["cases_count"] == 21


def _large_run(start: RunStarted, agents: int) -> list[Event]:
    names = tuple(f"agent_{index}" for index in range(agents))
    prompt = "Solve it step by step. " * 60
    events: list[Event] = [
        replace(
            start,
            agents=names,
            reads=dict(zip(names, [(), *((name,) for name in names[:-1])], strict=True)),
            seed_prompts=dict.fromkeys(names, prompt),
        )
    ]
    for name in names:
        for generation in range(1, 10):
            step = f"{name}.{generation}"
            events.append(StepStarted(step, name, 1, generation, 1, 9))
        events.append(PromptChanged(step, name, prompt, f"{prompt}Check it, {name}.", "won"))
    outputs = dict.fromkeys(names, "An <output>. " * 1000)
    events += [
        CaseShown(names[0], f"{number}", "in", prompt, prompt, outputs, outputs, names[1:], step)
        for number in range(30)
    ]
    return events


def test_i10_three_hundred_agents_stay_below_a_megabyte_and_say_what_is_left_out(whole_run: list[Event]) -> None:
    start = next(event for event in whole_run if isinstance(event, RunStarted))
    view = fold(_large_run(start, 300))
    page = report_html(document_of(view))
    found = _check(page)
    assert len(page.encode()) < MEGABYTE
    assert len(found["agents"]) == 300 and found["steps_count"] == 2700 > len(found["steps"])
    assert "characters left out" in told(view)
    assert "and 287 more did not improve" in told(view)


def test_i11_texts_without_end_stay_below_a_megabyte(whole_run: list[Event]) -> None:
    page = report_html(document_of(fold([_poisoned(event, "<" * 30_000) for event in whole_run])))
    _check(page)
    assert len(page.encode()) < MEGABYTE


def test_i12_ten_questions_at_any_moment(whole_run: list[Event]) -> None:
    for end in (0, 1, 30, len(whole_run)):
        found = answers(fold(whole_run[:end]))
        assert len({one.question for one in found}) == 10
        assert all(one.answer and one.page for one in found)
    lost = answers(fold(whole_run), ["tank", "train"])[4].answer
    assert lost == "8 hold-out inputs: tank, train."


def test_i15_prompts_that_are_twice_as_long_are_said_to_cost_more(whole_run: list[Event]) -> None:
    *before, end = whole_run
    assert isinstance(end, RunFinished)
    length = sum(map(len, SEEDS.values()))
    for more, said in ((-20, ""), (length - 1, ""), (length, f"It is {length} characters longer, which")):
        shipped = {**SEEDS, "critic": f"{SEEDS['critic']}{'x' * more}"[: len(SEEDS["critic"]) + more]}
        ships = answers(fold([*before, replace(end, prompts=shipped)]))[7].answer
        assert ("longer" in ships) == bool(said) and said in ships


def test_i13_a_row_of_a_list_says_how_it_came_out(whole_run: list[Event]) -> None:
    row = row_of(fold(whole_run), "one", "folder", 5.0).dump()
    assert (row["id"], row["verdict"], row["n"], row["state"]) == ("one", "improved", 60, "finished")
    assert row["interval"] == [0.04, 0.385]
    end = next(event for event in whole_run if isinstance(event, RunFinished))
    asked = ApprovalAsked(end.winners, tuple(end.winners)[:1], "improved", end.why, end.holdout, 1, 1)
    waits = row_of(fold([*whole_run[:-1], asked]), "one", "folder", 5.0).dump()
    assert (waits["verdict"], waits["interval"], waits["net"]) == (None, row["interval"], row["net"])


def test_i14_all_payloads_pass_through_the_data_unchanged(whole_run: list[Event]) -> None:
    assert len(set(HTML_PAYLOADS)) == 200
    text = "\n".join(HTML_PAYLOADS)
    event = next(event for event in whole_run if isinstance(event, CaseShown))
    page = report_html(document_of(fold([whole_run[0], replace(event, input_text=text)])))
    assert _check(page)["cases"][0]["input"].startswith(visible(HTML_PAYLOADS[0])[:300])


# ── from a record ────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_i20_a_record_tells_inputs_traces_the_judges_words_and_where_calls_went(tmp_path: Path) -> None:
    await begin(with_config(world_job(inputs=40), search=search_of("default", {"calls": 900})), tmp_path)
    found = build_document(tmp_path).dump()
    Draft202012Validator(schema()).validate(found)
    holdout = found["holdout"]["figures"]
    outcomes = [row["outcome"] for row in found["inputs"]]
    assert (outcomes.count("won"), outcomes.count("lost"), len(outcomes)) == (
        holdout["wins"],
        holdout["losses"],
        holdout["n"],
    )
    for row in found["inputs"]:
        compared = found["traces"][row["trace"]]
        assert compared["reference"][-1]["output"] == row["before"]
    assert sum(one["calls"] for one in found["cost"]["agents"]) == found["cost"]["burn"][-1]["calls"]
    assert found["judge"]["source"] == "holdout"
    assert found["judge"]["figures"]["pairs"] == sum(len(row["verdicts"]) == 2 for row in found["inputs"])
    assert len(report_html(build_document(tmp_path)).encode()) < MEGABYTE
    for case in found["cases"]:
        said = {(one["level"], one["agent"]): one["verdict"] for one in case["said"]}
        assert said.get(("local", case["agent"]), "win") == "win", "a case is won locally"
        assert (case["final"] == "loss") == ("global" in case["lost"])
        asked = any(level == "global" for level, _ in said)
        assert asked or case["settled"] or case["final"] == "tie", "either the judge was asked, or it is said why not"
    key = next(one["key"] for one in found["comparisons"] if one["kept"])
    whole = compared_in(tmp_path, key)
    assert whole is not None and whole.key == key and whole.reference
    assert compared_in(tmp_path, "no such comparison") is None


async def test_i28_whether_the_files_of_prompts_are_known_is_told(tmp_path: Path) -> None:
    job = with_config(world_job(inputs=8), search=SMALL_RACE)
    file = {"system": str(tmp_path / "team.yaml")}
    for name, one, expected in (
        ("demo", job, "none"),
        ("team", replace(job, sources=file), "known"),
        ("python", replace(job, world=None), "unknown"),
    ):
        out = tmp_path / name
        out.mkdir()
        await start(resolve(one), out, Recorder(), counted_world(job).provider, _at_once())
        assert build_document(out).prompt_files == expected


@pytest.mark.parametrize(
    ("team", "agent", "expected", "late"),
    [
        (
            "loop3",
            "writer",
            {"called": "3 rounds at most, until reviewer matches 'APPROVED'"},
            {"reviewer"},
        ),
        ("loop3", "editor", {"rounds": 1, "called": "", "when": "", "each": "", "same_prompt_as": ""}, set()),
        ("routed4", "privacy", {"when": "router", "output": True}, set()),
        ("shared4", "solver_2", {"same_prompt_as": "solver", "called": "the prompt of solver"}, set()),
        ("robots", "robot", {"each": "planner"}, set()),
        ("debate4", "debater_a", {"rounds": 3}, {"debater_b", "debater_c", "debater_d"}),
    ],
)
async def test_i21_how_a_team_goes_is_told(
    tmp_path: Path, team: str, agent: str, expected: dict[str, object], late: set[str]
) -> None:
    await begin(with_config(world_job(team, inputs=8), search=SMALL_RACE), tmp_path, stop=_at_once())
    found = build_document(tmp_path).dump()
    told = next(one for one in found["agents"] if one["name"] == agent)
    assert {name: told[name] for name in expected} == expected
    assert {edge["source"] for edge in found["edges"] if edge["reader"] == agent and edge["late"]} == late


def _at_once() -> asyncio.Event:
    stop = asyncio.Event()
    stop.set()
    return stop


async def test_i22_decisions_are_told_once_they_are_noted_and_once_they_are_taken(tmp_path: Path) -> None:
    await begin(world_job(inputs=8), tmp_path)
    decide(tmp_path, Veto(agent="solver", reason="<b>It must not ask for JSON.\x1b"))
    decide(tmp_path, Judge(case="1", verdict="tie"))
    found = build_document(tmp_path)
    assert [(one.action, one.agent, one.taken) for one in found.decided] == [("veto", "solver", False)]
    assert found.decided[0].reason == visible("<b>It must not ask for JSON.\x1b") and found.decided_count == 1
    (tmp_path / DECISIONS).write_bytes(b"\xff no line\n")
    assert build_document(tmp_path).decided == ()


async def test_i22b_the_judge_is_compared_with_what_a_person_said_of_cases_blind(tmp_path: Path) -> None:
    await begin(with_config(world_job(inputs=60), search=search_of("default", {"calls": 600})), tmp_path)
    cases = [one for one in build_document(tmp_path).cases if one.trace and one.outputs]
    judged = [case for case in cases if any(said.agent == case.outputs[-1][0] for said in case.said)]
    assert judged and build_document(tmp_path).judge.people is None
    for agrees in (True, False):
        for case in judged:
            said = [one for one in case.said if one.agent == case.outputs[-1][0]]
            verdict = next((one for one in said if one.level == "global"), said[0]).verdict
            other = "tie" if verdict != "tie" else "win"
            decide(tmp_path, Judge.model_validate({"case": case.trace, "verdict": verdict if agrees else other}))
        found = build_document(tmp_path).judge.people
        assert found is not None, "what was said first of a case counts: after it the judge's verdict is shown"
        assert (found.agreement.count, found.agreement.n) == (len(judged), len(judged))


def test_i23_what_waits_for_approval_is_told_until_it_is_decided(whole_run: list[Event]) -> None:
    end = next(event for event in whole_run if isinstance(event, RunFinished))
    names = tuple(end.winners)[:2]
    asked = ApprovalAsked(end.winners, names, "improved", end.why, end.holdout, 1, 1)
    events: list[Event] = [*whole_run[:-1], asked]
    found = document_of(fold(events))
    assert found.approval is not None and found.approval.agents == names and found.label == "Awaiting approval"
    said = Decided("1" * 32, "approve", 1, 1, names[0], end.winners[names[0]])
    found = document_of(fold([*events, said]))
    assert found.approval is not None and found.approval.agents == names[1:]
    assert [(one.action, one.taken) for one in found.decided] == [("approve", True)]
    assert document_of(fold([*events, said, end])).approval is None
    assert document_of(fold([*whole_run[:9], Decided("2" * 32, "pause", 1, 1)])).held
    agent = next(event.agent for event in whole_run if isinstance(event, PromptChanged))
    left_out = LeftOut("id", agent, 9, ("tank",), ())
    told = next(one for one in document_of(fold([*whole_run, left_out])).agents if one.name == agent)
    assert told.why and told.left_out is not None and told.left_out.worse == ("tank",)


def test_i24_a_prompt_that_a_person_set_back_is_no_new_prompt(whole_run: list[Event]) -> None:
    start = next(event for event in whole_run if isinstance(event, RunStarted))
    name, seed = next(iter(start.seed_prompts.items()))
    found = PromptChanged(f"r1/{name}", name, seed, "new", "won")
    back = PromptChanged(f"decided-1/{name}", name, "new", seed, "a person pinned the prompt of this agent")
    told = document_of(fold([start, found, back]))
    assert [(one.decision.changed, one.decision.ruled) for one in told.steps if one.decision] == [
        (True, False),
        (True, True),
    ]
    agent = next(one for one in told.agents if one.name == name)
    assert (agent.changed, agent.times_changed) == (False, 1)
    assert "1 prompt change." in told.progress
    assert line_of(back) == f"  {name}: prompt set back, a person pinned the prompt of this agent"


def test_i25_time_in_which_a_run_rested_is_no_time_of_work() -> None:
    calls = CallsSoFar()
    for at in (101.0, 102.0, 3_602.0, 3_603.0):
        calls.add([CallMade("agent", "solver", "m", 1, 1, 0.0, 1.0, at)])
    spent = calls.spending(0)
    assert spent.seconds == 4.0, "an hour passed between the second and the third"
    assert [point.seconds for point in spent.burn] == [1.0, 2.0, 3.0, 4.0]
    resumed = cost_of(
        fold([started(), Paused("interrupted", 2.0), StepStarted("r1", "algebra", 1, 1, 1, 1)]), Extras(spending=spent)
    )
    assert resumed.seconds == 4.0, "what it told when it paused is not what it has worked since"


def test_i26_page_and_panel_tell_the_same_number_of_calls_that_are_expected(tmp_path: Path) -> None:
    """Proofs of conflicts come on top of the plan; a record of an earlier version does not have the number."""
    seen = set[int]()

    class Panel(Recorder):
        def on_progress(self, progress: Progress) -> None:
            seen.add(progress.calls_planned)

    job = with_config(world_job("hierarchical", 40), search=search_of("default", {"calls": 400, "audited_rounds": 2}))
    asyncio.run(start(resolve(job), tmp_path / "run", Panel()))
    planned = job.config.search.planned_calls(team_of(job))
    assert planned is not None and seen == {build_document(tmp_path / "run").cost.planned_calls}
    assert min(seen) > planned
    with closing(sqlite3.connect(tmp_path / "run" / DATABASE)) as record, record:
        record.execute("DELETE FROM meta WHERE key = 'expected'")
    assert build_document(tmp_path / "run").cost.planned_calls == planned


async def test_i27_while_a_run_works_its_edges_tell_what_the_search_tells_at_its_end(tmp_path: Path) -> None:
    job = with_config(world_job("hierarchical", 40), search=search_of("default", {"calls": 400}))
    await begin(job, tmp_path / "run")
    looked = look(tmp_path / "run")
    at_work = replace(looked.view, influence=None)
    told = edges_of(looked.view, Extras())
    assert sum(edge.wins + edge.losses for edge in told) > 0
    assert edges_of(at_work, Extras(entries=looked.entries)) == told
    steps = build_document(tmp_path / "run").steps
    for edge in told:
        seen = [
            counts
            for step in steps
            if step.agent == edge.source
            for name, counts in step.lookahead
            if name == edge.reader
        ]
        assert (sum(one.wins for one in seen), sum(one.losses for one in seen)) == (edge.wins, edge.losses)
    between = [one.score_interval for step in steps for one in step.candidates]
    assert between and all(one is not None and one[0] < one[1] for one in between)

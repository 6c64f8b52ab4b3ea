"""Who read whom, in the ways in which frameworks pass texts on."""

from __future__ import annotations

import json
import textwrap

import pytest

from maspo.apps.provenance import canonical, find_reads, stands_in
from tests.apps.wires import tool, wire

PLAN = 'First find the rate: 12 boxes an hour.\nThen multiply by 8 hours; check "units" and \\frac{a}{b}.'
OTHER = "The weather in Paris is mild in spring. Nobody needs a coat there after April."


@pytest.mark.parametrize(
    "shown",
    [
        PLAN,
        f"Plan:\n{PLAN}\n\nQuestion: how many?",
        textwrap.indent(PLAN, " " * 8),
        PLAN.replace("\n", "\r\n   "),
        json.dumps({"plan": PLAN, "n": 1}),
        json.dumps([{"role": "user", "content": json.dumps({"plan": PLAN})}]),
        f"<plan>{PLAN}</plan>",
        PLAN.partition("\n")[0] + " (cut)",
        PLAN.partition("\n")[2],
    ],
)
def test_an_output_is_found_however_it_is_passed_on(shown: str) -> None:
    calls = [wire("weather", OTHER, "q"), wire("planner", PLAN, "q")]
    assert find_reads(wire("solver", "x", shown), calls, ["q"]) == {1}


def test_what_the_input_and_the_prompt_say_anyway_tells_nothing() -> None:
    calls = [wire("a", "How many boxes are made in a day?", "q"), wire("b", "You are a solver of problems.", "q")]
    reader = wire("solver", "x", "How many boxes are made in a day?", prompt="You are a solver of problems.")
    assert find_reads(reader, calls, ["How many boxes are made in a day?", "You are a solver of problems."]) == set()


@pytest.mark.parametrize(
    ("shown", "found"),
    [
        ("Critic said: yes", {0}),
        ("yes", {0}),
        ("verdict:\nyes\nQuestion: 2?", {0}),
        ('{"verdict": "yes"}', {0}),
        ("<verdict>yes</verdict>", {0}),
        ("yes, of course it is", set()),
        ("the eyes have it", set()),
        ("say yes to it", set()),
    ],
)
def test_a_short_output_counts_only_where_it_stands_by_itself(shown: str, found: set[int]) -> None:
    assert find_reads(wire("b", "x", shown), [wire("a", "yes", "q")], ["q"]) == found


def test_what_stands_in_another_output_belongs_to_that_one() -> None:
    critic = f"The plan says: {PLAN} I agree with all of it, and would add that the night shift counts."
    calls = [wire("planner", PLAN, "q"), wire("critic", critic, PLAN)]
    assert find_reads(wire("editor", "x", critic), calls, []) == {1}
    assert find_reads(wire("editor", "x", critic, PLAN), calls, []) == {0, 1}


def test_values_of_structured_outputs_and_of_tool_calls_are_found() -> None:
    task = "Work out how many boxes are made in a night shift of 8 hours."
    structured = wire("planner", json.dumps({"steps": [task], "n": 3}), "q")
    asks = wire("manager", "", "q", tools=(tool("ask_solver", json.dumps({"task": task})),))
    for call in (structured, asks):
        assert find_reads(wire("solver", "x", task), [call], ["q"]) == {0}


def test_a_named_part_of_an_output_is_found_though_the_rest_is_not_passed_on() -> None:
    plan = "Look it up in the timetable first."
    long = "A long consideration of what could be done about all this. " * 9
    for output in (f"[[ ## reasoning ## ]]\n{long}\n[[ ## plan ## ]]\n{plan}\n", f"{long}<plan>{plan}</plan>"):
        assert find_reads(wire("b", "x", f"Plan: {plan}"), [wire("a", output, "q")], ["q"]) == {0}


def test_the_result_of_a_tool_tells_who_is_gone_on_with() -> None:
    handoff = wire("triage", "", "q", tools=(tool("transfer_to_math", "{}", '{"assistant": "math"}'),))
    assert find_reads(wire("math", "42", "q", ("tool", '{"assistant": "math"}')), [handoff], ["q"]) == {0}


def test_agents_side_by_side_that_got_the_same_from_a_tool_did_not_read_one_another() -> None:
    used = (tool("look_up", json.dumps({"topic": "units"}), "The handbook says nothing more about units."),)
    asks = [wire(name, "", "q", tools=used) for name in ("solver", "sceptic")]
    brings = ("tool", "The handbook says nothing more about units.")
    for place, name in enumerate(("solver", "sceptic")):
        assert find_reads(wire(name, "x", "q", brings), asks, ["q"]) == {place}
        assert find_reads(wire(name, "x", "q", brings), asks[::-1], ["q"]) == {1 - place}
    assert find_reads(wire("editor", "x", "q", used[0].result or ""), asks, ["q"]) == {1}


def test_what_an_agent_got_from_its_own_tool_is_its_own_though_another_one_wrote_it_before() -> None:
    page = "The timetable of the line says that a train leaves at ten past nine."
    asks = wire("solver", "", "q", tools=(tool("fetch", "{}", page),))
    fetched, critic = wire("fetcher", page, "q"), wire("critic", page, "q")
    assert find_reads(wire("solver", "x", "q", ("tool", page)), [fetched, asks], ["q"]) == {1}
    assert find_reads(wire("solver", "x", "q", ("tool", page)), [asks, critic], ["q"]) == {1}, "an agent as a tool"


def test_a_text_that_was_cut_is_read_though_it_quotes_another_one_whole() -> None:
    critic = f"The plan that I was given says this: {PLAN} I agree with nearly all of it. The night shift is left out."
    calls = [wire("planner", PLAN, "q"), wire("critic", critic, PLAN)]
    cut = critic.removesuffix(" The night shift is left out.")
    assert 1 in find_reads(wire("editor", "x", cut), calls, [])
    assert find_reads(wire("editor", "x", PLAN), calls, []) == {0}, "the plan alone"


def signed(words: str, letter: str = "B") -> str:
    """Return what agents of one team write: much of it in the same words, and the same answer."""
    opening = "Here is my answer to the question that was put to me.\nI have checked it twice.\n"
    return f"{opening}<answer>{letter}</answer>\n[{words}]"


def test_who_wrote_the_same_answer_in_the_same_words_is_not_read_for_that() -> None:
    plan, one, other, expert = map(signed, ("by the plan", "by rule 1", "by rule 2", "by heart"))
    calls = [wire("planner", plan, "q"), wire("expert", expert, "q"), wire("solver", one, plan)]
    assert find_reads(wire("sceptic", "x", f"q\n\nPlan:\n{plan}"), calls, ["q"]) == {0}
    calls.append(wire("sceptic", other, plan))
    assert find_reads(wire("critic", "x", f"One:\n{one}\n\nOther:\n{other}"), calls, ["q"]) == {2, 3}


def test_texts_that_have_nothing_in_common_are_not_taken_for_read() -> None:
    calls = [wire("a", PLAN, "q"), wire("b", OTHER, "q"), wire("c", "", "q"), wire("d", "{}", "q")]
    assert find_reads(wire("e", "x", "Say something else altogether, at some length, please."), calls, []) == set()


def test_an_answer_is_known_by_who_wrote_it() -> None:
    assert stands_in(f"Answer: {PLAN}", wire("a", PLAN, "q"))
    assert stands_in("12", wire("a", json.dumps({"answer": "12"}), "q"))
    assert stands_in("B", wire("a", "It is late.\n<answer>B</answer>", "q"))
    assert not stands_in("13", wire("a", "12", "q"))


@pytest.mark.parametrize("text", [PLAN, OTHER, "\\n \\u00e9 {x}", "a\n\n\n  b\t c"])
def test_canonical_texts_stay_as_they_are(text: str) -> None:
    assert canonical(canonical(json.dumps(text)[1:-1])) == canonical(canonical(text))


def test_a_structured_answer_is_known_by_the_tool_call_that_gave_it() -> None:
    trip = {"title": "Three harbours in four days", "stops": ["Kiel", "Aarhus"]}
    asked = wire("planner", "", "q", tools=(tool("final_result", json.dumps(trip, indent=1)),))
    ran = wire("planner", "", "q", tools=(tool("look_up", json.dumps(trip), result="found"),))
    for answer in (json.dumps(trip), f"{trip['title']}: Kiel", '{"stops": ["Kiel", "Aarhus"]}'):
        assert stands_in(answer, asked)
        assert not stands_in(answer, ran)

"""The team behind an app, found from its rollouts."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from maspo.apps.declared import Declared
from maspo.apps.discovery import Discovery, Seen, discover
from maspo.gateway.wire import WireCall
from maspo.optimizers.race.inputs import observations
from maspo.team.app import App
from maspo.team.load import dump_system, parse_system
from tests.apps.wires import tool, wire

APP = App("team:answer")
TRIAGE = "You are the triage desk of a school. Hand the question to the teacher who knows most about it."
MATH = "You are a maths teacher. Explain every step, and end with the result."
HISTORY = "You are a history teacher. Name the sources, and end with the year."
CRITIC = "You check what a teacher wrote. Say what is wrong with it, or OK."
QUESTIONS = ("How many primes are below one hundred?", "When did the wall of Berlin fall?", "What is 7 times 8?")

RULES = "\n\nHere are the rules you should always follow to solve your task:\n"


def seen(key: str, question: str, answer: str, *calls: WireCall) -> Seen:
    """Return a rollout as it is seen before anybody knows whose calls are whose."""
    numbered = tuple(replace(call, agent=None, number=place) for place, call in enumerate(calls))
    return Seen(key, {"input": question}, numbered, answer)


def handoff(question: str, to: str) -> WireCall:
    asked = (tool(f"transfer_to_{to}", "{}", json.dumps({"assistant": to})),)
    return wire("t", "", question, prompt=TRIAGE, tools=asked, offered=("transfer_to_maths", "transfer_to_history"))


def found(*rollouts: Seen, now: datetime | None = None) -> Discovery:
    discovery = discover(APP, rollouts, now=now)
    assert discovery is not None
    return discovery


def school() -> Discovery:
    def lesson(key: str, question: str, to: str, prompt: str, said: str) -> Seen:
        taken_over = ("tool", json.dumps({"assistant": to}))
        return seen(
            key,
            question,
            said,
            handoff(question, to),
            wire(to, said, question, taken_over, prompt=prompt),
            wire("c", f"OK, that is fine ({key})", said, prompt=CRITIC),
        )

    return found(
        lesson("1", QUESTIONS[0], "maths", MATH, "There are 25 primes below one hundred."),
        lesson("2", QUESTIONS[1], "history", HISTORY, "The wall of Berlin fell in 1989, on a Thursday."),
        lesson("3", QUESTIONS[2], "maths", MATH, "Seven times eight is 56, as everybody knows."),
    )


def test_agents_readers_tools_and_who_answers_are_found() -> None:
    discovery = school()
    system = discovery.system
    assert {agent.name: agent.prompt for agent in system.agents} == {
        "triage_desk": TRIAGE,
        "maths": MATH,
        "check": CRITIC,
        "history": HISTORY,
    }
    assert {agent.name: set(agent.reads) for agent in system.agents} == {
        "triage_desk": set(),
        "maths": {"triage_desk"},
        "history": {"triage_desk"},
        "check": {"maths", "history"},
    }
    assert (system.output, {agent.name for agent in system.agents if agent.answers}) == ("maths", {"maths", "history"})
    assert (discovery.attributed, discovery.calls, discovery.calls_a_rollout) == (9, 9, 3.0)
    assert system.app is not None and system.app.dialects == ("chat",)


def test_what_could_not_be_told_is_said() -> None:
    notes = "\n".join(school().notes)
    assert "agents.history: called on 1 of 3 inputs" in notes
    bare = seen("4", "hm", "x", wire("w", "x", "hm", prompt=" "), wire("m", "x", "hm", prompt=MATH))
    other = seen("5", "ah", "z", wire("m", "y", "ah", prompt=MATH))
    notes = "\n".join(found(bare, other).notes)
    assert "1 calls hold no instructions" in notes
    assert "whole row" not in notes
    as_printed = repr({"input": QUESTIONS[0]})
    told = found(seen("6", QUESTIONS[0], "x", wire("m", "x", as_printed, prompt=MATH)))
    assert any("whole row" in note and "(input)" in note for note in told.notes)


def test_an_agent_that_is_not_called_on_all_inputs_is_looked_for_by_a_search() -> None:
    system = school().system
    assert system.team.sometimes == {"maths", "history"}
    again = parse_system(dump_system(system))
    assert again.team.sometimes == {"maths", "history"}
    looks = observations(system.prompts, again.team, [f"input {number}" for number in range(40)], 400, 0)
    assert 4 < len({one.input_key for one in looks}) < 40


def test_an_agent_that_was_chosen_among_others_each_time_may_not_be_next_time() -> None:
    def rollout(key: str, asked: WireCall) -> Seen:
        answer = "There are 25 primes below one hundred."
        return seen(key, QUESTIONS[0], answer, asked, wire("m", answer, QUESTIONS[0], prompt=MATH))

    asked = handoff(QUESTIONS[0], "maths")
    free = found(*(rollout(str(number), asked) for number in range(3)))
    assert free.system.team.sometimes == {"maths"}
    bound = found(*(rollout(str(number), replace(asked, offered=("transfer_to_maths",))) for number in range(3)))
    assert not bound.system.team.sometimes


def test_agents_may_read_one_another_in_a_circle() -> None:
    draft, review, final = (f"{word} of the letter, in a full sentence." for word in ("A draft", "A review", "The end"))
    writer, critic = "You are a writer. Write the letter that is asked for.", CRITIC
    rollouts = [
        seen(
            str(number),
            question,
            f"{number} {final}",
            wire("w", f"{number} {draft}", question, prompt=writer),
            wire("c", f"{number} {review}", f"{number} {draft}", prompt=critic),
            wire("w", f"{number} {final}", question, f"{number} {review}", prompt=writer),
        )
        for number, question in enumerate(QUESTIONS)
    ]
    system = found(*rollouts).system
    assert {agent.name: (agent.reads, agent.calls) for agent in system.agents} == {
        "writer": (("check",), 2),
        "check": (("writer",), 1),
    }
    assert system.levels == (("writer", "check"),)
    assert system.downstream["check"] == {"writer", "check"}


def test_an_agent_whose_words_nobody_reads_decides_who_is_called() -> None:
    rollouts = [
        seen(
            str(number),
            question,
            f"Lesson {number} is that one should always ask.",
            wire("r", json.dumps({"route": "teacher"}), question, prompt="You route questions to whoever knows best."),
            wire("t", f"Lesson {number} is that one should always ask.", question, prompt=MATH),
        )
        for number, question in enumerate(QUESTIONS)
    ]
    system = found(*rollouts).system
    assert [(agent.name, agent.steering) for agent in system.agents] == [("route", True), ("maths_teacher", False)]
    assert system.downstream["route"] == {"route", "maths_teacher"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Your input fields are:\n1. `q` (str)\nIn adhering to this structure, your objective is: \n        ", ""),
        ("", '\n\nYou are an agent. Your internal name is "plan". The description about you is "Plans."\n\nTransfer.'),
        ("You are Scout. You read slowly.\nYour personal goal is: ", "\n\nCurrent Date: 2026-11-28"),
        ("Example:\n```\nx\n```\n- a: An agent.\n  - Returns an output of type: string\n", f"{RULES}1. Always."),
        ("Example:\n<code>\nx\n</code>\nOnly these:\n<code>\ndef a()\n\n</code>\n", f"{RULES}1. Always."),
        (f"Rules.{RULES}1. Always.\n11. Don't give up! You're in charge.\n", "\n\nNow Begin!"),
    ],
)
def test_what_a_framework_sets_around_a_prompt_is_no_part_of_it(before: str, after: str) -> None:
    prompt = "You plan the journey.\n        Name two trains.\n\nAnd a third."
    said = "Take the train to Lyon, and change there."
    calls = [wire("p", said, question, prompt=before + prompt + after) for question in QUESTIONS]
    rollouts = [seen(question, question, said, call) for question, call in zip(QUESTIONS, calls, strict=True)]
    assert {agent.name: agent.prompt for agent in found(*rollouts).system.agents} == {"plan": prompt}


def test_what_is_set_around_a_prompt_is_part_of_it_where_nothing_else_tells_agents_apart() -> None:
    goal = "Your personal goal is: Give the letter of the answer."
    prompts = [f"You are {role}. You are brief.\n{goal}" for role in ("Scout", "Judge")]
    said = "The letter that follows is M, since it comes after L."
    rollouts = [
        seen(question, question, said, *(wire("x", f"{said} {place}", question, prompt=prompt) for prompt in prompts))
        for place, question in enumerate(QUESTIONS)
    ]
    assert [agent.prompt for agent in found(*rollouts).system.agents] == prompts


def test_an_agent_without_instructions_keeps_the_prompt_of_its_framework() -> None:
    prompt = f"Examples:\n<code>\nx\n</code>\nMore.\n\nTools:\n<code>\ndef a()\n\n</code>{RULES}1. Always."
    said = "The letter that follows is M, since it comes after L."
    rollouts = [seen(one, one, said, wire("x", said, one, prompt=prompt)) for one in QUESTIONS]
    assert [agent.prompt for agent in found(*rollouts).system.agents] == [prompt]


@pytest.mark.parametrize(
    ("told", "name"),
    [
        ("Senior Writer", "senior_writer"),
        ("Prüfer", "prüfer"),
        ("计划者", "计划者"),
        ("समीक्षक", "समीक्षक"),
        ("İstanbul Ofisi", "i̇stanbul_ofisi"),
        ("E\u0301diteur (v2)", "éditeur_v2"),
        ("🤖", "plan"),
        ("7 wonders", "plan"),
        ("Input", "plan"),
    ],
)
def test_agents_keep_the_names_of_their_framework_in_any_script(told: str, name: str) -> None:
    prompt = "Plan the journey, and name two trains."
    calls = [wire("p", f"Go by train number {n}.", question, prompt=prompt) for n, question in enumerate(QUESTIONS)]
    rollouts = [seen(q, q, call.output, call) for q, call in zip(QUESTIONS, calls, strict=True)]
    rollouts = [replace(one, declared=(Declared(told, (prompt,)),)) for one in rollouts]
    (agent,) = found(*rollouts).system.agents
    assert agent.name == name


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("You are a careful planner who thinks ahead.", "careful_planner"),
        ("You are a team supervisor managing an expert. Use them.", "team_supervisor"),
        ("Du bist eine Prüferin für Verträge. Lies genau.", "prüferin"),
        ("Sie sind der Übersetzer.", "übersetzer"),
        ("Vous êtes un rédacteur qui écrit bien.", "rédacteur"),
        ("Eres una diseñadora de viajes, y breve.", "diseñadora"),
        ("Sei un revisore che corregge.", "revisore"),
        ("Você é um tradutor. Traduza tudo.", "tradutor"),
        ("你是一名旅行计划者，请安排行程，说明两班火车。", "旅行计划者"),
        ("あなたは編集者です。文章を直してください。", "編集者"),
        ("Sie sollen alle Züge nennen, die fahren.", "agent1"),
    ],
)
def test_prompts_in_several_languages_name_their_agents(prompt: str, name: str) -> None:
    calls = [wire("p", f"Take train number {n}.", question, prompt=prompt) for n, question in enumerate(QUESTIONS)]
    rollouts = [seen(q, q, call.output, call) for q, call in zip(QUESTIONS, calls, strict=True)]
    (agent,) = found(*rollouts).system.agents
    assert agent.name == name


def test_agents_of_one_name_are_told_apart_by_their_prompts_and_one_text_of_both_is_said() -> None:
    twins = [f"You are a careful clerk. You look only at the {what} of a bill." for what in ("sums", "dates")]
    rounds = [f"You edit letters. This is round {number} of 2." for number in (1, 2)]
    asked = [f"The bill of {name} is wrong, please correct it." for name in ("Ann", "Bob", "Cid")]
    rollouts = [
        seen(str(at), text, f"Done {at}.", *(wire("x", f"Done {at}.", text, prompt=one) for one in (*twins, *rounds)))
        for at, text in enumerate(asked)
    ]
    source = "def look(what):\n    return f'You are a careful clerk. You look only at the {what} of a bill.'\n"
    discovery = discover(APP, rollouts, sources={"team.py": source})
    assert discovery is not None
    assert list(discovery.system.order) == ["careful_clerk_sums", "careful_clerk_dates", "edit", "edit_2"]
    (note,) = [note for note in discovery.notes if "one text says" in note]
    assert note.startswith("agents.careful_clerk_sums and careful_clerk_dates: one text says their prompts (team.py:2)")


def test_no_team_is_made_up_where_nothing_can_be_told() -> None:
    assert discover(APP, [seen("1", "a", "b", wire("x", "b", "a", prompt="hm"))]) is None


def test_a_discovered_system_can_be_written_and_read() -> None:
    system = school().system
    text = dump_system(system)
    again = parse_system(text)
    assert again.agents == system.agents
    assert again.output == "maths"
    assert again.app is not None and system.app is not None
    assert replace(again.app, folder="") == system.app


def test_a_file_that_lies_elsewhere_says_where_its_app_is_started(tmp_path: Path) -> None:
    system = replace(school().system, app=App("team:answer", folder=str(tmp_path)))
    for place in (tmp_path, tmp_path / "systems", tmp_path.parent):
        place.mkdir(exist_ok=True)
        text = dump_system(system, place)
        assert ("folder:" in text) == (place != tmp_path)
        assert parse_system(text, folder=place) == system

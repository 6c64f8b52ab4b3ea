"""An agent whose prompt comes in several forms is one agent, and two agents are two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from maspo.apps.discovery import Discovery, Seen, discover
from maspo.gateway.wire import WireCall
from maspo.team.app import App
from tests.apps.wires import tool, wire

BASE = "You answer a letter of a customer in two friendly sentences, and sign with the name of the shop."
GIFT = "Offer a voucher, if that helps."
LATE = "Say that it was our fault."
TOPICS = ("trains", "boats", "bikes", "planes", "trams", "ferries", "horses", "sledges")


def look(*prompts: Sequence[str], source: str = "", offered: tuple[str, ...] = ()) -> Discovery:
    """Return what is found in rollouts that each call an agent with each of some prompts, one after another."""
    rollouts = []
    for number, (topic, told) in enumerate(zip(TOPICS, prompts, strict=False)):
        letter = f"A letter about {topic}, which came late."
        calls = [
            wire(None, f"Reply {number} on {topic}.", letter, prompt=prompt, number=place, offered=offered)
            for place, prompt in enumerate(told)
        ]
        rollouts.append(Seen(str(number), {"input": letter}, tuple(calls), calls[-1].output))
    discovery = discover(App("team:answer"), rollouts, sources={"team.py": source} if source else {})
    assert discovery is not None
    return discovery


def prompts(discovery: Discovery) -> list[str]:
    return [agent.prompt for agent in discovery.system.agents]


@pytest.mark.parametrize(
    ("forms", "whole"),
    [
        ((BASE, f"{BASE}\n{GIFT}"), f"{BASE}{{value}}"),
        ((f"{GIFT}\n{BASE}", BASE), f"{{value}}{BASE}"),
        ((f"{BASE} Be short.", f"{BASE} {GIFT} Be short."), f"{BASE} {{value}}Be short."),
        ((f"{BASE}\n{LATE}", BASE, f"{BASE}\n{GIFT}"), f"{BASE}{{value}}"),
        ((BASE, BASE.replace("two", "2"), BASE.replace("two", "3")), None),
        ((BASE.replace("two", "2"), BASE.replace("two", "3")), BASE.replace("two", "{value}")),
    ],
)
def test_forms_that_differ_in_numbers_and_passages_of_some_inputs_are_one(
    forms: tuple[str, ...], whole: str | None
) -> None:
    discovery = look(*[[one] for one in forms for _ in range(2)])
    if whole is None:
        assert len(prompts(discovery)) == 2, "a word in place of another is another prompt"
        return
    assert prompts(discovery) == [whole]
    (agent,) = discovery.system.agents
    assert not agent.sometimes and agent.calls == 1 and discovery.attributed == discovery.calls
    (note,) = [note for note in discovery.notes if "taken for one" in note]
    assert f"{len(forms)} prompts" in note


def test_agents_that_one_run_calls_stay_apart_however_alike_they_are() -> None:
    both = [BASE, f"{BASE}\n{GIFT}"]
    assert prompts(look(both, both, both)) == both
    assert prompts(look(both, [BASE], [BASE])) == both


def test_agents_with_other_tools_or_hardly_a_word_in_common_stay_apart() -> None:
    short = ["You are a helpful clerk.", "You are a helpful clerk. Answer as JSON, with the keys topic and mood."]
    assert sorted(prompts(look(*[[one] for one in short for _ in range(2)]))) == sorted(short)
    rollouts = []
    for number, topic in enumerate(TOPICS[:4]):
        prompt, offered = (BASE, ("a",)) if number % 2 else (f"{BASE}\n{GIFT}", ("b",))
        call = wire(None, f"On {topic}.", f"About {topic}.", prompt=prompt, offered=offered)
        rollouts.append(Seen(str(number), {"input": f"About {topic}."}, (call,), call.output))
    discovery = discover(App("team:answer"), rollouts)
    assert discovery is not None and len(discovery.system.agents) == 2


TONES = [BASE.replace("friendly", tone) for tone in ("friendly", "very short", "formal")]


def test_words_that_one_text_of_the_source_puts_in_are_a_value() -> None:
    told = [[one] for one in TONES for _ in range(2)]
    source = f"def clerk(tone):\n    return f{BASE.replace('friendly', '{tone}')!r}\n"
    discovery = look(*told, source=source)
    assert prompts(discovery) == [BASE.replace("friendly", "{value}")]
    assert list(discovery.system.order) == ["clerk"]
    (note,) = [note for note in discovery.notes if "taken for one" in note]
    assert "team.py:2" in note and "'friendly'" in note
    apart = "".join(f"CLERK{number} = {tone!r}\n" for number, tone in enumerate(TONES))
    assert prompts(look(*told, source=apart)) == TONES, "each has a text of its own"
    assert len(prompts(look(*told))) == len(TONES), "nothing tells that these are no three agents"
    assert len(prompts(look(TONES, TONES, source=source))) == len(TONES), "they work side by side"


def test_a_frame_into_which_duties_are_put_makes_no_agent_of_several() -> None:
    duties = ["You look for mistakes in sums.", "You translate names of places into French, and explain them."]
    source = "def told(duty):\n    return f'{duty} Answer in one sentence, and sign it with your name.'\n"
    whole = [f"{duty} Answer in one sentence, and sign it with your name." for duty in duties]
    assert prompts(look(*[[one] for one in whole for _ in range(2)], source=source)) == whole


def test_numbers_that_one_text_counts_within_a_run_are_a_value() -> None:
    steps = [f"This is step {number} of your work on a letter: look what is missing." for number in (1, 2)]
    source = "def clerk(n):\n    return f'This is step {n} of your work on a letter: look what is missing.'\n"
    discovery = look(steps, steps, steps[:1], source=source)
    assert prompts(discovery) == [steps[0].replace("1", "{value}")]
    assert discovery.system.agents[0].calls == 2
    assert len(prompts(look(steps, steps, steps[:1]))) == 2


def test_a_guard_beside_an_agent_that_hands_over_was_not_handed_over_to() -> None:
    front, guard, clerk = "You are the front desk. Hand over.", "You look whether a letter is rude.", BASE
    rollouts = []
    for number, topic in enumerate(TOPICS[:4]):
        letter, said = f"A letter about {topic}, which came late.", f"Reply on {topic}."
        result = '{"assistant": "Clerk"}'
        asked = (tool("transfer_to_clerk", "{}", result),)
        calls: list[WireCall] = [
            wire(None, "", letter, prompt=front, tools=asked, offered=("transfer_to_clerk", "transfer_to_boss")),
            wire(None, "No, it is polite.", letter, prompt=guard),
        ]
        calls = [*calls[:: 1 if number % 2 else -1], wire(None, said, letter, ("tool", result), prompt=clerk)]
        numbered = tuple(replace(call, number=place) for place, call in enumerate(calls))
        rollouts.append(Seen(str(number), {"input": letter}, numbered, said))
    discovery = discover(App("team:answer"), rollouts)
    assert discovery is not None
    found = {agent.prompt: agent for agent in discovery.system.agents}
    assert found[clerk].name == "clerk" and found[clerk].sometimes
    assert found[guard].name != "clerk" and not found[guard].sometimes
    (note,) = [note for note in discovery.notes if note.startswith("boss: ")]
    assert "transfer_to_boss" in note and "none of 4 inputs" in note


def test_prompts_that_no_file_says_are_told_before_they_are_paid_for() -> None:
    told = [[BASE, GIFT + " Do it in ten words."]] * 3
    stands = f"CLERK = {BASE!r}\n"
    (note,) = [note for note in look(*told, source=stands).notes if "maspo apply" in note]
    assert note.startswith("agents.offer: no file of the app (1 read)") and "clerk" not in note
    assert not [note for note in look(*told).notes if "maspo apply" in note], "no file was looked into"

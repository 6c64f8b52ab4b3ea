"""Teams as they live: conditions, rounds, shared prompts, lists and chats in the system file."""

from __future__ import annotations

import re

import pytest

from maspo.core.errors import SystemInvalid
from maspo.team.load import dump_system, parse_system

ROUTED = """
agents:
  router: {prompt: Say billing or other.}
  billing: {prompt: You answer on bills., reads: [router], when: {agent: router, equals: billing}}
  other: {prompt: You answer anything., reads: [router], when: {agent: router, matches: "other|none"}}
"""
CRITIC = """
agents:
  writer: {prompt: You write., reads: [critic]}
  critic: {prompt: You criticise., reads: [writer], rounds: 3, until: {agent: critic, matches: GOOD}}
  editor: {prompt: You edit., reads: [writer]}
"""
DEBATE = """
rounds: 3
agents:
  ann: {prompt: You argue., reads: [bob, cec, dan]}
  bob: {same_prompt_as: ann, reads: [ann, cec, dan]}
  cec: {same_prompt_as: ann, reads: [ann, bob, dan]}
  dan: {same_prompt_as: ann, reads: [ann, bob, cec]}
  judge: {prompt: You decide., reads: [ann, bob, cec, dan]}
"""
ROBOTS = """
agents:
  planner: {prompt: Write a JSON list of tasks under tasks.}
  robot: {prompt: You do one task., each: {agent: planner, path: tasks, most: 3}}
  closer: {prompt: You report., reads: [robot]}
"""
CHAT = """
agents:
  solver:
    prompt:
    - {role: user, content: "What is 2 + 2?"}
    - {role: assistant, content: "4"}
    - {role: system, content: You solve problems.}
    - {role: user, content: "{input}"}
"""


@pytest.mark.parametrize("text", [ROUTED, CRITIC, DEBATE, ROBOTS, CHAT])
def test_l01_what_is_read_is_written_back(text: str) -> None:
    system = parse_system(text)
    assert parse_system(dump_system(system)) == system


def test_l02_a_circle_goes_round_in_the_order_of_the_file() -> None:
    (circle,), (editor,) = parse_system(CRITIC).flow.levels
    assert circle.layers == (("writer",), ("critic",)) and circle.rounds == 3
    assert circle.until is not None and editor.layers == (("editor",),)


def test_l03_three_or_more_that_all_read_one_another_speak_at_the_same_time() -> None:
    (debate,), _ = parse_system(DEBATE).flow.levels
    assert debate.layers == (("ann", "bob", "cec", "dan"),) and debate.rounds == 3


def test_l04_branches_without_a_reader_are_answers_each_on_its_inputs() -> None:
    system = parse_system(ROUTED)
    assert system.output == "billing" and system.team.answering == {"other"}
    assert system.team.sometimes == {"billing", "other"}
    assert system.team.reached(["router"]) == {"router", "billing", "other"}


def test_l05_a_shared_prompt_acts_on_all_that_have_it() -> None:
    system = parse_system(DEBATE)
    assert system.prompts["dan"] == "You argue."
    assert system.team.acting("ann") == ("ann", "bob", "cec", "dan")
    changed = system.with_shared({**system.prompts, "ann": "You shout."})
    assert {changed[name] for name in ["ann", "bob", "cec", "dan"]} == {"You shout."}
    assert system.with_prompts(changed).prompts == changed


BAD = [
    ("when: {agent: nobody, equals: x}", r"agents\.b\.when\.agent: unknown agent 'nobody'; the agents are: a, b"),
    ("when: {agent: a}", r"agents\.b\.when: give one of `equals: TEXT` and `matches: PATTERN`"),
    ("when: {agent: a, equals: x, matches: y}", r"agents\.b\.when: give one of"),
    ("when: {agent: a, matches: '('}", r"agents\.b\.when\.matches: '\(' is not a regular expression"),
    ("when: {agent: a, matches: 'x{99999999999}'}", "is not a regular expression .the repetition number is too large"),
    ("when: {agent: a, matches: '" + "(" * 5000 + ")" * 5000 + "'}", "is not a regular expression .groups nested too"),
    ("when: {agent: b, equals: x}", r"agents\.b\.when: hangs on its own output"),
    ("when: a says yes", r"agents\.b\.when: the text 'a says yes' is given; expected keys and values"),
    ("when: {agnet: a, equals: x}", r"agents\.b\.when: unknown key 'agnet'; did you mean 'agent'\?"),
    ("rounds: 0", r"agents\.b\.rounds: 0 is given; expected 1 to 20"),
    ("rounds: 99", r"agents\.b\.rounds: 99 is given; expected 1 to 20"),
    ("rounds: 3", r"agents\.b\.rounds: it stands in no circle, so there is nothing to repeat"),
    ("until: {agent: a, equals: x}", r"agents\.b\.until: without `rounds`; add the hard limit"),
    ("same_prompt_as: a", r"agents\.b\.prompt: given beside `same_prompt_as: a`; leave one of them out"),
    ("each: {agent: nobody}", r"agents\.b\.each\.agent: unknown agent 'nobody'"),
    ("each: {path: x}", r"agents\.b\.each\.agent: missing; name the agent that writes the list"),
    ("each: {agent: a, most: 1000}", r"agents\.b\.each\.most: 1000 is given; expected 1 to 100"),
]


@pytest.mark.parametrize(("line", "message"), BAD, ids=[line[:60] for line, _ in BAD])
def test_l06_errors_name_the_place_and_the_fix(line: str, message: str) -> None:
    text = f"agents:\n  a: {{prompt: A}}\n  b:\n    prompt: B\n    reads: [a]\n    {line}\n"
    with pytest.raises(SystemInvalid, match=message):
        parse_system(text)


def test_l07_a_circle_without_a_limit_is_told_how_to_get_one() -> None:
    text = "agents: {a: {prompt: x, reads: [b]}, b: {prompt: y, reads: [a]}, c: {prompt: z, reads: [b]}}"
    with pytest.raises(SystemInvalid, match=r"a cycle, [ab] → [ab].*with `rounds: 3`"):
        parse_system(text)


def test_l08_who_shares_a_shared_prompt_is_told_whose_it_is() -> None:
    text = "agents: {a: {prompt: x}, b: {same_prompt_as: a}, c: {same_prompt_as: b, reads: [a, b]}}"
    with pytest.raises(SystemInvalid, match=re.escape("c.same_prompt_as: b has the prompt of a itself")):
        parse_system(text)


def test_l09_a_circle_that_nobody_reads_needs_an_output() -> None:
    text = "agents: {a: {prompt: x, reads: [b], rounds: 2}, b: {prompt: y, reads: [a]}}"
    with pytest.raises(SystemInvalid, match="output: missing, and every agent has a reader; add `output: b`"):
        parse_system(text)

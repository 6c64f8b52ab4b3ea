"""Whose call is it, and what stands in for a prompt: A01 to A14."""

from __future__ import annotations

import copy
import textwrap
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maspo.gateway.attribution import Pattern, Team, filled, swap
from maspo.gateway.dialects.base import Asked, Incoming
from maspo.gateway.dialects.chat_completions import ChatCompletions
from maspo.gateway.wire import WireAgent

SOLVER = WireAgent("solver", "You solve problems.\n\n  1. Think.\n  2. Answer.")
CRITIC = WireAgent("critic", "You solve problems. Then you criticize.")
CHEF = WireAgent("chef", "You are {role}. {backstory}\nYour personal goal is: {goal}")
TEAM = Team([SOLVER, CRITIC, CHEF])


def body(*messages: tuple[str, str], tools: tuple[str, ...] = ()) -> dict[str, Any]:
    offered = [{"type": "function", "function": {"name": name}} for name in tools]
    return {"model": "m", "messages": [{"role": role, "content": text} for role, text in messages], "tools": offered}


def asked(*messages: tuple[str, str], tools: tuple[str, ...] = ()) -> Asked:
    return ChatCompletions().read_request(Incoming("/v1/chat/completions", body(*messages, tools=tools)))


@pytest.mark.parametrize(
    "made",
    [
        lambda text: text,
        lambda text: text.strip(),
        lambda text: f"Your objective is:\n        {text.replace(chr(10), chr(10) + '        ')}\n\nEnd.",
        textwrap.dedent,
        lambda text: " ".join(text.split()),
        lambda text: f"<instructions>{text}</instructions>\nMore of the framework's own.",
        lambda text: text.replace("\n", "\r\n"),
    ],
)
def test_a01_a_prompt_is_found_however_white_space_was_treated(made: Any) -> None:
    found = TEAM.attribute(asked(("system", made(SOLVER.prompt)), ("user", "q")))
    assert (found.agent, found.why) == ("solver", "")


def test_a02_the_longest_of_prompts_that_begin_at_one_place_wins() -> None:
    assert TEAM.attribute(asked(("system", CRITIC.prompt))).agent == "critic"
    short = Team([WireAgent("short", "You solve problems."), CRITIC])
    assert short.attribute(asked(("system", CRITIC.prompt))).agent == "critic"
    assert short.attribute(asked(("system", "You solve problems. Well."))).agent == "short"


def test_a03_the_prompt_that_stands_first_wins_and_what_was_said_does_not_count() -> None:
    chained = asked(("system", SOLVER.prompt), ("system", CRITIC.prompt), ("user", "q"))
    assert TEAM.attribute(chained).agent == "solver"
    quoted = asked(("system", "Format this."), ("assistant", SOLVER.prompt), ("tool", CRITIC.prompt))
    found = TEAM.attribute(quoted)
    assert (found.agent, found.why) == (None, "it holds the prompt of no agent")
    assert TEAM.attribute(asked(("system", CRITIC.prompt), ("user", SOLVER.prompt))).agent == "critic"


def test_a04_a_prompt_may_stand_in_what_the_user_says_if_nobody_instructs() -> None:
    assert TEAM.attribute(asked(("user", f"{SOLVER.prompt}\n\nq"))).agent == "solver"
    assert TEAM.attribute(asked(("system", "Be nice."), ("user", f"{SOLVER.prompt}\n\nq"))).agent == "solver"


def test_a05_composed_prompts_are_told_by_their_passages_and_keep_their_values() -> None:
    text = "You are Chef de cuisine. Born in {Lyon}.\nYour personal goal is: feed\nall"
    found = TEAM.attribute(asked(("system", text)))
    assert (found.agent, dict(found.values)) == (
        "chef",
        {"role": "Chef de cuisine", "backstory": "Born in {Lyon}.", "goal": "feed\nall"},
    )
    made = body(("system", text))
    assert swap(made, found, TEAM, {"chef": "{goal}! As {role}, {backstory} {other} \\frac{a}{b}"})
    assert made["messages"][0]["content"] == "feed\nall! As Chef de cuisine, Born in {Lyon}. {other} \\frac{a}{b}"


def test_a06_agents_with_one_prompt_are_told_apart_by_tools_or_marker_and_never_guessed() -> None:
    twins = [WireAgent("a", "Work."), WireAgent("b", " Work.\n"), WireAgent("c", "Rest.")]
    found = Team(twins).attribute(asked(("system", "Work.")))
    assert (found.agent, found.why) == (None, "a, b have the same prompt; tools or a marker must tell them apart")
    assert found.standing == ()
    tools = Team([WireAgent("a", "Work.", tools=frozenset({"x"})), WireAgent("b", "Work.", tools=frozenset({"y"}))])
    assert tools.attribute(asked(("system", "Work."), tools=("y",))).agent == "b"
    assert tools.attribute(asked(("system", "Work."), tools=("x", "transfer_to_b"))).agent == "a"
    assert tools.attribute(asked(("system", "Work."), tools=("x", "y"))).agent is None
    assert tools.attribute(asked(("system", "Work."))).agent is None
    marked = Team([WireAgent("a", "Work.", marker="desk 1"), WireAgent("b", "Work.", marker="desk 2")])
    assert marked.attribute(asked(("system", "Work."), ("user", "at desk 2"))).agent == "b"
    assert marked.attribute(asked(("system", "Work."), ("user", "desk 1, desk 2"))).agent is None
    assert marked.attribute(asked(("system", "Work.")), declared="a").agent == "a"
    assert marked.attribute(asked(("system", "Work.")), declared="nobody").agent is None


def test_a07_every_prompt_that_instructs_is_swapped_wherever_it_stands() -> None:
    made = body(("system", CRITIC.prompt), ("system", f"Before.{SOLVER.prompt}After."), ("user", SOLVER.prompt))
    found = TEAM.attribute(ChatCompletions().read_request(Incoming("/v1/chat/completions", made)))
    assert swap(made, found, TEAM, {"critic": "C", "solver": "S"})
    assert [one["content"] for one in made["messages"]] == ["C", "Before.SAfter.", SOLVER.prompt]


def test_a08_what_is_not_rewritten_is_left_alone() -> None:
    made = body(("system", f"  {SOLVER.prompt} "))
    before = copy.deepcopy(made)
    found = TEAM.attribute(ChatCompletions().read_request(Incoming("/v1/chat/completions", made)))
    assert not swap(made, found, TEAM, {"solver": SOLVER.prompt, "critic": "C"})
    assert made == before


def test_a09_values_are_put_in_once() -> None:
    assert filled("{a} {b} {c}", {"a": "{b}", "b": "{a}"}) == "{b} {a} {c}"


def test_a10_latex_and_json_in_a_prompt_are_text_where_placeholders_are_named() -> None:
    prompt = 'Write \\frac{a}{b} as {"answer": 1}, {name}.'
    for placeholders in (frozenset({"name"}), None):
        found = Pattern(prompt, placeholders).find('Write \\frac{a}{b} as {"answer": 1}, Ann.')
        assert found is not None
        assert found.values["name"] == "Ann"
    assert Pattern(prompt, frozenset({"name"})).find('Write \\frac{c}{b} as {"answer": 1}, Ann.') is None


@pytest.mark.parametrize("prompt", ["", "   ", "{x}", "{x}{y}", "{x} {y}"])
def test_a11_a_prompt_without_words_is_found_nowhere(prompt: str) -> None:
    found = Team([WireAgent("empty", prompt)]).attribute(asked(("system", "Anything at all")))
    assert found.agent is None


WORDS = st.text("ab. {}\\$%\n\t", min_size=0, max_size=12)


@given(st.lists(WORDS, min_size=1, max_size=4), st.lists(WORDS, min_size=4, max_size=4), WORDS, WORDS)
def test_a12_what_is_found_is_a_prompt_with_values(
    passages: list[str], values: list[str], before: str, after: str
) -> None:
    names = [f"v{number}" for number in range(len(passages) - 1)]
    prompt = passages[0] + "".join(f"{{{name}}}{passage}" for name, passage in zip(names, passages[1:], strict=True))
    written = dict(zip(names, values, strict=False))
    text = before + filled(prompt, written) + after
    found = Pattern(prompt, frozenset(names)).find(text)
    if not "".join(passages).strip():
        return
    if not all(passage.strip() for passage in passages[1:-1]) and not all(value.strip() for value in values):
        return  # between two values stands white space alone, and one of them is none: nothing tells where it would end
    assert found is not None
    again = filled(prompt, found.values)
    assert "".join(again.split()) == "".join(text[found.start : found.end].split())


@given(st.text(), st.text(), st.text())
def test_a13_a_rewrite_stands_in_the_request_as_it_was_written(before: str, written: str, after: str) -> None:
    seed = "You are the one and only solver of all this."
    team = Team([WireAgent("solver", seed)])
    made = body(("system", f"{before}{seed}{after}"))
    found = team.attribute(ChatCompletions().read_request(Incoming("/v1/chat/completions", made)))
    assert found.agent == "solver"
    assert swap(made, found, team, {"solver": written}) == (written != seed)
    assert made["messages"][0]["content"] == f"{before}{written}{after}"


def test_a14_no_text_makes_the_search_slow() -> None:
    prompt = "a {x} b {y} c {z} d"
    started = time.process_time()
    assert Pattern(prompt).find("a b c " * 200_000) is None
    assert Pattern("a  " * 50 + "z").find("a " * 20_000) is None
    assert Pattern("{x}\n\nend").find("\n" * 20_000) is None
    assert time.process_time() - started < 5

"""Systems: validation that names the place and the fix, layers, order, what lies downstream; and placeholders."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maspo.core.errors import SystemInvalid
from maspo.team import Agent, System
from maspo.team.template import placeholders, render

DIAMOND = System(
    (Agent("d", "D", ("c", "b")), Agent("b", "B", ("a",)), Agent("a", "A"), Agent("c", "C", ("a",))), output="d"
)


@st.composite
def systems(draw: st.DrawFn) -> System:
    size = draw(st.integers(1, 8))
    agents = [
        Agent(f"n{number}", "p", tuple(f"n{read}" for read in range(number) if draw(st.booleans())))
        for number in range(size)
    ]
    return System(tuple(draw(st.permutations(agents))), output=f"n{size - 1}")


@pytest.mark.parametrize(
    ("agents", "extra", "told"),
    [
        ((), {}, "agents: none given"),
        ((Agent("a", " \n"),), {}, "agents.a.prompt: empty"),
        ((Agent("a", "A", ("x",)),), {}, "agents.a.reads[0]: unknown agent 'x'; the agents are: a"),
        ((Agent("a", "A", ("a",)),), {}, "agents.a.reads[0]: a cycle"),
        ((Agent("a", "A", ("b",)), Agent("b", "B", ("a",))), {}, "agents: a cycle, a → b → a"),
        ((Agent("a", "A"), Agent("a", "B")), {}, "agents.a: defined more than once"),
        ((Agent("a", "A"), Agent("b", "B", ("a", "a"))), {}, "agents.b.reads: 'a' is listed twice"),
        ((Agent("a", "A"), Agent("b", "B")), {}, "output: missing, and a, b have no reader; add `output: b`"),
        ((Agent("a", "A"),), {"output": "z"}, "output: unknown agent 'z'"),
        ((Agent("input", "A"),), {}, "agents.input: 'input' is a placeholder's name"),
        ((Agent("a b", "A"),), {}, "agents.a b: not a name"),
        ((Agent("", "A"),), {}, "not a name"),
        ((Agent("1er", "A"),), {}, "agents.1er: not a name"),
        ((Agent("lo\u0308ser", "A"),), {}, "letters and accents apart"),
        ((Agent("a", "A", protect=("keep",)),), {}, "agents.a.protect: 'keep' is not in the prompt"),
        ((Agent("a", "A"),), {"final_answer": "tags"}, "final_answer: 'tags' is not known; expected tag:NAME"),
        ((Agent("a", "A"),), {"final_answer": "tag:"}, "final_answer: 'tag:' is not known"),
        ((Agent("a", "A"),), {"final_answer": "regex:("}, "is not a regular expression"),
    ],
)
def test_y01_an_invalid_system_is_refused_with_place_and_fix(
    agents: tuple[Agent, ...], extra: dict[str, Any], told: str
) -> None:
    with pytest.raises(SystemInvalid) as error:
        System(agents, **extra)
    assert told in str(error.value)


def test_y02_every_problem_is_named_at_once() -> None:
    with pytest.raises(SystemInvalid) as error:
        System((Agent("a", ""), Agent("b", "B", ("x",))))
    assert len(str(error.value).splitlines()) == 2


def test_y03_layers_order_successors_and_downstream() -> None:
    assert DIAMOND.levels == (("a",), ("b", "c"), ("d",))
    assert DIAMOND.order == ("a", "b", "c", "d")
    assert DIAMOND.successors == {"a": ("b", "c"), "b": ("d",), "c": ("d",), "d": ()}
    assert DIAMOND.downstream["b"] == {"b", "d"}
    assert DIAMOND.by_name["d"].reads == ("c", "b"), "the order of reads is the author's"


@given(systems())
def test_y04_everybody_comes_after_what_it_reads(system: System) -> None:
    place = {name: number for number, name in enumerate(system.order)}
    depth = {name: number for number, level in enumerate(system.levels) for name in level}
    assert set(place) == set(system.by_name)
    for agent in system.agents:
        for read in agent.reads:
            assert place[read] < place[agent.name]
            assert depth[read] < depth[agent.name]
            assert agent.name in system.successors[read]
            assert system.downstream[agent.name] < system.downstream[read]
        assert depth[agent.name] == 0 or any(depth[read] == depth[agent.name] - 1 for read in agent.reads)


def test_y05_prompts_are_replaced_by_name_and_unknown_names_are_refused() -> None:
    changed = DIAMOND.with_prompts({"b": "new"})
    assert changed.prompts == {"a": "A", "b": "new", "c": "C", "d": "D"}
    assert changed.with_prompts(DIAMOND.prompts) == DIAMOND
    with pytest.raises(SystemInvalid, match="prompts name no agent of 'system': x"):
        DIAMOND.with_prompts({"x": "?"})


def test_y06_a_single_terminal_is_the_output() -> None:
    assert System((Agent("a", "A"), Agent("b", "B", ("a",)))).output == "b"


def test_y07_only_known_names_are_placeholders() -> None:
    prompt = r"{question} \boxed{x} {{question}} {input} {other} { question } {question{input}"
    assert placeholders(prompt, {"question", "input"}) == {"question", "input"}
    assert placeholders("{a\nb} {}", {"a\nb", ""}) == frozenset()


def test_y08_rendering_is_one_pass_and_leaves_other_braces_alone() -> None:
    rendered = render(r"{a} {b} \boxed{x} {{a}} {}", {"a": "{b}", "b": "{a}"})
    assert rendered == r"{b} {a} \boxed{x} {{b}} {}"


@given(st.text(), st.dictionaries(st.sampled_from(["a", "b"]), st.text()))
def test_y09_a_text_without_known_names_is_not_changed(text: str, values: dict[str, str]) -> None:
    if not placeholders(text, values):
        assert render(text, values) == text
    assert render(text, {}) == text
    assert render("<{a}>", values) == f"<{values.get('a', '{a}')}>"

"""Placeholders of other habits are understood when asked for, and slips are said before anything is paid."""

from __future__ import annotations

import pytest

from maspo.core.errors import SystemInvalid
from maspo.data.inputs import make_inputs
from maspo.models.base import Message
from maspo.proposers.drafts import checked
from maspo.proposers.passages import Passages
from maspo.runners.messages import MessageBuilder, blind_agents, check_inputs
from maspo.study.texts import rules_for
from maspo.team import Agent, System
from maspo.team.app import App
from maspo.team.load import dump_system, parse_system
from maspo.team.template import placeholders, render
from tests.security.ordinary import PROMPTS

INPUTS = make_inputs([{"question": "2+2?", "input": "x"}])


FORMULAS = (
    r"Write $input$ or ${question}$ in LaTeX, $\frac{{a+b}}{{2}}$, and $5.",
    "A set of sets is {{1, 2}, {3}}, and {{}} is empty. 5 % (question) # no. 100 %}",
)


def notes(prompt: str, template: str = "braces") -> list[str]:
    return check_inputs(System((Agent("solver", prompt, template=template),)), INPUTS)


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        ("Solve {inptu}", "{inptu} is no placeholder and is sent as it stands; did you mean {input}?"),
        ("Solve {Input}", "did you mean {input}?"),
        ("Solve {questions}", "did you mean {question}?"),
        ("Solve {{question}}", "keeps a pair of braces; write {question}, or `template: jinja`"),
        ("Solve {{ question }}", "keeps a pair of braces"),
        ("Solve { question }", "for the spaces in it"),
        ("Solve {problem}", "{problem} is no placeholder, since no column has that name, and is sent as it stands"),
        ("Read {contxt}", "did you mean {context}?"),
        ("Solve {{query}}", "{{query}} looks like a placeholder of Jinja, Mustache or MLflow"),
        ("Solve {{ query }} now", "Expected {context}, {input}, {question}; with `template: none`"),
        ("Solve {{question|upper}}", "{{question|upper}} looks like a placeholder of Jinja"),
        ("Solve {{ inputs.question }}", "{{inputs.question}} looks like a placeholder of Jinja"),
        ("{{#each rows}} {{#question}}Solve it{{/question}}", "{{#question}} looks like a placeholder of Jinja"),
        ("{% if question %}Solve it{% endif %}", "{% if question %} looks like a statement of Jinja"),
        ("Solve ${question}", "${question} is filled in and keeps its dollar sign; write {question}"),
        ("Solve %(question)s", "%(question)s is no placeholder and is sent as it stands; write {question}"),
        ("Solve $question now", "$question is no placeholder and is sent as it stands; write {question}"),
    ],
)
def test_s01_slips_are_said(prompt: str, said: str) -> None:
    assert [note for note in notes(prompt) if said in note], notes(prompt)


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        ("Solve {{query}}", "{{query}} looks like a placeholder"),
        ("Solve {{ question | upper }}", "Expected {{ context }}, {{ input }}, {{ question }}"),
        ("Solve {{ row['question'] }}", "{{row['question']}} looks like a placeholder"),
        ("Solve {{{question}}}", "{{{question}}} is filled in as {{ question }} and keeps a pair of braces"),
        ("Solve {{ question }} {# be quick #}", "{# be quick #} is a comment of Jinja"),
        ("Solve ${question}", "${question} is no placeholder and is sent as it stands; write {{ question }}"),
    ],
)
def test_s07_slips_within_jinja_are_said(prompt: str, said: str) -> None:
    assert [note for note in notes(prompt, "jinja") if said in note], notes(prompt, "jinja")


def test_s02_of_ordinary_prompts_nothing_is_said() -> None:
    for prompt in (
        *(prompt for prompt in PROMPTS if "{{name}}" not in prompt),  # one speaks of templates, and is told of
        r"\\boxed{input2} x_{inputs} {a, b} {\"input\": 1}",
        "Use {input} and {question}.",
        "Answer {input} as {problem}: {text}",
        *FORMULAS,
    ):
        assert notes(prompt) == [], prompt


def test_s03_jinja_names_are_placeholders_when_the_agent_says_so() -> None:
    prompt = "Q: {{ question }} {{question}} {input} {{unknown}} {% raw"
    agent = Agent("solver", prompt, template="jinja")
    builder = MessageBuilder(System((agent,)), INPUTS.columns)
    assert builder.placeholders("solver", prompt) == {"question"}
    messages = builder.messages("solver", prompt, INPUTS.rows[0], {})
    assert messages == (Message("user", "Q: 2+2? 2+2? {input} {{unknown}} {% raw"),)
    rules = rules_for(agent, builder, 6000)
    assert "loses the placeholder {{ question }}" in checked("Q: {question}", prompt, rules, Passages(())).rejected
    assert checked("Now: {{question}}", prompt, rules, Passages(())).rejected == ""
    assert "did you mean {{ question }}" in notes("Q: {{ qestion }} {{input}}", "jinja")[0]


def test_s04_none_leaves_every_brace_alone() -> None:
    prompt = "Write {input} and {{input}} as they are."
    builder = MessageBuilder(System((Agent("solver", prompt, template="none"),)), INPUTS.columns)
    assert builder.messages("solver", prompt, INPUTS.rows[0], {}) == (Message("system", prompt), Message("user", "x"))
    assert notes(prompt, "none") == [] and placeholders(prompt, {"input"}, "none") == frozenset()
    assert render(prompt, {"input": "x"}, "none") == prompt


def test_s05_a_system_file_says_how_and_keeps_it() -> None:
    text = "agents: {a: {prompt: '{{ input }}', template: jinja}, b: {prompt: B, reads: [a]}}"
    system = parse_system(text)
    assert [agent.template for agent in system.agents] == ["jinja", "braces"]
    assert parse_system(dump_system(system)).agents == system.agents and dump_system(system).count("template") == 1
    with pytest.raises(SystemInvalid, match="expected braces, jinja, none"):
        parse_system("agents: {a: {prompt: A, template: mustache}}")
    with pytest.raises(SystemInvalid, match="is not understood"):
        parse_system("agents: {a: {prompt: '{% if x %}{{ input }}{% endif %}', template: jinja}}")


def test_s06_an_agent_that_never_sees_the_input_is_told() -> None:
    system = System((Agent("a", "A"), Agent("b", "Sum up: {a}", ("a",)), Agent("c", "C {b} {input}", ("b",))))
    assert [note.partition(":")[0] for note in blind_agents(system, INPUTS)] == ["agents.b"]


def test_an_app_sends_its_input_itself_and_no_agent_of_it_is_told_to_see_none() -> None:
    system = System((Agent("today", "Today is {value}."),), app=App("team:answer"))
    assert blind_agents(system, INPUTS) == []

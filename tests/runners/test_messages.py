"""From prompts and inputs to messages: system or template, one pass, names that clash are refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maspo.core.errors import InputsInvalid
from maspo.data.inputs import Input, make_inputs
from maspo.models.base import Message
from maspo.runners.messages import MessageBuilder, check_inputs
from maspo.team import Agent, System


def row(**columns: str) -> Input:
    (found,) = make_inputs([columns]).rows
    return found


def builder(prompt: str, *columns: str) -> MessageBuilder:
    system = System((Agent("solver", "Solve."), Agent("critic", prompt, ("solver",))))
    return MessageBuilder(system, frozenset(columns))


def test_m01_a_prompt_without_placeholders_is_the_system_message() -> None:
    messages = builder(r"Check {this}, \boxed{x}.", "input").messages(
        "critic", r"Check {this}, \boxed{x}.", row(input="2+2?"), {"solver": "4"}
    )
    assert messages == (
        Message("system", r"Check {this}, \boxed{x}."),
        Message("user", "Input:\n2+2?\n\nOutput of solver:\n4"),
    )


def test_m02_an_agent_that_reads_nobody_reads_the_bare_input() -> None:
    assert builder("Check.", "input").messages("solver", "Solve.", row(input="2+2?"), {}) == (
        Message("system", "Solve."),
        Message("user", "2+2?"),
    )


def test_m03_outputs_stand_in_the_order_of_reads() -> None:
    system = System((Agent("a", "A"), Agent("b", "B"), Agent("c", "C", ("b", "a"))))
    made = MessageBuilder(system, frozenset({"input"})).messages("c", "C", row(input="q"), {"b": "1", "a": "2"})
    assert made[1].content == "Input:\nq\n\nOutput of b:\n1\n\nOutput of a:\n2"


def test_m04_a_prompt_with_placeholders_is_one_user_message() -> None:
    prompt = "Q: {question} ({options}) S: {solver} all: {context} in: {input}"
    messages = builder(prompt, "question", "options").messages(
        "critic", prompt, row(question="2+2?", options="3\n4"), {"solver": "4"}
    )
    assert messages == (
        Message("user", "Q: 2+2? (3\n4) S: 4 all: Output of solver:\n4 in: options:\n3\n4\n\nquestion:\n2+2?"),
    )


@given(st.text(), st.text())
def test_m05_texts_that_are_filled_in_are_never_expanded(question: str, output: str) -> None:
    prompt = "{question}|{solver}"
    item = Input("k", "k", {"question": question + "{solver}{context}{input}"})
    (message,) = builder(prompt, "question").messages("critic", prompt, item, {"solver": output + "{question}"})
    assert message.content == f"{question}{{solver}}{{context}}{{input}}|{output}{{question}}"


def test_m06_only_own_reads_columns_input_and_context_are_placeholders() -> None:
    made = builder("Check.", "question")
    assert made.placeholders("critic", "{question}{solver}{input}{context}{critic}{x}") == {
        "question",
        "solver",
        "input",
        "context",
    }
    assert made.placeholders("solver", "{solver}{critic}") == frozenset()


@pytest.mark.parametrize(("column", "prompt"), [("solver", "{solver}"), ("context", "Read {context}.")])
def test_m07_a_column_that_is_called_like_what_is_read_is_refused_when_it_is_named(column: str, prompt: str) -> None:
    with pytest.raises(InputsInvalid, match=f"column '{column}'.*rename the column"):
        builder(prompt, column, "input")
    builder("no placeholder", column, "input")


def test_m08_inputs_that_no_agent_can_read_are_refused_with_the_fix() -> None:
    system = System((Agent("a", "Solve."),))
    with pytest.raises(
        InputsInvalid, match=r"rename one to `input`, or name columns in a prompt, such as \{answer_b\}"
    ):
        check_inputs(system, make_inputs([{"question": "x", "answer_b": "y"}]))
    assert check_inputs(System((Agent("a", "Solve {question}."),)), make_inputs([{"question": "x"}])) == []


def test_m09_what_is_worth_knowing_before_anything_is_paid_is_noted() -> None:
    system = System(
        (Agent("a", "A"), Agent("b", "{input}", ("a",)), Agent("lost", "L"), Agent("c", "C", ("b",))), output="c"
    )
    notes = check_inputs(system, make_inputs(["x", "x"]))
    assert [note.split(":")[0] for note in notes] == ["agents.b", "agents.lost", "inputs"]
    assert any("its template shows neither that nor {context}" in note for note in notes)
    assert any(note.startswith("agents.lost: does not reach the output") for note in notes)
    assert "inputs: 1 duplicate rows were merged" in notes


@pytest.mark.parametrize(
    ("columns", "told", "untold"),
    [
        (("0", "What is 0 plus 0?"), "no line of names", "{0}"),
        (("Question", "Answer"), "such as {Question}; if Answer holds the labels, rename it to `answer`", "{Answer}"),
        (("Answer",), "such as {question}; if Answer holds the labels", "{Answer}"),
        (("Question 1", "unit (kg)"), "such as {Question 1}", "line of names"),
    ],
)
def test_columns_that_nobody_reads_are_told_with_what_helps(columns: tuple[str, ...], told: str, untold: str) -> None:
    rows = make_inputs([dict.fromkeys(columns, "x")])
    with pytest.raises(InputsInvalid) as error:
        check_inputs(System((Agent("solver", "Solve."),)), rows)
    assert told in str(error.value) and untold not in str(error.value)


def test_a_few_rows_without_the_input_are_named_with_what_they_may_have_meant() -> None:
    system = System((Agent("a", "Solve it."),))
    rows: list[dict[str, object]] = [{"input": "a"}, {"input": "a"}, {"input": "b"}, {"inptu": "c"}]
    with pytest.raises(InputsInvalid, match=r'1 row .*row 4: \{"inptu": "c"\}; did you mean `input` by `inptu`'):
        check_inputs(system, make_inputs(rows))
    strange = [{"colour": f"{number}" * 99} for number in range(5)]
    with pytest.raises(InputsInvalid, match=r"5 rows have no .*row 10: .* and 2 more; give it, or take them out"):
        check_inputs(system, make_inputs([*({"input": f"{number}"} for number in range(7)), *strange]))

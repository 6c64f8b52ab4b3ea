"""What an app's function is given of a row: its source tells beforehand what happens when it is called."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maspo.apps.shim import arguments_for
from maspo.core.errors import InputsInvalid
from maspo.data.inputs import make_inputs
from maspo.runners.parameters import check_parameters, parameters_of
from maspo.team.app import App

NAMES = ("question", "context", "input", "text")
TYPES = ("", ": str", ": str | None", ": dict", ": 'str'", ": dict[str, str]")
PARAMETER = st.tuples(st.sampled_from(NAMES), st.sampled_from(TYPES), st.sampled_from(["", " = ''"]))


def told(folder: Path, source: str, columns: tuple[str, ...], run: str = "team:answer") -> list[str]:
    (folder / "team.py").write_text(source)
    inputs = make_inputs([{name: f"{name} {number}" for name in columns} for number in range(2)])
    return check_parameters(App(run, folder=str(folder)), inputs)


@settings(max_examples=100)
@given(
    parameters=st.lists(PARAMETER, min_size=1, max_size=3, unique_by=lambda one: one[0]),
    row=st.sets(st.sampled_from(NAMES), min_size=1),
    future=st.booleans(),
    is_async=st.booleans(),
)
def test_a_row_that_cannot_be_given_is_refused_as_it_would_be_when_it_is_run(
    tmp_path_factory: pytest.TempPathFactory,
    parameters: list[tuple[str, str, str]],
    row: set[str],
    future: bool,
    is_async: bool,
) -> None:
    folder = tmp_path_factory.mktemp("app")
    said = ", ".join(name + kind + default for name, kind, default in sorted(parameters, key=lambda one: one[2]))
    source = "from __future__ import annotations\n" if future else ""
    source += f"{'async ' if is_async else ''}def answer({said}):\n    return ''\n"
    made: dict[str, object] = {}
    exec(compile(source, "team.py", "exec", dont_inherit=True), made)
    cells = {name: f"a {name}" for name in sorted(row)}
    function = made["answer"]
    assert callable(function)
    try:
        positional, named = arguments_for(function, cells)
    except TypeError as error:
        with pytest.raises(InputsInvalid, match="takes"):
            told(folder, source, tuple(sorted(row)))
        assert "has no" in str(error)
        return
    remarks = told(folder, source, tuple(sorted(row)))
    needed = [kind for _, kind, default in parameters if not default]
    untyped = needed == [""]
    assert bool(remarks) == (untyped and positional == [cells])
    assert positional or all(isinstance(one, str) for one in named.values())


@pytest.mark.parametrize(
    ("source", "columns", "expected"),
    [
        ("def answer(question, context): ...", ("question", "ctx"), "call the column ctx context"),
        ("def answer(question: str): ...", ("body", "title"), "takes question, and no row has question"),
        (
            "def answer(question, sources): ...",
            ("body", "title"),
            "columns and parameters alike (columns: body, title)",
        ),
        ("def answer(question, answer): ...", ("question", "answer"), "call the column answer and its parameter other"),
    ],
)
def test_columns_parameters_and_the_fix_are_named(
    tmp_path: Path, source: str, columns: tuple[str, ...], expected: str
) -> None:
    with pytest.raises(InputsInvalid) as caught:
        told(tmp_path, source, columns)
    assert expected in str(caught.value)


@pytest.mark.parametrize(
    ("body", "is_told"),
    [
        ("return agent.run(question)", True),
        ("return f'{question.strip()} {question[:20]}'", True),
        ("return question['text']", False),
        ("return question.get('text')", False),
        ("return prompt.format(**question)", False),
        ("return {**question, 'more': 1}", False),
    ],
)
def test_a_function_that_is_given_a_dict_and_does_not_read_it_is_told(tmp_path: Path, body: str, is_told: bool) -> None:
    remarks = told(tmp_path, f"def answer(question):\n    {body}\n", ("text",))
    assert [("a dict" in one, "call the column text question" in one) for one in remarks] == [(True, True)] * is_told
    assert told(tmp_path, f"def answer(row):\n    {body}\n", ("text",)) == [], "called as a row"


@pytest.mark.parametrize(
    ("source", "run"),
    [
        ("def other(a, b): ...", "team:answer"),
        ("@traced\ndef answer(a, b): ...", "team:answer"),
        ("def answer(a, b): ...\nanswer = wrapped(answer)", "team:answer"),
        ("try:\n    def answer(a, b): ...\nexcept E:\n    def answer(row): ...", "team:answer"),
        ("from there import answer", "team:answer"),
        ("def answer(*rows, **columns): ...", "team:answer"),
        ("def answer(a, /): ...", "team:answer"),
        ("def answer(a, b:", "team:answer"),
        ("def answer(a, b): ...", "team:TEAM.answer"),
        ("def answer(a, b): ...", "not_here:answer"),
        ("def answer(a, b): ...", "python team.py"),
        ("def answer(a, b): ...", "http://127.0.0.1:1/"),
    ],
)
def test_where_the_source_does_not_tell_nothing_is_said(tmp_path: Path, source: str, run: str) -> None:
    assert told(tmp_path, source, ("text",), run) == []
    assert parameters_of(App(run, folder=str(tmp_path))) is None


def test_a_package_goes_before_a_module_of_the_same_name(tmp_path: Path) -> None:
    (tmp_path / "team").mkdir()
    (tmp_path / "team" / "__init__.py").write_text("def answer(text: str): ...")
    assert told(tmp_path, "def answer(a, b): ...", ("text",)) == []


@pytest.mark.parametrize(
    ("source", "is_told"),
    [
        ("def answer(question, language): ...", True),
        ("def answer(question, language='en'): ...", False),
        ("def answer(row: dict): ...", False),
        ("def answer(language: str): ...", False),
    ],
)
def test_rows_that_lack_what_others_have_are_counted_and_the_first_is_named(
    tmp_path: Path, source: str, is_told: bool
) -> None:
    (tmp_path / "team.py").write_text(source)
    rows = [{"question": "one", "language": "en"}, {"question": "two"}, {"question": "three"}]
    remarks = check_parameters(App("team:answer", folder=str(tmp_path)), make_inputs(rows, source="rows.jsonl"))
    assert bool(remarks) == is_told
    if is_told:
        assert "rows.jsonl: 2 of 3 inputs bring no answer, as what team:answer takes" in remarks[0]
        assert "without language)" in remarks[0]

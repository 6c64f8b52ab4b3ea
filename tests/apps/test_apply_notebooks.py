"""Prompts written back into the code cells of notebooks: all else of the notebook stays byte for byte."""

from __future__ import annotations

import ast
import json
import random
from typing import Any

import pytest

from maspo.apps.writeback import find_places, languages_of_names, only_place, rewritten
from tests.apps.test_writeback import HARD, OLD

SIGNS = [*"{}$%\\\"'`#!?\t\r é\u2028😀", "{%", "{{", "\\n", "\n", "\n\n", '"""', "word ", "%s", "%%"]


def notebook(*cells: str, indent: int | None = 1, as_lines: bool = True, ascii_only: bool = False) -> str:
    """Return a notebook with code cells between others, as Jupyter writes it or as other programs do."""
    made: list[dict[str, Any]] = [{"cell_type": "markdown", "metadata": {}, "source": [f"# {OLD}\n", "text"]}]
    for number, code in enumerate(cells):
        shown = [{"data": {"image/png": 'iVBOR{"a": 1}'}, "output_type": "display_data", "metadata": {"source": ["x"]}}]
        source = code.splitlines(keepends=True) if as_lines else code
        made.append(
            {"cell_type": "code", "execution_count": number, "metadata": {}, "outputs": shown, "source": source}
        )
    whole = {"cells": made, "metadata": {"language_info": {"name": "python"}}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, indent=indent, ensure_ascii=ascii_only) + "\n"


def code_of(source: str) -> list[str]:
    return ["".join(cell["source"]) for cell in json.loads(source)["cells"] if cell["cell_type"] == "code"]


def changed(source: str, new: str, template: str = "none", old: str = OLD) -> str:
    place = only_place(find_places("t.ipynb", source, old, languages_of_names({"t.ipynb": source})))
    made = rewritten(source, place, old, new, template)  # type: ignore[arg-type]
    behind = source[place.said.end :]
    assert made.startswith(source[: place.said.start])
    assert made.endswith(behind)
    return made


@pytest.mark.parametrize("as_lines", [True, False])
@pytest.mark.parametrize("indent", [None, 1, 4])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_n01_a_new_prompt_is_what_the_notebook_says_when_it_runs(
    *, as_lines: bool, indent: int | None, ascii_only: bool
) -> None:
    draw = random.Random(str((as_lines, indent, ascii_only)))
    cells = (
        "import os\n",
        f'before = "é😀"; PROMPT = (\n    "{OLD[:12]}"\n    "{OLD[12:]}"\n); after = "😀"\n',
        "said = PROMPT + after",
    )
    source = notebook(*cells, indent=indent, as_lines=as_lines, ascii_only=ascii_only)
    for new in (HARD, "plain", *("".join(draw.choices(SIGNS, k=30)).strip() or "x" for _ in range(25))):
        made = changed(source, new)
        said: dict[str, Any] = {}
        exec("\n".join(code_of(made)), said)
        assert said["PROMPT"].strip() == new.strip()
        assert said["before"] == "é😀"
        for cell in json.loads(made)["cells"]:
            assert isinstance(cell["source"], list) == (as_lines or cell["cell_type"] == "markdown")
            if isinstance(cell["source"], list):
                assert all(line.index("\n") == len(line) - 1 for line in cell["source"][:-1])


def test_n02_lines_for_ipython_hide_no_prompt_and_stay() -> None:
    cells = (
        "%load_ext autoreload\n!pip install {package}\nfiles = !ls\n?os\n",
        "%%bash\necho 'You solve'\n",
        f'if True:\n    %time\n    len?\nPROMPT = """\n% {OLD}\n! and more\n"""\n',
        "this is no Python at all",
    )
    source = notebook(*cells)
    old = f"% {OLD}\n! and more"
    made = changed(source, HARD, old=old)
    assert code_of(made)[:2] + code_of(made)[3:] == [*cells[:2], cells[3]]
    assert code_of(made)[2].startswith("if True:\n    %time\n    len?\nPROMPT = ")


def test_n02_a_cell_of_commands_alone_is_read_in_little_time(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed, parse = list[str](), ast.parse

    def counted(source: str) -> ast.AST:
        parsed.append(source)
        return parse(source)

    monkeypatch.setattr(ast, "parse", counted)
    source = notebook("!pip install more\n" * 1000, f"P = {OLD!r}")
    assert len(find_places("t.ipynb", source, OLD)) == 1
    assert len(parsed) < 40


def test_n02_a_long_line_that_is_no_python_is_looked_at_once() -> None:
    source = notebook(" " * 500_000 + "$", f"P = {OLD!r}")
    assert len(find_places("t.ipynb", source, OLD)) == 1


def test_n03_another_cell_or_notebook_tells_how_a_prompt_is_read() -> None:
    made = changed(notebook(f"PROMPT = {OLD!r}", "text = PROMPT.format()\n"), "Use {x}.", "unknown")
    assert code_of(made)[0] == 'PROMPT = "Use {{x}}."'
    told = languages_of_names({"t.ipynb": notebook("text = team.PROMPT.format()\n")})
    assert told["PROMPT"] == frozenset({"braces"})
    filled = changed(
        notebook("WHO = 'the solver'\n", 'P = f"You are {WHO}. ' + OLD + '"'),
        "Be {WHO}.",
        old=f"You are the solver. {OLD}",
    )
    assert code_of(filled)[1] == 'P = "Be {WHO}."'


@pytest.mark.parametrize(
    "source",
    [
        "",
        "{",
        "[]",
        '{"cells": 3, "metadata": {}}',
        f'{{"text": "{OLD}"}}',
        notebook(f"P = {OLD!r}").replace('"name": "python"', '"name": "R"'),
        notebook(f"P = function() {OLD!r}"),
        "[" * 100_000,
    ],
)
def test_n04_what_is_no_notebook_of_python_says_nothing(source: str) -> None:
    assert find_places("t.ipynb", source, OLD) == []


def test_n05_a_line_of_a_notebook_is_told_by_its_place_in_the_file() -> None:
    source = notebook("import os\n", f"x = 1\nP = {OLD!r}\n")
    (place,) = find_places("t.ipynb", source, OLD)
    assert OLD in source.splitlines()[place.line - 1]
    assert "P = " in source.splitlines()[place.line - 1]

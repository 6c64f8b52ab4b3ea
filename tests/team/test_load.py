"""A system file either becomes exactly the system it describes, or one message that names file, place and fix."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maspo.core.errors import SystemInvalid
from maspo.team import Agent, System
from maspo.team.load import dump_system, load_system, parse_system

FULL = """\
name: solver-critic
agents:
  solver:
    prompt: |
      You solve the problem step by step.
      End with \\boxed{x}.
    protect: ['End with \\boxed{x}.']
  critic:
    prompt: prompts/critic.txt
    reads: [solver]
    description: checks the solution
    model: gpt-4.1-mini
    frozen: true
output: critic
final_answer: tag:answer
"""


def write(folder: Path, text: str) -> Path:
    file = folder / "system.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(SystemInvalid) as error:
        load_system(write(folder, text))
    return str(error.value).replace(str(folder) + "/", "")


def test_i01_every_field_of_the_file_is_in_the_system(tmp_path: Path) -> None:
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "critic.txt").write_text("\ufeffCheck it.\n", encoding="utf-8")
    system = load_system(write(tmp_path, FULL))
    solver = Agent(
        "solver", "You solve the problem step by step.\nEnd with \\boxed{x}.\n", protect=("End with \\boxed{x}.",)
    )
    critic = Agent("critic", "Check it.\n", ("solver",), "checks the solution", "gpt-4.1-mini", frozen=True)
    assert system == System((solver, critic), "solver-critic", "critic", "tag:answer")


def test_i02_the_name_defaults_to_the_file(tmp_path: Path) -> None:
    assert load_system(write(tmp_path, "agents: {a: {prompt: Solve it.}}")).name == "system"
    assert System.load(str(tmp_path / "system.yaml")).output == "a"


@pytest.mark.parametrize("prompt", ["Solve the task in notes.txt", "Solve it.", "x" * 5000, "."])
def test_i03_a_prompt_that_names_no_file_is_a_prompt(tmp_path: Path, prompt: str) -> None:
    system = load_system(write(tmp_path, f"agents: {{a: {{prompt: '{prompt}'}}}}"))
    assert system.prompts["a"] == prompt


def test_i04_a_prompt_of_several_lines_is_never_a_path(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("from the file")
    assert load_system(write(tmp_path, "agents:\n  a:\n    prompt: |\n      a.txt\n")).prompts["a"] == "a.txt\n"


def test_i05_an_existing_file_is_read_whatever_it_is_called(tmp_path: Path) -> None:
    (tmp_path / "my role").write_text("from the file")
    assert load_system(write(tmp_path, "agents: {a: {prompt: my role}}")).prompts["a"] == "from the file"


REFUSED = [
    pytest.param("", r"^system.yaml: empty; write `agents:`", id="empty file"),
    pytest.param("- a", r"^system.yaml: a list is given; expected keys and values", id="a list"),
    pytest.param("name: x", r"^system.yaml: agents: missing", id="no agents"),
    pytest.param("agents: [a]", r"agents: a list is given; expected agents by name", id="agents as a list"),
    pytest.param("agents: {}", r"agents: none given", id="no agent"),
    pytest.param("agents: {a: Solve}", r"agents\.a: the text 'Solve' is given; expected keys", id="agent as text"),
    pytest.param("agents: {1: {prompt: x}}", r"agents: 1 \(int\) is given; expected the name", id="a number as name"),
    pytest.param("agents: {a: {}}", r"agents\.a\.prompt: missing", id="no prompt"),
    pytest.param("agents: {a: {prompt: ''}}", r"agents\.a\.prompt: empty", id="empty prompt"),
    pytest.param("agents: {a: {prompt: 3}}", r"agents\.a\.prompt: 3 \(int\) is given; expected text", id="number"),
    pytest.param("agents: {a: {prompt: x, read: [b]}}", r"unknown key 'read'; did you mean 'reads'\?", id="typo"),
    pytest.param("agents: {a: {instructions: x}}", r"'instructions'; did you mean 'prompt'\?", id="habit"),
    pytest.param("agents: {a: {prompt: x, depends_on: b}}", r"'depends_on'; did you mean 'reads'\?", id="a graph's"),
    pytest.param("nodes: {a: {prompt: x}}", r"unknown key 'nodes'; did you mean 'agents'\?", id="habit at the top"),
    pytest.param("agent: {a: {prompt: x}}", r"unknown key 'agent'; did you mean 'agents'\?", id="typo at the top"),
    pytest.param(
        "agents: {a: {prompt: x, reads: b}}", r"agents\.a\.reads: the text 'b' .* `\[b\]`", id="reads as text"
    ),
    pytest.param("agents: {a: {prompt: x, reads: [1]}}", r"agents\.a\.reads\[0\]: 1 \(int\)", id="reads a number"),
    pytest.param("agents: {a: {prompt: x, frozen: maybe}}", r"agents\.a\.frozen: the text 'maybe'", id="frozen"),
    pytest.param("agents: {a: {prompt: x, protect: [{}]}}", r"agents\.a\.protect\[0\]: keys and values", id="protect"),
    pytest.param("agents: {a: {prompt: x, protect: [y]}}", r"agents\.a\.protect: 'y' is not in", id="protects nothing"),
    pytest.param("agents: {a: {prompt: x, model: true}}", r"agents\.a\.model: true is given", id="model"),
    pytest.param("agents: {a: {prompt: no.txt}}", r"agents\.a\.prompt: no such file: no\.txt; create it", id="no file"),
    pytest.param(
        "agents: {solver: {prompt: x}, critic: {prompt: y, reads: [solvr]}}",
        r"^system\.yaml: agents\.critic\.reads\[0\]: unknown agent 'solvr'; the agents are: solver, critic$",
        id="unknown agent",
    ),
    pytest.param(
        "agents: {a: {prompt: x, reads: [b]}, b: {prompt: y, reads: [a]}}", r"agents: a cycle, [ab] → [ab]", id="cycle"
    ),
    pytest.param("agents: {a: {prompt: x}, b: {prompt: y}}", r"output: missing, .*add `output: b`", id="two terminals"),
    pytest.param("agents: {a: {prompt: x}, a: {prompt: y}}", r"line 1, column 26: .*'a' is given twice", id="double"),
    pytest.param("agents:\n  a: {prompt: x\n", r"^system\.yaml, line 3, column 1: not valid YAML", id="broken"),
    pytest.param("a: b: c", r"^system\.yaml, line 1, column 5: not valid YAML", id="broken on one line"),
    pytest.param("agents: {a: {prompt: \x07}}", r"not valid YAML", id="control character"),
    pytest.param("agents: !!python/name:os.system {}", r"not valid YAML", id="a Python tag"),
    pytest.param("[" * 1000, r"not valid YAML", id="too deep"),
    pytest.param("agents: {a: {prompt: x}}\nfinal_answer: tags", r"final_answer: 'tags' is not known", id="answer"),
]


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_i06_a_bad_file_is_refused_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    said = refusal(tmp_path, text)
    assert re.search(message, said), said
    assert all(line.startswith("system.yaml") for line in said.splitlines())


def test_i07_all_problems_are_told_at_once(tmp_path: Path) -> None:
    said = refusal(tmp_path, "agents: {a: {prompt: x, frozen: 1}, b: {prompt: y, reads: 2}}")
    assert len(said.splitlines()) == 2


def test_i08_a_missing_or_unreadable_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SystemInvalid, match=r"none\.yaml: no such file; give the path"):
        load_system(tmp_path / "none.yaml")
    with pytest.raises(SystemInvalid, match="cannot be read"):
        load_system(tmp_path)
    (tmp_path / "latin.yaml").write_bytes(b"name: caf\xe9")
    with pytest.raises(SystemInvalid, match="not UTF-8"):
        load_system(tmp_path / "latin.yaml")


def test_i09_a_prompt_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "p.txt").write_bytes(b"caf\xe9")
    assert "agents.a.prompt: p.txt: not UTF-8" in refusal(tmp_path, "agents: {a: {prompt: p.txt}}")


texts = st.text(st.characters(), max_size=40)
tricky = st.sampled_from(
    ["a\n b\n", "\n\na", "x \ny", "yes", "1", "p.txt", "{x}: - #", "a\x85b", "é\u2028\n", "a\r\nb\n"]
)
filled = (texts | tricky).filter(str.strip)
optional = st.none() | texts.filter(lambda text: text != "")


@st.composite
def systems(draw: st.DrawFn) -> System:
    names = draw(st.lists(st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,6}", fullmatch=True), min_size=1, unique=True))
    names = [name for name in names if name not in ("input", "context")] or ["a"]
    agents = []
    for index, name in enumerate(names):
        prompt = draw(filled)
        reads = draw(st.lists(st.sampled_from(names[:index]), unique=True)) if index else []
        protect = (prompt,) if draw(st.booleans()) else ()
        agents.append(Agent(name, prompt, tuple(reads), draw(texts), draw(optional), draw(st.booleans()), protect))
    return System(tuple(agents), draw(texts), draw(st.sampled_from(names)), "none")


@given(systems())
def test_i10_a_dumped_system_reads_back_the_same(system: System) -> None:
    assert parse_system(dump_system(system)) == system


@given(st.text(max_size=80) | st.from_regex(r"(agents:)?[\[\]{}:,&*a\n -]{0,30}", fullmatch=True))
def test_i11_any_text_is_a_system_or_a_refusal(text: str) -> None:
    try:
        parse_system(text)
    except SystemInvalid as error:
        assert str(error).startswith("system")

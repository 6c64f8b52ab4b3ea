"""What a framework says of its agents: names, who was never called; told by readers in the app's own process."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from maspo.apps import readers
from maspo.apps.declared import Declared, declared, names_of, never_called
from maspo.apps.pool import Pool
from maspo.apps.templates import Template
from tests.apps.conftest import WriteApp

FILES = sorted(Path(readers.__file__).parent.glob("[!_]*.py"))
WRITE = Template(
    "You write the report about {value}. Be brief.", frozenset({"You write the report about tea. Be brief."})
)
PLAN = Template("You plan the work.", frozenset({"You plan the work."}))

# A framework in one file, of the same public names as the real one.
AGENTS = """
class Agent:
    def __init__(self, name, instructions, handoffs=()):
        self.name, self.instructions, self.handoffs = name, instructions, list(handoffs)
"""


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_reader_is_small_and_touches_public_attributes_only(file: Path) -> None:
    source = file.read_text(encoding="utf-8")
    tree = ast.parse(source, feature_version=(3, 9))
    assert len(source.splitlines()) < 40
    imported = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    modules = {name for node in imported for name in ([node.module] if isinstance(node, ast.ImportFrom) else [])}
    assert modules <= {"__future__", "typing"}
    assert not any(isinstance(node, ast.Import) for node in imported)
    used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert not {name for name in used if name.startswith("_")}
    module, name = ast.literal_eval(
        next(
            node.value for node in tree.body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "KIND"
        )
    )
    assert module.split(".")[0] not in sys.stdlib_module_names
    assert name.isidentifier()


def test_agents_are_called_as_their_framework_calls_them() -> None:
    told = (
        Declared("Chief", ("You plan  the\n work.",)),
        Declared("Author", ("Be brief.", "You write the report about")),
        Declared("Anybody", ()),
        Declared("Short", ("brief",)),
    )
    assert names_of(told, [PLAN, WRITE]) == {0: "Chief", 1: "Author"}


def test_of_several_that_fit_the_longest_is_meant_and_none_where_that_does_not_tell() -> None:
    part, whole = Declared("Part", ("You plan the",)), Declared("Whole", ("You plan the work.",))
    assert names_of((part, whole), [PLAN]) == {0: "Whole"}
    assert names_of((whole, Declared("Twin", ("You plan the work.",))), [PLAN]) == {}


def test_who_was_never_called_is_named_with_advice() -> None:
    auditor = Declared("Auditor", ("You look for mistakes.",))
    chief = Declared("Chief", ("You plan the work.",), hands_over_to=("Auditor",))
    (note,) = never_called((chief, auditor), [PLAN], 5)
    assert note.startswith("Auditor: ")
    assert "never called on 5 inputs" in note
    assert "Chief may hand over to it" in note
    (failed,) = never_called((Declared("", (), reader="agno", failed="AttributeError: name"),), [PLAN], 5)
    assert "agno" in failed


def test_what_comes_from_the_process_of_an_app_is_only_data() -> None:
    told: list[dict[str, object]] = [
        {"name": 3},
        {"name": " "},
        {},
        {"name": "A", "passages": "text"},
        {"name": "B", "passages": ["p", 1, None]},
    ]
    assert declared([*told, *told]) == (Declared("A", ()), Declared("B", ("p",)))


async def test_agents_are_read_after_the_first_rollout_wherever_they_are_kept(app: WriteApp, tmp_path: Path) -> None:
    (tmp_path / "agents.py").write_text(AGENTS)
    code = """
        from agents import Agent
        def kept():
            hidden = Agent("Auditor", "You look for mistakes.")
            return lambda: hidden
        KEEPER = kept()
        CHIEF = Agent("Chief", "You plan the work.", [KEEPER()])
        DYNAMIC = Agent("Dynamic", lambda *_: "made up")
        def answer(row):
            return "42"
    """
    pool = Pool(app(code))
    try:
        first, second = [await pool.run({"input": "x"}, {}) for _ in range(2)]
    finally:
        await pool.close()
    assert set(declared(first.agents)) == {
        Declared("Chief", ("You plan the work.",), ("Auditor",), "openai_agents"),
        Declared("Auditor", ("You look for mistakes.",), (), "openai_agents"),
        Declared("Dynamic", (), (), "openai_agents"),
    }
    assert second.agents == ()


async def test_a_reader_that_fails_costs_no_rollout(app: WriteApp, tmp_path: Path) -> None:
    (tmp_path / "agents.py").write_text("class Agent:\n    pass\n")
    pool = Pool(app("import agents\nONE = agents.Agent()\ndef answer(row):\n    return '42'\n"))
    try:
        ended = await pool.run({"input": "x"}, {})
    finally:
        await pool.close()
    assert ended.answer == "42"
    (told,) = declared(ended.agents)
    assert (told.reader, "AttributeError" in told.failed) == ("openai_agents", True)

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
from maspo.team.app import App
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
# A graph whose nodes are functions, and an agent of the same public shape as LangChain makes it.
GRAPH = """
from types import SimpleNamespace
class CompiledStateGraph:
    def __init__(self, name, nodes):
        made = {
            key: SimpleNamespace(runnable=one if hasattr(one, "builder") else SimpleNamespace(func=one, afunc=None))
            for key, one in nodes.items()
        }
        self.name, self.builder = name, SimpleNamespace(nodes=made)
def agent(name, prompt):
    system_message = SimpleNamespace(content=prompt)
    def model_node(state):
        return system_message, "a text of the framework's own"
    return CompiledStateGraph(name, {"model": model_node})
"""


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_reader_is_small_and_touches_public_attributes_only(file: Path) -> None:
    source = file.read_text(encoding="utf-8")
    tree = ast.parse(source, feature_version=(3, 9))
    assert len(source.splitlines()) < 40
    imported = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    modules = {name for node in imported for name in ([node.module] if isinstance(node, ast.ImportFrom) else [])}
    assert modules <= {"__future__", "dis", "inspect", "typing"}
    assert not any(isinstance(node, ast.Import) for node in imported)
    used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert not {name for name in used if name.startswith("_")}
    kinds = ast.literal_eval(
        next(
            node.value for node in tree.body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "KINDS"
        )
    )
    assert kinds
    for module, name in kinds:
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


@pytest.mark.parametrize(
    "passage",
    [
        "You plan a trip to {city} in {{ days }} days{% if kind %} and",
        "You plan a trip to ${city} in $days",
        "You  plan a trip to {app:city?} in",
    ],
)
def test_values_in_the_text_of_a_framework_may_be_anything(passage: str) -> None:
    prompt = "You plan a trip to {value} in 3 days and say what it costs."
    told = (Declared("Guide", (passage,)),)
    assert names_of(told, [Template(prompt, frozenset())]) == {0: "Guide"}
    assert list(never_called(told, [Template(prompt, frozenset())], 5)) == []
    assert names_of(told, [Template("In 3 days you plan a trip to Rome.", frozenset())]) == {}


def test_a_name_that_several_prompts_have_is_none() -> None:
    told = (Declared("Agent", ("You plan the work.",)), Declared("Agent", ("You write the report about",)))
    assert names_of(told, [PLAN, WRITE]) == {}


def test_who_was_never_called_is_named_with_advice() -> None:
    auditor = Declared("Auditor", ("You look for mistakes.",))
    chief = Declared("Chief", ("You plan the work.",), hands_over_to=("Auditor",))
    (note,) = never_called((chief, auditor), [PLAN], 5)
    assert note.startswith("Auditor: ")
    assert "never called on 5 inputs" in note
    assert "Chief may hand over to it" in note
    (failed,) = never_called((Declared("", (), reader="agno", failed="AttributeError: name"),), [PLAN], 5)
    assert "agno" in failed


def test_a_text_that_may_be_anything_names_only_a_prompt_of_which_it_is_the_most() -> None:
    told = (
        Declared("planner", ("You plan the work.",), is_guess=True),
        Declared("other", ("the report about",), is_guess=True),
        Declared("logger", ("Something went wrong.",), is_guess=True),
    )
    assert names_of(told, [PLAN, WRITE]) == {0: "planner"}
    assert list(never_called(told, [PLAN, WRITE], 5)) == []


def test_what_comes_from_the_process_of_an_app_is_only_data() -> None:
    told: list[dict[str, object]] = [
        {"name": 3},
        {"name": " "},
        {},
        {"name": "A", "passages": "text"},
        {"name": "B", "passages": ["p", 1, None]},
    ]
    assert declared([*told, *told]) == (Declared("A", ()), Declared("B", ("p",)))


async def told_by(made: App) -> tuple[Declared, ...]:
    """Return what the readers tell of an app once it has run on a row."""
    pool = Pool(made)
    try:
        return declared((await pool.run({"input": "x"}, {})).agents)
    finally:
        await pool.close()


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


# An agent of the same shape as PydanticAI makes it: a name that may be missing, and texts under no public name.
TEXTS = """
class Text:
    def __init__(self, instruction, source):
        self.instruction, self.source = instruction, source
class Agent:
    def __init__(self, name=None, instructions=(), system_prompt=()):
        self.name, self._any = name, [Text(one, "agent") for one in instructions]
        self._more, self._tools, self._model = [Text("Search first.", "toolset:web")], [print], "openai:m"
        self._other = tuple(system_prompt)
"""


async def test_what_an_agent_keeps_under_no_public_name_is_told_by_what_it_is(app: WriteApp, tmp_path: Path) -> None:
    (tmp_path / "pydantic_ai.py").write_text(TEXTS)
    code = """
        from pydantic_ai import Agent
        PLANNER = Agent("Planner", ["You plan the work.", lambda: "Today is Monday."])
        AUTHOR = Agent("Author", ["Be brief."], ["You write the report.", "Never guess."])
        critic = again = Agent(None, ["You look for mistakes."])
        MADE = [Agent(None, ["You have no name at all."])]
        def answer(row):
            return "42"
    """
    told = await told_by(app(code))
    assert {(one.name, one.passages) for one in told} == {
        ("Planner", ("You plan the work.",)),
        ("Author", ("You write the report.",)),
        ("critic", ("You look for mistakes.",)),
    }


# A pipeline of the same public shape as Haystack makes it, in which agents have a place and no name of their own.
PIPELINE = """
class Pipeline:
    def __init__(self, **parts):
        self.parts = parts
    def walk(self):
        return self.parts.items()
"""
UNNAMED = """
class Agent:
    def __init__(self, system_prompt):
        self.system_prompt = system_prompt
"""


async def test_a_nameless_agent_is_called_by_its_place_else_by_its_variable(app: WriteApp, tmp_path: Path) -> None:
    (tmp_path / "haystack" / "components").mkdir(parents=True)
    (tmp_path / "haystack" / "__init__.py").write_text(PIPELINE)
    (tmp_path / "haystack" / "components" / "agents.py").write_text(UNNAMED)
    code = """
        from haystack import Pipeline
        from haystack.components.agents import Agent
        first = Agent("You plan the work.")
        TEAM = Pipeline(planner=first, router=object(), author=Agent("You write the report."))
        reviewer = Agent("You are a senior {{language}} engineer.")
        def answer(row):
            return "42"
    """
    told = await told_by(app(code))
    assert {(one.name, one.passages) for one in told} == {
        ("planner", ("You plan the work.",)),
        ("author", ("You write the report.",)),
        ("reviewer", ("You are a senior {{language}} engineer.",)),
    }


LATE = """
import importlib
def __getattr__(name):
    return getattr(importlib.import_module("agents.made"), name)
"""


@pytest.mark.parametrize("keeps", [False, True], ids=["forked", "kept alive"])
@pytest.mark.parametrize("module", ["agents", "agents.made"])
async def test_agents_that_are_made_for_a_row_are_read_though_they_are_gone(
    app: WriteApp, tmp_path: Path, keeps: bool, module: str
) -> None:
    (tmp_path / "agents").mkdir()
    (tmp_path / "agents" / "made.py").write_text(AGENTS)
    (tmp_path / "agents" / "__init__.py").write_text(LATE)  # a package that loads its classes when they are asked for
    code = """
        import gc
        from MODULE import Agent
        def answer(row):
            before = len(gc.get_objects())
            auditor = Agent("Auditor", "You look for mistakes.")
            chief = Agent("Chief", "You plan the work of the team.", [auditor])
            waste = [[] for _ in range(5000)]  # as much as any call of a model takes
            return "42"
    """
    pool = Pool(app(code.replace("MODULE", module), keep_alive=keeps))
    try:
        first, second = [await pool.run({"input": "x"}, {}) for _ in range(2)]
    finally:
        await pool.close()
    assert {one.name for one in declared(first.agents)} == {"Auditor", "Chief"}
    assert (first.answer, second.answer, second.agents) == ("42", "42", ())


async def test_agents_and_nodes_of_a_graph_are_told_by_what_they_refer_to(app: WriteApp, tmp_path: Path) -> None:
    (tmp_path / "langgraph" / "graph").mkdir(parents=True)
    (tmp_path / "langgraph" / "graph" / "state.py").write_text(GRAPH)
    code = """
        from langgraph.graph.state import CompiledStateGraph, agent
        PLAN = "You plan the work."
        def plan(state):
            return PLAN
        def write(state):
            return ["You write the report.", state]
        AUDITOR = agent("Auditor", "You look for mistakes.")
        class Critic:
            def look(self, state):
                return "You look at what others wrote."
        def broken():
            def node(state):
                return never_set
            if not PLAN:
                never_set = 1
            return node
        inner = agent("LangGraph", "You answer questions of members.")
        nodes = {"planner": plan, "author": write, "critic": Critic().look, "desk": inner, "broken": broken(), "odd": 3}
        TEAM = CompiledStateGraph("LangGraph", nodes)
        def answer(row):
            return "42"
    """
    told = await told_by(app(code))
    assert {(one.name, one.passages, one.is_guess) for one in told} == {
        ("Auditor", ("You look for mistakes.",), False),
        ("planner", ("You plan the work.",), True),
        ("author", ("You write the report.",), True),
        ("critic", ("You look at what others wrote.",), True),
        ("desk", ("You answer questions of members.",), False),
    }


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

"""The shape of the program (docs/design/0001-shape.md): directions, purity, and a light import."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import maspo

ROOT = Path(str(maspo.__file__)).parent
MODULES = {
    ".".join(("maspo", *file.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__"): file
    for file in sorted(ROOT.rglob("*.py"))
}
LEVELS: tuple[frozenset[str], ...] = (
    frozenset({"__about__"}),
    frozenset({"core"}),
    frozenset({"team", "events", "stats"}),
    frozenset({"models", "optimizers", "sandbox"}),
    frozenset({"judges", "proposers", "runners", "gateway", "data", "scoring", "store", "world", "real"}),
    frozenset({"apps"}),
    frozenset({"flags", "config", "configure"}),
    frozenset({"study"}),
    frozenset({"report"}),
    frozenset({"arena", "online", "ui", "mcp"}),
    frozenset({"api", "cli", "testing"}),
    frozenset({"integrations"}),
    frozenset({"__main__"}),
)
"""From the ground up; a room uses rooms of its own level and below, also in imports inside functions."""
PURE = (
    "maspo.events",
    "maspo.core.plain",
    "maspo.core.usage",
    "maspo.online.control",
    "maspo.online.measures",
    "maspo.online.plan",
    "maspo.online.record",
    "maspo.optimizers",
    "maspo.stats",
    "maspo.data.split",
    "maspo.scoring.answers",
    "maspo.scoring.base",
    "maspo.scoring.choices",
    "maspo.scoring.claims",
    "maspo.scoring.json_values",
    "maspo.scoring.mathematics.equality",
    "maspo.scoring.mathematics.reading",
    "maspo.scoring.options",
    "maspo.scoring.readable",
    "maspo.report.figures",
    "maspo.report.fold",
    "maspo.report.document.model",
    "maspo.report.document.extras",
    "maspo.report.document.of_view",
    "maspo.report.document.parts",
    "maspo.report.document.room",
    "maspo.report.lines",
    "maspo.report.logged",
    "maspo.report.otlp",
    "maspo.report.questions",
    "maspo.study.evaluation.calibration",
    "maspo.study.comparison.tally",
    "maspo.study.evaluation.tally",
    "maspo.study.holdout",
    "maspo.study.traces",
    "maspo.judges.reading",
    "maspo.proposers.drafts",
    "maspo.proposers.foreign",
    "maspo.proposers.passages",
    "maspo.core.quoting",
    "maspo.core.seeded",
    "maspo.arena.selftest",
    "maspo.arena.summary",
    "maspo.arena.plots",
)
"""Modules, and folders with all that is in them."""
GUESTS = frozenset({"maspo.optimizers.baselines.gepa", "maspo.optimizers.baselines.opentrace"})
"""Searches of outside packages, which call us: a thread in turns with ours makes a generator of them."""
IMPURE = frozenset(
    {"asyncio", "time", "datetime", "random", "secrets", "os", "io", "pathlib", "socket", "subprocess", "threading"}
    | {"aiohttp", "sqlite3", "urllib", "http", "tempfile", "shutil", "uuid", "importlib"}
)
UNSAFE_MODULES = frozenset({"pickle", "marshal", "shelve", "dill", "cloudpickle", "jsonpickle", "joblib"})
UNSAFE_CALLS = frozenset(
    {"eval", "exec", "compile", "__import__", "os.system", "os.popen", "asyncio.create_subprocess_shell"}
    | {"subprocess.getoutput", "subprocess.getstatusoutput"}
    | {"yaml.unsafe_load", "yaml.unsafe_load_all", "yaml.full_load", "yaml.full_load_all"}
)


def room(module: str) -> str:
    """Return the package or module right below maspo."""
    return module.split(".")[1] if "." in module else module


def imports(file: Path, lazy: bool = True) -> Iterator[str]:
    """Return what a module imports; without ``lazy``, only what happens when it is imported itself."""
    for node in walk(ast.parse(file.read_text(encoding="utf-8")), lazy):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: a relative import"
            assert node.module is not None
            found = {f"{node.module}.{name.name}" for name in node.names}
            yield from found & MODULES.keys()
            if not found <= MODULES.keys():
                yield node.module


def walk(node: ast.AST, lazy: bool) -> Iterator[ast.AST]:
    yield node
    if not lazy and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        return
    for child in ast.iter_child_nodes(node):
        yield from walk(child, lazy)


def pure(module: str) -> bool:
    return module not in GUESTS and any(module == name or module.startswith(f"{name}.") for name in PURE)


def level(name: str) -> int:
    return next(number for number, rooms in enumerate(LEVELS) if name in rooms)


def test_z01_every_room_has_its_level() -> None:
    rooms = {room(module) for module in MODULES} - {"maspo"}
    assert rooms == set().union(*LEVELS)


@pytest.mark.parametrize("module", sorted(MODULES))
def test_z02_imports_point_one_way(module: str) -> None:
    here = room(module)
    if here == "maspo":
        return
    for imported in imports(MODULES[module]):
        if not imported.startswith("maspo."):
            continue
        assert level(room(imported)) <= level(here), f"{module} imports {imported}, which stands above it"


def test_z03_no_module_needs_itself() -> None:
    needs = {
        module: {name for name in imports(file, lazy=False) if name in MODULES and name != module}
        for module, file in MODULES.items()
    }
    order = list(TopologicalSorter(needs).static_order())
    assert set(order) >= set(MODULES)


def test_z04_no_two_rooms_need_each_other() -> None:
    needs: dict[str, set[str]] = {}
    for module, file in MODULES.items():
        for name in imports(file, lazy=False):
            if name.startswith("maspo.") and room(name) != room(module):
                needs.setdefault(room(module), set()).add(room(name))
    mutual = {frozenset({one, other}) for one, found in needs.items() for other in found if one in needs.get(other, ())}
    assert mutual == set()


def test_z10_only_the_command_line_knows_the_arena() -> None:
    users = {room(module) for module, file in MODULES.items() for name in imports(file) if room(name) == "arena"}
    assert users == {"arena", "cli"}


@pytest.mark.parametrize("module", [name for name in MODULES if pure(name)])
def test_z05_pure_modules_know_no_clock_file_network_or_chance(module: str) -> None:
    used = {name.split(".")[0] for name in imports(MODULES[module])}
    assert not used & IMPURE


def test_z06_what_must_be_pure_is_there() -> None:
    assert set(PURE) <= MODULES.keys()


@pytest.mark.parametrize("module", ["maspo", "maspo.cli"])
def test_z08_importing_the_package_or_the_command_line_loads_nothing_heavy(module: str) -> None:
    code = f"import {module}, sys; print(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(found.stdout.split()) & {"pydantic", "aiohttp", "yaml", "rich", "sqlite3"}


def unsafe(text: str, module: str) -> list[str]:
    """Return what a module's text does that could execute data: calls and imports that this code base never needs."""
    tree = ast.parse(text)
    inside = module.startswith("maspo.sandbox.inside.")  # a process that is shut in to execute model code
    safe = {"yaml.SafeLoader", "yaml.CSafeLoader"}
    safe |= {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and safe & set(map(ast.unparse, node.bases))
    }
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            found += [] if inside else _unsafe_call(node, safe)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names = [name.name for name in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            found += [f"imports {name}" for name in names if name.split(".")[0] in UNSAFE_MODULES]
            if "ctypes" in names and "sandbox" not in module.split("."):
                found.append("imports ctypes outside the sandbox")
    if room(module) in {"judges", "proposers", "runners"} and ".format(" in text:
        found.append("formats text")
    return found


def _unsafe_call(node: ast.Call, safe_loaders: set[str]) -> list[str]:
    name = ast.unparse(node.func)
    shell = [word for word in node.keywords if word.arg == "shell" and ast.unparse(word.value) != "False"]
    loaders = {ast.unparse(word.value) for word in node.keywords if word.arg == "Loader"}
    loads = name in {"yaml.load", "yaml.load_all"} and not (loaders and loaders <= safe_loaders)
    # A method that happens to be called compile, such as re.compile, is not the builtin.
    return [f"calls {name}"] if name in UNSAFE_CALLS or shell or loads else []


def test_z13_a_folder_of_many_modules_says_what_stands_where() -> None:
    for folder in {file.parent for file in MODULES.values()}:
        names = [file.stem for file in folder.glob("*.py") if file.stem != "__init__"]
        if len(names) >= 20:
            said = ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))) or ""
            assert [name for name in names if f"``{name}``" not in said] == [], f"{folder}/__init__.py names them all"


def test_z09_no_model_text_is_formatted_executed_or_unpickled() -> None:
    found = {module: unsafe(file.read_text(encoding="utf-8"), module) for module, file in MODULES.items()}
    assert {module: what for module, what in found.items() if what} == {}


@pytest.mark.parametrize(
    "planted",
    [
        "eval(text)",
        "exec(text)",
        "compile(text, '', 'exec')",
        "__import__(name)",
        "import pickle",
        "from pickle import loads",
        "import marshal",
        "import shelve",
        "import dill",
        "import cloudpickle",
        "import jsonpickle",
        "import joblib",
        "import ctypes",
        "from ctypes import CDLL",
        "import yaml\nyaml.load(text)",
        "import yaml\nyaml.load(text, Loader=yaml.Loader)",
        "class Mine(yaml.Loader): pass\nyaml.load(text, Loader=Mine)",
        "import yaml\nyaml.load(text, yaml.UnsafeLoader)",
        "import yaml\nyaml.unsafe_load(text)",
        "import yaml\nyaml.full_load(text)",
        "import os\nos.system(text)",
        "import os\nos.popen(text)",
        "import subprocess\nsubprocess.run(text, shell=True)",
        "import subprocess\nsubprocess.Popen(text, shell=asked)",
        "import subprocess\nsubprocess.getoutput(text)",
        "import asyncio\nasyncio.create_subprocess_shell(text)",
        "text.format(**values)",
    ],
)
def test_z11_the_rule_against_executing_data_finds_what_is_planted(planted: str) -> None:
    assert unsafe(planted, "maspo.judges.planted") != []


@pytest.mark.parametrize(
    "harmless", ["import re\nre.compile(x)", "yaml.safe_load(text)", "subprocess.run(['ls'])", "self.eval(x)"]
)
def test_z12_the_rule_against_executing_data_lets_the_rest_alone(harmless: str) -> None:
    assert unsafe(harmless, "maspo.judges.planted") == []

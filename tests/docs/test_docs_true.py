"""What README and docs say is true: links, options, settings, variables, fields, places in the code, names of tests."""

from __future__ import annotations

import ast
import json
import re
import runpy
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest
import typer

from maspo.cli.app import app
from maspo.cli.settings import OTHER_VARIABLES
from maspo.config import PROFILES, RunConfig
from maspo.configure import list_fields
from maspo.core import errors
from maspo.core.verdict import Level
from maspo.events import VerdictWord
from maspo.flags import FLAGS
from maspo.models.base import ASKED
from maspo.models.retired import retired_names
from maspo.optimizers.registry import OPTIMIZERS, config_class
from maspo.report.fold import fold
from maspo.report.result import result_of
from maspo.team.load import AGENT_KEYS, SYSTEM_KEYS
from maspo.team.system import FINAL_ANSWER_PREFIXES, FINAL_ANSWERS

ROOT = Path(__file__).resolve().parents[2]
TOP = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")
PAGES = [*(ROOT / name for name in TOP), *sorted(ROOT.glob("skills/*/*.md")), *sorted(ROOT.glob("docs/**/*.md"))]
EVERYWHERE = {"--help", "--version", "--install-completion", "--show-completion"}
PIP = {"--editable", "--require-hashes", "--no-deps", "--no-index", "--find-links", "--wheel-dir"}
KUBECTL = {"--from-file", "--from-literal"}
OTHER_TOOLS = {"--model", "--group", *PIP, *KUBECTL}
"""Options of other programs that the pages show."""
FILES = (".py", ".html", ".db", ".jsonl")
"""How names of files end that begin like a setting: ``judge.html``. So do purposes of calls: ``judge.local``."""

_LINK = re.compile(r"\]\((?!https?://)([^)\s]+)\)")
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*[a-z]")


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def quoted_names(page: str) -> set[str]:
    """Return everything that a page sets in backticks."""
    return set(re.findall(r"`([^`\n]+)`", page))


# ── links ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_d11_links_lead_somewhere(page: Path) -> None:
    for target in _LINK.findall(page.read_text(encoding="utf-8")):
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        assert file.exists(), target
        if anchor:
            assert anchor in anchors(file), target


def anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_d12_every_page_is_reachable_from_the_readme() -> None:
    linked = {(ROOT / target.partition("#")[0]).resolve() for target in _LINK.findall(text_of("README.md"))}
    missing = [page.name for page in sorted((ROOT / "docs").glob("*.md")) if page not in linked]
    assert not missing


# ── commands and settings ────────────────────────────────────────────────────────────────────────────────────────────


def commands() -> Iterator[tuple[str, set[str]]]:
    """Yield every command with its options."""
    yield from _commands(typer.main.get_command(app), "maspo")


def _commands(command: Any, name: str) -> Iterator[tuple[str, set[str]]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        names = (option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts))
        yield name, {option for option in names if option.startswith("-")}
        return
    for word, one in inner.items():
        yield from _commands(one, f"{name} {word}")


def section(page: str, title: str) -> str:
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    assert found, f"no section {title!r}"
    return found[1]


@pytest.mark.parametrize(("command", "options"), [pytest.param(*one, id=one[0]) for one in commands()])
def test_d13_every_command_is_documented_with_exactly_its_options(command: str, options: set[str]) -> None:
    part = section(text_of("docs/commands.md"), command)
    shown = {option for name in quoted_names(part) for option in re.findall(r"^-y$|^--[a-z-]+$", name)}
    assert shown == options


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_d14_no_page_mentions_an_option_that_does_not_exist(page: Path) -> None:
    known = {option for _, options in commands() for option in options} | EVERYWHERE | OTHER_TOOLS
    mentioned = set(_OPTION.findall(page.read_text(encoding="utf-8")))
    assert {option for option in mentioned if option != "--max"} <= known


def test_d15_tables_of_settings_are_as_the_fields_declare_them() -> None:
    page = text_of("docs/commands.md")
    tables = runpy.run_path(str(ROOT / "docs/tables.py"))
    assert set(re.findall(r"<!-- table: ([\w-]+) -->", page)) == set(tables["TABLES"])
    assert tables["renew"](page) == page, "settings changed: run `make tables`"
    assert not re.search(r"\| +\|.*\|$", "".join(tables["list_search"]("race"))), "a setting says what it means"


def test_d25_no_page_mentions_a_setting_that_does_not_exist() -> None:
    searches = [config_class(method) for method in OPTIMIZERS.own]
    paths = {".".join(path) for search in searches for path, _ in list_fields(RunConfig, search)}
    known = paths | {path.rpartition(".")[0] for path in paths} | {f"judge.{level}" for level in Level} | {ASKED}
    groups = "|".join(sorted(RunConfig.model_fields))
    for page in PAGES:
        mentioned = re.findall(rf"`((?:{groups})\.[a-z_.]+)`", page.read_text(encoding="utf-8"))
        assert {name for name in mentioned if not name.endswith(FILES)} <= known, page.name


def test_d16_every_variable_is_documented_and_none_is_made_up() -> None:
    known = {flag.variable for flag in FLAGS.values()} | OTHER_VARIABLES
    assert set(re.findall(r"`(MASPO_[A-Z_]+)`", text_of("docs/commands.md"))) == known
    for page in PAGES:
        assert set(re.findall(r"MASPO_[A-Z]+(?:_[A-Z]+)*", page.read_text(encoding="utf-8"))) <= known, page.name


def test_d17_profiles_verdicts_and_exit_codes_are_documented() -> None:
    commands_page = text_of("docs/commands.md")
    assert set(PROFILES) <= quoted_names(section(commands_page, "maspo optimize"))
    assert set(get_args(VerdictWord)) <= quoted_names(text_of("docs/concepts.md"))
    codes = {value for name, value in vars(errors).items() if name.startswith("EXIT_")}
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", commands_page, re.MULTILINE)} == codes


# ── files ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_d18_every_field_of_a_system_file_is_documented() -> None:
    part = section(text_of("docs/files.md"), "System file")
    assert {*AGENT_KEYS, *SYSTEM_KEYS} - {"agents"} <= quoted_names(part)
    forms = {name.partition(":")[0] for name in quoted_names(part)}
    assert {*FINAL_ANSWERS, *(prefix.rstrip(":") for prefix in FINAL_ANSWER_PREFIXES)} <= forms


def test_d19_every_field_of_the_result_is_documented() -> None:
    shown = quoted_names(section(text_of("docs/files.md"), "Run folder"))
    assert set(result_of(fold([], {})).dump()) <= shown


# ── the code ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@cache
def defined(file: Path) -> frozenset[str]:
    """Return the functions, classes and methods (``Class.method``) that a file defines."""
    found: set[str] = set()
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            methods = (one for one in node.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef))
            found |= {f"{node.name}.{one.name}" for one in methods}
    return frozenset(found)


def places(page: str, below: str) -> list[tuple[Path, str]]:
    return [(ROOT / below / file, name) for file, name in re.findall(r"`([\w/]+\.py)::([\w.]+)`", text_of(page))]


def test_d20_the_index_of_the_paper_points_into_the_code() -> None:
    found = places("docs/paper_index.md", "src/maspo")
    assert len(found) > 20
    assert [f"{file.name}::{name}" for file, name in found if not (file.is_file() and name in defined(file))] == []


def test_d21_every_difference_is_pinned_by_a_test_that_exists() -> None:
    rows = re.findall(r"^\| (\d+) \|.*$", text_of("docs/differences_from_reference.md"), re.MULTILINE)
    assert [int(row) for row in rows] == list(range(1, 15))
    for line in text_of("docs/differences_from_reference.md").splitlines():
        if re.match(r"\| \d+ \|", line):
            assert re.search(r"`tests/[\w/]+\.py::test_\w+`", line), line[:60]
    found = places("docs/differences_from_reference.md", ".")
    assert [f"{file}::{name}" for file, name in found if not (file.is_file() and name in defined(file))] == []


# ── the demo in the README ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
def test_d22_the_readme_shows_the_demo_as_it_is(tmp_path: Path) -> None:
    shown = re.search(r"<!-- demo: text -->\n```text\n(.*?)```", text_of("README.md"), re.DOTALL)
    assert shown, "the block that `make picture` writes is gone"
    done = subprocess.run(
        [sys.executable, "-m", "maspo", "demo"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert outcome(shown[1]) == outcome(done.stdout), "the demo ends otherwise now: run `make picture`"


def outcome(printed: str) -> str:
    """Return what a demo prints up to its cost, which depends on timing a little."""
    head, cost, _ = printed.partition("\ncost ")
    assert cost
    return head


def test_d23_examples_of_json_in_the_prose_are_json() -> None:
    for page in PAGES:
        for example in re.findall(r"`(\{\"[^`\n]*\})`", page.read_text(encoding="utf-8")):
            assert isinstance(json.loads(example), dict)


def test_d24_every_benchmark_is_described() -> None:
    scripts = {path.name for path in (ROOT / "benchmarks").glob("*.py")}
    assert scripts == {name for name in quoted_names(text_of("benchmarks/README.md")) if name.endswith(".py")}


def test_no_page_or_example_names_a_model_that_its_provider_retires() -> None:
    root = Path(__file__).parents[2]
    texts = [root / "README.md", *(root / "docs").glob("*.md"), *(root / "examples").rglob("*.*")]
    names = "|".join(re.escape(name) for name in retired_names() if len(name) > 4)
    for path in texts:
        if path.suffix in (".md", ".py", ".yaml", ".toml", ".json", ".jsonl"):
            found = re.findall(rf"(?<![\w.-])(?:{names})(?![\w.])", path.read_text("utf-8"))
            assert not found, f"{path}: {found}"

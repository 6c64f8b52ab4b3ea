"""What docs/security.md says is there: tests that it names, few dependencies, no output that runs as a formula."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
TABLES = [table.splitlines() for table in re.findall(r"(?:^\|.*\n)+", PAGE, re.MULTILINE)]
THREATS = [
    [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|"))]
    for head, _, *lines in TABLES
    if head.startswith("| threat |")
    for line in lines
]


@pytest.mark.parametrize("row", THREATS, ids=lambda row: row[0][:40])
def test_k01_every_threat_has_a_reason_a_mitigation_and_a_test_that_exists(row: list[str]) -> None:
    assert len(row) == 4
    assert all(row)
    named = re.findall(r"`([^`]+)`", row[3])
    assert named
    for name in named:
        assert name.startswith(("tests/", "web/test/"))
        place = ROOT / name
        files = [place] if place.is_file() else sorted(place.rglob("test_*.py"))
        assert files, f"{name} does not exist, or holds no test"
        assert any(re.search(r"def test_|\btest\(", file.read_text(encoding="utf-8")) for file in files), name


def test_k01_all_threats_are_read() -> None:
    assert len(THREATS) > 30


def test_k02_the_page_has_every_area() -> None:
    areas = set(re.findall(r"^## (.*)$", PAGE, re.MULTILINE))
    assert areas >= {"The endpoint", "Runs on disk", "Code answers", "Supply chain", "What people look at"}
    assert len(THREATS) >= 20


def test_k03_the_core_has_at_most_eight_direct_dependencies() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert 0 < len(project["dependencies"]) <= 8


def test_k04_nothing_writes_tables_that_spreadsheets_run() -> None:
    writers = re.compile(r"csv\.(?:writer|DictWriter)|\.to_csv\(|write_csv\(")
    found = [file.name for file in (ROOT / "src").rglob("*.py") if writers.search(file.read_text(encoding="utf-8"))]
    assert found == [], (
        "a cell that begins with = + - @ or a tab is run: put an apostrophe before it, and test that here"
    )
    assert writers.search("csv.writer(file)") and writers.search("frame.to_csv(path)")


def test_k05_the_lint_rules_against_executing_data_are_on() -> None:
    lint = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["ruff"]["lint"]
    assert "S" in lint["select"]
    assert not [rule for rule in lint["ignore"] if re.fullmatch(r"S\d*", rule)]
    for pattern, rules in lint["per-file-ignores"].items():
        assert "S" not in rules or not pattern.startswith("src"), pattern

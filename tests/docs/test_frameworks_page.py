"""Each framework that maspo reads has a team that is run, and a row that says what was found."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from frameworks.environments import NAMES, NPM, PACKAGES
from frameworks.run import READ, changed_since

from tests.docs.test_docs_true import ROOT

PAGE = (ROOT / "docs" / "frameworks.md").read_text(encoding="utf-8")


def test_readers_teams_and_packages_are_of_the_same_frameworks() -> None:
    readers = {file.stem for file in (ROOT / "src/maspo/apps/readers").glob("[!_]*.py")}
    teams = {file.stem.removesuffix("_team") for file in (ROOT / "frameworks/teams").glob("*_team.*")}
    assert readers == READ <= teams == set(NAMES)


def test_the_tables_are_of_frameworks_that_are_run() -> None:
    first = (names[0] for names in (*PACKAGES.values(), *NPM.values()))
    packages = {"curl", *(name.partition("[")[0] for name in first)}
    rows = []
    for name in ("texts", "calls"):
        found = re.search(rf"<!-- table: {name} -->\n(.*?)<!-- end -->", PAGE, re.DOTALL)
        assert found
        rows.append(set(re.findall(r"^\| ([@\w/-]+) \d", found[1], re.MULTILINE)))
    assert rows[0] == rows[1]
    assert rows[0] <= packages


def test_those_are_run_whose_reader_or_team_has_changed(tmp_path: Path) -> None:
    def git(*words: str) -> str:
        who = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
        return subprocess.run(
            ["git", "-C", str(tmp_path), *who, *words], check=True, capture_output=True, text=True
        ).stdout.strip()

    reader, team = tmp_path / "src/maspo/apps/readers/agno.py", tmp_path / "frameworks/teams/mastra_team.mjs"
    for file in (reader, team, tmp_path / "src/maspo/apps/readers/dspy.py", tmp_path / "README.md"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("as it was")
    git("init", "-q")
    git("add", ".")
    git("commit", "-q", "-m", "as it was")
    before = git("rev-parse", "HEAD")
    for file in (reader, team, tmp_path / "README.md"):
        file.write_text("changed")
    git("commit", "-q", "-a", "-m", "changed")
    assert changed_since(before, tmp_path) == ["agno", "mastra"]
    assert changed_since("HEAD", tmp_path) == []
    assert changed_since("0" * 40, tmp_path) == list(NAMES), "what has changed is not known"

"""Each framework that maspo reads has a team that is run, and a row that says what was found."""

from __future__ import annotations

import re

from frameworks.environments import NAMES, NPM, PACKAGES
from frameworks.run import READ

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

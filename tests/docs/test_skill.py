"""The skill file has the common form, and shows only commands and tools that there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from maspo.mcp.tools import Tools
from tests.docs.test_docs_true import ROOT, commands

SKILLS = sorted((ROOT / "skills").glob("*/SKILL.md"))


@pytest.mark.parametrize("page", SKILLS, ids=lambda page: page.parent.name)
def test_a_skill_has_the_front_matter_that_assistants_read(page: Path) -> None:
    opening, head, body = page.read_text(encoding="utf-8").split("---\n", 2)
    told = yaml.safe_load(head)
    assert opening == ""
    assert told["name"] == page.parent.name
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", told["name"])
    assert 0 < len(told["description"]) <= 1024
    assert len(told.get("compatibility", "")) <= 500
    assert set(told) <= {"name", "description", "license", "compatibility", "metadata", "allowed-tools"}
    assert len(body.splitlines()) < 500


def test_the_skill_names_every_tool_and_no_other_command(tmp_path: Path) -> None:
    page = (ROOT / "skills/maspo/SKILL.md").read_text(encoding="utf-8")
    tools = {tool["name"] for tool in Tools(tmp_path).tools()}
    table = set(re.findall(r"^\| [^|]+\| `(\w+)`", page, re.MULTILINE)) | {"status"}
    assert table <= tools
    assert tools - table <= {"stop"}
    known = {name.split()[1] for name, _ in commands()}
    assert set(re.findall(r"`maspo ([a-z-]+)", page)) <= known


def test_the_page_for_assistants_names_every_tool(tmp_path: Path) -> None:
    page = (ROOT / "docs/assistants.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE) == [tool["name"] for tool in Tools(tmp_path).tools()]

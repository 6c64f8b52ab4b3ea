"""The scripts of ``findings/`` keep their form. Whether they are still true is found out by running them, not here."""

from __future__ import annotations

import ast
import os
import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "findings"
FINDINGS = sorted(FOLDER.glob("*.sh"))
PARTS = ("Expected:", "Happens:", "Why it matters:")

_OWN_FOLDER = 'folder=$(mktemp -d)\ntrap \'rm -rf "$folder"\' EXIT\ncd "$folder"\n'
_INSTALL = re.compile(r"pip install(?P<words>.*)")
_PINNED = re.compile(r"'(?P<package>[a-z0-9][a-z0-9_-]*)(?:\[[a-z,]+\])?==(?P<version>[0-9][0-9a-z.]*)'")
_OPTIONS = {"-q", "--no-deps"}
"""What a finding may ask of pip; where packages come from is up to whoever runs it."""
_PROGRAM = re.compile(r"^cat > \S+\.py <<'PY'\n(.*?)^PY$", re.MULTILINE | re.DOTALL)
_PLACE = re.compile(r"(?<![\w.}])/(?:home|root|Users|work|tmp|opt|var|mnt|etc)\b")
_ADDRESS = re.compile(r"https?://(?!127\.0\.0\.1[:/])[^\s\"']*")


def faults(script: str) -> list[str]:
    """Return what keeps a text from being a finding, nothing if it is one."""
    lines = script.splitlines()
    code = next((at for at, line in enumerate(lines) if at and not line.startswith("#")), len(lines))
    header, body = "\n".join(lines[1:code]), "\n".join(lines[code:])
    found = [f"the header does not say {part!r}" for part in PARTS if f"\n# {part}" not in header]
    for line, why in (
        ("set -euo pipefail", "goes on after a failed command"),
        (
            'folder=$(mktemp -d)\ntrap \'rm -rf "$folder"\' EXIT\ncd "$folder"',
            "does not work in a folder that is removed",
        ),
    ):
        if line not in body:
            found.append(f"{why}: {line!r} is missing")
    if lines[:1] != ["#!/usr/bin/env bash"]:
        found.append("the first line is not that of a bash script")
    installs = _INSTALL.findall(body)
    pins = [pin for words in installs for pin in _PINNED.findall(words)]
    for words in installs:
        rest = set(_PINNED.sub("", words).split()) - _OPTIONS
        found += [f"pip install {word}: not a package ==version" for word in sorted(rest)]
    if not pins or not any(package in header and version in header for package, version in pins):
        found.append("the header names no package and version that is installed")
    if re.search(r"\bmaspo\b", body):
        found.append("maspo is used")
    found += [f"a place of one machine: {place}" for place in _PLACE.findall(script)]
    found += [f"an address beyond this machine: {address}" for address in _ADDRESS.findall(body)]
    programs = _PROGRAM.findall(script)
    if not programs:
        found.append("no program of its own")
    for program in programs:
        ast.parse(program)
    if not any("raise SystemExit(" in program and "changed: " in program for program in programs):
        found.append("does not say what changed when the surprise is gone")
    return found


def test_there_are_findings() -> None:
    assert FINDINGS


@pytest.mark.parametrize("path", FINDINGS, ids=lambda path: path.stem)
def test_a_finding_keeps_the_form(path: Path) -> None:
    assert not faults(path.read_text(encoding="utf-8"))
    assert os.access(path, os.X_OK)


def test_the_table_lists_every_finding() -> None:
    table = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"\]\(([^)]+\.sh)\)", table)) == {path.name for path in FINDINGS}


@pytest.mark.parametrize(
    ("good", "bad", "why"),
    [
        ("==", ">=", "not a package ==version"),
        ("pip install -q", "pip install -q --index-url https://example.org", "--index-url"),
        ("set -euo pipefail\n", "", "goes on"),
        ("mktemp -d", "echo out", "removed"),
        ("# Happens:", "# It does:", "Happens"),
        ("from importlib.metadata", "import maspo\nfrom importlib.metadata", "maspo is used"),
        ("set -euo pipefail\n", "set -euo pipefail\ncd /home/someone\n", "a place of one machine"),
        ("set -euo pipefail\n", "set -euo pipefail\ncurl https://example.org\n", "beyond this machine"),
        ("#!/usr/bin/env bash", "#!/bin/sh", "bash"),
        ("changed: ", "", "what changed"),
    ],
)
def test_a_finding_out_of_form_is_told(good: str, bad: str, why: str) -> None:
    script = FINDINGS[0].read_text(encoding="utf-8")
    assert good in script
    assert any(why in fault for fault in faults(script.replace(good, bad)))

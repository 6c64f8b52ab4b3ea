"""Too few files, too little memory, odd names: told as such in one line, and nothing else is hidden by it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Run

LIMITED = """
import resource, sys
from pathlib import Path
from maspo.cli.app import main
kind, amount = sys.argv.pop(1), int(sys.argv.pop(1))
now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
limit = amount if kind == "NOFILE" else now + amount
resource.setrlimit(getattr(resource, f"RLIMIT_{kind}"), (limit, limit))
main()
"""


def limited(kind: str, amount: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", LIMITED, kind, str(amount), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)


@pytest.mark.skipif(sys.platform != "linux", reason="limits are told by /proc")
@pytest.mark.parametrize(
    ("kind", "amounts", "said"),
    [
        ("NOFILE", (4, 8, 13), "too many files are open"),
        ("AS", (1 << 18, 1 << 20, 1 << 22), "too little memory"),
    ],
)
def test_s01_a_limit_is_told_with_what_helps(kind: str, amounts: tuple[int, ...], said: str) -> None:
    told = 0
    for amount in amounts:
        done = limited(kind, amount, "demo", "--out", f"run{amount}", "--inputs", "8")
        shown = f"{amount}: {done.returncode} {done.stdout[-300:]} {done.stderr[-2000:]}"
        assert not any(word in done.stderr for word in ("bug", "Traceback", "Warning")), shown
        if done.returncode:
            last = done.stderr.strip().splitlines()[-1]
            assert last.startswith("maspo: ") and said in last and "ulimit" in last, shown
            told += 1
        else:
            assert Path(f"run{amount}/prompts.json").is_file(), shown
    assert told >= 2


def test_s02_a_folder_named_like_a_record_hides_no_run(maspo: Run) -> None:
    assert maspo("demo", "--inputs", "8", "--out", "runs/first").code == 0
    for odd in ("runs/run.db", "runs/second/run.db", "runs/evaluation.db", "runs/third/judge.db", "run.db"):
        Path(odd).mkdir(parents=True)
    shutil.copytree("runs/first", "runs/run.db/inner")
    said = maspo("runs", ".")
    assert said.code == 0 and "first" in said.out and "inner" in said.out

"""Makes the records anew: ``python -m tests.records.make`` from the root of the repository, some minutes.

    python -m tests.records.make [--where /home/user/demo] [--only NAME] [--keep]

Every record is made by the command line of the commit that ``cases.py`` names, from a worktree of its own, in a folder
whose name tells nothing about a machine. Then each is reported, and gone on with, by the reference commit; what that
comes to is ``expected.json``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shlex
import shutil
import signal
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.records.cases import CASES, REFERENCE, Case
from tests.records.endpoint import Proxy, content, environment, served_world
from tests.records.essence import essence, missing

HERE = Path(__file__).parent
ARCHIVE = HERE / f"{REFERENCE}.tar.xz"
EXPECTED = HERE / "expected.json"
RECORDS = {"run.db": "run", "evaluation.db": "evaluation", "judge.db": "judge check"}
RESULTS = {"run": "result.json", "evaluation": "evaluation.json", "judge check": "judge_check.json"}
STORED = HERE.parent / "store" / "runs"
"""Runs of the oldest formats, which were stored when they were new."""
_ENDS = {0: "done", 4: "done", 5: "refused", 130: "interrupted", -signal.SIGKILL: "killed"}
_FILES = """\
import json
from maspo.graph.load import dump_system
from maspo.world import World, WorldSpec

for name, spec, count in (
    ("rows", WorldSpec(seed=8), 20),
    ("rows40", WorldSpec(seed=8), 40),
    ("rows12", WorldSpec(seed=12, conflicts=True), 24),
):
    with open(f"{name}.jsonl", "w") as file:
        file.writelines(json.dumps(row) + "\\n" for row in World(spec).inputs(count))
for name, graph in (("team", "reflect"), ("four", "hierarchical")):
    with open(f"{name}.yaml", "w") as file:
        file.write(dump_system(World().system(graph)))
world = World(WorldSpec(seed=8))
with open("better.json", "w") as file:
    json.dump(dict(world.best_prompts(world.system("reflect"), 60)), file, indent=2)
"""
_TEMPLATED = """\
name: templated
agents:
  solver:
    prompt: You solve the problem and give the letter of your answer.
    description: solves the problem
    protect:
      - give the letter of your answer.
    model: maspo-other
  critic:
    prompt: |
      You review this solution and give the letter of the corrected answer:
      {solver}
      The problem was: {input}
    reads: [solver]
    description: checks the solution
  clerk:
    prompt: You repeat the answer of the critic.
    reads: [critic, solver]
    frozen: true
output: clerk
final_answer: tag:answer
"""


@dataclass(frozen=True)
class Tree:
    """The source of a commit."""

    source: Path

    def command(self, *arguments: str) -> list[str]:
        """Return the command line of this commit's maspo."""
        return [sys.executable, "-m", "maspo", *arguments]

    def env(self, proxy: str = "http://127.0.0.1:9") -> dict[str, str]:
        """Return the environment in which it runs."""
        return {**environment(proxy), "PYTHONPATH": str(self.source)}


@contextmanager
def worktrees(commits: set[str]) -> Iterator[Mapping[str, Tree]]:
    """Check out commits beside each other while the context is open."""
    with tempfile.TemporaryDirectory(prefix="maspo-records-") as scratch:
        places = {commit: Path(scratch) / commit for commit in sorted(commits)}
        try:
            for commit, place in places.items():
                subprocess.run(["git", "worktree", "add", "--quiet", "--detach", place, commit], cwd=HERE, check=True)
            yield {commit: Tree(place / "src") for commit, place in places.items()}
        finally:
            for place in places.values():
                subprocess.run(["git", "worktree", "remove", "--force", place], cwd=HERE, check=False)


# ── making ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def write_files(where: Path, tree: Tree) -> None:
    """Write teams, inputs and prompts into the folder."""
    where.mkdir(parents=True)
    subprocess.run([sys.executable, "-c", _FILES], cwd=where, env=tree.env(), check=True)
    (where / "templated.yaml").write_text(_TEMPLATED, encoding="utf-8")
    (where / "rubric.txt").write_text("The output ends with one letter as its answer.\n", encoding="utf-8")


def make(case: Case, where: Path, tree: Tree) -> None:
    """Run the command of a case, and end it as the case says."""
    command = tree.command(*case.command, *case.caps, "--out", case.name)
    if case.command[0] == "demo":
        code = _demo(case, command, where, tree)
    else:
        code = _watched(case, command, where, tree, case.after)
    if _ENDS[code] != case.ends:
        raise SystemExit(f"{case.name}: ended with exit code {code}, expected to be {case.ends}")
    if case.goes_on_until:
        _watched(case, tree.command("resume", case.name), where, tree, case.goes_on_until)


def _demo(case: Case, command: Sequence[str], where: Path, tree: Tree) -> int:
    """Run a demo, which asks nobody; it is killed once so many calls are recorded."""
    process = _started(command, where, tree.env())
    while process.poll() is None:
        if case.ends == "killed" and len(_calls(where / case.name / "run.db")) >= case.after:
            process.kill()
        time.sleep(0.002)
    return process.returncode


def _watched(case: Case, command: Sequence[str], where: Path, tree: Tree, after: int) -> int:
    """Run a command against a world; end it after so many requests, while some are in flight."""
    running: list[subprocess.Popen[bytes]] = []

    def on_request(number: int) -> int:
        if case.ends == "refused" and number > after:
            return 401
        if case.ends in ("killed", "interrupted") and number == after:
            running[0].send_signal(signal.SIGKILL if case.ends == "killed" else signal.SIGINT)
        return 0

    with served_world(*case.world, env=tree.env()) as world, Proxy(world, on_request).listening() as proxy:
        running.append(_started(command, where, tree.env(proxy.url)))
        return running[0].wait()


def _started(command: Sequence[str], where: Path, env: Mapping[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, cwd=where, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _calls(database: Path) -> list[tuple[str, str]]:
    """Return model and request of each recorded call."""
    try:
        with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
            return connection.execute("SELECT model, request FROM calls").fetchall()
    except sqlite3.Error:
        return []  # it is about to be made


def stored(where: Path) -> Iterator[Case]:
    """Yield the stored runs of the oldest formats, each copied into the folder."""
    for record in sorted(STORED.rglob("run.db")):
        if record.parent.name.startswith("race"):  # of the commit that the archive holds many of
            continue
        name = f"stored/{record.parent.relative_to(STORED).as_posix()}"
        shutil.copytree(record.parent, where / name)
        yield Case(name, (), "interrupted" if "stopped" in name else "done", commit="")


# ── what the reference makes of them ─────────────────────────────────────────────────────────────────────────────────


def recorded(folder: Path) -> list[str]:
    """Return the contents of the calls that a record holds."""
    found = set()
    for model, text in _calls(next(folder / name for name in RECORDS if (folder / name).exists())):
        request = json.loads(text)
        body: dict[str, Any] = {
            "model": model,
            "messages": [{"role": role, "content": said} for role, said in request["messages"]],
        }
        if request["identity"]:
            body["seed"] = int(hashlib.sha256(request["identity"].encode()).hexdigest()[:7], 16)
        found.add(content(body))
    return sorted(found)


def expected(case: Case, where: Path, tree: Tree) -> dict[str, Any]:
    """Return what the reference reports of a record, and what it comes to when the reference goes on with it."""
    kind = next(kind for name, kind in RECORDS.items() if (where / case.name / name).exists())
    if kind == "judge check":
        again = [*case.command, "--out", case.name, "--json"]
    else:
        again = ["resume", case.name, *case.higher, "--json"]
    one, other = (_gone_on(case, where, tree, again) for _ in range(2))
    if missing(one, other):
        differing = "\n".join(missing(one, other))
        raise SystemExit(f"{case.name}: goes on now this way, now that way:\n{differing}")
    how = {
        "made_by": shlex.join(["maspo", *case.command, *case.caps]) if case.command else "unknown",
        "commit": case.commit,
        "ended": case.ends,
    }
    found = {"kind": kind, **how, **_reported(case, where, tree), "go_on": again, "world": list(case.world), **one}
    file = where / case.name / RESULTS[kind]
    if file.exists():
        kept = essence(json.loads(file.read_text(encoding="utf-8")))
        for name in ("report", "result"):
            # What the record's own file says already needs no second place.
            if found[name] is not None and not missing(kept, found[name]):
                found[name] = None
    return found


def _reported(case: Case, where: Path, tree: Tree) -> dict[str, Any]:
    with _copied(where) as copy:
        code, told = _told(tree.command("report", case.name, "--json"), copy, tree.env())
        _, listed = _told(tree.command("runs", case.name, "--json"), copy, tree.env())
    states = [one["state"] for one in listed["runs"]]
    return {"state": states[0] if states else None, "report_code": code, "report": essence(told)}


def _gone_on(case: Case, where: Path, tree: Tree, again: Sequence[str]) -> dict[str, Any]:
    with (
        _copied(where) as copy,
        served_world(*case.world, env=tree.env()) as world,
        Proxy(world).listening() as proxy,
    ):
        before = recorded(copy / case.name)
        code, told = _told(tree.command(*again), copy, tree.env(proxy.url))
        if code in (1, 2):
            return {"code": code, "asked": 0, "recorded": [], "result": None, "prompts": None}
        if set(before) & set(proxy.asked):
            raise SystemExit(f"{case.name}: a recorded call was repeated")
        file = copy / case.name / "prompts.json"
        return {
            "code": code,
            "asked": len(proxy.asked),
            "recorded": before if proxy.asked else [],
            "result": essence(told),
            "prompts": json.loads(file.read_text(encoding="utf-8")) if file.exists() else None,
        }


def _told(command: Sequence[str], where: Path, env: Mapping[str, str]) -> tuple[int, Any]:
    """Run a command; return its exit code and what its last line says."""
    done = subprocess.run(command, cwd=where, env=env, capture_output=True, text=True, check=False)
    return done.returncode, json.loads((done.stdout.splitlines() or ["null"])[-1])


@contextmanager
def _copied(where: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="maspo-records-") as scratch:
        yield Path(shutil.copytree(where, Path(scratch) / "copy"))


# ── packing ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def pack(where: Path) -> None:
    """Put everything into one archive, without owner and time."""

    def plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.uid = entry.gid = entry.mtime = 0
        entry.uname = entry.gname = ""
        return entry

    with tarfile.open(ARCHIVE, "w:xz", preset=9) as archive:
        for file in sorted(where.rglob("*")):
            archive.add(file, file.relative_to(where), recursive=False, filter=plain)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--where", type=Path, default=Path("/home/user/demo"), help="a folder that does not exist yet")
    parser.add_argument("--only", action="append", help="make only this record and store nothing; repeatable")
    parser.add_argument("--keep", action="store_true", help="leave the folder")
    options = parser.parse_args()
    cases = [case for case in CASES if options.only is None or case.name in options.only]
    where: Path = options.where
    found = {}
    with worktrees({REFERENCE, *(case.commit for case in cases)}) as trees:
        write_files(where, trees[REFERENCE])
        try:
            for case in cases:
                began = time.perf_counter()
                make(case, where, trees[case.commit])
                found[case.name] = expected(case, where, trees[REFERENCE])
                told = {name: found[case.name][name] for name in ("state", "code", "asked")}
                print(f"{case.name}: {told}, {time.perf_counter() - began:.1f} s", flush=True)
            if options.only is None:
                pack(where)
                for case in stored(where):
                    found[case.name] = expected(case, where, trees[REFERENCE])
        finally:
            if not options.keep:
                shutil.rmtree(where)
    text = json.dumps(found, indent=1, ensure_ascii=False) + "\n"
    if options.only is None:
        EXPECTED.write_text(text, encoding="utf-8")
    print(f"{len(text):,} bytes expected, {ARCHIVE.stat().st_size if ARCHIVE.exists() else 0:,} bytes packed")


if __name__ == "__main__":
    os.umask(0o022)
    main()

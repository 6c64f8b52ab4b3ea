"""Whole runs against a provider that misbehaves: no fault changes a score, none shows a key, all end in order."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from maspo.core.errors import EXIT_OK, EXIT_PROVIDER, EXIT_USAGE
from maspo.events import CallLost
from maspo.study.job import Job, Outcome
from maspo.study.optimize import start
from maspo.study.resolve import resolve
from maspo.testing.provider import (
    BlackHole,
    Body,
    Echo,
    Fault,
    RateLimit,
    Refuse,
    Reset,
    Rule,
    Slow,
    Stall,
    When,
    completion,
    fake_provider,
    odd_bodies,
)
from maspo.testing.runs import Recorder, with_config, world_job
from maspo.world.spec import WorldSpec

KEY = "sk-canary-Zx81/abcdefghijklmnop+7"
SPEC = WorldSpec(seed=5)
SOME = When(share=0.04, seed=3)
FAULTS: dict[str, Fault] = {
    "429": Refuse(429, "too fast", headers={"Retry-After": "0"}),
    "429 with garbage": Refuse(429, "too fast", headers={"Retry-After": "soon", "retry-after-ms": "5"}),
    "500": Refuse(500),
    "503 that shows the key": Echo(503),
    "reset": Reset(),
    "reset in the middle": Stall(reset=True),
    "stall": Stall(),
    "black hole": BlackHole(),
    "slow": Slow(0.02),
    **{name: Body(body) for name, body in odd_bodies("x").items() if name in ("null", "html", "cut", "nothing")},
}
LOSING: dict[str, Fault] = {
    "a filter": Refuse(400, "content_filter: withheld"),
    "empty answers": Body(completion({"content": ""})),
    "an error that shows the key": Echo(400),
}
"""Faults that lose calls when they always meet the same questions."""


def job_of(base_url: str, **models: object) -> Job:
    settings = {"base_url": base_url, "api_key_env": "CANARY_KEY", "timeout": 0.6, **models}
    job = world_job(spec=SPEC)
    return replace(with_config(job, models=job.config.models.model_copy(update=settings)), world=None)


async def run(out: Path, *script: Rule) -> tuple[Outcome, Recorder, int]:
    watcher = Recorder()
    async with fake_provider(script, SPEC) as provider:
        outcome = await start(resolve(job_of(provider.base_url)), out, watcher)
    return outcome, watcher, len(provider.seen)


def holds_the_key(folder: Path) -> list[str]:
    """Return the files that hold the key, whole or in its telling half."""
    needles = (KEY.encode(), b"sk-canary", b"Zx81", b"abcdefghijklmnop")
    return [
        file.name
        for file in sorted(folder.rglob("*"))
        if file.is_file() and any(needle in file.read_bytes() for needle in needles)
    ]


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANARY_KEY", KEY)


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    outcome, _, _ = asyncio.run(run(tmp_path_factory.mktemp("clean") / "run"))
    assert outcome.finished is not None
    assert outcome.finished.winners != outcome.finished.prompts or outcome.finished.shipped == "optimized"
    return outcome


@pytest.mark.parametrize("name", FAULTS)
async def test_f01_no_passing_fault_changes_a_score_or_shows_the_key(name: str, tmp_path: Path, clean: Outcome) -> None:
    outcome, watcher, _ = await run(tmp_path / "run", Rule(FAULTS[name], SOME))
    assert outcome.finished is not None and clean.finished is not None
    assert outcome.exit_code == EXIT_OK
    assert holds_the_key(tmp_path) == []
    if any(isinstance(event, CallLost) for event in watcher.events):
        assert name == "null", "two empty replies to one question are possible, and lose it"
        assert "Calls that failed for good" in outcome.finished.why
        return
    assert outcome.finished.winners == clean.finished.winners
    assert outcome.finished.holdout == clean.finished.holdout


@pytest.mark.parametrize("name", LOSING)
async def test_f02_what_is_missing_is_reported_and_never_counted(name: str, tmp_path: Path) -> None:
    always = Rule(LOSING[name], When(purposes=("judge.global",)))
    outcome, watcher, _ = await run(tmp_path / "run", always)
    assert outcome.finished is not None
    lost = [event for event in watcher.events if isinstance(event, CallLost)]
    assert {event.purpose for event in lost} == {"judge.global"}
    holdout = outcome.finished.holdout
    assert (holdout.wins, holdout.losses) == (0, 0)
    assert outcome.finished.shipped == "seed"
    assert holds_the_key(tmp_path) == []


async def test_f03_a_rate_limit_over_http_is_found_and_kept(tmp_path: Path, clean: Outcome) -> None:
    limit = RateLimit(per_second=30, burst=10, header="retry-after-ms")  # less than a busy machine sends
    outcome, _, _ = await run(tmp_path / "run", Rule(limit))
    assert outcome.finished is not None and clean.finished is not None
    assert outcome.finished.winners == clean.finished.winners
    # How little it is overstepped is measured on a simulated clock; so short a run is mostly learning.
    assert 0 < limit.refused < limit.passed


async def test_f04_an_outage_in_the_middle_is_waited_out(tmp_path: Path, clean: Outcome) -> None:
    watcher = Recorder()
    outage = Rule(Refuse(503), When(begin=0.15, end=1.5))
    outcome, watcher, requests = await run(tmp_path / "run", Rule(Slow(0.01)), outage)
    assert outcome.finished is not None and clean.finished is not None
    assert outcome.finished.winners == clean.finished.winners
    assert not [event for event in watcher.events if isinstance(event, CallLost)]
    assert requests <= 1.1 * sum(each.calls - each.failed for each in outcome.usage.values()) + 64


# As users call it: a process of its own


def maspo(*arguments: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TMPDIR") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-m", "maspo", *arguments],
        cwd=cwd,
        env={**kept, "HOME": str(cwd), "OPENAI_API_KEY": KEY, "MASPO_DEBUG": "1", **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


OPTIMIZE = (
    "optimize",
    "system.yaml",
    "--inputs",
    "inputs.jsonl",
    "--yes",
    "--out",
    "run",
    "--max-calls",
    "60",
    "--agent-model",
    "m",
)
SYSTEM = "agents:\n  solver: {prompt: Solve the problem.}\n  critic: {prompt: Check it., reads: [solver]}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "system.yaml").write_text(SYSTEM)
    (tmp_path / "inputs.jsonl").write_text("".join(f'{{"input": "problem {number}"}}\n' for number in range(12)))
    return tmp_path


HOPELESS: dict[str, Refuse | Echo] = {
    "401": Refuse(401, "wrong key"),
    "401 that shows the key": Echo(401),
    "403": Refuse(403, "not for you"),
    "404": Refuse(404, "no such page"),
    "model not found": Refuse(404, "no such model", "model_not_found"),
    "quota": Refuse(429, "You exceeded your quota", "insufficient_quota", {"Retry-After": "1"}),
    "redirect": Refuse(307, "moved", headers={"Location": "http://127.0.0.1:9/v1"}),
}


@pytest.mark.parametrize("name", HOPELESS)
async def test_f05_what_is_hopeless_fails_fast_with_a_lesson(name: str, folder: Path) -> None:
    async with fake_provider([Rule(HOPELESS[name])]) as provider:
        began = time.process_time(), os.times().children_user
        done = await asyncio.to_thread(maspo, *OPTIMIZE, "--base-url", provider.base_url, cwd=folder)
        worked = os.times().children_user - began[1]
    assert done.returncode == EXIT_PROVIDER, done.stderr
    assert len(provider.seen) == 1
    assert worked < 5, "no waiting: start-up is all"
    assert re.search(r"check|redirects", done.stderr)
    assert "Traceback" not in done.stderr
    assert "sk-canary" not in done.stdout + done.stderr
    assert holds_the_key(folder) == []


async def test_f06_a_run_of_the_command_shows_the_key_nowhere(folder: Path) -> None:
    script = [Rule(Echo(500), SOME), Rule(Body(completion({"content": f"the key is {KEY}"})), When(share=0.1, seed=8))]
    async with fake_provider(script) as provider:
        done = await asyncio.to_thread(maspo, *OPTIMIZE, "--base-url", provider.base_url, "--json", cwd=folder)
    assert done.returncode in (0, 4), done.stderr
    assert (folder / "run" / "report.html").exists()
    assert "sk-canary" not in done.stdout + done.stderr
    assert holds_the_key(folder) == []


@pytest.mark.parametrize("url", ["http://user:{key}@127.0.0.1:9/v1", "https://api.example/v1?key={key}"])
def test_f07_a_key_in_an_address_is_refused_and_not_repeated(url: str, folder: Path) -> None:
    done = maspo(*OPTIMIZE, "--base-url", url.replace("{key}", KEY), cwd=folder)
    assert done.returncode == EXIT_USAGE
    assert "sk-canary" not in done.stdout + done.stderr
    assert holds_the_key(folder) == []

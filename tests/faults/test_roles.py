"""Endpoints of single roles: each is asked what is its own, and shown its own key only."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from maspo.config import ModelSettings
from maspo.study.connections import endpoints_of, key_variable
from maspo.testing.provider import fake_provider

SYSTEM = "agents:\n  solver: {prompt: Solve the problem.}\n  critic: {prompt: Check it., reads: [solver]}\n"
GENERAL, OWN = "sk-general-0123456789", "sk-judge-abcdefghij"
WAYS = {
    "flags": ((), "", ("--judge-base-url", "JUDGE", "--set", "models.judge.key_env=JUDGE_KEY")),
    "a settings file": (
        ('[models.judge]\nbase_url = "JUDGE"\nkey_env = "JUDGE_KEY"\n',),
        "",
        ("--config", "mine.toml"),
    ),
    "the system file": ((), "models:\n  judge: {base_url: JUDGE, key_env: JUDGE_KEY}\n", ()),
}


def maspo(command: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "maspo", *command],
        cwd=folder,
        env={**os.environ, "HOME": str(folder), "OPENAI_API_KEY": GENERAL, "KEY_OF_IT": OWN},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("way", WAYS)
async def test_o01_each_endpoint_sees_the_calls_and_the_key_of_its_roles_only(way: str, tmp_path: Path) -> None:
    settings, system, options = WAYS[way]
    async with fake_provider() as general, fake_provider() as judge:

        def placed(text: str) -> str:
            return text.replace("JUDGE_KEY", "KEY_OF_IT").replace("JUDGE", judge.base_url)

        (tmp_path / "system.yaml").write_text(SYSTEM + placed(system))
        (tmp_path / "inputs.jsonl").write_text("".join(f'{{"input": "problem {number}"}}\n' for number in range(12)))
        for text in settings:
            (tmp_path / "mine.toml").write_text(placed(text))
        command = ["optimize", "system.yaml", "--inputs", "inputs.jsonl", "--yes", "--out", "run", "--max-calls", "120"]
        command += ["--agent-model", "m", "--base-url", general.base_url, *map(placed, options)]
        done = await asyncio.to_thread(maspo, command, tmp_path)
        asked = re.search(r"--trust (\w+)", done.stderr)
        assert bool(asked) == (way != "flags"), "what a file asks for is agreed to first"
        if asked:
            assert not general.seen + judge.seen
            done = await asyncio.to_thread(maspo, [*command, "--trust", asked[1]], tmp_path)
    assert done.returncode in (0, 4), done.stderr
    assert {seen.purpose.partition(".")[0] for seen in general.seen} == {"agent", "proposer", "other"}
    assert {seen.purpose.partition(".")[0] for seen in judge.seen} == {"judge", "other"}
    assert {seen.headers["Authorization"] for seen in general.seen} == {f"Bearer {GENERAL}"}
    assert {seen.headers["Authorization"] for seen in judge.seen} == {f"Bearer {OWN}"}
    written = b"".join(file.read_bytes() for file in (tmp_path / "run").iterdir() if file.is_file())
    assert GENERAL.encode() not in written and OWN.encode() not in written


@pytest.mark.parametrize("elsewhere", ["https://other.example/v1", "https://api.openai.com.example/v1"])
def test_o02_the_key_of_all_goes_to_no_other_host(elsewhere: str) -> None:
    environ = {"OPENAI_API_KEY": GENERAL, "JUDGE_KEY": OWN}
    models = ModelSettings.model_validate({"agent": "m", "roles": {"judge": {"base_url": elsewhere}}})
    assert key_variable(models, "judge") == ""
    assert {role: one.api_key for role, one in endpoints_of(models, environ=environ).items()} == {
        "": GENERAL,
        "judge": "",
    }
    own = {"roles": {"judge": {"base_url": elsewhere, "key_env": "JUDGE_KEY"}}}
    found = endpoints_of(ModelSettings.model_validate({"agent": "m", **own}), environ=environ)
    assert found["judge"].api_key == OWN


async def test_o20_servers_of_one_model_share_the_calls_of_a_run_and_one_that_is_lost_ends_nothing(
    tmp_path: Path,
) -> None:
    (tmp_path / "system.yaml").write_text(SYSTEM)
    (tmp_path / "inputs.jsonl").write_text("".join(f'{{"input": "problem {number}"}}\n' for number in range(12)))
    async with fake_provider() as one, fake_provider() as two:
        addresses = f"{one.base_url},http://127.0.0.1:9/v1,{two.base_url}"
        command = ["optimize", "system.yaml", "--inputs", "inputs.jsonl", "--yes", "--out", "run", "--max-calls", "120"]
        command += ["--agent-model", "m", "--base-url", addresses]
        done = await asyncio.to_thread(maspo, command, tmp_path)
        seen = one.seen + two.seen
        counts = [len(each.seen) for each in (one, two)]
    assert done.returncode in (0, 4), done.stderr
    assert "http://127.0.0.1:9/v1 never answered so far" in done.stderr
    assert min(counts) > 20, counts
    assert len(seen) <= 120, "none was paid twice"

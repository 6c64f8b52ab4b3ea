"""``maspo gateway`` as its own process: what it prints, passes on, caps and writes."""

from __future__ import annotations

import json
import os
import shlex
import signal
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from maspo.cli.gateway import excerpts
from tests.cli.test_processes import SECONDS, started, wait_for, world


def post(url: str, system: str, text: str) -> dict[str, Any]:
    messages = [{"role": "system", "content": system}, {"role": "user", "content": text}]
    body = json.dumps({"model": "maspo-world", "messages": messages, "temperature": 0}).encode()
    request = urllib.request.Request(f"{url}/chat/completions", body, {"Content-Type": "application/json"})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=SECONDS) as response:
        found = json.load(response)
        assert isinstance(found, dict)
        return found


def test_an_app_is_seen_capped_and_recorded(tmp_path: Path) -> None:
    out = tmp_path / "calls.jsonl"
    with (
        world() as base_url,
        started(
            *("gateway", "--base-url", base_url, "--max-calls", "3", "--out", str(out)),
            env={**os.environ, "NO_PROXY": "*.local $(none)"},
        ) as gateway,
    ):
        assert gateway.stdout is not None
        # What a shell is to read is quoted, and nothing else comes there.
        lines = [shlex.split(gateway.stdout.readline()) for _ in range(8)]
        assert all(words[0] == "export" and len(words) == 2 for words in lines)
        variables = dict(words[1].split("=", 1) for words in lines)
        assert variables["NO_PROXY"] == "*.local $(none),127.0.0.1,localhost"
        url = variables["OPENAI_BASE_URL"]
        assert url.startswith("http://127.0.0.1:")
        assert variables["OLLAMA_HOST"] + "/v1" == url
        wait_for(gateway, "Ctrl-C")
        first = post(url, "Solve the problem.", "What is 2 + 2?")
        post(url, "Solve the problem.", "What is 3 + 3?")
        post(url, "Check the solution.", "2 + 2 = 5")
        with pytest.raises(urllib.error.HTTPError) as refused:
            post(url, "Check the solution.", "2 + 2 = 4")
        with refused.value as answer:
            assert answer.code == 402
            assert "--max-calls 3" in json.load(answer)["error"]["message"]
        gateway.send_signal(signal.SIGINT)
        printed, notes = gateway.communicate(timeout=SECONDS)
        assert gateway.returncode == 0
    assert printed == ""
    table = [line for line in notes.splitlines() if line.startswith("agent")]
    rows = [line.split() for line in table]
    assert [row[:3] for row in rows] == [["agent", "calls", "failed"], ["agent-1", "2", "0"], ["agent-2", "2", "1"]]
    assert table[2].endswith("Check the solution.")
    assert "3 calls were sent that the endpoint did not refuse" in notes
    calls = [json.loads(line) for line in out.read_text().splitlines()]
    assert [call["agent"] for call in calls] == ["agent-1", "agent-1", "agent-2", "agent-2"]
    assert calls[0]["output"] == first["choices"][0]["message"]["content"]
    assert calls[0]["texts"][1] == {"role": "user", "text": "What is 2 + 2?"}
    assert "--max-calls 3" in calls[3]["failed"]


def test_agents_that_are_told_nearly_the_same_are_shown_where_they_differ() -> None:
    twins = [
        f"You are a careful assistant of the accounts department. Look only at the {what}."
        for what in ("sums", "dates")
    ]
    shown = excerpts(["You plan a letter.", *twins, "You plan a letter to Ann.", "You plan."])
    assert shown[0] == "You plan a letter." and shown[3] == "You plan a letter to Ann." and shown[4] == "You plan."
    assert shown[1:3] == ["You are a careful as… sums.", "You are a careful as… dates."]
    assert excerpts(twins[:1]) == [f"{twins[0][:59]}…"]
    assert excerpts([twins[0], twins[0]]) == [f"{twins[0][:59]}…"] * 2


def test_an_address_that_cannot_be_used_is_named_at_once(tmp_path: Path) -> None:
    with started("gateway", "--base-url", "http://198.51.100.1/v1") as gateway:
        _, notes = gateway.communicate(timeout=SECONDS)
        assert gateway.returncode == 2
        assert "plain http to another machine" in notes
    beside = "https://api.openai.com/v1,https://gpu-1.example.com/v1"
    with started("gateway", "--base-url", beside) as gateway:
        _, notes = gateway.communicate(timeout=SECONDS)
        assert gateway.returncode == 2
        assert "same key" in notes
    with started("gateway", "--out", str(tmp_path)) as gateway:
        _, notes = gateway.communicate(timeout=SECONDS)
        assert gateway.returncode == 2
        assert f"--out {tmp_path}: cannot be written" in notes

"""The job of docs/scale.md for Kubernetes: what its shell does where servers are not there yet, are, and were."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import socket
import sys
from pathlib import Path
from typing import Any

import yaml

from maspo.core.errors import EXIT_BUDGET, EXIT_PROVIDER
from maspo.testing.provider import FakeProvider
from tests import postgres
from tests.docs.test_docs_run import ROOT, blocks

_SERVER = re.compile(r"http://models-(\d)\.models:8000/v1")
_SYSTEM = "agents: {solver: {prompt: You solve the problem.}, critic: {prompt: You check it., reads: [solver]}}"
_INPUTS = '{"input": "What is 12 times 7?"}\n{"input": "What is 13 times 9?"}\n'


def job() -> dict[str, Any]:
    """Return what the job does."""
    (text,) = (block.text for block in blocks(ROOT / "docs" / "scale.md") if block.said.get("file") == "maspo.yaml")
    (found,) = (one["spec"] for one in yaml.safe_load(text)["items"] if one["kind"] == "Job")
    return dict(found)


async def test_d51_a_job_waits_for_its_servers_and_goes_on_and_ends_where_another_attempt_changes_nothing(
    tmp_path: Path,
) -> None:
    gives_up = job()["podFailurePolicy"]["rules"][0]["onExitCodes"]["values"]
    (container,) = job()["template"]["spec"]["containers"]
    (tmp_path / "team.yaml").write_text(_SYSTEM, encoding="utf-8")
    (tmp_path / "questions.jsonl").write_text(_INPUTS, encoding="utf-8")
    program = tmp_path / "bin" / "maspo"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m maspo "$@"\n', encoding="utf-8")
    program.chmod(0o700)
    work = tmp_path / "work"
    work.mkdir()
    environment = {
        **os.environ,
        "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(work),
        "MASPO_STORE": postgres.shared().database().shown,
    }

    async def attempt(first: str) -> tuple[int | None, str]:
        """Begin a pod, with a first server at this address and three that are not there."""
        (shell,) = container["args"]
        told = _SERVER.sub(lambda server: first if server[1] == "0" else nobody, shell)
        told = told.replace("/job/", f"{tmp_path}/").replace("--max-calls 4000", "--max-calls 60")
        pipe = asyncio.subprocess.PIPE
        pod = await asyncio.create_subprocess_exec(
            *container["command"], told, cwd=work, env=environment, stdout=pipe, stderr=asyncio.subprocess.STDOUT
        )
        said, _ = await pod.communicate()
        return pod.returncode, said.decode()

    provider = FakeProvider()
    with socket.socket() as taken:  # and nobody listens there
        taken.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        code, said = await attempt(nobody)
        assert code == EXIT_PROVIDER, said
        assert code not in gives_up, "servers are there later"
        async with provider.listening() as address:
            code, said = await attempt(address)
            assert code == EXIT_BUDGET, said
            assert code in gives_up
            sent = len(provider.seen)
            assert sent > 20
            code, said = await attempt(address)
            assert code == EXIT_BUDGET, said
            assert len(provider.seen) - sent <= 2, "what is recorded is not sent again"

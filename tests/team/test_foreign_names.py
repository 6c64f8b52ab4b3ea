"""Agents are named in any script, from the system file through headers and record to prompts and report."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

from maspo.config import ModelSettings
from maspo.data.inputs import make_inputs
from maspo.report.document.sheet import DOCUMENT_CLOSES, DOCUMENT_OPENS
from maspo.report.folder import write_results
from maspo.study.optimize import start
from maspo.study.resolve import resolve
from maspo.team.load import load_system
from maspo.testing.provider import fake_provider
from maspo.testing.runs import Recorder, with_config, world_job

FILE = """\
name: équipe
agents:
  löser: {prompt: You solve the problem and give the letter of your answer.}
  評論者: {prompt: "You review {löser} on {input} and give the letter.", reads: [löser]}
"""


async def test_t01_names_in_any_script_go_all_the_way(tmp_path: Path) -> None:
    (tmp_path / "team.yaml").write_text(FILE, "utf-8")
    system = load_system(tmp_path / "team.yaml")
    assert system.order == ("löser", "評論者")
    rows = make_inputs([{"input": f"Frage {number}"} for number in range(8)])
    watcher, out = Recorder(), tmp_path / "run"
    async with fake_provider() as provider:
        models = ModelSettings(agent="m", base_url=provider.base_url)
        job = replace(with_config(world_job(), models=models), system=system, inputs=rows, world=None)
        outcome = await start(resolve(job), out, watcher)
        named = {unquote(seen.headers.get("X-Maspo-Agent", "")) for seen in provider.seen}
    assert outcome.finished is not None
    assert named == {"", "löser", "評論者"}
    assert set(outcome.finished.prompts) == {"löser", "評論者"}
    assert "評論者" in (out / "prompts.json").read_text("utf-8")
    write_results(out)
    _, _, rest = (out / "report.html").read_text("utf-8").partition(DOCUMENT_OPENS)
    shown = json.loads(rest.partition(DOCUMENT_CLOSES)[0])
    assert "評論者" in json.dumps(shown, ensure_ascii=False)

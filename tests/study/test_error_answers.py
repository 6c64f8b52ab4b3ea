"""Errors that a gateway wrote as answers and counted are told of; answers about errors, and real texts, are not."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass, replace
from pathlib import Path

from aiohttp import web

from maspo.config import ModelSettings
from maspo.core.trace import Call, Trace
from maspo.events import Warned
from maspo.models.layers.error_texts import is_error_shaped
from maspo.report.folder import look
from maspo.report.result import result_of
from maspo.report.text import summary
from maspo.study.error_answers import ErrorAnswers
from maspo.study.optimize import start
from maspo.study.resolve import resolve
from maspo.testing.provider import Exchange, Rule, fake_provider
from maspo.testing.runs import Recorder, with_config, world_job
from maspo.world.spec import WorldSpec
from tests.scoring.real_rows import rows
from tests.security.ordinary import PROMPTS

ENVOY = "upstream connect error or disconnect/reset before headers. reset reason: timeout, request {}"


def run(number: int, critic: str, tokens: int = 12) -> Trace:
    calls = (Call("solver", f"{number} + 4", tokens_out=9), Call("critic", critic, (0,), tokens_out=tokens))
    return Trace(f"input {number}", calls, critic)


def told(*outputs: str, labels: tuple[str, ...] = ()) -> str:
    seen = ErrorAnswers(labels)
    for number, output in enumerate(outputs):
        seen.see(run(number, output))
    return seen.describe()


def test_o01_one_error_on_five_inputs_and_in_most_calls_is_told_whatever_was_counted() -> None:
    errors = [ENVOY.format(number) for number in range(5)]
    assert not told(*errors[:4])
    said = told(*errors, "<answer>7</answer>")
    assert said.startswith("what 5 of 6 calls of critic answered, on 5 inputs, looks like an error message: “upstream")
    assert not told(*errors, *(f"<answer>{number}</answer>" for number in range(5))), "half of them is not most"


def test_o02_the_same_call_in_many_runs_is_one() -> None:
    seen = ErrorAnswers()
    for _ in range(20):
        seen.see(run(1, ENVOY))
    assert not seen.describe()


def test_o03_what_a_label_asks_for_is_no_error() -> None:
    assert told(*["Connection refused"] * 9)
    assert not told(*["Connection refused"] * 9, labels=("connection refused", "disk full"))


def test_o04_different_errors_are_no_sign() -> None:
    kinds = ("Bad gateway", "Gateway timeout", "Connection reset", "Too many requests", "Internal server error")
    assert not told(*kinds)


def test_o05_no_ordinary_prompt_and_no_text_of_the_benchmarks_reads_as_an_error() -> None:
    assert not [prompt for prompt in PROMPTS if is_error_shaped(prompt)]


def test_o06_no_text_of_the_benchmarks_reads_as_an_error() -> None:
    found = [
        text
        for name in ("math_500", "aqua", "mbpp_sanitized", "reply_rows")
        for row in rows(name)
        for text in row.values()
    ]
    texts = [text for text in found if isinstance(text, str)]
    assert len(texts) > 1000
    assert not [text for text in texts if is_error_shaped(text)]


@dataclass
class ErrorsForAgents:
    """Two in three questions of agents are answered by an error, with a count of tokens."""

    async def answer(self, asked: Exchange) -> web.StreamResponse | None:
        question = zlib.crc32(json.dumps(asked.wanted["messages"]).encode())
        if asked.seen.purpose != "agent" or question % 3 == 0:
            return None
        found = json.loads(asked.body)
        found["choices"][0]["message"]["content"] = ENVOY.format(question)
        return web.json_response(found)


async def test_o07_a_run_says_so_early_and_in_its_summary(tmp_path: Path) -> None:
    spec, watcher = WorldSpec(seed=7), Recorder()
    async with fake_provider((Rule(ErrorsForAgents()),), spec) as provider:
        models = ModelSettings(agent="simulated", base_url=provider.base_url, stream=False, concurrency=16)
        job = replace(with_config(world_job(inputs=24, spec=spec), models=models), world=None)
        study = resolve(job)
        await start(study, tmp_path / "run", watcher)
    [warned] = [event for event in watcher.events if isinstance(event, Warned) and event.topic == "answers"]
    assert "looks like an error message: “upstream connect error" in warned.text
    assert warned.calls <= study.plan.planned / 5, "five inputs have to be met"
    view = look(tmp_path / "run").view
    assert warned.text in " ".join(summary(view).split()) and "answers" in result_of(view).health.warned

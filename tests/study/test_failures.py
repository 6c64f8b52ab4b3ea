"""Calls that fail: what is lost is undecided and recorded once; what nobody can answer ends the run early."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web

from maspo.core.errors import EXIT_OK, EXIT_PROVIDER, CallFailed, ConfigInvalid, ProviderError
from maspo.core.seeded import rank
from maspo.events import CallLost, DraftRejected, Event, RunFinished
from maspo.models.base import Message, Refused, Reply, Request
from maspo.study.calls import LossReporter
from maspo.study.job import Job
from maspo.study.optimize import resume, start
from maspo.study.resolve import resolve
from maspo.testing.runs import Recorder, begin, counted_world, go_on, with_config, world_job
from maspo.world.serve import Faults, start_server
from maspo.world.spec import WorldSpec


def over_http(job: Job, base_url: str, **models: object) -> Job:
    settings = job.config.models.model_copy(update={"base_url": base_url, "api_key_env": "MASPO_NO_KEY", **models})
    return replace(with_config(job, models=settings), world=None)


async def test_l01_failed_calls_are_undecided_the_run_goes_on_and_each_is_recorded_once(tmp_path: Path) -> None:
    failed: Counter[str] = Counter()

    async def fail_some(request: Request) -> None:
        if request.purpose != "other.probe" and rank(0, "fails", request.key) % 12 == 0:
            failed[request.key] += 1
            raise CallFailed("HTTP 400: refused")

    job = world_job(spec=WorldSpec(seed=5))
    watcher = Recorder()
    outcome = await begin(job, tmp_path / "run", counted_world(job, fail_some), watcher=watcher)
    assert outcome.finished is not None
    assert outcome.exit_code == EXIT_OK
    lost = [event for event in watcher.events if isinstance(event, CallLost)]
    assert len(lost) == failed.total() > 3
    assert {event.purpose for event in lost} >= {"agent"}
    assert sum(each.failed for each in outcome.usage.values()) == failed.total()


async def test_l02_a_judge_that_always_fails_or_cannot_be_read_changes_nothing(tmp_path: Path) -> None:
    async def no_judge(request: Request) -> None:
        if request.purpose.startswith("judge"):
            raise CallFailed("no judge today")

    job = world_job(spec=WorldSpec(seed=5))
    with pytest.raises(ProviderError, match=r"judge calls brought no answer\..*no judge today") as error:
        await begin(job, tmp_path / "failing", counted_world(job, no_judge))
    assert error.value.exit_code == EXIT_PROVIDER
    mute = world_job(spec=WorldSpec(seed=5, unreadable=1.0))
    unread = await begin(mute, tmp_path / "mute")
    assert unread.finished is not None
    assert unread.finished.shipped == "seed"
    assert unread.finished.verdict in ("no_evidence", "cannot_tell")
    assert unread.finished.holdout.wins == 0


async def test_l13_a_filter_that_declines_the_small_question_ends_no_run_and_is_no_lost_call(tmp_path: Path) -> None:
    async def decline(request: Request) -> None:
        if request.purpose == "other.probe":
            raise Refused("refused by a content filter")

    job, watcher = world_job(spec=WorldSpec(seed=5)), Recorder()
    outcome = await begin(job, tmp_path / "run", counted_world(job, decline), watcher=watcher)
    assert outcome.exit_code == EXIT_OK
    assert not [event for event in watcher.events if isinstance(event, CallLost)]


async def test_l03_a_proposer_that_always_fails_is_no_search_that_found_nothing(tmp_path: Path) -> None:
    async def no_proposer(request: Request) -> None:
        if request.purpose == "proposer":
            raise CallFailed("no ideas")

    watcher = Recorder()
    job = world_job()
    with pytest.raises(ProviderError, match="proposer calls brought no answer"):
        await begin(job, tmp_path / "run", counted_world(job, no_proposer), watcher=watcher)
    reasons = {event.reason for event in watcher.events if isinstance(event, DraftRejected)}
    assert reasons == {"the proposer did not answer: no ideas"}


async def test_l04_an_endpoint_that_refuses_in_the_middle_ends_the_run_which_can_be_resumed(tmp_path: Path) -> None:
    async def refuse_later(_: Request) -> None:
        if first.calls > 40:
            raise ProviderError("HTTP 401: the key was withdrawn")

    job = world_job(spec=WorldSpec(seed=5))
    await begin(job, tmp_path / "whole")
    first = counted_world(job, refuse_later)
    with pytest.raises(ProviderError, match="withdrawn") as error:
        await begin(job, tmp_path / "run", first)
    assert error.value.exit_code == EXIT_PROVIDER
    await go_on(job, tmp_path / "run")
    assert (tmp_path / "run" / "prompts.json").read_bytes() == (tmp_path / "whole" / "prompts.json").read_bytes()


async def test_l05_a_wrong_key_is_found_before_any_agent_is_asked(tmp_path: Path) -> None:
    async with start_server(WorldSpec(), Faults(api_key="right")) as url:
        job = over_http(world_job(), url)
        watcher = Recorder()
        with pytest.raises(ProviderError, match=r"HTTP 401.*check key") as error:
            await start(resolve(job), tmp_path / "run", watcher)
    assert not isinstance(error.value, CallFailed)
    assert error.value.exit_code == EXIT_PROVIDER
    assert watcher.events == []
    assert not (tmp_path / "run").exists(), "the same command works once the key is right"


async def test_l06_an_endpoint_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        with pytest.raises(ProviderError, match="unreachable"):
            await start(resolve(over_http(world_job(), url)), tmp_path / "run", Recorder())


async def test_l07_an_unknown_model_is_found_before_any_agent_is_asked(tmp_path: Path) -> None:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        body = await request.json()
        asked.append(request.headers["X-Maspo-Purpose"])
        if body["model"] == "nowhere":
            return web.json_response({"error": {"message": "no such model", "code": "model_not_found"}}, status=404)
        return web.json_response({"choices": [{"message": {"content": "ready"}}]})

    application = web.Application()
    application.router.add_post("/v1/chat/completions", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        with pytest.raises(ProviderError, match="no such model"):
            await start(resolve(over_http(world_job(), url, judge="nowhere")), tmp_path / "run", Recorder())
    finally:
        await runner.cleanup()
    assert set(asked) == {"other.probe"}


async def test_l08_an_address_that_cannot_be_used_leaves_no_folder_behind(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match="not an address"):
        await start(resolve(over_http(world_job(), "nonsense")), tmp_path / "run", Recorder())
    assert not (tmp_path / "run").exists()


async def test_l09_over_http_with_errors_and_retries_the_result_is_the_same(tmp_path: Path) -> None:
    spec = WorldSpec(seed=5)
    job = world_job(spec=spec)
    async with start_server(spec) as url:
        plain = await start(resolve(over_http(job, url)), tmp_path / "plain", Recorder())
    async with start_server(spec, Faults(error_rate=0.05)) as url:
        shaky = await start(resolve(over_http(job, url)), tmp_path / "shaky", Recorder())
    assert plain.finished is not None and shaky.finished is not None
    assert shaky.finished.winners == plain.finished.winners
    assert sum(each.failed for each in shaky.usage.values()) > 0
    assert sum(each.failed for each in plain.usage.values()) == 0


async def test_l10_a_finished_run_needs_no_endpoint(tmp_path: Path) -> None:
    spec = WorldSpec()
    async with start_server(spec) as url:
        done = await start(resolve(over_http(world_job(spec=spec), url)), tmp_path / "run", Recorder())
    assert (await resume(tmp_path / "run", Recorder())).finished == done.finished


async def test_l11_equal_questions_that_fail_together_are_one_loss() -> None:
    failure = CallFailed("one failure")
    failure.attempts = 6

    class Shared:
        async def complete(self, request: Request) -> Reply:
            raise failure

    published: list[Event] = []

    async def publish(event: Event) -> None:
        published.append(event)

    model = LossReporter(Shared(), publish)
    request = Request("m", (Message("user", "x"),), "agent", "solver")
    outcomes = await asyncio.gather(*(model.complete(request) for _ in range(4)), return_exceptions=True)
    assert outcomes == [failure] * 4
    assert published == [CallLost("agent", "solver", "one failure", 6)]


class Decisions(Recorder):
    """Counts how often the search decided on an agent's prompt."""

    @property
    def count(self) -> int:
        return sum(event.kind in ("prompt_kept", "prompt_changed") for event in self.events)


async def test_l12_hold_out_inputs_that_were_lost_are_undecided_and_asked_once_per_system(tmp_path: Path) -> None:
    job = world_job(spec=WorldSpec(seed=5))
    whole, watcher = Decisions(), Decisions()
    await begin(job, tmp_path / "whole", watcher=whole)
    asked: Counter[str] = Counter()

    async def fail_at_the_end(request: Request) -> None:
        if watcher.count == whole.count and request.purpose == "agent":
            asked[request.key] += 1
            raise CallFailed("gone")

    await begin(job, tmp_path / "run", counted_world(job, fail_at_the_end), watcher=watcher)
    (end,) = [event for event in watcher.events if isinstance(event, RunFinished)]
    assert end.winners != job.system.prompts
    assert end.holdout.undecided > 0
    assert (end.verdict, end.shipped) == ("cannot_tell", "seed")
    assert max(asked.values()) <= 2, "both systems may need the same call; nobody else asks again"

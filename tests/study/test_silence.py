"""Teams that write nothing: silence is not a win, no outage, and is paid for once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from maspo.core.errors import EXIT_PROVIDER, ProviderError
from maspo.core.prompts import Prompts
from maspo.core.verdict import Comparison, Verdict
from maspo.events import CallLost, RunFinished
from maspo.models.base import Reply, Request
from maspo.optimizers.base import Ask, OptimizerConfig, Problem, Search
from maspo.store import RecordedResult, RunStore
from maspo.study.job import Job
from maspo.study.optimize import DATABASE
from maspo.study.resolve import Parts, resolve
from maspo.testing.runs import Counted, Recorder, begin, go_on, with_config, world_job
from maspo.world import World
from maspo.world.spec import WorldSpec

HELD_OUT = 30
FINAL = "critic"


class Given:
    """An optimizer that ends at once with given prompts."""

    class Config(OptimizerConfig):
        method: str = "given"

    def __init__(self, prompts: Prompts) -> None:
        self.config = self.Config()
        self._prompts = prompts

    def search(self, problem: Problem) -> Search:
        return Ask(self._prompts)
        yield Ask(problem.seed_prompts)  # never reached: it makes this a generator


class Mute:
    """A world in which the final agent writes nothing on some inputs, by the prompt that it has."""

    def __init__(self, job: Job, silent: Mapping[str, frozenset[str]], truncated: bool = False) -> None:
        self._world = World(job.world)
        self._silent = {
            (prompt, row.columns["input"])
            for prompt, keys in silent.items()
            for row in job.inputs.rows
            if row.key in keys
        }
        self._truncated = truncated
        self.empty: Counter[str] = Counter()

    async def complete(self, request: Request) -> Reply:
        reply = await self._world.complete(request)
        text = "\n".join(message.content for message in request.messages)
        if request.purpose == "agent" and any(prompt in text and asked in text for prompt, asked in self._silent):
            self.empty[request.key] += 1
            return Reply("", reply.tokens_in, 0, truncated=self._truncated)
        return reply


class Team:
    """A job of 60 inputs, of which 30 are held out, and nearly optimal prompts for it."""

    def __init__(self) -> None:
        job = world_job(inputs=2 * HELD_OUT)
        self.job = with_config(
            job, models=job.config.models.model_copy(update={"prices": {job.config.models.agent: (1, 1)}})
        )
        self.seed = self.job.system.prompts
        self.best = World(self.job.world).best_prompts(self.job.system, 60)
        self.parts = Parts(optimizer=Given(self.best))
        self.held_out = resolve(self.job, self.parts).split.holdout
        assert len(self.held_out) == HELD_OUT
        assert self.best[FINAL] not in self.seed[FINAL]

    def mute(self, before: frozenset[str] = frozenset(), after: frozenset[str] = frozenset(), **how: bool) -> Mute:
        return Mute(self.job, {self.seed[FINAL]: before, self.best[FINAL]: after}, **how)

    async def end(self, out: Path, mute: Mute, watcher: Recorder | None = None) -> RunFinished:
        done = await begin(self.job, out, Counted(mute), watcher=watcher, parts=self.parts)
        assert done.finished is not None
        return done.finished

    async def verdicts(self, out: Path) -> dict[str, Verdict]:
        """Return what the judge says on each hold-out input when nobody is silent."""
        await self.end(out, self.mute())
        async with RunStore.open(out / DATABASE) as store:
            found = [entry.item for entry in store.read_since()]
        results = [item.result for item in found if isinstance(item, RecordedResult)]
        return {one.input_key: one.glob for one in results if isinstance(one, Comparison)}


async def test_n01_the_reported_case_eleven_wins_and_silence_on_the_other_nineteen(tmp_path: Path) -> None:
    team = Team()
    met = await team.verdicts(tmp_path / "whole")
    kept = [key for key in team.held_out if met[key] is Verdict.WIN][:11]
    assert len(kept) == 11
    watcher = Recorder()
    mute = team.mute(after=frozenset(team.held_out) - frozenset(kept))
    end = await team.end(tmp_path / "run", mute, watcher)
    assert (end.holdout.wins, end.holdout.losses, end.holdout.unanswered, end.holdout.undecided) == (11, 19, 19, 0)
    assert (end.verdict, end.shipped) == ("no_evidence", "seed")
    assert "11 wins against 19 losses on 30 hold-out inputs" in end.why
    assert "On 19 of the lost inputs the new prompts brought no answer" in end.why
    lost = [event for event in watcher.events if isinstance(event, CallLost)]
    assert len(lost) == len({event.key for event in lost}) == 19
    assert all("--set models.reasoning_tokens=" in event.reason for event in lost)


@pytest.mark.parametrize(
    ("before", "after", "counts", "verdict"),
    [
        (0, 1, (1, 0), "improved"),
        (0, 30, (30, 0), "worse"),
        (19, 0, (0, 19), ""),
        (30, 0, (0, 30), "cannot_tell"),
        (30, 30, (0, 30), "cannot_tell"),
    ],
)
async def test_n02_silence_under_either_prompts(
    before: int, after: int, counts: tuple[int, int], verdict: str, tmp_path: Path
) -> None:
    team = Team()
    first = team.held_out
    end = await team.end(tmp_path / "run", team.mute(frozenset(first[:before]), frozenset(first[:after])))
    assert (end.holdout.unanswered, end.holdout.undecided) == counts
    assert end.verdict == verdict or (not verdict and end.verdict != "improved")
    assert end.shipped == ("optimized" if verdict == "improved" else "seed")


@pytest.mark.parametrize("truncated", [False, True])
async def test_n03_an_empty_reply_is_paid_for_once_and_no_call_of_a_killed_process(
    truncated: bool, tmp_path: Path
) -> None:
    team = Team()
    mute = team.mute(after=frozenset(team.held_out[:12]), truncated=truncated)
    stop = asyncio.Event()
    out = tmp_path / "run"

    async def stop_later(_: Request) -> None:
        if len(mute.empty) >= 6:
            stop.set()

    paused = await begin(team.job, out, Counted(mute, stop_later), stop, parts=team.parts)
    assert paused.finished is None
    store = RunStore.read(out / DATABASE)
    try:
        assert store.open_attempts() == []
        told = {purpose: (usage.calls, usage.failed) for purpose, usage in paused.usage.items()}
        recorded = store.usage()
        assert {purpose: (usage.calls, usage.failed) for purpose, usage in recorded.items()} == told
        for purpose, usage in recorded.items():
            assert usage.usd == pytest.approx(paused.usage[purpose].usd), purpose
    finally:
        store.close_reader()
    done = await go_on(team.job, out, Counted(mute), parts=team.parts)
    assert done.finished is not None
    assert done.finished.holdout.unanswered == 12
    if truncated:
        assert set(mute.empty.values()) == {1}, "a reply that met the token limit would meet it again"
    else:
        # One that waits for its second attempt when the run is stopped is asked twice by the process that goes on.
        again = [count for count in mute.empty.values() if count != 2]
        assert set(again) <= {3} and len(again) <= team.job.config.models.concurrency
    assert "Calls that failed for good: 12;" in done.finished.why


async def test_n04_a_team_that_never_answers_ends_the_run_early_and_says_why(tmp_path: Path) -> None:
    job = world_job()
    every = frozenset(row.key for row in job.inputs.rows)
    mute = Counted(Mute(job, {job.system.prompts[FINAL]: every}, truncated=True))
    with pytest.raises(
        ProviderError, match=r"no answer in \d+ of \d+ comparisons.*limit of 4096.*reasoning_tokens=16384"
    ) as caught:
        await begin(job, tmp_path / "run", mute)
    assert caught.value.exit_code == EXIT_PROVIDER
    assert "judge.global" not in mute.purposes
    before = mute.calls
    with pytest.raises(ProviderError, match="no answer"):
        await go_on(job, tmp_path / "run", mute)
    assert mute.calls == before


@pytest.mark.parametrize("role", ["judge", "proposer"])
async def test_n05_a_role_that_writes_nothing_ends_the_run_early_and_says_why(role: str, tmp_path: Path) -> None:
    job = world_job(inputs=40, spec=WorldSpec(seed=5))

    class Quiet(World):
        async def complete(self, request: Request) -> Reply:
            return Reply("", 10, 0) if request.purpose.startswith(role) else await super().complete(request)

    whole, quiet = Counted(World(job.world)), Counted(Quiet(job.world))
    await begin(job, tmp_path / "whole", whole)
    with pytest.raises(ProviderError, match=rf"replies to {role} calls were empty.*--set models\.reasoning_tokens="):
        await begin(job, tmp_path / "run", quiet)
    assert quiet.calls < whole.calls

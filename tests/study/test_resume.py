"""Stopping and going on: resume is replay, and a changed job is refused field by field."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from maspo.cli.app import app
from maspo.cli.prepare import read_prompts
from maspo.config import Caps
from maspo.core.errors import EXIT_INTERRUPTED, EXIT_OK, RunChanged, StoreError, UsageError
from maspo.data.groups import Groups
from maspo.data.inputs import load_inputs
from maspo.events import Event, Paused, StepStarted
from maspo.models.base import Request
from maspo.report.folder import write_results
from maspo.store.codec import RecordedResult, decode
from maspo.store.run_store import RunStore
from maspo.study.job import Job
from maspo.study.optimize import DATABASE, recorded_job, resume, start
from maspo.study.resolve import resolve
from maspo.team.load import dump_system
from maspo.testing.runs import SMALL, Counted, Recorder, begin, counted_world, go_on, with_config, world_job
from maspo.world.spec import WorldSpec

JOBS = {
    method: with_config(
        world_job(spec=WorldSpec(seed=5)),
        search=search,
        models=world_job().config.models.model_copy(update={"concurrency": 3}),
    )
    for method, search in SMALL.items()
}


def shipped(folder: Path) -> bytes:
    return (folder / "prompts.json").read_bytes()


def stopping(job: Job, after: int, stop: asyncio.Event) -> Counted:
    """Ask to stop once so many calls were sent, and give the others in flight a moment to be under way."""

    async def before(_: Request) -> None:
        if model.calls >= after:
            stop.set()
        await asyncio.sleep(0)

    model = counted_world(job, before)
    return model


@pytest.mark.parametrize("method", sorted(SMALL))
async def test_k01_stopping_at_any_moment_and_going_on_ships_the_same_and_repeats_no_call(
    tmp_path: Path, method: str
) -> None:
    job = JOBS[method]
    whole = counted_world(job)
    await begin(job, tmp_path / "whole", whole)
    for after in (1, 7, 23, whole.calls // 2, whole.calls - 10):
        folder = tmp_path / str(after)
        stop = asyncio.Event()
        first = stopping(job, after, stop)
        outcome = await begin(job, folder, first, stop)
        assert (outcome.exit_code, outcome.finished) == (EXIT_INTERRUPTED, None)
        assert f"maspo resume {folder}" in outcome.message
        assert first.calls <= after + 3, "only what was in flight was finished"
        second = counted_world(job)
        assert (await go_on(job, folder, second)).exit_code == EXIT_OK
        assert shipped(folder) == shipped(tmp_path / "whole")
        assert not first.keys & second.keys, "no call was paid for twice"
        assert (first.keys + second.keys).keys() == whole.keys.keys()


async def test_k01b_a_run_keeps_its_split_when_the_rule_what_asks_the_same_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, stop = JOBS["race"], asyncio.Event()
    await begin(job, tmp_path / "whole")
    first, second = stopping(job, 40, stop), counted_world(job)
    await begin(job, tmp_path / "run", first, stop)
    rows = [row.key for row in job.inputs.rows]
    pairs = Groups({key: min(rows[n - n % 2 : n - n % 2 + 2]) for n, key in enumerate(rows)})
    monkeypatch.setattr("maspo.study.resolve.groups_of", lambda *_: pairs)
    assert resolve(job).split.holdout != resolve(recorded_job(tmp_path / "run")).split.holdout
    assert (await go_on(job, tmp_path / "run", second)).exit_code == EXIT_OK
    assert shipped(tmp_path / "run") == shipped(tmp_path / "whole")
    assert not first.keys & second.keys


async def test_k22_whoever_raised_a_cap_and_stopped_is_told_to_give_it_again(tmp_path: Path) -> None:
    job = with_config(JOBS["race"], caps=Caps(calls=40))
    await begin(job, tmp_path / "run", counted_world(job))
    stop = asyncio.Event()
    raised = Caps(calls=900)
    again = await resume(tmp_path / "run", Recorder(), raised, stopping(job, 9, stop).provider, stop)
    assert again.message.endswith(f"go on with: maspo resume {tmp_path / 'run'} --max-calls 900")


async def test_a_run_that_goes_on_ships_nothing_until_it_has_ended_again(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    await begin(with_config(JOBS["race"], caps=Caps(calls=40)), folder, counted_world(JOBS["race"]))
    assert read_prompts(folder) == json.loads(shipped(folder))
    stop = asyncio.Event()

    class AtTheNextStep(Recorder):
        def on_event(self, event: Event) -> None:
            if isinstance(event, StepStarted):
                stop.set()

    await resume(folder, AtTheNextStep(), Caps(calls=900), counted_world(JOBS["race"]).provider, stop)
    with pytest.raises(UsageError, match="has not finished, so nothing is shipped yet"):
        read_prompts(folder)
    for words in (["apply", "--check"], ["apply"], ["diff"]):
        said = CliRunner().invoke(app, [words[0], str(folder), *words[1:], "--json"])
        assert said.exit_code == 2 and "has not finished" in json.loads(said.stdout)["error"], words
    async with RunStore.open(folder / "run.db"):
        write_results(folder)
        assert (folder / "prompts.json").exists(), "whoever works on it may just have written it"
    write_results(folder)
    assert not (folder / "prompts.json").exists(), "what it shipped before is not what it ships"
    await resume(folder, Recorder(), Caps(calls=900), counted_world(JOBS["race"]).provider)
    assert read_prompts(folder) == json.loads(shipped(folder))


async def test_k02_a_run_may_be_stopped_again_and_again(tmp_path: Path) -> None:
    job = JOBS["race"]
    await begin(job, tmp_path / "whole")
    stop = asyncio.Event()
    outcome = await begin(job, tmp_path / "run", stopping(job, 5, stop), stop)
    stops = 0
    while outcome.finished is None:
        stops += 1
        stop = asyncio.Event()
        outcome = await go_on(job, tmp_path / "run", stopping(job, 9, stop), stop)
    assert stops > 5
    store = RunStore.read(tmp_path / "run" / DATABASE)
    told = [item.request for item in map(decode, store.journal()) if isinstance(item, RecordedResult)]
    store.close_reader()
    assert len(told) == len(set(told)), "recorded work is not done again"
    assert shipped(tmp_path / "run") == shipped(tmp_path / "whole")


async def test_k03_a_stop_before_the_first_call_asks_nothing(tmp_path: Path) -> None:
    job = JOBS["race"]
    stop = asyncio.Event()
    stop.set()
    model = counted_world(job)
    outcome = await begin(job, tmp_path / "run", model, stop)
    assert outcome.exit_code == EXIT_INTERRUPTED
    assert model.calls <= 1
    store = RunStore.read(tmp_path / "run" / DATABASE)
    assert isinstance(decode(store.journal()[-1]), Paused)
    store.close_reader()


async def test_k04_calls_and_time_of_all_processes_are_counted(tmp_path: Path) -> None:
    job = JOBS["race"]
    whole = await begin(job, tmp_path / "whole")
    stop = asyncio.Event()
    first = await begin(job, tmp_path / "run", stopping(job, 30, stop), stop)
    second = await go_on(job, tmp_path / "run")
    assert second.seconds > first.seconds > 0
    assert {purpose: each.calls for purpose, each in second.usage.items()} == {
        purpose: each.calls for purpose, each in whole.usage.items()
    }
    assert {purpose: each.tokens_in for purpose, each in second.usage.items()} == {
        purpose: each.tokens_in for purpose, each in whole.usage.items()
    }


async def begun(tmp_path: Path) -> tuple[Job, Path]:
    """Begin a run whose system and inputs come from files, and stop it."""
    job = JOBS["race"]
    system, inputs = tmp_path / "system.yaml", tmp_path / "inputs.jsonl"
    system.write_text(dump_system(job.system), encoding="utf-8")
    rows = [{"id": row.label, **row.columns, "answer": row.answer} for row in job.inputs.rows]
    inputs.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    job = replace(job, inputs=load_inputs(inputs), sources={"system": str(system), "inputs": str(inputs)})
    stop = asyncio.Event()
    assert (await begin(job, tmp_path / "run", stopping(job, 10, stop), stop)).finished is None
    return job, tmp_path / "run"


async def test_k05_a_job_that_is_as_it_was_goes_on(tmp_path: Path) -> None:
    job, folder = await begun(tmp_path)
    assert (await go_on(job, folder)).finished is not None


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        ("system.yaml", "You solve", "You guess", 'system.agents.solver.prompt: was "You solve'),
        ("system.yaml", "output: critic", "output: solver", 'system.output: was "critic", is "solver"'),
        ("inputs.jsonl", "Simulated problem number 3:", "Another 3:", "inputs.sim-0003.input: was"),
        ("run/config.json", '"seed": 5', '"seed": 2', "config.seed: was 5, is 2"),
        ("run/config.json", '"global": 0.2', '"global": 0.3', "config.search.weights.global: was 0.2, is 0.3"),
        ("run/config.json", '"edits": 2', '"edits": 3', "config.search.edits: was 2, is 3"),
    ],
)
async def test_k06_a_changed_job_is_refused_field_by_field(
    tmp_path: Path, name: str, old: str, new: str, told: str
) -> None:
    job, folder = await begun(tmp_path)
    file = tmp_path / name
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    model = counted_world(job)
    with pytest.raises(RunChanged) as error:
        await go_on(job, folder, model)
    (difference,) = error.value.differences
    assert difference.startswith(told)
    assert difference in str(error.value)
    assert model.calls == 0


async def test_k19_a_price_that_was_unknown_is_added_later(tmp_path: Path) -> None:
    job, folder = await begun(tmp_path)
    file, model = folder / "config.json", job.config.models.agent
    settings = json.loads(file.read_text(encoding="utf-8"))
    assert settings["models"]["prices"] == {}

    def write(prices: dict[str, list[float]]) -> None:
        settings["models"]["prices"] = prices
        file.write_text(json.dumps(settings), encoding="utf-8")

    write({model: [1.0, 2.0]})
    stop = asyncio.Event()
    assert (await go_on(job, folder, stopping(job, 5, stop), stop)).exit_code == EXIT_INTERRUPTED
    async with RunStore.open(folder / DATABASE) as store:
        costs = [usd for (usd,) in store._select("SELECT usd FROM calls")]
        assert None in costs, "what was paid before stays unknown"
        assert any(usd for usd in costs if usd is not None), "what is paid from now on is known"
    assert (await go_on(job, folder)).finished is not None


async def test_k20_a_price_that_was_known_is_not_changed_later(tmp_path: Path) -> None:
    base = world_job()
    models = base.config.models.model_copy(update={"prices": {base.config.models.agent: (1.0, 2.0)}})
    job = with_config(base, models=models)
    await begin(job, tmp_path / "run")
    file = tmp_path / "run" / "config.json"
    settings = json.loads(file.read_text(encoding="utf-8"))
    settings["models"]["prices"][job.config.models.agent] = [0.0, 0.0]
    file.write_text(json.dumps(settings), encoding="utf-8")
    with pytest.raises(RunChanged, match="prices"):
        await go_on(job, tmp_path / "run")


async def test_k07_rows_that_came_went_or_lost_their_label_are_named(tmp_path: Path) -> None:
    job, folder = await begun(tmp_path)
    lines = (tmp_path / "inputs.jsonl").read_text(encoding="utf-8").splitlines()
    lines[0] = json.dumps({**json.loads(lines[0]), "answer": "Z"})
    lines[1] = json.dumps({"id": "new", "input": "something new"})
    (tmp_path / "inputs.jsonl").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(RunChanged) as error:
        await go_on(job, folder)
    told = "\n".join(error.value.differences)
    assert "inputs.sim-0000.answer: was" in told
    assert "inputs.sim-0001.input: was" in told and "is absent" in told
    assert 'inputs.new.input: was absent, is "something new"' in told


@pytest.mark.parametrize("name", ["system.yaml", "inputs.jsonl", "run/config.json"])
async def test_k08_a_file_that_cannot_be_used_any_more_is_refused(tmp_path: Path, name: str) -> None:
    job, folder = await begun(tmp_path)
    (tmp_path / name).write_text("{", encoding="utf-8")
    with pytest.raises(RunChanged, match="a file of the run cannot be used any more"):
        await go_on(job, folder)


async def test_k09_files_that_are_gone_are_not_needed(tmp_path: Path) -> None:
    job, folder = await begun(tmp_path)
    (tmp_path / "system.yaml").unlink()
    (tmp_path / "inputs.jsonl").unlink()
    assert (await go_on(job, folder)).finished is not None


async def test_k10_a_long_list_of_differences_is_cut(tmp_path: Path) -> None:
    job = world_job(inputs=40)
    await begin(job, tmp_path / "run")
    with pytest.raises(RunChanged) as error:
        await start(resolve(replace(world_job("hierarchical", inputs=8), world=None)), tmp_path / "run", Recorder())
    assert len(error.value.differences) == 21
    assert error.value.differences[-1].startswith("… and ")


async def test_k11_a_record_that_the_search_does_not_repeat_is_refused(tmp_path: Path) -> None:
    job = JOBS["race"]
    stop = asyncio.Event()
    await begin(job, tmp_path / "run", stopping(job, 60, stop), stop)
    async with RunStore.open(tmp_path / "run" / DATABASE) as store:
        steps = [entry for entry in store.journal() if entry.kind == "step_started"]
        await store.append([replace(steps[0], body=steps[0].body.replace("solver", "stranger"))])
    with pytest.raises(StoreError, match="another version of maspo"):
        await go_on(job, tmp_path / "run")

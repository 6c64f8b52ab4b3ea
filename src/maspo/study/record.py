"""What a run folder remembers of its job, and what has changed since."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path

from pydantic import ValidationError

from maspo.config import Caps, RunConfig, capped
from maspo.core.errors import RunChanged, UsageError
from maspo.data.inputs import load_inputs
from maspo.store.files import write_whole
from maspo.study.job import Job
from maspo.study.serialized import Serialized
from maspo.team.load import load_system

JOB = Serialized(Job, "the run's record")
CONFIG = "config.json"
_LONGEST_VALUE = 60
_MOST_DIFFERENCES = 20


def write_config(out: Path, config: RunConfig) -> None:
    """Write ``config.json``: the settings of the run, without keys."""
    write_whole(out / CONFIG, config.model_dump_json(indent=2, by_alias=True) + "\n")


def with_caps(job: Job, caps: Caps | None) -> Job:
    """Return the job with the caps that are given; caps may be raised or dropped without changing the run."""
    return replace(job, config=capped(job.config, caps))


def check_unchanged(job: Job, out: Path) -> None:
    """Compare a recorded job with the files that it came from, as they are now; a file that is gone is not compared.

    Raises:
        RunChanged: something differs; lists field by field what was and what is.

    """
    differences = differences_between(job, _as_now(job, out))
    if differences:
        raise RunChanged(
            f"{out}: the run was started with other settings or inputs; restore them, or start a new run with another "
            "--out. What changed:",
            differences,
        )


def differences_between(before: Job, now: Job) -> tuple[str, ...]:
    """Return one line per field that differs, ``field: was X, is Y``; caps and paths do not count."""
    old, new = _fields(before), _fields(now)
    lines = [
        f"{name}: was {_shown(old.get(name))}, is {_shown(new.get(name))}"
        for name in dict.fromkeys([*old, *new])
        if old.get(name) != new.get(name)
    ]
    left_out = len(lines) - _MOST_DIFFERENCES
    return (*lines[:_MOST_DIFFERENCES], *([f"… and {left_out} more"] if left_out > 0 else []))


def _as_now(job: Job, out: Path) -> Job:
    """Return the job as its files give it now.

    Raises:
        RunChanged: a file is there and cannot be used any more.

    """
    try:
        system, inputs = job.system, job.inputs
        if _there(job.sources.get("system")):
            system = load_system(job.sources["system"])
        if _there(job.sources.get("inputs")):
            inputs = load_inputs(job.sources["inputs"])
        config = job.config
        if (out / CONFIG).exists():
            config = _read_config(out / CONFIG)
    except (UsageError, ValidationError) as error:
        raise RunChanged(f"{out}: a file of the run cannot be used any more: {error}") from error
    return replace(job, system=system, inputs=inputs, config=config)


def _read_config(file: Path) -> RunConfig:
    return RunConfig.model_validate_json(file.read_text(encoding="utf-8"), context={"recorded": True})


def _there(path: str | None) -> bool:
    return path is not None and Path(path).is_file()


def _fields(job: Job) -> dict[str, object]:
    config = job.config.model_dump(mode="json", by_alias=True, exclude={"caps"})
    system = {
        "name": job.system.name,
        "output": job.system.output,
        "final_answer": job.system.final_answer,
        "agents": {agent.name: asdict(agent) for agent in job.system.agents},
        "order": [agent.name for agent in job.system.agents],
    }
    inputs = {row.label: {**row.columns, "answer": row.answer} for row in job.inputs.rows}
    return _flat({"config": config, "system": system, "inputs": inputs})


def _flat(value: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    flat: dict[str, object] = {}
    for name, item in value.items():
        if isinstance(item, Mapping) and item:
            flat.update(_flat(item, f"{prefix}{name}."))
        else:
            flat[f"{prefix}{name}"] = item
    return flat


def _shown(value: object) -> str:
    if value is None:
        return "absent"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}… ({len(text)} characters)"

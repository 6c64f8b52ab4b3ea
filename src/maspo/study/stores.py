"""Run folders whose records lie in a store: brought to this machine, and whose replies are shared there."""

from __future__ import annotations

import json
from pathlib import Path

from maspo.core.plain_files import is_there
from maspo.events import RunFinished
from maspo.store import RecordedResult
from maspo.store.address import StoreAddress
from maspo.store.files import write_whole
from maspo.store.postgres import StoredRun
from maspo.store.records import copy, find, place
from maspo.study.optimize import DATABASE, SEED_PROMPTS
from maspo.study.record import JOB, make_folder, open_for_reading, write_config


def bring(address: StoreAddress, folder: Path) -> None:
    """Make the folder of a run that lies in a store, where there is none: the run that has the folder's name.

    Raises:
        UsageError: the store has no such run, or several; or the folder cannot be written.

    """
    if not is_there(folder / DATABASE):
        bring_run(address, find(address, folder.absolute().name), folder)


def bring_run(address: StoreAddress, run: StoredRun, folder: Path) -> None:
    """Make the folder of a run of a store, with the files that its record holds."""
    with make_folder(folder):
        place(address, run, folder / DATABASE)
    write_files(folder)


async def copy_run(source: Path, folder: Path, store: StoreAddress | None = None) -> None:
    """Copy a run: into a folder, with a record of its own there or in a store.

    Raises:
        StoreError: as ``maspo.store.records.copy``.

    """
    with make_folder(folder):
        await copy(source / DATABASE, folder / DATABASE, store)
    write_files(folder)


def write_files(folder: Path) -> None:
    """Write the files of a run that its record holds: its settings, the prompts it began with and those it ships."""
    with open_for_reading(folder / DATABASE) as store:
        recorded = store.meta().get("job")
        events = [entry.item for entry in store.read_since() if not isinstance(entry.item, RecordedResult)]
    if recorded is None:
        return  # it was killed before it began
    job = JOB.load(recorded)
    write_config(folder, job.config)
    files = {SEED_PROMPTS: dict(job.system.prompts)}
    for event in events:
        if isinstance(event, RunFinished):
            files["prompts.json"] = dict(event.prompts)
    for name, prompts in files.items():
        write_whole(folder / name, json.dumps(prompts, indent=2, ensure_ascii=False) + "\n")

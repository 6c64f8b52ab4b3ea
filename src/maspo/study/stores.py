"""Folders of work whose records lie in a store: brought to this machine, and copied."""

from __future__ import annotations

import json
from pathlib import Path

from maspo.events import RunFinished
from maspo.store import RecordedResult
from maspo.store.address import StoreAddress
from maspo.store.files import write_whole
from maspo.store.records import Keeping, copy, find, records_in
from maspo.study.optimize import DATABASE, SEED_PROMPTS
from maspo.study.record import JOB, make_folder, open_for_reading, write_config


def bring(address: StoreAddress, folder: Path) -> bool:
    """Make the folder of work that lies in a store, where it holds none: what has the folder's name. Say if it did.

    Raises:
        UsageError: the store has no such work, or several; or the folder cannot be written.

    """
    if records_in(folder):
        return False
    work = find(address, folder.absolute().name)
    with make_folder(folder):
        work.place(address, folder)
    write_files(folder)
    return True


async def copy_run(source: Path, folder: Path, store: StoreAddress | None = None) -> None:
    """Copy the records of a folder: into a folder of their own, or into a store, with a folder that names them.

    Raises:
        StoreError: as ``maspo.store.records.copy``.

    """
    for record, whole in records_in(source):
        place = folder / record.relative_to(source)
        with make_folder(place.parent):
            copied = None if whole is None else folder / whole.relative_to(source)
            await copy(record, place, Keeping(store, whole=copied))
    write_files(folder)


def write_files(folder: Path) -> None:
    """Write the files of the runs of a folder that their records hold."""
    for record, _ in records_in(folder):
        if record.name == DATABASE:
            _write_files_of_run(record.parent)


def _write_files_of_run(folder: Path) -> None:
    """Write the files that the record of a run holds: its settings, the prompts it began with and those it ships."""
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

"""Stores on the command line: naming one, bringing a run of it into a folder, and ``maspo store copy``."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from maspo.cli.options import Arguments
from maspo.cli.terminal import note, print_json, say
from maspo.core.errors import MaspoError, UsageError
from maspo.core.plain_files import is_there
from maspo.core.running import run
from maspo.report.folder import JOURNAL
from maspo.report.kept import keep, write_kept
from maspo.store.address import named, pointer_in
from maspo.store.records import Keeping, find, folder_name, follow, name_of, records_in, works_in
from maspo.study.stores import bring, copy_run

_SCHEME = re.compile(r"\s*postgres(ql)?:", re.IGNORECASE)
"""What is meant as the address of a store, misspelt ones included: these may hold a password, and name no folder."""


def keeping_of(arguments: Arguments, record: Path) -> Keeping:
    """Return where a command is to keep its record. One that is there goes on where it lies, which is told.

    Raises:
        ConfigInvalid: the address is none.

    """
    return keeping_in(arguments.store, arguments.budget, record)


def keeping_in(store: str, budget: str, record: Path) -> Keeping:
    """Return where a record is kept that has this place in a folder; see ``keeping_of``."""
    address = named(store) if store else None
    if is_there(record):
        pointer = pointer_in(record)
        if address is not None and (pointer is None or pointer.address.shown != address.shown):
            where = "in the folder" if pointer is None else f"in {pointer.address.shown}"
            note(f"note: the record of {record.parent} lies {where}, and is gone on with there")
    return Keeping(address, budget)


def keep_files(record: Path, *names: str) -> None:
    """Keep pages and figures of work in its record, where that lies in a store."""
    run(keep(record, names))


def reach(folder: Path, store: str, allowed: str = "") -> list[Path]:
    """Make work reachable that lies in a store: the user names the store, or allows the one that the folder names.

    Return the pages and figures that were brought with it.

    Raises:
        UsageError: the store has no work of the folder's name, or several.
        StoreError: the folder names a store that the user has not.

    """
    brought = bring(named(store), folder) if store else False
    records = records_in(folder)
    for record, _ in records:
        follow(record, allowed)
    return [file for record, _ in records for file in write_kept(record)] if brought else []


@contextmanager
def folders_of(store: str) -> Iterator[Path]:
    """Give a folder that holds a folder for all work of a store, for a while.

    Raises:
        StoreError: the store cannot be used.

    """
    address = named(store)
    with tempfile.TemporaryDirectory(prefix="maspo-") as folder:
        for work in works_in(address):
            place = Path(folder, folder_name(work.name))
            try:
                work.place(address, place)
                for record, _ in records_in(place):
                    if record.name != JOURNAL:  # the page of a run is drawn from its record
                        write_kept(record)
            except (MaspoError, OSError) as error:
                note(f"note: {work.name}: {error}")
        yield Path(folder)


def copy_store(source: str, target: str, as_json: bool) -> None:
    """Copy work from a folder into a store or a folder, or from a store (``URL#NAME``) into a folder."""
    url, _, name = source.partition("#")
    if not _is_store(source):
        given = Path(source)
        if not records_in(given):
            raise UsageError(f"{source}: holds no run; give a run folder, or URL#NAME for a run of a store")
        if _is_store(target):
            address = named(target)
            with tempfile.TemporaryDirectory(prefix="maspo-") as folder:
                place = Path(folder, given.absolute().name)
                run(copy_run(given, place, address))
                target = f"{address.shown}#{name_of(address, place)}"
        else:
            _copied(given, Path(target))
    else:
        if not name or _is_store(target):
            raise UsageError("give a run as URL#NAME and a folder to copy it to; `maspo runs --store URL` lists them")
        address = named(url)
        with tempfile.TemporaryDirectory(prefix="maspo-") as folder:
            find(address, name).place(address, Path(folder))
            _copied(Path(folder), Path(target))
        source = f"{address.shown}#{name}"
    say(f"copied    {source} to {target}")
    if as_json:
        print_json({"from": source, "to": target})


def _copied(source: Path, target: Path) -> None:
    run(copy_run(source, target))
    for record, _ in records_in(target):
        if record.name != JOURNAL:
            write_kept(record)


def _is_store(given: str) -> bool:
    return _SCHEME.match(given) is not None

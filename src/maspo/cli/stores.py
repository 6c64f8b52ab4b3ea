"""Stores on the command line: naming one, bringing a run of it into a folder, and ``maspo store copy``."""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from maspo.cli.terminal import note, print_json, say
from maspo.core.errors import MaspoError, UsageError
from maspo.core.plain_files import is_there
from maspo.report.folder import JOURNAL
from maspo.store.address import named
from maspo.store.postgres import runs_in
from maspo.store.records import by_name, find, follow, place
from maspo.study.stores import bring, copy_run

_SCHEME = re.compile(r"\s*postgres(ql)?:", re.IGNORECASE)
"""What is meant as the address of a store, misspelt ones included: these may hold a password, and name no folder."""
_NOT_IN_NAMES = re.compile(r"[^\w.~ +@,=-]")
"""Characters that names of runs may hold which no name of a folder here should: others may write to a store."""
_LONGEST_NAME = 100


def reach(folder: Path, store: str, allowed: str = "") -> None:
    """Make a run reachable that lies in a store: the user names the store, or allows the one that the folder names.

    Raises:
        UsageError: the store has no run of the folder's name, or several.
        StoreError: the folder names a store that the user has not.

    """
    if store:
        bring(named(store), folder)
    follow(folder / JOURNAL, allowed)


@contextmanager
def folders_of(store: str) -> Iterator[Path]:
    """Give a folder that holds a run folder for each run of a store, for a while.

    Raises:
        StoreError: the store cannot be used.

    """
    address = named(store)
    with tempfile.TemporaryDirectory(prefix="maspo-") as folder:
        for name, run in by_name(runs_in(address)):
            try:
                place(address, run, Path(folder, _folder_name(name), JOURNAL))
            except (MaspoError, OSError) as error:
                note(f"note: {name}: {error}")
        yield Path(folder)


def copy_store(source: str, target: str, as_json: bool) -> None:
    """Copy a run from a folder into a store or a folder, or from a store (``URL#NAME``) into a folder."""
    url, _, name = source.partition("#")
    if not _is_store(source):
        run = Path(source)
        if not is_there(run / JOURNAL):
            raise UsageError(f"{source}: holds no run; give a run folder, or URL#NAME for a run of a store")
        if _is_store(target):
            address = named(target)
            with tempfile.TemporaryDirectory(prefix="maspo-") as folder:
                asyncio.run(copy_run(run, Path(folder, run.absolute().name), address))
            target = f"{address.shown}#{run.absolute().name}"
        else:
            asyncio.run(copy_run(run, Path(target)))
    else:
        if not name or _is_store(target):
            raise UsageError("give a run as URL#NAME and a folder to copy it to; `maspo runs --store URL` lists them")
        address = named(url)
        with tempfile.TemporaryDirectory(prefix="maspo-") as folder:
            place(address, find(address, name), Path(folder, JOURNAL))
            asyncio.run(copy_run(Path(folder), Path(target)))
        source = f"{address.shown}#{name}"
    say(f"copied    {source} to {target}")
    if as_json:
        print_json({"from": source, "to": target})


def _is_store(given: str) -> bool:
    return _SCHEME.match(given) is not None


def _folder_name(name: str) -> str:
    """Return the name of a run as that of a folder, which leads nowhere else."""
    found = _NOT_IN_NAMES.sub("_", name)[:_LONGEST_NAME]
    return found if found.strip(".") else f"run{found.replace('.', '_')}"

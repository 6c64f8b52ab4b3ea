"""Stores on the command line: naming one, bringing a run of it into a folder, and ``maspo store copy``."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from maspo.cli.terminal import note, print_json, say
from maspo.core.errors import MaspoError, UsageError
from maspo.core.plain_files import is_there
from maspo.report.folder import JOURNAL
from maspo.store.address import named, parse
from maspo.store.postgres import runs_in
from maspo.store.records import by_name, find, follow, place
from maspo.study.stores import bring, copy_run

_SCHEMES = ("postgresql://", "postgres://")


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
                place(address, run, Path(folder, name.replace("/", "_"), JOURNAL))
            except (MaspoError, OSError) as error:
                note(f"note: {name}: {error}")
        yield Path(folder)


def copy_store(source: str, target: str, as_json: bool) -> None:
    """Copy a run from a folder into a store or a folder, or from a store (``URL#NAME``) into a folder."""
    url, _, name = source.partition("#")
    if not source.startswith(_SCHEMES):
        run = Path(source)
        if not is_there(run / JOURNAL):
            raise UsageError(f"{source}: holds no run; give a run folder, or URL#NAME for a run of a store")
        if target.startswith(_SCHEMES):
            with tempfile.TemporaryDirectory(prefix="maspo-") as folder:
                asyncio.run(copy_run(run, Path(folder, run.absolute().name), named(target)))
            target = f"{parse(target).shown}#{run.absolute().name}"
        else:
            asyncio.run(copy_run(run, Path(target)))
    else:
        if not name or target.startswith(_SCHEMES):
            raise UsageError("give a run as URL#NAME and a folder to copy it to; `maspo runs --store URL` lists them")
        address = named(url)
        with tempfile.TemporaryDirectory(prefix="maspo-") as folder:
            place(address, find(address, name), Path(folder, JOURNAL))
            asyncio.run(copy_run(Path(folder), Path(target)))
        source = f"{address.shown}#{name}"
    say(f"copied    {source} to {target}")
    if as_json:
        print_json({"from": source, "to": target})

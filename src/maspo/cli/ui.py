"""``maspo ui``: the live page on this machine."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from maspo.cli.stores import folders_of
from maspo.cli.terminal import note, print_json, say
from maspo.core.errors import UsageError
from maspo.core.running import run
from maspo.report.folder import RUNS
from maspo.ui.guard import new_token
from maspo.ui.runs import Runs
from maspo.ui.server import Server


def run_ui(folders: Sequence[Path], port: int, allow_actions: bool, as_json: bool, store: str = "") -> None:
    """Serve until Ctrl-C.

    Raises:
        UsageError: a folder is none, or the port cannot be used.

    """
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"{folder}: no such folder; give a run folder, or one that holds some")
    token = new_token() if allow_actions else ""
    with folders_of(store) if store else nullcontext() as stored:
        found = [*folders, stored] if stored else folders or [RUNS]
        run(_serve(Runs(found), port, token, as_json))


async def _serve(runs: Runs, port: int, token: str, as_json: bool) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with Server(runs, port, token) as server:
        say(server.address)
        if as_json:
            print_json({"url": server.address, "actions": bool(token)})
        may = "Whoever has this address may decide about the runs." if token else "Nothing can be changed from there."
        note(f"Open it in a browser on this machine. {may} Ctrl-C ends it.")
        await stop.wait()

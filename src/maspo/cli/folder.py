"""Looking at run folders: also while a run writes, after an interruption, and when the folder is none."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from maspo.errors import UsageError
from maspo.events import Event
from maspo.report.fold import RunView, fold
from maspo.report.html import render
from maspo.report.text import result_json
from maspo.store import RunStore, Told, decode

JOURNAL = "run.db"
REPORT = "report.html"
RESULT = "result.json"


@dataclass(frozen=True)
class Look:
    """What a run folder tells: the run as far as it is recorded, and when it was last written (seconds since 1970)."""

    view: RunView
    written: float


def require_run(folder: Path) -> None:
    """Check that a folder holds a run.

    Raises:
        UsageError: it does not.

    """
    if not (folder / JOURNAL).is_file():
        raise UsageError(f"{folder}: no run here ({JOURNAL} is missing); give the folder that `maspo optimize` wrote")


def look(folder: Path) -> Look:
    """Read a run folder.

    Raises:
        UsageError: there is no run in it.
        StoreError: its database cannot be read.

    """
    require_run(folder)
    return asyncio.run(_look(folder))


async def _look(folder: Path) -> Look:
    async with RunStore.read(folder / JOURNAL) as store:
        entries = store.journal()
        usage = store.usage()
    events: list[Event] = []
    for entry in entries:
        recorded = decode(entry)
        if not isinstance(recorded, Told):
            events.append(recorded)
    return Look(fold(events, usage), max((entry.at for entry in entries), default=0.0))


def write_results(folder: Path, view: RunView) -> None:
    """Write ``report.html`` and ``result.json`` as far as the run is recorded.

    Raises:
        UsageError: the folder cannot be written.

    """
    contents = {REPORT: render(view), RESULT: json.dumps(result_json(view), indent=2) + "\n"}
    for name, text in contents.items():
        partial = folder / f"{name}.partial"
        try:
            partial.write_text(text, encoding="utf-8")
            partial.replace(folder / name)
        except OSError as error:
            raise UsageError(
                f"{folder / name}: cannot be written ({error.strerror}); free the file, or copy the folder"
            ) from None


def prompt_sets(folder: Path) -> Mapping[str, Mapping[str, str]]:
    """Return the prompts of a run by name: ``seed``, ``winners`` and, once it has finished, ``shipped``."""
    view = look(folder).view
    sets = {
        "seed": {agent.name: agent.seed for agent in view.agents},
        "winners": {agent.name: agent.winner for agent in view.agents},
    }
    if view.finished:
        sets["shipped"] = dict(view.finished.prompts)
    return sets


def read_prompts(path: Path) -> Mapping[str, str]:
    """Read a ``prompts.json``, or that of a run folder.

    Raises:
        UsageError: it is missing or holds something else.

    """
    file = path / "prompts.json" if path.is_dir() else path
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"{file}: no such file; give seed, shipped, winners, a run folder or a prompts.json") from None
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{file}: cannot be read ({error}); give a prompts.json") from None
    if not (isinstance(content, dict) and all(isinstance(text, str) for text in content.values())):
        raise UsageError(f'{file}: expected an object such as {{"agent": "prompt"}}')
    return content

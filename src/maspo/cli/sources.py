"""Where the prompts of a run stand: the run's own source comes first, what maspo has written itself is no source."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from maspo.apps.literals import Named
from maspo.apps.writeback import (
    FILES,
    NOTEBOOK,
    CannotWrite,
    Place,
    describes_app,
    find_places,
    languages_of_names,
    may_say,
    only_place,
    place_of_agent,
    texts_in,
)
from maspo.core.errors import UsageError
from maspo.core.plain_files import read_named
from maspo.online.watching import DATABASE as WATCH_DATABASE
from maspo.report.folder import JOURNAL
from maspo.report.wholes import WHOLES
from maspo.study.evaluation.judge_check import DATABASE as JUDGE_DATABASE
from maspo.study.evaluation.recorded import DATABASE as EVALUATION_DATABASE
from maspo.study.evaluation.structure import DATABASE as STRUCTURE_DATABASE
from maspo.study.job import Job
from maspo.study.optimize import SEED_PROMPTS
from maspo.study.stress import DATABASE as STRESS_DATABASE
from maspo.team.app import App
from maspo.team.load import PROMPT_SUFFIXES

_LARGEST = 1_000_000
"""Bytes of a file that is searched: longer ones are data."""
_LARGEST_NOTEBOOK = 32_000_000
"""The same of a notebook, which holds the pictures that its cells showed."""
_SKIPPED = frozenset({"node_modules", "__pycache__", "site-packages", "maspo-runs", "dist", "build"})
_WRITTEN_HERE: Final = (
    *(JOURNAL, SEED_PROMPTS, WATCH_DATABASE, EVALUATION_DATABASE, JUDGE_DATABASE, STRUCTURE_DATABASE, STRESS_DATABASE),
    *sorted(WHOLES),
)
"""Records that tell a folder of maspo's own work, whose copies of prompts nothing reads."""


@dataclass(frozen=True)
class Sources:
    """The files in which prompts are looked for, by path, and among them those that come first."""

    texts: Mapping[Path, str]
    own: frozenset[Path] = frozenset()
    """The source of the run's app, or its system file and the files that this names."""
    described: Path | None = None
    """The system file of an app, which says its prompts once more."""
    told: Mapping[str, frozenset[Named]] = field(default_factory=dict)
    """What modules do with names: a text may stand in one and be used in another."""

    def place_of(self, old: str, new: str) -> tuple[Place | None, tuple[Place, ...]]:
        """Return where a new prompt is to be written in place of an old one; None, and where it stands, where it is.

        Raises:
            CannotWrite: that cannot be told.

        """
        own_before, before = self._places(old)
        own_after, after = self._places(new)
        if own_before:
            return only_place(own_before), ()
        if own_after:
            return None, own_after
        if before and after:
            where, there = (", ".join(f"{one.file}:{one.line}" for one in places) for places in (before, after))
            raise CannotWrite(
                f"the old prompt stands in {where}, and the new one in {there} already; name one file with --to"
            )
        return (None, after) if after else (only_place(before), ())

    def check_own(self, place: Place, others: Mapping[str, str]) -> None:
        """Refuse a place which says the prompts of other agents, too, as they are now: they would change with it.

        Raises:
            CannotWrite: it does.

        """
        text = self.texts[Path(place.file)]
        sharing = [
            name
            for name, prompt in others.items()
            if any(one.start == place.start for one in find_places(place.file, text, prompt, self.told))
        ]
        if sharing:
            raise CannotWrite(
                f"{place.file}:{place.line} says the prompt of {' and '.join(sharing)}, too, which would change with "
                "it; give each agent a text of its own first, or write it by hand"
            )

    def _places(self, prompt: str) -> tuple[tuple[Place, ...], tuple[Place, ...]]:
        """Return where a prompt stands in the run's own files, and where in others."""
        own, others = list[Place](), list[Place]()
        for file, text in self.texts.items():
            if may_say(text, prompt) and not describes_app(str(file), text):
                found = find_places(str(file), text, prompt, self.told)
                (own if file.resolve() in self.own else others).extend(found)
        # No module takes anything from a notebook: one that says the same as a module is a copy.
        modules = [place for place in others if not place.file.endswith(NOTEBOOK)]
        return tuple(own), tuple(modules or others)

    def says(self, agent: str, prompt: str) -> bool:
        """Say whether the system file of the app says this prompt of an agent."""
        file = self.described
        return file is not None and place_of_agent(str(file), self.texts[file], agent, prompt) is not None

    def described_place(self, agent: str, prompt: str) -> Place:
        """Return where the system file of the app says an agent's prompt.

        Raises:
            CannotWrite: it says another prompt of this agent.

        """
        file = self.described
        place = None if file is None else place_of_agent(str(file), self.texts[file], agent, prompt)
        if place is None:
            raise CannotWrite(f"{file} says another prompt; look at the app again (`maspo discover`)")
        return place


def sources_of(job: Job, looked_in: Sequence[Path], writes_description: bool) -> Sources:
    """Read what may hold the prompts of a run, in some files and folders.

    ``writes_description`` says whether the system file that the run names may be written, too.

    Raises:
        UsageError: there is no such file or folder.

    """
    read = {file: text for file in sorted(set(_files(looked_in))) if (text := _read(file)) is not None}
    system = Path(job.sources["system"]) if "system" in job.sources else None
    if job.system.app is None:
        own = frozenset() if system is None else frozenset(one.resolve() for one in (system, *_named_in(system)))
        return Sources(read, own)
    own = frozenset(file.resolve() for file in _sources_of_app(job.system.app))
    described = None
    if system is not None and writes_description:
        # As it is called among the files that were found, so that it is there once.
        found = next((file for file in read if file.resolve() == system.resolve()), system)
        text = _read(found)
        if text is not None and describes_app(str(found), text):
            read[found], described = text, found
    return Sources(read, own, described, languages_of_names({str(file): text for file, text in read.items()}))


def _sources_of_app(app: App) -> Iterator[Path]:
    """Yield the files that an app is started from: its module, or those that its command names."""
    folder = Path(app.folder)
    if app.kind == "callable":
        module = folder.joinpath(*app.run.partition(":")[0].split("."))
        yield from (module.with_name(f"{module.name}.py"), module / "__init__.py")
    elif app.kind == "command":
        yield from (folder / word for word in app.command if not word.startswith("-"))


def _named_in(system: Path) -> Iterator[Path]:
    """Yield the files of prompts that a system file names."""
    for text in texts_in(str(system), _read(system) or ""):
        if text.strip().endswith(PROMPT_SUFFIXES) and "\n" not in text.strip():
            yield system.parent / text.strip()


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    """Yield the files below some paths in which prompts may stand.

    Environments, hidden folders and those of maspo's own work are left out.
    """
    for path in paths:
        if path.is_file():
            yield path
        elif not path.is_dir():
            raise UsageError(f"--to {path}: no such file or folder")
        for folder, inner, names in os.walk(path):
            here = Path(folder)
            inner[:] = [
                name
                for name in inner
                if not name.startswith(".") and name not in _SKIPPED and not _is_left_out(here / name)
            ]
            yield from (here / name for name in names if name.endswith(FILES))


def _is_left_out(folder: Path) -> bool:
    return any((folder / name).exists() for name in ("pyvenv.cfg", *_WRITTEN_HERE))


def _read(file: Path) -> str | None:
    try:
        return read_named(file, _LARGEST_NOTEBOOK if file.suffix == NOTEBOOK else _LARGEST).decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return None

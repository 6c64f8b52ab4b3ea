"""What a folder remembers of the work that was begun in it, and what has changed since."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from maspo.config import ROLES, RunConfig, search_of
from maspo.core.errors import ProviderError, RunChanged, StoreError, UsageError, typed
from maspo.core.plain_files import MOST_SETTINGS, is_there, read_plain
from maspo.data.inputs import load_inputs
from maspo.store.files import write_whole
from maspo.store.looking import BESIDE
from maspo.store.records import Keeping, discard, is_worked_on
from maspo.store.run_store import RunStore
from maspo.study.job import Job
from maspo.team.load import load_system

T = TypeVar("T")
CONFIG = "config.json"
JOINT = "joint.db"
"""The record of prompts and structure in turns, and of their test."""
COMPARED = "comparison.db"
"""The record of a comparison's own measuring."""
EXPECTED = "expected"
"""What a record notes the calls under that its run is expected to take: panel and page tell the same number."""
FIRST_ROUND = "first round"
"""What the record of a capped run notes the calls under that let its first round end: the closing line names them."""
_OTHERS = {JOINT: "prompts and structure in turns", COMPARED: "a comparison"}
"""Work whose files a run in the same folder would replace or be taken for."""
_OWN_COMMANDS = {
    COMPARED: ("a comparison", "comparison.html"),
    "stress.db": ("a team under stress", "stress.html"),
    "structure.db": ("a search for structure", "structure.html"),
    "judge.db": ("a judge check", "judge.html"),
}
"""By their record: work that goes on by its own command, and its report."""
_LONGEST_VALUE = 60
"""Characters of a value that differs: with its name it stands on one or two lines of a terminal."""
_MOST_DIFFERENCES = 20
"""Differences that are listed: they fit a screen."""
_PORT = re.compile(r"(?<=[\w\]]):\d+(?=[/?,]|\Z)")
"""The port in an address, or in each of several."""


class JsonForm(Generic[T]):
    """Values of one type as JSON. ``what`` names them in errors; fields that stand elsewhere are left out."""

    def __init__(self, kind: type[T], what: str, *left_out: str) -> None:
        self._kind = kind
        self._what = what
        self._left_out = set(left_out)

    @cached_property
    def _adapter(self) -> TypeAdapter[T]:
        """Made at its first use: that takes milliseconds, and a command imports more records than it uses."""
        return TypeAdapter(self._kind)

    def dump(self, value: T) -> str:
        """Return a value as JSON."""
        # The standard library writes the text, because it escapes lone surrogates where pydantic refuses them.
        return json.dumps(self._adapter.dump_python(value, mode="json", by_alias=True, exclude=self._left_out))

    def load(self, text: str, **left_out: object) -> T:
        """Return the value of ``dump``, with the fields that it left out.

        Raises:
            StoreError: the text is no such value of this version.

        """
        try:
            return self._adapter.validate_python({**json.loads(text), **left_out}, context={"recorded": True})
        except (ValidationError, ValueError, TypeError, RecursionError) as error:
            raise StoreError(f"{self._what} cannot be read by this version of maspo: {error}") from error


JOB = JsonForm(Job, "the run's record")


def refuse_turns(folder: Path) -> None:
    """Refuse a folder of prompts and structure in turns, where one of a run is expected.

    Raises:
        UsageError: it is one.

    """
    if is_there(folder / JOINT):
        raise UsageError(
            f"{folder}: holds prompts and structure in turns; what came out is in {folder / 'report.md'}, the team in "
            f"{folder / 'system.yaml'}, its prompts alone in {folder / 'prompts.json'} (`maspo diff {typed(folder)}` "
            "shows them); the command that made it goes on with it when it is repeated with the same --out"
        )


def refuse_others(folder: Path) -> None:
    """Refuse a folder of work that its own command goes on with, where one of a run or an evaluation is expected.

    Raises:
        UsageError: it is one; says what it holds and where that can be read.

    """
    refuse_turns(folder)
    for database, (work, page) in _OWN_COMMANDS.items():
        if is_there(folder / database):
            raise UsageError(
                f"{folder}: holds {work}, whose report is {folder / page}; the command that made it goes on with it, "
                "and renews it, when it is repeated with the same --out"
            )


def check_free(out: Path) -> None:
    """Check that a folder in which a run is to begin holds no other work.

    Raises:
        UsageError: it does.

    """
    for database, work in _OTHERS.items():
        if is_there(out / database):
            raise UsageError(f"--out {out}: holds {work}, and a run would write over its files; give another folder")


def refuse_links(*places: Path) -> None:
    """Refuse folders that lead elsewhere, where runs of a larger piece of work are to be written.

    Raises:
        StoreError: one of them is a link.

    """
    for place in places:
        if place.is_symlink():
            raise StoreError(f"{place}: is a link, and runs would be written elsewhere; take it away and try again")


@contextmanager
def open_for_reading(database: Path) -> Iterator[RunStore]:
    """Open a record to look at it, also while another process writes.

    Raises:
        StoreError: it cannot be read.

    """
    store = RunStore.read(database)
    try:
        yield store
    finally:
        store.close_reader()


@contextmanager
def make_folder(out: Path) -> Iterator[None]:
    """Make a folder and write into it.

    Raises:
        UsageError: it cannot be written.

    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise UsageError(f"--out {out}: cannot be written ({error.strerror}); give a folder you may write") from error


@contextmanager
def nothing_left_unless_answered(database: Path, *others: str) -> Iterator[None]:
    """Take back a new record and its folders when the block fails before any call was answered.

    ``others`` are files that the block writes beside the record. What was there before stays as it was.
    """
    out = database.parent
    is_new = not is_there(database)
    folders = [folder for folder in (out, *out.parents) if not folder.exists()]
    try:
        yield
    except (ProviderError, UsageError):
        if is_new and not _holds_reply(database):
            discard(database)
            for name in (database.name, *(database.name + suffix for suffix in BESIDE), *others):
                with suppress(OSError):
                    (out / name).unlink()
            for folder in folders:
                with suppress(OSError):
                    folder.rmdir()
        raise


def take_back_unbegun(database: Path) -> None:
    """Take back a record that a process was killed in before it noted what it was to do: it is begun anew.

    For programs that know what that is. Nothing was asked under it. What is damaged, or another program's, stays.
    """
    if not is_there(database) or is_worked_on(database):
        return
    with suppress(StoreError):  # whoever opens it says what is wrong
        record = RunStore.read_on(database)
        try:
            begun = bool(record.meta())
        finally:
            record.close_reader()
        # Only what seems empty is verified here: that of a long run takes a while, and comes when it is opened.
        if not begun and _is_empty(database):
            discard(database)
            for suffix in ("", *BESIDE):
                database.with_name(database.name + suffix).unlink(missing_ok=True)


def _is_empty(database: Path) -> bool:
    """Say whether a whole record holds nothing at all.

    Raises:
        StoreError: it is no record.

    """
    with open_for_reading(database) as store:
        return not store.damage and not store.meta() and not store.usage() and not store.journal()


def _holds_reply(database: Path) -> bool:
    if not database.exists():
        return False
    with open_for_reading(database) as store:
        return any(usage.calls > usage.failed for usage in store.usage().values())


@dataclass(frozen=True)
class Begun(Generic[T]):
    """The record of work that is made of several runs, and what it says that the work was begun with."""

    file: str
    name: str
    """Where in the record it is noted."""
    kind: JsonForm[T]
    differences: Callable[[T, T], tuple[str, ...]]
    what: str
    """What a folder holds that was begun with another thing."""

    def noted_in(self, store: RunStore, out: Path) -> T:
        """Return what the work was begun with.

        Raises:
            StoreError: that is not recorded, or cannot be read.

        """
        noted = store.meta().get(self.name)
        if noted is None:
            told = "what it was begun with is not recorded; delete the folder and start again"
            raise StoreError(f"{out / self.file}: {told}")
        return self.kind.load(noted)

    def check(self, noted: T, asked: T, out: Path) -> None:
        """See to it that what is asked for is what the work was begun with.

        Raises:
            RunChanged: it is not.

        """
        if found := self.differences(noted, asked):
            raise RunChanged(f"--out {out}: holds {self.what}; give another folder. What differs:", found)

    @asynccontextmanager
    async def opened(self, asked: T, out: Path, keeping: Keeping) -> AsyncIterator[RunStore]:
        """Open the record, and hold it for as long as it is worked at; a new one is made where ``keeping`` says.

        Raises:
            RunChanged: the folder holds something else.

        """
        database = out / self.file
        take_back_unbegun(database)
        with nothing_left_unless_answered(database):
            if not is_there(database):
                with make_folder(out):
                    pass
                async with keeping.created(database) as store:
                    await store.append([], {"run": uuid.uuid4().hex[:12], self.name: self.kind.dump(asked)})
                    yield store
                return
        async with keeping.opened(database) as store:
            self.check(self.noted_in(store, out), asked, out)
            yield store


def write_config(out: Path, config: RunConfig) -> None:
    """Write ``config.json``: the settings of the run, without keys."""
    write_whole(out / CONFIG, config.model_dump_json(indent=2, by_alias=True) + "\n")


def check_unchanged(job: Job, out: Path) -> Job:
    """Compare a recorded job with the files that it came from, as they are now; a file that is gone is not compared.

    Return the job with the prices that ``config.json`` has now for models that had none: they change no result.

    Raises:
        RunChanged: something differs, listed field by field; or a file is there and cannot be used any more.

    """
    files = {name: path for name, path in job.sources.items() if Path(path).is_file()}
    try:
        system = load_system(files["system"]) if "system" in files else job.system
        inputs = load_inputs(files["inputs"]) if "inputs" in files else job.inputs
        config = job.config
        if is_there(out / CONFIG):
            config = _config_in(out)
    except (UsageError, ValidationError, OSError, UnicodeDecodeError) as error:
        raise RunChanged(f"{out}: a file of the run cannot be used any more: {error}") from error
    job = _with_prices(job, config)
    differences = differences_between(job, replace(job, system=system, inputs=inputs, config=config))
    if differences:
        raise RunChanged(
            f"{out}: the run was started with other settings or inputs; restore them, or start a new run with another "
            "--out. What changed:",
            differences,
        )
    return job


def with_prices_added(job: Job, out: Path) -> Job:
    """Return a recorded job with the prices that ``config.json`` has now for models that had none."""
    with suppress(OSError, ValueError):
        if is_there(out / CONFIG):
            return _with_prices(job, _config_in(out))
    return job


def add_prices(out: Path, prices: Mapping[str, tuple[float, ...]]) -> tuple[str, ...]:
    """Write prices into ``config.json`` for models that have none there; return the names of these models.

    Raises:
        StoreError: the file cannot be written.

    """
    if not is_there(out / CONFIG):
        return ()
    try:
        config = _config_in(out)
    except (OSError, ValueError):
        return ()  # who resumes is told
    new = {model: given for model, given in prices.items() if model not in config.models.prices}
    if not new:
        return ()
    models = config.models.model_copy(update={"prices": {**config.models.prices, **new}})
    write_config(out, config.model_copy(update={"models": models}))
    return tuple(new)


def _config_in(out: Path) -> RunConfig:
    text = read_plain(out / CONFIG, MOST_SETTINGS).decode("utf-8")
    return RunConfig.model_validate_json(text, context={"recorded": True})


def _with_prices(job: Job, now: RunConfig) -> Job:
    return replace(job, config=priced_config(job.config, now.models.prices))


def priced_config(config: RunConfig, prices: Mapping[str, tuple[float, ...]]) -> RunConfig:
    """Return settings with prices for models that have none there."""
    known = {**prices, **config.models.prices}
    return config.model_copy(update={"models": config.models.model_copy(update={"prices": known})})


def differences_between(before: Job, now: Job, apart: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return one line per field that differs, ``field: was X, is Y``; caps and paths do not count.

    Nor do fields whose names begin with one of ``apart``, nor a price that was unknown: it changes no result.
    """
    old, new = _fields(_with_prices(before, now.config)), _fields(now)
    lines = [
        f"{name}: was {_write_value(old.get(name))}, is {_write_value(new.get(name))}"
        for name in dict.fromkeys([*old, *new])
        if old.get(name) != new.get(name) and not name.startswith(apart)
    ]
    left_out = len(lines) - _MOST_DIFFERENCES
    return (*lines[:_MOST_DIFFERENCES], *([f"… and {left_out} more"] if left_out > 0 else []))


def with_ports_of(now: RunConfig, then: RunConfig) -> RunConfig:
    """Return settings of before, with the addresses of now where these differ in nothing but their ports.

    A local server that was started anew is the same server, whatever port it got.
    """

    def moved(before: str, after: str) -> str:
        return after if _PORT.sub("", before) == _PORT.sub("", after) else before

    models = then.models
    roles: dict[str, object] = {}
    for role in ROLES:
        own = models.roles.of(role)
        roles[role] = own.model_copy(update={"base_url": moved(own.base_url, now.models.roles.of(role).base_url)})
    connections = models.roles.model_copy(update=roles)
    update = {"base_url": moved(models.base_url, now.models.base_url), "roles": connections}
    return then.model_copy(update={"models": models.model_copy(update=update)})


def as_it_began(recorded: Mapping[str, Any], then: RunConfig, now: RunConfig) -> RunConfig:
    """Return the settings that are asked for now, the search with what was usual in the version of a record.

    That is what this version did not have, or had another default of. Where nobody asks for another value than today's,
    that says nothing about the record. ``recorded`` are the settings as they stand there, ``then`` as they are read.
    """
    known = recorded["search"]
    search, usual = now.search, search_of(now.profile, {})
    if type(search) is not type(then.search) or type(search) is not type(usual):
        return now
    kept = {
        name: getattr(then.search, name)
        for name in type(search).model_fields
        if getattr(search, name) == getattr(usual, name)
        and (name not in known or getattr(then.search, name) in search.earlier_defaults.get(name, ()))
    }
    return now.model_copy(update={"search": search.model_copy(update=kept)})


def _fields(job: Job) -> dict[str, object]:
    config = job.config.model_dump(mode="json", by_alias=True, exclude={"caps": True, "models": {"form"}})
    system = {
        "name": job.system.name,
        "output": job.system.output,
        "final_answer": job.system.final_answer,
        "agents": {agent.name: asdict(agent) for agent in job.system.agents},
        "order": [agent.name for agent in job.system.agents],
    }
    if job.system.app is not None:
        system["app"] = asdict(job.system.app)
    if job.carried:
        system["carried"] = dict(job.carried)
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


def _write_value(value: object) -> str:
    if value is None:
        return "absent"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}… ({len(text)} characters)"

"""The Python API: optimize a system in a script, with the same run folder as the command line."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypedDict, Unpack

from maspo.cli.in_python import in_python, told_in_python
from maspo.cli.watch import PlainLines, Together, told_so_far, watching_from_python
from maspo.config import Caps, ProfileName, RunConfig, ShipIf, search_of
from maspo.configure import Setting, configure, paths_by_flag
from maspo.core.errors import BudgetReached, ConfigInvalid, Interrupted, MaspoError, nearest
from maspo.core.prompts import Prompts
from maspo.core.running import run
from maspo.data.inputs import Inputs, load_inputs, make_inputs
from maspo.events import HoldoutResult, RunFinished, VerdictWord
from maspo.flags import FLAGS
from maspo.online.control import Standing
from maspo.online.plan import Plan
from maspo.online.received import source_of
from maspo.online.sources import Callback
from maspo.online.watching import Surroundings, Watch
from maspo.online.watching import watch as watch_until_over
from maspo.report.bundle import report_html
from maspo.report.cell import cell_html
from maspo.report.closing import closing
from maspo.report.document import build_document
from maspo.report.earlier import carried_from
from maspo.report.folder import JOURNAL, REPORT, RUNS, free_folder, look, write_results
from maspo.report.visible import visible
from maspo.store import write_whole
from maspo.store.looks import LookLedger
from maspo.study.calls import provider_of
from maspo.study.connections import require_model, with_models_of
from maspo.study.job import Job, Outcome, Watcher
from maspo.study.optimize import check_no_run, start
from maspo.study.optimize import resume as go_on
from maspo.study.reach import flat, of_app, of_file, of_system
from maspo.study.resolve import Parts, resolve
from maspo.study.trust import remember, require
from maspo.study.within_caps import plan_within_caps
from maspo.team import System
from maspo.team.app import ROWS, App, names_app
from maspo.team.load import dump_system, load_system

Lookout: TypeAlias = Callable[[str], object] | Watcher | Literal["auto"]
"""Whoever looks on while a run works: a function such as ``print`` that is given a line for each step and decision, or
an object that is told of every event and where the run stands (``maspo.study.job.Watcher``). ``"auto"`` is a panel in a
notebook and on a terminal, and nothing elsewhere."""


class Settings(TypedDict, total=False):
    """The settings of a run that have a name of their own (``maspo.flags``); every other one is set through ``config``.

    Written out for type checkers; ``tests/cli/test_settings.py`` compares it with the fields of the config.
    """

    profile: ProfileName
    seed: int
    agent_model: str
    judge_model: str
    proposer_model: str
    base_url: str
    judge_base_url: str
    proposer_base_url: str
    api_key_env: str
    concurrency: int
    max_usd: float | None
    max_calls: int | None
    max_minutes: float | None
    ship_if: ShipIf
    approve: Literal["none", "each"]
    group_by: str
    labels: Literal["ignore", "use"]
    rubric: str
    focus: Sequence[str]
    sandbox_packages: Sequence[str]


@dataclass(frozen=True, repr=False)
class Result:
    """How a run ended. ``prompts`` is what to use: the winners, or the seed prompts when these did not do better.

    Printed, it answers ten questions in a sentence each, as the command does at its end.
    """

    finished: RunFinished
    out: Path

    @property
    def prompts(self) -> Prompts:
        """The shipped prompt of each agent."""
        return self.finished.prompts

    @property
    def verdict(self) -> VerdictWord:
        """What can be claimed: improved, no_evidence, worse or cannot_tell."""
        return self.finished.verdict

    @property
    def shipped(self) -> Literal["optimized", "seed"]:
        """Whether the winners are shipped, or the seed prompts."""
        return self.finished.shipped

    @property
    def holdout(self) -> HoldoutResult:
        """The test on inputs that the search never saw."""
        return self.finished.holdout

    def __repr__(self) -> str:
        """Return what can be claimed, what is shipped and where; not the prompts."""
        return f"Result(verdict={self.verdict!r}, shipped={self.shipped!r}, out={str(self.out)!r})"

    def __str__(self) -> str:
        """Return the closing summary; what no terminal should meet is spelled out in it."""
        try:
            text = f"{closing(look(self.out).view, say=in_python)}\n\nreport    {self.out / REPORT}"
        except MaspoError:  # the folder was taken away
            text = self.finished.why
        return visible(text)

    def _repr_html_(self) -> str:
        """Return the closing summary as a notebook shows it; every text in it is escaped."""
        try:
            return cell_html(look(self.out).view, str(self.out / REPORT), in_python)
        except MaspoError:  # the folder was taken away
            return f"<pre>\n{html.escape(visible(self.finished.why))}</pre>"

    def report(self, path: str | Path) -> Path:
        """Write the report as one offline HTML file and return its path.

        Raises:
            StoreError: it cannot be written; a file that was there is kept.

        """
        file = Path(path)
        write_whole(file, report_html(build_document(self.out)))
        return file


def optimize(
    system: System | str | Path,
    inputs: str | Path | Inputs | Iterable[str | Mapping[str, object]],
    out: str | Path | None = None,
    config: RunConfig | None = None,
    parts: Parts | None = None,
    progress: Lookout | None = "auto",
    start_from: str | Path | None = None,
    trust: str = "",
    **settings: Unpack[Settings],
) -> Result:
    """Rewrite the prompts of a system jointly, and test the result on held-out inputs.

    ``system`` is a team, the path of a system file, or an app (``module:function``), which is looked at first as
    ``discover`` does, under the same caps. ``inputs`` is a JSON Lines or CSV file, a list of texts or a list
    of rows. ``out`` is the run folder, by default a new one under ``maspo-runs``. Settings given by name win over
    ``config``. ``parts`` are implementations of your own: ``maspo.Parts(optimizer=…, judge=…, proposer=…, runner=…,
    scorer=…, client=…)``. ``start_from`` is the folder of an earlier run, or a library, whose prompts are tried first.
    In a notebook and on a terminal a panel tells where it stands while it works; ``progress=print`` tells each step and
    decision in a line, ``progress=None`` nothing, and so does ``MASPO_PROGRESS=none`` for a whole process. Async code
    awaits ``optimize_async``, because this function returns at the end only; a notebook may do either. ``trust`` allows
    the program and the addresses that a system names which this user has not agreed to: the fingerprints that the
    errors tell, with a comma between them.

    Raises:
        NotTrusted: the system names a program to be started, or an address or a key, that were not agreed to.
        UsageError: something given cannot be used; nothing was paid, but for the look at an app.
        BudgetReached: a cap is too low for the look at an app; else a run ends with what it has.
        ProviderError: the endpoint cannot be reached or refuses.

    """
    return run(optimize_async(system, inputs, out, config, parts, progress, start_from, trust, **settings))


@told_in_python()
async def optimize_async(
    system: System | str | Path,
    inputs: str | Path | Inputs | Iterable[str | Mapping[str, object]],
    out: str | Path | None = None,
    config: RunConfig | None = None,
    parts: Parts | None = None,
    progress: Lookout | None = "auto",
    start_from: str | Path | None = None,
    trust: str = "",
    **settings: Unpack[Settings],
) -> Result:
    """Do what ``optimize`` does, inside async code."""
    rows, sources = _read(inputs)
    left: Caps | None = None
    if isinstance(system, str) and names_app(Path(system)):
        if out is not None:
            check_no_run(Path(out))
        name = system
        system, left = await _discovered(name, rows, None, config, ROWS, "", _lines(progress), settings)
        if left is None:
            raise BudgetReached(f"caps: the look at {name} has used them up, and nothing is left for a run; raise them")
    system, where = _load(system)
    chosen = with_models_of(system, configured(config or from_system(system), settings))
    if left is not None:
        chosen = chosen.model_copy(update={"caps": left})
    # A system may come from a file of somebody else, whoever read it.
    require(of_system(system), where.get("system", system.name), trust)
    if config is None:
        require(of_file(_models_left(system, settings)), where.get("system", system.name), trust)
    given = parts or Parts()
    if given.client is None:
        require_model(chosen.models, system)
    job = Job(system, rows, chosen, {**where, **sources})
    if start_from is not None:
        carried, _ = carried_from(job, Path(start_from))
        job = replace(job, carried=carried)
    folder = Path(out) if out is not None else free_folder(RUNS, system.name)
    study = plan_within_caps(resolve(job, given))
    with _looking_on(progress, folder) as watcher:
        outcome = await start(study, folder, watcher, provider_of(given), looks=LookLedger())
    return _result(outcome, folder)


def resume(
    out: str | Path,
    parts: Parts | None = None,
    caps: Caps | None = None,
    trust: str = "",
    progress: Lookout | None = "auto",
    *,
    max_usd: float | None = None,
    max_calls: int | None = None,
    max_minutes: float | None = None,
) -> Result:
    """Go on with a run; no recorded call is repeated. ``parts`` are the objects that it was started with, if any.

    Caps that are given, by name or together as ``maspo.Caps``, replace those of the run, so that one that met a cap can
    go on. ``trust`` allows what a folder asks for that this user's maspo did not write: the fingerprint that the error
    tells.

    Raises what ``optimize`` raises, and:
        RunChanged: the settings, the system or the inputs are not what the run was started with.
        NotTrusted: the folder comes from somebody else, or was changed, and its settings were not agreed to.

    """
    named: dict[str, Any] = {"max_usd": max_usd, "max_calls": max_calls, "max_minutes": max_minutes}
    return run(resume_async(out, parts, caps, trust, progress, **named))


@told_in_python()
async def resume_async(
    out: str | Path,
    parts: Parts | None = None,
    caps: Caps | None = None,
    trust: str = "",
    progress: Lookout | None = "auto",
    *,
    max_usd: float | None = None,
    max_calls: int | None = None,
    max_minutes: float | None = None,
) -> Result:
    """Do what ``resume`` does, inside async code."""
    caps = _caps(caps, max_usd=max_usd, max_calls=max_calls, max_minutes=max_minutes)
    folder, given = Path(out), parts or Parts()
    looks = LookLedger()
    with _looking_on(progress, folder) as watcher:
        outcome = await go_on(folder, watcher, caps, provider_of(given), parts=given, allowed=trust, looks=looks)
    return _result(outcome, folder)


def discover(
    app: str,
    inputs: str | Path | Inputs | Iterable[str | Mapping[str, object]],
    out: str | Path | None = None,
    config: RunConfig | None = None,
    rows: int = ROWS,
    python: str = "",
    progress: Callable[[str], object] | None = None,
    **settings: Unpack[Settings],
) -> System:
    """Find the team behind an app, by running it on a few rows as it is; return it, to be given to ``optimize``.

    ``app`` is ``module:function``, found from the working folder; a command that reads a row and prints the answer; or
    a URL. ``out`` is the system file to write, if any; ``python`` the interpreter of a callable, by default this one.
    ``progress`` is told what is worth knowing, line by line. How often models may be asked, and where, are settings as
    ``optimize`` has them. The app runs in processes of its own.

    Raises:
        UsageError: it cannot be run, brings no answer, or no call of it could be seen; or ``out`` is there already.
        BudgetReached: a cap is too low for the look.
        ProviderError: the endpoint cannot be reached or refuses.

    """
    return run(discover_async(app, inputs, out, config, rows, python, progress, **settings))


@told_in_python()
async def discover_async(
    app: str,
    inputs: str | Path | Inputs | Iterable[str | Mapping[str, object]],
    out: str | Path | None = None,
    config: RunConfig | None = None,
    rows: int = ROWS,
    python: str = "",
    progress: Callable[[str], object] | None = None,
    **settings: Unpack[Settings],
) -> System:
    """Do what ``discover`` does, inside async code."""
    given, _ = _read(inputs)
    system, _ = await _discovered(app, given, out, config, rows, python, progress, settings)
    return system


async def _discovered(
    app: str,
    inputs: Inputs,
    out: str | Path | None,
    config: RunConfig | None,
    rows: int,
    python: str,
    progress: Callable[[str], object] | None,
    settings: Mapping[str, Any],
) -> tuple[System, Caps | None]:
    """Return the team behind an app, and what the look has left of the caps; None where that is no call."""
    from maspo.study.discover import discover_team

    found, file = _app(app, python), None if out is None else _free(Path(out))
    if rows < 1:
        raise ConfigInvalid(f"rows: {rows} is given; expected 1 or more")
    chosen = configured(config or RunConfig(), settings)
    remember(of_app(found), app)  # who names an app in code runs it
    discovered = await discover_team(found, inputs.drawn(rows).rows, chosen)
    if progress is not None:
        for remark in discovered.looked.notes:
            progress(visible(remark))
    system = discovered.looked.found.system
    if file is not None:
        write_whole(file, dump_system(system, file.parent))
    return system, discovered.left


def watch(
    system: System | str | Path,
    source: str | Path | Callback,
    state: str | Path,
    against: Prompts | None = None,
    plan: Plan | None = None,
    config: RunConfig | None = None,
    parts: Parts | None = None,
    screen: Callable[[Standing], object] | None = None,
    once: bool = False,
    **settings: Unpack[Settings],
) -> Standing:
    """Watch prompts in use: detect drift, optimize anew within a budget, and promote or roll back with evidence.

    ``system`` holds the prompts in use, ``against`` those that they are held against, by default none. ``source`` is a
    file that grows, a folder, ``otlp://127.0.0.1:4318`` to receive traces there, or a function that returns the inputs
    that have arrived since it was called last, and None when there will be no more. ``state`` is the folder of the
    record; a watch that stands there goes on. ``plan`` says how much is compared and what may be spent
    (``maspo.online.plan.Plan``). ``screen`` is shown where the watch stands, whenever that changes; what it returned
    last is returned at the end. With ``once`` what is there is looked at, and that is the end; else a file or folder is
    watched until the process is stopped.

    Raises:
        UsageError: something given cannot be used; nothing was paid.
        ProviderError: the endpoint cannot be reached or refuses.

    """
    return run(watch_async(system, source, state, against, plan, config, parts, screen, once, **settings))


@told_in_python()
async def watch_async(
    system: System | str | Path,
    source: str | Path | Callback,
    state: str | Path,
    against: Prompts | None = None,
    plan: Plan | None = None,
    config: RunConfig | None = None,
    parts: Parts | None = None,
    screen: Callable[[Standing], object] | None = None,
    once: bool = False,
    **settings: Unpack[Settings],
) -> Standing:
    """Do what ``watch`` does, inside async code."""
    system, where = _load(system)
    chosen, given = configured(config or from_system(system), settings), parts or Parts()
    if given.client is None:
        require_model(chosen.models, system)
    job = Job(system, Inputs(()), chosen, where)

    def show(now: Standing) -> None:
        if screen is not None:
            screen(now)

    around = Surroundings(provider=provider_of(given), parts=given, screen=show, looks=LookLedger())
    watched = Watch(job, system.prompts if against is None else against, plan or Plan())
    return await watch_until_over(watched, source_of(source, Path(state)), Path(state), around, once)


def _result(outcome: Outcome, folder: Path) -> Result:
    if outcome.finished is None:
        raise Interrupted(outcome.message)
    write_results(folder)
    return Result(outcome.finished, folder)


def from_system(system: System) -> RunConfig:
    """Return the default settings, with what the system file says of models."""
    return configure([Setting(("models",), system.models, "system file: models")]) if system.models else RunConfig()


def _models_left(system: System, settings: Mapping[str, Any]) -> dict[str, object]:
    """Return what a system says of models, by place, less what is given by name."""
    replaced = {".".join(path) for name, path in paths_by_flag().items() if FLAGS[name].keyword in settings}
    return {name: value for name, value in flat({"models": system.models}) if name not in replaced}


def _caps(caps: Caps | None, **named: float | None) -> Caps | None:
    """Return the caps that are given, together or by name.

    Raises:
        ConfigInvalid: a cap cannot be, or is given twice.

    """
    if not isinstance(caps, Caps | None):
        raise ConfigInvalid(f"caps: {_described(caps)}; expected such as maspo.Caps(calls=5000, usd=2.0)")
    given = {name: value for name, value in named.items() if value is not None}
    if not given:
        return caps
    if caps is not None:
        raise ConfigInvalid(f"{next(iter(given))}: caps are given as well; say all in one of both ways")
    return configured(RunConfig(), given).caps


def configured(config: RunConfig, settings: Mapping[str, Any]) -> RunConfig:
    """Return a config with settings given by name.

    Raises:
        ConfigInvalid: a setting does not exist, its value cannot be used, or a profile would undo ``config.search``.

    """
    if not isinstance(config, RunConfig):
        raise ConfigInvalid(f"config: {_described(config)}; expected such as maspo.RunConfig(profile='cheap')")
    paths = {FLAGS[name].keyword: path for name, path in paths_by_flag().items()}
    unknown = [name for name in settings if name not in paths]
    if unknown:
        meant = nearest(unknown[0], paths)
        hint = f"did you mean {meant}? All are" if meant else "expected one of"
        raise ConfigInvalid(f"{unknown[0]}: no such setting; {hint} {', '.join(paths)}")
    if "profile" in settings and config.search != search_of(config.profile, {}):
        raise ConfigInvalid(
            f"profile: {settings['profile']!r} is given, and config sets the search already; "
            f"say both there: RunConfig(profile={settings['profile']!r}, search={{…}})"
        )
    groups = config.model_dump(by_alias=True, exclude={"search"}).items()
    found = configure(
        [
            *(Setting((name,), value, f"config.{name}") for name, value in groups),
            *(Setting(paths[name], value, name) for name, value in settings.items()),
        ]
    )
    # As it is: it may be of a class that no name leads to.
    return found if "profile" in settings else found.model_copy(update={"search": config.search})


@contextmanager
def _looking_on(given: Lookout | None, folder: Path) -> Iterator[Watcher]:
    """Return what looks on; lines are of plain text, whatever models wrote. ``folder`` may hold a run that goes on."""
    if given == "auto":
        with watching_from_python(lambda: told_so_far(folder / JOURNAL)) as watcher:
            yield watcher
    elif given is None:
        yield Together(())
    elif isinstance(given, str):
        raise ConfigInvalid(
            f"progress: {given!r} is given; expected 'auto', None, a function such as print or a Watcher"
        )
    elif callable(given):

        def write(line: str) -> None:
            given(visible(in_python(line)))

        yield PlainLines(write)
    else:
        yield given


def _app(given: str, python: str) -> App:
    """Return an app of the working folder.

    Raises:
        ConfigInvalid: it is none.

    """
    if not isinstance(given, str):
        raise ConfigInvalid(f"app: {_described(given)}; expected 'module:function', a command or a URL")
    found = App(given, python, folder=str(Path.cwd()))
    if problems := found.problems():
        raise ConfigInvalid("\n".join(problems).replace("app.run", "app"))
    return found


def _free(file: Path) -> Path:
    """Return where a system file goes.

    Raises:
        ConfigInvalid: something is there, or no folder to write it into.

    """
    from maspo.study.discover import why_not_here

    if why_not := why_not_here(file):
        raise ConfigInvalid(f"out: {file} {why_not}")
    return file.absolute()


def _lines(given: Lookout | None) -> Callable[[str], object] | None:
    """Return what takes lines of those who look on, if it does."""
    return given if callable(given) else None


def _load(given: System | str | Path) -> tuple[System, dict[str, str]]:
    """Return a team, and where it was read from.

    Raises:
        ConfigInvalid: it is neither a team nor the place of one.

    """
    if isinstance(given, System):
        return given, {}
    if not isinstance(given, str | Path):
        expected = "expected a System, the path of a system file, or an app such as 'module:function'"
        raise ConfigInvalid(f"system: {_described(given)}; {expected}")
    return load_system(given), {"system": str(Path(given).absolute())}


def _described(given: object) -> str:
    """Return what is given in the wrong place; a function has a name by which it could be given."""
    module, name = getattr(given, "__module__", ""), getattr(given, "__qualname__", "")
    if callable(given) and module and name.isidentifier():
        return f"the {type(given).__name__} {name} is given, and an app is given by name, {f'{module}:{name}'!r}"
    return f"a {type(given).__name__} is given"


def _read(given: str | Path | Inputs | Iterable[str | Mapping[str, object]]) -> tuple[Inputs, dict[str, str]]:
    """Return inputs, and where they were read from."""
    if isinstance(given, str | Path):
        return load_inputs(given), {"inputs": str(Path(given).resolve())}
    return given if isinstance(given, Inputs) else make_inputs(given), {}


__all__ = [
    "Parts",
    "Result",
    "Settings",
    "configured",
    "discover",
    "discover_async",
    "optimize",
    "optimize_async",
    "resume",
    "resume_async",
    "watch",
    "watch_async",
]

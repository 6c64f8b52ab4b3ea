"""``maspo discover``: from an app and some inputs to the system file of the team behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from maspo.cli.agreeing import agree_to_app, agree_to_file
from maspo.cli.options import Arguments
from maspo.cli.prepare import draw_rows, found_file, new_file
from maspo.cli.settings import Sources, load_settings
from maspo.cli.terminal import lay_out, note, note_each, print_json, say, table
from maspo.core.errors import BudgetReached, ConfigInvalid, UsageError, typed
from maspo.core.plain import Dumped
from maspo.core.running import run
from maspo.models.prices import HOW_TO_PRICE
from maspo.report.phrases import money, number
from maspo.store.files import write_whole
from maspo.study import trust
from maspo.study.reach import of_app
from maspo.team.app import ROWS

if TYPE_CHECKING:
    from maspo.apps.probe import Looked
    from maspo.config import Caps
    from maspo.team.app import App


@dataclass(frozen=True)
class DiscoverOptions:
    """What ``maspo discover`` is given."""

    app: App
    inputs: Path
    out: Path
    rows: int = ROWS
    flags: Mapping[str, object] = field(default_factory=dict)
    sets: tuple[str, ...] = ()
    config: Path | None = None
    as_json: bool = False
    overwrites: bool = False
    trust: str = ""
    """The fingerprint of what a settings file may ask for."""


def run_discover(wanted: DiscoverOptions) -> Caps | None:
    """Look at the app, write the system file, and say what was found; return what is left of the caps, if anything."""
    from maspo.data.inputs import load_inputs
    from maspo.runners.parameters import check_parameters
    from maspo.study.discover import discover_team, why_not_here
    from maspo.team.load import dump_system

    problems = wanted.app.problems()
    if problems:
        raise ConfigInvalid("\n".join(problems).replace("app.run", "--app"))
    if not wanted.overwrites and (why_not := why_not_here(wanted.out)):
        raise UsageError(f"--out {wanted.out}: {why_not}")
    trust.remember(of_app(wanted.app), wanted.out)  # who names an app on the command line runs it
    inputs = load_inputs(wanted.inputs)
    settings = load_settings(Sources(wanted.flags, wanted.sets, wanted.config))
    agree_to_file(settings, wanted.trust)
    note_each((*settings.notes, *check_parameters(wanted.app, inputs)))
    chosen = draw_rows(inputs, wanted.rows).rows
    discovered = run(discover_team(wanted.app, chosen, settings.config, note))
    looked, spent = discovered.looked, discovered.usd
    found = looked.found
    write_whole(wanted.out, dump_system(found.system, wanted.out.parent))
    note_each(looked.notes)
    rows = [
        (one.name, ", ".join(one.reads) or "the input", str(one.calls), one.model or "", ", ".join(one.offered))
        for one in found.system.agents
    ]
    say(table(("agent", "reads", "calls at most", "model", "tools"), rows))
    say()
    say(
        lay_out(
            ("answer", f"written by {found.system.output}"),
            (
                "rollouts",
                f"{number(len(found.traces))}, {found.calls_a_rollout:.1f} calls and {looked.seconds:.1f} s each",
            ),
            ("known", f"{number(found.attributed)} of {number(found.calls)} calls are of these agents"),
            ("cost", _cost(found.calls, len(found.traces), spent)),
            ("file", str(wanted.out)),
        )
    )
    if wanted.as_json:
        print_json(_figures(wanted, looked, spent))
    return discovered.left


def say_next(wanted: DiscoverOptions) -> None:
    """Say which commands go on with the system file, at the endpoint that was given: what is amiss, and the search."""
    given = [f"--base-url {typed(str(wanted.flags['base-url']))}"] if wanted.flags.get("base-url") else []
    given += [f"--set {typed(setting)}" for setting in wanted.sets]
    given += [f"--config {typed(wanted.config)}"] if wanted.config else []
    words = " ".join([typed(wanted.out), f"--inputs {typed(wanted.inputs)}", *given])
    say(lay_out(("next", f"maspo check {words}"), ("", f"maspo optimize {words}")))


def is_looked_at(arguments: Arguments) -> bool:
    """Say whether the arguments name an app without a system file, which is looked at on the way."""
    from maspo.team.app import App, names_app

    if not names_app(arguments.system):
        return False
    return found_file(App(str(arguments.system), arguments.python, folder=str(Path.cwd()))) is None


def with_system_file(arguments: Arguments) -> Arguments:
    """Return the arguments with a system file in place of an app's name, discovered now unless it was before.

    An app in a system file may be run only where its user agrees.
    """
    from maspo.team.app import App, names_app
    from maspo.team.load import load_system

    if names_app(arguments.system):
        if arguments.inputs is None:
            raise ConfigInvalid(f"{arguments.system}: an app is looked at on some inputs; give --inputs FILE")
        app = App(str(arguments.system), arguments.python, folder=str(Path.cwd()))
        file = found_file(app)
        if file is not None:
            note(f"note: the team of {app.run} is read from {file}; delete it to look at the app again")
        else:
            file = new_file(app)
            note(f"Looking at {app.run} on {ROWS} inputs …")
            flags = {name: arguments.flags.get(name) for name in ("base-url", "max-usd", "max-calls", "max-minutes")}
            left = run_discover(
                DiscoverOptions(
                    app,
                    arguments.inputs,
                    file,
                    flags=flags,
                    sets=arguments.sets,
                    config=arguments.config,
                    trust=arguments.trust,
                )
            )
            say()
            arguments = replace(arguments, flags={**arguments.flags, **_flags_of(left, app)})
        arguments = replace(arguments, system=file)
    system = load_system(arguments.system)
    if arguments.python and (system.app is None or system.app.python != arguments.python):
        raise ConfigInvalid(f"--python {arguments.python}: {arguments.system} says how its app is run; change it there")
    agree_to_app(system, arguments.system, arguments.trust)
    return arguments


def _flags_of(left: Caps | None, app: App) -> dict[str, str]:
    """Return what a look has left of the caps as flags, so that what follows keeps to the same caps.

    Raises:
        BudgetReached: nothing.

    """
    if left is None:
        raise BudgetReached(f"caps: the look at {app.run} has used them up, and nothing is left for a run; raise them")
    caps = {"max-calls": left.calls, "max-usd": left.usd, "max-minutes": left.minutes}
    return {name: str(cap) for name, cap in caps.items() if cap is not None}


def _cost(calls: int, rollouts: int, usd: float | None) -> str:
    if usd is None:
        return f"unknown: a model has no known price; {HOW_TO_PRICE}"
    return f"{money(usd)} for {number(calls)} calls, {money(usd / rollouts)} a rollout"


@dataclass(frozen=True, slots=True)
class _Figures(Dumped):
    """What ``--json`` prints of a discovery."""

    system: str
    agents: Mapping[str, Mapping[str, object]]
    output: str
    rollouts: int
    calls: int
    attributed: int
    tokens_in: int
    tokens_out: int
    usd: float | None
    seconds_a_rollout: float
    notes: tuple[str, ...]


def _figures(wanted: DiscoverOptions, looked: Looked, usd: float | None) -> _Figures:
    found = looked.found
    agents = {
        one.name: {"reads": one.reads, "calls": one.calls, "models": dict(found.models[one.name]), "tools": one.offered}
        for one in found.system.agents
    }
    return _Figures(
        system=str(wanted.out),
        agents=agents,
        output=found.system.output,
        rollouts=len(found.traces),
        calls=found.calls,
        attributed=found.attributed,
        tokens_in=found.tokens_in,
        tokens_out=found.tokens_out,
        usd=usd,
        seconds_a_rollout=looked.seconds,
        notes=looked.notes,
    )

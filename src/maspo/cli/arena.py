"""``maspo arena``: whole runs over graphs, simulated worlds, rivals and seeds, measured against the truth."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from maspo.cli.options import Executor, Json
from maspo.cli.terminal import note, print_json, say, table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from maspo.arena.programme import Ingredient, Match, Rival, Timing
    from maspo.arena.records import Record, RecordFile

ALL = "all"


def _option(flag: str, metavar: str, help_text: str) -> Any:
    return typer.Option(flag, metavar=metavar, help=help_text)


def arena(
    *,
    graphs: Annotated[str, _option("--graphs", "A,B", "Teams by name, or all.")] = "reflect",
    worlds: Annotated[str, _option("--worlds", "A,B", "Worlds by name, or all.")] = "base",
    profiles: Annotated[str, _option("--profiles", "A,B", "Rivals by name, or all.")] = "default",
    seeds: Annotated[int, typer.Option("--seeds", metavar="N", min=1, help="How many worlds of each kind.")] = 20,
    first_seed: Annotated[int, typer.Option("--first-seed", metavar="N", min=0, help="Seed of the first one.")] = 100,
    inputs: Annotated[int, typer.Option("--inputs", metavar="N", min=4, help="Inputs of a run in all.")] = 120,
    labels: Annotated[str, _option("--labels", "ignore|use", "Let true answers decide, or ignore them.")] = "ignore",
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A setting for all rivals; repeatable.", show_default=False),
    ] = None,
    variant: Annotated[
        list[str] | None,
        typer.Option(
            "--variant",
            metavar="TEXT",
            help="A rival with settings of its own, such as 'lean=default search.drafts=3'; repeatable.",
            show_default=False,
        ),
    ] = None,
    clock: Annotated[str, _option("--clock", "none|depth|wall|both", "Time the runs on a virtual clock.")] = "none",
    ablate: Annotated[bool, typer.Option("--ablate", help="Also without each ingredient of the search.")] = False,
    jobs: Annotated[
        int,
        typer.Option("--jobs", metavar="N", min=0, help="Runs at a time; 0: one a processor.", show_default=False),
    ] = 0,
    executor: Executor = "",
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Folder for tables and plots.", show_default=False)
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start over instead of going on in --out.")] = False,
    selftest: Annotated[
        bool, typer.Option("--selftest", help="Check in worlds of its own that rivals find, avoid and refuse.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Play whole runs on simulated worlds and report true accuracy, cost and false claims.

    No key, no network, no language model. The same arguments give the same figures. --selftest takes about a minute a
    rival, and ends with exit code 1 when one fails.
    """
    from maspo.arena.page import summary_of, write
    from maspo.arena.programme import INGREDIENTS, RIVALS, WORLDS, Programme
    from maspo.arena.records import RecordFile
    from maspo.arena.selftest import CHECKS, SEEDS
    from maspo.arena.summary import tables_of
    from maspo.core.errors import UsageError
    from maspo.core.executors import check_executor
    from maspo.optimizers.registry import OPTIMIZERS
    from maspo.world.world import TOPOLOGIES

    timings: Mapping[str, tuple[Timing, ...]] = {
        "none": ("none",),
        "depth": ("depth",),
        "wall": ("wall",),
        "both": ("wall", "depth"),
    }
    chosen_graphs = _choose("--graphs", graphs, TOPOLOGIES)
    chosen_worlds = tuple(CHECKS) if selftest else _choose("--worlds", worlds, tuple(WORLDS))
    names = _choose("--profiles", profiles, RIVALS, OPTIMIZERS.names())
    check_executor(executor)
    if clock not in timings:
        raise UsageError(f"--clock {clock!r}: expected one of {', '.join(timings)}")
    programme = Programme(
        graphs=chosen_graphs,
        worlds=chosen_worlds,
        rivals=rivals(names, labels, tuple(settings or ()), INGREDIENTS if ablate else (), tuple(variant or ())),
        seeds=range(first_seed, first_seed + (SEEDS if selftest else seeds)),
        inputs=inputs,
        timings=timings[clock],
    )
    matches, recorded = list(programme.matches()), RecordFile(out, fresh)
    arguments = {**programme.shown, "labels": labels, "set": settings, "clock": clock, "ablate": ablate}
    try:
        _play(matches, jobs or (0 if executor else os.cpu_count() or 1), executor, recorded)
    finally:  # tables and pages of whatever has been played
        records = [recorded.by_key[match.key] for match in matches if match.key in recorded.by_key]
        for found in tables_of(records) if records else ():
            say(f"{found.title}\n\n{table(found.headers, found.rows)}\n")
        if records and out is not None:
            write(out, records, arguments)
            note(f"Tables and plots: {out / 'arena.html'}")
    if selftest:
        _judge(records, as_json)
    elif as_json:
        print_json(summary_of(records, arguments))


def _judge(records: Sequence[Record], as_json: bool) -> None:
    """Print what came of every check, and end with exit code 1 when one failed."""
    from dataclasses import asdict

    from maspo.arena.selftest import checked
    from maspo.core.errors import EXIT_ERROR, EXIT_OK

    found = checked(records)
    rows = [(one.rival, one.name, "passed" if one.passed else "FAILED", one.told, one.demands) for one in found]
    say(f"Known answers\n\n{table(('rival', 'check', 'result', 'found', 'demanded'), rows)}\n")
    passed = all(one.passed for one in found)
    if as_json:
        print_json({"passed": passed, "checks": [asdict(one) for one in found]})
    raise typer.Exit(EXIT_OK if passed else EXIT_ERROR)


def _choose(flag: str, given: str, every: Sequence[str], further: Sequence[str] = ()) -> tuple[str, ...]:
    """Return what is named, of all or of what others bring further."""
    from maspo.core.errors import UsageError

    if given == ALL:
        return tuple(every)
    known = tuple(dict.fromkeys((*every, *further)))
    names = [name.strip() for name in given.split(",")]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UsageError(f"{flag} {unknown[0]!r}: expected {ALL}, or some of: {', '.join(known)}")
    return tuple(dict.fromkeys(names))


def rivals(
    names: Sequence[str],
    labels: str,
    sets: tuple[str, ...],
    ablate: Sequence[Ingredient] = (),
    variants: Sequence[str] = (),
) -> list[Rival]:
    """Return rivals by name, each followed by itself without each of those ingredients that its optimizer has.

    Each is built from what a user could have given; neither a settings file nor the environment plays in. A setting of
    all is passed over by those that do not have it, as long as one has.

    Raises:
        ConfigInvalid: there is no such rival or setting, or two rivals have one name.

    """
    from maspo.arena.programme import Rival
    from maspo.cli.settings import Sources, load_settings
    from maspo.core.errors import ConfigInvalid
    from maspo.study.comparison.methods import Choice, choice_of, settings_of_others, variant_of

    choices = [*map(choice_of, names), *map(variant_of, variants)]
    called = [one.name for one in choices]
    if twice := next((name for name in called if called.count(name) > 1), ""):
        raise ConfigInvalid(f"--variant {twice}: another rival has this name; give each one name")

    def build(choice: Choice, *more: str) -> Rival:
        flags = {"profile": choice.profile, "labels": labels, "agent-model": "simulated"}
        passed_over = settings_of_others(choice, choices)
        given = (*sets, *choice.settings, *more)
        sources = Sources(flags, given, Path(os.devnull), passed_over=passed_over)
        return Rival(choice.name, load_settings(sources, {}).config)

    found = []
    for choice in choices:
        rival = build(choice)
        own = {f"search.{setting}" for setting in choice.search_settings}
        had = [one for one in ablate if all(text.partition("=")[0] in own for text in one.without)]
        found += [rival, *(replace(build(choice, *one.without), without=one.name) for one in had)]
    return found


def _play(matches: Sequence[Match], jobs: int, executor: str, recorded: RecordFile) -> None:
    """Play what is not recorded yet."""
    from maspo.arena.play import play_all

    missing = [match for match in matches if match.key not in recorded.by_key]
    done = len(matches) - len(missing)
    if done:
        note(f"{done} of {len(matches)} runs are recorded already; --fresh would start over.")
    for record in play_all(missing, jobs, executor):
        recorded.add(record)
        done += 1
        rival = f"{record.rival} without {record.without}" if record.without else record.rival
        where = f"{rival} on {record.graph}, {record.world}, seed {record.seed}"
        what = f"{record.gain:+.3f} at {record.all_calls} calls ({record.seconds:.1f} s)"
        note(f"{done}/{len(matches)} {where}: {what}")

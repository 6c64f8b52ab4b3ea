"""``maspo structure``: which agents and edges a team can do without, which model is enough, where a verifier helps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import count

from maspo.cli.discover import with_system_file
from maspo.cli.evaluate import NONE, EvaluationOptions, describe_bound, read_outputs
from maspo.cli.looked import remarks_on_looks
from maspo.cli.options import Arguments
from maspo.cli.prepare import describe_endpoints
from maspo.cli.running import confirm, end_command, work_at
from maspo.cli.stores import keep_files
from maspo.cli.terminal import lay_out, note_each, say, say_files
from maspo.core.errors import ConfigInvalid, typed
from maspo.core.plain_files import is_there
from maspo.optimizers.structure.base import Method, StructurePlan
from maspo.report.folder import RUNS, STRUCTURE_PAGE, free_folder
from maspo.report.structure import RESULT, SYSTEM_FILE, figures_of, structure_summary, write_structure
from maspo.report.structure_page import write_structure_page
from maspo.stats.paired import net_loss_bound
from maspo.store.looks import LookLedger
from maspo.study.evaluation.structure import (
    DATABASE,
    METHODS,
    check_changeable,
    most_calls,
    search_structure,
)
from maspo.study.resolve import split_of
from maspo.team.changes import KINDS, Kind

_TEAMS = {"better": "changed team", "as_good": "changed team", "unchanged": "same team"}
"""What ``system.yaml`` holds, by verdict; of all others a team that was tried, and is no advice."""
_TRIED = "tried team"


def run_structure(
    arguments: Arguments,
    prompts: str | None,
    changes: Sequence[str],
    models: Sequence[str],
    margin: float,
    method: str,
) -> None:
    """Read everything, state the plan, search, test, and write the changed team as a system file."""
    arguments = with_system_file(arguments)
    evaluation, notes = read_outputs(arguments, EvaluationOptions(prompts, NONE))
    evaluation = replace(evaluation, system=evaluation.system.with_prompts(evaluation.after))
    plan = StructurePlan(_kinds(changes, models), tuple(models), _margin(margin), seed=evaluation.config.seed)
    chosen = _method(method)
    check_changeable(evaluation.system, plan)
    split = split_of(evaluation.job)
    folder = arguments.out or free_folder(RUNS, f"{evaluation.system.name}-structure")
    looked = [] if is_there(folder / DATABASE) else remarks_on_looks(evaluation.job, split.holdout)
    note_each((*notes, *_too_few(len(split.holdout), plan.margin), *looked))
    shown = lay_out(
        ("changes", ", ".join(plan.kinds) + (f" ({', '.join(plan.models)})" if plan.models else "")),
        ("method", f"{chosen}, as good within {plan.margin:.0%} of the inputs"),
        ("inputs", f"{len(split.search)} to search, {len(split.holdout)} held out"),
        ("endpoint", describe_endpoints(evaluation.config.models, "agent")),
        ("calls", describe_bound(most_calls(evaluation, chosen, plan, split))),
        ("folder", str(folder)),
    )
    confirm(shown, arguments.yes)
    again = f"the same command with --out {typed(folder)}"
    work = partial(search_structure, evaluation, chosen, plan, folder)
    found = work_at(folder / DATABASE, arguments, again, work, LookLedger())
    write_structure(folder, found)
    write_structure_page(folder, found)
    keep_files(folder / DATABASE, STRUCTURE_PAGE, SYSTEM_FILE, RESULT)
    say(structure_summary(found))
    say()
    team = _TEAMS.get(found.verdict, _TRIED)
    say_files(folder, ("report", STRUCTURE_PAGE), (team, SYSTEM_FILE), ("figures", RESULT), width=14)
    if found.verdict in ("better", "as_good"):
        say(f"\nTo rewrite its prompts next: maspo optimize {folder / SYSTEM_FILE} --inputs {arguments.inputs}")
    figures = figures_of(found)
    end_command(
        figures, folder, SYSTEM_FILE, f"go on with: {again}", cut_short=bool(found.cap), as_json=arguments.as_json
    )


def _too_few(held: int, margin: float) -> Iterator[str]:
    """Tell, before anything is paid, that not even a team that answers alike could be shown to be as good."""
    if net_loss_bound(0, 0, held) > margin > 0:
        needed = next(n for n in count(held) if net_loss_bound(0, 0, n) <= margin)
        yield (
            f"with {held} hold-out inputs no team can be shown to be as good within {margin:.0%} of them, even where "
            f"all answers are alike: it takes {needed} or more, or a wider --margin"
        )


def _kinds(given: Sequence[str], models: Sequence[str]) -> tuple[Kind, ...]:
    """Return the kinds of changes to try, in the order in which they are tried.

    Raises:
        ConfigInvalid: one is not known.

    """
    for name in given:
        if name not in KINDS:
            raise ConfigInvalid(f"--change {name}: expected one of {', '.join(KINDS)}")
    wanted = set(given) or {"agents", "edges"}
    if models:
        wanted.add("models")
    return tuple(kind for kind in KINDS if kind in wanted)


def _margin(given: float) -> float:
    if not 0 <= given < 1:
        raise ConfigInvalid(f"--margin {given:g}: expected a share of the inputs, from 0 to below 1, such as 0.1")
    return given


def _method(given: str) -> Method:
    for method in METHODS:
        if method == given:
            return method
    raise ConfigInvalid(f"--method {given}: expected one of {', '.join(METHODS)}")

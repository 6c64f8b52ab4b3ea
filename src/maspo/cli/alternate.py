"""``maspo optimize --optimize prompts,structure``: new prompts, then who is needed with them, then prompts again."""

from __future__ import annotations

import typer

from maspo.cli.agreeing import agree_to_file
from maspo.cli.discover import with_system_file
from maspo.cli.options import Arguments
from maspo.cli.prepare import describe_endpoints, key_missing, model_missing, prepare
from maspo.cli.printed import ended
from maspo.cli.running import confirm, make_whole, run_watched
from maspo.cli.terminal import lay_out, note, print_json, say
from maspo.core.errors import EXIT_BUDGET, EXIT_OK, ConfigInvalid
from maspo.core.plain_files import is_there
from maspo.optimizers.structure.base import StructurePlan
from maspo.report.alternation import MARKDOWN, RESULT, alternation_summary, figures_of, write_alternation
from maspo.report.folder import JOURNAL, look, write_results
from maspo.report.structure import SYSTEM_FILE
from maspo.store.looks import LookLedger
from maspo.study.alternation.alternate import DATABASE, alternate
from maspo.study.alternation.plan import TURNS, Alternation
from maspo.study.evaluation.evaluate import Attention
from maspo.study.evaluation.structure import check_changeable
from maspo.study.resolve import Parts, check_parts, check_task

BOTH = "prompts,structure"


def run_alternation(arguments: Arguments) -> None:
    """Read everything, state the plan, and take the turns once it is agreed to."""
    _check(arguments)
    arguments = with_system_file(arguments)
    prepared = prepare(arguments)
    missing = key_missing(prepared.job.config.models) or model_missing(prepared.job.config, prepared.job.system)
    if missing:
        raise ConfigInvalid(missing)
    check_parts(prepared.job, Parts())
    check_task(prepared.job)
    asked, out = Alternation(prepared.job, StructurePlan(seed=prepared.job.config.seed)), prepared.out
    check_changeable(asked.job.system, asked.plan)
    asked.check()
    for remark in dict.fromkeys(prepared.notes):
        note(f"note: {remark}")
    agree_to_file(prepared.settings, arguments.trust)
    confirm(_plan(asked, str(out)), arguments.yes)
    make_whole(out / DATABASE)
    looks, again = LookLedger(), f"the same command with --out {out}"
    found = run_watched(
        lambda watcher, stop: alternate(asked, out, Attention(watcher, stop=stop, looks=looks)), out / DATABASE, again
    )
    for end in found.turns:
        if is_there(out / end.folder / JOURNAL):
            write_results(out / end.folder, look(out / end.folder))
    write_alternation(out, found)
    say(alternation_summary(found))
    say()
    say(lay_out(("team", str(out / SYSTEM_FILE)), ("report", str(out / MARKDOWN)), ("figures", str(out / RESULT))))
    code = EXIT_BUDGET if found.cap else EXIT_OK
    if arguments.as_json:
        print_json(ended(figures_of(found), code, out, MARKDOWN))
    raise typer.Exit(code)


def _check(arguments: Arguments) -> None:
    given = ",".join(part.strip() for part in arguments.optimize.split(","))
    if given == "structure":
        raise ConfigInvalid("--optimize structure: that alone is `maspo structure`")
    if given == "structure,prompts":
        raise ConfigInvalid(
            f"--optimize {given}: under the prompts that a team begins with nobody adds much, and it loses members "
            f"whom it later lacks (docs/structure.md); give {BOTH}"
        )
    if given != BOTH:
        raise ConfigInvalid(f"--optimize {arguments.optimize}: expected prompts, or {BOTH}")
    if arguments.store or arguments.budget:
        raise ConfigInvalid(f"--optimize {BOTH}: its records lie in its folder; leave out --store and --budget")


def _plan(asked: Alternation, folder: str) -> str:
    caps = asked.job.config.caps
    limits = [f"${caps.usd:g}"] if caps.usd is not None else []
    limits += [f"{caps.calls:,} calls"] if caps.calls is not None else []
    limits += [f"{caps.minutes:g} minutes"] if caps.minutes is not None else []
    split = asked.split
    return lay_out(
        ("turns", ", ".join(TURNS)),
        ("inputs", f"{len(split.search)} that all turns see, {len(split.holdout)} held out of all of them"),
        ("endpoint", describe_endpoints(asked.job.config.models)),
        ("calls", f"{asked.calls:,} planned in all, at most {asked.test_calls:,} of them for the test"),
        ("caps", ", ".join(limits) or "none"),
        ("folder", folder),
    )

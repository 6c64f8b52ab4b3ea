"""``maspo optimize --optimize prompts,structure``: new prompts, then who is needed with them, then prompts again."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from maspo.cli.agreeing import agree_to_file
from maspo.cli.discover import with_system_file
from maspo.cli.looked import remarks_on_looks
from maspo.cli.options import Arguments
from maspo.cli.planning import all_is_fine, end_without, limits_of, remarks_on_context
from maspo.cli.prepare import PreparedJob, describe_endpoints, key_missing, model_missing, prepare
from maspo.cli.running import confirm, end_command, work_at
from maspo.cli.stores import keep_files
from maspo.cli.terminal import lay_out, note, note_each, print_json, say, say_files
from maspo.core.errors import ConfigInvalid, typed
from maspo.core.plain_files import is_there
from maspo.optimizers.structure.base import StructurePlan
from maspo.report.alternation import MARKDOWN, RESULT, alternation_summary, figures_of, write_alternation
from maspo.report.folder import JOURNAL, REPORT, write_results
from maspo.report.joint_page import write_joint_page
from maspo.report.structure import SYSTEM_FILE
from maspo.store.looks import LookLedger
from maspo.study.alternation.alternate import alternate, as_begun, turn_folders
from maspo.study.alternation.plan import Alternation
from maspo.study.evaluation.structure import check_changeable
from maspo.study.record import JOINT, refuse_links
from maspo.study.resolve import Parts, check_parts, check_task

BOTH = "prompts,structure"


def run_alternation(arguments: Arguments) -> None:
    """Read everything, state the plan, and take the turns once it is agreed to."""
    prepared, asked = _read(with_system_file(arguments))
    out, missing = prepared.out, _missing(prepared)
    if missing:
        raise ConfigInvalid(missing)
    note_each(_notes(prepared, asked))
    agree_to_file(prepared.settings, arguments.trust)
    note_each(remarks_on_context(prepared, arguments.trust))
    confirm(_plan(prepared, asked), arguments.yes)
    again = f"the same command with --out {typed(out)}"
    found = work_at(out / JOINT, arguments, again, partial(alternate, asked, out, tell=note), LookLedger())
    for end in found.turns:
        if is_there(out / end.folder / JOURNAL):
            write_results(out / end.folder)
    write_alternation(out, found)
    write_joint_page(out)
    keep_files(out / JOINT, MARKDOWN, RESULT, SYSTEM_FILE, "prompts.json")
    figures = figures_of(found)
    say(alternation_summary(figures))
    say()
    say_files(out, ("team", SYSTEM_FILE), ("report", REPORT), ("figures", RESULT))
    further = "begin anew, in another --out: turns that have ended stay as they are"
    end_command(figures, out, REPORT, further, cut_short=bool(found.cap), as_json=arguments.as_json)


def _notes(prepared: PreparedJob, asked: Alternation) -> list[str]:
    """Return what is worth knowing before the turns begin; those that go on have begun their look."""
    looked = [] if is_there(prepared.out / JOINT) else remarks_on_looks(asked.job, asked.split.holdout)
    return [*prepared.notes, *looked]


def print_turns(arguments: Arguments) -> None:
    """Print what the turns and the test may spend of the budget; no model is asked."""
    prepared, asked = _read(arguments)
    _state(arguments, prepared, asked, _notes(prepared, asked))


def check_turns(arguments: Arguments) -> None:
    """Print the plan of the turns, once everything that can be checked without a call was found to be fine."""
    prepared, asked = _read(arguments)
    missing = _missing(prepared)
    say(all_is_fine(missing))
    say()
    long = () if missing else remarks_on_context(prepared, arguments.trust)
    _state(arguments, prepared, asked, (*_notes(prepared, asked), *long))
    end_without(missing)


def _state(arguments: Arguments, prepared: PreparedJob, asked: Alternation, remarks: Sequence[str]) -> None:
    note_each(remarks)
    say(_plan(prepared, asked))
    if arguments.as_json:
        inputs = {"search": len(asked.split.search), "holdout": len(asked.split.holdout)}
        calls = {**asked.planned, "test": asked.test_calls, "total": asked.calls}
        print_json({"calls": calls, "inputs": inputs, "notes": list(dict.fromkeys(remarks))})


def _read(arguments: Arguments) -> tuple[PreparedJob, Alternation]:
    """Read everything, and check that turns can be taken; asks no model.

    Raises:
        UsageError: something cannot be used; says what, where and how to fix it.

    """
    _check(arguments)
    prepared = prepare(arguments)
    check_parts(prepared.job, Parts())
    check_task(prepared.job)
    asked = as_begun(Alternation(prepared.job, StructurePlan(seed=prepared.job.config.seed)), prepared.out)
    check_changeable(asked.job.system, asked.plan)
    asked.check()
    refuse_links(*turn_folders(prepared.out))
    return prepared, asked


def _missing(prepared: PreparedJob) -> str:
    return key_missing(prepared.job.config.models) or model_missing(prepared.job.config, prepared.job.system)


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


def _plan(prepared: PreparedJob, asked: Alternation) -> str:
    split = asked.split
    return lay_out(
        ("turns", ", ".join(f"{name} ({calls:,} calls)" for name, calls in asked.planned.items())),
        ("inputs", f"{len(split.search)} that all turns see, {len(split.holdout)} held out of all of them"),
        ("endpoint", describe_endpoints(asked.job.config.models)),
        ("calls", f"{asked.calls:,} planned in all, at most {asked.test_calls:,} of them for the test"),
        ("caps", limits_of(asked.job.config.caps, prepared.budget)),
        ("folder", str(prepared.out)),
    )

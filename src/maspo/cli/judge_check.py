"""``maspo judge-check``: how far the judge can be trusted on this system, against labels and against a person.

The person gives blind verdicts in the terminal: pairs in an order drawn by seed, saved one by one.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from maspo.cli.discover import with_system_file
from maspo.cli.evaluate import NONE, EvaluationOptions, describe_bound, read_outputs
from maspo.cli.options import Arguments
from maspo.cli.running import confirm, end_command, work_at
from maspo.cli.stores import keep_files
from maspo.cli.terminal import lay_out, note, note_each, say, say_files
from maspo.core.errors import ConfigInvalid, UsageError, typed
from maspo.core.plain_files import MOST_TEXT, is_there, read_plain
from maspo.core.seeded import rank
from maspo.core.verdict import Verdict
from maspo.data.inputs import LABEL_COLUMN
from maspo.report.folder import JUDGE_PAGE, RUNS, free_folder
from maspo.report.judge_check import PAIRS, RESULT, check_of, judge_summary, write_judge_check
from maspo.report.visible import clipped
from maspo.store.files import add_line
from maspo.study.connections import shown_of
from maspo.study.evaluation.calibration import calibrate
from maspo.study.evaluation.job import JUDGE, Evaluation
from maspo.study.evaluation.judge_check import DATABASE, Pair, judge_check, most_calls

_TEMPERATURE = 0.7
"""At which agents answer where nothing else would make their outputs differ: common for drawing several answers."""
_REPEATS = 4
"""Runs on a row then: enough for a right and a wrong answer on rows of middling difficulty."""
HUMAN = "human.jsonl"
_MOST_CHARACTERS = 6000
"""Of a text that a person compares: some two screens."""
_QUESTION = "Which is better? 1, 2, t for equally good (or both wrong), s to skip, q to stop: "
_SKIPPED = "skip"


def run_judge_check(
    arguments: Arguments, prompts: str | None, scorer: str | None, pairs: int, repeats: int | None, *, human: bool
) -> None:
    """Read everything, state the plan, put pairs to the judge and, with ``human``, to a person; then report."""
    if scorer == JUDGE:
        raise ConfigInvalid("--scorer judge: the judge is what is checked; give what tells which outputs are right")
    if pairs < 1:
        raise ConfigInvalid(f"--pairs {pairs}: expected 1 or more")
    # Without other prompts the seed prompts meet themselves: repeats are what differs.
    runs = repeats if repeats is not None else (1 if prompts else _REPEATS)
    arguments = with_system_file(arguments)
    options = EvaluationOptions(prompts, None if prompts else NONE, scorer, repeats=runs)
    evaluation, notes = read_outputs(arguments, options)
    models = evaluation.config.models
    if evaluation.before is None and not models.agent_temperature:
        notes.append(f"agents answer at temperature {_TEMPERATURE:g} here, so that their outputs differ")
        models = models.model_copy(update={"agent_temperature": _TEMPERATURE})
        evaluation = replace(evaluation, config=evaluation.config.model_copy(update={"models": models}))
    notes += _remarks_on_labels(evaluation, human=human)
    note_each(notes)
    folder = arguments.out or free_folder(RUNS, f"{evaluation.system.name}-judge")
    plan = lay_out(
        ("judge", f"{models.for_judge()} at {shown_of(models, 'judge')}"),
        (
            "pairs",
            f"{pairs:,} at most, one a row whose outputs give different answers, from "
            f"{len(evaluation.task.test.rows):,} rows",
        ),
        ("calls", describe_bound(most_calls(evaluation, pairs))),
        ("folder", str(folder)),
    )
    confirm(plan, arguments.yes)
    again = f"the same command with --out {typed(folder)}"
    found = work_at(folder / DATABASE, arguments, again, partial(judge_check, evaluation, pairs, folder))
    if human:
        ask_person(found.pairs, folder, evaluation.config.seed)
    verdicts = {name: verdict for name, verdict in read_verdicts(folder).items() if verdict is not None}
    calibration = calibrate(found.readings, verdicts)
    write_judge_check(folder, found, calibration)
    keep_files(folder / DATABASE, JUDGE_PAGE, RESULT)
    say(judge_summary(found, calibration))
    say()
    say_files(folder, ("report", JUDGE_PAGE), ("figures", RESULT), ("pairs", PAIRS), width=24)
    figures = check_of(found, calibration)
    end_command(
        figures, folder, JUDGE_PAGE, f"go on with: {again}", cut_short=bool(found.cap), as_json=arguments.as_json
    )


def _remarks_on_labels(evaluation: Evaluation, *, human: bool) -> list[str]:
    """Return what cannot be learned of the judge where nothing says which output is right; before calls are made."""
    rows = evaluation.task.test_rows
    labelled = sum(row.answer is not None or bool(row.tests) for row in rows)
    if human or labelled == len(rows):
        return []
    if labelled:
        return [f"only {labelled:,} of {len(rows):,} rows have a label (`{LABEL_COLUMN}`)"]
    return [
        f"no row has a label (`{LABEL_COLUMN}`): it will be seen how often the judge contradicts itself and prefers "
        "the first of two outputs, but not how often it is right. For that add labels, or judge the pairs "
        "yourself with --human"
    ]


# ── a person ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def read_verdicts(out: Path) -> dict[str, Verdict | None]:
    """Return the verdicts that a folder holds, by pair; None for pairs that were left out.

    Raises:
        UsageError: the file holds something else.

    """
    file = out / HUMAN
    if not is_there(file):
        return {}
    try:
        text = read_plain(file, MOST_TEXT).decode("utf-8")
        lines = [json.loads(line) for line in text.splitlines() if line.strip()]
        return {line["pair"]: None if line["verdict"] == _SKIPPED else Verdict(line["verdict"]) for line in lines}
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise UsageError(f"{file}: cannot be read ({error}); correct or delete it") from None


def ask_person(pairs: Sequence[Pair], out: Path, seed: int) -> None:
    """Show the pairs that have no verdict yet and save each verdict, until all have one or the person stops."""
    known = read_verdicts(out)
    order = sorted(pairs, key=lambda pair: rank(seed, "human", pair.id))
    waiting = [pair for pair in order if pair.id not in known]
    for number, pair in enumerate(waiting, start=1):
        candidate_first = bool(rank(seed, "shown first", pair.id) % 2)
        reply = _ask(pair, candidate_first, f"{number} of {len(waiting)}")
        if reply is None:
            break
        if reply == "s":
            verdict = _SKIPPED
        elif reply == "t":
            verdict = Verdict.TIE.value
        else:
            verdict = (Verdict.WIN if (reply == "1") == candidate_first else Verdict.LOSS).value
        add_line(out / HUMAN, json.dumps({"pair": pair.id, "verdict": verdict}))


def _ask(pair: Pair, candidate_first: bool, place: str) -> str | None:
    """Show one pair, without a word of where it came from; return 1, 2, t or s, or None at the end."""
    texts = (pair.candidate, pair.reference) if candidate_first else (pair.reference, pair.candidate)
    note(f"\n── pair {place} ──\n\nTask:\n{clipped(pair.question, _MOST_CHARACTERS)}")
    for number, text in enumerate(texts, start=1):
        note(f"\n── output {number} ──\n{clipped(text, _MOST_CHARACTERS)}")
    while True:
        note(f"\n{_QUESTION}")
        line = sys.stdin.readline()
        reply = line.strip().lower()
        if not line or reply in ("q", "quit"):
            return None
        if reply in ("1", "2", "t", "s"):
            return reply
        note("Please answer 1, 2, t, s or q.")

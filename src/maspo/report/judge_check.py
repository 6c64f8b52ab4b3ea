"""What a judge check found: a summary for the terminal, ``judge_check.json``, ``pairs.jsonl``, its page's document."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from maspo.core.errors import StoreError, typed
from maspo.core.plain import FLAT, Dumped
from maspo.core.plain_files import MOST_TEXT, is_there, read_plain
from maspo.core.usage import total
from maspo.core.verdict import Reading, Verdict
from maspo.events.base import reader
from maspo.report import phrases, sentences
from maspo.report.bundle import sheet_html
from maspo.report.document.sheet import (
    Dot,
    Dots,
    Fold,
    Part,
    Passage,
    Sheet,
    cells,
    sheet,
    spent_facts,
    unsettled_part,
)
from maspo.report.evaluation import calls_by_purpose, models_by_role, subtitle
from maspo.report.folder import JUDGE_PAGE
from maspo.report.result import CalibrationFigures, ReplyFigures, Unsettled, calibration_of, replies_of, unsettled_of
from maspo.report.text import judge_figures, judge_lines
from maspo.report.visible import visible
from maspo.store.files import write_whole
from maspo.study.evaluation.calibration import Calibration, Rate, verdict_of
from maspo.study.evaluation.judge_check import CheckedPairs
from maspo.study.mismatch import spec_of

PAIRS = "pairs.jsonl"
RESULT = "judge_check.json"
_NO_PAIRS = (
    "No pair of different answers came up, so there is nothing to ask the judge about. Answers differ where the row is "
    "harder, with --prompts of another quality, or at a higher --set models.agent_temperature=…"
)
_NOTHING_READ = (
    "No verdict of the judge could be read, so nothing is known of it: use another model with --judge-model, or allow "
    "more tokens with --set models.max_tokens=…"
)
_REMARK = "Pairs of outputs on the same row were put to the judge in both orders, blind to where they came from."
_MOST_PAIRS = 30
"""Pairs that speak against a judge, each with whole texts: what a person may read through."""
_CALLED = {Verdict.WIN: "A", Verdict.LOSS: "B", Verdict.TIE: "tie", Verdict.UNDECIDED: "unreadable"}


@dataclass(frozen=True, slots=True)
class ShareOfPairs(Dumped):
    """A share of pairs; None of no pairs."""

    share: float | None


@dataclass(frozen=True, slots=True)
class CheckShort(Dumped):
    """What a list of judge checks tells of one: some figures of its ``judge_check.json``."""

    judge: str
    pairs: int
    known_pairs: ShareOfPairs
    first_position: ShareOfPairs
    calls: Mapping[str, int]
    usd: float | None
    simulated: bool


def read_check(folder: Path) -> CheckShort | None:
    """Read the figures of a judge check; None before its end.

    Raises:
        StoreError: the file is not what maspo wrote.

    """
    file = folder / RESULT
    if not is_there(file):
        return None
    try:
        short: CheckShort = reader(CheckShort).validate_json(read_plain(file, MOST_TEXT))
        return short
    except (OSError, ValidationError) as error:
        why = error.strerror if isinstance(error, OSError) else f"{error.error_count()} things are not as expected"
        raise StoreError(
            f"{file}: cannot be read ({why}); the command that made it writes it again, with --out {typed(folder)}"
        ) from error


def _no_pairs(found: CheckedPairs) -> str:
    """Return why there was nothing to ask the judge about, and what to do: outputs were alike, or equally right."""
    parts = [
        (found.all_wrong, "none of them is right by its label or tests"),
        (found.unscored, "some of them could not be scored"),
        (found.all_right, "all of them are right"),
    ]
    told = [f"on {phrases.plural(count, 'row')} outputs differ, but {what}" for count, what in parts if count]
    if not told:
        return _NO_PAIRS
    said = f"No output is known to be better than another: {'; '.join(told)}."
    if not (found.all_wrong or found.unscored):
        return f"{said} Take harder rows, or --prompts of another quality."
    return (
        f"{said} So labels or scorer (--scorer {found.evaluation.scorer}) may not fit how the team answers: see to "
        f"them, and to {spec_of(found.evaluation.system)}. Without labels the judge is asked about any two different "
        "outputs, which tells how steady it is."
    )


def judge_summary(found: CheckedPairs, calibration: Calibration) -> str:
    """Return a judge's record in plain lines."""
    judge, task = found.evaluation.config.models.for_judge(), found.evaluation.task.name
    pairs, rows = phrases.plural(calibration.pairs, "pair"), phrases.plural(found.rows, "row")
    spent = total(found.usage.values())
    lines = [
        f"The judge {judge} on {pairs} of outputs, from {rows} of {task}.",
        *([phrases.SIMULATED] if found.simulated else []),
        *_why_few(found, calibration.pairs),
        *([f"A cap ended the work early: {found.cap}."] if found.cap else []),
        "",
        *([_NOTHING_READ, ""] if calibration.pairs and calibration.unreadable.share == 1 else []),
        *(judge_lines(judge_figures(calibration)) if calibration.pairs else [_no_pairs(found)]),
        "",
        *judge_lines([("note", line) for line in phrases.describe_replies(found.usage)]),
        *judge_lines([("spent", phrases.spent(spent)), ("money", phrases.money_spent(spent, found.simulated))]),
        *([sentences.describe_all_unsettled(found.unsettled)] if found.unsettled else []),
    ]
    return visible("\n".join(lines))


def _why_few(found: CheckedPairs, pairs: int) -> list[str]:
    """Return why fewer rows than were run gave a pair: nothing can be asked of outputs that say the same."""
    if not 0 < pairs < found.rows or found.all_wrong or found.all_right or found.unscored or found.cap:
        return []
    equal = found.rows - pairs
    return [f"On {phrases.plural(equal, 'row')} all outputs give the same answer, so there is no pair to ask about."]


@dataclass(frozen=True, slots=True)
class CheckFigures(Dumped):
    """The object of ``judge_check.json``: a judge's record, and what it was measured on."""

    calibration: CalibrationFigures = field(metadata=FLAT)
    judge: str
    models: Mapping[str, str]
    system: str
    task: str
    rows: int
    complete: bool
    calls: Mapping[str, int]
    """By purpose."""
    cached: int
    usd: float | None
    usd_afterwards: float
    """Of ``usd``: what calls cost that had no price when they were made."""
    replies: ReplyFigures
    possibly_billed_twice: tuple[Unsettled, ...]
    seconds: float
    seed: int
    simulated: bool
    run: str


def check_of(found: CheckedPairs, calibration: Calibration) -> CheckFigures:
    """Return what a check of a judge found as figures."""
    spent = total(found.usage.values())
    return CheckFigures(
        calibration=calibration_of(calibration),
        judge=found.evaluation.config.models.for_judge(),
        models=models_by_role(found.evaluation, judge=True),
        system=found.evaluation.system.name,
        task=found.evaluation.task.name,
        rows=found.rows,
        complete=not found.cap,
        calls=calls_by_purpose(found.usage),
        cached=spent.cached,
        usd=spent.usd,
        usd_afterwards=spent.usd_afterwards,
        replies=replies_of(spent),
        possibly_billed_twice=tuple(unsettled_of(call) for call in found.unsettled),
        seconds=found.seconds,
        seed=found.evaluation.config.seed,
        simulated=found.simulated,
        run=found.run,
    )


@dataclass(frozen=True, slots=True)
class PairLine(Dumped):
    """A line of ``pairs.jsonl``: a pair of outputs, its truth, and what the judge said in either order."""

    pair: str
    id: str
    question: str
    candidate: str
    reference: str
    truth: str | None
    candidate_first: str | None
    reference_first: str | None


def pairs_jsonl(found: CheckedPairs) -> Iterator[str]:
    """Return one line for each pair: its texts, its truth, and what the judge said in either order."""
    readings: dict[str, Reading] = {one.pair: one for one in found.readings}
    for pair in found.pairs:
        said = readings.get(pair.id)
        line = PairLine(
            pair=pair.id,
            id=pair.row,
            question=pair.question,
            candidate=pair.candidate,
            reference=pair.reference,
            truth=pair.truth.value if pair.truth else None,
            candidate_first=said.first.value if said else None,
            reference_first=said.turned.value if said else None,
        )
        yield json.dumps(line.dump())


def write_judge_check(out: Path, found: CheckedPairs, calibration: Calibration) -> None:
    """Write ``pairs.jsonl``, ``judge.html`` and ``judge_check.json``.

    Raises:
        StoreError: one of them cannot be written.

    """
    write_whole(out / PAIRS, "".join(f"{line}\n" for line in pairs_jsonl(found)))
    write_whole(out / JUDGE_PAGE, sheet_html(judge_sheet(found, calibration)))
    write_whole(out / RESULT, json.dumps(check_of(found, calibration).dump(), indent=2) + "\n")


def judge_sheet(found: CheckedPairs, calibration: Calibration) -> Sheet:
    """Return the document of a judge check."""
    judge, task = found.evaluation.config.models.for_judge(), found.evaluation.task.name
    pairs, rows = phrases.plural(calibration.pairs, "pair"), phrases.plural(found.rows, "row")
    trust = Part("How far the judge can be trusted", words=(_no_pairs(found),))
    if calibration.pairs:
        record = [(name.strip(), figure) for name, figure in judge_figures(calibration)]
        table = cells("The judge's record", ("The judge", "Figure"), record, names=2)
        trust = Part(trust.title, words=(_REMARK,), dots=_drawn(calibration), tables=(table,))
    return sheet(
        "judge check",
        f"{found.evaluation.system.name}: judge check",
        line=f"{pairs} of outputs, from {rows} of {task} · {subtitle(found.run, found.evaluation, judge=True)}",
        label="Judge check",
        headline=_headline(judge, calibration),
        simulated=found.simulated,
        facts=spent_facts(total(found.usage.values()), found.simulated, found.seconds),
        remarks=[
            *([f"A cap ended the work early: {found.cap}."] if found.cap else []),
            *([_NOTHING_READ] if calibration.pairs and calibration.unreadable.share == 1 else []),
        ],
        parts=(trust, _misjudged(found), unsettled_part(found.unsettled)),
        summary=judge_summary(found, calibration),
    )


def _headline(judge: str, calibration: Calibration) -> str:
    """Return what the check came to: how often the judge was right where that is known, else how steady it is."""
    known, flip = calibration.known, calibration.flip
    if known.share is not None:
        pairs = phrases.plural(known.n, "pair")
        return f"The judge {judge} is right on {known.count} of {pairs} whose better output is known."
    if flip.share is not None:
        pairs = phrases.plural(flip.n, "pair")
        return f"The judge {judge} contradicts itself on {flip.count} of {pairs} when their order turns."
    return f"Nothing is known of the judge {judge}."


def _drawn(calibration: Calibration) -> tuple[Dots, ...]:
    """Return the shares of the record with their 95 % intervals."""

    def dots(*rates: tuple[str, Rate]) -> tuple[Dot, ...]:
        return tuple(Dot("", name, one.share, *one.interval) for name, one in rates if one.share is not None)

    known = (("right on known pairs", calibration.known), ("agrees with labels", calibration.labels.rate))
    person = (("agrees with the person", calibration.human.rate),) if calibration.human is not None else ()
    chance = dots(*known, *person, ("first position wins", calibration.first_position))
    told = dots(("turns with the order", calibration.flip), ("says tie", calibration.tie))
    drawn = (
        Dots("Against chance; of the first position, 50% is fair", "percent", chance, 0.0, 1.0, 0.5),
        Dots("How often", "percent", (*told, *dots(("cannot be read", calibration.unreadable))), 0.0, 1.0, None),
    )
    return tuple(one for one in drawn if one.dots)


def _misjudged(found: CheckedPairs) -> Part:
    """Return the pairs that speak against the judge: where to look before it is believed."""
    pairs = {pair.id: pair for pair in found.pairs}
    turned = {Verdict.WIN, Verdict.LOSS}
    wrong = [
        one
        for one in found.readings
        if {one.first, one.turned} == turned or (one.truth is not None and verdict_of(one) != one.truth)
    ]
    if not wrong:
        return Part("Pairs to look at")
    folds = []
    for one in wrong[:_MOST_PAIRS]:
        pair = pairs[one.pair]
        truth = f"label {_CALLED[pair.truth]}, " if pair.truth else ""
        title = f"{pair.row}: {truth}judge {_CALLED[one.first]} with A shown first, {_CALLED[one.turned]} with B first"
        texts = (("Question", pair.question), ("A", pair.candidate), ("B", pair.reference))
        folds.append(Fold(title, tuple(Passage(name, text) for name, text in texts)))
    words = (
        "Which of the outputs A and B is better, by the label and by the judge. The judge disagrees with the label, "
        "cannot be read, or says the opposite when the order is turned."
    )
    left = len(wrong) - len(folds)
    more = f"Not shown: {phrases.plural(left, 'pair')}; {PAIRS} has all." if left else ""
    return Part("Pairs to look at", words=(words,), folds=tuple(folds), more=more)

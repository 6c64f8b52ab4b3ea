"""Blind verdicts of a person in the terminal: pairs in an order drawn by seed, saved one by one."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from maspo.cli.terminal import note
from maspo.core.errors import UsageError
from maspo.core.seeded import rank
from maspo.core.verdict import Verdict
from maspo.report.shown import clipped
from maspo.study.evaluation.judge_check import Pair

HUMAN = "human.jsonl"
_MOST_CHARACTERS = 6000
_ASKED = "Which is better? 1, 2, t for equally good (or both wrong), s to skip, q to stop: "
_SKIPPED = "skip"


def read_verdicts(out: Path) -> dict[str, Verdict | None]:
    """Return the verdicts that a folder holds, by pair; None for pairs that were left out.

    Raises:
        UsageError: the file holds something else.

    """
    file = out / HUMAN
    if not file.is_file():
        return {}
    try:
        lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
        return {line["pair"]: None if line["verdict"] == _SKIPPED else Verdict(line["verdict"]) for line in lines}
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise UsageError(f"{file}: cannot be read ({error}); correct or delete it") from None


def ask_person(pairs: Sequence[Pair], out: Path, seed: int) -> None:
    """Show the pairs that have no verdict yet and save each verdict, until all have one or the person stops."""
    known = read_verdicts(out)
    order = sorted(pairs, key=lambda pair: rank(seed, "human", pair.id))
    waiting = [pair for pair in order if pair.id not in known]
    for number, pair in enumerate(waiting, start=1):
        candidate_first = bool(rank(seed, "shown first", pair.id) % 2)
        said = _asked(pair, candidate_first, f"{number} of {len(waiting)}")
        if said is None:
            break
        _save(out, pair.id, _SKIPPED if said == "s" else _seen_from_candidate(said, candidate_first).value)


def _asked(pair: Pair, candidate_first: bool, place: str) -> str | None:
    """Show one pair, without a word of where it came from; return 1, 2, t or s, or None at the end."""
    texts = (pair.candidate, pair.reference) if candidate_first else (pair.reference, pair.candidate)
    note(f"\n── pair {place} ──\n\nTask:\n{clipped(pair.question, _MOST_CHARACTERS)}")
    for number, text in enumerate(texts, start=1):
        note(f"\n── output {number} ──\n{clipped(text, _MOST_CHARACTERS)}")
    while True:
        note(f"\n{_ASKED}")
        line = sys.stdin.readline()
        said = line.strip().lower()
        if not line or said in ("q", "quit"):
            return None
        if said in ("1", "2", "t", "s"):
            return said
        note("Please answer 1, 2, t, s or q.")


def _seen_from_candidate(said: str, candidate_first: bool) -> Verdict:
    if said == "t":
        return Verdict.TIE
    return Verdict.WIN if (said == "1") == candidate_first else Verdict.LOSS


def _save(out: Path, pair: str, verdict: str) -> None:
    with (out / HUMAN).open("a", encoding="utf-8") as file:
        file.write(json.dumps({"pair": pair, "verdict": verdict}) + "\n")

"""The scorer of mathematical answers: spelling, form and value first, computer algebra where they cannot tell."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from importlib.util import find_spec

from maspo.scoring.base import Sample, Score
from maspo.scoring.labelled import NO_LABEL
from maspo.scoring.limits import Limits
from maspo.scoring.marked import boxes
from maspo.scoring.mathematics.equality import Same, same
from maspo.scoring.mathematics.reading import label_of, listed_at_the_end, read_math
from maspo.scoring.mathematics.separators import read_elsewhere
from maspo.scoring.mathematics.spelling import PLAIN_NUMBER, spelled
from maspo.scoring.pool import Pool, Reply, Skill
from maspo.scoring.reply import reply_of

MISSING = "undecided: forms that differ need math-verify; pip install 'maspo[math]'"
LONGEST_FOR_ALGEBRA = 300
_HEAVY = re.compile(r"\^\s*\{?[^{}]*(?:\d{4}|\d\s*\^)|!\s*[)}]*\s*!|\d{4,}\s*[)}]*\s*!|binom\s*\{[^{}]*(?:\d{4}|\^)")
"""Numbers nobody writes as an answer: large or stacked exponents, ends of sums, factorials, binomials."""
_AT_A_TIME = 50


class MathScorer:
    """Compares final answers as mathematics.

    What plain comparison cannot decide goes to math-verify in worker processes, which a hostile answer can at most
    cost its time limit. Without math-verify those few answers count as ``failed``, with the remedy.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self._pool = Pool(Skill("math"), limits) if find_spec("math_verify") is not None else None

    async def score(self, samples: Sequence[Sample]) -> Sequence[Score]:
        """Return one score for each sample, in their order."""
        scores: list[Score] = []
        open_pairs: dict[int, tuple[str, str]] = {}
        for place, sample in enumerate(samples):
            if place % _AT_A_TIME == 0:
                await asyncio.sleep(0)
            score = _by_form(sample)
            if isinstance(score, tuple):
                open_pairs[place] = score
                score = Score(sample.id, "failed", score[0], MISSING)
            scores.append(score)
        if self._pool is not None and open_pairs:
            replies = await self._pool.ask_all([_request(*pair) for pair in open_pairs.values()])
            for (place, (answer, _)), reply in zip(open_pairs.items(), replies, strict=True):
                scores[place] = _by_algebra(samples[place].id, answer, reply)
        return scores

    def close(self) -> None:
        """End the worker processes; they end by themselves with the program."""
        if self._pool is not None:
            self._pool.close()


def _by_form(sample: Sample) -> Score | tuple[str, str]:
    """Return the score of a sample, or answer and label when only computer algebra can tell."""
    if sample.answer is None:
        return Score(sample.id, "failed", why=NO_LABEL)
    output = reply_of(sample.output)
    answer = read_math(output)
    if answer is None:
        return Score(sample.id, "unread", why="no answer could be read from the output")
    label = label_of(sample.answer)
    found = same(answer, label)
    if found is not Same.YES and (
        _boxes_together(output, label) or _listed(output, label) or _written_elsewhere(answer, label)
    ):
        found = Same.YES
    light = max(len(answer), len(label)) <= LONGEST_FOR_ALGEBRA and not _HEAVY.search(answer)
    if found is Same.UNSURE and light:
        return answer, label
    why = "" if found in (Same.YES, Same.NO) else "too large to be compared"
    return Score(sample.id, "correct" if found is Same.YES else "wrong", answer, why)


def _boxes_together(output: str, label: str) -> bool:
    """Whether the last boxes of an output, one for each item, are the list that the label is."""
    found = boxes(output) if output.count("box") > 1 else ()
    return len(found) > 1 and any(
        same(", ".join(found[-count:]), label) is Same.YES for count in range(2, min(len(found), 6) + 1)
    )


def _listed(output: str, label: str) -> bool:
    """Whether the items of the list that an output ends with are the several values that the label is."""
    found = listed_at_the_end(output) if "," in label and "\n" in output and not boxes(output) else None
    return found is not None and same(found, label) is Same.YES


def _written_elsewhere(answer: str, label: str) -> bool:
    """Whether the label is a plain number, and the answer is it as other countries write it."""
    meant = read_elsewhere(answer)
    return meant is not None and PLAIN_NUMBER.fullmatch(spelled(label)) is not None and same(meant, label) is Same.YES


def _request(answer: str, label: str) -> tuple[str, str]:
    return spelled(answer).replace('"', " "), spelled(label).replace('"', " ")


def _by_algebra(name: str, answer: str, reply: Reply) -> Score:
    if reply.broken:
        return Score(name, "failed", answer, reply.broken)
    if reply.lost:
        return Score(name, "wrong", answer, f"comparing it {reply.lost}")
    return Score(name, "correct" if reply.value is True else "wrong", answer)

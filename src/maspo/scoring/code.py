"""The scorer of programs: they run shut in, and every test must hold in a process that they cannot reach."""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterable, Sequence
from typing import Literal

from maspo.sandbox.launch import Level
from maspo.sandbox.limits import Limits
from maspo.sandbox.pool import Pool
from maspo.sandbox.selftest import SandboxRefused, choose_level
from maspo.sandbox.worker import Job, Outcome, Result
from maspo.scoring.base import Outcome as ScoreOutcome
from maspo.scoring.base import Sample, Score

_FENCE = re.compile(
    r"^[ \t]*+(`{3,}+|~{3,}+)[ \t]*+([\w+.-]*+)[^\n]*+\n(.*?)(?:^[ \t]*+\1[ \t]*+$|\Z)", re.MULTILINE | re.DOTALL
)
"""No repetition gives back what it took: a long row of backticks or spaces would take time by its square."""
_PYTHON = frozenset({"python", "python3", "py", "python2", ""})
_CALLED = re.compile(r"\b([A-Za-z_]\w*)\s*\(")
_KEYWORDS = frozenset({"assert", "not", "and", "or", "in", "is", "if", "else", "lambda", "return", "for", "check"})
_WHY = 300
_OUTCOMES: dict[Outcome, ScoreOutcome] = {"passed": "correct", "wrong": "wrong", "unread": "unread", "failed": "failed"}


def code_scorer(level: Literal["", "unsafe"] = "") -> CodeScorer:
    """Return the scorer of programs, in the strongest sandbox that holds here, or in none (``unsafe``).

    Raises:
        SandboxRefused: no sandbox holds here.

    """
    return CodeScorer(level=choose_level(level or None))


class CodeScorer:
    """Correct is a program on which every test of its sample holds.

    ``level`` is the sandbox that must hold; without it the strongest that does. ``unsafe`` must be asked for by name.
    """

    def __init__(self, limits: Limits | None = None, level: Level | None = None, workers: int | None = None) -> None:
        self._limits = limits or Limits()
        self._level = level
        self._workers = workers

    async def score(self, samples: Sequence[Sample]) -> list[Score]:
        """Return one score for each sample, in their order. Without a sandbox that holds, all have ``failed``."""
        found = [extract_code(sample) for sample in samples]
        runnable = [number for number, sample in enumerate(samples) if sample.tests and found[number].strip()]
        scores = {number: _unrunnable(sample) for number, sample in enumerate(samples)}
        try:
            level = choose_level(self._level)
        except SandboxRefused as error:
            return [Score(sample.id, "failed", why=str(error)) for sample in samples]
        jobs = [_job(samples[number], found[number]) for number in runnable]
        async with Pool(level, self._limits, self._workers) as pool:
            for number, result in zip(runnable, await pool.run(jobs), strict=True):
                scores[number] = _score(samples[number], found[number], result)
        return [scores[number] for number in range(len(samples))]


def extract_code(sample: Sample) -> str:
    """Return the program in an output: the last fenced block that defines what the tests call.

    Without one, the last block of Python; without any block, the whole output.
    """
    blocks = [(match[2].lower(), match[3]) for match in _FENCE.finditer(sample.output)]
    python = [text for language, text in blocks if language in _PYTHON]
    names = [sample.entry_point] if sample.entry_point else list(_called(sample.tests))
    defining = [text for text in python if any(_defines(text, name) for name in names)]
    for found in (defining, python, [text for _, text in blocks]):
        if found:
            return found[-1]
    return sample.output


def _called(tests: Iterable[str]) -> set[str]:
    names = {name for test in tests for name in _CALLED.findall(test)}
    return {name for name in names if name not in _KEYWORDS and not hasattr(builtins, name)} or names


def _defines(text: str, name: str) -> bool:
    return (
        re.search(rf"^(?:(?:async\s+)?def|class)\s+{re.escape(name)}\b|^{re.escape(name)}\s*=", text, re.M) is not None
    )


def _job(sample: Sample, code: str) -> Job:
    return Job(code, sample.tests, sample.setup, sample.entry_point)


def _unrunnable(sample: Sample) -> Score:
    if not sample.tests:
        return Score(sample.id, "failed", why="the sample has no tests")
    return Score(sample.id, "unread", why="the output is empty")


def _score(sample: Sample, code: str, result: Result) -> Score:
    why = result.why
    if result.test:
        # A final check that the scorer adds itself has no text of its own.
        test = sample.tests[min(result.test, len(sample.tests)) - 1]
        why = f"test {result.test} does not hold: {_line(test)}: {why}"
    return Score(sample.id, _OUTCOMES[result.outcome], code, _line(why))


def _line(text: str) -> str:
    """Return text as one short line in which nothing acts on a terminal."""
    flat = " ".join(text[: 4 * _WHY].split())
    shown = "".join(one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in flat)
    return shown if len(shown) <= _WHY else f"{shown[: _WHY - 1]}…"

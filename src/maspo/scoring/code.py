"""The scorer of programs: they run shut in, and every test must hold in a process that they cannot reach."""

from __future__ import annotations

import builtins
import json
import re
from collections.abc import Iterable, Sequence
from typing import Final

from maspo.core.errors import ConfigInvalid
from maspo.sandbox.launch import Level
from maspo.sandbox.packages import NO_PACKAGES, Packages, packages_of
from maspo.sandbox.selftest import SandboxRefused, choose_level
from maspo.sandbox.worker import Grade, Outcome, SandboxLimits, SandboxPool, Submission
from maspo.scoring.base import Outcome as ScoreOutcome
from maspo.scoring.base import Sample, Score
from maspo.scoring.programs import printing_program_in, program_in
from maspo.scoring.reply import reply_of

UNSAFE: Final = "unsafe"
"""The argument that runs programs without a sandbox."""
_CALLED = re.compile(r"\b([A-Za-z_]\w*)\s*\(")
_KEYWORDS = frozenset({"assert", "not", "and", "or", "in", "is", "if", "else", "lambda", "return", "for", "check"})
_WHY = 300
_OUTCOMES: dict[Outcome, ScoreOutcome] = {"passed": "correct", "wrong": "wrong", "unread": "unread", "failed": "failed"}


def code_scorer(argument: str = "") -> CodeScorer:
    """Return the scorer of programs, in the strongest sandbox that holds here, or in none (``unsafe``).

    Any other argument names packages that programs may import, such as ``numpy,pandas``.

    Raises:
        ConfigInvalid: no such package is installed.
        SandboxRefused: no sandbox holds here.

    """
    if argument == UNSAFE:
        return CodeScorer(level=choose_level(UNSAFE))
    packages = packages_of([name.strip() for name in argument.split(",")] if argument else [])
    return CodeScorer(level=choose_level(None), packages=packages)


def code_with(packages: Sequence[str]) -> str:
    """Return the name of the scorer of programs that may import packages.

    Raises:
        ConfigInvalid: one of them has the name that stands for no sandbox.

    """
    if UNSAFE in packages:
        raise ConfigInvalid(
            f"--sandbox-packages {UNSAFE}: a package of this name cannot be given, since it stands for no sandbox"
        )
    return f"code:{','.join(packages)}"


_SAME: Final = """
def _same(said, wanted):
    '''Words are equal, decimal fractions within a millionth; spaces and line ends do not count.'''
    said, wanted = said.split(), wanted.split()
    return len(said) == len(wanted) and all(a == b or _near(a, b) for a, b in zip(said, wanted))

def _near(a, b):
    if "." not in b and "e" not in b.lower():
        return False
    try:
        a, b = float(a), float(b)
    except ValueError:
        return False
    return abs(a - b) <= 1e-6 * max(1.0, abs(b))
"""


class CodeScorer:
    """Correct is a program on which every test of its sample holds: a statement, or what it must print for an input.

    ``level`` is the sandbox that must hold; without it the strongest that does. ``unsafe`` must be asked for by name.
    Programs and tests may import the standard library and ``packages``.
    """

    def __init__(
        self,
        limits: SandboxLimits | None = None,
        level: Level | None = None,
        workers: int | None = None,
        packages: Packages = NO_PACKAGES,
    ) -> None:
        self._limits = limits or SandboxLimits()
        self._level = level
        self._workers = workers
        self._packages = packages

    def one_at_a_time(self) -> CodeScorer:
        """Return the same with one sandbox: where several of them work on one machine, as workers of a cluster."""
        return CodeScorer(self._limits, self._level, 1, self._packages)

    async def score(self, samples: Sequence[Sample]) -> list[Score]:
        """Return one score for each sample, in their order. Without a sandbox that holds, all have ``failed``."""
        found: dict[int, Submission] = {}
        scores: dict[int, Score] = {}
        for number, sample in enumerate(samples):
            try:
                found[number] = submission_of(sample)
            except ValueError as error:
                scores[number] = Score(sample.id, "failed", why=str(error))
            else:
                scores[number] = _unrunnable(sample)
        runnable = [number for number, job in found.items() if job.tests and job.code.strip()]
        try:
            level = choose_level(self._level)
        except SandboxRefused as error:
            return [Score(sample.id, "failed", why=str(error)) for sample in samples]
        jobs = [found[number] for number in runnable]
        async with SandboxPool(level, self._limits, self._workers, self._packages) as pool:
            for number, result in zip(runnable, await pool.run(jobs), strict=True):
                scores[number] = _score(samples[number], found[number].code, result)
        return [scores[number] for number in range(len(samples))]


def submission_of(sample: Sample) -> Submission:
    """Return what is run for a sample; its code is empty when the output holds no program.

    Tests are statements that call what the program defines, or all of them are JSON: ``{"stdin": what it reads,
    "stdout": what it must print}``. Raises ValueError when only some are.
    """
    printing = [_of_printing(test) for test in sample.tests]
    if not any(printing):
        return Submission(extract_code(sample), sample.tests, sample.setup, sample.entry_point)
    if not all(printing):
        test = sample.tests[printing.index("")]
        expected = '{"stdin": "what is read", "stdout": "what is printed"}'
        raise ValueError(f"the test {_line(test)!r:.80} is not {expected}")
    return Submission(printing_program_in(reply_of(sample.output)), tuple(printing), tested_by="printing")


def _of_printing(test: str) -> str:
    """Return a test of what is printed as a statement in which both texts are constants; empty for another test."""
    try:
        given = json.loads(test) if test.lstrip().startswith("{") else None
    except (ValueError, RecursionError):
        return ""
    match given:
        case {"stdin": str(stdin), "stdout": str(stdout)}:
            # What is no text is an object of the program, which would split itself and count its words.
            test = f"type(_said) is str and _same(_said, {stdout!r})"
            return f"{_SAME}\n_said = printed({stdin!r})\nassert {test}, f'it printed {{_said[:200]!r}}'"
    return ""


def extract_code(sample: Sample) -> str:
    """Return the program in an output: what its reply gives for the names that the tests call."""
    names = {sample.entry_point} if sample.entry_point else _called(sample.tests)
    return program_in(reply_of(sample.output), names, sample.setup if sample.entry_point else "")


def _called(tests: Iterable[str]) -> set[str]:
    names = {name for test in tests for name in _CALLED.findall(test)}
    return {name for name in names if name not in _KEYWORDS and not hasattr(builtins, name)} or names


def _unrunnable(sample: Sample) -> Score:
    if not sample.tests:
        return Score(sample.id, "failed", why="the sample has no tests")
    return Score(sample.id, "unread", why="the output is empty")


def _score(sample: Sample, code: str, result: Grade) -> Score:
    why = result.why or result.unsound
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

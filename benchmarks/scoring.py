"""How many answers a second each scorer compares, warm: medians over rounds, by the clock and by CPU time.

    python benchmarks/scoring.py [--json] [--rounds 7] [--answers 4000]

The outputs are what models write: a few sentences and the answer in a box, in a tag, or after "the answer is". Half
of them are right. The math answers are of the kinds that mathematics benchmarks ask for, in another spelling than the
label's; a small share can only be decided by computer algebra in worker processes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product

from maspo.scoring.base import Sample, Scorer
from maspo.scoring.registry import scorer_of

REASONING = "We note what is asked, then compute each part and check the result against the statement. " * 8
FORMS = ("{} The answer is {}.", r"{} So we get $\boxed{{{}}}$.", "{}\n\n<answer>{}</answer>")
MATH = (
    (r"\frac{%d}{7}", r"\dfrac{%d}{7}"),
    ("%d", "%d.0"),
    (r"\sqrt{%d}", r"\sqrt{%d} \text{ cm}"),
    ("(%d, \\infty)", "x > %d"),
    (r"\{1, %d\}", r"%d, 1"),
    (r"%d\pi + 2", r"2+%d\pi"),
    (r"%d \%%", "%d percent"),
    ("%dx^2 + x", "x(%dx+1)"),
    (r"\begin{pmatrix} %d \\ 2 \end{pmatrix}", r"\begin{bmatrix} %d.0 \\ 2 \end{bmatrix}"),
    (r"y = %dx - 1", r"%dx - y = 1"),
)
ALGEBRA = (r"\binom{n}{2} + %d", r"%d + \binom{n}{2}")


@dataclass(frozen=True)
class Figures:
    """Answers a second: median, lowest and highest round; and per second of CPU of all processes, the median."""

    scorer: str
    per_second: float
    low: float
    high: float
    per_cpu_second: float


def written(number: int, answer: str) -> str:
    return (
        FORMS[number % len(FORMS)]
        .replace("{{{}}}", "{" + answer + "}")
        .replace("{}", REASONING, 1)
        .replace("{}", answer)
    )


def exact_samples(count: int) -> list[Sample]:
    return [Sample(str(n), f"{REASONING}<answer>{n}</answer>", f"{n + n % 2},000"[:-4]) for n in range(count)]


def options(number: int) -> list[str]:
    """Return five options of 30 to 80 characters."""
    text = "the first train arrives {} minutes before the second, at a speed of {} km/hr"
    texts = [text.format(number % 50 + place, number + 7 * place) for place in range(5)]
    return [text[: 30 + (number + 13 * place) % 51] for place, text in enumerate(texts)]


def question(number: int) -> str:
    """Return a question of its own for each row: what is remembered of one question must not help the next."""
    told = "\n".join(f"{letter} ) {text}" for letter, text in zip("ABCDE", options(number), strict=True))
    return f"Two trains leave two towns at a distance of {number} km . Which one of these is true ?\nOptions:\n{told}"


def choice_answer(number: int, letter: str) -> str:
    """Return a letter; every tenth time with the text of its option, and every fiftieth time the text alone."""
    text = options(number)["ABCDE".index(letter)]
    return text if number % 50 == 7 else f"{letter}) {text}" if number % 10 == 3 else f"({letter})"


def choice_samples(count: int) -> list[Sample]:
    letters = list(product("ABCDE", "ABCDE"))
    return [
        Sample(str(n), written(n, choice_answer(n, letters[n % 25][0])), letters[n % 25][1], question=question(n))
        for n in range(count)
    ]


def math_samples(count: int, offset: int) -> list[Sample]:
    """Return pairs that no earlier round has seen: what is remembered of a round must not help the next."""
    found = []
    for n in range(offset, offset + count):
        label, answer = ALGEBRA if n % 100 == 0 else MATH[n % len(MATH)]
        found.append(Sample(str(n), written(n, answer % (n + n % 2)), label % n))
    return found


def cpu_seconds() -> float:
    """Return the CPU seconds of this process and of the workers that it started, with those they have ended."""
    own = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
    parents, ticks = dict[int, int](), dict[int, int]()
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                with open(f"/proc/{entry.name}/stat", encoding="utf-8") as stat:  # noqa: PTH123 - /proc
                    fields = stat.read().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(entry.name)], ticks[int(entry.name)] = int(fields[1]), sum(map(int, fields[11:15]))
    workers = sum(spent for one, spent in ticks.items() if _is_ours(one, parents) and _is_worker(str(one)))
    return own + workers / os.sysconf("SC_CLK_TCK")


def _is_ours(process: int, parents: Mapping[int, int]) -> bool:
    """Say whether a process comes from this one; workers of others may be at work beside it."""
    while process in parents and process != os.getpid():
        process = parents[process]
    return process == os.getpid()


def _is_worker(process: str) -> bool:
    try:
        with open(f"/proc/{process}/cmdline", "rb") as line:  # noqa: PTH123 - /proc
            return b"maspo.scoring.worker" in line.read()
    except OSError:
        return False


async def measured(name: str, scorer: Scorer, rounds: Sequence[Sequence[Sample]]) -> Figures:
    await scorer.score(rounds[0])
    clock, cpu = [], []
    for samples in rounds[1:]:
        begun, used = time.perf_counter(), cpu_seconds()
        scores = await scorer.score(samples)
        clock.append(len(samples) / (time.perf_counter() - begun))
        cpu.append(len(samples) / max(cpu_seconds() - used, 1e-9))
        right = sum(score.correct for score in scores) / len(scores)
        assert 0.1 < right < 0.9, f"{name}: {right} are right; the mix is not what it should be"
        assert not any(score.outcome in ("unread", "failed") for score in scores), name
    return Figures(name, statistics.median(clock), min(clock), max(clock), statistics.median(cpu))


async def main(arguments: argparse.Namespace) -> list[Figures]:
    count, rounds = arguments.answers, arguments.rounds + 1
    rows = {
        "exact": [exact_samples(count)] * rounds,
        "choice": [choice_samples(count)] * rounds,
        "math": [math_samples(count, place * count) for place in range(rounds)],
    }
    return [await measured(name, scorer_of(name), samples) for name, samples in rows.items()]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--answers", type=int, default=4000)
    figures = asyncio.run(main(parser.parse_args()))
    if parser.parse_args().json:
        print(json.dumps([asdict(row) for row in figures]))
    else:
        print(f"{'scorer':<8} {'answers/s':>10} {'lowest':>8} {'highest':>8} {'per CPU s':>10}")
        for row in figures:
            print(
                f"{row.scorer:<8} {row.per_second:>10.0f} {row.low:>8.0f} {row.high:>8.0f} {row.per_cpu_second:>10.0f}"
            )

"""How often the final test claims an improvement where there is none, and what the rule costs where there is one.

    python benchmarks/false_claims.py [--runs 200] [--records FILE…]

Verdicts are drawn; all else is the product's own: groups, split, test, ledger of looks, claim. In each run eight
candidates that are as good as the seed prompts are compared on the search side, and the best of them meets the
hold-out: so a question that stands on both sides favours it there, too. `before` is the rule up to 0.1: rows are split
by their exact text, each is one vote of a sign test, and every look may claim at p ≤ 0.05.

--records are JSON Lines with `wins`, `losses`, `ties` and `undecided` of hold-outs of whole runs: how many are claimed.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from maspo.core.verdict import Comparison, FailedRun, Verdict
from maspo.data.groups import ALONE, NEAR, Groups, groups_of
from maspo.data.inputs import Inputs, make_inputs
from maspo.data.split import split
from maspo.stats.paired import SIGNIFICANT, sign_test
from maspo.store.looks import Look, LookLedger
from maspo.study.holdout import claim, conclude, result_of, tally

CANDIDATES = 8
FIRST = ("Anna", "Ben", "Chloe", "Dev", "Emil", "Fay", "Gus", "Hana", "Ivo", "June")
THINGS = ("apples", "tickets", "stamps", "bricks", "lamps", "coins", "maps", "pens", "ropes", "tiles")
SPELLINGS: Sequence[Callable[[str], str]] = (
    *(str, str.upper, str.lower, str.title),
    *(lambda text: text + " ", lambda text: " ".join(text.split(" ")) + "\n", lambda text: text.replace(" ", "  ")),
    *(lambda text: "Please: " + text, lambda text: text + " Thank you!", lambda text: "Q: " + text),
    *(lambda text: "17. " + text, lambda text: text + " (variant 2)", lambda text: text + " #5"),
    *(lambda text: text.replace("?", " ?"), lambda text: text.replace(".", ";"), lambda text: f"**{text}**"),
    *(lambda text: "Hey, " + text, lambda text: "Kindly answer: " + text, lambda text: text + " Answer briefly."),
    *(lambda text: text.replace("o", "ｏ"), lambda text: "\u200b" + text, lambda text: text.replace(" ", "\u00a0")),
    *(lambda text: "Think step by step. " + text, lambda text: text + " Give only the number."),
    *(lambda text: "Could you tell me: " + text, lambda text: text + " Explain.", lambda text: "Well, " + text),
    *(lambda text: text.replace("many", "mnay"), lambda text: "Row 9 - " + text, lambda text: text + " [copy 4]"),
)


@dataclass(frozen=True)
class Case:
    """A kind of inputs and of agents that differ by chance alone."""

    name: str
    questions: int
    spellings: int = 1
    row_numbers: bool = False
    """Equal texts that differ in a column which nobody reads."""
    steady: float = 0.9
    """The chance that an input's verdict is that of its question."""
    ties: float = 0.4
    silent: float = 0.0
    """The chance that a side brings no answer."""
    looks: int = 1
    """Tests of one run, each time of other winners."""
    runs: int = 1
    """Runs of one person on the same inputs."""


CASES = (
    Case("independent inputs", 60),
    Case("twins 6 × 10", 6, 10),
    Case("twins 3 × 20", 3, 20),
    Case("twins 12 × 5", 12, 5),
    Case("twins 2 × 30", 2, 30),
    Case("row-number column, 6 × 10", 6, 10, row_numbers=True),
    Case("unsteady agents", 60, steady=0.0, ties=0.1),
    Case("tiny hold-outs (6 inputs)", 12),
    Case("silent final agents", 60, silent=0.3),
    Case("ten looks of one run", 60, looks=10),
    Case("five seeds on the same inputs", 60, runs=5),
)


def make_rows(case: Case) -> tuple[Inputs, dict[str, int]]:
    """Return inputs, and the question of each by its key."""
    rows: list[Mapping[str, object]] = []
    for number in range(case.questions):
        name, thing = FIRST[number % 10], THINGS[number // 10 % 10]
        text = f"{name} has {number + 13} {thing} and gives {number % 7 + 2} away. How many {thing} are left?"
        for spell in SPELLINGS[: case.spellings]:
            rows.append({"input": text if case.row_numbers else spell(text), "row": len(rows), "question": number})
    inputs = make_inputs(rows)
    return inputs, {row.key: int(row.columns["question"]) for row in inputs.rows}


def draw(case: Case, question: Mapping[str, int], chance: random.Random) -> dict[str, Comparison]:
    """Return how prompts that are as good as the seed prompts do on every input."""

    def one() -> Verdict:
        if chance.random() < case.ties:
            return Verdict.TIE
        return chance.choice((Verdict.WIN, Verdict.LOSS))

    own = {number: one() for number in sorted(set(question.values()))}
    found = {}
    for key, number in question.items():
        before, after = chance.random() < case.silent, chance.random() < case.silent
        failed: FailedRun = "both" if before and after else "reference" if before else "candidate" if after else ""
        verdict = Verdict.UNDECIDED if failed else own[number] if chance.random() < case.steady else one()
        found[key] = Comparison(key, verdict, (), verdict, failed=bool(failed), failed_run=failed)
    return found


def best(candidates: Sequence[Mapping[str, Comparison]], search: Sequence[str]) -> Mapping[str, Comparison]:
    """Return the verdicts of the candidate that did best on the search side."""
    net = {Verdict.WIN: 1, Verdict.LOSS: -1}
    return max(candidates, key=lambda found: sum(net.get(found[key].glob, 0) for key in search))


def claims(
    case: Case, inputs: Inputs, question: Mapping[str, int], kinds: Sequence[Groups], seed: int
) -> Iterator[tuple[bool, bool]]:
    """Yield for each look of a person whether an improvement is claimed, before and now; ``kinds`` are the groups."""
    chance = random.Random(seed)
    groups = kinds[1]
    with tempfile.TemporaryDirectory() as folder:
        ledger = LookLedger(Path(folder) / "looks")
        sides = [split(inputs, 0.5, found) for found in kinds]
        texts = {row.key: row.columns["input"] for row in inputs.rows}
        for run in range(case.runs):
            for look in range(case.looks):
                candidates = [draw(case, question, chance) for _ in range(CANDIDATES)]
                old, new = (best(candidates, search) for search, _ in sides)
                was = result_of([old[key] for key in sides[0][1]])
                bounds = (sign_test(was.wins, was.losses + was.undecided), was.p_worse)
                before = claim((was.p_value, was.p_worse), bounds, was.wins + was.losses, SIGNIFICANT)
                number = ledger.number(Look(f"{run} {look}", "team", [texts[key] for key in sides[1][1]]))
                now = conclude(result_of([new[key] for key in sides[1][1]], groups, number), "likely", changed=True)
                yield before == "improved", now.verdict == "improved"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--records", type=Path, nargs="*", default=[])
    given = parser.parse_args()
    print(f"{'equal prompts; improved is claimed in':40}{'before':>8}{'now':>8}   groups held out")
    for case in CASES:
        inputs, question = make_rows(case)
        kinds = [groups_of(inputs, ["input"], by) for by in (ALONE, NEAR)]
        held_out = kinds[1].count(split(inputs, 0.5, kinds[1])[1])
        before = now = 0
        for seed in range(given.runs):
            found = list(claims(case, inputs, question, kinds, seed))
            before += any(one for one, _ in found)
            now += any(one for _, one in found)
        print(f"{case.name:40}{before / given.runs:8.1%}{now / given.runs:8.1%}   {held_out}", flush=True)
    if given.records:
        lines = [json.loads(line) for file in given.records for line in file.read_text().splitlines()]
        old = sum(sign_test(one["wins"], one["losses"] + one["undecided"]) <= SIGNIFICANT for one in lines)
        results = [
            tally(
                [Verdict.WIN] * one["wins"]
                + [Verdict.LOSS] * one["losses"]
                + [Verdict.TIE] * one["ties"]
                + [Verdict.UNDECIDED] * one["undecided"]
            )
            for one in lines
        ]
        new = sum(conclude(one, "likely", changed=True).verdict == "improved" for one in results)
        print(
            f"\n{len(lines)} hold-outs of whole runs: claimed {old / len(lines):.1%} before, {new / len(lines):.1%} now"
        )


if __name__ == "__main__":
    main()

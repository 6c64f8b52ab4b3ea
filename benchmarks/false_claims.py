"""How often the final test claims an improvement where there is none, and what the rule costs where there is one.

    python benchmarks/false_claims.py [--runs 200] [--first-seed 0] [--search | --looks | --power] [--records FILE…]

Verdicts are drawn; all else is the product's own: groups, split, test, ledger of looks, claim. In each run eight
candidates that are as good as the seed prompts are compared on the search side, and the best of them meets the
hold-out: so a question that stands on both sides favours it there, too. `before` is the rule up to 0.1: rows are split
by their exact text, each is one vote of a sign test, and every look may claim at p ≤ 0.05.

--search lets the default search itself, as it is now, find the candidates: it is driven through its requests on the
search side, in a team of two agents, and the prompts that it ends with meet the hold-out. Also told is how many of its
runs ended with other prompts than the seed prompts, and what all looks of a run together spent of the level on average:
given how many groups differ, no more runs than that claim something in the long run.

--looks draws the verdicts of the hold-out alone, where prompts differ on some of 30 independent inputs, so that there
can be tens of thousands of runs: how often any of their looks claims something, and what they spend of the level.

--power asks the opposite: how often a true gain is claimed on 30 independent inputs, by the rule up to 0.1 (p ≤ 0.05 of
a sign test that left undecided inputs out) and now, from the same verdicts.

--records are JSON Lines with `wins`, `losses`, `ties` and `undecided` of hold-outs of whole runs: how many are claimed.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path

from maspo.core.prompts import Prompts, prompts_id
from maspo.core.seeded import rank
from maspo.core.verdict import Comparison, FailedRun, Level, Verdict
from maspo.data.groups import ALONE, NEAR, Groups, groups_of
from maspo.data.inputs import Inputs, make_inputs
from maspo.data.split import split
from maspo.optimizers.base import Compare, Draft, Drafts, Problem, Propose, Request, Result
from maspo.optimizers.registry import make_config, make_optimizer
from maspo.stats.looks import Earlier, Taken, by_number, level_after
from maspo.stats.paired import SIGNIFICANT, attained, sign_test
from maspo.store.looks import Look, LookLedger
from maspo.study.holdout import claim, conclude, result_of, tally
from maspo.team.graph import Team
from maspo.testing.optimizers import Oracle, played

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
                told = Look(f"{run} {look}", "team", [texts[key] for key in sides[1][1]])
                result = result_of([new[key] for key in sides[1][1]], groups, ledger.take(told))
                ledger.end(told, result.spent or 0.0)
                yield before == "improved", conclude(result, "likely", changed=True).verdict == "improved"


TEAM = Team(order=("writer", "answerer"), successors={"writer": ("answerer",), "answerer": ()}, output="answerer")
SEED_PROMPTS: Prompts = {"writer": "Write notes.", "answerer": "Answer."}


@dataclass(frozen=True)
class NoEffect:
    """Answers the requests of a search in a world in which every prompt is as good as every other.

    As in ``draw`` a verdict belongs to two prompt sets and a question, and, where agents are unsteady, an input.
    """

    case: Case
    question: Mapping[str, int]
    seed: int

    def answer(self, request: Request) -> Result:
        """Return the result of one request."""
        match request:
            case Propose():
                texts = (f"{request.prompts[request.agent]}\nRule {request.id} {n}." for n in range(request.count))
                return Drafts(tuple(Draft(text) for text in texts))
            case Compare():
                found = self.compared(request.input_key, request.changed, request.reference)
                if request.agent == TEAM.output:
                    return found
                skipped = request.when_differing and found.glob is Verdict.TIE
                asked = () if skipped else request.levels
                parts = random.Random(rank(self.seed, "parts", request.id))
                local = self._verdict(parts) if Level.LOCAL in asked else Verdict.UNDECIDED
                readers = TEAM.readers(request.agent) if Level.LOOKAHEAD in asked else ()
                return Comparison(
                    found.input_key,
                    local,
                    tuple((name, self._verdict(parts)) for name in readers),
                    found.glob,
                    found.same_answer,
                    found.failed,
                    found.failed_run,
                )
            case _:
                return Oracle(TEAM, self.seed).answer(request)

    def compared(self, key: str, changed: Prompts, reference: Prompts) -> Comparison:
        """Return how one prompt set does against another on an input."""
        pair = (prompts_id(changed), prompts_id(reference))
        chance = random.Random(rank(self.seed, "input", key, *pair))
        silent = (chance.random() < self.case.silent, chance.random() < self.case.silent)
        failed: FailedRun = "both" if all(silent) else "reference" if silent[0] else "candidate" if silent[1] else ""
        steady = chance.random() < self.case.steady
        own = random.Random(rank(self.seed, "question", self.question[key], *pair)) if steady else chance
        verdict = Verdict.UNDECIDED if failed else self._verdict(own)
        same = verdict is Verdict.TIE
        return Comparison(key, verdict, (), verdict, same, failed=bool(failed), failed_run=failed)

    def _verdict(self, chance: random.Random) -> Verdict:
        return Verdict.TIE if chance.random() < self.case.ties else chance.choice((Verdict.WIN, Verdict.LOSS))


@dataclass(frozen=True, slots=True)
class Searched:
    """What came of all searches of one person on the same inputs."""

    claimed: bool
    changed: int
    """Runs that ended with other prompts than the seed prompts."""
    spent: float
    """The chance at which any of their looks claims something, at most."""


def searched(case: Case, seed: int) -> Searched:
    """Let the default search work on equal prompts."""
    inputs, question = make_rows(case)
    groups = groups_of(inputs, ["input"], NEAR)
    search, held_out = split(inputs, 0.5, groups)
    texts = {row.key: row.columns["input"] for row in inputs.rows}
    changed = claimed = 0
    spent = 0.0
    with tempfile.TemporaryDirectory() as folder:
        ledger = LookLedger(Path(folder) / "looks")
        for number in range(case.runs * case.looks):
            world = NoEffect(case, question, rank(seed, "run", number))
            optimizer = make_optimizer(make_config({"method": "race"}))
            problem = Problem(TEAM, SEED_PROMPTS, tuple(search), seed * 1000 + number)
            winners = played(optimizer, problem, world).end.prompts
            found = [world.compared(key, winners, SEED_PROMPTS) for key in held_out]
            look = Look(str(number), "team", [texts[key] for key in held_out])
            is_new = winners != SEED_PROMPTS
            changed += is_new
            result = result_of(found, groups, ledger.take(look))
            ledger.end(look, result.spent or 0.0)
            spent += result.spent or 0.0
            claimed += conclude(result, "likely", changed=is_new).verdict == "improved"
    return Searched(claimed > 0, changed, spent)


GAINS = ((0.5, 0.05), (0.4, 0.1), (0.35, 0.05), (0.3, 0.05), (0.3, 0.1), (0.25, 0.05))
"""Chances that an input is won and lost: strong gains to weak ones."""
UNDECIDED = (0.0, 0.03)
HELD_OUT = 30


def power(runs: int) -> Iterator[str]:
    """Yield lines that tell how often a gain is claimed: before, now, and at a second look by number and now."""
    columns = "".join(f"{name:>12}" for name in ("before", "now", "2nd before", "2nd now"))
    yield f"{'won, lost, undecided, of 30 independent inputs':50}{columns}"
    for undecided in UNDECIDED:
        for won, lost in GAINS:
            chance = random.Random(f"{won} {lost} {undecided}")
            weights = (won, lost, undecided, 1 - won - lost - undecided)
            kinds = (Verdict.WIN, Verdict.LOSS, Verdict.UNDECIDED, Verdict.TIE)
            claimed = [0] * 4
            for _ in range(runs):
                first, again = ([*chance.choices(kinds, weights, k=HELD_OUT)] for _ in range(2))
                found = tally(first)
                second = Taken(2, level_after([Earlier(found.spent)]))
                told = [found, tally(again, look=by_number(2)), tally(again, look=second)]
                is_claimed = [conclude(one, "likely", changed=True).verdict == "improved" for one in told]
                by_then = sign_test(found.wins, found.losses) <= SIGNIFICANT
                claimed = [one + more for one, more in zip(claimed, [by_then, *is_claimed], strict=True)]
            yield f"{won:<6}{lost:<6}{undecided:<38}" + "".join(f"{one / runs:12.1%}" for one in claimed)


SHARES, LOOKS = (0.2, 0.6, 0.9), (1, 2, 5, 10)
"""Of inputs that differ, and how often one looks."""


def looks(runs: int, first_seed: int) -> Iterator[str]:
    """Yield lines that tell how often equal prompts are claimed to be better by any of some looks."""
    attains, tested = cache(attained_by_alike), cache(sign_test)
    yield f"{f'{HELD_OUT} inputs, share that differs, looks':40}{'claimed':>8}{'spent':>8}   at most in a run"
    for share, count in product(SHARES, LOOKS):
        chance = random.Random(f"{share} {count} {first_seed}")
        claimed, spent = 0, list[float]()
        for _ in range(runs):
            earlier, claims = list[Earlier](), False
            for _ in range(count):
                won = [chance.random() < 0.5 for _ in range(HELD_OUT) if chance.random() < share]
                level = level_after(earlier)
                claims |= tested(sum(won), len(won) - sum(won)) <= level
                earlier.append(Earlier(attains(len(won), level)))
            claimed += claims
            spent.append(sum(look.spent or 0.0 for look in earlier))
        yield f"{share:<6}{count:<34}{claimed / runs:8.2%}{sum(spent) / runs:8.2%}   {max(spent):.2%}"


def attained_by_alike(differing: int, level: float) -> float:
    """Return what a look may claim falsely where so many inputs differ, all by as much."""
    return attained([1] * differing, level)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--records", type=Path, nargs="*", default=[])
    parser.add_argument("--search", action="store_true")
    parser.add_argument("--only", default="", metavar="WORD", help="kinds whose names hold it")
    parser.add_argument("--power", action="store_true")
    parser.add_argument("--looks", action="store_true")
    given = parser.parse_args()
    if given.power:
        print("\n".join(power(given.runs)))
        return
    if given.looks:
        print("\n".join(looks(given.runs, given.first_seed)))
        return
    cases = [case for case in CASES if given.only in case.name]
    seeds = range(given.first_seed, given.first_seed + given.runs)
    if given.search:
        print(f"{'the default search on equal prompts':40}{'claimed':>8}{'spent':>8}   runs that change prompts")
        for case in cases:
            told = [searched(case, seed) for seed in seeds]
            share, spent = (
                sum(some) / given.runs for some in ([one.claimed for one in told], [one.spent for one in told])
            )
            new = sum(one.changed for one in told)
            print(
                f"{case.name:40}{share:8.1%}{spent:8.2%}   {new} of {given.runs * case.runs * case.looks}", flush=True
            )
        return
    print(f"{'equal prompts; improved is claimed in':40}{'before':>8}{'now':>8}   groups held out")
    for case in cases:
        inputs, question = make_rows(case)
        kinds = [groups_of(inputs, ["input"], by) for by in (ALONE, NEAR)]
        held_out = kinds[1].count(split(inputs, 0.5, kinds[1])[1])
        before = now = 0
        for seed in seeds:
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

"""The questions at the start that find a judge that is a coin: what they cost, and whom they call one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import comb
from pathlib import Path

import pytest

from maspo.config import RunConfig
from maspo.core.verdict import Verdict
from maspo.data.inputs import make_inputs
from maspo.events import Warned
from maspo.optimizers.base import Ask, Calibrate, Calibrated, CallCount, Problem, Propose, Results, Search
from maspo.stats.share import at_most
from maspo.store.codec import RecordedResult, decode, encode
from maspo.study.calibration import answers, is_coin, pairs_asked, with_calibration
from maspo.study.job import Job
from maspo.study.optimize import start
from maspo.study.resolve import resolve
from maspo.team.graph import Team
from maspo.testing.runs import Recorder
from maspo.world import World
from maspo.world.spec import WorldSpec

WIN, LOSS, TIE, BOTH, UNREAD = (
    Verdict.WIN,
    Verdict.LOSS,
    Verdict.TIE,
    Verdict.CONTRADICTED,
    Verdict.UNDECIDED,
)
TEAM = Team(("a", "b"), {"a": (), "b": ("a",)}, "b")
PROBLEM = Problem(TEAM, {"a": "A", "b": "B"}, ("i0", "i1", "i2", "i3"), 7, 0)


def chance(right: float, pairs: int = 8) -> float:
    """Return how often a judge is called a coin that is right in a share of the orders, each on its own."""
    found = 0.0
    for wins, losses in product(range(pairs + 1), repeat=2):
        both = pairs - wins - losses
        if both >= 0 and is_coin([WIN] * wins + [LOSS] * losses + [BOTH] * both):
            ways = comb(pairs, wins) * comb(pairs - wins, losses)
            found += ways * right ** (2 * wins) * (1 - right) ** (2 * losses) * (2 * right * (1 - right)) ** both
    return found


def test_a_coin_is_found_and_a_judge_of_use_hardly_ever_called_one() -> None:
    assert chance(0.5) > 0.95
    assert chance(0.9) < 0.02
    assert chance(0.95) < 0.001


@pytest.mark.parametrize(
    ("verdicts", "coin"),
    [
        ([], False),
        ([TIE] * 8, False),  # it decides nothing: another warning's affair
        ([UNREAD] * 8, False),
        ([BOTH] * 8, True),  # it follows the place
        ([LOSS] * 8, True),
        ([WIN] * 8, False),
        ([WIN] * 6 + [BOTH] * 2, False),
        ([WIN] * 4 + [LOSS] * 2 + [BOTH] * 2, True),
        ([LOSS], False),  # too few
    ],
)
def test_what_the_verdicts_come_to(verdicts: list[Verdict], coin: bool) -> None:
    assert is_coin(verdicts) is coin
    given, right = answers(verdicts)
    assert 0 <= right <= given <= 2 * len(verdicts)


def test_the_tail_of_the_binomial_distribution() -> None:
    assert at_most(0, 0, 0.9) == 1
    assert at_most(3, 3, 0.2) == pytest.approx(1)
    assert at_most(1, 2, 0.5) == pytest.approx(0.75)


def test_a_short_plan_goes_without_and_few_inputs_give_few_pairs() -> None:
    assert pairs_asked(8, 100, 980) == pairs_asked(8, 100, None) == 8
    assert pairs_asked(8, 100, 400) == pairs_asked(0, 100, 980) == 0
    assert pairs_asked(8, 3, 980) == 3


class Heard:
    """A search of two requests; keeps what it was sent."""

    def __init__(self) -> None:
        self.sent: list[Results] = []

    def search(self) -> Search:
        prompts = PROBLEM.seed_prompts
        for number in range(2):
            self.sent.append((yield Ask(prompts, (Propose(f"p{number}", "a", prompts, ("i2",), (), 1),))))
        return Ask(prompts)


def played(search: Search) -> list[Ask]:
    asks = []
    try:
        ask = next(search)
        while True:
            asks.append(ask)
            ask = search.send(tuple(Calibrated((WIN,)) for _ in ask.requests))
    except StopIteration as stop:
        return [*asks, stop.value]


def test_a_search_does_not_notice_the_questions_that_go_along_with_its_first_requests() -> None:
    heard = Heard()
    first, second, end = played(with_calibration(heard.search(), PROBLEM, 3))
    question, own = first.requests
    assert isinstance(question, Calibrate) and len(set(question.inputs)) == 3
    assert question.inputs[0] == "i2", "whose run the proposal needs anyway"
    assert (own, second.requests, end) == ((p := played(Heard().search()))[0].requests[0], p[1].requests, p[2])
    assert [len(results) for results in heard.sent] == [1, 1]


def test_a_search_without_a_request_is_left_alone() -> None:
    def ended() -> Search:
        return Ask(PROBLEM.seed_prompts)
        yield

    assert played(with_calibration(ended(), PROBLEM, 3)) == [Ask(PROBLEM.seed_prompts)]


def test_the_questions_have_their_price_and_are_recorded() -> None:
    count = CallCount(PROBLEM)
    count.add(Calibrate("c", PROBLEM.seed_prompts, ("i0", "i1")).price(PROBLEM))
    assert (count.judge, count.agents) == (4, {"a": 2, "b": 2})
    item = RecordedResult("c", Calibrated((WIN, BOTH)), "calibrate")
    assert decode(encode(item)) == item


def job_of(spec: WorldSpec, topology: str = "reflect", **settings: object) -> Job:
    world = World(spec)
    config = RunConfig.model_validate({"profile": "cheap", "seed": spec.seed, **settings})
    return Job(world.system(topology), make_inputs(world.inputs(60)), config, world=spec)


async def warnings_of(job: Job, out: Path) -> Sequence[Warned]:
    watcher = Recorder()
    await start(resolve(job), out / "run", watcher)
    return [event for event in watcher.events if isinstance(event, Warned)]


async def test_a_coin_is_told_before_a_tenth_of_the_cheapest_plan(tmp_path: Path) -> None:
    job = job_of(WorldSpec(seed=4, coin_flip=True))
    [warned] = await warnings_of(job, tmp_path)
    assert warned.topic == "judge" and "an empty text" in warned.text and "--judge-model" in warned.text
    assert warned.calls <= resolve(job).plan.planned / 10


@pytest.mark.parametrize("spec", [WorldSpec(seed=1, judge_sharpness=0.3), WorldSpec(seed=2, judge_bias=0.5)])
async def test_a_dull_or_biased_judge_is_not_called_a_coin(tmp_path: Path, spec: WorldSpec) -> None:
    assert not await warnings_of(job_of(spec), tmp_path)


def test_the_plan_holds_the_questions_and_they_can_be_left_out() -> None:
    job = job_of(WorldSpec(seed=4))
    with_them, without = resolve(job), resolve(job_of(WorldSpec(seed=4), judge={"plain_pairs": 0}))
    assert (with_them.calibration, without.calibration) == (8, 0)
    assert with_them.plan.planned == without.plan.planned, "they are part of the plan"
    assert with_them.problem.reserve == without.problem.reserve + 16
    labelled = job_of(WorldSpec(seed=4), labels="use")
    assert resolve(labelled).calibration == 0, "where labels decide on every input, no judge does"

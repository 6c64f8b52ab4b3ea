"""Invariants of the simulated judge."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from maspo.core.errors import ConfigInvalid
from maspo.judges.reading import read_verdict
from maspo.models.base import Message, Request
from maspo.world import World, WorldSpec
from maspo.world.latents import Latents, Turn
from maspo.world.outputs import Symptoms, encode

Build = Callable[..., Request]
PAIRS = 400


def _output(spec: WorldSpec, number: int, right: bool, appeal: float = 0.0) -> str:
    where = Latents(spec).input(f"sim-{number:04d}")
    return encode(Turn(where.key, where.truth if right else where.lure, 1.0, appeal, 0.5), Symptoms())


def _verdicts(spec: WorldSpec, build: Build, pair: tuple[tuple[bool, float], ...], purpose: str) -> Counter[str | None]:
    world = World(spec)
    found: Counter[str | None] = Counter()
    for number in range(PAIRS):
        first, second = (_output(spec, number, right, appeal) for right, appeal in pair)
        found[read_verdict(world.reply(build(first, second, purpose)).text)] += 1
    return found


def test_i31_a_fair_global_judge_prefers_the_right_answer(judge_request: Build) -> None:
    spec = WorldSpec(judge_bias=0)
    found = _verdicts(spec, judge_request, ((True, 0.0), (False, 0.5)), "judge.global")
    assert found["1"] > 0.85 * PAIRS
    turned = _verdicts(spec, judge_request, ((False, 0.5), (True, 0.0)), "judge.global")
    assert turned["2"] > 0.85 * PAIRS


def test_i32_most_pairs_that_are_both_wrong_or_both_right_are_ties(judge_request: Build) -> None:
    for right in (True, False):
        found = _verdicts(WorldSpec(), judge_request, ((right, 0.1), (right, 0.0)), "judge.global")
        assert 0.6 * PAIRS < found["tie"] < 0.9 * PAIRS


def test_i33_a_dull_judge_sees_less(judge_request: Build) -> None:
    pair = ((True, 0.0), (False, 0.0))
    sharp = _verdicts(WorldSpec(judge_bias=0), judge_request, pair, "judge.global")
    dull = _verdicts(WorldSpec(judge_bias=0, judge_sharpness=0.2), judge_request, pair, "judge.global")
    assert 0.5 * PAIRS < dull["1"] < sharp["1"] - 0.1 * PAIRS


def test_i34_the_local_judge_likes_appeal_more_than_truth(judge_request: Build) -> None:
    found = _verdicts(WorldSpec(), judge_request, ((False, 1.0), (True, 0.0)), "judge.local")
    assert found["1"] > 0.7 * PAIRS


@pytest.mark.parametrize(("bias", "low", "high"), [(0.0, 0.43, 0.57), (0.5, 0.56, 0.70), (3.0, 0.92, 1.0)])
def test_i35_position_bias_favours_output_1(bias: float, low: float, high: float, judge_request: Build) -> None:
    found = _verdicts(WorldSpec(judge_bias=bias), judge_request, ((False, 0.0), (False, 0.01)), "judge.local")
    decided = found["1"] + found["2"]
    assert low < found["1"] / decided < high


def test_i36_noise_mostly_stays_with_the_text_when_the_order_is_turned(judge_request: Build) -> None:
    spec = WorldSpec(judge_bias=0)
    world = World(spec)
    kept = 0
    for number in range(PAIRS):
        first, second = _output(spec, number, False, 0.0), _output(spec, number, False, 0.01)
        one = read_verdict(world.reply(judge_request(first, second, "judge.local")).text)
        two = read_verdict(world.reply(judge_request(second, first, "judge.local")).text)
        kept += {one, two} == {"1", "2"}
    assert 0.6 * PAIRS < kept < 0.9 * PAIRS


def test_i37_verdicts_repeat(judge_request: Build) -> None:
    request = judge_request(_output(WorldSpec(), 1, True), _output(WorldSpec(), 1, False))
    assert World().reply(request) == World().reply(request)


def test_i38_a_share_of_replies_cannot_be_read(judge_request: Build) -> None:
    found = _verdicts(WorldSpec(unreadable=0.3), judge_request, ((True, 0.0), (False, 0.0)), "judge.global")
    assert 0.2 * PAIRS < found[None] < 0.4 * PAIRS


def test_i39_a_coin_flip_judge_ignores_what_it_is_shown(judge_request: Build) -> None:
    found = _verdicts(WorldSpec(coin_flip=True), judge_request, ((True, 1.0), (False, 0.0)), "judge.global")
    assert 0.4 * PAIRS < found["1"] < 0.6 * PAIRS
    assert found["1"] + found["2"] == PAIRS


def test_i40_texts_of_others_are_judged_too(judge_request: Build) -> None:
    world = World()
    good = _output(world.spec, 1, True)
    assert read_verdict(world.reply(judge_request(good, "")).text) == "1"
    assert read_verdict(world.reply(judge_request("one", "two")).text) in ("1", "2", "tie")
    assert read_verdict(world.reply(Request("m", (Message("user", "?"),), "judge.local")).text) is not None


@pytest.mark.parametrize("bad", [{"unreadable": 1.5}, {"judge_sharpness": -1.0}, {"effects": -0.1}])
def test_i41_knobs_out_of_range_are_refused(bad: dict[str, float]) -> None:
    with pytest.raises(ConfigInvalid, match=next(iter(bad))):
        WorldSpec(**bad)  # type: ignore[arg-type]

"""``kill -9`` at random moments, again and again: nothing recorded is paid twice, and what may be is listed."""

from __future__ import annotations

import asyncio
import random
import signal
from collections import Counter
from collections.abc import Coroutine
from typing import Any

import pytest

from maspo.core.errors import EXIT_BUDGET
from maspo.study.optimize import DATABASE
from tests.lengths import length
from tests.soak.children import LATENCY, PRICE, SETTINGS, Team, lasting, sent

KILLS = length(50, 1000)
CHAIN = (5, 9)
"""Kills of one run, at least and at most, before it may finish."""


def moment(team: Team, draw: random.Random, resumed: bool) -> list[Coroutine[Any, Any, object]]:
    """Return a moment after start-up: some calls later, or while a resumed run reads its record."""
    if resumed and draw.random() < 0.25:
        return [asyncio.sleep(draw.random())]
    return [team.endpoint.another(draw.randint(1, 8)), asyncio.sleep(draw.random() * 3 * LATENCY)]


async def chain(team: Team, name: str, draw: random.Random) -> int:
    """Kill a run until it has had its share, then let it finish; return how often it was killed."""
    recorded: dict[bytes, int] = {}
    kills = 0
    for _ in range(draw.randint(*CHAIN)):
        child = await team.go(name)
        code, said = await child.signalled(signal.SIGKILL, moment(team, draw, (team.folder / name / DATABASE).exists()))
        if code == 0:
            break
        assert code == -signal.SIGKILL, said
        kills += 1
        counted = team.endpoint.received[team.run_id(name)]
        for body in team.recorded(name):
            recorded.setdefault(body, counted[body])
    code, said = await (await team.go(name)).ended()
    assert code == 0, said
    counted = team.endpoint.received[team.run_id(name)]
    assert {body: counted[body] for body in recorded} == recorded, "a recorded call was repeated"
    return kills


def repeats(team: Team, name: str) -> int:
    """Check that each repeated call is listed with a cost that it cannot exceed; return how many were repeated."""
    result, keys, run = team.result(name), team.recorded(name), team.run_id(name)
    listed = result["possibly_billed_twice"]
    times = Counter(call["key"] for call in listed)
    counted = team.endpoint.received[run]
    again = {body: count - 1 for body, count in counted.items() if count > 1}
    assert all(count <= times[keys[body]] for body, count in again.items()), "a repeated call is not listed"
    bodies = {key: body for body, key in keys.items()}
    for call in listed:
        most = len(bodies[call["key"]]) * PRICE[0] + 4096 * PRICE[1]
        assert team.endpoint.prices.get(bodies[call["key"]], 0.0) <= call["usd"] <= most
    assert sent(result) == len(keys) + len(listed), "every call sent is counted: recorded, or listed"
    assert counted.total() <= sent(result)
    assert team.endpoint.bill(run) <= result["usd"]
    report = (team.folder / name / "report.html").read_text(encoding="utf-8")
    assert ("Possibly billed twice" in report) == bool(listed)
    return sum(again.values())


@pytest.mark.slow
async def test_q01_killed_again_and_again_a_run_ships_the_same_and_pays_no_recorded_call_twice(team: Team) -> None:
    draw = random.Random(20)
    kills = again = number = 0
    while kills < KILLS:
        number += 1
        name = f"run{number}"
        kills += await chain(team, name, draw)
        again += repeats(team, name)
        assert (team.folder / name / "prompts.json").read_bytes() == (team.folder / "whole/prompts.json").read_bytes()
        assert lasting(team.result(name)) == lasting(team.result("whole"))
    assert team.result("whole")["possibly_billed_twice"] == []
    assert again > 0, "a kill that interrupts nothing would prove nothing"
    print(f"{kills} kills in {number} runs, {again} calls in flight repeated, all listed")


@pytest.mark.slow
async def test_q04_what_the_endpoint_bills_stays_below_the_cap_also_when_the_run_is_killed(team: Team) -> None:
    cap = team.result("whole")["usd"] * 0.6
    short = Team(team.folder, team.endpoint, {**SETTINGS, "models.max_tokens": 300})
    draw = random.Random(5)
    for _ in range(3):
        child = await short.go("capped", "--max-usd", f"{cap:.8f}")
        code, said = await child.signalled(signal.SIGKILL, moment(short, draw, resumed=False))
        assert code == -signal.SIGKILL, said
    code, said = await (await short.go("capped")).ended()
    assert code == EXIT_BUDGET, said
    bill, charged = team.endpoint.bill(team.run_id("capped")), team.result("capped")["usd"]
    assert 0.2 * cap < bill <= charged <= cap

"""``kill -9`` of a comparison at random moments: no recorded call is repeated, and the cap over all holds."""

from __future__ import annotations

import asyncio
import random
import signal
from collections import Counter
from dataclasses import replace

import pytest

from maspo.core.errors import EXIT_BUDGET, EXIT_OK
from tests.lengths import length
from tests.soak.children import Team
from tests.soak.comparisons import received, records, sent

METHODS = ("default", "cheap", "best-of-n", "naive-joint", "spo", "opro", "promptbreeder", "paper")
CHOSEN, SEEDS = METHODS[: length(2, 8)], range(length(1, 3))
KILLS = length(2, 10)
PATIENCE = length(120, 1800)
"""Seconds for a part of a comparison: thousands of calls on a machine that is busy otherwise."""
CALLS_A_RUN = 170
"""The smallest plan of a race, and the part of the common hold-out."""


@pytest.mark.slow
async def test_q30_a_comparison_killed_again_and_again_repeats_no_recorded_call_and_keeps_its_cap(team: Team) -> None:
    draw, name, cap = random.Random(8), "compared", CALLS_A_RUN * len(CHOSEN) * len(SEEDS)
    asked = (
        *("compare", "system.yaml", "--inputs", "inputs.jsonl", "--out", name, "--yes"),
        *("--base-url", team.endpoint.url, "--agent-model", "gpt-4.1-mini", "--set", "models.concurrency=4"),
        *("--methods", ",".join(CHOSEN), "--seeds", f"0-{SEEDS[-1]}", "--max-calls", str(cap)),
    )
    recorded: Counter[tuple[str, bytes]] = Counter()
    for number in range(KILLS):
        child = replace(await team.child(*asked), patience=PATIENCE)
        # Later and later, at even parts of seven tenths of the cap (more is called), so that every stage is met.
        part = cap * 7 // 10 // KILLS
        moment = [team.endpoint.another(draw.randint(part * 3 // 4, part)), asyncio.sleep(draw.random() * 0.03)]
        code, said = await child.signalled(signal.SIGKILL, moment)
        assert code == -signal.SIGKILL, f"a comparison that ends before it is killed proves nothing: {said}"
        now = sent(team, name)
        assert {key: now[key] for key in recorded} == recorded, f"kill {number}: a recorded call was repeated"
        recorded = now
    code, said = await replace(await team.child(*asked), patience=PATIENCE).ended()
    assert code in (EXIT_OK, EXIT_BUDGET), said
    now = sent(team, name)
    assert {key: now[key] for key in recorded} == recorded, "a recorded call was repeated"
    came = sum(each.total() for each in received(team, name))
    assert len(records(team, name)) == len(CHOSEN) * len(SEEDS)
    assert came <= cap
    assert team.result(name, "comparison.json")["calls"] <= cap
    print(f"{KILLS} kills of {len(CHOSEN)} methods x {len(SEEDS)} seeds: {came} of {cap} calls, none repeated")

"""``kill -9`` of a watch at random moments, in windows and in its search: it ends as one that nobody disturbed."""

from __future__ import annotations

import asyncio
import json
import random
import signal
from dataclasses import replace
from itertools import islice

import pytest

from maspo.core.errors import EXIT_OK
from maspo.online.control import Standing
from maspo.online.watching import DATABASE, standing
from maspo.world import World
from maspo.world.spec import WorldSpec
from tests.lengths import length
from tests.soak.children import IN_FLIGHT, LATENCY, MODEL, SETTINGS, Team

KILLS = length(8, 20)
WATCHES = length(1, 5)
WINDOW, BEFORE, AFTER = 10, 5, 8
"""Inputs of a window, and windows before and after the inputs speak of other things."""


def write_inputs(team: Team) -> None:
    """Write what came in, to the end: from some window on it is asked in other words."""
    rows = islice(World(WorldSpec(seed=5)).inputs((BEFORE + AFTER) * WINDOW, 500), None)
    lines = []
    for number, row in enumerate(rows):
        said = "Please tell me briefly" if number < BEFORE * WINDOW else "Dossier juridique confidentiel numéro"
        lines.append(json.dumps({"input": f"{said}: {row['input']}"}) + "\n")
    (team.folder / "asked.jsonl").write_text("".join(lines), encoding="utf-8")


def asked(team: Team, state: str) -> tuple[str, ...]:
    """Return the words of a command that watches all that came in."""
    sets = [word for key, value in SETTINGS.items() for word in ("--set", f"{key}={value}")]
    return (
        *("watch", "system.yaml", "--inputs", "asked.jsonl", "--state", state, "--prompts", "whole", "--yes", "--once"),
        *("--base-url", team.endpoint.url, "--agent-model", MODEL, "--month-calls", "20000"),
        *("--window", str(WINDOW), "--compared", "3", *sets),
    )


def where_it_stands(team: Team, state: str) -> Standing:
    """Return where a watch stands, but for what it took."""
    return replace(standing(team.folder / state), calls=0, usd=0.0)


@pytest.mark.slow
async def test_q40_a_watch_killed_again_and_again_ends_as_if_nobody_had_and_repeats_only_what_was_in_flight(
    team: Team,
) -> None:
    write_inputs(team)
    code, said = await (await team.child(*asked(team, "undisturbed"))).ended()
    assert code == EXIT_OK, said
    made = team.endpoint.received[team.run_id("undisturbed", DATABASE)].total()
    undisturbed = where_it_stands(team, "undisturbed")
    assert {"drifting", "optimizing"} & {one.state for one in undisturbed.told}, undisturbed.told
    searches = sorted(one.name for one in (team.folder / "undisturbed/searches").iterdir())
    assert searches, "kills hit windows and a search"
    draw, killed, in_search = random.Random(40), 0, 0
    for number in range(WATCHES):
        state, kills = f"killed{number}", 0
        for _ in range(KILLS):
            child = await team.child(*asked(team, state))
            most = max(2, 2 * made // KILLS)
            moment = [team.endpoint.another(draw.randint(1, most)), asyncio.sleep(draw.random() * 3 * LATENCY)]
            code, said = await child.signalled(signal.SIGKILL, moment)
            if code == EXIT_OK:
                break
            assert code == -signal.SIGKILL, said
            kills += 1
            in_search += standing(team.folder / state).state == "optimizing"
        code, said = await (await team.child(*asked(team, state))).ended()
        assert code == EXIT_OK, said
        assert where_it_stands(team, state) == undisturbed
        assert (team.folder / state / "prompts.json").read_bytes() == (
            team.folder / "undisturbed/prompts.json"
        ).read_bytes()
        assert sorted(one.name for one in (team.folder / state / "searches").iterdir()) == searches
        came = team.endpoint.received[team.run_id(state, DATABASE)].total()
        assert made <= came <= made + IN_FLIGHT * kills, "only what was in flight at a kill is asked again"
        calls = standing(team.folder / state).calls
        assert came <= calls <= came + IN_FLIGHT * kills, "what may be billed twice is counted"
        killed += kills
    assert killed >= KILLS * WATCHES // 2
    print(f"{killed} kills in {WATCHES} watches of {made} calls, {in_search} of them in a search or trial")

"""``kill -9`` of a node, of the command and of the head, at random moments, while calls are in flight.

The endpoint keeps its own books. Skipped where Ray is not installed, as ``test_on_ray``.
"""

from __future__ import annotations

import asyncio
import random
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from maspo.core.errors import EXIT_BUDGET, EXIT_ERROR, EXIT_OK
from tests.cluster.nodes import Nodes, all_below
from tests.going_on import lives
from tests.lengths import length
from tests.soak.children import Child, Endpoint, Team
from tests.soak.comparisons import received, sent

pytest.importorskip("ray", reason="Ray is not installed: make ray")
LATENCY = 0.12
IN_FLIGHT = 4
INPUTS = 40
CALLS = 170
"""Of a run, about."""
KILLS = length(2, 20)
"""Of each kind, in as many comparisons as that takes."""
HEADS = length(1, 20)
BEARABLE = 2
"""Kills of nodes in one comparison: a run that was lost three times is given up."""
PATIENCE = 600.0
"""Seconds; far more than anything takes, since other work may have the cores."""
NOT_BEGUN = "timed out during startup"
"""Said by Ray (2.60) where a node takes longer than 30 seconds, whatever is set."""


@pytest.fixture
async def team(tmp_path: Path) -> AsyncIterator[Team]:
    async with Endpoint(latency=LATENCY).listening() as endpoint:
        made = Team(tmp_path, endpoint)
        made.write(INPUTS)
        yield made


async def asked(team: Team, name: str, *more: str) -> Child:
    given = (
        *("compare", "system.yaml", "--inputs", "inputs.jsonl", "--out", name, "--yes"),
        *("--base-url", team.endpoint.url, "--agent-model", "gpt-4.1-mini"),
        *("--set", f"models.concurrency={IN_FLIGHT}", "--set", f"search.calls={CALLS}"),
        *("--set", 'models.prices={"gpt-4.1-mini": [0.4, 1.6]}'),
        *("--methods", "default,spo", "--seeds", "0"),
        *more,
    )
    return replace(await team.anew(*given), patience=PATIENCE)


def found(team: Team, name: str) -> dict[str, Any]:
    """Return what a comparison found: all but seconds, and what calls in flight at a kill are counted beside."""
    result = team.result(name, "comparison.json")
    return {key: _lasting(result[key]) for key in ("why", "standings", "pairs", "rows")}


def _lasting(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _lasting(each) for key, each in value.items() if key not in {"seconds", "usd", "calls", "tokens"}}
    return [_lasting(each) for each in value] if isinstance(value, list) else value


class Killing:
    """A comparison that is killed from time to time, and what is known of it."""

    def __init__(self, team: Team, name: str) -> None:
        self._team, self._name = team, name
        self._recorded: Counter[tuple[str, bytes]] = Counter()
        self.kills = 0

    def took(self) -> None:
        """Count a kill."""
        self.kills += 1
        self.check()

    def check(self) -> None:
        """Check that what was recorded at the last time was not sent again; later it must hold for what is, now."""
        now = sent(self._team, self._name)
        assert {key: now[key] for key in self._recorded} == self._recorded, "a recorded call was repeated, or is lost"
        self._recorded = now

    def ended(self) -> None:
        """Check the books of a comparison that was brought to its end."""
        team, name, kills = self._team, self._name, self.kills
        self.check()
        came = received(team, name)
        again = sum(each.total() - len(each) for each in came)
        assert kills, "a comparison that ends before anybody is killed proves nothing"
        assert again <= 2 * IN_FLIGHT * kills, "more was repeated than was in flight"
        result = team.result(name, "comparison.json")
        assert sum(each.total() for each in came) <= result["calls"]
        assert sum(map(team.endpoint.bill_of, came)) <= result["usd"] * (1 + 1e-9)
        print(f"{kills} kills, {again} calls in flight sent again")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the comparison finds that nobody disturbs."""

    async def run() -> dict[str, Any]:
        async with Endpoint().listening() as endpoint:
            team = Team(tmp_path_factory.mktemp("undisturbed"), endpoint)
            team.write(INPUTS)
            code, said = await (await asked(team, "whole")).ended()
            assert code == EXIT_OK, said
            return found(team, "whole")

    return asyncio.run(run())


class Command:
    """The comparison as a process that is killed at a moment while runs are under way."""

    def __init__(self, team: Team, child: Child, given: tuple[str, ...]) -> None:
        self._team, self._child, self._given = team, child, given
        self.ended = asyncio.ensure_future(self._ended())

    @classmethod
    async def given(cls, team: Team, *given: str) -> Command:
        """Give the command."""
        return cls(team, await asked(team, *given), given)

    async def _ended(self) -> tuple[int, str]:
        """Wait for the end; where Ray did not begin in time, nothing has begun, and the command is given again."""
        for _ in range(3):
            code, said = await self._child.ended()
            if NOT_BEGUN not in said:
                return code, said
            self._child = await asked(self._team, *self._given)
        return await self._child.ended()

    async def meets(self, kill: Callable[[], None], draw: random.Random, calls: int = CALLS) -> bool:
        """Kill somebody at a moment while runs are under way; False where the command ends before."""
        moment = asyncio.ensure_future(_moment(self._team, draw, calls))
        await asyncio.wait({self.ended, moment}, return_when=asyncio.FIRST_COMPLETED)
        moment.cancel()
        await asyncio.gather(moment, return_exceptions=True)
        if self.ended.done():
            return False
        kill()
        return True

    def kill(self) -> None:
        """Kill it."""
        self._child.process.send_signal(signal.SIGKILL)

    def below(self) -> list[int]:
        """Return the processes that it has begun."""
        return list(all_below(self._child.process.pid))


async def _moment(team: Team, draw: random.Random, calls: int) -> None:
    await team.endpoint.another(draw.randint(5, calls // 2))
    await asyncio.sleep(draw.random() * 2 * LATENCY)


async def test_rk01_a_node_that_is_killed_costs_what_was_in_flight_and_nothing_else(
    team: Team, nodes: Nodes, undisturbed: dict[str, Any]
) -> None:
    draw, before = random.Random(5), 0
    while before < KILLS:
        killing = Killing(team, name := f"nodes-{before}")
        command = await Command.given(team, name, "--executor", f"ray:{nodes.address}")
        while killing.kills < BEARABLE and await command.meets(lambda: nodes.kill_node(draw), draw):
            killing.took()
            nodes.fill()
        code, said = await command.ended
        assert code == EXIT_OK, said
        killing.ended()
        assert found(team, name) == undisturbed
        before += killing.kills


async def test_rk02_a_command_that_is_killed_goes_on(team: Team, nodes: Nodes, undisturbed: dict[str, Any]) -> None:
    await _kill_commands(team, f"ray:{nodes.address}", undisturbed)


async def test_rk03_a_command_with_a_cluster_of_its_own_leaves_none_behind_and_goes_on(
    team: Team, undisturbed: dict[str, Any]
) -> None:
    await _kill_commands(team, "ray", undisturbed)


async def _kill_commands(team: Team, where: str, undisturbed: dict[str, Any]) -> None:
    draw, before, below = random.Random(6), 0, list[int]()

    def kill() -> None:
        below.extend(command.below())
        command.kill()

    while before < KILLS:
        killing = Killing(team, name := f"commands-{before}")
        command = await Command.given(team, name, "--executor", where)
        while before + killing.kills < KILLS and await command.meets(kill, draw):
            await command.ended
            killing.took()
            # At once: the same command waits for what the killed one has left.
            command = await Command.given(team, name, "--executor", where)
        code, said = await command.ended
        assert code == EXIT_OK, said
        killing.ended()
        assert found(team, name) == undisturbed
        before += killing.kills
    await all_end(below)


async def test_rk04_without_a_head_all_end_by_themselves_and_go_on_with_another(
    team: Team, cluster: Nodes, undisturbed: dict[str, Any]
) -> None:
    draw, before = random.Random(7), 0
    while before < HEADS:
        killing = Killing(team, name := f"heads-{before}")
        cluster.fill()
        command = await Command.given(team, name, "--executor", f"ray:{cluster.address}")
        while before + killing.kills < HEADS and await command.meets(cluster.kill_head, draw):
            working = cluster.working()
            killing.took()
            code, said = await command.ended
            # Who measures the hold-out already needs no cluster any more.
            assert code == EXIT_OK or (code == EXIT_ERROR and "Failed to connect to GCS" in said), said
            await all_end(working)
            cluster.end()
            killing.check()
            cluster.fill()
            command = await Command.given(team, name, "--executor", f"ray:{cluster.address}")
        code, said = await command.ended
        assert code == EXIT_OK, said
        killing.ended()
        assert found(team, name) == undisturbed
        before += killing.kills


async def all_end(processes: list[int]) -> None:
    """Wait until processes have ended by themselves."""

    def wait() -> None:
        ends = time.monotonic() + PATIENCE
        while left := [pid for pid in processes if lives(pid)]:
            assert time.monotonic() < ends, f"{left} go on"
            time.sleep(0.1)

    await asyncio.to_thread(wait)


async def test_rk05_whoever_is_killed_the_caps_over_all_hold(team: Team, nodes: Nodes) -> None:
    draw, before, calls, usd = random.Random(8), 0, 500, 0.15
    while before < 2 * KILLS:
        killing, ended = Killing(team, name := f"capped-{before}"), False
        given = (name, "--max-calls", str(calls), "--max-usd", str(usd), "--executor", f"ray:{nodes.address}")
        while not ended and before + killing.kills < 2 * KILLS:
            command = await Command.given(team, *given)
            for kill in (lambda: nodes.kill_node(draw), command.kill):
                ended = not await command.meets(kill, draw, calls=80)
                if not ended:
                    killing.took()
                nodes.fill()
            await command.ended
        code, said = await (await Command.given(team, *given)).ended
        assert code in (EXIT_OK, EXIT_BUDGET), said
        killing.ended()
        spent = team.result(name, "comparison.json")
        assert spent["calls"] <= calls
        assert spent["usd"] <= usd
        before += killing.kills

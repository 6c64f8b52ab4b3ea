"""Budgets of a store, on a real server: many runs spend from one cap, and are killed."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from maspo.core.errors import BudgetReached, ConfigInvalid, StoreError, UsageError
from maspo.models.base import Message, Reply, Request
from maspo.models.budget import Ledger
from maspo.models.leases import NANO, Amount, Cap, to_nano
from maspo.models.prices import PriceBook
from maspo.report.folder import look
from maspo.report.result import result_of
from maspo.store import RunStore
from maspo.store.address import StoreAddress
from maspo.store.budgets import BudgetPool, set_cap, state_of
from maspo.store.records import Keeping
from maspo.study.optimize import start
from maspo.study.resolve import resolve
from maspo.testing.runs import Recorder, counted_world, go_on
from tests import postgres
from tests.lengths import length
from tests.store.conftest import SmallRun

SPENDER = """
import asyncio, os, sys
from pathlib import Path
from maspo.core.errors import BudgetReached
from maspo.models.base import Message, Reply, Request
from maspo.models.budget import Ledger
from maspo.models.prices import PriceBook
from maspo.report.folder import look
from maspo.report.result import result_of
from maspo.store import RunStore
from maspo.store.address import named

async def spend(store, ledger, notes, number):
    while True:
        request = Request("m", (Message("user", f"question {number}"),), "agent", max_tokens=1000)
        number += 1000
        if store.get(request.key) is not None:
            continue
        try:
            reservation = await ledger.reserve(request)
        except BudgetReached:
            return
        os.write(notes, b"paid\\n")
        usd = ledger.settle(reservation, Reply("x", 10, 10, usd=0.0005))
        await store.put(request, Reply("x", 10, 10, usd=usd))

async def main():
    url, folder, name = sys.argv[1:]
    path = Path(folder, f"{name}.db")
    store = RunStore.open(path) if path.exists() else RunStore.create(path, named(url))
    store.join("team")
    async with store:
        ledger = Ledger(prices=PriceBook({"m": (1.0, 1.0)}), spent=store.usage(), book=store, pool=store.pool())
        notes = os.open(Path(folder, f"{name}.notes"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        print("working", flush=True)
        await asyncio.gather(*(spend(store, ledger, notes, number) for number in range(8)))
        await ledger.give_back()

asyncio.run(main())
"""


@pytest.fixture
def address() -> StoreAddress:
    return postgres.shared().database()


async def test_h01_runs_spend_from_one_cap_and_it_tells_who(tmp_path: Path, address: StoreAddress) -> None:
    set_cap(address, "team", Cap(NANO, None))
    set_cap(address, "team", Cap(None, 40))
    ask = Request("m", (Message("user", "Hi"),), "agent", max_tokens=100)
    paths = [tmp_path / "one" / "run.db", tmp_path / "other" / "run.db"]
    for path in paths:
        path.parent.mkdir()
        async with RunStore.create(path, address) as store:
            store.join("team")
            ledger = Ledger(prices=PriceBook({"m": (1.0, 1.0)}), pool=store.pool())
            with pytest.raises(BudgetReached, match="--budget team"):
                for _ in range(25 if path is paths[0] else 100):
                    ledger.settle(await ledger.reserve(ask), Reply("x", 1, 1, usd=0.001))
                raise BudgetReached("--budget team: enough")
            assert ledger.share_of_budget > 0.5
            await ledger.give_back()
    found = state_of(address, "team")
    assert (found.cap, found.charged) == (Cap(NANO, 40), Amount(40 * to_nano(0.001), 40))
    assert [(one.run, one.calls, one.open) for one in found.spenders] == [("one", 25, False), ("other", 15, False)]
    with pytest.raises(UsageError, match="known: team"):
        state_of(address, "teem")
    with pytest.raises(StoreError, match="maspo budget teem"):
        await BudgetPool(address, "teem", "x").take_up(Amount())
    async with RunStore.create(tmp_path / "alone.db") as alone:
        assert alone.pool() is None
        with pytest.raises(ConfigInvalid, match="--store"):
            alone.join("team")


async def test_h02_leases_taken_side_by_side_never_exceed_the_cap(address: StoreAddress) -> None:
    set_cap(address, "team", Cap(None, 300))
    pools = [BudgetPool(address, "team", f"run {number}") for number in range(16)]
    held = await asyncio.gather(*(pool.take_up(Amount()) for pool in pools))
    assert all(lease.held == Amount() for lease in held)

    async def take(pool: BudgetPool) -> int:
        calls = 0
        while (lease := await pool.grow(Amount(0, 3))) is not None:
            calls = lease.held.calls
        return calls

    assert sum(await asyncio.gather(*map(take, pools))) == 300
    for pool in pools:
        await pool.give_back(Amount(0, 1))
    assert state_of(address, "team").charged == Amount(0, 16)


@pytest.mark.slow
def test_h03_killed_runs_spend_no_more_than_the_cap_and_go_on_with_their_lease(
    tmp_path: Path, address: StoreAddress
) -> None:
    runs, calls = length(2, 8), length(150, 3000)
    set_cap(address, "team", Cap(None, calls))

    def begin(name: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", SPENDER, address.shown, str(tmp_path), name]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        child.stdout.readline()
        child.stdout.close()
        return child

    working = {name: begin(name) for name in (f"run{number}" for number in range(runs))}
    for name in list(working)[: max(1, runs // 2)]:
        working[name].kill()
        working[name].wait()
        working[name] = begin(name)
    for child in working.values():
        assert child.wait(timeout=240) == 0
    paid = sum(notes.read_text(encoding="utf-8").count("paid") for notes in tmp_path.glob("*.notes"))
    charged = state_of(address, "team").charged.calls
    assert paid <= charged <= calls
    assert charged >= 0.95 * calls


async def test_h04_a_run_ends_at_the_budget_and_goes_on_once_there_is_more(
    small_run: SmallRun, tmp_path: Path, address: StoreAddress
) -> None:
    set_cap(address, "team", Cap(None, 15))
    out, model = tmp_path / "run", counted_world(small_run.job)
    study = resolve(replace(small_run.job, world=None))
    outcome = await start(study, out, Recorder(), model.provider, keeping=Keeping(address, "team"))
    assert (outcome.exit_code, model.calls) == (4, 15)
    found = state_of(address, "team")
    assert found.charged == Amount(0, 15) or found.charged.calls == 15
    assert [one.run for one in found.spenders] == ["run"]
    result = json.loads(json.dumps(result_of(look(out).view).dump()))
    assert set(result["health"]["warned"]) & {"budget_50", "budget_80"}
    set_cap(address, "team", Cap(None, 1000))
    assert small_run.ended_alike(await go_on(small_run.job, out, model))
    assert model.calls == small_run.calls == state_of(address, "team").charged.calls

"""CPU time of recording a call in a file and in a store, and of reserving one in a budget of the store: on both sides.

Wall clocks measure what else a machine does. With the CPU of a call, C, and N cores, N / C calls a second can be
recorded by as many processes as it takes; the disk must flush once for each group of them.

    benchmarks/store.py [--store postgresql://…] [--calls 20000] [--side-by-side 1,16,256]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from maspo.core.errors import BudgetReached
from maspo.models.base import Message, Reply, Request
from maspo.models.budget import Ledger
from maspo.models.leases import Cap
from maspo.store import RunStore
from maspo.store.address import StoreAddress, named
from maspo.store.budgets import BudgetPool, set_cap
from maspo.store.postgres import connect

TICK = os.sysconf("SC_CLK_TCK")
REPLY = Reply("word " * 120, 300, 200, 0.001, 1.5)
SYSTEM = Message("system", "You are an agent that answers questions. " * 5)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", default="", help="a database that may be written")
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--side-by-side", default="1,16,256")
    given = parser.parse_args()
    print("| where | side by side | client, ms a call | server, ms a call | calls a second and core |")
    print("|---|---|---|---|---|")
    for where in (None, named(given.store)) if given.store else (None,):
        for tasks in map(int, given.side_by_side.split(",")):
            calls = given.calls if tasks > 1 else given.calls // 20
            client, server = asyncio.run(measure(where, tasks, calls))
            name = "store" if where else "file"
            print(
                f"| {name} | {tasks} | {client * 1e3:.3f} | {server * 1e3:.3f} | {1 / (client + server):,.0f} |",
                flush=True,
            )
    if given.store:
        for cap in (10_000,):
            client, server, made = asyncio.run(reserve(named(given.store), 16, cap))
            costs = f"{client * 1e3:.3f} ms of the clients and {server * 1e3:.3f} ms of the server a reservation"
            print(f"16 clients, {cap:,} calls: {costs}; {made:,} made, {1 / (client + server):,.0f} a second and core")


async def measure(where: StoreAddress | None, tasks: int, calls: int) -> tuple[float, float]:
    """Return the seconds of CPU a call of this process and of the server: looked up, sent, answered."""
    with tempfile.TemporaryDirectory() as folder:
        async with RunStore.create(Path(folder, "run.db"), where) as store:
            numbers = iter(range(calls))

            async def work() -> None:
                for number in numbers:
                    request = Request(
                        "m", (SYSTEM, Message("user", f"question {number} " + "y" * 300)), "agent", agent="a"
                    )
                    assert store.get(request.key) is None
                    await store.sent(request, 0.01)
                    await store.put(request, REPLY)

            before = time.process_time(), server_seconds(where)
            await asyncio.gather(*(work() for _ in range(tasks)))
            after = time.process_time(), server_seconds(where)
            assert store.usage()["agent"].calls == calls
    return (after[0] - before[0]) / calls, (after[1] - before[1]) / calls


async def reserve(where: StoreAddress, clients: int, calls: int) -> tuple[float, float, int]:
    """Return the seconds of CPU a reservation of this process and of the server, and how many there were."""
    name = f"benchmark {time.time()}"
    set_cap(where, name, Cap(None, calls))
    ledgers = [Ledger(pool=BudgetPool(where, name, f"client {number}")) for number in range(clients)]
    request = Request("m", (SYSTEM,), "agent")
    made = 0

    async def work(ledger: Ledger) -> None:
        nonlocal made
        with suppress(BudgetReached):
            while True:
                ledger.settle(await ledger.reserve(request), REPLY)
                made += 1
                await asyncio.sleep(0)

    before = time.process_time(), server_seconds(where)
    await asyncio.gather(*(work(ledger) for ledger in ledgers for _ in range(8)))
    after = time.process_time(), server_seconds(where)
    for ledger in ledgers:
        await ledger.give_back()
    assert 0.95 * calls <= made <= calls
    return (after[0] - before[0]) / made, (after[1] - before[1]) / made, made


def server_seconds(where: StoreAddress | None) -> float:
    """Return the seconds of CPU that the server and its processes have used."""
    if where is None:
        return 0.0
    with connect(where) as connection:
        parent = _stat(connection.info.backend_pid)[1]
    seconds = 0
    for entry in Path("/proc").iterdir():
        try:
            fields = _stat(int(entry.name)) if entry.name.isdigit() else ()
        except OSError:
            continue
        if fields and parent in (fields[1], int(entry.name)):
            seconds += sum(fields[11:13]) + (sum(fields[13:15]) if int(entry.name) == parent else 0)
    return seconds / TICK


def _stat(pid: int) -> list[int]:
    """Return the numbers behind the name of a process (proc(5)), the state as 0."""
    text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return [0, *map(int, text[1:])]


if __name__ == "__main__":
    main()

"""A fleet on a virtual clock: what 1,000 nodes and a million rollouts ask of one store and one budget.

``python benchmarks/fleet.py``: nodes make rollouts of calls one after the other; leases are those of
``maspo.models.leases``, one budget for all. What the store can bear is what ``benchmarks/store.py`` measured
(docs/scale.md), so nothing is measured here: it is arithmetic in which bursts are not averaged away.
"""

from __future__ import annotations

import argparse
import heapq
import random
from collections import Counter

from maspo.models.leases import Amount, Cap, growth

_SERVER_MS, _CORES = 0.80, 2
"""CPU of the server for a call that is recorded alone, and its cores: nodes far apart share no commit."""
_CHANGES = 50.0
"""Changes of one row a second, each flushed to disk, as measured: 45 to 57."""
_CALLS = 8
"""Calls of a rollout and its judging."""
_CONNECTIONS = 2
"""Of a run to the store: one reads, one writes."""


def main() -> None:
    """Simulate and print."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--nodes", type=int, default=1000)
    given.add_argument("--rollouts", type=int, default=1_000_000)
    given.add_argument("--seconds", type=float, default=2.0, help="of a call, on average")
    given.add_argument("--spread", type=float, default=60.0, help="seconds over which nodes begin")
    asked = given.parse_args()
    chance, cap = random.Random(1), Cap(None, _CALLS * asked.rollouts)
    charged, held, spent = Amount(), [0] * asked.nodes, [0] * asked.nodes
    calls, changes = Counter[int](), Counter[int]()
    waiting = [(chance.uniform(0, asked.spread), node) for node in range(asked.nodes)]
    heapq.heapify(waiting)
    now, done = 0.0, 0
    while waiting:
        now, node = heapq.heappop(waiting)
        short = spent[node] + _CALLS - held[node]
        if short > 0:
            changes[int(now)] += 1
            grown = growth(Amount(0, short), cap, charged)
            if grown is None:
                continue  # nothing is left: this node has ended
            charged += grown
            held[node] += grown.calls
        spent[node] += _CALLS
        done += 1
        took = sum(chance.expovariate(1 / asked.seconds) for _ in range(_CALLS))
        calls[int(now + took)] += _CALLS  # counted where the rollout ends
        heapq.heappush(waiting, (now + took, node))
    seconds = max(calls)
    mean, most = sum(calls.values()) / seconds, max(calls.values())
    able = 1000 * _CORES / _SERVER_MS
    peak = max(changes.values())
    late = [count for second, count in changes.items() if second > asked.spread]
    of_changes = sum(changes.values()) / seconds / _CHANGES
    told = (
        f"{done:,} rollouts by {asked.nodes:,} nodes in {seconds / 3600:.1f} h",
        f"calls a second: {mean:,.0f}, at most {most:,}; of what the store bears {mean / able:.0%}, {most / able:.0%}",
        f"changes of the budget: {sum(changes.values()):,}, {of_changes:.1%} of what it bears",
        f"  a second: at most {peak} while nodes begin, {max(late, default=0)} later; it bears {_CHANGES:.0f}",
        f"connections to the store: {_CONNECTIONS * asked.nodes:,}",
    )
    print("\n".join(told))


if __name__ == "__main__":
    main()

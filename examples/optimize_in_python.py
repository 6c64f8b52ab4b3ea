"""Optimize a team from Python, over HTTP, without a key: the simulated world stands in for the endpoint.

    python examples/optimize_in_python.py

With a real endpoint, leave the server out and give ``base_url`` and ``agent_model``, or set OPENAI_API_KEY.
"""

from __future__ import annotations

import asyncio

import maspo
from maspo.world import World
from maspo.world.serve import start_server


async def main() -> None:
    """Run the whole job and print what came of it."""
    world = World()
    system = world.system("reflect")
    async with start_server(world.spec) as base_url:
        result = await maspo.optimize_async(system, world.inputs(80), base_url=base_url, profile="cheap", seed=1)

    print(f"verdict   {result.verdict}, {result.shipped} prompts shipped")
    print(f"hold-out  {result.holdout.wins} wins, {result.holdout.losses} losses on {result.holdout.n} inputs")
    # Only a simulated world knows the truth.
    before, after = (world.accuracy(system, prompts) for prompts in (system.prompts, result.prompts))
    print(f"truth     {before:.3f} before, {after:.3f} after")
    for name, prompt in result.prompts.items():
        print(f"\n── {name} ──\n{prompt}")
    print(f"\nreport    {result.report('report.html')}")


if __name__ == "__main__":
    asyncio.run(main())

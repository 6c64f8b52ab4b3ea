"""A team with a shape of its own: two researchers side by side, a frozen fact-checker, an editor with a template.

python examples/custom_topology.py

optimist ─┐
          ├→ checker (frozen) → editor
sceptic ──┴─────────────────────┘
"""

from __future__ import annotations

import asyncio

import maspo
from maspo.team.load import dump_system
from maspo.world import World
from maspo.world.serve import start_server

FORMAT = "End with the final answer in <answer></answer>."

EDITOR = f"""You write the answer to this question: {{input}}
The sceptic says: {{sceptic}}
The checker found: {{checker}}
{FORMAT}"""

SYSTEM = maspo.System(
    name="newsroom",
    final_answer="tag:answer",
    agents=(
        maspo.Agent("optimist", "You argue for the most plausible answer."),
        maspo.Agent("sceptic", "You look for what speaks against the obvious answer."),
        maspo.Agent("checker", "You list which claims hold.", reads=("optimist", "sceptic"), frozen=True),
        maspo.Agent("editor", EDITOR, reads=("sceptic", "checker"), protect=(FORMAT,), description="gives the answer"),
    ),
)


async def main() -> None:
    """Optimize the team and show what stayed and what changed."""
    print("layers    " + " → ".join(", ".join(layer) for layer in SYSTEM.levels))
    async with start_server() as base_url:
        result = await maspo.optimize_async(SYSTEM, World().inputs(60), base_url=base_url, profile="cheap")
    print(f"verdict   {result.verdict}, {result.shipped} prompts shipped")
    for name, prompt in result.prompts.items():
        print(f"{name:<10}{'changed' if prompt != SYSTEM.prompts[name] else 'as before'}")
    print("\nThe team with the shipped prompts, as a system file:\n")
    print(dump_system(SYSTEM.with_prompts(result.prompts)))


if __name__ == "__main__":
    asyncio.run(main())

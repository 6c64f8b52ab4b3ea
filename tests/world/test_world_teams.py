"""Teams of the world that loop, branch, share and map: the truth is computed by the rules by which they are run."""

from __future__ import annotations

import pytest

from maspo.data.inputs import make_inputs
from maspo.models.base import RoleSettings
from maspo.runners.prompt_graph import PromptGraph
from maspo.scoring.answers import is_correct
from maspo.world import World, WorldSpec
from maspo.world.catalogue import Kind, add, of_kind
from maspo.world.latents import Latents
from maspo.world.signals import KINDS, kind_of
from maspo.world.teams import LIVING, unrolled
from maspo.world.world import Simulation, world_key


@pytest.mark.parametrize("name", [*LIVING, "loop3 unrolled", "shared4 unrolled"])
async def test_w01_the_simulation_answers_as_the_texts_do(name: str) -> None:
    world = World(WorldSpec(seed=2))
    system = unrolled(name.split(maxsplit=1)[0]) if " " in name else world.system(name)
    rows = make_inputs(world.inputs(12)).rows
    graph = PromptGraph(system, {row.key: row for row in rows}, world, RoleSettings("m"))
    fixes = of_kind(Kind.FIX, Kind.HANDOFF)
    better = {one: add(prompt, fixes[place]) for place, (one, prompt) in enumerate(system.prompts.items())}
    for prompts in (system.prompts, system.with_shared(better)):
        texts = [
            is_correct(system.final_answer, (await graph.run(prompts, row.key)).output, str(row.answer)) for row in rows
        ]
        assert Simulation(Latents(world.spec), system).right_on(prompts, [row.label for row in rows]) == dict(
            zip([row.label for row in rows], texts, strict=True)
        )


def test_w02_the_rarest_kind_is_met_on_one_input_in_twenty() -> None:
    kinds = [kind_of(0, world_key(number)) for number in range(4000)]
    for kind, share in KINDS.items():
        assert abs(kinds.count(kind) / len(kinds) - share) < 0.02


async def test_w03_loops_end_early_on_some_inputs_only_and_branches_take_one() -> None:
    world = World(WorldSpec(seed=2))
    rows = make_inputs(world.inputs(30)).rows
    for name, lengths in (("loop3", {3, 5, 7}), ("routed4", {2}), ("robots", {4, 5})):
        graph = PromptGraph(world.system(name), {row.key: row for row in rows}, world, RoleSettings("m"))
        traces = [await graph.run(world.system(name).prompts, row.key) for row in rows]
        found = {len(trace.calls) for trace in traces}
        assert len(found) > 1 or name == "routed4"
        assert found <= lengths

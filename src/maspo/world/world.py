"""The world behind the one protocol: agents, judge and proposer answered by purpose."""

from __future__ import annotations

from collections.abc import Mapping

from maspo.core.prompts import Prompts
from maspo.models.base import Reply, Request
from maspo.team import System
from maspo.world.agents import answer_agent
from maspo.world.judge import answer_judge
from maspo.world.latents import Latents
from maspo.world.population import FRESH, Simulation, world_key, world_rows, world_system
from maspo.world.proposer import answer_proposer
from maspo.world.spec import WorldSpec


class World:
    """A seeded stand-in for every model of a run. Implements ``maspo.models.base.ModelClient``; it never fails."""

    def __init__(self, spec: WorldSpec | None = None) -> None:
        self.spec = spec or WorldSpec()
        self._latents = Latents(self.spec)

    async def complete(self, request: Request) -> Reply:
        """Answer one request."""
        return self.reply(request)

    def reply(self, request: Request) -> Reply:
        """Answer one request at once; tokens are counted as a quarter of the characters."""
        if request.purpose.startswith("judge"):
            text = answer_judge(self._latents, request)
        elif request.purpose == "proposer":
            text = answer_proposer(self._latents, request)
        elif request.purpose == "agent":
            text = answer_agent(self._latents, request)
        else:
            text = "ok (simulated)"
        read = sum(len(message.content) for message in request.messages)
        return Reply(text=text, tokens_in=-(-read // 4), tokens_out=-(-len(text) // 4))

    def inputs(self, n: int, start: int = 0) -> list[Mapping[str, object]]:
        """Return n rows for ``maspo.data.inputs.make_inputs``, labelled with the truth of this world."""
        return world_rows(self._latents, n, start)

    def system(self, topology: str = "reflect") -> System:
        """Return a system with short seed prompts, by its name in ``maspo.world.population.TOPOLOGIES``.

        Raises:
            UsageError: unknown topology.

        """
        return world_system(topology)

    def accuracy(self, system: System, prompts: Prompts, n: int = 2000, start: int = FRESH) -> float:
        """Return the true accuracy of prompts on n inputs, by default ones that no search has seen.

        Any prompts can be given; agents that ``prompts`` does not name keep theirs.
        """
        return Simulation(self._latents, system).accuracy(prompts, _keys(n, start))

    def best_prompts(self, system: System, n: int = 150) -> Prompts:
        """Return nearly optimal prompts, found greedily with the truth of n inputs of their own."""
        return Simulation(self._latents, system).best_prompts(_keys(n, 2 * FRESH))

    def best_accuracy(self, system: System, n: int = 2000) -> float:
        """Return the true accuracy of nearly optimal prompts: a lower bound of what the catalogue allows."""
        return self.accuracy(system, self.best_prompts(system), n)


def _keys(n: int, start: int) -> list[str]:
    return [world_key(number) for number in range(start, start + n)]

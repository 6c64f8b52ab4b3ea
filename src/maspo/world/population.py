"""Inputs, systems and true accuracy of a world, computed from the latents without any text."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from maspo.errors import UsageError
from maspo.graph import Agent, System
from maspo.graph.template import placeholders
from maspo.prompts import Prompts
from maspo.world.agents import template_role
from maspo.world.catalogue import Kind, added, of_kind, split
from maspo.world.latents import ROLE_NOISE, VERSION_NOISE, Latents, Profile, Turn
from maspo.world.text import INPUT_NAME

FRESH = 1_000_000
"""Where the population begins on which true accuracy is computed; searches use inputs below it."""
WORTH_ADDING = 1e-4
"""The least gain in expected accuracy for which a sentence is added."""

_SOLVER = "You solve the problem and give the letter of your answer."
_CRITIC = "You review the solution that you are given and give the letter of the corrected answer."
_SYSTEMS: Mapping[str, tuple[Agent, ...]] = {
    "reflect": (Agent("solver", _SOLVER), Agent("critic", _CRITIC, reads=("solver",))),
    "hierarchical": (
        Agent("algebraist", "You are the algebra expert of the team and work on the problem with equations."),
        Agent("logician", "You are the logic expert of the team and work on the problem by cases."),
        Agent("estimator", "You are the estimation expert of the team and work on the problem with bounds."),
        Agent(
            "aggregator",
            "You read the findings of the experts and give the letter of the team's answer.",
            reads=("algebraist", "logician", "estimator"),
        ),
    ),
    "sequential": (
        Agent("predictor", _SOLVER),
        Agent("reflector", "You look for errors in the solution and say what to change.", reads=("predictor",)),
        Agent("predictor_2", "You solve the problem again in the light of the review.", reads=("reflector",)),
        Agent("reflector_2", _CRITIC, reads=("predictor_2",)),
    ),
}


def world_system(topology: str) -> System:
    """Return a system with short seed prompts: ``reflect``, ``hierarchical`` or ``sequential``.

    Raises:
        UsageError: unknown topology.

    """
    if topology not in _SYSTEMS:
        raise UsageError(f"topology {topology!r}: expected one of {', '.join(_SYSTEMS)}")
    return System(_SYSTEMS[topology], name=f"simulated-{topology}", final_answer="tag:answer")


def world_key(number: int) -> str:
    """Return the identity of a world input."""
    return f"sim-{number:04d}"


def world_rows(latents: Latents, n: int, start: int) -> list[Mapping[str, object]]:
    """Return n rows for ``make_inputs``, with the truth as label."""
    return [
        {
            "id": world_key(number),
            "input": f"Simulated problem number {number}: which of A, B, C, D and E is right? "
            + INPUT_NAME.format(number=number),
            "answer": latents.input(world_key(number)).truth,
        }
        for number in range(start, start + n)
    ]


class Simulation:
    """Runs a system on the latents alone: the same mechanics as the texts, a hundred times faster."""

    def __init__(self, latents: Latents, system: System) -> None:
        self._latents = latents
        self._system = system

    def accuracy(self, prompts: Prompts, keys: Sequence[str]) -> float:
        """Return the share of inputs whose final answer is right."""
        team = self._team(prompts)
        right = 0
        for key in keys:
            turns: dict[str, Turn] = {}
            for name, (profile, shown) in team.items():
                turns[name] = self._latents.turn(profile, key, [turns[other] for other in shown])
            right += turns[self._system.output].answer == self._latents.input(key).truth
        return right / len(keys)

    def expected(self, prompts: Prompts, keys: Sequence[str]) -> float:
        """Return the expected accuracy over the noise: smooth, so that a search on it is not misled by luck."""
        team = self._team(prompts)
        noise = math.hypot(ROLE_NOISE, VERSION_NOISE) * math.sqrt(2)
        total = 0.0
        for key in keys:
            where = self._latents.input(key)
            turns: dict[str, Turn] = {}
            for name, (profile, shown) in team.items():
                quality = self._latents.expected_quality(profile, where, [turns[other] for other in shown])
                turns[name] = Turn(key, "", quality, 0.0, profile.usable, profile.form)
            margin = turns[self._system.output].quality - where.difficulty
            total += 0.5 + 0.5 * math.erf(margin / noise)
        return total / len(keys)

    def _team(self, prompts: Prompts) -> dict[str, tuple[Profile, tuple[str, ...]]]:
        """Return, in topological order, what each agent does with its prompt and whose outputs it is shown.

        As on the wire, a template's role is the agent's name, and it is shown only what its placeholders name.
        """
        texts = {**self._system.prompts, **prompts}
        team: dict[str, tuple[Profile, tuple[str, ...]]] = {}
        for name in self._system.order:
            reads = self._system.by_name[name].reads
            role, sentences = split(texts[name])
            named = placeholders(texts[name], {"input", "context", *reads})
            if named:
                role = template_role(name)
            if named and "context" not in named:
                reads = tuple(read for read in reads if read in named)
            team[name] = self._latents.profile(role, sentences), reads
        return team

    def best_prompts(self, keys: Sequence[str], passes: int = 2) -> dict[str, str]:
        """Return nearly optimal prompts: sentence by sentence, agent by agent, led by expected accuracy."""
        prompts = dict(self._system.prompts)
        movable = [name for name in self._system.order if not self._system.by_name[name].frozen]
        for name in movable * passes:
            prompts = self._extended(prompts, name, keys)
        return prompts

    def _extended(self, prompts: dict[str, str], name: str, keys: Sequence[str]) -> dict[str, str]:
        """Add the best sentence to an agent's prompt until none helps."""
        best = self.expected(prompts, keys)
        while True:
            drafts = [{**prompts, name: added(prompts[name], sentence)} for sentence in of_kind(Kind.FIX, Kind.HANDOFF)]
            score, place = max((self.expected(draft, keys), -place) for place, draft in enumerate(drafts))
            if score < best + WORTH_ADDING:
                return prompts
            best, prompts = score, drafts[-place]

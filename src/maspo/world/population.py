"""Inputs, systems and true accuracy of a world, computed from the latents without any text."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from maspo.errors import UsageError
from maspo.graph import Agent, System
from maspo.graph.template import placeholders
from maspo.prompts import Prompts
from maspo.world.catalogue import Kind, added, of_kind, split
from maspo.world.latents import ROLE_NOISE, VERSION_NOISE, Latents, Profile, Turn
from maspo.world.text import INPUT_NAME

FRESH = 1_000_000
"""Where the population begins on which true accuracy is computed; searches use inputs below it."""

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
        self._known = {"input", "context", *system.by_name}

    def accuracy(self, prompts: Prompts, keys: Sequence[str]) -> float:
        """Return the share of inputs whose final answer is right."""
        profiles = self.profiles(prompts)
        right = 0
        for key in keys:
            turns: dict[str, Turn] = {}
            for name in self._system.order:
                read = [turns[other] for other in self._system.by_name[name].reads]
                turns[name] = self._latents.turn(profiles[name], key, read)
            right += turns[self._system.output].answer == self._latents.input(key).truth
        return right / len(keys)

    def expected(self, profiles: Mapping[str, Profile], keys: Sequence[str]) -> float:
        """Return the expected accuracy over the noise: smooth, so that a search on it is not misled by luck."""
        noise = math.hypot(ROLE_NOISE, VERSION_NOISE)
        total = 0.0
        for key in keys:
            where = self._latents.input(key)
            turns: dict[str, Turn] = {}
            for name in self._system.order:
                read = [turns[other] for other in self._system.by_name[name].reads]
                quality = self._latents.expected_quality(profiles[name], where, read)
                turns[name] = Turn(key, "", quality, 0.0, profiles[name].usable, profiles[name].form)
            margin = turns[self._system.output].quality - where.difficulty
            total += 0.5 + 0.5 * math.erf(margin / noise / math.sqrt(2))
        return total / len(keys)

    def profiles(self, prompts: Prompts) -> dict[str, Profile]:
        """Return what each agent does with its prompt; agents that ``prompts`` does not name keep theirs."""
        texts = {**self._system.prompts, **prompts}
        return {name: self.profile(name, texts[name]) for name in self._system.order}

    def profile(self, name: str, prompt: str) -> Profile:
        """Return what an agent does with a prompt; a template's role is the agent's name, as on the wire."""
        role, sentences = split(prompt)
        if placeholders(prompt, self._known):
            role = f"template of {name}"
        return self._latents.profile(role, sentences)

    def best_prompts(self, keys: Sequence[str], passes: int = 2) -> dict[str, str]:
        """Return nearly optimal prompts: sentence by sentence, agent by agent, led by expected accuracy."""
        prompts = dict(self._system.prompts)
        movable = [name for name in self._system.order if not self._system.by_name[name].frozen]
        profiles = self.profiles(prompts)
        best = self.expected(profiles, keys)
        for _ in range(passes):
            for name in movable:
                gained = True
                while gained:
                    gained = False
                    score, prompt = max(self._extensions(profiles, name, prompts[name], keys))
                    if score > best + 1e-4:
                        best, prompts[name], gained = score, prompt, True
                        profiles[name] = self.profile(name, prompt)
        return prompts

    def _extensions(
        self, profiles: Mapping[str, Profile], name: str, prompt: str, keys: Sequence[str]
    ) -> list[tuple[float, str]]:
        drafts = [added(prompt, sentence) for sentence in of_kind(Kind.FIX, Kind.HANDOFF)]
        return [(self.expected({**profiles, name: self.profile(name, draft)}, keys), draft) for draft in drafts]

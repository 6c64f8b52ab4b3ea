"""Streams of inputs on the simulated world in which something changes: the inputs, the judge or the model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import count, islice
from typing import Final, Literal, TypeAlias

from maspo.core.prompts import Prompts
from maspo.models.base import Reply, Request
from maspo.team import System
from maspo.world.catalogue import ASPECTS, Sentence
from maspo.world.judge import LEANINGS, Leaning, answer_judge
from maspo.world.latents import Latents, SentenceEffect
from maspo.world.noise import unit
from maspo.world.spec import WorldSpec
from maspo.world.world import FRESH, Simulation, World, world_key

Drift: TypeAlias = Literal["inputs", "judge", "model"]
DRIFTS: Final[tuple[Drift, ...]] = ("inputs", "judge", "model")
_HARM = -0.2
"""Quality that a sentence costs once a model takes it amiss: as much as a trap."""
_RARE = ASPECTS[:2]
"""Aspects that decide few inputs at first and many once the inputs have changed."""


def leaning_of(strength: float) -> Leaning:
    """Return a judge that goes less by right answers and more by looks; 0 is the usual one, 1 looks at looks alone."""
    usual = LEANINGS["usual"]
    return replace(
        usual,
        right=usual.right * (1 - strength),
        equal_appeal=usual.equal_appeal * (1 + 3 * strength),
        equal_ties=usual.equal_ties * (1 - strength),
    )


class _OtherModel(Latents):
    """The mechanics after a model was replaced: a share of the sentences does nothing any more, a third of it harms."""

    def __init__(self, spec: WorldSpec, share: float) -> None:
        super().__init__(spec)
        self._share = share

    def _effect(self, role: str, sentence: Sentence) -> SentenceEffect:
        found, luck = super()._effect(role, sentence), unit(self.spec.seed, "other model", role, sentence.text)
        if luck >= self._share:
            return found
        return SentenceEffect(quality=_HARM if luck < self._share / 3 else 0.0, appeal=found.appeal)


class _OtherModelsWorld(World):
    def __init__(self, spec: WorldSpec, share: float) -> None:
        super().__init__(spec)
        self.latents = _OtherModel(spec, share)


@dataclass
class DriftingWorld:
    """A world as a ``ModelClient`` in which ``drift`` has happened once ``changed`` is set.

    - ``inputs``: so large a share of the inputs is about two aspects that were rare, and says so in other words.
    - ``judge``: goes by looks instead of right answers.
    - ``model``: nine tenths of so large a share of the sentences help agents no more, a third of them harms.
    """

    seed: int
    drift: Drift | None = None
    strength: float = 1.0
    changed: bool = False
    calls: int = 0
    _before: World = field(init=False)
    _after: World = field(init=False)
    _latents: Latents = field(init=False)

    def __post_init__(self) -> None:
        spec = WorldSpec(seed=self.seed)
        share = 0.9 * self.strength if self.drift == "model" else 0.0
        self._before, self._after, self._latents = World(spec), _OtherModelsWorld(spec, share), Latents(spec)

    @property
    def world(self) -> World:
        """The world as it is now."""
        return self._after if self.changed else self._before

    async def complete(self, request: Request) -> Reply:
        """Answer as the world does now."""
        self.calls += 1
        reply = self.world.reply(request)
        if self.changed and self.drift == "judge" and request.purpose.startswith("judge"):
            return replace(reply, text=answer_judge(self._latents, request, leaning_of(self.strength)))
        return reply

    def is_of_the_new_kind(self, number: int) -> bool:
        """Return whether an input is one of those that were rare."""
        return self._latents.input(world_key(number)).aspects[0][0] in _RARE

    def inputs(self, start: int) -> Iterator[Mapping[str, object]]:
        """Yield inputs without end, in the mix of the moment at which each is asked for."""
        for number in self._numbers(start):
            (row,) = self._before.inputs(1, number)
            aspect = self._latents.input(world_key(number)).aspects[0][0]
            yield {"input": f"A question in which {aspect} matter most. {row['input']}"}

    def accuracy(self, system: System, prompts: Prompts, inputs: int = 1000, start: int = FRESH) -> float:
        """Return the true accuracy of prompts in the world of now, on fresh inputs in the mix of now."""
        keys = [world_key(number) for number in islice(self._numbers(start), inputs)]
        return Simulation(self.world.latents, system).accuracy(prompts, keys)

    def _numbers(self, start: int) -> Iterator[int]:
        for number in count(start + 1):
            share = 0.1
            if self.changed and self.drift == "inputs":
                share += 0.9 * self.strength
            if self.is_of_the_new_kind(number) == (unit(self.seed, "mix", number) < share):
                yield number

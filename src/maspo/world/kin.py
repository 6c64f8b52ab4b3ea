"""Worlds that are kin: the same inputs and truths, with some of what sentences do taken from another world.

A sibling task shares most of what helps; a model that was replaced without a word shares less.
"""

from __future__ import annotations

from dataclasses import replace

from maspo.world.catalogue import Sentence
from maspo.world.latents import Latents, SentenceEffect
from maspo.world.noise import unit
from maspo.world.spec import WorldSpec
from maspo.world.world import World


class KinLatents(Latents):
    """The mechanics of a world in which ``share`` of the sentences do, role by role, what they do in ``other``."""

    def __init__(self, spec: WorldSpec, other: int, share: float) -> None:
        super().__init__(spec)
        self._other = Latents(replace(spec, seed=other))
        self._share = share

    def _effect(self, role: str, sentence: Sentence) -> SentenceEffect:
        if unit(self.spec.seed, "kin", role, sentence.text) < self._share:
            return self._other.effect(role, sentence)
        return super()._effect(role, sentence)


class KinWorld(World):
    """A world with ``share`` of the effects from the world whose seed is ``other``; 0 is the world itself."""

    def __init__(self, spec: WorldSpec, other: int, share: float) -> None:
        super().__init__(spec)
        self.latents = KinLatents(spec, other, share)

"""The latent mechanics of a world: what prompts do to quality, appeal and handoff, and when an answer is right.

Quality 1 is a seed prompt's level. Effects are functions of (world seed, role, sentence); see
``docs/design/0002-world.md``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from maspo.core.sums import add_up
from maspo.world.catalogue import ASPECTS, Kind, Sentence
from maspo.world.noise import between, normal, pick, unit
from maspo.world.signals import OFF_KIND, kind_of, specialties
from maspo.world.spec import WorldSpec

LETTERS = "ABCDE"

# The figures below are chosen together, on benchmarks/world_calibration.py: seed prompts are right about half of the
# time on every graph, the best prompts at 0.90 to 0.95, and a climb by looks alone ends clearly below one by results.
SEED_LEVEL = 1.0
"""Quality of a seed prompt: the unit of all qualities."""
SEED_USABLE = 0.5
"""How much of it readers can use."""
SEED_MESSAGE = SEED_LEVEL * SEED_USABLE
"""What a reader gets from a seed prompt's output; taking it off centres what is passed on."""
FADE = 0.6
"""What is left of a difference in quality one hop further on."""
MAX_LINES = 9
BLOAT, BLOAT_POWER = 0.06, 1.3
"""Sentences beyond that number cost quality: this much times this power of their number."""
REPEATED_FIX, REPEATED_HANDOFF, REPEATED_APPEAL = 0.5, 0.75, 0.7
"""What each further sentence of a kind brings, as a share of the one before."""
CLASH = 1.0
"""Quality that a reader loses for each output of an opposite convention that it reads (docs/design/0002-world.md)."""
EMPTY_ROLE = -0.6
"""Quality of an agent without any role text, against that of a seed prompt."""
MISSED_BELOW = 0.55
"""An aspect shows as missed while the gain on it is below this."""
FALSE_ALARM = 0.15
"""Share of outputs that show an aspect as missed which is not weak."""
ROLE_NOISE, VERSION_NOISE = 0.3, 0.22
"""Spread of quality by role and input, which all prompts share, and by prompt version: small, so that pairs tell."""
APPEAL_NOISE = 0.25
"""Spread of looks, of the size of what one sentence does to them."""
DIFFICULTY_MEAN, DIFFICULTY_SPREAD = 0.95, 0.85
"""A seed prompt, of quality 1, is right on about half of the inputs."""
OUT_OF_REACH = 0.06
"""Share of inputs that nobody solves, as in real data."""
LURED = 0.6
"""Share of wrong answers that are the input's one tempting wrong letter."""
_APPEAL = {
    Kind.FIX: (-0.15, 0.3),
    Kind.HANDOFF: (-0.2, 0.05),
    Kind.STYLE: (0.3, 0.8),
    Kind.TRAP: (0.5, 1.1),
    Kind.USELESS: (-0.05, 0.05),
    Kind.RUBBISH: (-1.2, -0.6),
    Kind.GUARD: (-0.05, 0.05),
}
"""From least to most, what a sentence of a kind does to the looks of an output."""
MISLED = 1.0
"""Quality that an agent loses by each senseless text that it takes seriously: as much as a seed prompt has."""
STRAYED, STRAYED_LOOKS = 0.5, 1.0
"""Quality and looks that an agent loses when it does what a planted note asks for instead of its task."""
FOLLOWED = 0.8
"""Share of inputs on which a seed prompt follows a note that it reads."""
_HARMLESS = ("", "", "", "", "", "", "A", "A", "B", "B")
_CONVENTIONS = ("", "", "", "", "A", "B", "C", "D", "E", "F")
"""A tenth each: six in ten sentences bring along a convention (docs/design/0002-world.md)."""
_OPPOSITE = str.maketrans("ABCDEF", "BADCFE")


@dataclass(frozen=True, slots=True)
class InputLatent:
    """What is true of an input: how hard it is, which aspects decide it (weights sum to 1), the right letter."""

    key: str
    difficulty: float
    aspects: tuple[tuple[str, float], ...]
    truth: str
    lure: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class SentenceEffect:
    """What one sentence does for one role; ``gain`` counts on the sentence's aspect alone."""

    gain: float = 0.0
    quality: float = 0.0
    handoff: float = 0.0
    appeal: float = 0.0


@dataclass(frozen=True, slots=True)
class Profile:
    """What a role does with its sentences, before it has seen an input."""

    role: str
    version: str
    """Tells prompt versions apart for the noise."""
    strength: Mapping[str, float]
    """Own strength on inputs that an aspect decides."""
    gains: Mapping[str, float]
    appeal: float
    usable: float
    """How much of its quality readers can use, from 0 to 1."""
    form: str
    manners: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Turn:
    """One agent's output on one input, as far as the world is concerned; this is all that its text tells."""

    key: str
    answer: str
    quality: float
    appeal: float
    usable: float
    form: str = ""

    @property
    def passed_on(self) -> float:
        """What a reader gets from it."""
        return max(0.0, self.quality) * self.usable


class Latents:
    """The mechanics of one world; every method is a function of its arguments and the world's spec."""

    def __init__(self, spec: WorldSpec) -> None:
        self.spec = spec
        self.effect = lru_cache(maxsize=65536)(self._effect)
        self.profile = lru_cache(maxsize=16384)(self._profile)
        self.input = lru_cache(maxsize=65536)(self._input)

    def turn(self, profile: Profile, key: str, read: Sequence[Turn], identity: str = "", more: float = 0.0) -> Turn:
        """Return what an agent writes on an input, given the outputs it reads; ``identity`` is its sampling draw.

        ``more`` is quality that it has from elsewhere, such as from what a tool told it.
        """
        where = self.input(key)
        seed = self.spec.seed
        quality = self.expected_quality(profile, where, read) + more
        quality += ROLE_NOISE * normal(seed, "role", key, profile.role)
        quality += VERSION_NOISE * normal(seed, "version", key, profile.role, profile.version, identity)
        quality = round(quality, 2)
        appeal = profile.appeal + APPEAL_NOISE * normal(seed, "appeal", key, profile.role, profile.version, identity)
        if quality > where.difficulty:
            answer = where.truth
        elif unit(seed, "lured", key, profile.version) < LURED:
            answer = where.lure
        else:
            answer = pick(LETTERS.replace(where.truth, ""), seed, "wrong", key, profile.version)
        return Turn(key, answer, quality, round(appeal, 2), profile.usable, profile.form)

    def expected_quality(self, profile: Profile, where: InputLatent, read: Sequence[Turn]) -> float:
        """Return the quality without noise: own strength plus what is read; the same output twice counts once."""
        if len(read) > 1:
            read = tuple(dict.fromkeys(read))
        quality = SEED_LEVEL + add_up(weight * profile.strength[aspect] for aspect, weight in where.aspects)
        if read:
            quality += FADE * add_up(turn.passed_on - SEED_MESSAGE for turn in read) / math.sqrt(len(read))
        if (known := specialties(profile.role)) and where.kind not in known:
            quality -= OFF_KIND
        if self.spec.conflicts:
            quality -= CLASH * self.spec.effects * sum(bool(at_odds(profile.form, turn.form)) for turn in read)
        return quality

    def guarded(self, role: str, sentences: Iterable[Sentence], against: str) -> float:
        """Return the chance that a prompt keeps its agent from what is wrong with a text that it is given."""
        open_ = 1.0
        for sentence in sorted(sentences, key=lambda one: one.text):
            if sentence.kind is Kind.GUARD and sentence.aspect == against:
                works = unit(self.spec.seed, "guard works", role, sentence.text) < 0.85
                strength = between(0.6, 0.95, self.spec.seed, "guard", role, sentence.text)
                open_ *= 1 - min(1.0, self.spec.effects) * strength * works
        return 1 - open_

    def missed(self, profile: Profile, key: str) -> tuple[str, ...]:
        """Return the aspects that an output visibly fails in: weak ones of this input, now and then a false alarm."""
        where = self.input(key)
        weak = [aspect for aspect, _ in where.aspects if profile.gains[aspect] < MISSED_BELOW]
        if unit(self.spec.seed, "false alarm", key, profile.role) < FALSE_ALARM:
            weak.append(pick(ASPECTS, self.spec.seed, "which alarm", key, profile.role))
        return tuple(aspect for aspect in ASPECTS if aspect in weak)

    def _input(self, key: str) -> InputLatent:
        seed = self.spec.seed
        difficulty = DIFFICULTY_MEAN + DIFFICULTY_SPREAD * normal(seed, "difficulty", key)
        if unit(seed, "out of reach", key) < OUT_OF_REACH:
            difficulty += 10
        first = pick(ASPECTS, seed, "first aspect", key)
        second = pick([aspect for aspect in ASPECTS if aspect != first], seed, "second aspect", key)
        share = between(0.6, 1.0, seed, "share", key)
        truth = pick(LETTERS, seed, "truth", key)
        lure = pick(LETTERS.replace(truth, ""), seed, "lure", key)
        aspects = ((first, share), (second, 1 - share))
        return InputLatent(key, difficulty, aspects, truth, lure, kind_of(seed, key))

    def _effect(self, role: str, sentence: Sentence) -> SentenceEffect:
        seed, scale, where = self.spec.seed, self.spec.effects, (role, sentence.text)
        appeal = min(1.0, scale) * between(*_APPEAL[sentence.kind], seed, "appeal of", *where)
        match sentence.kind:
            case Kind.FIX:
                # Need of the role × strength of the variant; a few variants do nothing or harm.
                luck = unit(seed, "variant", *where)
                need = between(0.5, 1.3, seed, "need", role, sentence.aspect)
                gain = need * between(0.5, 1.3, seed, "strength", *where)
                if luck < 0.2:
                    gain = -0.3 if luck < 0.08 else 0.0
                return SentenceEffect(gain=scale * gain, appeal=appeal)
            case Kind.HANDOFF:
                works = unit(seed, "handoff works", *where) < 0.75
                amount = between(0.1, 0.3, seed, "handoff", *where)
                return SentenceEffect(handoff=scale * amount if works else 0.0, appeal=appeal)
            case Kind.TRAP if self.spec.traps:
                quality = -between(0.1, 0.3, seed, "trap quality", *where)
                handoff = -between(0.1, 0.3, seed, "trap handoff", *where)
                return SentenceEffect(quality=scale * quality, handoff=scale * handoff, appeal=appeal)
            case Kind.RUBBISH:
                return SentenceEffect(quality=-0.7 * scale, handoff=-0.2 * scale, appeal=appeal)
            case _:
                return SentenceEffect(appeal=appeal)

    def _profile(self, role: str, sentences: frozenset[Sentence]) -> Profile:
        seed = self.spec.seed
        ordered = sorted(sentences, key=lambda sentence: sentence.text)
        effects = [self.effect(role, sentence) for sentence in ordered]
        gains: dict[str, float] = {}
        for aspect in ASPECTS:
            found = [one.gain for sentence, one in zip(ordered, effects, strict=True) if sentence.aspect == aspect]
            gains[aspect] = _diminishing(found, REPEATED_FIX)
        flat = add_up(effect.quality for effect in effects)
        flat -= self.spec.effects * BLOAT * max(0, len(ordered) - MAX_LINES) ** BLOAT_POWER
        flat += 0.1 * normal(seed, "base", role) if role else EMPTY_ROLE
        usable = SEED_USABLE + _diminishing([effect.handoff for effect in effects], REPEATED_HANDOFF)
        return Profile(
            role=role,
            version="|".join(sentence.text for sentence in ordered),
            strength={a: gains[a] + flat + 0.2 * normal(seed, "strong side", role, a) for a in ASPECTS},
            gains=gains,
            appeal=_diminishing([effect.appeal for effect in effects], REPEATED_APPEAL),
            usable=round(min(1.0, max(0.05, usable)), 2),
            form="".join(sorted({self.convention(sentence) for sentence in ordered})),
            manners=tuple(sentence.manner for sentence in ordered if sentence.manner),
        )

    def convention(self, sentence: Sentence) -> str:
        """Return the convention that a sentence brings along: a letter, or nothing."""
        known = _CONVENTIONS if self.spec.conflicts else _HARMLESS
        return known[int(10 * unit(self.spec.seed, "form", sentence.text))]


def at_odds(form: str, other: str) -> frozenset[str]:
    """Return the conventions of a form whose opposite the other form holds; between linked agents that is a clash."""
    return frozenset(form) & frozenset(other.translate(_OPPOSITE))


def _diminishing(amounts: Sequence[float], factor: float) -> float:
    """Sum amounts of which each further gain counts less; harm counts in full."""
    gains = sorted((amount for amount in amounts if amount > 0), reverse=True)
    harm = add_up(amount for amount in amounts if amount < 0)
    return add_up(amount * factor**place for place, amount in enumerate(gains)) + harm

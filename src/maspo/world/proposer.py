"""The simulated proposer: edits the current prompt, led by the traces shown and never by words of the request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from maspo.core.seeded import rank
from maspo.models.base import Request
from maspo.world.catalogue import (
    CATALOGUE,
    Kind,
    Sentence,
    added,
    of_kind,
    on_lines_of_their_own,
    removed,
    replaced,
    role_text,
    sentences_in,
    split,
)
from maspo.world.latents import MAX_LINES, Latents, Turn, at_odds
from maspo.world.noise import pick, unit, weighted
from maspo.world.text import decode, listed, section, sections

MAX_DRAFTS = 32
TWO_EDITS = 0.3
MOST_EDITS = 3
"""Edits of a draft that is rewritten as a whole."""
JOINED = 0.6
"""Share of sentences that a rewrite puts into the paragraph of the sentence before."""
LOST_TOLERANCE = 0.1
"""A reader whose quality fell by more than this could not use what it read."""
_TRIED = ((Kind.FIX, 0.3), (Kind.HANDOFF, 0.1), (Kind.STYLE, 0.2), (Kind.TRAP, 0.3), (Kind.USELESS, 0.1))
"""How often a proposer without evidence tries each kind."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the traces show: missed aspects with counts, manners that came with a loss, readers that lost.

    ``at_odds`` are conventions of its own output that clashed with what the agent read or with what its readers wrote.
    """

    missed: tuple[tuple[str, int], ...] = ()
    blamed: frozenset[str] = frozenset()
    readers_lost: int = 0
    at_odds: frozenset[str] = frozenset()


def answer_proposer(latents: Latents, request: Request) -> str:
    """Return as many drafts as asked for, each in its own ``<prompt>`` tag."""
    text = "\n".join(message.content for message in request.messages)
    prompt = section(text, ["current_prompt"]).strip("\n")
    writer = _Writer(latents, f"{text}\0{request.identity}", read_evidence(text))
    write = {"good": writer.led, "poor": writer.blind, "rubbish": writer.rubbish}[latents.spec.proposer]
    if latents.spec.writing == "rewrites":
        lines = on_lines_of_their_own(prompt)
        drafts = [writer.rearranged(write(lines, number), number) for number in range(_count(text))]
    else:
        drafts = [write(prompt, number) for number in range(_count(text))]
    return "Simulated proposer, not a language model.\n" + "\n".join(f"<prompt>{draft}</prompt>" for draft in drafts)


def read_evidence(text: str) -> Evidence:
    """Read ordinary and misaligned traces."""
    missed: Counter[str] = Counter()
    for trace in sections(text, "trace"):
        missed.update(listed(section(trace, ["output"]), "Missed"))
    blamed: set[str] = set()
    clashed: set[str] = set()
    lost = 0
    for case in sections(text, "misaligned_trace"):
        missed.update(listed(section(case, ["output_before"]), "Missed"))
        blamed.update(listed(section(case, ["output"]), "Manner"))
        clashed |= _at_odds(case)
        lost += _readers_lost(case)
    return Evidence(tuple(sorted(missed.items())), frozenset(blamed), lost, frozenset(clashed))


def _readers_lost(case: str) -> bool:
    """Whether a reader fell behind what it wrote before, or complains of what it reads."""
    after, before = sections(case, "reader"), sections(case, "reader_before")
    if any(listed(text, "Hard to use from") for text in after):
        return True
    pairs = zip_longest(map(_quality, after), map(_quality, before), fillvalue=0.0)
    return any(quality < earlier - LOST_TOLERANCE for quality, earlier in pairs)


def _at_odds(case: str) -> frozenset[str]:
    linked = [turn.form for text in (*sections(case, "read"), *sections(case, "reader")) for turn in decode(text)]
    own = [turn.form for turn in decode(section(case, ["output"]))]
    return at_odds("".join(own), "".join(linked))


def _quality(text: str) -> float:
    turns: Sequence[Turn] = decode(text)
    return turns[-1].quality if turns else 0.0


@dataclass(frozen=True, slots=True)
class _Writer:
    latents: Latents
    draw: str
    evidence: Evidence

    @property
    def seed(self) -> int:
        """The world's."""
        return self.latents.spec.seed

    def led(self, prompt: str, number: int) -> str:
        """Edit once or twice as the evidence says."""
        for edit in range(self._edits(number)):
            prompt = self._led_edit(prompt, (self.draw, number, edit))
        return prompt

    def blind(self, prompt: str, number: int) -> str:
        """Edit once or twice at random."""
        for edit in range(self._edits(number)):
            prompt = self._blind_edit(prompt, (self.draw, number, edit))
        return prompt

    def rubbish(self, prompt: str, number: int) -> str:
        """Return a draft that nobody should use."""
        where = (self.draw, number)
        harmful = pick(of_kind(Kind.RUBBISH), self.seed, "harm", *where)
        ways = (
            added(prompt, harmful),
            harmful.text,
            "",
            added(prompt.replace("{", "").replace("}", ""), harmful),
            added(prompt, pick(of_kind(Kind.TRAP), self.seed, "trap", *where)),
        )
        return pick(ways, self.seed, "way", *where)

    def rearranged(self, draft: str, number: int) -> str:
        """Put all known sentences of a draft in a new order behind the role text, some of them side by side."""
        found = dict.fromkeys(sentences_in(draft))
        ordered = sorted(found, key=lambda sentence: rank(self.seed, "order", self.draw, number, sentence.text))
        paragraphs = [role_text(draft)]
        for place, sentence in enumerate(ordered):
            if place and unit(self.seed, "joined", self.draw, number, sentence.text) < JOINED:
                paragraphs[-1] += f" {sentence.text}"
            else:
                paragraphs.append(sentence.text)
        return "\n".join(paragraphs)

    def _edits(self, number: int) -> int:
        if self.latents.spec.writing == "rewrites":
            return 1 + int(MOST_EDITS * unit(self.seed, "edits", self.draw, number))
        return 2 if unit(self.seed, "edits", self.draw, number) < TWO_EDITS else 1

    def _led_edit(self, prompt: str, where: tuple[object, ...]) -> str:
        evidence = self.evidence
        held = split(prompt)[1]
        harmful = sorted(sentence.text for sentence in held if sentence.manner and sentence.manner in evidence.blamed)
        intents = [
            ("fix", 0.55 if evidence.missed else 0.0),
            ("handoff", 0.3 if evidence.readers_lost else 0.0),
            ("drop", 0.4 if harmful else 0.0),
            ("blind", 0.25),
        ]
        match weighted(intents, self.seed, "intent", *where):
            case "fix":
                aspect = weighted(evidence.missed, self.seed, "aspect", *where)
                options = [sentence for sentence in of_kind(Kind.FIX) if sentence.aspect == aspect]
                return self._put(prompt, options, where)
            case "handoff":
                return self._put(prompt, of_kind(Kind.HANDOFF), where)
            case "drop":
                text = pick(harmful, self.seed, "harmful", *where)
                return removed(prompt, next(sentence for sentence in held if sentence.text == text))
            case _:
                return self._blind_edit(prompt, where)

    def _blind_edit(self, prompt: str, where: tuple[object, ...]) -> str:
        """Add any sentence of a kind drawn by weight, or now and then remove one; blamed manners are avoided."""
        held = _ordered(split(prompt)[1])
        if held and unit(self.seed, "remove", *where) < 0.15:
            return removed(prompt, pick(held, self.seed, "removed", *where))
        kind = weighted(_TRIED, self.seed, "kind", *where)
        blamed = self.evidence.blamed if kind is Kind.TRAP else frozenset[str]()
        return self._put(prompt, [sentence for sentence in of_kind(kind) if sentence.manner not in blamed], where)

    def _put(self, prompt: str, options: Sequence[Sentence], where: tuple[object, ...]) -> str:
        """Add one of the options that the prompt lacks; in a full prompt, or now and then, in the place of another."""
        held = _ordered(split(prompt)[1])
        new = [sentence for sentence in options if sentence not in held and not self._clashes(sentence)]
        if not new:
            return prompt
        sentence = pick(new, self.seed, "sentence", *where)
        if held and (len(held) >= MAX_LINES or unit(self.seed, "replace", *where) < 0.15):
            return replaced(prompt, pick(held, self.seed, "replaced", *where), sentence)
        return added(prompt, sentence)

    def _clashes(self, sentence: Sentence) -> bool:
        """Whether a sentence brings a convention that was seen to clash."""
        return self.latents.spec.conflicts and self.latents.convention(sentence) in self.evidence.at_odds


def _ordered(sentences: frozenset[Sentence]) -> list[Sentence]:
    return [sentence for sentence in CATALOGUE if sentence in sentences]


def _count(text: str) -> int:
    digits = section(text, ["count"]).strip()
    return min(int(digits), MAX_DRAFTS) if digits.isdecimal() and len(digits) < 4 else 1

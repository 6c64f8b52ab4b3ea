"""The simulated proposer: edits the current prompt, led by the traces shown and never by words of the request."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from maspo.core.seeded import rank
from maspo.models.base import Request
from maspo.world.catalogue import (
    CATALOGUE,
    PLANTED,
    SENSELESS,
    Kind,
    Sentence,
    add,
    of_kind,
    on_lines_of_their_own,
    remove,
    replace,
    role_text,
    sentences_in,
    split,
)
from maspo.world.latents import MAX_LINES, Latents, at_odds
from maspo.world.noise import pick, unit, weighted
from maspo.world.outputs import decode, listed, section, sections, unnamed

_MAX_DRAFTS = 32
"""Whatever is asked for: more than any search asks for in one call."""
# The shares below make a proposer that is often right and often not; docs/design/0002-world.md says what it must show.
_TWO_EDITS = 0.3
"""Share of drafts with two edits, the others have one."""
_MOST_EDITS = 3
"""Edits of a draft that is rewritten as a whole."""
_JOINED = 0.6
"""Share of sentences that a rewrite puts into the paragraph of the sentence before."""
_NOW_AND_THEN = 0.15
"""Share of edits that remove or replace a sentence without need."""
_FROM_HISTORY = 0.6
"""Weight of an edit that follows the scores of prompts tried before, where some are shown: about that of evidence."""
_LIKELY = 3
"""Sentences from which such an edit is drawn: scores are noisy, so the first is not surely the best."""
_TRIED_BEFORE = re.compile(r'<tried_prompt name="score (\d{1,3})">\n(.*?)\n</tried_prompt>', re.DOTALL)
TOLERANCE = 0.1
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
    helped: tuple[str, ...] = ()
    """Sentences of prompts tried before that came with higher scores than the prompts without them, best first."""
    hurt: tuple[str, ...] = ()
    """Those that came with lower scores, worst first."""
    unguarded: tuple[tuple[str, int], ...] = ()
    """What outputs show that the agent was not kept from, with counts."""


def answer_proposer(latents: Latents, request: Request) -> str:
    """Return as many drafts as asked for, each in its own ``<prompt>`` tag."""
    text = "\n".join(message.content for message in request.messages)
    prompt = section(text, ["current_prompt"]).strip("\n")
    digits = section(text, ["count"]).strip()
    count = min(int(digits), _MAX_DRAFTS) if digits.isdecimal() and len(digits) < 4 else 1
    writer = Writer(latents, f"{unnamed(text)}\0{request.identity}", read_evidence(text))
    rewrites = latents.spec.writing == "rewrites"
    drafts = []
    for number in range(count):
        draft = on_lines_of_their_own(prompt) if rewrites else prompt
        if latents.spec.proposer == "rubbish":
            draft = writer.write_rubbish(draft, number)
        else:
            draft = writer.edit(draft, number, led=latents.spec.proposer == "good")
        drafts.append(writer.rearrange(draft, number) if rewrites else draft)
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
        output, after, before = section(case, ["output"]), sections(case, "reader"), sections(case, "reader_before")
        missed.update(listed(section(case, ["output_before"]), "Missed"))
        blamed.update(listed(output, "Manner"))
        linked = [turn.form for text in (*sections(case, "read"), *after) for turn in decode(text)]
        clashed |= at_odds("".join(turn.form for turn in decode(output)), "".join(linked))
        # A reader lost that fell behind what it wrote before, or complains of what it reads.
        complains = any(listed(text, "Hard to use from") for text in after)
        pairs = zip_longest(map(_quality, after), map(_quality, before), fillvalue=0.0)
        lost += complains or any(quality < earlier - TOLERANCE for quality, earlier in pairs)
    outputs = [section(trace, ["output"]) for trace in (*sections(text, "trace"), *sections(text, "misaligned_trace"))]
    unguarded = _unguarded(outputs)
    helped, hurt = _read_history(text)
    return Evidence(tuple(sorted(missed.items())), frozenset(blamed), lost, frozenset(clashed), helped, hurt, unguarded)


def read_outputs(outputs: Sequence[str]) -> Evidence:
    """Read what an agent wrote, where nothing else is shown of it."""
    missed = Counter(aspect for one in outputs for aspect in listed(one, "Missed"))
    return Evidence(missed=tuple(sorted(missed.items())), unguarded=_unguarded(outputs))


def _unguarded(outputs: Sequence[str]) -> tuple[tuple[str, int], ...]:
    shown = {PLANTED: "Led astray by", SENSELESS: "Misled by"}
    found = [(what, sum(bool(listed(one, label)) for one in outputs)) for what, label in shown.items()]
    return tuple((what, times) for what, times in found if times)


def _read_history(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return which sentences of prompts tried before came with higher scores, and which with lower ones."""
    tried = [(int(score), sentences_in(prompt)) for score, prompt in _TRIED_BEFORE.findall(text)]
    held = dict.fromkeys(sentence for _, sentences in tried for sentence in sentences)
    worth: dict[str, float] = {}
    for sentence in held:
        with_it = [score for score, sentences in tried if sentence in sentences]
        without = [score for score, sentences in tried if sentence not in sentences]
        if without:
            worth[sentence.text] = sum(with_it) / len(with_it) - sum(without) / len(without)
    ranked = sorted(worth, key=lambda sentence: (-worth[sentence], sentence))
    return tuple(one for one in ranked if worth[one] > 0), tuple(one for one in reversed(ranked) if worth[one] < 0)


def _quality(text: str) -> float:
    turns = decode(text)
    return turns[-1].quality if turns else 0.0


@dataclass(frozen=True, slots=True)
class Writer:
    """Edits prompts, as evidence says or without any."""

    latents: Latents
    draw: str
    evidence: Evidence

    @property
    def seed(self) -> int:
        """The world's."""
        return self.latents.spec.seed

    def edit(self, prompt: str, number: int, led: bool) -> str:
        """Edit once or a few times, as the evidence says or at random."""
        share = unit(self.seed, "edits", self.draw, number)
        if self.latents.spec.writing == "rewrites":
            edits = 1 + int(_MOST_EDITS * share)
        else:
            edits = 2 if share < _TWO_EDITS else 1
        for edit in range(edits):
            where = (self.draw, number, edit)
            prompt = self._led_edit(prompt, where) if led else self._blind_edit(prompt, where)
        return prompt

    def write_rubbish(self, prompt: str, number: int) -> str:
        """Return a draft that nobody should use."""
        where = (self.draw, number)
        harmful = pick(of_kind(Kind.RUBBISH), self.seed, "harm", *where)
        ways = (
            add(prompt, harmful),
            harmful.text,
            "",
            add(prompt.replace("{", "").replace("}", ""), harmful),
            add(prompt, pick(of_kind(Kind.TRAP), self.seed, "trap", *where)),
        )
        return pick(ways, self.seed, "way", *where)

    def rearrange(self, draft: str, number: int) -> str:
        """Put all known sentences of a draft in a new order behind the role text, some of them side by side."""
        found = dict.fromkeys(sentences_in(draft))
        ordered = sorted(found, key=lambda sentence: rank(self.seed, "order", self.draw, number, sentence.text))
        paragraphs = [role_text(draft)]
        for place, sentence in enumerate(ordered):
            if place and unit(self.seed, "joined", self.draw, number, sentence.text) < _JOINED:
                paragraphs[-1] += f" {sentence.text}"
            else:
                paragraphs.append(sentence.text)
        return "\n".join(paragraphs)

    def _led_edit(self, prompt: str, where: tuple[object, ...]) -> str:
        evidence = self.evidence
        held = split(prompt)[1]
        harmful = sorted(sentence.text for sentence in held if sentence.manner and sentence.manner in evidence.blamed)
        intents = [
            ("fix", 0.55 if evidence.missed else 0.0),
            ("handoff", 0.3 if evidence.readers_lost else 0.0),
            ("drop", 0.4 if harmful else 0.0),
            ("blind", 0.25),
            ("learned", _FROM_HISTORY if evidence.helped or evidence.hurt else 0.0),
            ("guard", 0.5 if evidence.unguarded else 0.0),
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
                return remove(prompt, next(sentence for sentence in held if sentence.text == text))
            case "learned":
                return self._learned_edit(prompt, where)
            case "guard":
                against = weighted(evidence.unguarded, self.seed, "guard", *where)
                return self._put(prompt, [one for one in of_kind(Kind.GUARD) if one.aspect == against], where)
            case _:
                return self._blind_edit(prompt, where)

    def _learned_edit(self, prompt: str, where: tuple[object, ...]) -> str:
        """Add what came with higher scores, or remove what came with lower ones: as a reader of a trajectory would."""
        held = {sentence.text: sentence for sentence in split(prompt)[1]}
        missing = [one for one in self.evidence.helped if one not in held][:_LIKELY]
        harmful = [one for one in self.evidence.hurt if one in held][:_LIKELY]
        if not missing and not harmful:
            return self._blind_edit(prompt, where)
        text = pick([*missing, *harmful], self.seed, "learned", *where)
        if text in held:
            return remove(prompt, held[text])
        return self._put(prompt, [sentence for sentence in CATALOGUE if sentence.text == text], where)

    def _blind_edit(self, prompt: str, where: tuple[object, ...]) -> str:
        """Add any sentence of a kind drawn by weight, or now and then remove one; blamed manners are avoided."""
        held = _ordered(split(prompt)[1])
        if held and unit(self.seed, "remove", *where) < _NOW_AND_THEN:
            return remove(prompt, pick(held, self.seed, "removed", *where))
        kind = weighted(_TRIED, self.seed, "kind", *where)
        blamed = self.evidence.blamed if kind is Kind.TRAP else frozenset[str]()
        return self._put(prompt, [sentence for sentence in of_kind(kind) if sentence.manner not in blamed], where)

    def _put(self, prompt: str, options: Sequence[Sentence], where: tuple[object, ...]) -> str:
        """Add one of the options that the prompt lacks; in a full prompt, or now and then, in the place of another."""
        held = _ordered(split(prompt)[1])
        clashing = self.evidence.at_odds if self.latents.spec.conflicts else frozenset[str]()
        new = [one for one in options if one not in held and self.latents.convention(one) not in clashing]
        if not new:
            return prompt
        sentence = pick(new, self.seed, "sentence", *where)
        if held and (len(held) >= MAX_LINES or unit(self.seed, "replace", *where) < _NOW_AND_THEN):
            return replace(prompt, pick(held, self.seed, "replaced", *where), sentence)
        return add(prompt, sentence)


def _ordered(sentences: frozenset[Sentence]) -> list[Sentence]:
    return [sentence for sentence in CATALOGUE if sentence in sentences]

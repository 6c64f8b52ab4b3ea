"""Plain edits of a prompt, without a model: add a general instruction, drop, move up or shorten a sentence.

Edit-based search needs no model that writes well (GrIPS: Prasad et al. 2022, arXiv:2203.07281), costs no call, and what
it proposes is known beforehand. It is chosen with ``proposer.kind=edits``, and takes over where a model writes nothing
that can be used. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Literal

import yaml

from maspo.core.seeded import rank, shuffled
from maspo.models.base import ModelClient, RoleSettings
from maspo.optimizers.base import Draft, Drafts
from maspo.optimizers.parts.merge import sentences_of
from maspo.proposers.base import Rewrite
from maspo.proposers.drafts import Rules, checked
from maspo.proposers.passages import PASSAGE_WORDS, Passages

NOTHING_LEFT = "no edit of this prompt is left that keeps the rules"
_SHARES: Mapping[str, int] = {"add": 40, "drop": 35, "move": 15, "shorten": 10, "example": 40}
"""How often each kind is drawn, of those that a prompt allows: what it has too much of harms as often as what it
lacks."""
_EXAMPLE = "Example input:"
_LONGEST_EXAMPLE = 200
"""Characters of an output that may serve as an example: some two sentences."""
_FEWEST_WORDS = 3
"""Words that a shortened sentence keeps at least; fewer seldom say anything."""
_BRACKETS = re.compile(r"(?<!\s)\s*\([^()\n{}]*\)")
_FILLER = re.compile(r"\b(?:please|kindly|very|really|just|basically|actually|simply|carefully)\b[ ]?", re.IGNORECASE)
_LAST_CLAUSE = re.compile(r"[,;][^,;\n{}]*?(?=[.!?:]?\s*$)")


@dataclass(frozen=True, slots=True)
class Instruction:
    """A general instruction, whom it suits, and where it is reported to change what models write."""

    text: str
    suits: Literal["final", "passed_on", "any"]
    source: str


@dataclass(frozen=True)
class EditsProposer:
    """Draws edits of a prompt, each draft one edit; the draw depends on the proposal alone. Asks no model.

    ``examples`` is how many worked examples a prompt may hold, taken from the traces shown: an input of which eleven
    words are quoted, and what the agent wrote. Nobody says that they are right; the search finds out. By default none.
    """

    model: ModelClient
    settings: RoleSettings
    passages: Passages = field(default_factory=lambda: Passages(()))
    shown_characters: int = 4000
    examples: int = 0

    async def propose(self, rewrite: Rewrite, rules: Rules) -> Drafts:
        """Return as many edits as are asked for, or as many as there are."""
        where = (rewrite.identity, rewrite.agent, *(trace.input for trace in rewrite.traces))
        kinds = {
            kind: [text for text in _in_drawn_order(texts, *where, kind) if not self._broken(text, rewrite, rules)]
            for kind, texts in self._edits(rewrite, rules).items()
        }
        drafts: dict[str, Draft] = {}
        for number in range(rewrite.count):
            kind = _drawn_kind([kind for kind, texts in kinds.items() if texts], *where, number)
            if not kind:
                break
            text = kinds[kind].pop(0)
            for texts in kinds.values():
                texts[:] = [other for other in texts if other != text]
            drafts[text] = Draft(text)
        return Drafts(tuple(drafts.values()) or (Draft("", NOTHING_LEFT),))

    def _broken(self, text: str, rewrite: Rewrite, rules: Rules) -> str:
        return checked(text, rewrite.parent, rules, self.passages).rejected

    def _edits(self, rewrite: Rewrite, rules: Rules) -> dict[str, Iterator[str]]:
        parent, suits = rewrite.parent, "passed_on" if rewrite.readers else "final"
        fitting = (one.text for one in instructions() if one.suits in (suits, "any") and one.text not in parent)
        # Behind a slot for data an instruction would be read as part of the data.
        at_end = not rules.placeholders(parent.strip().rpartition("\n")[2])
        edits = {
            "add": (f"{parent.rstrip()}\n{text}" if at_end else f"{text}\n{parent}" for text in fitting),
            "drop": _dropped(parent),
            "move": _moved(parent),
            "shorten": _shortened(parent),
        }
        if parent.count(_EXAMPLE) < self.examples:
            edits["example"] = (
                f"{parent.rstrip()}\n{example}" if at_end else f"{example}\n{parent}" for example in _examples(rewrite)
            )
        return edits


@cache
def instructions() -> tuple[Instruction, ...]:
    """Return the bank of general instructions."""
    text = resources.files(__package__).joinpath("prompts", "instructions.yaml").read_text(encoding="utf-8")
    return tuple(Instruction(**entry) for entry in yaml.safe_load(text))


def _dropped(parent: str) -> Iterator[str]:
    sentences = sentences_of(parent)
    for place, sentence in enumerate(sentences):
        if sentence.strip().endswith(":"):
            continue  # names what follows it
        yield "".join([*sentences[:place], *sentences[place + 1 :]]).strip()


def _moved(parent: str) -> Iterator[str]:
    """Yield the prompt with one sentence in front: what stands first is heeded most."""
    sentences = sentences_of(parent)
    for place in range(1, len(sentences)):
        apart = sentences[place] if sentences[place][-1:].isspace() else f"{sentences[place]}\n"
        yield "".join([apart, *sentences[:place], *sentences[place + 1 :]]).strip()


def _shortened(parent: str) -> Iterator[str]:
    sentences = sentences_of(parent)
    for place, sentence in enumerate(sentences):
        for pattern in (_BRACKETS, _FILLER, _LAST_CLAUSE):
            shorter = pattern.sub("", sentence)
            if shorter != sentence and len(shorter.split()) >= _FEWEST_WORDS:
                yield "".join([*sentences[:place], shorter, *sentences[place + 1 :]]).strip()


def _examples(rewrite: Rewrite) -> Iterator[str]:
    for trace in rewrite.traces:
        words, output = trace.input.split(), " ".join(trace.output.split())
        if words and output and len(output) <= _LONGEST_EXAMPLE:
            rest = " …" if len(words) >= PASSAGE_WORDS else ""
            yield f"{_EXAMPLE} {' '.join(words[: PASSAGE_WORDS - 1])}{rest}\nExample output: {output}"


def _in_drawn_order(texts: Iterator[str], *where: object) -> tuple[str, ...]:
    return shuffled(dict.fromkeys(texts), 0, *where)


def _drawn_kind(kinds: list[str], *where: object) -> str:
    """Return one of the kinds by their shares; nothing of none."""
    drawn = rank(0, "kind", *where) % (sum(_SHARES[kind] for kind in kinds) or 1)
    for kind in kinds:
        drawn -= _SHARES[kind]
        if drawn < 0:
            return kind
    return ""

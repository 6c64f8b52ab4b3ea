"""Reading drafts from a reply, and the rules that every draft must keep. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from maspo.core.quoting import unquoted, without_thinking
from maspo.core.worked_examples import without_blocks
from maspo.optimizers.base import Draft
from maspo.proposers.foreign import refused
from maspo.proposers.passages import PASSAGE_WORDS, Passages
from maspo.team.template import BRACES, as_written, meant_by_slips

_LONGEST_REPLY = 400_000
"""Characters of a reply that are read: far more than any ``models.max_tokens`` lets a model write."""
_REMEMBERED = 256
"""Drafts whose check is remembered: those of a round are checked by their proposer and, at once, by the study again."""
_ECHOES = ("...", "…")
"""What stands between the tags of the form that a proposer is asked to fill in."""
_TAG = re.compile(r"<\s*+(/?+)\s*+prompt(?:\s[^<>]*+)?+>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Rules:
    """What a rewrite of one agent's prompt must keep.

    ``placeholders`` finds the placeholders of a prompt of this agent; a draft must have exactly those of the seed
    prompt. ``protect`` are literal lines. ``length_budget`` is in characters.
    """

    seed_prompt: str
    placeholders: Callable[[str], frozenset[str]]
    protect: tuple[str, ...]
    length_budget: int
    template: str = BRACES
    """How placeholders are written, see ``maspo.team.template``."""
    examples: tuple[str, ...] = ()
    """Blocks of worked examples that a draft may hold as they stand, although they copy inputs."""


def read_drafts(reply: str) -> tuple[str, ...]:
    """Return the drafts of a reply: each text between ``<prompt>`` and ``</prompt>``, as it stands.

    A tag that opens at the beginning of a line begins a draft; one that was open there has no end, and is none. An echo
    of the form that was asked for (``...``) is none either, where there are others.
    """
    drafts: list[str] = []
    said = without_thinking(reply[:_LONGEST_REPLY])
    begin: int | None = None
    for tag in _TAG.finditer(said):
        if tag.group(1) and begin is not None:
            drafts.append(unquoted(said[begin : tag.start()]).strip())
            begin = None
        elif not tag.group(1) and (begin is None or _begins_line(said, tag.start())):
            begin = tag.end()
    return tuple(draft for draft in drafts if draft not in _ECHOES) or tuple(drafts)


def _begins_line(text: str, place: int) -> bool:
    while place and text[place - 1] in " \t":
        place -= 1
    return place == 0 or text[place - 1] == "\n"


def checked(draft: str, parent: str, rules: Rules, passages: Passages) -> Draft:
    """Return a draft with the reason for its rejection, if any.

    ``passages`` are those of the inputs: a draft that copies one memorizes data.
    """
    return Draft(draft, _broken_rule(draft, parent, rules, passages))


@lru_cache(_REMEMBERED)
def _broken_rule(draft: str, parent: str, rules: Rules, passages: Passages) -> str:
    if not any(character.isalnum() for character in draft):
        return "empty"
    if draft.strip() == parent.strip():
        return "the same as the prompt it was written from"
    if len(draft) > rules.length_budget:
        return f"{len(draft)} characters; the length budget is {rules.length_budget}"
    written = without_blocks(draft, rules.examples) if rules.examples else draft
    if passages.copied_by(written):
        return f"copies {PASSAGE_WORDS} or more words in a row from an input: it would memorize data"
    if passages.tabulated_by(written):
        return "holds questions of the inputs, or their answers, in a row: it would memorize data"
    if foreign := refused(draft, rules.seed_prompt):
        return foreign
    wanted, found = rules.placeholders(rules.seed_prompt), rules.placeholders(draft)
    if wanted != found:
        changes = {"loses": wanted - found, "adds": found - wanted}
        said = {
            what: ", ".join(as_written(name, rules.template) for name in sorted(names))
            for what, names in changes.items()
            if names
        }
        return "; ".join(f"{what} the placeholder {names}" for what, names in said.items())
    as_before = meant_by_slips(rules.seed_prompt, wanted, rules.template)
    for name, meant in meant_by_slips(draft, wanted, rules.template).items():
        if meant and name not in as_before:  # it would be shown to the agent as it is
            given, right = as_written(name, rules.template), as_written(meant, rules.template)
            return f"holds {given}, which is no placeholder: {right} is"
    lost = [line for line in rules.protect if line not in draft]
    return f"loses the protected line {lost[0]!r}" if lost else ""

"""Reading drafts from a reply, and the rules that every draft must keep. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from maspo.core.quoting import spoken, unquoted
from maspo.optimizers.base import Draft
from maspo.proposers.foreign import refused
from maspo.proposers.passages import PASSAGE_WORDS, Passages

_LONGEST_REPLY = 400_000
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


def read_drafts(reply: str) -> tuple[str, ...]:
    """Return the drafts of a reply: each text between ``<prompt>`` and ``</prompt>``, as it stands."""
    drafts: list[str] = []
    said = spoken(reply[:_LONGEST_REPLY])
    begin: int | None = None
    for tag in _TAG.finditer(said):
        if tag.group(1) and begin is not None:
            drafts.append(unquoted(said[begin : tag.start()]).strip())
            begin = None
        elif not tag.group(1) and begin is None:
            begin = tag.end()
    return tuple(drafts)


def checked(draft: str, parent: str, rules: Rules, passages: Passages) -> Draft:
    """Return a draft with the reason for its rejection, if any.

    ``passages`` are those of the inputs: a draft that copies one memorizes data.
    """
    return Draft(draft, _reason(draft, parent, rules, passages))


def _reason(draft: str, parent: str, rules: Rules, passages: Passages) -> str:
    if not any(character.isalnum() for character in draft):
        return "empty"
    if draft.strip() == parent.strip():
        return "the same as the prompt it was written from"
    if len(draft) > rules.length_budget:
        return f"{len(draft)} characters; the length budget is {rules.length_budget}"
    if passages.copied_by(draft):
        return f"copies {PASSAGE_WORDS} or more words in a row from an input: it would memorize data"
    return refused(draft, rules.seed_prompt) or _placeholder_reason(rules, draft) or _protected_reason(rules, draft)


def _protected_reason(rules: Rules, draft: str) -> str:
    lost = [line for line in rules.protect if line not in draft]
    return f"loses the protected line {lost[0]!r}" if lost else ""


def _placeholder_reason(rules: Rules, draft: str) -> str:
    wanted, found = rules.placeholders(rules.seed_prompt), rules.placeholders(draft)
    lost = ", ".join(f"{{{name}}}" for name in sorted(wanted - found))
    added = ", ".join(f"{{{name}}}" for name in sorted(found - wanted))
    return "; ".join([f"loses the placeholder {lost}"] * bool(lost) + [f"adds the placeholder {added}"] * bool(added))

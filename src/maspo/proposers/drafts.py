"""Reading drafts from a reply, and the rules that every draft must keep. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from maspo.quoting import spoken, unquoted
from maspo.search.work import Draft

_COPIED_LENGTH = 80
_LONGEST_REPLY = 400_000
_TAG = re.compile(r"<(/?)prompt>", re.IGNORECASE)


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


def checked(draft: str, parent: str, rules: Rules, shown: tuple[str, ...]) -> Draft:
    """Return a draft with the reason for its rejection, if any.

    ``shown`` are the inputs that the proposer saw: a draft that copies a long passage of one memorizes data.
    """
    return Draft(draft, _reason(draft, parent, rules, shown))


def _reason(draft: str, parent: str, rules: Rules, shown: tuple[str, ...]) -> str:
    if not any(character.isalnum() for character in draft):
        return "empty"
    if draft.strip() == parent.strip():
        return "the same as the prompt it was written from"
    if len(draft) > rules.length_budget:
        return f"{len(draft)} characters; the length budget is {rules.length_budget}"
    if any(_copies(draft, text, parent) for text in shown):
        return f"copies {_COPIED_LENGTH} or more characters of an input: it would memorize data"
    return _placeholder_reason(rules, draft) or _protected_reason(rules, draft)


def _protected_reason(rules: Rules, draft: str) -> str:
    lost = [line for line in rules.protect if line not in draft]
    return f"loses the protected line {lost[0]!r}" if lost else ""


def _placeholder_reason(rules: Rules, draft: str) -> str:
    wanted, found = rules.placeholders(rules.seed_prompt), rules.placeholders(draft)
    lost = ", ".join(f"{{{name}}}" for name in sorted(wanted - found))
    added = ", ".join(f"{{{name}}}" for name in sorted(found - wanted))
    return "; ".join([f"loses the placeholder {lost}"] * bool(lost) + [f"adds the placeholder {added}"] * bool(added))


def _copies(draft: str, text: str, parent: str) -> bool:
    """Return whether a passage of an input stands in the draft and not in the parent."""
    half = _COPIED_LENGTH // 2
    # Any passage of 80 characters holds a whole block of 40 that begins at a multiple of 40.
    for start in range(0, max(len(text) - half + 1, 0), half):
        block = text[start : start + half]
        position = draft.find(block)
        if position >= 0 and block not in parent and _run_length(draft, text, position, start) >= _COPIED_LENGTH:
            return True
    return False


def _run_length(draft: str, text: str, in_draft: int, in_text: int) -> int:
    before = 0
    while before < min(in_draft, in_text) and draft[in_draft - before - 1] == text[in_text - before - 1]:
        before += 1
    after = 0
    while (
        in_draft + after < len(draft)
        and in_text + after < len(text)
        and draft[in_draft + after] == text[in_text + after]
    ):
        after += 1
    return before + after

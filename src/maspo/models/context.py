"""How much a model can read and write: the sizes that endpoints name when a request does not fit."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NUMBER = r"[`'\"\[(]?(\d[\d,]{0,12})"
_CONTEXT = re.compile(
    rf"maximum context length (?:is|of) {_NUMBER}|{_NUMBER} maximum context|\"n_ctx\"\s*:\s*{_NUMBER}"
    rf"|available context size \({_NUMBER}|context (?:length|window|size)\D{{0,40}}{_NUMBER}"
    rf"|tokens > {_NUMBER} maximum|maximum number of (?:input )?tokens allowed \(?{_NUMBER}"
    rf"|exceeds?\D{{0,60}}context\D{{0,40}}{_NUMBER}|limit(?: is|:| of) {_NUMBER} tokens"
)
_PROMPT = re.compile(
    rf"{_NUMBER} (?:input tokens|in the messages|tokens? (?:in|from) the (?:input|messages|prompt))"
    rf"|(?:messages|prompt|input) (?:resulted in|contains?(?: at least)?|has) {_NUMBER}"
    rf"|\"n_prompt_tokens\"\s*:\s*{_NUMBER}|request \({_NUMBER} tokens\)|too long: {_NUMBER} tokens"
    rf"|token count \(?{_NUMBER}|(?:passed|your request has) {_NUMBER}"
)
_TOTAL = re.compile(rf"(?:you )?requested (?:about )?{_NUMBER} tokens")
_TOO_LONG = re.compile(
    r"context_length_exceeded|exceed_context_size|maximum context|prompt is too long|input token count"
    r"|context (?:length|window|size)[^.]{0,80}(?:exceed|large|long|maximum)"
    r"|(?:exceed|larger? than|too (?:large|long))[^.]{0,80}context|too long for (?:the|this) model"
    r"|reduce the length of the (?:messages|prompt|input)"
)
_LIMIT_NAMED = re.compile(r"max_?(?:completion_|output_|new_)?tokens")
_TOO_MANY = re.compile(
    r"too (?:large|high|big|many)|at most|maximum|less than|smaller than|range|<=|exceed|greater than|>"
)
_ANY_NUMBER = re.compile(r"\d[\d,]{0,12}")
_FEWEST = 16
"""Tokens of a reply below which a limit is no limit but another number of the message."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """What an endpoint said of a request that does not fit, in tokens; 0 is not said."""

    context: int
    prompt: int = 0


def sizes_in(words: str, limit: int) -> Sizes | None:
    """Return the sizes in a refusal (in lower case) of a request with a ``limit`` of tokens; None if it is another."""
    if not _TOO_LONG.search(words):
        return None
    context = _first(_CONTEXT, words)
    prompt = _first(_PROMPT, words)
    if not prompt and (total := _first(_TOTAL, words)) > limit:
        prompt = total - limit
    return Sizes(context, prompt)


def most_written(words: str, limit: int) -> int | None:
    """Return the most tokens of a reply that a refusal (in lower case) allows instead of ``limit``; None if none."""
    if not (_LIMIT_NAMED.search(words) and _TOO_MANY.search(words)):
        return None
    allowed = [count for found in _ANY_NUMBER.findall(words) if _FEWEST <= (count := _count(found)) < limit]
    return max(allowed) - ("exclusive" in words) if allowed else None


def _first(pattern: re.Pattern[str], words: str) -> int:
    found = pattern.search(words)
    return next((_count(text) for text in found.groups() if text), 0) if found else 0


def _count(text: str) -> int:
    return int(text.replace(",", "") or 0)

"""What an endpoint tells of the tokens of a call, in every form in the wild, read as one: the larger reading counts."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

MOST_TOKENS = 2**40
"""A count of tokens beyond this is a mistake of the endpoint: a million times the longest context there is."""
_FEWEST_READ = 1
"""Tokens of a prompt: nobody asks nothing."""
_LONGEST_NUMBER = 20
"""Characters of a count that came as text: 2⁴⁰ has 13 digits, and some write decimals."""
_READ = ("prompt_tokens", "input_tokens")
_WRITTEN = ("completion_tokens", "output_tokens")
_BESIDE_INPUT = ("cache_read_input_tokens", "cache_creation_input_tokens")
"""Parts of the prompt that ``input_tokens`` leaves out where these are told (Anthropic's way of counting)."""
_READ_DETAILS = ("prompt_tokens_details", "input_tokens_details")
_WRITTEN_DETAILS = ("completion_tokens_details", "output_tokens_details")
_CACHED = ("cache_read_input_tokens", "prompt_cache_hit_tokens", "cached_tokens")

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NAMES = tuple(
    (re.compile(pattern), name)
    for pattern, name in (
        (
            r"(?:\w*_)?(?:reason|think|thought)\w*(?:tokens?(?:_count)?|_count)|(?:\w*_)?tokens?_(?:reason|think|thought)\w*",
            "reasoning_tokens",
        ),
        (r"cached_content_tokens?(?:_count)?", "cached_tokens"),
        (r"(?:prompt|context)_(?:tokens?|eval)(?:_count)?|num_prompt_tokens|n_prompt_tokens", "prompt_tokens"),
        (r"input_tokens?_count|prompt_n", "input_tokens"),
        (r"cache_n", _BESIDE_INPUT[0]),
        (
            r"(?:completion|candidates|generat\w+|response)_tokens?(?:_count)?|eval_count|n_generated_tokens|predicted_n",
            _WRITTEN[0],
        ),
        (r"output_tokens?_count|(?:num_|n_)output_tokens", _WRITTEN[1]),
        (r"total_tokens?(?:_count)?", "total_tokens"),
        (r"(?:prompt|input)_tokens?_details?", _READ_DETAILS[0]),
        (r"(?:completion|output)_tokens?_details?", _WRITTEN_DETAILS[0]),
    )
)
"""What other dialects call these counts, once their words are set apart by underscores."""
_THOUGHT = re.compile(r"reason|think|thought", re.IGNORECASE)
_KINDS = ("modality", "type", "kind", "name")
"""What an item in a list of counts says of what it counts."""
_BARE = ("input", "output", "prompt", "completion", "total", "reasoning")
"""Counts within ``tokens``, and within details."""
_PASSES = "iterations"
"""Where each pass of a call is counted by itself, those too that the counts beside them leave out (Anthropic)."""
_COUNTS = (*_READ, *_WRITTEN, *_BESIDE_INPUT, *_CACHED, "reasoning_tokens", "total_tokens")
_OURS = frozenset((*_COUNTS, *_READ_DETAILS, *_WRITTEN_DETAILS))
"""Names that stay as they are."""


_TOLD_ELSEWHERE = (
    *("usageMetadata", "usage_metadata", "x_groq", "meta", "metadata", "metrics", "timings"),
    "amazon-bedrock-invocationMetrics",
)
"""Where gateways tell tokens of a reply, or of the last piece of one, that has no ``usage`` of its own."""


_BESIDE = ("prompt_eval_count", "eval_count")
"""The same beside the choices: Ollama's, through what wraps it."""
_ENVELOPE = frozenset({"id", "object", "created", "model", "system_fingerprint", "choices", "usage"})
"""What nearly every piece of a stream has: none of it tells tokens elsewhere."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of one call; None is unknown.

    ``cached`` counts those read that came from the endpoint's own cache, ``thought`` those written that nobody reads.
    """

    read: int | None = None
    written: int | None = None
    cached: int = 0
    thought: int = 0


def read_tokens(usage: object) -> Tokens:
    """Return the tokens that a completion's ``usage`` tells of; of figures that differ, the larger reading.

    Thinking is billed as written. Some endpoints count it in ``completion_tokens``, some beside it, so that only
    ``total_tokens`` or the details tell: it counts as inside only where the total says so. Where the prompt is not
    told, all of the total but one token counts as written, which is the dearer part.
    """
    if not isinstance(usage, Mapping):
        return Tokens()
    usage = _in_our_names(usage)
    read = _prompt(usage)
    written = _largest([usage.get(name) for name in _WRITTEN])
    thought = _largest([usage.get("reasoning_tokens"), *_details(usage, _WRITTEN_DETAILS, "reasoning_tokens")]) or 0
    total = _count(usage.get("total_tokens"))
    if written is not None:
        inside = thought <= written and total is not None and total >= (read or 0) + written
        written += 0 if inside else thought
    if total is not None and total >= (read or 0):
        written = max(written or 0, total - (_FEWEST_READ if read is None else read), 0)
    return Tokens(read, written, _cached(usage, read), min(thought, written or 0))


def usage_in(found: Mapping[str, Any]) -> object:
    """Return what a completion, or a piece of one, tells of its tokens, wherever it stands; None where nothing does.

    Moonshot's streams tell it in the last choice, Groq's, llama.cpp's and gateways of Google and Amazon in fields of
    their own, and what wraps Ollama beside the choices.
    """
    if told := _usage_at(found):
        return told
    choices = found.get("choices")
    for choice in choices if isinstance(choices, list) else ():
        if isinstance(choice, dict) and (told := _usage_at(choice)):
            return told
    if found.keys() <= _ENVELOPE:
        return None
    for name in _TOLD_ELSEWHERE:
        other = found.get(name)
        if isinstance(other, Mapping):
            told = other.get("usage") or other
            if read_tokens(told) != Tokens():
                return told
    return {name: found.get(name) for name in _BESIDE} if _BESIDE[1] in found else None


def _usage_at(found: Mapping[str, Any]) -> object:
    told = found.get("usage")
    return told[0] if isinstance(told, list) and len(told) == 1 else told


def _in_our_names(usage: Mapping[Any, Any]) -> dict[str, Any]:
    """Return usage under the names above, whatever a dialect calls it: ``candidatesTokenCount`` is written.

    Parts that hold counts once more, such as ``billed_units``, are read beside the others; the larger count stays.
    """
    found: dict[str, Any] = {}
    for key, told in usage.items():
        name = key if key in _OURS else _our_name(str(key))
        if name == _PASSES and isinstance(told, list):
            passes = [_in_our_names(one) for one in told if isinstance(one, Mapping)]
            for part in (*_READ, *_WRITTEN):
                found[part] = _largest([found.get(part), sum(_count(one.get(part)) or 0 for one in passes) or None])
            continue
        value = {"reasoning_tokens": _thought_in(told)} if isinstance(told, list) else told
        if type(value) is int or not isinstance(value, Mapping):
            found[name] = value if found.get(name) is None else _largest([found[name], value])
        elif name in (*_READ_DETAILS, *_WRITTEN_DETAILS):
            found[name] = _in_our_names(_named_whole(value))
        elif _THOUGHT.search(name):
            found["reasoning_tokens"] = _largest([found.get("reasoning_tokens"), *value.values()])
        else:
            inner = _in_our_names(_named_whole(value) if name == "tokens" else value)
            found |= {part: _largest([found.get(part), count]) for part, count in inner.items() if part in _COUNTS}
    return found


def _named_whole(counts: Mapping[Any, Any]) -> dict[Any, Any]:
    """Return counts of tokens whose names leave that out: ``{"reasoning": 500}``."""
    return {f"{part}_tokens" if part in _BARE else part: one for part, one in counts.items()}


def _thought_in(items: list[object]) -> int | None:
    """Return the thoughts in counts that come as a list: ``[{"modality": "THOUGHT", "token_count": 500}]``."""
    counts = [
        _largest(count for name, count in item.items() if name not in _KINDS)
        for item in items
        if isinstance(item, Mapping) and any(_THOUGHT.search(str(item.get(kind, ""))) for kind in _KINDS)
    ]
    told = [count for count in counts if count is not None]
    return sum(told) if told else None


@lru_cache(maxsize=64)
def _our_name(key: str) -> str:
    """Return what we call a count; every reply of an endpoint names the same ones."""
    name = _HUMP.sub("_", key).lower()
    return next((ours for pattern, ours in _NAMES if pattern.fullmatch(name)), name)


def _prompt(usage: Mapping[str, Any]) -> int | None:
    read = _largest([usage.get(name) for name in _READ])
    if read is not None and _count(usage.get("prompt_tokens")) is None:
        read += sum(_count(usage.get(name)) or 0 for name in _BESIDE_INPUT)
    return read


def _cached(usage: Mapping[str, Any], read: int | None) -> int:
    """Return the cached tokens of a prompt: the smaller reading, since they are cheaper; none if it cannot be true."""
    told = [*(usage[name] for name in _CACHED if name in usage), *_details(usage, _READ_DETAILS, "cached_tokens")]
    if not told:
        return 0
    cached = min((count for count in map(_count, told) if count is not None), default=0)
    return cached if read is not None and cached <= read else 0


def _details(usage: Mapping[str, Any], groups: tuple[str, ...], name: str) -> list[Any]:
    found = (usage[group] for group in groups if group in usage)
    return [details.get(name) for details in found if isinstance(details, Mapping)]


def _largest(values: Iterable[object]) -> int | None:
    largest: int | None = None
    for value in values:
        count = None if value is None else _count(value)
        if count is not None and (largest is None or count > largest):
            largest = count
    return largest


def _count(value: object) -> int | None:
    """Read one count: a whole or broken number, or one written as text; None when it cannot be a count."""
    if type(value) is int:
        return value if 0 <= value <= MOST_TOKENS else None
    if isinstance(value, str) and len(value) <= _LONGEST_NUMBER:
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return math.ceil(value) if 0 <= value <= MOST_TOKENS else None

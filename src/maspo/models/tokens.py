"""What an endpoint tells of the tokens of a call, in every form in the wild, read as one: the larger reading counts."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from maspo.models.counts import MOST_TOKENS, count_of, largest
from maspo.models.storing import share_as_told

_FEWEST_READ = 1
"""Tokens of a prompt: nobody asks nothing."""
_READ = ("prompt_tokens", "input_tokens")
_WRITTEN = ("completion_tokens", "output_tokens")
_BESIDE_INPUT = ("cache_read_input_tokens", "cache_creation_input_tokens", "cache_write_input_tokens")
"""Parts of the prompt that ``input_tokens`` leaves out where these are told (the way of Anthropic and of Bedrock)."""
_BESIDE_PROMPT = ("tool_use_prompt_tokens", "citation_tokens")
"""What is read and billed beside the prompt: what tools found (Google), what was cited (Perplexity)."""
_READ_DETAILS = "prompt_tokens_details"
_WRITTEN_DETAILS = "completion_tokens_details"
_CACHED = ("cache_read_input_tokens", "prompt_cache_hit_tokens", "cached_tokens")
_MISSED = "prompt_cache_miss_tokens"

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_OTHER_KINDS = r"(?:audio|speech|image|video|file|document|rejected_prediction)"
"""What is read and written beside text, as counts at the first level name it."""
_NAMES = tuple(
    (re.compile(pattern), name)
    for pattern, name in (
        (
            r"(?:\w*_)?(?:reason|think|thought)\w*(?:tokens?(?:_count)?|_count)|(?:\w*_)?tokens?_(?:reason|think|thought)\w*",
            "reasoning_tokens",
        ),
        (r"(?:num_)?cached_(?:(?:content|input|prompt)_)?tokens?(?:_count)?", "cached_tokens"),
        (r"(?:prompt|context)_(?:tokens?|eval)(?:_count)?|num_prompt_tokens|n_prompt_tokens", "prompt_tokens"),
        (r"input_tokens?_count|prompt_n|(?:native_)?tokens_(?:in|input|prompt|evaluated)", "input_tokens"),
        (r"cache_n", _BESIDE_INPUT[0]),
        (r"cache_write_input_tokens?_count", _BESIDE_INPUT[2]),
        (r"tool_use_prompt_tokens?(?:_count)?", _BESIDE_PROMPT[0]),
        (
            r"(?:completion|candidates|generat\w+|response)_tokens?(?:_count)?|eval_count|n_generated_tokens|predicted_n",
            _WRITTEN[0],
        ),
        (
            r"output_tokens?_count|(?:num_|n_)output_tokens"
            r"|(?:native_)?tokens_(?:out|output|completion|generated|predicted)",
            _WRITTEN[1],
        ),
        (r"total_tokens?(?:_count)?|tokens_total", "total_tokens"),
        (r"(?:prompt|input)_tokens?_details?", _READ_DETAILS),
        (r"(?:completion|output|candidates|response)_tokens?_details?", _WRITTEN_DETAILS),
    )
)
"""What other dialects call these counts, once their words are set apart by underscores."""
_OF_ANOTHER_KIND = re.compile(
    rf"(?P<read>(?:input|prompt)_)?(?:(?:output|completion|candidates)_)?(?P<kind>{_OTHER_KINDS})_tokens?(?:_count)?"
)
"""A part of the tokens that is told beside the details, not in them: ``output_audio_tokens``."""
_THOUGHT = re.compile(r"reason|think|thought", re.IGNORECASE)
_KINDS = ("modality", "type", "kind", "name")
"""What an item in a list of counts says of what it counts."""
_BARE = ("input", "output", "prompt", "completion", "total", "reasoning")
"""Counts within ``tokens``, and within details."""
_WHOLES = ("total", "total_tokens", "count", "value", "tokens")
"""The whole of a count that comes with its parts: ``{"output_tokens": {"total": 90, "text": 10, "reasoning": 80}}``."""
_PASSES = "iterations"
"""Where each pass of a call is counted by itself, those too that the counts beside them leave out (Anthropic)."""
_COUNTS = (*_READ, *_WRITTEN, *_BESIDE_INPUT, *_BESIDE_PROMPT, *_CACHED, _MISSED, "reasoning_tokens", "total_tokens")
_OURS = frozenset((*_COUNTS, _READ_DETAILS, _WRITTEN_DETAILS))
"""Names that stay as they are."""
_KIND = re.compile(r"(?:(?:input|prompt|output|completion)_)?(?P<kind>\w+?)(?P<unit>(?:_tokens?)?(?:_count)?)")
"""What a detail counts, in the name that it has."""
_TEXT = frozenset({"text", "content", "answer", "accepted_prediction"})
"""Kinds that are the answer itself, which every whole holds."""
_CACHE = re.compile(r"cache(?:d|_read|_hit)?(?:_content|_input|_prompt)?")
_CACHE_WRITTEN = re.compile(r"cache_(?:write|creation|written)(?:_input)?")
_NOT_CACHED = re.compile(r"no_?cache|non_cached|uncached|cache_miss")
_NO_TOKENS = frozenset({"cost", "usd", "price", "seconds", "duration", "requests", "total", "count"})
"""What details hold beside counts of tokens of one kind."""


_TOLD_ELSEWHERE = (
    *("usageMetadata", "usage_metadata", "x_groq", "meta", "metadata", "metrics", "timings"),
    "amazon-bedrock-invocationMetrics",
)
"""Where gateways tell tokens of a reply, or of the last piece of one, that has no ``usage`` of its own."""


_BESIDE = ("prompt_eval_count", "eval_count")
"""The same beside the choices: Ollama's, through what wraps it."""
_PLAIN = frozenset({_READ[0], _WRITTEN[0], "total_tokens"})
"""All that most usage tells."""
_ENVELOPE = frozenset({"id", "object", "created", "model", "system_fingerprint", "choices", "usage"})
"""What nearly every piece of a stream has: none of it tells tokens elsewhere."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of one call; None is unknown.

    ``cached`` counts those read that came from the endpoint's own cache, ``stored`` those that were put there, which
    some bill dearer than others: at ``storing`` times the price of one that is read, at least. ``thought`` counts those
    written that nobody reads.
    """

    read: int | None = None
    written: int | None = None
    cached: int = 0
    thought: int = 0
    stored: int = 0
    storing: float = 1.0


def read_tokens(usage: object) -> Tokens:
    """Return the tokens that a completion's ``usage`` tells of; of figures that differ, the larger reading.

    Thinking is billed as written, and so is sound. Some endpoints count such parts in ``completion_tokens``, some
    beside it, so that only ``total_tokens`` or the details tell: they count as inside only where they have room there
    and the total, or the sum of all parts, says so. Where the prompt is not told, all of the total but one token
    counts as written, which is the dearer part.
    """
    if isinstance(usage, str):
        with suppress(ValueError, RecursionError):
            usage = json.loads(usage)
    if not isinstance(usage, Mapping):
        return Tokens()
    return _read_plain(usage) or _read_any(usage)


def _read_plain(usage: Mapping[Any, Any]) -> Tokens | None:
    """Return the tokens of usage that tells two counts, and their total at most, as that of most replies; else None."""
    if not {name for name, told in usage.items() if told is not None} <= _PLAIN:
        return None
    read, written, total = usage.get(_READ[0]), usage.get(_WRITTEN[0]), usage.get("total_tokens", 0)
    if not (type(read) is type(written) is type(total) is int):
        return None
    if min(read, written, total) < 0 or max(read, written, total) > MOST_TOKENS:
        return None
    return Tokens(read, max(written, total - read))


def _read_any(usage: Mapping[Any, Any]) -> Tokens:
    """Return the tokens of usage in whatever form."""
    as_told, usage = usage, _in_our_names(usage)
    total = count_of(usage.get("total_tokens"))
    read, cached, stored = _prompt(usage)
    written, thought = _answer(usage, read or 0, total)
    if total is not None and total >= (read or 0):
        written = max(written or 0, total - (_FEWEST_READ if read is None else read), 0)
    return Tokens(read, written, cached, min(thought, written or 0), stored, share_as_told(as_told, stored))


def later_usage(earlier: object, later: object) -> object:
    """Return what two pieces of a stream tell of its tokens: what comes later counts, but for what tells nothing."""
    if isinstance(earlier, Mapping) and isinstance(later, Mapping):
        return {**earlier, **{name: later_usage(earlier.get(name), told) for name, told in later.items()}}
    if _counts(earlier) and not _counts(later):
        return earlier  # ``-1``, ``n/a``: what is no count takes none back
    return later if _tells(later) else earlier


def _counts(told: object) -> bool:
    """Say whether a part of usage holds a count of tokens, also as a text of JSON."""
    if isinstance(told, Mapping | list):
        return any(map(_counts, told.values() if isinstance(told, Mapping) else told))
    return bool(count_of(told)) or (isinstance(told, str) and told.lstrip().startswith("{"))


def _tells(told: object) -> bool:
    """Say whether a part of usage tells anything: zeros, which some send in each piece, do not."""
    if isinstance(told, Mapping):
        return any(map(_tells, told.values()))
    return bool(told) and count_of(told) != 0


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
                found[part] = largest([found.get(part), sum(count_of(one.get(part)) or 0 for one in passes) or None])
        elif name in (_READ_DETAILS, _WRITTEN_DETAILS):
            _add_details(found, name, told if isinstance(told, Mapping) else _by_kind(told))
        elif name not in _OURS and (other := _OF_ANOTHER_KIND.fullmatch(name)) is not None:
            _add_details(found, _READ_DETAILS if other["read"] else _WRITTEN_DETAILS, {other["kind"]: told})
        elif isinstance(told, list):
            value = told[0] if len(told) == 1 and not isinstance(told[0], Mapping) else None
            found[name] = largest([found.get(name), value])
            found["reasoning_tokens"] = largest([found.get("reasoning_tokens"), _by_kind(told).get("reasoning_tokens")])
        elif not isinstance(told, Mapping):
            found[name] = told if found.get(name) is None else largest([found[name], told])
        elif name in (*_READ, *_WRITTEN, "total_tokens"):
            found[name] = largest([found.get(name), *(told.get(whole) for whole in _WHOLES)])
            if name != "total_tokens":
                _add_details(found, _READ_DETAILS if name in _READ else _WRITTEN_DETAILS, told)
        elif _THOUGHT.search(name):
            found["reasoning_tokens"] = largest([found.get("reasoning_tokens"), *told.values()])
        else:
            inner = _in_our_names(_named_whole(told) if name == "tokens" else told)
            for part, count in inner.items():
                if part in (_READ_DETAILS, _WRITTEN_DETAILS):
                    _add_details(found, part, count)
                elif part in _COUNTS:
                    found[part] = largest([found.get(part), count])
    return found


def _add_details(found: dict[str, Any], side: str, told: Mapping[Any, Any]) -> None:
    """Add the kinds of tokens that details tell of to those of one side; of the same kind the larger count stays."""
    kinds = found.setdefault(side, {})
    for key, value in told.items():
        kind = _kind(str(key))
        count = largest(value.values() if isinstance(value, Mapping) else [value])
        if kind and count is not None:
            kinds[kind] = max(kinds.get(kind, 0), count)


@lru_cache(maxsize=64)
def _kind(key: str) -> str:
    """Return what a detail counts; empty where nothing says that it counts tokens."""
    name = _HUMP.sub("_", key).lower()
    named = _KIND.fullmatch(name)
    if named is None or named["kind"] in _NO_TOKENS or not (named["unit"] or "_" not in name or _of_cache(name)):
        return ""
    return "reasoning" if _THOUGHT.search(name) else named["kind"]


@lru_cache(maxsize=64)
def _of_cache(kind: str) -> bool:
    """Say whether a kind of tokens is told apart by whether an endpoint had them in its cache."""
    return any(one.fullmatch(kind) for one in (_CACHE, _CACHE_WRITTEN, _NOT_CACHED))


def _named_whole(counts: Mapping[Any, Any]) -> dict[Any, Any]:
    """Return counts of tokens whose names leave that out: ``{"reasoning": 500}``."""
    return {f"{part}_tokens" if part in _BARE else part: one for part, one in counts.items()}


def _by_kind(items: object) -> dict[str, int]:
    """Return counts that come as a list by what they count: ``[{"modality": "AUDIO", "token_count": 500}]``."""
    found: dict[str, int] = {}
    for item in items if isinstance(items, list) else ():
        if not isinstance(item, Mapping):
            continue
        kinds = [told for kind in _KINDS if isinstance(told := item.get(kind), str) and told]
        count = largest(count for name, count in item.items() if name not in _KINDS)
        if kinds and count is not None:
            kind = "reasoning" if any(map(_THOUGHT.search, kinds)) else kinds[0].lower()
            found[f"{kind}_tokens"] = found.get(f"{kind}_tokens", 0) + count
    return found


@lru_cache(maxsize=64)
def _our_name(key: str) -> str:
    """Return what we call a count; every reply of an endpoint names the same ones."""
    name = _HUMP.sub("_", key).lower()
    return next((ours for pattern, ours in _NAMES if pattern.fullmatch(name)), name)


def _prompt(usage: Mapping[str, Any]) -> tuple[int | None, int, int]:
    """Return the tokens of the prompt, how many are cheaper since they were cached, and how many were put there.

    Parts that have no room in what is told of the whole stand beside it.
    """
    read = largest([usage.get(name) for name in _READ])
    if read is None:
        return None, 0, 0
    kinds: dict[str, int] = usage.get(_READ_DETAILS) or {}
    hits = [count for name in _CACHED if (count := count_of(usage.get(name))) is not None]
    hits += [count for kind, count in kinds.items() if _CACHE.fullmatch(kind)]
    stored = [count_of(usage.get(name)) or 0 for name in _BESIDE_INPUT[1:]]
    stored += [count for kind, count in kinds.items() if _CACHE_WRITTEN.fullmatch(kind)]
    missed = [count_of(usage.get(_MISSED)) or 0, *(n for kind, n in kinds.items() if _NOT_CACHED.fullmatch(kind))]
    hit = max(hits, default=0)
    from_cache = hit + max(stored)
    beside = [count_of(usage.get(name)) or 0 for name in _BESIDE_INPUT]
    if count_of(usage.get("prompt_tokens")) is None and any(beside):
        read += max(sum(beside), from_cache)
    elif from_cache > read:
        read += from_cache
    read = max(read, from_cache + max(missed)) if max(missed) else read
    others = sum(count for kind, count in kinds.items() if kind not in _TEXT and not _of_cache(kind))
    read = _with_parts(read, others, kinds.get("text", 0), others + kinds.get("text", 0) <= read)
    read += sum(count_of(usage.get(name)) or 0 for name in _BESIDE_PROMPT)
    # The smaller reading of what is cheaper, and the larger one of what is dearer.
    return read, min(hits, default=0), max(stored)


def _answer(usage: Mapping[str, Any], read: int, total: int | None) -> tuple[int | None, int]:
    """Return the tokens that were written, and how many of them are thoughts."""
    written = largest([usage.get(name) for name in _WRITTEN])
    kinds: dict[str, int] = usage.get(_WRITTEN_DETAILS) or {}
    thought = max(count_of(usage.get("reasoning_tokens")) or 0, kinds.get("reasoning", 0))
    if written is None:
        return None, thought
    others = thought + sum(
        count for kind, count in kinds.items() if kind not in _TEXT and kind != "reasoning" and not _of_cache(kind)
    )
    text = kinds.get("text", 0)
    told_whole = (total is not None and total >= read + written) or ("text" in kinds and text + others == written)
    return _with_parts(written, others, text, told_whole and text + others <= written), thought


def _with_parts(whole: int, others: int, text: int, inside: bool) -> int:
    """Return a whole with its parts other than text, which stand beside it or in it."""
    return whole if inside else max(whole + others, text + others)

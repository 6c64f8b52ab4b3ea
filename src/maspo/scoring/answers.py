"""Reading the final answer from a final output, so that equal answers are a tie without a judge call. Pure."""

from __future__ import annotations

import hashlib
import html
import json
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from maspo.scoring.choices import chosen
from maspo.scoring.json_values import objects_of
from maspo.scoring.marked import ATTRIBUTES, boxes, tagged_answer
from maspo.scoring.readable import answering, holds_thinking, last_found, readings, without_asides

_NUMBER = re.compile(r"[-+]?(?:\d+|\d{1,3}(?:,\d{3})+|\d{1,3}(?: \d{3})+)(?:\.\d+)?")
_WIDE = "".join(map(chr, range(0xFF01, 0xFF5F)))
_TYPESET = str.maketrans(
    "−‒–‘’“”\u2011\u00a0\u202f\u2009。" + _WIDE, "---''\"\"-   ." + "".join(map(chr, range(0x21, 0x7F)))
)
_LONGEST_NUMBER = 40
_LONGEST_WRAPPED = 1000
_WRAPPED = re.compile(
    r"""\*\*([^*]+)\*\*\.?|__([^_]+)__\.?|_([^_]+)_\.?|\*([^*]+)\*\.?|`([^`]+)`\.?|"([^"]+)"\.?|“([^”]+)”\.?|'([^']+)'\.?
    |«([^«»]+)»\.?|„([^„“”]+)[“”]\.?|\[([^\W\d_][\w -]*)\]\.?|\(([^\W\d_][\w -]*)\)\.?
    |「([^「」]+)」\.?|『([^『』]+)』\.?|\$([^$]+)\$\.?|\\\((.+)\\\)\.?|\\(?:text|textbf|mathrm|mathbf)\{([^{}]+)\}""",
    re.VERBOSE | re.DOTALL,
)


def final_answer(spec: str, output: str) -> str | None:
    """Return the final answer of an output as ``spec`` says, or None when there is none to read.

    ``spec`` is ``tag:NAME``, ``boxed``, ``choice``, ``regex:PATTERN``, ``json:PATH``, ``whole``, ``none`` or ``auto``
    (tags, then boxed); see the outer contract of system files. The last occurrence counts. What a model thinks within
    its reply, in an element such as <analysis> or under a heading before that of its answer, counts where it says
    nothing else.
    """
    kind, _, argument = spec.partition(":")
    return _READERS[kind](argument, output)


def same_answer(spec: str, one: str, other: str) -> bool:
    """Return whether two final outputs give the same final answer; identical outputs always do."""
    if one == other:
        return True
    first, second = final_answer(spec, one), final_answer(spec, other)
    return first is not None and second is not None and equal_answers(first, second)


def answer_digest(spec: str, output: str) -> str | None:
    """Return what the final answer of an output is known by: the same for equal answers; None when there is none."""
    answer = final_answer(spec, output)
    if answer is None:
        return None
    text = unwrapped(normalized(answer))
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def is_correct(spec: str, output: str, label: str) -> bool:
    """Return whether the final answer of an output equals a label, which may be written as an output is."""
    answer = final_answer(spec, output)
    return answer is not None and equals_label(answer, label, final_answer(spec, label))


def equals_label(answer: str, label: str, read: str | None) -> bool:
    """Return whether an answer equals a label, or what was read from the label as from an output."""
    return equal_answers(answer, label) or (read is not None and equal_answers(answer, read))


def equal_answers(one: str, other: str) -> bool:
    """Return whether two answers are the same text, however they are set, or the same plain number."""
    if normalized(one) == normalized(other):
        return True
    return not (_is_bare(one) and _is_bare(other)) and unwrapped(one) == unwrapped(other)


def normalized(answer: str) -> str:
    """Return an answer without case, surrounding space, dollar signs and full stop; plain numbers by value.

    Quotes and the minus are the same in every typesetting.
    """
    if not answer.isascii():
        answer = answer.translate(_TYPESET)
    text = " ".join(answer.split()).strip("$ ").removesuffix(".").casefold()
    if text.endswith(" %"):
        text = text[:-2] + "%"
    if "&" in text and ";" in text:
        text = html.unescape(text)
    begin = text[:1]
    if (begin.isdecimal() or begin in "+-") and len(text) <= _LONGEST_NUMBER and _NUMBER.fullmatch(text):
        try:
            return format(Decimal(text.replace(",", "").replace(" ", "")).normalize(), "f")
        except InvalidOperation:
            return text
    return text


def _is_bare(text: str) -> bool:
    """Whether nothing is around a text that could be taken off, nor an accent in another spelling in it."""
    return text.isascii() and not text.lstrip().startswith(("*", "_", "`", '"', "'", "$", "\\", "[", "("))


def unwrapped(text: str) -> str:
    """Return a text without emphasis, quotes or math marks around all of it; accents in one spelling (², ½ stay)."""
    if len(text) > _LONGEST_WRAPPED:
        return text
    text = " ".join(unicodedata.normalize("NFC", text).split())
    found = _WRAPPED.fullmatch(text.strip())
    while found is not None:
        text = next(group for group in found.groups() if group is not None)
        found = _WRAPPED.fullmatch(text.strip())
    return normalized(text)


def _first(read: Callable[[str], str | None], output: str) -> str | None:
    """Return what is read outside the thinking of an output, or in all of it where nothing is."""
    found = map(read, readings(answering(without_asides(output)), output))
    return next((answer for answer in found if answer is not None), None)


def _auto(output: str) -> str | None:
    tagged = tagged_answer(output)
    return tagged if tagged is not None else _last_boxed(output)


def _tagged(output: str, tag: str) -> str | None:
    if holds_thinking(tag):
        return _last_tag(output, tag)
    return _first(lambda text: _last_tag(text, tag), output)


def _last_tag(output: str, tag: str) -> str | None:
    # Each tag is searched by itself: a lazy pattern over the pair is quadratic on many unclosed tags.
    end = last_found(_closing(tag), output)
    return _content(output, tag, end.start()) if end is not None else None


def _content(output: str, tag: str, end: int) -> str | None:
    start = last_found(_opening(tag), output[:end])
    return output[start.end() : end].strip() if start is not None else None


@lru_cache(maxsize=64)
def _opening(tag: str) -> re.Pattern[str]:
    return re.compile(rf"<{re.escape(tag)}{ATTRIBUTES}>", re.IGNORECASE)


@lru_cache(maxsize=64)
def _closing(tag: str) -> re.Pattern[str]:
    return re.compile(rf"</{re.escape(tag)}>", re.IGNORECASE)


def _last_boxed(output: str) -> str | None:
    found = boxes(output)
    return found[-1] if found else None


def _last_match(pattern: str, output: str) -> str | None:
    found = last_found(pattern, output)
    if found is None:
        return None
    return found.group(1) if found.re.groups else found.group(0)


def _json_path(output: str, path: str) -> str | None:
    """Return what stands under a path in the last object that has it."""
    found = None
    for value in objects_of(output):
        inner = _under(value, path.split("."))
        found = inner if inner is not None else found
    if found is None:
        return None
    return found[0] if isinstance(found[0], str) else json.dumps(found[0], sort_keys=True)


def _under(value: object, path: Sequence[str]) -> tuple[object] | None:
    for part in path:
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return (value,)


_READERS: Mapping[str, Callable[[str, str], str | None]] = {
    "auto": lambda _, output: _first(_auto, output),
    "tag": lambda name, output: _tagged(output, name.strip()),
    "boxed": lambda _, output: _first(_last_boxed, output),
    "choice": lambda _, output: _first(chosen, output),
    "regex": _last_match,
    "json": lambda path, output: _json_path(output, path.strip()),
    "whole": lambda _, output: output,
    "none": lambda *_: None,
}

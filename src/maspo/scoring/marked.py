"""What an output has marked as its answer: in a tag, in a box, under a key of JSON. Pure.

Marks are often half: an opening tag without its end, a stray closing one, JSON with the backslashes of LaTeX.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from maspo.core.late import late
from maspo.scoring.json_values import objects_of
from maspo.scoring.readable import last_found, last_line, tail
from maspo.scoring.wrappers import handed_in

MOST_BOXES = 16
"""Boxes that are looked at, from the end: nobody lists more final answers than that one by one."""
LONGEST_BOX = 4000
"""Characters in a box; the longest gold of the benchmarks has under 200."""
_NAME = r"(?:final[_ -]?answer|answer|final|result|ans|choice)"
ATTRIBUTES = r"(?:\s+[\w:-]{1,30}\s?=\s?(?:\"[^\"<>\n]{0,100}\"|'[^'<>\n]{0,100}'))*"
"""Of an opening tag: <answer lang="fr">."""
_OPENING = late(rf"<\s?({_NAME}){ATTRIBUTES}\s?>", re.IGNORECASE)
_CLOSING = late(rf"<\s?[/\\]\s?({_NAME})\s?(?:>|$)", re.IGNORECASE)
_HALF_CLOSING = late(r"\s{0,9}<\s?/\s?\w{0,14}>?\s{0,9}\Z")
"""A closing tag of a wrong name, or of half of it."""
_LOST_BEGIN = late(rf"^{_NAME}\s?>", re.IGNORECASE)
"""What is left of an opening tag whose first sign is lost."""
_BRACKETED = late(rf"\[({_NAME})\]\s{{0,9}}([^\[\]]{{1,400}}?)\s{{0,9}}\[/\1\]", re.IGNORECASE)
"""A tag in square brackets."""
_BOX = late(r"\\(?:boxed|fbox|framebox|bbox(?:\[[^\]\n]{0,40}\])?)\s*(?:\{|(?=[^\s{]))")
_LOST_STROKE = late(r"(?<![\\A-Za-z])boxed\{")
_BRACE = late(r"\\?[{}]")
_END_OF_MATH = late(r"(?<!\\)\$|\\\)|\\\]|\n(?=\s*\S)")
_UNBRACED = late(r"-?[\w.]+|\\\w+(?:\{[^{}]*\})*")
_DENIED = late(r"(?i)\b(?:not(?!\s+only)|rather\s+than|instead\s+of)\s+(?:\w+\s+){0,2}[$\\(\[{\s]*$")
_LONGEST_DENIAL = 40
_KEYS = (
    *(
        "finalanswer",
        "answer",
        "ans",
        "correctanswer",
        "finalresult",
        "result",
        "solution",
        "choice",
        "selectedoption",
        "option",
    ),
    *("correctoption", "correct", "final", "letter", "prediction", "response", "output", "value"),
)
"""Keys under which models put their answer when they reply in JSON, the surest first; case and signs do not count."""
_KEY_AND_VALUE = late(
    r"""[{,]\s{0,40}["']?(?:final[_ ]?answer|answer|(?:selected[_ ])?(?:choice|option)|letter)["']?\s{0,9}:\s{0,40}"""
    r"""(?:"((?:[^"\\]|\\.){0,2000})"|'((?:[^'\\]|\\.){0,2000})'|([^\s,"'{}\[\]\n][^,"'{}\[\]\n]{0,200}))""",
    re.IGNORECASE,
)
"""The same where the whole is no JSON: single quotes, a comma too many, one backslash before a command of LaTeX."""
_LATEX_IN_JSON = late(r"(?<!\\)\\(?=[A-Za-z]{2})(?!u[0-9a-fA-F]{4})(?!n[A-Z\d])")


def marked_answer(text: str) -> str | None:
    """Return what a reply marks as its answer: in a tag, else in its last box, else in JSON; None without a mark."""
    tagged = tagged_answer(text)
    if tagged is not None:
        return tagged
    found = boxes(text)
    if found:
        return found[-1]
    answer = json_answer(text)
    return answer if answer is not None else handed_in(text)


def tagged_answer(text: str) -> str | None:
    """Return what stands in the last answer tag, which may lack its end or its begin; None without a tag."""
    first = text.find("<")
    if "[/" in text and (bracketed := last_found(_BRACKETED, text)) is not None:
        return bracketed[2].strip()
    if first < 0:
        return None
    openings = [tag.span() for tag in _OPENING.finditer(text, first)]
    closings = [tag.span() for tag in _CLOSING.finditer(text, first)]
    if len(openings) == len(closings) == 1 and openings[0][1] <= closings[0][0]:
        return text[openings[0][1] : closings[0][0]].strip()
    end = closings[-1][0] if closings else len(text)
    begin = max((opening[1] for opening in openings if opening[1] <= end), default=-1)
    if begin < 0:
        # A closing tag alone: its line is the answer, if the tag was not just spoken of.
        line = last_line(text[:end]) if closings and not openings else ""
        return _LOST_BEGIN.sub("", line) or None
    if closings:
        # Of "42</answer></answer>" the first end counts.
        return text[begin : min(closing[0] for closing in closings if closing[0] >= begin)].strip()
    content = _HALF_CLOSING.sub("", text[begin:]).strip()
    if not content and len(openings) > 1:
        # The closing tag lacks its stroke.
        return text[openings[-2][1] : openings[-1][0]].strip()
    return content.partition("\n\n")[0].strip() or None


def boxes(text: str) -> tuple[str, ...]:
    r"""Return what stands in the last ``\boxed{…}`` of a text, in their order; a box within a box is one.

    What a text says is not the answer ("… and not this") is none of them.
    """
    if "box" not in text:
        return ()
    text = tail(text)
    if (place := text.find("boxed{")) >= 0 and text[place - 1 : place] != "\\":
        # The stroke was lost on the way.
        text = _LOST_STROKE.sub(r"\\boxed{", text)
    found: list[str] = []
    end = 0
    for mark in list(_BOX.finditer(text, text.find("\\")))[-MOST_BOXES:]:
        if mark.start() < end:
            continue
        content, end = _content(text, mark)
        if content is not None and not _DENIED.search(text, max(0, mark.start() - _LONGEST_DENIAL), mark.start()):
            found.append(content)
    return tuple(found)


def without_boxes(text: str) -> str:
    """Return a text with a sign that means nothing in the place of each box."""
    parts, end = [], 0
    for mark in _BOX.finditer(text):
        if mark.start() >= end:
            parts.append(text[end : mark.start()])
            _, end = _content(text, mark)
    return "□".join([*parts, text[end:]])


def _content(text: str, mark: re.Match[str]) -> tuple[str | None, int]:
    begin = mark.end()
    if not mark[0].endswith("{"):
        single = _UNBRACED.match(text, begin, begin + 100)
        return (single[0], single.end()) if single else (None, begin)
    depth = 1
    for brace in _BRACE.finditer(text, begin, begin + LONGEST_BOX):
        if len(brace[0]) == 1:
            depth += 1 if brace[0] == "{" else -1
        if depth == 0:
            return text[begin : brace.start()].strip(), brace.end()
    # The last brace was left out; where the text ends in the box, the reply was cut off.
    end = _END_OF_MATH.search(text, begin, begin + LONGEST_BOX) if depth == 1 else None
    content = text[begin : end.start()].strip() if end is not None else ""
    return (content, end.end()) if end is not None and content else (None, begin)


def json_answer(text: str) -> str | None:
    """Return the answer of a reply in JSON: of the last object that has one; None when none has."""
    if "{" not in text or ":" not in text:
        return None
    text = tail(text)
    escaped = _LATEX_IN_JSON.sub(r"\\\\", text) if "\\" in text else text
    found = None
    for value in objects_of(escaped):
        answers = [answer for answer in _under_keys(value) if answer is not None]
        found = answers[0] if answers else _whole_object(value) or found
    if found is not None:
        return found
    last = None
    for last in _KEY_AND_VALUE.finditer(text):  # noqa: B007 - the last one is wanted
        pass
    said = next((group for group in last.groups() if group is not None), None) if last is not None else None
    return said.replace("\\\\", "\\").strip() if said is not None else None


def _under_keys(value: object) -> Iterator[str | None]:
    """Yield what stands under the keys of an answer, in the order of their names, of an object or one within it."""
    if not isinstance(value, dict):
        return
    named = {"".join(filter(str.isalnum, str(key))).casefold(): inner for key, inner in value.items()}
    yield from (_as_text(named[key]) for key in _KEYS if key in named and not isinstance(named[key], dict))
    for inner in value.values():
        yield from _under_keys(inner)


def _whole_object(value: object) -> str | None:
    """Return the object that is the answer itself: {"answer": {"x": 1}}."""
    answer = value.get("answer") if isinstance(value, dict) else None
    return json.dumps(answer, sort_keys=True) if isinstance(answer, dict) and answer else None


def _as_text(value: object) -> str | None:
    if value is None or isinstance(value, bool):
        return None if value is None else str(value).lower()
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)

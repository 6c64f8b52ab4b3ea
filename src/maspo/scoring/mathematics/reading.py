r"""Reading the mathematical answer of an output: tags, boxes, "the answer is …", the end of the last line. Pure."""

from __future__ import annotations

import re

from maspo.scoring.answers import final_answer
from maspo.scoring.readable import last_found, last_line, tail

LONGEST_BOX = 4000
MOST_BOXES = 16
_BOX = re.compile(r"\\(?:boxed|fbox)\s*(?:\{|(?=[^\s{]))")
_DENIED = re.compile(r"(?i)\b(?:not(?!\s+only)|rather\s+than|instead\s+of)\s+(?:\w+\s+){0,2}[$\\(\[{\s]*$")
_TAGGED = re.compile(r"</(?:answer|final_answer|final)>", re.IGNORECASE)
_CLAIM = re.compile(
    r"(?i:(?:final\s+|correct\s+)?answers?(?:\s+\w+){0,4}?\s+(?:is|are|equals?|was)(?:\s+(?:given\s+by|equal\s+to|thus|therefore))?"
    r"|answer\s*\**\s*[:=]|####)[ \t:*]*"
)
_CONCLUSION = re.compile(r"(?i:\b(?:is|are|equals?|get|have|gives?|be|of)\b|=|≈|:)\s*(?=[^=]*$)")
_INLINE = re.compile(r"\$\$(.+?)\$\$|(?<!\\)\$([^$\n]+?)(?<!\\)\$|\\\((.+?)\\\)|\\\[(.+?)\\\]", re.DOTALL)
_SENTENCE_END = re.compile(
    r"(?<=[^\s\d])\.(?:\s|$)|(?<=\d)\.(?:\s+[A-Z\\]|\s*$)|\n|(?<=[\w)}$])[,;]?\s+(?i:which|because|since|so|where|as)\s"
)
_SHORT = 80
_NUMBER = re.compile(r"[-−]?(?:§|\$|€|£)?\d[\d,]*(?:\.\d+)?(?:/\d+)?%?")


def read_math(output: str) -> str | None:
    """Return the final mathematical answer of an output as it is written there; None when there is none to read."""
    text = tail(output)
    if _TAGGED.search(text):
        tagged = final_answer("auto", text)
        if tagged is not None:
            inner = boxes(tagged)
            return inner[-1] if inner else tagged or None
    found = boxes(text)
    if found:
        return found[-1] or None
    return _claimed(text) or _concluded(last_line(text))


def boxes(text: str) -> tuple[str, ...]:
    r"""Return what stands in the last ``\boxed{…}`` of a text, in their order; a box within a box is one.

    What a text says is not the answer ("… and not this") is none of them.
    """
    text = tail(text)
    found: list[str] = []
    end = 0
    for mark in list(_BOX.finditer(text))[-MOST_BOXES:]:
        if mark.start() < end:
            continue
        content, end = _content(text, mark)
        if content is not None and not _DENIED.search(text, max(0, mark.start() - 40), mark.start()):
            found.append(content)
    return tuple(found)


def _content(text: str, mark: re.Match[str]) -> tuple[str | None, int]:
    begin = mark.end()
    if not mark[0].endswith("{"):
        single = re.match(r"-?[\w.]+|\\\w+(?:\{[^{}]*\})*", text[begin : begin + 100])
        return (single[0], begin + single.end()) if single else (None, begin)
    level = 1
    for place in range(begin, min(len(text), begin + LONGEST_BOX)):
        escaped = place > 0 and text[place - 1] == "\\"
        level += 0 if escaped else (text[place] == "{") - (text[place] == "}")
        if level == 0:
            return text[begin:place].strip(), place + 1
    return None, begin


def _claimed(text: str) -> str | None:
    """Return what follows the last "the answer is", up to the end of its sentence."""
    last = last_found(_CLAIM, text)
    if last is None:
        return None
    rest = text[last.end() : last.end() + 2 * LONGEST_BOX].lstrip()
    formula = _INLINE.match(rest)
    if formula is not None and not re.match(r"\s*(?:,|and|or|\\%|%|[a-z])", rest[formula.end() :]):
        return _inside(formula)
    sentence = _SENTENCE_END.search(rest)
    claim = rest[: sentence.start()] if sentence else rest
    return _trimmed(claim)


def _concluded(line: str) -> str | None:
    """Return the answer at the end of a last line: the line itself when short, its last formula or number otherwise."""
    if r"\boxed" in line:
        # A box that never closes: the output was cut off.
        return None
    line = re.sub(r"^(?:#+|[-*>])\s+", "", line).strip()
    if len(line) <= _SHORT and not re.search(
        r"[A-Za-z]{2,}\s+[A-Za-z]{2,}\s+[A-Za-z]{2,}", re.sub(r"\\[A-Za-z]+", "", line)
    ):
        return _trimmed(line)
    formulas = list(_INLINE.finditer(line[-LONGEST_BOX:]))
    if formulas:
        return _inside(formulas[-1]).rpartition("=")[2].strip() or None
    if len(line) > 2000:
        return None
    parts = _CONCLUSION.split(line)
    numbers = _NUMBER.findall(parts[-1]) if len(parts) > 1 else []
    return numbers[-1] if len(numbers) == 1 else None


def _inside(found: re.Match[str]) -> str:
    return next(group for group in found.groups() if group is not None).strip()


def _trimmed(text: str) -> str | None:
    text = text.strip().strip("*").strip().removesuffix(".").strip()
    return text or None

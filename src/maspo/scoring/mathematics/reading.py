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
_STATED = re.compile(
    r"(?i:\b(?:is|are|was|were|being|equals?|gets?|gives?|have|has|(?<=total )of)\b|(?<=[a-z]):(?=\s))"
    r"(?i:\s+(?:at|about|exactly|only|just|approximately))?\s*"
    r"(?=[-−+±(\[{|$§€£√π\\\d]|[A-Za-z]\s*=)"
)
"""What stands before a conclusion that begins as mathematics does."""
_NAMED = re.compile(r"(?i)\b(?:is|are|was|were)\s+(?:an?\s+|the\s+)?([\w-]+(?:\s+[\w-]+)?)$")
_OPENER = re.compile(r"(?i)^(?:(?:therefore|thus|hence|so|then|finally|in\s+total)\b,?\s*)+")
_SENTENCE = re.compile(r"(?<=[^\s.][.!?])\s+(?=[A-Z$\\])|\s+so\s+(?!that\b)")
_REMARK = re.compile(r"(?<=\S),\s+which(?!\s+(?:gives?|implies|means|leads|leaves|simplifies|equals|has|is\s+[$\d]))\s")
"""What follows a conclusion in its sentence; "which gives …" is the conclusion."""
_DISPLAYED = r"(?:align|aligned|gather|gathered|equation|eqnarray|split)\*?\}(?:\s*\{[^{}]*\})?"
_DISPLAY_END = re.compile(rf"(?:\s*(?:\\\]|\$\$|\\end\{{{_DISPLAYED}))+\.?$")
_ROW_BEGINS = re.compile(rf"\\\\(?!(?:(?!\\begin).)*\\end)|\\\[|\$\$|\\begin\{{{_DISPLAYED}", re.DOTALL)
"""Where a row of a displayed formula begins; rows of a matrix are none."""
_LONGEST_ROW = 1000
_INLINE = re.compile(
    r"\$\$(.+?)\$\$|(?<!\\)\$((?:\\\$|[^$\n])+?)(?<!\\)\$(?!\d)|\\\((.+?)\\\)|\\\[(.+?)\\\]", re.DOTALL
)
_SENTENCE_END = re.compile(
    r"(?<=[^\s\d.])\.(?:\s|$)|(?<=\d)\.(?:\s+[A-Z\\]|\s*$)|\n|(?<=[\w)}$])[,;]?\s+(?i:which|because|since|so|where|as)\s"
)
_SHORT = 80
_MOST_WORDS = 3
_PROSE = re.compile(r"[A-Za-z]{2,}\s+[A-Za-z]{2,}\s+[A-Za-z]{2,}|^[A-Za-z][a-z']+\s+(?!and|or)[a-z]+\s+\$?\d")
_OF_SOMETHING = re.compile(r"\s+(?!(?:and|or|to|which|so)\b)[a-z]{2,}")
_WORD = re.compile(r"\b(?!and\b|or\b)[A-Za-z]{2,}")
_NUMBER = re.compile(
    r"(?<![\w√^_\\.,/])(\b(?i:about|the|these|other|his|its|their|all|for|in|per|at|on|to|from|with|than|by|after|every|each|of)\s+"
    r"|\b[A-Z][a-z]+\s+)?"
    r"([-−]?(?:\\?[§$]|€|£)?\d+(?:,\d{3})*(?:\.\d+)?(?:/\d+)?(?:\\?%)?)(?![\w√^*\\(]|[.,/]\d|\s+of\b)"
)
"""A number, and the word before it that says it is not what a sentence is about."""


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
    return _claimed(text) or _displayed(text.rstrip()) or _concluded(last_line(text))


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
    return _begun(rest)


def _begun(rest: str) -> str | None:
    """Return the answer that a text begins with, up to the end of its sentence."""
    formula = _INLINE.match(rest)
    if formula is not None and not re.match(r"\s*(?:,|and|or|\\%|%|[a-z])", rest[formula.end() :]):
        return _inside(formula)
    sentence = _SENTENCE_END.search(rest)
    claim = rest[: sentence.start()] if sentence else rest
    return _trimmed(claim)


def _displayed(text: str) -> str | None:
    """Return the last row of the displayed formula that a text ends with."""
    text = text[-_LONGEST_ROW:]
    end = _DISPLAY_END.search(text)
    if end is None or r"\boxed" in text:
        return None
    return _trimmed(_ROW_BEGINS.split(text[: end.start()])[-1].replace("&", " " if "\\begin" not in text else "&"))


def _concluded(line: str) -> str | None:
    """Return the answer of a last line: the line itself when it is no sentence, what its last sentence states else."""
    if r"\boxed" in line or len(line) > LONGEST_BOX:
        # A box that never closes: the output was cut off.
        return None
    line = re.sub(r"^(?:#+|[-*>])\s+", "", line).replace("**", "").strip()
    sentence = _OPENER.sub("", _SENTENCE.split(line)[-1]).strip()
    before = _REMARK.split(sentence)[0]
    sentence = before if re.search(r"[\d$\\]", before) else sentence
    stated = last_found(_STATED, sentence)
    if stated is not None:
        return _stated(sentence[stated.end() :])
    formulas = list(_INLINE.finditer(sentence))
    if formulas:
        return _inside(formulas[-1]) if _WORD.search(_INLINE.sub(" ", sentence)) else _trimmed(sentence)
    named = _NAMED.search(sentence.rstrip("."))
    if named is not None:
        return named[1]
    words = re.sub(r"\\[A-Za-z]+", "", sentence)
    if len(sentence) <= _SHORT and not _PROSE.search(words) and len(_WORD.findall(words)) <= _MOST_WORDS:
        return _trimmed(sentence)
    numbers = [found[2] for found in _NUMBER.finditer(sentence.rpartition("=")[2]) if not found[1]]
    return numbers[0] if len(numbers) == 1 else None


def _stated(claim: str) -> str | None:
    """Return what a sentence states; of an amount of something, the amount."""
    formulas = list(_INLINE.finditer(claim))
    if formulas and formulas[0].start() == 0:
        if _OF_SOMETHING.match(claim, formulas[0].end()):
            return _inside(formulas[0])
        return _inside(formulas[-1]) if _WORD.search(_INLINE.sub(" ", claim)) else _begun(claim)
    return _begun(claim)


def _inside(found: re.Match[str]) -> str:
    return next(group for group in found.groups() if group is not None).strip()


def _trimmed(text: str) -> str | None:
    text = text.strip().strip("*").strip().removesuffix(".").strip()
    return text or None

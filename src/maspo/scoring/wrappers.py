"""What tools, markup and tables put around an answer, taken off: `<output>`, `Finish[…]`, a table of one row. Pure."""

from __future__ import annotations

import re

from maspo.core.late import late

_LONGEST = 4000
"""Characters of a reply that is looked at: what is wrapped as a whole is short."""
_ELEMENT = late(r"<([A-Za-z_][\w-]{0,30})(?:\s[^<>]*)?>(.*?)</\1\s*>", re.DOTALL)
_LEAF = late(r"<([A-Za-z_][\w-]{0,30})(?:\s[^<>]*)?>([^<>]*)</\1\s*>\s*")
"""Blanks within are cut off afterwards: patterns that leave them out as well take the cube of their number."""
_STRONG = late(r"</?(?:strong|b|mark)>", re.IGNORECASE)
_CODE = late(r"</?(?:code|tt|kbd)>", re.IGNORECASE)
_BREAK = late(r"\s*</?(?:br|p|div|li|ul|ol|h[1-6])\s?/?>\s*", re.IGNORECASE)
_INLINE = late(r"</?(?:em|i|u|span|font|small|sub|sup|a)(?:\s[^<>]*)?>", re.IGNORECASE)
_CALLED = late(
    r"(?:\A|\n)[^\S\n]{0,20}(?:\*{0,2}(?i:action|final action|tool)\*{0,2}\s?:\s{0,20})?"
    r"(?i:finish|submit|answer|final_?answer|done|respond|submit_?answer|return_?answer)"
    r"(?:\[\s*(?P<bracketed>[^\[\]\n]+?)\s*\]"
    r"|\(\s*(?:\w+\s?=\s?)?(?:(?P<quote>[\"'])(?P<passed>[^\"'\n]+)(?P=quote)|(?P<number>-?\d[\d.,/]*))\s*\))\s*\Z"
)
"""The call with which an agent hands in its answer: "Action: Finish[Rome]", "submit(answer='Rome')"."""
_RULE = late(r"\s*\|?(?:\s*:?-{2,}:?\s*\|)+(?:\s*:?-{2,}:?)?\s*\|?\s*")
_NAMELESS = frozenset({"field", "key", "name", "attribute", "property", "item", "aspect", ""})
"""Heads of a first column that holds the names of what stands beside them."""
_FENCED = late(r"(?:[^\n`]{1,80}:\s{1,3})?```\w*\n\s*+([^\s`][^\n`]*+)\s*\n```(?:\n+[^`?]{1,300})?")
"""One line in a fence, announced before it and explained after it."""
_QUOTED_LINE = late(r"(?m)^[ \t]*>[ \t]?")


def handed_in(text: str) -> str | None:
    """Return what a reply hands in by the call that ends it; None without one."""
    text = text.rstrip()
    if not text.endswith((")", "]")):
        return None
    found = _CALLED.search(text, max(0, len(text) - _LONGEST))
    return (found["bracketed"] or found["passed"] or found["number"]).strip() if found is not None else None


def inner_text(answer: str) -> str:
    """Return what stands in the element that is all of a marked answer: "<answer><label>refund</label></answer>"."""
    found = _LEAF.fullmatch(answer) if answer.startswith("<") else None
    return found[2].strip() if found is not None else answer


def without_wrappers(text: str) -> str:
    """Return a short reply without elements, marks of quotation or a table around it, as lines "name: value"."""
    if len(text) > _LONGEST:
        return text
    if "<" in text and ">" in text:
        text = _without_elements(text)
    if text.startswith(">"):
        text = _QUOTED_LINE.sub("", text)
    if "```" in text:
        fenced = _FENCED.fullmatch(text)
        text = fenced[1].strip() if fenced is not None else text
    return _untable(text) if "|" in text else text


def _without_elements(text: str) -> str:
    if "</" in text or "/>" in text or "<br" in text:
        text = _INLINE.sub("", _CODE.sub("`", _STRONG.sub("**", text)))
        text = _BREAK.sub("\n", text).strip()
    found = _ELEMENT.fullmatch(text)
    while found is not None:
        text = found[2].strip()
        name = found[1]
        found = _ELEMENT.fullmatch(text)
        if found is None and "<" not in text and "\n" not in text and "{" not in text and name.islower():
            return f"{name}: {text}"
    leaves = list(_LEAF.finditer(text))
    if leaves and "".join(leaf[0] for leaf in leaves) == text:
        return "\n".join(f"{leaf[1]}: {leaf[2].strip()}" for leaf in leaves)
    return text


def _untable(text: str) -> str:
    """Return a text whose table has one row, or names and values, with a line for each value instead."""
    lines = text.strip().split("\n")
    rule = next((place for place, line in enumerate(lines) if "-" in line and _RULE.fullmatch(line)), 0)
    if not rule:
        return text
    end = rule + 1
    while end < len(lines) and "|" in lines[end]:
        end += 1
    head, rows = _cells(lines[rule - 1]), [_cells(line) for line in lines[rule + 1 : end]]
    if any(len(row) != len(head) for row in rows):
        return text
    if len(head) == 2 and head[0].lower() in _NAMELESS:
        told = [f"{name}: {value}" for name, value in rows]
    elif len(rows) == 1:
        told = [f"{name}: {value}" for name, value in zip(head, rows[0], strict=True) if name and value]
    else:
        return text
    return "\n".join([*lines[: rule - 1], *told, *lines[end:]])


def _cells(line: str) -> list[str]:
    return [cell.strip(" *`") for cell in line.strip().strip("|").split("|")]

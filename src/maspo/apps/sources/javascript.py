"""Texts that a file of JavaScript or TypeScript says: in quotes, and template literals with their expressions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Final

from maspo.apps.languages import mark, parted
from maspo.apps.literals import Named
from maspo.apps.sources.base import ANY, Said, json_literal, key_before

_SKIPPED: Final = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_QUOTED: Final = re.compile(r"'(?:\\.|[^'\\\n])*'|\"(?:\\.|[^\"\\\n])*\"", re.DOTALL)
_REGEX: Final = re.compile(r"/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\[\n])+/[a-z]*")
_VALUE_BEFORE: Final = re.compile(r"(?:[\w$)\]}]|['\"`])\s*\Z")
"""Behind a value, a slash divides; else it begins a regular expression."""
_WORD_BEFORE: Final = re.compile(
    r"(?<![.\w$])(?:return|typeof|case|in|of|delete|void|throw|new|else|do|await|yield|default|extends|instanceof)\s*\Z"
)
_TAG: Final = re.compile(r"[\w$)\]][ \t]*\Z")
"""What stands right before a template literal and is given it, as in dedent`…`: it may read it in its own way."""
_ATTRIBUTE: Final = re.compile(r"(?<!\bconst)(?<!\blet)(?<!\bvar)\s[\w:-]+=\Z")
"""What stands before the value of an attribute of JSX, which knows no strokes and may be no template literal."""
_ELEMENT: Final = re.compile(r"</|/>")
_ESCAPE: Final = re.compile(
    r"\\(?:u\{(?P<point>[0-9a-fA-F]{1,6})\}|u(?P<four>[0-9a-fA-F]{4})|x(?P<two>[0-9a-fA-F]{2})|(?P<line>\r\n|[\n\r\u2028\u2029])"
    r"|(?P<one>.))",
    re.DOTALL,
)
_SAID: Final[Mapping[str, str]] = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0"}
_SENT: Final = re.compile(
    r"""(?:from|require\(|import\(?)\s*['"](?:@openai/agents|@mastra/|ai['"/]|openai|@anthropic-ai/)"""
)
"""What sends prompts as they are (docs/frameworks.md)."""
_FILLED: Final = re.compile(r"""['"](?:@?langchain|llamaindex|nunjucks|handlebars|mustache|ejs|liquidjs|eta)\b""")
"""What reads templates."""
_DECLARED: Final = re.compile(r"\b(?:const|let|var)\s+(\w+)\b(?:(?!\n\S|\b(?:const|let|var)\b)[^;])*\Z")
_MOST_DECLARED: Final = 500
"""Characters before a text in which it is declared."""
_MOST: Final = 200
"""Characters before a slash that are looked at."""


def said_in(source: str) -> Iterator[Said]:
    """Yield the texts of a file."""
    is_sent = _SENT.search(source) is not None and _FILLED.search(source) is None
    has_elements = _ELEMENT.search(source) is not None
    with suppress(RecursionError):  # literals within literals, deeper than anybody writes them
        for said in _within(source, 0, len(source), ("none",) if is_sent else ANY):
            if not (has_elements and _is_attribute(source, said.start)):
                yield said


def _within(source: str, start: int, end: int, languages: tuple[Named, ...]) -> Iterator[Said]:
    at = start
    while at < end:
        sign = source[at]
        if source.startswith("/*", at) and source.find("*/", at + 2) < 0:
            return
        if sign == "/" and (skipped := _SKIPPED.match(source, at, end)):
            at = skipped.end()
        elif sign == "/" and _begins_regex(source, at) and (regex := _REGEX.match(source, at, end)):
            at = regex.end()
        elif sign in "'\"" and (quoted := _QUOTED.match(source, at, end)):
            yield Said(at, quoted.end(), _unescaped(quoted[0][1:-1]), _quoted, languages, called=_called(source, at))
            at = quoted.end()
        elif sign == "`":
            parts, closed = _template(source, at, end)
            if closed < 0:
                return
            for first, last in parts:
                yield from _within(source, first, last, languages)
            if not _is_tagged(source, at):
                yield _said(source, at, closed, parts, languages)
            at = closed
        else:
            at += 1


def _called(source: str, at: int) -> tuple[str, ...]:
    """Return what a file calls a text: the key before it, and what is declared with it."""
    declared = _DECLARED.search(source[max(0, at - _MOST_DECLARED) : at])
    return (*key_before(source, at), *((declared[1],) if declared else ()))


def _is_tagged(source: str, at: int) -> bool:
    before = source[max(0, at - _MOST) : at]
    return _TAG.search(before) is not None and _WORD_BEFORE.search(before) is None


def _is_attribute(source: str, at: int) -> bool:
    return _ATTRIBUTE.search(source[max(0, at - _MOST) : at]) is not None


def _begins_regex(source: str, at: int) -> bool:
    before = source[max(0, at - _MOST) : at]
    return not _VALUE_BEFORE.search(before) or _WORD_BEFORE.search(before) is not None


def _template(source: str, start: int, end: int) -> tuple[list[tuple[int, int]], int]:
    """Return where the expressions of a template literal stand, and where it ends; -1 where it does not."""
    parts, at = list[tuple[int, int]](), start + 1
    while at < end:
        if source[at] == "\\":
            at += 2
        elif source[at] == "`":
            return parts, at + 1
        elif source.startswith("${", at):
            closed = _closed(source, at + 2, end)
            if closed < 0:
                return parts, -1
            parts.append((at + 2, closed))
            at = closed + 1
        else:
            at += 1
    return parts, -1


def _closed(source: str, start: int, end: int) -> int:
    """Return where the brace that ends an expression stands; -1 where there is none."""
    at, depth = start, 0
    while at < end:
        sign = source[at]
        if skipped := _SKIPPED.match(source, at, end):
            at = skipped.end()
            continue
        if sign in "'\"" and (quoted := _QUOTED.match(source, at, end)):
            at = quoted.end()
            continue
        if sign == "`":
            _, at = _template(source, at, end)
            if at < 0:
                return -1
            continue
        if sign == "}" and not depth:
            return at
        depth += (sign == "{") - (sign == "}")
        at += 1
    return -1


def _said(source: str, start: int, end: int, parts: list[tuple[int, int]], languages: tuple[Named, ...]) -> Said:
    text, written, at = "", dict[str, str](), start + 1
    for first, last in parts:
        name = mark(len(written))
        text += _unescaped(source[at : first - 2]) + name
        written[name] = source[first - 2 : last + 1]
        at = last + 1
    text += _unescaped(source[at : end - 1])
    return Said(start, end, text, _writer(written), languages, called=_called(source, start), shown=written)


def _writer(written: Mapping[str, str]) -> Callable[[str], str]:
    """Return what writes a text as a template literal."""

    def write(text: str) -> str:
        return f"`{''.join(written[piece] if piece in written else _escaped(piece) for piece in parted(text))}`"

    return write


def _quoted(text: str) -> str:
    """Return what says a text in place of one in quotes: a template literal, where it has several lines."""
    return f"`{_escaped(text)}`" if "\n" in text.strip("\n") and "\r" not in text else json_literal(text)


def _escaped(text: str) -> str:
    """Return what says a text in a template literal; a dollar sign at its end would open what comes behind it."""
    inner = text.replace("\\", "\\\\").replace("`", "\\`").replace("${", "\\${")
    inner = f"{inner[:-1]}\\$" if inner.endswith("$") else inner
    return "".join(one if one == "\n" or one.isprintable() else _code(one) for one in inner)


def _code(sign: str) -> str:
    return f"\\u{{{ord(sign):x}}}"


def _unescaped(text: str) -> str:
    def said(match: re.Match[str]) -> str:
        if (code := match["point"] or match["four"] or match["two"]) is not None:
            point = int(code, 16)
            return chr(point) if point < 0x110000 else match[0]
        if match["line"] is not None:
            return ""
        return _SAID.get(match["one"], match["one"])

    whole = _ESCAPE.sub(said, text.replace("\r\n", "\n"))
    # Signs beyond the first plane may be written as two halves.
    halves = re.search("[\ud800-\udfff]", whole)
    return whole.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if halves else whole

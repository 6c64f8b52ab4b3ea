"""Texts that a script of a shell says: in quotes, in documents behind ``<<``, and in the JSON that stands in either."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NoReturn, TypeAlias

from maspo.apps.languages import mark, parted
from maspo.apps.literals import Named
from maspo.apps.sources.base import Said, json_literal, key_before

_Context: TypeAlias = Literal["single", "double", "default", "document", "raw document", "bare"]
"""What a sign stands in: quotes, the default of a variable in quotes, a document, or a backslash's reach."""

_READS: Final[Mapping[_Context, str]] = {"double": '\\"$`', "default": '\\"$`}', "document": "\\$`"}
"""What a backslash takes the meaning from, where more than the end of the text has one."""
_NAME: Final = re.compile(r"\$(?:[A-Za-z_]\w*|[0-9@*#?$!-])")
_DEFAULT: Final = re.compile(r"\$\{(\w+):?[-=]")
_ANSI: Final = re.compile(r"\$'(?:\\.|[^'\\])*'", re.DOTALL)
_TICKS: Final = re.compile(r"`(?:\\.|[^`\\])*`", re.DOTALL)
_DOCUMENT: Final = re.compile(
    r"<<(?P<tabs>-?)[ \t]*(?:'(?P<single>[^'\n]+)'|\"(?P<double>[^\"\n]+)\"|(?P<back>\\?)(?P<bare>[\w.-]+))"
)
_CAUGHT: Final = re.compile(r"([A-Za-z_]\w*)=\"?\$\([ \t]*cat[ \t]*\Z")
"""A variable that is given a document."""
_CASE: Final = re.compile(r"case\b")
_JSON: Final = re.compile(r'(?<!\w)"(?:[^"\\]|\\.)*"', re.DOTALL)
_ECHOES: Final = re.compile(r"\becho\b|%b")
"""What reads a text with backslashes as more than itself."""
_FORM: Final = re.compile(r"\bprintf[ \t]+(?:-v[ \t]+\w+[ \t]+)?(?:--[ \t]+)?\Z")
"""What stands before a form that others are printed in, which is read in a way of its own."""
_NO_JSON: Final = re.compile(r'["\x00-\x1f]')
"""What no text holds that is put between the quotes of JSON as it is."""
_LINE: Final = 200
"""Characters before a text that are looked at."""


class _Unread(Exception):
    """A script that is not understood, of which nothing is said: what is a text in it could be anything."""


@dataclass(frozen=True, slots=True)
class _Sign:
    """What arrives of a place in a source: a sign, nothing, or the mark of an expression."""

    text: str
    start: int
    end: int
    context: _Context


@dataclass(frozen=True, slots=True)
class _Document:
    """A document that begins behind the line which asks for it."""

    end: str
    is_raw: bool
    loses_tabs: bool
    called: tuple[str, ...]


def said_in(source: str) -> Iterator[Said]:
    """Yield the texts of a file; none where it is not understood."""
    if "\0" in source:
        return
    read = _Script(source)
    try:
        read.commands(0, closes=False)
    except (_Unread, RecursionError):
        return
    yield from read.found


class _Script:
    """Reads a script from its beginning, as a shell does."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.found: list[Said] = []
        self.due: list[_Document] = []
        self.echoes: tuple[Named, ...] = ("echo",) if _ECHOES.search(source) else ()

    def commands(self, at: int, *, closes: bool) -> int:
        """Read commands up to the parenthesis that closes them, or to the end; return where they end."""
        source, depth = self.source, 0
        while at < len(source):
            sign = source[at]
            begins = at == 0 or source[at - 1] in " \t\n;&|("
            if sign == "\\":
                at += 2
            elif sign == "\n":
                at = self._documents(at + 1)
            elif sign == "#" and begins:
                at = self._find("\n", at, len(source))
            elif sign in "'\"":
                at = self._quoted(at)
            elif sign in "$`":
                at = max(at + 1, self._expression(at, "bare"))
            elif source.startswith("<<<", at):
                at += 3
            elif asked := _DOCUMENT.match(source, at):
                at = self._ask(asked)
            elif begins and source.startswith("((", at):
                at = self._find("))", at) + 2
            elif begins and closes and _CASE.match(source, at):
                raise _Unread
            elif sign == ")" and closes and not depth:
                return at + 1
            else:
                depth = max(0, depth + (sign == "(") - (sign == ")"))
                at += 1
        return self._unread() if closes or self.due else at

    def _find(self, what: str, at: int, otherwise: int = -1) -> int:
        found = self.source.find(what, at)
        return found if found >= 0 else otherwise if otherwise >= 0 else self._unread()

    def _unread(self) -> NoReturn:
        raise _Unread

    def _ask(self, asked: re.Match[str]) -> int:
        before = self.source[max(0, asked.start() - _LINE) : asked.start()].rpartition("\n")[2]
        caught = _CAUGHT.search(before)
        end = asked["single"] or asked["double"] or asked["bare"]
        is_raw = asked["bare"] is None or bool(asked["back"])
        self.due.append(_Document(end, is_raw, bool(asked["tabs"]), (caught[1],) if caught else ()))
        return asked.end()

    def _documents(self, at: int) -> int:
        """Read the documents that begin here; return where the commands go on."""
        due, self.due = self.due, []
        for one in due:
            tabs = "\t*" if one.loses_tabs else ""
            ends = re.compile(rf"^{tabs}{re.escape(one.end)}(?:\n|\Z)", re.MULTILINE).search(self.source, at)
            if ends is None:
                raise _Unread
            context: _Context = "raw document" if one.is_raw else "document"
            signs = self._signs(at, ends.start(), context, one.loses_tabs)
            self._say(at, ends.start(), signs, one.called)
            at = ends.end()
        return at

    def _signs(self, at: int, end: int, context: _Context, loses_tabs: bool = False) -> list[_Sign]:
        """Return what arrives of a part of the source in which nothing ends before its end."""
        found = list[_Sign]()
        while at < end:
            after = at + 1
            text = self.source[at]
            if loses_tabs and text == "\t" and self.source[at - 1] == "\n":
                after = at + len(self.source[at:end]) - len(self.source[at:end].lstrip("\t"))
                text = ""
            elif context != "raw document":
                text, after = self._sign(at, context)
            found.append(_Sign(text, at, after, context))
            at = after
        return found if at == end else self._unread()

    def _sign(self, at: int, context: _Context) -> tuple[str, int]:
        """Return what arrives of a place, and where that ends; an expression as what it is in the source."""
        text = self.source[at : at + 1]
        if text == "\\" and (escaped := self.source[at + 1 : at + 2]) and escaped in _READS[context] + "\n":
            return escaped.strip("\n"), at + 2
        if text in "$`" and (after := self._expression(at, context)) > at:
            return self.source[at:after], after
        return text, at + 1

    def _quoted(self, start: int) -> int:
        """Read a word, or a part of one, that is quoted; return where it ends."""
        signs, at = list[_Sign](), start
        while (sign := self.source[at : at + 1]) and sign in "'\"\\":
            if sign == "'":
                end = self._find("'", at + 1)
                signs += [_Sign(self.source[one], one, one + 1, "single") for one in range(at + 1, end)]
                at = end + 1
            elif sign == '"':
                inner, end = self._up_to('"', at + 1, "double")
                signs += inner
                at = end + 1
            else:
                if self.source[at + 1 : at + 2] not in ("\n", ""):
                    signs.append(_Sign(self.source[at + 1], at, at + 2, "bare"))
                at += 2
        self._say(start, at, signs, key_before(self.source, start))
        return at

    def _up_to(self, ends: str, at: int, context: _Context) -> tuple[list[_Sign], int]:
        """Return what arrives up to the sign that ends it, and where that stands."""
        found = list[_Sign]()
        while at < len(self.source) and self.source[at] != ends:
            text, after = self._sign(at, context)
            found.append(_Sign(text, at, after, context))
            at = after
        return (found, at) if at < len(self.source) else self._unread()

    def _expression(self, at: int, context: _Context) -> int:
        """Return where an expression ends that begins here; ``at`` where none does."""
        source = self.source
        if source[at] == "`":
            ticks = _TICKS.match(source, at)
            return ticks.end() if ticks else self._unread()
        if source.startswith("$((", at):
            return self._find("))", at) + 2
        if source.startswith("$(", at):
            return self.commands(at + 2, closes=True)
        if context == "bare" and (ansi := _ANSI.match(source, at)):
            return ansi.end()
        if context == "double" and (default := _DEFAULT.match(source, at)):
            # Quotes in there are read as each shell likes.
            signs, end = self._up_to("}", default.end(), "default")
            if "'" not in source[default.end() : end] and '"' not in source[default.end() : end].replace('\\"', ""):
                self._say(default.end(), end, signs, (default[1],))
                return end + 1
        if source.startswith("${", at):
            return self._braced(at + 2, context)
        name = _NAME.match(source, at)
        return name.end() if name else at

    def _braced(self, at: int, context: _Context) -> int:
        """Return where the braces of a variable end, whatever is done to it in them."""
        while at < len(self.source):
            sign = self.source[at]
            if sign == "}":
                return at + 1
            if sign == "'" and context == "bare":
                at = self._find("'", at + 1) + 1
            elif sign == '"':
                at = self._up_to('"', at + 1, "double")[1] + 1
            elif sign in "$`":
                at = max(at + 1, self._expression(at, "bare"))
            else:
                at += 1 + (sign == "\\")
        return self._unread()

    def _say(self, start: int, end: int, signs: Sequence[_Sign], called: tuple[str, ...]) -> None:
        """Keep a text, and those that stand in it as JSON."""
        shown, pieces = dict[str, str](), list[str]()
        for one in signs:
            is_expression = one.context in _READS and one.text[:1] in ("$", "`") and self.source[one.start] != "\\"
            if is_expression and one.text != "$":
                name = mark(len(shown))
                shown[name] = one.text
                pieces.append(name)
            else:
                pieces.append(one.text)
        text = "".join(pieces)
        contexts = {one.context for one in signs} - {"bare"}
        if len(contexts) == 1 or contexts == {"single", "double"}:
            context: _Context = "double" if "double" in contexts else contexts.pop()
            around = {"single": "'", "double": '"'}.get(context, "")
            ways: tuple[Named, ...] = ("none",) if _NO_JSON.search(text.strip()) else ("none", "json")
            ways += self.echoes
            if not _FORM.search(self.source[max(0, start - _LINE) : start]):
                write = _writer(context, shown, around)
                self.found.append(Said(start, end, text, write, ways, (str,), called=called, shown=shown))
        if text.lstrip()[:1] in ("{", "["):  # a program in quotes, as of awk, reads its texts in ways of its own
            self._say_json(text, signs, pieces, shown)

    def _say_json(self, text: str, signs: Sequence[_Sign], pieces: Sequence[str], shown: Mapping[str, str]) -> None:
        places = [number for number, piece in enumerate(pieces) for _ in piece]
        for match in _JSON.finditer(text):
            first, last = signs[places[match.start()]], signs[places[match.end() - 1]]
            within = {one.context for one in signs[places[match.start()] : places[match.end() - 1] + 1]}
            if first.context == last.context != "bare" and within <= {first.context, "bare"}:
                try:
                    inner = json.loads(match[0])
                except ValueError:
                    continue
                said = _in_json(_writer(first.context, shown, ""))
                key = key_before(text, match.start())
                self.found.append(
                    Said(first.start, last.end, inner, said, ("none",), (str,), called=key, shown=dict(shown))
                )


def _writer(context: _Context, shown: Mapping[str, str], around: str) -> Callable[[str], str]:
    """Return what writes a text, with its expressions, as it stands in a context."""

    def write(text: str) -> str:
        inner = "".join(shown[piece] if piece in shown else _escaped(piece, context) for piece in parted(text))
        return f"{around}{inner}{around}"

    return write


def _in_json(write: Callable[[str], str]) -> Callable[[str], str]:
    return lambda text: write(json_literal(text))


def _escaped(text: str, context: _Context) -> str:
    if context == "single":
        return text.replace("'", "'\\''")
    return "".join(f"\\{sign}" if sign in _READS.get(context, "") else sign for sign in text)

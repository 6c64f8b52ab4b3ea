"""Texts that a script of a shell says: in quotes, in documents behind ``<<``, and in the JSON that stands in either."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest
from typing import Final, Literal, NoReturn, TypeAlias

from maspo.apps.languages import mark, parted
from maspo.apps.literals import Named
from maspo.apps.sources.base import Said, json_literal, key_before
from maspo.apps.sources.rereads import Rereads, may_be_json

_Context: TypeAlias = Literal["single", "double", "default", "document", "raw document", "bare"]
"""What a sign stands in: quotes, the default of a variable in quotes, a document, or a backslash's reach."""

_READS: Final[Mapping[_Context, str]] = {"double": '\\"$`', "default": '\\"$`}', "document": "\\$`"}
"""What a backslash takes the meaning from, where more than the end of the text has one."""
_SHELLS: Final = re.compile(r"(?!#!)|#![^\n]*\b(?:sh|bash|dash|ash|ksh|mksh|zsh|busybox)\b")
"""How a script begins that is one of a shell whose quotes are known."""
_BASH: Final = re.compile(r"#![^\n]*\bbash\b")
_NAME: Final = re.compile(r"\$(?:[A-Za-z_]\w*|[0-9@*#?$!-])", re.ASCII)
_LETTER: Final = re.compile(r"[\w\[:]", re.ASCII)
"""What behind a variable would be taken for more of it."""
_DEFAULT: Final = re.compile(r"\$\{(\w+):?[-=]")
_OR_ELSE: Final = re.compile(r"\w+:?[-=+?]")
_ARITHMETIC: Final = re.compile(r"[^'\"`\\();]*")
_ANSI: Final = re.compile(r"\$'(?:\\.|[^'\\])*'", re.DOTALL)
_TICKS: Final = re.compile(r"`(?:\\.|[^`\\])*`", re.DOTALL)
_WORD: Final = re.compile(r"(?<=[\s;&|(`])[^\s;&|(`]")
_DOCUMENT: Final = re.compile(
    r"<<(?P<tabs>-?)[ \t]*(?:'(?P<single>[^'\n]+)'|\"(?P<double>[^\"\\$`\n]+)\"|(?P<back>\\?)(?P<bare>[\w.-]+))"
    r"(?=[\s;|&()<>]|\Z)"
)
_CAUGHT: Final = re.compile(r"([A-Za-z_]\w*)=\"?\$\([ \t]*cat[ \t]*\Z")
"""A variable that is given a document."""
_CASE: Final = re.compile(r"case\b")
_JSON: Final = re.compile(r'(?<!\w)"(?:[^"\\]|\\.)*"', re.DOTALL)
_ECHOES: Final = re.compile(r"\becho\b|%b")
"""What reads a text with backslashes as more than itself."""
_KSH: Final = re.compile(r"#![^\n]*\b(?:zsh|ksh|mksh)\b")
_PRINTS: Final = re.compile(r"\bprint[ \t](?!-\w*r)")
"""The same in shells that have it."""
_FORM: Final = re.compile(r"\bprintf[ \t]+(?:-v[ \t]+\w+[ \t]+)?(?:--[ \t]+)?\Z")
"""What stands before a form that others are printed in, which is read in a way of its own."""
_NO_JSON: Final = re.compile(r'["\x00-\x1f]')
"""What no text holds that is put between the quotes of JSON as it is."""
_LINE: Final = 200
"""Characters before a text that are looked at."""
_TO_JQ: Final = re.compile(r"\bjq\b(?:[^;|&\n]|\\\n)*\Z")
"""A command whose programs write texts as JSON does."""
_TO_ECHO: Final = re.compile(r"\becho\b(?:[^;|&\n]|\\\n)*\Z")
_READS_MORE: Final = re.compile(r"\becho[ \t]+-\w*e|%b|\bxpg_echo\b")
"""What reads backslashes in bash."""
_COMMAND: Final = 2000
"""Characters before a text that may be of the same command."""
_OPTION: Final = re.compile(r"-(?:-?[A-Za-z]|-\Z)")
_FORM_OF_CURL: Final = re.compile(r"(?<![\w-])(?:-F|--form)\b")


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
    if "\0" in source or not _SHELLS.match(source):
        return
    read = _Script(source)
    try:
        read.commands(0, closes=False)
    except (_Unread, RecursionError):
        return
    if not read.rereads.is_too_long:  # else what reads its texts once more may not have been seen
        yield from read.found


class _Script:
    """Reads a script from its beginning, as a shell does."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.found: list[Said] = []
        self.due: list[_Document] = []
        self.rereads = Rereads(source)
        prints = _ECHOES.search(source) or (_KSH.match(source) and _PRINTS.search(source))
        self.echoes: tuple[Named, ...] = ("echo",) if prints else ()

    def commands(self, at: int, *, closes: bool) -> int:
        """Read commands up to the parenthesis that closes them, or to the end; return where they end."""
        source, depth, owed = self.source, 0, len(self.due)
        while at < len(source):
            sign = source[at]
            begins = at == 0 or source[at - 1] in " \t\n;&|("
            if begins or source[at - 1] == "=":
                self.rereads.see(at)
                if self.rereads.is_too_long:
                    raise _Unread
            if sign == "\\":
                at += 2
            elif sign == "\n":
                at = self._documents(at + 1) if not (closes and owed) else self._unread()
            elif sign == "#" and begins:
                at = self._find("\n", at, len(source))
            elif sign == "#" and source[at - 1] == ")":
                raise _Unread  # a comment, or a part of a word
            elif sign in "'\"":
                at = self._quoted(at)
            elif sign in "$`":
                at = max(at + 1, self._expression(at, "bare"))
            elif source.startswith("<<<", at):
                at += 3
            elif asked := _DOCUMENT.match(source, at):
                at = self._ask(asked)
            elif source.startswith("<<", at):
                raise _Unread
            elif begins and source.startswith("((", at):
                at = self._arithmetic(at)
            elif begins and closes and _CASE.match(source, at):
                raise _Unread
            elif sign == ")" and closes and not depth:
                return at + 1 if len(self.due) == owed else self._unread()
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
        called = key_before(self.source, start)
        if called:
            self.rereads.see(start + 1)  # a command may be kept in a variable
        self._say(start, at, signs, called)
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
            ticks = _TICKS.match(source, at) or self._unread()
            for word in _WORD.finditer(source, at, ticks.end()):
                self.rereads.see(word.start())
            return ticks.end()
        if source.startswith("$((", at):
            return self._arithmetic(at + 1)
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

    def _arithmetic(self, at: int) -> int:
        """Return where two parentheses that open here are closed."""
        depth = 0
        while at < len(self.source):
            if self.source[at] not in "()":
                raise _Unread  # quotes, or commands in two pairs of parentheses
            depth += 1 if self.source[at] == "(" else -1
            at += 1
            if not depth:
                return at if self.source.startswith("))", at - 2) else self._unread()
            passed = _ARITHMETIC.match(self.source, at)
            at = passed.end() if passed else at
        return self._unread()

    def _refuse(self, called: tuple[str, ...], is_argument: bool, text: str) -> str:
        """Return why a text would not arrive as it is, written into quotes or a document of this script."""
        by_hand = "; write it by hand, or begin the prompt with a word"
        if text.startswith("@"):
            return f"the new prompt begins with @, which curl and others take for the name of a file{by_hand}"
        if _FORM_OF_CURL.search(self.source) and (text.startswith("<") or ";" in text):
            return f"the new prompt begins with < or holds a semicolon, which mean more to a form of curl{by_hand}"
        if text.startswith("-") and (is_argument or _OPTION.match(text)):
            return f"the new prompt begins with a dash, which commands take for an option{by_hand}"
        return self.rereads.refuse(text, called)

    def _refuse_in_json(self, start: int, called: tuple[str, ...], text: str) -> str:
        """Return why a text would not arrive as it is, written into JSON that begins at a place of this script."""
        text = json_literal(text)[1:-1]
        if "\\" in text and self._is_echoed(start, called):
            return (
                "the new prompt holds line breaks, quotes or backslashes, and the script gives its JSON to echo, which "
                "takes backslashes away in some shells; write it by hand, or have printf '%s' print it"
            )
        return self.rereads.refuse(text, called)

    def _is_echoed(self, start: int, called: tuple[str, ...]) -> bool:
        if _BASH.match(self.source) and not _READS_MORE.search(self.source):
            return False
        names = "|".join(called or (r"\w+",))
        return _TO_ECHO.search(self.source[max(0, start - _COMMAND) : start]) is not None or (
            re.search(rf"\becho\b[^;|&\n]*\$\{{?(?:{names}|[0-9]+|[@*])", self.source) is not None
        )

    def _braced(self, at: int, context: _Context) -> int:
        """Return where the braces of a variable end, whatever is done to it in them."""
        does_quote = context == "bare" or not _OR_ELSE.match(self.source, at)
        while at < len(self.source):
            sign = self.source[at]
            if sign == "}":
                return at + 1
            if sign == "'" and does_quote:
                # Of those within double quotes each shell thinks as it likes.
                at = self._find("'", at + 1) + 1 if context == "bare" else self._unread()
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
                refuse = partial(self._refuse, called, bool(around) and not called)
                self.found.append(
                    Said(start, end, text, write, ways, (str,), called=called, shown=_in_braces(shown), refuse=refuse)
                )
        # A program in quotes, as of awk or of a shell, reads its texts in ways of its own.
        if text.lstrip()[:1] in ("{", "[") and (
            may_be_json(text, shown) or _TO_JQ.search(self.source[max(0, start - _COMMAND) : start])
        ):
            self._say_json(text, signs, pieces, shown, partial(self._refuse_in_json, start, called))

    def _say_json(
        self,
        text: str,
        signs: Sequence[_Sign],
        pieces: Sequence[str],
        shown: Mapping[str, str],
        refuse: Callable[[str], str],
    ) -> None:
        braced = _in_braces(shown)
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
                    Said(first.start, last.end, inner, said, ("none",), (str,), called=key, shown=braced, refuse=refuse)
                )


def _writer(context: _Context, shown: Mapping[str, str], around: str) -> Callable[[str], str]:
    """Return what writes a text, with its expressions, as it stands in a context."""

    def write(text: str) -> str:
        pieces = parted(text)
        braced, inner = _in_braces(shown), list[str]()
        for piece, after in zip_longest(pieces, pieces[1:], fillvalue=""):
            if piece in shown:
                inner.append((braced if _LETTER.match(after) else shown)[piece])
            else:
                inner.append(_escaped(piece, context))
        return f"{around}{''.join(inner)}{around}"

    return write


def _in_braces(shown: Mapping[str, str]) -> dict[str, str]:
    """Return expressions with the names of variables in braces, which end them whatever follows."""
    return {name: f"${{{one[1:]}}}" if _NAME.fullmatch(one) else one for name, one in shown.items()}


def _in_json(write: Callable[[str], str]) -> Callable[[str], str]:
    return lambda text: write(json_literal(text))


def _escaped(text: str, context: _Context) -> str:
    if context == "single":
        return text.replace("'", "'\\''")
    return "".join(f"\\{sign}" if sign in _READS.get(context, "") else sign for sign in text)

"""Template languages in which prompts are written: what a text says in one, and how one says a text. Pure.

A text is read into pieces: passages that arrive as they are, and holes into which the program puts a value. Where an
expression of the program stands in a text, as in an f-string, its place is marked with ``mark``: in every language it
is a hole.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from maspo.apps.literals import Named

_MARK: Final = "\U0010fffd"
"""A sign for private use, so that no text has it."""
MARKED: Final = re.compile(rf"{_MARK}(\d+){_MARK}")


class CannotSay(Exception):
    """A language has no way to write a text; says which part of it, and what helps."""


@dataclass(frozen=True, slots=True)
class Hole:
    """A place for a value, as its language writes it, such as ``{name}`` or ``{{ name }}``."""

    source: str


Piece: TypeAlias = str | Hole


def mark(number: int) -> str:
    """Return what stands in a text for an expression of the program."""
    return f"{_MARK}{number}{_MARK}"


def parted(text: str) -> list[str]:
    """Return a text in parts: marks, and what stands between them."""
    found, at = list[str](), 0
    for match in MARKED.finditer(text):
        found += [text[at : match.start()], match[0]]
        at = match.end()
    return [part for part in (*found, text[at:]) if part]


def read(text: str, language: Named, prompt: str = "") -> list[Piece]:
    """Return what a text says: passages as they arrive, with holes between them.

    ``prompt`` is what did arrive: where values are put in by hand, as with ``str.replace``, a name between signs is a
    hole only if it is not in there.
    """
    known = _LANGUAGES[language]
    found: list[Piece] = []
    at = 0
    blocks = dict(_blocks(text)) if language == "jinja" else {}
    for match in known.token.finditer(text):
        if match.start() < at:
            continue  # within a block
        end = blocks.get(match.start(), match.end())
        piece = _piece(match, known, prompt) if end == match.end() else Hole(text[match.start() : end])
        found += [text[at : match.start()], piece]
        at = end
    return joined([*found, text[at:]])


def write(pieces: Iterable[Piece], language: Named) -> str:
    """Return a text that says these pieces in a language.

    Raises:
        CannotSay: the language would read another thing in it.

    """
    wanted = joined(pieces)
    known = _LANGUAGES[language]
    text = "".join(piece.source if isinstance(piece, Hole) else known.escaped(piece) for piece in wanted)
    holes = [piece.source for piece in wanted if isinstance(piece, Hole)]
    if known.by_hand:  # what the program replaces is known, and nothing else is read
        other = next((one for one in holes if text.count(one) != holes.count(one)), "")
    else:
        again = read(text, language)
        found = [one.source for one in again if isinstance(one, Hole)]
        other = "" if again == wanted else next((one for one in found if one not in holes), "a value")
    if other:
        raise CannotSay(known.why.format(other=other))
    return text


def _piece(match: re.Match[str], known: _Language, prompt: str) -> Piece:
    if MARKED.fullmatch(match[0]):
        return Hole(match[0])
    said = known.said(match)
    if said is not None:
        return said
    return match[0] if known.by_hand and match[0] in prompt else Hole(match[0])


def joined(pieces: Iterable[Piece]) -> list[Piece]:
    """Return pieces with passages that follow one another as one."""
    found: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, str) and found and isinstance(found[-1], str):
            found[-1] += piece
        elif piece != "":
            found.append(piece)
    return found


# ── the languages ────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class _Language:
    """What in a text is more than itself, what that says (None: it is a hole), and how a passage is written."""

    token: re.Pattern[str]
    said: Callable[[re.Match[str]], str | None]
    escaped: Callable[[str], str] = str
    by_hand: bool = False
    why: str = "the app would read {other} in it as a value; write it by hand"


def _token(*ways: str) -> re.Pattern[str]:
    return re.compile("|".join((MARKED.pattern, *ways)), re.DOTALL)


def _doubles(*signs: str) -> Callable[[re.Match[str]], str | None]:
    """Return what reads a doubled sign as that sign, and all else as a hole."""
    return lambda match: match[0][0] if match[0] in {sign * 2 for sign in signs} else None


def _doubled(*signs: str) -> Callable[[str], str]:
    def escaped(passage: str) -> str:
        for sign in signs:
            passage = passage.replace(sign, sign * 2)
        return passage

    return escaped


_BY_HAND: Final = (
    rf"\{{{{1,3}}[^{{}}\n{_MARK}]{{1,60}}\}}{{1,3}}",
    r"<{1,3}[A-Za-z_][\w .-]{0,60}>{1,3}",
    r"\[{1,3}[A-Za-z_][\w .-]{0,60}\]{1,3}",
    r"\$\{?[A-Za-z_]\w{0,60}\}?",
    r"%[A-Za-z_]\w{0,60}%",
    r"__[A-Za-z]\w{0,60}?__",
)
"""Names between signs, as they are put in places where a program replaces them itself."""
_JINJA_WORD: Final = re.compile(r"\{%[-+]?\s*(?P<word>\w+)")
_JINJA_OPENS: Final = frozenset({"if", "for", "block", "macro", "call", "filter", "with", "autoescape", "trans"})
"""Statements of Jinja that hold text, up to the one that ends them."""
_JINJA: Final = _token(
    r"\{%[-+]?\s{0,9}raw\s{0,9}[-+]?%\}(?P<raw>.{0,50000}?)\{%[-+]?\s{0,9}endraw\s{0,9}[-+]?%\}",
    *(r"\{#.{0,2000}?#\}", r"\{\{.{0,500}?\}\}", r"\{%.{0,500}?%\}"),
)
"""Bounded, so that a text in which something opens often and never ends is read in little time."""


def _blocks(text: str) -> Iterator[tuple[int, int]]:
    """Yield from where to where the outermost blocks of Jinja stand: what they say hangs on the values."""
    begun, depth = 0, 0
    for match in _JINJA.finditer(text):
        word = _JINJA_WORD.match(match[0])
        if word is None or match["raw"] is not None:
            continue
        if word["word"] in _JINJA_OPENS:
            begun, depth = (begun if depth else match.start()), depth + 1
        elif depth and word["word"].removeprefix("end") in _JINJA_OPENS:
            depth -= 1
            if not depth:
                yield begun, match.end()


def _jinja_said(match: re.Match[str]) -> str | None:
    if match["raw"] is not None:
        return match["raw"]
    return "" if match[0].startswith("{#") else None


def _jinja_escaped(passage: str) -> str:
    if "\r" in passage:
        raise CannotSay("the new prompt holds a carriage return, which Jinja takes away; write it by hand")
    if "endraw" in passage:
        raise CannotSay("the new prompt holds the word that ends a raw block; write it by hand")
    # A brace at the end would open something with what follows it.
    if re.search(r"\{[{%#]", passage) or passage.endswith("{"):
        return "{% raw %}" + passage + "{% endraw %}"
    return passage


def _json_said(match: re.Match[str]) -> str | None:
    return str(json.loads(f'"{match[0]}"')) if match[0].startswith("\\") else None


def _json_escaped(passage: str) -> str:
    return json.dumps(passage, ensure_ascii=False)[1:-1]


_ECHOED: Final[Mapping[str, str]] = {
    **{"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\"}
}


def _echo_said(match: re.Match[str]) -> str | None:
    """Say what arrives of an escape; a number is left as it is, as whatever no prompt holds."""
    return _ECHOED.get(match[0][1:], match[0]) if match[0].startswith("\\") else None


_ADK_NAME: Final = re.compile(r"(?<![${\\])\{+([^{}]*)\}+")
"""What Google ADK 2.13 takes for the name of a value: in any number of braces, unless one of these stands before."""
_ADK_PREFIXES: Final = ("app:", "user:", "temp:")


def _adk_said(match: re.Match[str]) -> str | None:
    """Say whether a text in braces is a name that ADK looks up; all others stay as they are."""
    name = match[0].strip("{}").strip().removesuffix("?")
    if name.startswith("artifact."):
        return None
    name = next((name.removeprefix(one) for one in _ADK_PREFIXES if name.startswith(one)), name)
    return None if name.isidentifier() else match[0]


_LANGUAGES: Final[Mapping[Named, _Language]] = {
    "none": _Language(_token(*_BY_HAND), lambda _: None, by_hand=True),
    "braces": _Language(_token(r"\{\{", r"\}\}", r"\{[^{}]*\}"), _doubles("{", "}"), _doubled("{", "}")),
    "jinja": _Language(_JINJA, _jinja_said, _jinja_escaped),
    "dollar": _Language(
        _token(r"\$\$", r"\$[A-Za-z_][A-Za-z0-9_]*", r"\$\{[A-Za-z_][A-Za-z0-9_]*\}"), _doubles("$"), _doubled("$")
    ),
    "percent": _Language(
        _token(r"%%", r"%(?:\([^()]*\))?[-+ #0]*[\d*]*(?:\.[\d*]+)?[a-zA-Z]"),
        _doubles("%"),
        _doubled("%"),
    ),
    # A text that a script puts between the quotes of JSON as it is.
    "json": _Language(
        _token(r'(?:\\u[0-9a-fA-F]{4})+|\\["\\/bfnrt]', *_BY_HAND), _json_said, _json_escaped, by_hand=True
    ),
    # ``echo`` of some shells, ``echo -e`` of others, and ``printf %b``.
    "echo": _Language(
        _token(r"\\(?:[abfnrtv\\]|0[0-7]{0,3}|[1-7][0-7]{0,2}|x[0-9a-fA-F]{1,2})", *_BY_HAND),
        _echo_said,
        lambda passage: passage.replace("\\", "\\\\"),
        by_hand=True,
    ),
    "adk": _Language(
        _token(_ADK_NAME.pattern),
        _adk_said,
        why="Google ADK would not take {other} as it is written, but look it up in its session, and no literal can say "
        "it; give a function instead (instruction=lambda context: PROMPT), and --template none",
    ),
    # Agno 3.1 reads instructions as a ``string.Template``: two dollar signs arrive as one, also without values.
    "agno": _Language(_token(r"\$\$", *_BY_HAND), _doubles("$"), _doubled("$"), by_hand=True),
    # With inputs, CrewAI 1.15 takes these for names of values; some of them also without. It has no escape.
    "crewai": _Language(
        _token(r"\{[A-Za-z_][A-Za-z0-9_-]*\}"),
        lambda _: None,
        why="CrewAI would not take {other} as it is written, but fill an input of the crew in for it, and no literal "
        "can say it; write the new prompt without it, or by hand",
    ),
}

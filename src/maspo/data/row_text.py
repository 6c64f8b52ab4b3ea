"""What a row of inputs asks, whatever is around it: without marks, markup and codes, and out of ciphers. Pure.

Two rows that differ in those alone ask the same (``maspo.data.groups``).
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from urllib.parse import unquote

from maspo.core.looks import as_seen
from maspo.core.spelling import tokens

_COUNTED = re.compile(
    r"^\W{0,20}(?:(?:question|problem|item|row|no|nr|q|example|case|task|exercise)\W{0,2}(?:no\W{0,2})?\d{1,7}\s?[-–—.):\]|]"
    r"|#?\d{1,7}\s?[.):\]])\s+(?=[^\W\d])"
    r"|^\W{0,20}\d{1,7}(?:\s?/\s?\d+|\s+of\s+\d+)?[^\w\n]*\n++(?=\W*[^\W\d])"
    r"|^\W{0,20}(?:[\[(](?=[^\])\n]*\d)[\w #:./-]{1,40}[\])]|(?=[\w-]*[a-f])(?=[\w-]*\d)[0-9a-f]{6,}(?:-[0-9a-f]+)*"
    r"|\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?Z?)?)\s?[:.-]?\s+(?=[^\W\d])|\s#\w{2,12}\s*$"
    r"|(?<=[.?!\"'*])\s+(?:[\[(<{](?=[^\])>}\n]*\d)[^\])>}\n]{1,60}[\])>}]|\w{1,12}[:=#](?=\w*\d)[\w-]{1,64})\s*$"
    r"|\s[\[(]?(?:#|(?:version|variant|copy|row|item|spelling|no\.?|nr\.?|v\.?)\s?#?)\d{1,7}[\])]?\s*$",
    re.IGNORECASE,
)
"""What a row is marked with before or after its text: a number, an identifier, a date."""
_MARKUP = re.compile(
    r"</?(?:p|br|b|i|em|strong|div|span|li|ul|ol|td|tr|th|table|h[1-6]|code|pre|sup|sub|u|blockquote)\b[^<>\n]{0,60}>",
    re.IGNORECASE,
)
_LINE_TAG = re.compile(r"</?(?:p|br|div|li|t[dhr]|h[1-6])\b", re.IGNORECASE)
_BROKEN = re.compile(r"(?<=[^\W\d_])-\n\s*(?=[^\W\d_])")
"""A word that goes on in the next line."""
_MIXED = re.compile(r"\b(?=\w*[^\W\d_])(?=\w*\d)\w+\b")
LEET = (str.maketrans("013457", "oieast"), str.maketrans("013457", "oleast"))
"""Digits as the letters that they look like; a one is like two of them."""
_SIGNS_AS_LETTERS = str.maketrans("@$", "as")
_AMONG_LETTERS = re.compile(r"(?<=[^\W\d_])[@$](?!\d)|[@$](?=[^\W\d_])")
_PIECE = re.compile(
    r"(?<=[。！？\n\t\])}>\"”»|])\s*|(?<=[.!?:;,—–])\s+|(?<=\s-)\s(?!\d)|(?=[\[({<\"“«\n])"
    r"|(?<=\d) +(?=[^\W\d])|(?<=\dZ) +|(?<=\d[;|])"
    r"|(?<=[=(\[{]')|(?='(?:\s\w{1,20}=|[,)\]}]))"
    r"|(?<=[:|]\d[:|])(?=[^\W\d])|(?<=[:|]\d\d[:|])(?=[^\W\d])|(?<=[:|]\d{3}[:|])(?=[^\W\d])"
)
"""Where a sentence, a line, a cell, a quotation or a bracket begins or ends, or a number before words."""
_MOST_PIECES = 64
"""Pieces of a text in which another row is looked for: a page of prose."""
_MARKS_PIECES = 4
"""Pieces that one mark is made of: a key, its value, a date."""
_MARKED = re.compile(
    r"\b(?:id|no|nr|num|number|row|item|ticket|issue|case|task|question|exercise|example|problem|sample|record|entry|line|"
    r"page|part|section|chapter|round|attempt|try|test|version|variant|copy|user|date|time|source|created|asked|uuid|sha|md5|hash|ref|key|index)\b"
    r"|\b[a-z]{2,12}[-#=_]\w*\d",
    re.IGNORECASE,
)
"""What says that the number beside it is a row's, and asks for nothing."""
_MOST_WORDS_OF_MARK = 4
_OF = re.compile(r"\b(?:out )?of\b")
_MOMENT = (
    r"\W{0,3}(?:\d{4}-\d\d?-\d\d?|\d\d?[./]\s?\d\d?[./]\s?\d{2,4})?\W{0,3}(?:\d\d?:\s?\d\d(?::\s?\d\d(?:[.,]\s?\d+)?)?)?\W{0,3}"
    r"|\W*\d{8}T\d{4,6}Z?\W*|\W*\[\^?\d{1,4}\]\W*|\W*(?=\w*\d)[0-9a-f]{6,}(?:-[0-9a-f]{4,})*\W*|\W*#\s?\d{1,7}\W*"
)
_IDENTIFIER = re.compile(_MOMENT, re.IGNORECASE)
"""A date, a time, or what is too long for a number that a question is about."""
_COUNTER = re.compile(
    rf"{_MOMENT}|\W*q?\d{{1,7}}(?:\s?/\s?\d{{1,7}})?\s?[^\w\s]\W*|\W*\d{{1,7}}[\t\n]\s*|[§#]\s?\d{{1,7}}"
    r"|\W*(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{4,12}\s?[:;|)\]]\W*|(?:[a-z_.]{2,16}[:|/]){1,4}\d{1,7}[:|]",
    re.IGNORECASE,
)
"""The same, or a number by itself, before something that sets it apart."""
_EMPHASIS = re.compile(r"\*\*|__|```|~~|^[ ]{0,3}(?:[>#]+[ ]+)+", re.MULTILINE)
"""Marks of Markdown, which stand between a mark and what it marks."""
_EDGE_TAG = re.compile(r"^\s*<[^<>\n]{1,120}>|<[^<>\n]{1,120}>\s*$")
_MOST_TAGS = 64
"""Tags around a text that are taken off, on either side: each takes a look at the whole text."""
_CODED_SIGNS = re.compile(r"(?:%[0-9a-f]{2}.{0,40}){3}", re.IGNORECASE)
_CODE_POINT = re.compile(
    r"\\u([0-9a-f]{4})|\\x([0-9a-f]{2})|\\u\{([0-9a-f]{1,6})\}|\\(?P<octal>0[4-7][0-7]|1[0-7]{2})(?!\d)", re.IGNORECASE
)
_FEWEST_JOINED = 3
"""Words that a plus joins where a text has no blank: so addresses are written."""
_QUOTED_PRINTABLE = re.compile(r"=(?:([2-7][0-9A-F])|\n)")
_ONE_RUN = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,6}(?:\s[A-Za-z0-9+/_-]+={0,2})*")
_DATA = re.compile(r"^data:[\w/+;=-]{0,40},|[,;|:-](?=\s|[0-9a-f]{2}\b)", re.IGNORECASE)
"""What stands before coded text in an address, and between codes."""
_NUMBERS = re.compile(r"(?:0x)?[0-9a-f]{2,8}(?:[\s,;]+(?:0x)?[0-9a-f]{2,8}){11,}", re.IGNORECASE)
_OTHER_ALPHABET = str.maketrans("-_", "+/")
_ROUNDS = 3
"""Times that what is coded for an address is undone: once in the other, and once more."""
_OVER_ASCII = re.compile("(?<=[ -~])[\u0300-\u036f\u20d0-\u20ff]+")
"""Marks over and through signs of ASCII; what belongs together is one sign by then."""
_DRESSED = re.compile(
    "[\u0370-\u04ff\u1d00-\u1dbf\u2100-\u214f\u2460-\u24ff\U0001d400-\U0001d7ff\U0001f100-\U0001f1ff]"
)
"""Letters that can look like Latin ones."""
_ALPHABET = "abcdefghijklmnopqrstuvwxyz"
_SIGNS = str.maketrans("−–×·÷", "--**/")
_MIRRORED = str.maketrans(_ALPHABET, _ALPHABET[::-1])
LEAST_LETTERS = 12
"""Letters of a text that is looked at as a cipher of another one: two questions are one another's by no chance."""
_KEYCAPS = re.compile("(?<=\\d)[\u0300-\u036f]+|[\ufe0e\ufe0f]?\u20e3")
_SPACED = re.compile(r"(\S) (?=\S)")
_FEWEST_SPACED, _MOST_SINGLE = 12, 0.8
"""Words of a text that may be written letter by letter, and the share that are single letters then."""
READ_AS: tuple[Callable[[str], str], ...] = (
    lambda text: " ".join(word[::-1] for word in text.split()),
    lambda text: re.sub(r"[\W_]", "", text),
    lambda text: re.sub(r"(?<=\b\d) (?=\d\b)", "", text),
    lambda text: re.sub(r"\b(\w+)(\w)ay\b", r"\2\1", text),
    lambda text: re.sub(r"(?<=\w)[·•‧|/\u00ad-](?=\w)", "", text),
    lambda text: text.replace("\\n", " ").replace("\\t", " ").replace("\\", ""),
    lambda text: re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text),
)
"""Words turned round, signs taken out, escapes of programs, words written as one."""
LEAST_WORDS = 4
"""Words of a row that is looked for in others: shorter ones are a greeting or a heading."""


def asked(text: str) -> str:
    """Return what an input asks, without the marks around it: the same for all rows that differ in those alone."""
    bare = without_marks(as_read(text))
    return bare if len(tokens(bare)) >= LEAST_WORDS else text


def without_count(text: str) -> str:
    """Return a text without the number, identifier or date that a row is marked with before or after it."""
    return _COUNTED.sub(" ", text)


def as_read(text: str) -> str:
    """Return a text without what a page or a line's end makes of it."""
    if "&" in text:
        text = html.unescape(text)
    if "<" in text:
        text = _MARKUP.sub(lambda tag: "\n" if _LINE_TAG.match(tag[0]) else " ", text)
    for _ in range(_ROUNDS if "%" in text else 0):
        if not _CODED_SIGNS.search(text):
            break
        text = unquote(text if " " in text else text.replace("+", " "))
    if text.count("+") >= _FEWEST_JOINED and not re.search(r"\s", text.strip()):
        text = unquote(text.replace("+", " "))
    if "\\" in text:
        text = _CODE_POINT.sub(_character, text)
    if text.count("=20") > 1 or "=3D" in text:
        text = _QUOTED_PRINTABLE.sub(lambda escape: chr(int(escape[1], 16)) if escape[1] else "", text)
    if not text.isascii():
        text = _OVER_ASCII.sub("", as_seen(text) if _DRESSED.search(text) else text)
    elif (
        _NUMBERS.fullmatch(coded := text.strip())
        or (coded := _coded(text))
        or _NUMBERS.fullmatch(coded := _DATA.sub("", text.strip()))
    ):
        text = _decoded(coded) or text
    if len(text) > LEAST_LETTERS and len(set(text[1::2])) == 1 and not text[1].isalnum():
        text = text[::2]  # the same sign after each
    text = _BROKEN.sub("", _KEYCAPS.sub("", text))
    return _SPACED.sub(r"\1", text) if _is_spaced(text) else text


def _coded(text: str) -> str:
    """Return the run of coded signs that a text is, but for a word before it and quotes around it."""
    bare = _DATA.sub("", text.strip())
    runs = [bare] if _ONE_RUN.fullmatch(bare) else [word.strip("'\"`") for word in bare.split()]
    return next((run for run in runs if len(run) * 3 > len(text) * 2 and _ONE_RUN.fullmatch(run)), "")


def _character(escape: re.Match[str]) -> str:
    octal = escape["octal"]
    code = int(octal, 8) if octal else int(next(group for group in escape.groups() if group), 16)
    return chr(code) if code < 0x110000 else escape[0]


def _decoded(text: str) -> str:
    """Return what a text that is one run of base64, base32 or hexadecimal digits spells; empty when that is no text."""
    run = re.sub(r"\s", "", text).rstrip("=")
    groups = re.split(r"[\s,;]+", text)
    ways: tuple[Callable[[], bytes], ...] = (
        *(partial(_from_numbers, groups, base) for base in (2, 8, 10, 16)),
        partial(bytes.fromhex, run.removeprefix("0x")),
        lambda: int(run, 2).to_bytes(len(run) // 8, "big") if len(run) % 8 == 0 else b"",
        lambda: base64.b85decode(text),
        lambda: base64.b32decode(run + "=" * (-len(run) % 8)),
        lambda: base64.b64decode(run.translate(_OTHER_ALPHABET) + "=" * (-len(run) % 4), validate=True),
    )
    for decode in ways:
        with suppress(ValueError):
            found = decode().decode()
            if " " in found and all(one.isprintable() or one.isspace() for one in found):
                return found
    return ""


def _from_numbers(groups: Sequence[str], base: int) -> bytes:
    """Return the bytes that numbers in a base are, if there are several."""
    return bytes(int(group, base) for group in groups) if len(groups) > 1 else b""


def deciphered(text: str) -> str:
    """Return letters and digits of a text in a form that it shares with itself backwards, moved and mirrored.

    Digits stay in their places among the letters, apart from each other as they were.
    """
    # Where every sign stands alone, what is between two digits says nothing.
    gap = "|" if re.search(r"[^\W_]{2}", text) else ""
    plain = re.sub(r"(?<=\d)[\W_]+(?=\d)", gap, text.lower())
    plain = re.sub(r"[^\w|]|_", "", plain)
    letters = [one for one in plain if one in _ALPHABET]
    if len(letters) < LEAST_LETTERS:
        return ""
    signs = "".join(sorted(one for one in text.translate(_SIGNS) if one in "+-*/^=<>%√±"))
    ways = (one for row in (plain, plain[::-1]) for one in (row, row.translate(_MIRRORED)))
    return f"{min(map(_moved_to_a, ways))} {signs}"


def _moved_to_a(text: str) -> str:
    """Return a text with its letters moved along the alphabet so that the first is an `a`."""
    by = next(_ALPHABET.index(one) for one in text if one in _ALPHABET)
    return text.translate(str.maketrans(_ALPHABET[by:] + _ALPHABET[:by], _ALPHABET))


def _is_spaced(text: str) -> bool:
    """Return whether a text is written letter by letter, with a blank between two."""
    words = text.split()
    return len(words) > _FEWEST_SPACED and sum(len(word) == 1 for word in words) > _MOST_SINGLE * len(words)


def without_marks(text: str) -> str:
    """Return a text without the marks around it: identifiers, dates and times, counters, keys of a record, tags."""
    if text[:1] == "{":
        with suppress(ValueError, RecursionError):
            found = json.loads(text)
            text = "\n".join(value for value in found.values() if isinstance(value, str))
    text = _EMPHASIS.sub(" ", text)
    for _ in range(_MOST_TAGS):
        bare = _EDGE_TAG.sub("", text)
        if bare == text:
            break
        text = bare
    pieces = [piece for piece in _PIECE.split(text, maxsplit=_MOST_PIECES) if piece.strip()]
    while size := _mark(pieces, range(1, len(pieces)), _COUNTER):
        pieces = pieces[size:]
    while size := _mark(pieces, range(-1, -len(pieces), -1), _IDENTIFIER):
        pieces = pieces[:size]
    return " ".join(pieces)


def _mark(pieces: Sequence[str], sizes: Sequence[int], number: re.Pattern[str]) -> int:
    """Return how many pieces at the beginning are one mark of a row; at the end, if sizes are negative."""
    for size in sizes[:_MARKS_PIECES]:  # the shortest first, since what a mark marks may begin with a number, too
        counted = [one for one in (pieces[:size] if size > 0 else pieces[size:]) if any(map(str.isdigit, one))]
        text = _OF.sub("/", " ".join(pieces[:size] if size > 0 else pieces[size:]))
        words = _words_in(text)
        if not counted or len(words) > _MOST_WORDS_OF_MARK:
            continue
        # The words beside a number are those of a mark, not of a question that follows a key such as `user:`.
        named = all(_MARKED.search(one) or not _words_in(one) for one in counted) and _MARKED.search(text)
        if named or (not words and number.fullmatch(text.strip(" "))):
            return size
    return 0


def _words_in(text: str) -> list[str]:
    """Return the words of a text that hold no digit."""
    return re.findall(r"[^\W\d_]+", re.sub(r"\b(?=\w*\d)\w+", "", text))


def in_letters(text: str, table: dict[int, int]) -> str:
    """Return a text with digits and signs within words as the letters that they look like: `l0av3s`."""
    if "@" in text or "$" in text:
        text = _AMONG_LETTERS.sub(lambda sign: sign[0].translate(_SIGNS_AS_LETTERS), text)
    return _MIXED.sub(lambda word: word[0].translate(table), text)

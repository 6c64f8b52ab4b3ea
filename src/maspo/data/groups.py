"""Groups of inputs that ask the same: only groups are independent, so they are split and tested whole. Pure.

Two inputs ask the same when they are equal but for spelling, or near-copies: the same numbers, and of the rest of the
shorter one at least 85 % also stands in the longer one, which is at most twice as long. Words weigh by their letters.
Near-copies of near-copies are in one group.
Source: near-duplicate detection by shared shingles (Broder 1997), here words, because inputs are short; candidates by
their rarest words, the prefix filter of set-similarity joins (Chaudhuri et al. 2006).
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import combinations, pairwise
from urllib.parse import unquote

from maspo.core.errors import InputsInvalid
from maspo.core.looks import as_seen
from maspo.core.numerals import alike, spelled_out
from maspo.core.spelling import SAY_LITTLE, tokens
from maspo.data.inputs import Inputs

NEAR = ""
"""Of ``group_by``: near-copies are one group."""
ALONE = "none"
"""Of ``group_by``: every row is a group of its own."""
_MOST_REPLACED = 0.15
"""Share of the shorter text, by weight, that near-copies may have instead of other words. Real benchmark questions that
ask for something else replace more (docs/evidence.md)."""
_MOST_ADDED = 1.0
"""What the longer text may add, as a share of the shorter one: a sentence around a question."""
_LEAST_WEIGHT = 12.0
"""A text that weighs less, such as two words, is compared exactly: one other letter makes it another question."""
_NUMBER, _SIGN, _LONGEST, _COMMON = 6.0, 3.0, 10, 0.25
"""What a number and a sign weigh, what a word weighs at most, and the part that words weigh which say little."""
_FRAME = 0.95
"""A word that this share of the rows has is their frame, and tells no two of them apart."""
_FEWEST_FRAMED = 8
"""Rows that it takes to see a frame."""
_ALL_PAIRS = 24
"""Rows with the same numbers that are compared pair by pair; of more, those that share two of their rarest words."""
_RAREST = 6
"""Words by which near-copies are looked for: two that replace or add a few words still share two of them."""
_RECENT = 4
"""Rows with the same two rare words that a row is compared with."""
_TYPO_LETTERS = 4
"""Letters of a word in which a typo can be told from another word."""
_SWAP_LETTERS = 6
"""Letters of a word in which a swap can be told from another word: `angel` and `angle` have five."""
_KINDLY = frozenset({"please", "kindly", "could", "can", "would", "you", "tell", "me", "let", "thanks", "thank"})
_NOTHING = "-"
"""Stands for the words of a row whose cells that prompts read are empty."""
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
_LEET = str.maketrans("013457", "oieast")
_LEET_L = str.maketrans("013457", "oleast")
"""The same, with a one for an l."""
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
_LEAST_LETTERS = 12
"""Letters of a text that is looked at as a cipher of another one: two questions are one another's by no chance."""
_KEYCAPS = re.compile("(?<=\\d)[\u0300-\u036f]+|[\ufe0e\ufe0f]?\u20e3")
_SPACED = re.compile(r"(\S) (?=\S)")
_FEWEST_SPACED, _MOST_SINGLE = 12, 0.8
"""Words of a text that may be written letter by letter, and the share that are single letters then."""
_LEAST_WORDS = 4
"""Words of a row that is looked for in others: shorter ones are a greeting or a heading."""
_READABLE = 2
"""Words that say little of a text that is a language as it stands."""
_DIGITS_APART = re.compile(r"\b\d \d\b")
_READ_AS: tuple[Callable[[str], str], ...] = (
    lambda text: " ".join(word[::-1] for word in text.split()),
    lambda text: re.sub(r"[\W_]", "", text),
    lambda text: re.sub(r"(?<=\b\d) (?=\d\b)", "", text),
    lambda text: re.sub(r"\b(\w+)(\w)ay\b", r"\2\1", text),
    lambda text: re.sub(r"(?<=\w)[·•‧|/\u00ad-](?=\w)", "", text),
    lambda text: text.replace("\\n", " ").replace("\\t", " ").replace("\\", ""),
    lambda text: re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text),
)
"""Words turned round, signs taken out, escapes of programs, words written as one."""


@dataclass(frozen=True)
class Groups:
    """The group of each input, by its key; a group is named by the least key in it."""

    of: Mapping[str, str]

    def count(self, keys: Iterable[str]) -> int:
        """Return in how many groups some inputs are."""
        return len({self.of.get(key, key) for key in keys})

    @property
    def shared(self) -> Groups:
        """The same without inputs that name their group: these are in it anyway, and most stand alone."""
        return Groups({key: group for key, group in self.of.items() if key != group})

    def members(self, keys: Iterable[str]) -> dict[str, list[str]]:
        """Return inputs by group, both in the order given."""
        found: dict[str, list[str]] = {}
        for key in keys:
            found.setdefault(self.of.get(key, key), []).append(key)
        return found


def groups_of(inputs: Inputs, read: Sequence[str], by: str = NEAR) -> Groups:
    """Return the groups of inputs by the columns that are ``read``, or by the column that a user names.

    Inputs that are equal in what is read, but for spelling, are in one group in any case, unless every row shall be
    ``ALONE``.

    Raises:
        InputsInvalid: no row has the column.

    """
    rows = inputs.rows
    if by == ALONE:
        return Groups({row.key: row.key for row in rows})
    if by not in (NEAR, "id") and not any(by in row.columns for row in rows):
        known = ", ".join(sorted({name for row in rows for name in row.columns}))
        raise InputsInvalid(f"--group-by {by}: no row has this column; expected one of {known}, `id` or `{ALONE}`")
    texts = [_as_read("\n".join(row.columns.get(name, "") for name in read)) for row in rows]
    bare = [_COUNTED.sub(" ", text) for text in texts]
    joined = _Union(len(rows))
    spelled = [tokens(one) or (text.strip() or _NOTHING,) for one, text in zip(bare, texts, strict=True)]
    _join_equal(joined, spelled)
    lettered, other_letters = ([_in_letters(one, table) for one in bare] for table in (_LEET, _LEET_L))
    said = {one: spelled_out(one) for one in dict.fromkeys((*bare, *lettered, *other_letters))}
    plainly = {one: alike(words).strip() for one, words in said.items()}
    for written in (bare, lettered, other_letters):
        _join_equal(joined, [(plainly[one] or text.strip(),) for one, text in zip(written, texts, strict=True)])
    _join_read(joined, bare, [plainly[one] for one in bare], spelled)
    cores = [tokens(_core(text)) for text in texts]
    _join_equal(joined, [core if len(core) >= _LEAST_WORDS else row for core, row in zip(cores, spelled, strict=True)])
    _join_equal(joined, [(_deciphered(text) or text.strip() or _NOTHING,) for text in bare])
    _join_equal(joined, [tuple(min(one, one[::-1]) if one.isalpha() else one for one in row) for row in spelled])
    if by == NEAR:
        _join_contained(joined, [said[one] for one in bare])
        _join_near(joined, spelled)
    elif by == "id":
        _join_equal(joined, [(row.label,) for row in rows])
    else:
        # A row without a value is in no group with others.
        cells = [tokens(text) or (text, row.key) for row in rows for text in [row.columns.get(by, "")]]
        _join_equal(joined, cells)
    least: dict[int, str] = {}
    for place, row in enumerate(rows):
        root = joined.root(place)
        least[root] = min(least.get(root, row.key), row.key)
    return Groups({row.key: least[joined.root(place)] for place, row in enumerate(rows)})


def asked(text: str) -> str:
    """Return what an input asks, without the marks around it: the same for all rows that differ in those alone."""
    core = _core(_as_read(text))
    return core if len(tokens(core)) >= _LEAST_WORDS else text


class _Union:
    """Disjoint sets of places (Tarjan 1975)."""

    def __init__(self, size: int) -> None:
        self._above = list(range(size))

    def root(self, place: int) -> int:
        while self._above[place] != place:
            self._above[place] = self._above[self._above[place]]
            place = self._above[place]
        return place

    def join(self, one: int, other: int) -> None:
        self._above[self.root(one)] = self.root(other)


def _join_equal(joined: _Union, values: Sequence[tuple[str, ...]]) -> None:
    first: dict[tuple[str, ...], int] = {}
    for place, value in enumerate(values):
        joined.join(place, first.setdefault(value, place))


def _as_read(text: str) -> str:
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
    if len(text) > _LEAST_LETTERS and len(set(text[1::2])) == 1 and not text[1].isalnum():
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


def _deciphered(text: str) -> str:
    """Return letters and digits of a text in a form that it shares with itself backwards, moved and mirrored.

    Digits stay in their places among the letters, apart from each other as they were.
    """
    # Where every sign stands alone, what is between two digits says nothing.
    gap = "|" if re.search(r"[^\W_]{2}", text) else ""
    plain = re.sub(r"(?<=\d)[\W_]+(?=\d)", gap, text.lower())
    plain = re.sub(r"[^\w|]|_", "", plain)
    letters = [one for one in plain if one in _ALPHABET]
    if len(letters) < _LEAST_LETTERS:
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


def _core(text: str) -> str:
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


def _in_letters(text: str, table: dict[int, int]) -> str:
    """Return a text with digits and signs within words as the letters that they look like: `l0av3s`."""
    if "@" in text or "$" in text:
        text = _AMONG_LETTERS.sub(lambda sign: sign[0].translate(_SIGNS_AS_LETTERS), text)
    return _MIXED.sub(lambda word: word[0].translate(table), text)


def _join_read(
    joined: _Union, texts: Sequence[str], plainly: Sequence[str], spelled: Sequence[tuple[str, ...]]
) -> None:
    """Join rows that are no language as they stand to those that they are by one of the ways to read them."""
    places = {one: place for place, one in enumerate(plainly)}
    for place, text in enumerate(texts):
        if sum(map(SAY_LITTLE.__contains__, spelled[place])) < _READABLE or _DIGITS_APART.search(text):
            for way in _READ_AS:
                read = alike(spelled_out(way(text))).strip()
                if len(read) >= _LEAST_LETTERS and read in places:
                    joined.join(place, places[read])


def _join_contained(joined: _Union, rows: Sequence[tuple[str, ...]]) -> None:
    """Join a row that stands whole in another one, whatever is around it.

    What asks for all that another row asks for, and for more, is not independent of it.
    """
    whole = {row: place for place, row in enumerate(rows) if len(row) >= _LEAST_WORDS and _says_enough(row)}
    lengths: dict[tuple[str, ...], set[int]] = defaultdict(set)
    for row in whole:
        lengths[row[:_LEAST_WORDS]].add(len(row))
    for place, row in enumerate(rows):
        for begin in range(len(row) - _LEAST_WORDS + 1):
            for length in lengths.get(row[begin : begin + _LEAST_WORDS], ()):
                run = row[begin : begin + length]
                if run in whole:
                    joined.join(place, whole[run])


def _says_enough(row: Sequence[str]) -> bool:
    return sum(map(_weight, set(row))) >= _LEAST_WEIGHT


def _join_near(joined: _Union, spelled: Sequence[tuple[str, ...]]) -> None:
    """Join near-copies; of rows that are spelled alike one is compared."""
    places = {value: place for place, value in enumerate(spelled)}
    rows = sorted(places)
    weigh = _Weights(rows)
    by_numbers: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for number, row in enumerate(rows):
        by_numbers[tuple(sorted(word for word in row if word[0].isdigit()))].append(number)
    for same in by_numbers.values():
        for one, other in combinations(same, 2) if len(same) <= _ALL_PAIRS else _candidates(same, rows, weigh):
            left, right = places[rows[one]], places[rows[other]]
            if joined.root(left) != joined.root(right) and weigh.are_near(rows[one], rows[other]):
                joined.join(left, right)


def _candidates(alike: Sequence[int], rows: Sequence[tuple[str, ...]], weigh: _Weights) -> Iterator[tuple[int, int]]:
    """Yield pairs of rows, out of some in order of spelling, that follow each other or share two of their rarest words.

    Of many with the same two words each is paired with the few before it.
    """
    yield from pairwise(alike)
    before: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for number in alike:
        for two in combinations(weigh.rarest(rows[number]), 2):
            recent = before[two]
            yield from ((one, number) for one in recent)
            recent.append(number)
            del recent[:-_RECENT]


class _Weights:
    """What words say of a row, out of some rows that are all spelled differently."""

    def __init__(self, rows: Sequence[tuple[str, ...]]) -> None:
        self._often = Counter(word for row in rows for word in set(row))
        frame = _FRAME * len(rows) if len(rows) >= _FEWEST_FRAMED else len(rows) + 1
        self._weights = {word: 0.0 if often >= frame else _weight(word) for word, often in self._often.items()}

    def rarest(self, row: tuple[str, ...]) -> list[str]:
        """Return the words of a row that fewest rows have, two at least."""
        words = [word for word in set(row) if self._often[word] > 1 and word not in SAY_LITTLE]
        return sorted(words, key=lambda word: (self._often[word], word))[:_RAREST]

    def are_near(self, one: tuple[str, ...], other: tuple[str, ...]) -> bool:
        """Return whether two rows with the same numbers are near-copies."""
        if _asking(one) == _asking(other):
            return True
        mine, yours = set(one), set(other)
        common = self._sum(mine & yours)
        apart = sorted((self._sum(mine) - common, self._sum(yours) - common))
        shorter = common + apart[0]
        if shorter < _LEAST_WEIGHT or apart[1] - apart[0] > _MOST_ADDED * shorter:
            return False
        over = apart[0] - _MOST_REPLACED * shorter
        if 0 < over < common:
            over -= sum(self._typos(mine - yours, yours - mine))
        return over <= 0

    def _sum(self, words: Iterable[str]) -> float:
        return sum(self._weights[word] for word in words)

    def _typos(self, mine: Iterable[str], yours: Iterable[str]) -> Iterator[float]:
        """Yield the weights of words that are a word of the other row with a typo.

        One of them stands in no third row; or two letters changed places, which seldom makes another word.
        """
        left = sorted(word for word in yours if len(word) >= _TYPO_LETTERS)
        for word in sorted(word for word in mine if len(word) >= _TYPO_LETTERS):
            for other in left:
                shared = (self._often[word] > 1) != (self._often[other] > 1)
                if (shared and _is_typo(word, other)) or _are_swapped(word, other) or _lacks_a_letter(word, other):
                    left.remove(other)
                    yield min(self._weights[word], self._weights[other])
                    break


def _weight(word: str) -> float:
    if word[0].isdigit():
        return _NUMBER
    if not word[0].isalpha():
        return _SIGN
    return min(len(word), _LONGEST) * (_COMMON if word in SAY_LITTLE else 1.0)


def _asking(row: tuple[str, ...]) -> list[str]:
    """Return the words of a row without those by which people ask kindly."""
    return [word for word in row if word not in _KINDLY]


def _are_swapped(one: str, other: str) -> bool:
    """Return whether two words of some length differ by two neighbouring letters that changed places."""
    if len(one) != len(other) or len(one) < _SWAP_LETTERS or one == other:
        return False
    place = next(place for place, letter in enumerate(one) if letter != other[place])
    swapped = one[:place] + one[place : place + 2][::-1] + one[place + 2 :]
    return swapped == other


def _lacks_a_letter(one: str, other: str) -> bool:
    """Return whether a word of some length is another one without a letter within it, or with one twice."""
    short, long = sorted((one, other), key=len)
    if len(long) != len(short) + 1 or len(short) < _SWAP_LETTERS - 1 or long[:2] != short[:2] or long[-1] != short[-1]:
        return False
    return any(long[:place] + long[place + 1 :] == short for place in range(2, len(long) - 1))


def _is_typo(one: str, other: str) -> bool:
    """Return whether words differ by one letter added, dropped or replaced, or by two that changed places."""
    begin = 0
    while begin < min(len(one), len(other)) and one[begin] == other[begin]:
        begin += 1
    end = 0
    while end < min(len(one), len(other)) - begin and one[-1 - end] == other[-1 - end]:
        end += 1
    mine, yours = one[begin : len(one) - end], other[begin : len(other) - end]
    return max(len(mine), len(yours)) <= 1 or (len(mine) == 2 and mine == yours[::-1])

"""The ways in which a text can be read: as it is seen, decoded, mended where it was taken apart. Pure."""

from __future__ import annotations

import base64
import binascii
import codecs
import html
import re
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Final
from urllib.parse import unquote

from maspo.core.invisible import without_invisible
from maspo.core.looks import as_seen
from maspo.core.sought import DIGITS, Sought, sought
from maspo.proposers.spoken import by_radio, in_digits

_ROUNDS: Final = 3
"""Times that escapes are undone: one around the other, and one more."""
_ESCAPED = sought(
    r"\\u(?:\{([0-9a-f]{2,6})\}|(000[0-9a-f]{5})|([0-9a-f]{4}))|\\x([0-9a-f]{2})"
    r"|\bU\+([0-9a-f]{4,6})\b(?: (?=U\+))?|=([0-9a-f]{2})(?=\w|=[0-9a-f]{2})|\\(?P<octal>0?[4-7][0-7]|1[0-7]{2})(?!\d)",
    *("\\", "u+", "="),
)
_CALLED = sought(r"\b(?:string\.from)?cha?r(?:code)?\(\s*(4[5-7]|58|64|95|0x2[def]|0x3a|0x40|0x5f)\s*\)", "char", "chr")
"""A sign that a program makes of its number."""
_ONE_IN_UTF_7 = sought(r"\+(A[A-H][A-Za-z0-9+/]{1,10})-", "+a")
"""Signs of ASCII as UTF-7 writes them."""
_PERCENT = sought(r"(?:%[0-9a-f]{2})+", "%")
_OPEN, _CLOSE = r"[\[({<*_'\"`|【「〔『]{1,3}\s?", r"\s?[\])}>*_'\"`|】」〕』]{1,3}"
_ENDS = r"(?:com|org|net|edu|gov|io)\b"
_DOT_WORD = r"d ?[o0] ?t|dots?|punkt|point|punto|ponto|period|full[ -]?stop|точка|点"
_SPACED_COM: Final = tuple(f"c{one}o{two}m" for one in ("", " ", "\n") for two in ("", " ", "\n"))
_OPENING: Final = tuple("[({<*_'\"`|")
_BLANK_OR_LINE: Final = (" ", "\n")
"""White space of an ASCII text as it is seen: other blanks are one space."""
_HOST_ENDS: Final = ("com", "org", "net", "example")
_SAID = "|".join(
    spelled
    for word in (
        *("punkt", "punto", "ponto", "point", "period", "full stop", "punt", "kropka", "nokta", "tečka", "dian"),
        *("точка", "点", "點", "ドット", "점"),
    )
    for spelled in dict.fromkeys((word, as_seen(word)))
)
"""What the sign is called before the end of an address, in other languages."""
_MENDED: Final = tuple(
    (sought(pattern, *signs), sign)
    for pattern, sign, signs in (
        (r"(?<!\w)[(\[{]([\w-]{1,30})[)\]}](?=\s*[(\[{]?\s?(?:at|dot)\b)", r"\1", ("at", "dot")),
        (r"(?<=dot )[(\[{](\w{2,10})[)\]}]", r"\1", ("dot ",)),
        (r"(?<=at )[(\[{]([\w-]{1,30})[)\]}](?= dot )", r"\1", (" dot ",)),
        (r"(?:(?<!\s)\s+)?\+\s*dot\s*\+\s*", ".", ("dot",)),  # white space is read from its beginning only
        (rf"\s?{_OPEN}(?:{_DOT_WORD}|\.){_CLOSE}\s?", ".", _OPENING),
        (rf"\s?{_OPEN}(?:at|arroba|klammeraffe|@|ät){_CLOSE}\s?", "@", _OPENING),
        (rf"\s?{_OPEN}(?:colon|:){_CLOSE}\s?", ":", _OPENING),
        (rf"\s?{_OPEN}(?:slash|/){_CLOSE}\s?", "/", _OPENING),
        (rf"{_OPEN}://{_CLOSE}", "://", ("://",)),
        (
            r"(?<=\w)[\[({<]\.(?=\w)|(?<=\w)\.[\])}>](?=\w)",
            ".",
            ("[.", "(.", "{.", "<.", ".]", ".)", ".}", ".>"),
        ),
        (
            rf"(?<=\w)\s?\[d\]\s?(?={_ENDS})|(?<=\w)\s*(?:(?<=\s)(?:{_SAID})\s+|(?:点|點|ドット|점)\s?)(?={_ENDS}|рф\b)",
            ".",
            ("[d]", *_SAID.split("|")),
        ),
        (rf"(?<=\w)\s?\[a\]\s?(?=[\w-]+\.{_ENDS})", "@", ("[a]",)),
        (r"(?<=\w)\s*(?:\.|d[o0]t)\s*c0m\b", ".com", ("c0m",)),
        (r"(?<=\w)\s*(?:\.|dot)\s*o\sr\sg\b", ".org", ("o r g", "o\nr\ng", "o r\ng", "o\nr g")),
        (r"(?<=\w)\s*(?:\.|dot)\s*n\se\st\b", ".net", ("n e t", "n\ne\nt", "n e\nt", "n\ne t")),
        (r"(?<=\w)\s*(?:\.|dot)\s*c\s?o\s?m\b|(?<=\w)\.{2,3}com\b|(?<=\w)\s+dotcom\b", ".com", _SPACED_COM),
        (r"(?<=\w)\s+(?:d[o0]t|punkt)\s+(?=\w)", ".", ("dot", "d0t", "punkt")),
        # An underscore is a letter, too: within a run of them nothing begins, or a long one would be read from each.
        (r"(?<=\w)(?!(?<=_)[-_–—])\s*[-_–—]+\s?d[o0]t\s?[-_–—]+\s*(?=\w)", ".", ("dot", "d0t")),
        (rf"(?<=\w)\s?[<{{(]d[>}})]\s?(?={_ENDS})", ".", ("<d>", "(d)", "{d}")),
        (rf"(?<=\w)\s?[<{{(]a[>}})]\s?(?=[\w-]+\.{_ENDS})", "@", ("<a>", "(a)", "{a}")),
        (r"(?<=\w)\s+(?:punto|point|ponto|punt)\s+(?=(?:fr|uk|ru|cn|jp|eu|nl|br|pl|cz|ua|tr|kr|ar|cl)\b)", ".", ("p",)),
        (r"(?<=\w{4})\s+(?:punto|ponto)\s+(?=(?:es|it|mx|pt)\s*(?:$|[\n.,;:/)]))", ".", ("punto", "ponto")),
        (
            r"(?<=\w) ?(?:[•∙●・⋅·◦‧⚫⚪⏺፡։۔׃᛫𐤟▪◾*]|\+\.\+|<br ?/?>|/\.|\(d\)|\^) ?(?=(?:com|org|net|example)\b)",
            ".",
            ("*", "+.+", "<br", "/.", "(d)", "^"),
        ),
        (r"(?<=\w)[^\w\s.]{1,3}d[o0]t[^\w\s.]{1,3}(?=[a-z]{2,7}\b)", ".", ("dot", "d0t")),
        (r"\$?\{\w{1,20}\}\.(?=[\w-]+\.)", "", ("}.",)),
        (r"(?<=\w)\.<br ?/?>(?=\w)", ".", (".<br",)),
        (
            r"(?<=\w)\s+(?:arobase|arroba|klammeraffe|chiocciola|apenstaartje|собака)\s+(?=[\w-]+(?:\.|\s+(?:"
            rf"{_SAID})\s))",
            "@",
            ("arobase", "arroba", "klammeraffe", "chiocciola", "apenstaartje"),
        ),
        (rf"(?<=@)([\w-]+)\s+(?:{_SAID})\s+(?=[a-z]{{2,6}}\b)", r"\1.", ("@",)),
        (r"(?<=[a-z])(?-i:DOT|Dot)(?=[a-zA-Z])", ".", ("dot",)),
        (r"(?<=\w)\([a-z ]{3,24}\)(?=\.[a-z]{2,}\b)", "", ("(",)),
        (r"(?<=[\w.])(?:</?[a-z]{1,6}>|<!--[^>]{0,40}-->|[*`~])++(?=[\w.])", "", ("<", "*", "`", "~")),
        (r"(?<=\w)\\(?=[.@]\w)", "", ("\\.", "\\@")),
        (r"(?<=\w)\s+colon\s+colon\s+", "::", ("colon",)),
        (r"(?<=\w)\s+colon\s+", ":", ("colon",)),
        (r"\s*(?:forward[ -])?slash\s+(?=\w|/)", "/", ("slash",)),
        (
            r"\bh(?:xx|\*\*|tt|\+\+|--|__)p(s?)(?=[:\s\[(])",
            r"http\1",
            ("hxxp", "h**p", "http", "h++p", "h--p", "h__p"),
        ),
        (
            rf"(?<=\w)\s+(?:at|arroba)\s+(?=(?:[\w-]+\.)+(?:{_ENDS}|(?:de|uk|fr|eu|ru|cn|example|test)\b))",
            "@",
            (" at ", "\nat ", " at\n", "\nat\n", "arroba"),
        ),
        (
            r"(?<=\w)(?:[\\^~,;]|:(?!net))(?=(?:com|org|net|example)\b)",
            ".",
            tuple(sign + end for sign in "\\^~,;:" for end in _HOST_ENDS),
        ),
    )
)
_APART: Final = tuple(
    (sought(pattern, *signs), sign)
    for pattern, sign, signs in (
        (r"\s+\.\s*(?=\w)", ".", (" .", "\n.")),  # in prose no space is before a dot
        (
            r"(?<=\w)\.\s+(?=(?:com|org|net|edu|gov|mil|io)\b)",
            ".",
            tuple(blank + end for blank in _BLANK_OR_LINE for end in ("com", "org", "net", "edu", "gov", "mil", "io")),
        ),
        (r"\s*:\s*/\s*/\s*", "://", (":",)),
        (r"(?<=\w)\s*@\s*(?=\w)", "@", ("@",)),
    )
)
_SINGLE = re.compile(r"(?<!\S)\S(?:(?P<gap> |-|_|\*|\||, ?|\n| / )\S)(?:(?P=gap)\S){2,}(?!\w)")
_JOINED_TEXTS = sought(
    r"(?<=\w)['\"`]\s*(?:\+|\.|&|,)?\s*['\"`](?=\w)|(?<=[.:/@\w])['\"`]\s*[+&]\s*['\"`](?=[.:/@\w])"
    r"|(?<=\w)['\"`]\s*,\s*['\"`](?=\.(?:com|org|net|example)\b)"
    r"|['\"`]\s*,\s*['\"`](?=\.['\"`]\s*,\s*['\"`](?:com|org|net|example)\b)"
    r"|(?<=['\"`, ]\.)['\"`]\s*,\s*['\"`](?=(?:com|org|net|example)\b)",
    *("'", '"', "`"),
)
_QUOTES: Final = str.maketrans("„“”‚‘’«»`'", '""""""""""')
_PUT_TOGETHER = re.compile(
    r'"\s*[)\]}]{0,3}\s*(?:(?:\+|\|\||&{1,2}|~|\.\.|<>|,|\.(?!"))\s*)?[(\[{$f]{0,3}\s*"|"\s*\}(?=[.@:/])|(?<=[.@:/])[{$]{1,2}\s*"'
)
"""What stands between two texts that a program puts together, whatever joins them there."""
_JOINED_BY = re.compile(
    r'(?<=["\w])\s*,\s*(?=["\w])(?=[^\[\]()\n]{0,120}[\])]\s*\.?(?:join|implode)\W{1,4}([.@:/])\W)', re.IGNORECASE
)
"""A comma in a list whose texts are put together with a sign between them."""
_FORMAT = re.compile(
    r'"([^"\n]{0,40}(?:%s|\{\w{0,12}\})[^"\n]{0,40})"(?:[\s,%()]|\.format\b)+((?:"?[\w.-]{1,40}"?[\s,)]*){1,6})'
)
"""A text with places in it, and what a program puts there."""
_PLACE = re.compile(r"%s|\{\w{0,12}\}")
_SIGN_BETWEEN = re.compile(r"(?<=\w)[^\w\s.]{1,3}\.[^\w\s.]{1,3}(?=[a-z]{2,10}\b)", re.IGNORECASE)
"""A dot between other signs, such as `^.^`."""
_NUMBERED = re.compile(r"\d\d|\d(?:\D*+\d){3}")
"""The digits of a port, or of the four parts of an address: fewer tell no way to anybody."""
_BASE64 = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{12,}={0,2}(?![A-Za-z0-9+/=_-])")
_NO_BASE64: Final = bytes(code for code in range(128) if not (chr(code).isalnum() or chr(code) in "+/"))
_BASE64_APART = re.compile(r"(?<![A-Za-z0-9+/])(?:[A-Za-z0-9+/]{4} ){3,}[A-Za-z0-9+/]{2,4}={0,2}(?![A-Za-z0-9+/=])")
_BASE64_TURNED = re.compile(r"(?<![A-Za-z0-9+/_=-])={0,2}[A-Za-z0-9+/_-]{16,}(?![A-Za-z0-9+/_-])")
_BASE64_IN_LINES = re.compile(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{4,}(?:\n[A-Za-z0-9+/]{2,}){2,}={0,2}")
_BASE32_APART = re.compile(r"(?<!\S)(?=[a-z ]{0,40}[2-7])(?:[a-z2-7]{4,8} ){3,}[a-z2-7]{2,8}={0,6}(?!\w)")
_BASE32 = re.compile(
    r"(?<![A-Z2-7])[A-Z2-7]{16,}={0,6}(?![A-Z2-7=])|(?<![\w=])(?=[a-z]*[2-7])[a-z2-7]{16,}={0,6}(?![\w=])"
)
_HEX = re.compile(
    r"(?<![0-9a-fA-F])(?:(?:0x)?[0-9a-fA-F]{2}[ ,:;-]{0,2}){6,}(?![0-9a-fA-F])"
    r"|(?<!\w)(?:[0-9a-fA-F] ){15,}[0-9a-fA-F](?!\w)"
)
_DECIMAL = sought(
    r"(?<![\d.])\d{2,3}(?:[ ,;-]{1,2}\d{2,3}){6,}(?![\d.])"
    r"|(?<!\d)\d{2,3}([^\d\s][^\d\n]{0,7})\d{2,3}(?:\1\d{2,3}){5,}(?!\d)",
    *DIGITS,
)
_OCTAL = sought(
    r"(?:\\[01][0-7]{2}){3,}|(?<![\d.])(?:0?[01][0-7]{2}|[4-7][0-7])"
    r"(?:[ ,;-]{1,2}(?:0?[01][0-7]{2}|[4-7][0-7])){6,}(?![\d.])",
    *("\\", *DIGITS),
)
_BASE85 = re.compile(r"(?<!\S)(?=\S*\d)(?=\S*[a-z])(?=\S*[A-Z])(?=\S*[^\w\s]\S*[^\w\s])[!-~]{20,}(?!\S)")
_LEAST_SAID: Final = 14
"""Letters and blanks in a row that what is decoded says something by: bytes are so by no chance."""
_SENTENCE = re.compile(rb"[A-Za-z ,.']{%d,}" % _LEAST_SAID)
_UTF_7 = sought(r"(?<![A-Za-z0-9+/])[A-Za-z0-9/]*+(\+[A-Za-z0-9+/]{10,}+-)", "+")
"""From the first plus of a run of such signs, which is read once."""
_JOIN = sought(
    r"""(['"])([^'"\n]{0,3})\1\.join\(\s*[\[(]((?:\s*+['"][^'"\n]{1,40}['"]\s*+,?)+)[\])]\s*\)""",
    *(".join",),
)
"""A text that a program puts together. White space between two parts is read in one way only."""
_ACCENTS = re.compile("(?<=[a-zA-Z])[\u0300-\u036f]+")
_UPSIDE_DOWN: Final = str.maketrans("ɐqɔpǝɟƃɓɥᴉıɾʞlɯuodbɹsʇnʌʍxʎz˙", "abcdefgghiijklmnopqrstuvwxyz.")
_TURNED_LETTERS: Final = frozenset("ɐɔǝɟƃɓɥᴉɾʞɯɹʇʌʍʎ˙")
_FEWEST_TURNED: Final = 4
_BITS = sought(r"(?<![01])(?:0b)?[01]{7,8}(?:[ ,]{0,2}(?:0b)?[01]{8}){3,}(?![01])", "0", "1", flags=re.NOFLAG)


@dataclass(frozen=True)
class Readings:
    """A text as it can be read. Each later kind is looser, so less is concluded from it."""

    plain: str
    """As it is seen, escapes undone, spaces and tabs single."""
    mended: tuple[str, ...]
    """Put together where dots, signs or letters were taken apart by brackets, words or quotation marks."""
    tight: str
    """Without the white space around dots, colons, slashes and at-signs."""
    decoded: tuple[str, ...]
    """What runs of base64, base32, hexadecimal, octal, decimal or binary codes in it spell."""

    @property
    def all(self) -> str:
        """All readings together, in lower case: what a seed prompt is taken to hold."""
        return "\n".join((self.plain, *self.mended, self.tight, *self.decoded)).lower()


@lru_cache(2)  # a draft is looked at for tables of inputs, and then for what does not belong into it
def readings(text: str) -> Readings:
    """Return the ways in which a text can be read."""
    plain = re.sub(r"[^\S\n]+", " ", _unescaped(as_seen(text)))
    mended = _put_together(plain, _MENDED)
    own = re.sub(r"[^\S\n]+", " ", unicodedata.normalize("NFKC", without_invisible(text)))
    found = [one for one in (mended, _JOINED_TEXTS.sub("", plain), own) if one != plain]
    spelled = _SINGLE.sub(lambda run: _spelled_together(run[0], run["gap"]), plain)
    if spelled != plain:
        found.append(spelled)
        if (again := _put_together(spelled, _MENDED)) != spelled:
            found.append(again)
    if (said := in_digits(plain)) != plain and _NUMBERED.search(said):
        found.append(said)
    found += _as_programs_read(plain)
    if (bare := unaccented(plain)) != plain:
        found.append(_put_together(bare, _MENDED))
    if (joined := _JOIN.sub(_joined, plain)) != plain:
        found.append(joined)
    if sum(map(_TURNED_LETTERS.__contains__, text)) >= _FEWEST_TURNED:
        found.append("\n".join(line[::-1].translate(_UPSIDE_DOWN) for line in text.splitlines()))
    return Readings(plain, tuple(found), _put_together(mended, _APART), tuple(_decoded(plain)))


def _as_programs_read(text: str) -> list[str]:
    """Return a text with the texts in it put together as a program does, and signs around dots taken away."""
    quoted = text.translate(_QUOTES)
    found = []
    if quoted.count('"') > 1:
        joined = _JOINED_BY.sub(lambda comma: f'"{comma[1]}"', quoted)
        for one in dict.fromkeys((quoted, joined)):
            if (bare := _PUT_TOGETHER.sub("", one)) != one:
                found.append(bare.replace('"', " "))
        if (filled := _FORMAT.sub(_filled, quoted)) != quoted:
            found.append(filled)
    if (plain := _SIGN_BETWEEN.sub(".", text)) != text:
        found.append(plain)
    return found


def _filled(call: re.Match[str]) -> str:
    """Return a text with places in it with the values in them, in the order in which they are given."""
    values = iter(re.findall(r"[\w.-]+", call[2]))
    return f" {_PLACE.sub(lambda place: next(values, place[0]), call[1])} "


def unaccented(text: str) -> str:
    """Return a text without the accents of Latin letters."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFD", text)))


def _put_together(text: str, ways: tuple[tuple[Sought, str], ...]) -> str:
    for pattern, sign in ways:
        text = pattern.sub(sign, text)
    return text


def _joined(call: re.Match[str]) -> str:
    return call[2].join(re.findall(r"['\"]([^'\"]+)['\"]", call[3]))


def _spelled_together(run: str, gap: str) -> str:
    return "".join(run.split(gap))


def _unescaped(text: str) -> str:
    for _ in range(_ROUNDS):
        before = text
        text = html.unescape(text)
        text = _PERCENT.sub(lambda run: unquote(run[0], errors="replace"), text)
        text = _ESCAPED.sub(_character, text)
        text = _CALLED.sub(lambda call: f'"{chr(int(call[1], 0))}"', text)
        text = _ONE_IN_UTF_7.sub(_from_utf_7, text)
        if text == before:
            break
        text = as_seen(text)
    return text


def _from_utf_7(escape: re.Match[str]) -> str:
    with suppress(UnicodeDecodeError):
        found = escape[0].encode().decode("utf-7")
        return found if found.isascii() and found.isprintable() else escape[0]
    return escape[0]


def _character(escape: re.Match[str]) -> str:
    octal = escape["octal"]
    if escape[0][0] == "=" and not (escape[0].isupper() or escape[0][1:].isdigit()):
        return escape[0]  # quoted-printable writes capitals; `=Be` begins a value
    code = int(octal, 8) if octal else int(next(group for group in escape.groups() if group), 16)
    return chr(code) if 0x20 <= code < 0x110000 and not 0xD800 <= code < 0xE000 else escape[0]


def _decoded(text: str) -> list[str]:
    """Return what the coded runs of a text spell, those that spell text."""
    found: list[bytes] = []
    turned = [run[::-1] for run in _BASE64_TURNED.findall(text)]
    in_lines = ["".join(run.split()) for run in _BASE64_IN_LINES.findall(text)]
    for run in (*_BASE64.findall(text), *_put_in_a_row(text), *turned, *in_lines):
        bare = run.rstrip("=").replace("-", "+").replace("_", "/")
        with_padding = bare + "=" * (-len(bare) % 4)
        try:
            found.append(base64.b64decode(with_padding, validate=True))
        except (binascii.Error, ValueError):
            continue
    apart = (run.split(" ") for run in _BASE32_APART.findall(text))
    for run in (*_BASE32.findall(text), *("".join(run[first:]).upper() for run in apart for first in range(3))):
        bare = run.rstrip("=").upper()
        try:
            found.append(base64.b32decode(bare + "=" * (-len(bare) % 8)))
        except (binascii.Error, ValueError):
            continue
    for run in _HEX.findall(text):
        digits = re.sub(r"0x|[^0-9a-fA-F]", "", run)
        # The word after it may begin like a byte.
        found += [bytes.fromhex(digits[: len(digits) // 2 * 2 - less]) for less in (0, 2)]
    for decimal in _DECIMAL.finditer(text):
        codes = [int(code) for code in re.findall(r"\d+", decimal[0])]
        if all(code < 127 for code in codes):
            found.append(bytes(codes))
    found += [bytes(int(code, 8) for code in re.findall(r"[0-7]{2,4}", run)) for run in _OCTAL.findall(text)]
    for run in _BASE85.findall(text):
        for decode in (base64.b85decode, base64.a85decode):
            with suppress(ValueError):
                found.append(decode(run))
    found += _from_base64_apart(text)
    for run in _UTF_7.findall(text):
        with suppress(UnicodeDecodeError):
            found.append(run.encode().decode("utf-7").encode())
    for run in _BITS.findall(text):
        found.append(bytes(int(bits, 2) for bits in re.findall(r"[01]{7,8}", run.replace("0b", " "))))
    found += [run.encode() for run in by_radio(text)]
    texts = [one.decode("ascii") for one in found if len(one) >= 6 and all(0x20 <= code < 0x7F for code in one)]
    return [one for one in texts if sum(map(str.isalpha, one)) * 2 >= len(one) or one.startswith('{"')]


def _from_base64_apart(text: str) -> Iterator[bytes]:
    """Yield sentences that come out of base64, whatever stands between its signs: ordinary words give no sentence."""
    plain = text.encode("ascii", "ignore")
    for others, first in product((_NO_BASE64, _NO_BASE64 + b"+/"), range(4)):
        row = plain.translate(None, others)[first:]
        for found in _SENTENCE.finditer(base64.b64decode(row[: len(row) // 4 * 4])):
            if found[0].count(b" ") >= 2:
                yield found[0]


def _put_in_a_row(text: str) -> list[str]:
    """Return runs of four letters each as one; the words before them may have four letters, too."""
    runs = (run.split(" ") for run in _BASE64_APART.findall(text))
    return ["".join(run[first:]) for run in runs for first in range(3)]


def rotated(text: str) -> str:
    """Return a text with each letter moved by half the alphabet."""
    return codecs.encode(text, "rot13")

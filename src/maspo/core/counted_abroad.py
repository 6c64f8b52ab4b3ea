"""Whole numbers as other languages and notations write them: words, Roman, Chinese. Pure.

Words of numbers up to 999, without accents and hyphens, of the languages in which a table of numbers is most easily
written. Sources: the rules for spelling numbers out of Unicode's locale data (CLDR, ``rbnf``).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from typing import Final

from maspo.core.looks import as_seen

_MOST: Final = 1000
_GERMAN: Final = (
    "null ein zwei drei vier funf sechs sieben acht neun zehn elf zwolf dreizehn vierzehn funfzehn sechzehn siebzehn "
    "achtzehn neunzehn",
    "zwanzig dreissig vierzig funfzig sechzig siebzig achtzig neunzig",
)
_DUTCH: Final = (
    "nul een twee drie vier vijf zes zeven acht negen tien elf twaalf dertien veertien vijftien zestien zeventien "
    "achttien negentien",
    "twintig dertig veertig vijftig zestig zeventig tachtig negentig",
)
_FRENCH: Final = (
    "zero un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept dix-huit "
    "dix-neuf",
    "vingt trente quarante cinquante soixante",
)
_ITALIAN: Final = (
    "zero uno due tre quattro cinque sei sette otto nove dieci undici dodici tredici quattordici quindici sedici "
    "diciassette diciotto diciannove",
    "venti trenta quaranta cinquanta sessanta settanta ottanta novanta",
)
_SPANISH: Final = (
    "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciseis diecisiete "
    "dieciocho diecinueve veinte veintiuno veintidos veintitres veinticuatro veinticinco veintiseis veintisiete "
    "veintiocho veintinueve",
    "veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa",
    "ciento doscientos trescientos cuatrocientos quinientos seiscientos setecientos ochocientos novecientos",
)
_PORTUGUESE: Final = (
    "zero um dois tres quatro cinco seis sete oito nove dez onze doze treze quatorze quinze dezesseis dezessete "
    "dezoito dezenove",
    "vinte trinta quarenta cinquenta sessenta setenta oitenta noventa",
    "cento duzentos trezentos quatrocentos quinhentos seiscentos setecentos oitocentos novecentos",
)
_RUSSIAN: Final = (
    "ноль один два три четыре пять шесть семь восемь девять десять одиннадцать двенадцать тринадцать четырнадцать "
    "пятнадцать шестнадцать семнадцать восемнадцать девятнадцать",
    "двадцать тридцать сорок пятьдесят шестьдесят семьдесят восемьдесят девяносто",
    "сто двести триста четыреста пятьсот шестьсот семьсот восемьсот девятьсот",
)
_POLISH: Final = (
    "zero jeden dwa trzy cztery piec szesc siedem osiem dziewiec dziesiec jedenascie dwanascie trzynascie czternascie "
    "pietnascie szesnascie siedemnascie osiemnascie dziewietnascie",
    "dwadziescia trzydziesci czterdziesci piecdziesiat szescdziesiat siedemdziesiat osiemdziesiat dziewiecdziesiat",
    "sto dwiescie trzysta czterysta piecset szescset siedemset osiemset dziewiecset",
)
_TURKISH: Final = (
    "sifir bir iki uc dort bes alti yedi sekiz dokuz",
    "on yirmi otuz kirk elli altmis yetmis seksen doksan",
    "yuz iki-yuz uc-yuz dort-yuz bes-yuz alti-yuz yedi-yuz sekiz-yuz dokuz-yuz",
)
_SWEDISH: Final = (
    "noll ett tva tre fyra fem sex sju atta nio tio elva tolv tretton fjorton femton sexton sjutton arton nitton",
    "tjugo trettio fyrtio femtio sextio sjuttio attio nittio",
)
_INDONESIAN: Final = (
    "nol satu dua tiga empat lima enam tujuh delapan sembilan sepuluh sebelas dua-belas tiga-belas empat-belas "
    "lima-belas enam-belas tujuh-belas delapan-belas sembilan-belas",
    "dua-puluh tiga-puluh empat-puluh lima-puluh enam-puluh tujuh-puluh delapan-puluh sembilan-puluh",
    "seratus dua-ratus tiga-ratus empat-ratus lima-ratus enam-ratus tujuh-ratus delapan-ratus sembilan-ratus",
)
_CZECH: Final = (
    "nula jedna dva tri ctyri pet sest sedm osm devet deset jedenact dvanact trinact ctrnact patnact sestnact sedmnact "
    "osmnact devatenact",
    "dvacet tricet ctyricet padesat sedesat sedmdesat osmdesat devadesat",
    "sto dve-ste tri-sta ctyri-sta pet-set sest-set sedm-set osm-set devet-set",
)
_FINNISH: Final = (
    "nolla yksi kaksi kolme nelja viisi kuusi seitseman kahdeksan yhdeksan kymmenen yksitoista kaksitoista kolmetoista "
    "neljatoista viisitoista kuusitoista seitsemantoista kahdeksantoista yhdeksantoista",
    "kaksikymmenta kolmekymmenta neljakymmenta viisikymmenta kuusikymmenta seitsemankymmenta kahdeksankymmenta "
    "yhdeksankymmenta",
    "sata kaksisataa kolmesataa neljasataa viisisataa kuusisataa seitsemansataa kahdeksansataa yhdeksansataa",
)
_HUNGARIAN: Final = (
    "nulla egy ketto harom negy ot hat het nyolc kilenc tiz tizenegy tizenketto tizenharom tizennegy tizenot tizenhat "
    "tizenhet tizennyolc tizenkilenc husz huszonegy huszonketto huszonharom huszonnegy huszonot huszonhat huszonhet "
    "huszonnyolc huszonkilenc",
    "husz harminc negyven otven hatvan hetven nyolcvan kilencven",
    "szaz ketszaz haromszaz negyszaz otszaz hatszaz hetszaz nyolcszaz kilencszaz",
)
_GREEK: Final = (
    "μηδεν ενα δυο τρια τεσσερα πεντε εξι επτα οκτω εννεα δεκα εντεκα δωδεκα δεκατρια δεκατεσσερα δεκαπεντε δεκαεξι "
    "δεκαεπτα δεκαοκτω δεκαεννεα",
    "εικοσι τριαντα σαραντα πενηντα εξηντα εβδομηντα ογδοντα ενενηντα",
    "εκατον διακοσια τριακοσια τετρακοσια πεντακοσια εξακοσια επτακοσια οκτακοσια εννιακοσια",
)
_ROMAN: Final = re.compile(r"(?=.)m{0,3}(?:cm|cd|d?c{0,3})(?:xc|xl|l?x{0,3})(?:ix|iv|v?i{0,3})")
_ROMAN_DIGITS: Final = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100, "d": 500, "m": 1000}
_CHINESE: Final = {
    one: value
    for row in ("〇一二三四五六七八九", "零壹贰叁肆伍陆柒捌玖", "영일이삼사오육칠팔구")
    for value, one in enumerate(row)
} | {"两": 2, "兩": 2}
"""Of Chinese and Japanese, of contracts, and of Korean."""
_CHINESE_SCALES: Final = {
    "十": 10,
    "百": 100,
    "千": 1000,
    "拾": 10,
    "佰": 100,
    "仟": 1000,
    "십": 10,
    "백": 100,
    "천": 1000,
}
CHINESE: Final = re.compile(rf"[{''.join((*_CHINESE, *_CHINESE_SCALES))}]+")
_NOTED: Final = re.compile(r"\b0(?:x([0-9a-f]{1,8})|o([0-7]{1,10})|b([01]{1,32}))\b", re.IGNORECASE)


@lru_cache(20_000)  # texts of a run have most words in common
def plain_words(text: str) -> str:
    """Return words as they look, without case, accents and hyphens."""
    if text.isascii() and text.isprintable():  # the same, in a tenth of the time
        return text.lower().replace("-", " ")
    bare = "".join(one for one in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(one))
    return as_seen(bare.replace("-", " ").replace("ß", "ss").replace("ı", "i").replace("ł", "l"))


_ENGLISH: Final = frozenset({"once", "cent", "zero", "elva"})
_REMEMBERED: Final = 10_000
"""Words whose Roman number is remembered: those of a language that are met again and again."""
_LEAST_LETTERS: Final = 4
"""Shorter words of numbers are English ones too often: `on`, `due`, `sex`, `um`."""


@cache
def abroad() -> Mapping[tuple[str, ...], str]:
    """Return numbers in digits by their words in other languages, without words that English has, too."""
    found: dict[tuple[str, ...], str] = {}
    for language in _LANGUAGES:
        for number in range(_MOST):
            for said in language(number):
                words = tuple(plain_words(word) for word in said.replace("-", " ").split())
                if len(words) > 1 or (len(words[0]) >= _LEAST_LETTERS and words[0] not in _ENGLISH):
                    found.setdefault(words, str(number))
    return found


@cache
def _longest() -> Mapping[str, int]:
    """Return how many words the longest number has that begins with a word."""
    found: dict[str, int] = {}
    for words in abroad():
        found[words[0]] = max(found.get(words[0], 0), len(words))
    return found


def counted_in(said: Sequence[str]) -> Mapping[int, tuple[str, int]]:
    """Return numbers in other languages by the place of their first word, each with how many words say it.

    Longest first: `quatre vingt dix` is ninety, and no eighty.
    """
    longest, folded = _longest(), list(map(plain_words, said))
    found: dict[int, tuple[str, int]] = {}
    for place in (place for place, word in enumerate(folded) if word in longest):  # nearly none
        for length in range(min(longest[folded[place]], len(folded) - place), 0, -1):
            if number := abroad().get(tuple(folded[place : place + length])):
                found[place] = number, length
                break
    return found


@lru_cache(_REMEMBERED)
def from_roman(word: str) -> str:
    """Return the digits of a Roman number of two letters and more; empty when a word is none."""
    if len(word) < 2 or _ROMAN.fullmatch(word) is None:
        return ""
    values = [_ROMAN_DIGITS[letter] for letter in word]
    return str(sum(-one if one < after else one for one, after in zip(values, [*values[1:], 0], strict=True)))


def from_chinese(run: str) -> str:
    """Return a number in Chinese, Japanese or Korean signs in digits: with scales, or sign by sign."""
    if not set(run) & set(_CHINESE_SCALES):
        return "".join(str(_CHINESE[one]) for one in run)
    total, digit = 0, 0
    for one in run:
        if one in _CHINESE_SCALES:
            total, digit = total + (digit or 1) * _CHINESE_SCALES[one], 0
        else:
            digit = _CHINESE[one]
    return str(total + digit)


def in_decimal(text: str) -> str:
    """Return a text in which hexadecimal, octal and binary numbers of programs are decimal ones."""

    def decimal(found: re.Match[str]) -> str:
        return str(next(int(digits, base) for digits, base in zip(found.groups(), (16, 8, 2), strict=True) if digits))

    return _NOTED.sub(decimal, text)


def _units_first(parts: tuple[str, str], joint: str, hundred: str, one: str) -> Callable[[int], Iterator[str]]:
    """Return how a language counts that says `four and twenty`, in one word."""
    units, tens = (part.split() for part in parts)

    def small(number: int) -> str:
        if number == 1:
            return one
        if number < len(units):
            return units[number]
        unit, ten = number % 10, tens[number // 10 - 2]
        return f"{units[unit]}{joint}{ten}" if unit else ten

    def spelled(number: int) -> Iterator[str]:
        if number < 100:
            yield small(number)
            return
        rest = small(number % 100) if number % 100 else ""
        for first in dict.fromkeys((units[number // 100], "" if number < 200 else units[number // 100])):
            yield f"{first}{hundred}{rest}"

    return spelled


def _tens_first(
    units: str, tens: str, hundreds: str, joint: str = " ", after_hundreds: str = " "
) -> Callable[[int], Iterator[str]]:
    """Return how a language counts that says `twenty four`: what joins tens and units, and what follows hundreds."""
    ones, decades, centuries = units.split(), tens.split(), hundreds.split()
    first = 2 if len(ones) > 10 else 1
    whole = len(ones)

    def small(number: int) -> str:
        if number < whole:
            return ones[number]
        unit, ten = number % 10, decades[number // 10 - first]
        return f"{ten}{joint}{ones[unit]}" if unit else ten

    def spelled(number: int) -> Iterator[str]:
        if number < 100:
            yield small(number)
            return
        century = centuries[number // 100 - 1]
        yield f"{century}{after_hundreds}{small(number % 100)}" if number % 100 else century

    return spelled


def _french(number: int) -> Iterator[str]:
    units, tens = (part.split() for part in _FRENCH)

    def small(value: int) -> str:
        if value < 20:
            return units[value]
        if value >= 80:
            return f"quatre-vingt-{units[value - 80]}" if value > 80 else "quatre-vingts"
        ten, unit = (60, value - 60) if value >= 60 else (value // 10 * 10, value % 10)
        name = tens[ten // 10 - 2]
        return f"{name} et {units[unit]}" if unit in (1, 11) else f"{name}-{units[unit]}" if unit else name

    century, rest = divmod(number, 100)
    before = "" if not century else "cent" if century == 1 else f"{units[century]} cent{'' if rest else 's'}"
    yield f"{before} {small(rest)}" if century and rest else before or small(rest)


def _italian(number: int) -> Iterator[str]:
    units, tens = (part.split() for part in _ITALIAN)

    def small(value: int) -> str:
        if value < 20:
            return units[value]
        ten, unit = tens[value // 10 - 2], value % 10
        return f"{ten[:-1] if unit in (1, 8) else ten}{units[unit] if unit else ''}"

    century, rest = divmod(number, 100)
    before = "" if not century else f"{units[century] if century > 1 else ''}cento"
    yield f"{before}{small(rest) if rest or not century else ''}"


def _also(spell: Callable[[int], Iterator[str]], others: Sequence[tuple[int, str]]) -> Callable[[int], Iterator[str]]:
    """Return how a language counts in which some numbers have another word, too."""

    def spelled(number: int) -> Iterator[str]:
        yield from spell(number)
        yield from (word for value, word in others if value == number)

    return spelled


def _centuries(units: str, hundred: str) -> str:
    """Return the hundreds of a language that says `two hundred` in one word."""
    return " ".join(("" if unit == 1 else units.split()[unit]) + hundred for unit in range(1, 10))


_LANGUAGES: Final = (
    _units_first(_GERMAN, "und", "hundert", "eins"),
    _units_first(_DUTCH, "en", "honderd", "een"),
    _french,
    _italian,
    _also(_tens_first(*_SPANISH, joint=" y "), ((100, "cien"),)),
    _also(
        _tens_first(*_PORTUGUESE, joint=" e ", after_hundreds=" e "), ((14, "catorze"), (16, "dezasseis"), (100, "cem"))
    ),
    _tens_first(*_RUSSIAN),
    _tens_first(*_POLISH),
    _tens_first(*_TURKISH),
    _tens_first(*_SWEDISH, _centuries(_SWEDISH[0], "hundra"), joint="", after_hundreds=""),
    _tens_first(*_INDONESIAN),
    _tens_first(*_CZECH),
    _tens_first(*_FINNISH, joint="", after_hundreds=""),
    _tens_first(*_HUNGARIAN, joint="", after_hundreds=""),
    _tens_first(*_GREEK),
)

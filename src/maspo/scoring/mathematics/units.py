r"""Units of answers: what is told apart from the number, and what can be converted. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

LONGEST = 300
_TABLE = """
length cm 1/100 centimeter centimeters centimetre centimetres см 厘米 公分 センチ
length m 1 meter meters metre metres м 米 メートル
length km 1000 kilometer kilometers kilometre kilometres км 千米 公里 キロメートル
length mm 1/1000 millimeter millimeters millimetre millimetres мм 毫米
length^2 cm2 1/10000 平方厘米 кв.см
length^2 m2 1 平方米 кв.м
length^3 cm3 1/1000000 立方厘米
length^3 m3 1 立方米
length in 127/5000 inch inches
length ft 381/1250 foot feet
length yd 1143/1250 yard yards
length mi 201168/125 mile miles
mass g 1 gram grams г 克
mass kg 1000 kilogram kilograms kgs кг 千克 公斤
mass mg 1/1000 milligram milligrams
mass lb 45359237/100000 lbs pound pounds
mass oz 45359237/1600000 ounce ounces
time s 1 sec secs second seconds 秒 секунд сек Sekunden segundos secondes
time min 60 mins minute minutes 分钟 分鐘 минут мин Minuten minutos
time h 3600 hr hrs hour hours 小时 小時 時間 시간 час часа часов ч Stunden horas heures
time d 86400 day days 天 дней день дня Tage días jours
time week 604800 weeks
volume L 1 l liter liters litre litres
volume mL 1/1000 ml milliliter milliliters millilitre millilitres
money § 1 dollar dollars USD US§ A§ C§ CA§ AU§ HK§ NT§ S§ NZ§ bucks 美元
money cent 1/100 cents ¢
pound penny 1/100 pence p
euro € 1 euro euros EUR
pound £ 1 GBP
rupee Rs 1 ₹ rupee rupees INR
yuan 元 1 yuan RMB CNY
ruble ₽ 1 ruble rubles rouble roubles руб рублей RUB
won ₩ 1 won KRW
resistance \\Omega 1 ohm ohms Ω
yen ¥ 1 yen JPY 円
crown kr 1 SEK NOK DKK kronor kroner krona krone
zloty zł 1 PLN zl zloty złoty złotych
franc CHF 1 Fr francs franc
lira ₺ 1 TL TRY lira liras
real R§ 1 BRL reais
peso MXN 1 pesos peso
force N 1 newton newtons
energy J 1 joule joules
power W 1 watt watts
voltage V 1 volt volts
temperature K 1 kelvin kelvins
current A 1 amp amps ampere amperes
frequency Hz 1 hertz
pressure Pa 1 pascal pascals
length/time mph 1397/3125
length/time kmph 5/18 kph kmh
angle deg 1 degree degrees \\deg 度 градусов градуса градус 도 Grad grados degrés graus gradi
morning am 1 a.m
evening pm 1 p.m
part % 1 percent percents percentage pct per_cent percentage_points Prozent Prozentpunkte pour_cent por_ciento por_cento
"""
_ALIASES = {
    alias.replace("_", " "): (dimension, Fraction(scale))
    for dimension, name, scale, *aliases in (line.split() for line in _TABLE.split("\n") if line)
    for alias in (name, *aliases)
}
_HOURS = frozenset({"h", "hr", "hrs", "hour", "hours", "d", "day", "days"})
_HOURS_AND_MINUTES = re.compile(r"(\d{1,3})\s?h\s?([0-5]\d)", re.ASCII)
"""As it is written in French, and on displays: 2h30."""
_SHORT = frozenset(name for name in _ALIASES if len(name) == 1 and name.isalpha())
_BEFORE = re.compile(
    r'^(-?\s*)"?((?:US|USD|A|AU|C|CA|HK|NT|S|NZ|R|MX)?\s?§|[€£¥₹₽₩₫₺₴₦฿₱₪]|(?:Rs\.?|INR|USD|EUR|GBP|JPY|CNY|RMB|CHF'
    r"|CAD|AUD|SEK|NOK|DKK|PLN|RUB"
    r'|BRL|MXN|KRW|TRY|ZAR|SGD|HKD|NZD|THB|VND|IDR|MYR|PHP|kr\.?|Fr\.?)(?![A-Za-z])\s*)"?\s*(?=[-\d.\\])'
)
_POWERS = {"square": 2, "squared": 2, "sq": 2, "cubic": 3, "cubed": 3, "cu": 3}
_MICRO_AFTER = re.compile(r'(?<=[\d)}])\s*\\mu\s*"?\s*([mgslLFAVCWHN])\s*"?$')
_MARKS_AFTER = re.compile(r"\s*(\\deg|\\Omega|%|[§€£¢¥₹₽₩₫₺₴₦฿₱₪])\s*([CFK])?$")
_COMPOUND_AFTER = re.compile(
    r'(?<=[\d)}])\s*"?\s*((?:[kcmMGnµ]?(?:m|g|s|h|l|L|N|J|W|V|A|K|Pa|Hz|C|mol|rad|min|cal|eV|T|F|lb|ft|in|mi|yd|oz)'
    r'(?:\^\s*\{?-?\d\}?)?\s*(?:\\cdot|/|\s)?\s*){2,6})"?\s*\.?\s*$'
)
"""A unit made of several: kg·m/s^2. A dot must stand in it, or it could be letters."""
_GROUPED_AFTER = re.compile(
    r"(?<=[\d)}])\s*(?:\{(?=[^^]*\^[^-]{0,9}-)((?:[A-Za-z\s/]|\\cdot)*(?:\^\s*\{?-?\d\}?(?:[A-Za-z\s/]|\\cdot)*)+)\}"
    r'|"([A-Za-z ]+)"\s*\^\s*\{?-\d\}?)\s*\.?\s*$'
)
"""The same set upright, with a power below nothing: m s^{-2}. Without one it may be what a fraction is divided by."""
_ONE_BELOW = re.compile(r'[{"\s]*([A-Za-z]+(?:\^\s*\{?\d\}?)?)\s+([A-Za-z]+)"?\s*\^\s*\{?-(\d)[}\s.]*')
"""A unit over another one."""
_FOREIGN_AFTER = re.compile(
    r'(?<=[\d)}])\s*"?\s*((?:[A-Za-z]{0,6}+[^\x00-\x7f]++[A-Za-z]{0,12}+[ ./]?+)+)'
    r'(?:\^\s*\{?\s*(\d)\s*\}?)?"?\s*\.?\s*$'
)
"""A unit in letters of another script, which needs no space before it: 45元, 12 см."""
_MODULUS = re.compile(r'\s*\(?\s*"?\bmod(?:ulo)?\s*"?\s*\{?\s*(\d+)\s*\}?\s*\)?$')
_FUNCTION = re.compile(r"\\?(?:sin|cos|tan|cot|sec|csc|cis)(?![A-Za-z])")
_PART = re.compile(r'(\d+(?:\.\d+)?)\s*"?\s*([A-Za-z]+)\s*(?:,?\s*and\b)?\s*"?\s*,?\s*(?:and\b)?\s*', re.ASCII)
_QUOTED_AFTER = re.compile(r'"\s*([^"]*?)\s*"\s*(?:\^\s*\{?\s*(\d)\s*\}?)?\s*\.?\s*$')
_WORDS_AFTER = re.compile(r"(?:(?<=[\d)}])\s*|\s+)([A-Za-zÀ-ɏ][A-Za-zÀ-ɏ./ ]*?)\s*(?:\^\s*\{?\s*(\d)\s*\}?)?\s*\.?\s*$")
_NOUN = re.compile(r"(?=.*[aeiouyÀ-ɏ])[A-Za-zÀ-ɏ./-]{3,}")
_SMALL_WORDS = frozenset({"of", "per", "in", "a", "an", "the", "to"})
_NO_UNITS = frozenset(
    {
        "pi",
        "e",
        "i",
        "sqrt",
        "sin",
        "cos",
        "tan",
        "log",
        "ln",
        "exp",
        "and",
        "or",
        "is",
        "to",
        "choose",
        "plus",
        "minus",
    }
)


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit: a dimension with the size in its basic unit; of an unknown noun, the noun itself."""

    dimension: str
    scale: Fraction = Fraction(1)
    told_in: tuple[Fraction, ...] = ()
    """The sizes of those that an amount in several names: 2 h 30 min is 2.5 of the one and 150 of the other."""


@lru_cache(maxsize=8192)
def without_unit(text: str) -> tuple[str, Unit | None]:
    r"""Return a spelled value without its unit, and the unit; ``5 "cm"`` is 5 and centimetres."""
    if len(text) > LONGEST:
        return text, None
    return _before(text) or _marked(text) or _of_other_scripts(text) or _in_words(text) or (text, None)


def _before(text: str) -> tuple[str, Unit | None] | None:
    """Read a sign of money before a value; what stands behind the value says more."""
    before = _BEFORE.match(text)
    if before is None:
        return None
    unit = _named(before[2].strip(" ."), 1)
    inner, other = without_unit((before[1] + text[before.end() :]).strip())
    return inner, unit if other is None or other.dimension == "noun" else Unit(f"{unit} {other}")


def _marked(text: str) -> tuple[str, Unit] | None:
    """Read a sign behind a value, a modulus, or an amount in several units."""
    marked = _MARKS_AFTER.search(text)
    if marked is not None and marked.start() > 0 and not (marked[1] == "\\deg" and _FUNCTION.search(text)):
        unit = Unit(f"degrees {marked[2]}") if marked[2] else _named(marked[1], 1)
        return text[: marked.start()].rstrip(" \\").strip(), unit
    modulus = _MODULUS.search(text)
    return (text[: modulus.start()], Unit(f"modulo {modulus[1]}")) if modulus else in_several_units(text)


def _of_other_scripts(text: str) -> tuple[str, Unit] | None:
    """Read micrometres, kg·m/s^2, and units in letters that are not Latin."""
    micro = _MICRO_AFTER.search(text) if "mu" in text else None
    if micro is not None:
        unit = _named(micro[1], 1)
        return text[: micro.start()].strip(), Unit(unit.dimension, unit.scale / 10**6)
    foreign = None if text.isascii() else _FOREIGN_AFTER.search(text)
    if foreign is not None and any(map(str.isalpha, foreign[1])):
        return text[: foreign.start()].strip(), _named(foreign[1].strip(" ."), int(foreign[2] or 1))
    grouped = _GROUPED_AFTER.search(text) if "^" in text and text[-1] in '}"0123456789. ' else None
    if grouped is not None:
        below = _ONE_BELOW.fullmatch(grouped[0])
        power = f"^{below[3]}" if below is not None and below[3] != "1" else ""
        over = _in_words(f'{text[: grouped.start()]} "{below[1]}/{below[2]}{power}"') if below is not None else None
        if over is not None:
            return over
        return text[: grouped.start()].strip(), Unit("compound " + "".join(grouped[0].split()))
    compound = _COMPOUND_AFTER.search(text) if "\\cdot" in text else None
    if compound is not None and "\\cdot" in compound[1]:
        return text[: compound.start()].strip(), Unit("compound " + "".join(compound[1].split()))
    return None


def _in_words(text: str) -> tuple[str, Unit] | None:
    """Read words behind an amount that are no variables."""
    for pattern in (_QUOTED_AFTER, _WORDS_AFTER):
        found = pattern.search(text)
        if found is not None and found.start() > 0 and _is_amount(text[: found.start()]):
            unit_found = _unit(found, quoted=pattern is _QUOTED_AFTER, spaced=text[found.start()].isspace())
            if unit_found is not None:
                return text[: found.start()].rstrip(" \\").strip(), unit_found
    return None


def in_several_units(text: str) -> tuple[str, Unit] | None:
    """Return an amount in several units of one dimension, 3 hours and 20 minutes, in the basic one; None for others."""
    if "h" in text and (short := _HOURS_AND_MINUTES.fullmatch(text)) is not None:
        text = f"{short[1]} h {short[2]} min"
    parts = _PART.findall(text)
    if len(parts) > 1 and parts[0][1] in _HOURS:
        # 1h 15m: beside hours, m stands for minutes.
        parts = [(number, "min" if name == "m" else name) for number, name in parts]
    units = [_ALIASES.get(name) for _, name in parts]
    if (
        len(parts) < 2
        or _PART.sub("", text)
        or None in units
        or len({unit[0] for unit in units if unit is not None}) > 1
    ):
        return None
    total = sum(Fraction(number) * unit[1] for (number, _), unit in zip(parts, units, strict=True) if unit)
    sizes = tuple(unit[1] for unit in units if unit)
    return str(total), Unit(units[0][0] if units[0] else "", told_in=sizes)


def _is_amount(text: str) -> bool:
    return any(sign.isdigit() for sign in text) or "\\" in text


def _unit(found: re.Match[str], quoted: bool, spaced: bool) -> Unit | None:
    words = found[1].replace("-", " ").split()
    exponent = int(found[2] or 1)
    while words and words[0].strip(".") in _POWERS and len(words) > 1:
        exponent = _POWERS[words.pop(0).strip(".")]
    while len(words) > 1 and words[-1] in _POWERS:
        exponent = _POWERS[words.pop()]
    name = " ".join(words).strip(".")
    if not name or (not quoted and words[0].casefold() in _NO_UNITS) or name.startswith("(or "):
        return None
    if not quoted and not (spaced and _is_noun(words)) and not (name in _ALIASES and (spaced or name not in _SHORT)):
        return None
    return _named(name, exponent)


def _is_noun(words: list[str]) -> bool:
    """Whether bare letters after a number are words rather than variables."""
    parts = [part for word in words for part in word.split("/")]
    known = all(part in _ALIASES or part in _SMALL_WORDS or _NOUN.fullmatch(part) for part in parts)
    return known and (len(parts) > 1 or parts[0] not in _SHORT)


def _named(name: str, exponent: int) -> Unit:
    powered = re.fullmatch(r"(.*[A-Za-z])\^\{?(\d)\}?", name)
    if powered is not None:
        return _named(powered[1], int(powered[2]))
    known = _ALIASES.get(name) or _ALIASES.get(name.casefold())
    if known is not None:
        return Unit(known[0] if exponent == 1 else f"{known[0]}^{exponent}", known[1] ** exponent)
    rate = re.split(r"\s*/\s*|\s+per\s+", name)
    if len(rate) == 2 and all(rate):
        above, below = _named(rate[0], 1), _named(rate[1], exponent)
        return Unit(f"{above.dimension}/{below.dimension}", above.scale / below.scale)
    return Unit("noun" if exponent == 1 else f"noun^{exponent}")

"""Parts of a prompt that tell when it was written, or in which run: values, also where a look sees them once. Pure."""

from __future__ import annotations

import re
import unicodedata
from calendar import day_abbr, day_name, month_abbr, month_name
from datetime import datetime, timedelta
from itertools import pairwise

_UUID = re.compile(r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b", re.IGNORECASE)
_NAMES = re.compile(r"(?<![\w-])(?:[A-Za-z]{2,12}[_-])?[0-9A-Za-z]{12,64}(?![\w-])")
"""What may be the name of a request, a run or a commit."""
_HEX_DIGITS, _OTHER_DIGITS = 3, 5
"""Digits of a name, at least: no word of a language or a product has as many between its letters."""
_SHORTEST_OTHER = 20
"""Characters of a name that is not written in hexadecimal digits: ULIDs have 26, nanoids 21."""
_CHANGES = 3
"""Changes between digits and letters in a name, at least: `llama3` has one."""
_CLOCK = r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:\s?(?:[AaPp][Mm]\b|[AaPp]\.[Mm]\.))?"
_CLOCK += r"(?:\s?(?:UTC|GMT|Z\b)|[+-]\d{2}:?\d{2})?"
_TIME = re.compile(rf"(?<![\d:.]){_CLOCK}(?![\d:])")
_SPOKEN_TIME = re.compile(
    r"(?<!\d)(?:\d{1,2}\s?(?:h|Uhr|時|时|点|點|시)\s?(\d{2})(?:\s?(?:分|분))?|\d{1,2}\.(\d{2}) Uhr)(?!\d)"
)
_EPOCH = re.compile(r"(?<![\w.])(\d{10})(?:\d{3}|\.\d{1,7})?(?![\w])")
"""Seconds or thousandths since 1970."""
_WORD = r"[^\W\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"
"""A character of a word in scripts that set words apart."""
_NEAR = 2
"""Minutes around a look in which a clock's minutes are those of the look."""
_DAY = 24 * 3600
_MONTHS = (
    "januar februar märz april mai juni juli august september oktober november dezember",
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "januari februari maart april mei juni juli augustus september oktober november december",
    "januari februari mars april maj juni juli augusti september oktober november december",
    "januar februar marts april maj juni juli august september oktober november desember",
    "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
    "ledna února března dubna května června července srpna září října listopadu prosince",
    "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    "січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня",
    "ocak şubat mart nisan mayıs haziran temmuz ağustos eylül ekim kasım aralık",
    "जनवरी फ़रवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर अक्टूबर नवंबर दिसंबर",
    "يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر",
)
"""As dates write them (CLDR): German, French, Spanish, Italian, Portuguese, Dutch, Swedish, Danish and Norwegian,
Polish, Czech, Russian, Ukrainian, Turkish, Hindi, Arabic."""
_WEEKDAYS = (
    "montag dienstag mittwoch donnerstag freitag samstag sonntag",
    "lundi mardi mercredi jeudi vendredi samedi dimanche",
    "lunes martes miércoles jueves viernes sábado domingo",
    "lunedì martedì mercoledì giovedì venerdì sabato domenica",
    "segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado domingo",
    "maandag dinsdag woensdag donderdag vrijdag zaterdag zondag",
    "måndag tisdag onsdag torsdag fredag lördag söndag",
    "mandag tirsdag onsdag torsdag fredag lørdag søndag",
    "poniedziałek wtorek środa czwartek piątek sobota niedziela",
    "pondělí úterý středa čtvrtek pátek sobota neděle",
    "понедельник вторник среда четверг пятница суббота воскресенье",
    "понеділок вівторок середа четвер пʼятниця субота неділя",
    "pazartesi salı çarşamba perşembe cuma cumartesi pazar",
    "सोमवार मंगलवार बुधवार गुरुवार शुक्रवार शनिवार रविवार",
    "الاثنين الثلاثاء الأربعاء الخميس الجمعة السبت الأحد",
)
"""In the same languages, from Monday on."""
_EASTERN_WEEKDAYS = ("月一월", "火二화", "水三수", "木四목", "金五금", "土六토", "日日天일")
"""How Japanese, Chinese and Korean call a day, from Monday on."""


def moments_in(text: str, now: datetime) -> tuple[str, ...]:
    """Return the parts of a text that hang on when or in which run it was made, the longest first.

    These are the day of a look (or a day beside it, as time zones have it) with the time after it, the time of the
    look by the clock of any time zone of whole or half hours, UUIDs and other names that machines make up. Other days
    and times are the prompt's own.
    """
    plain = "".join(str(unicodedata.decimal(one)) if one.isdecimal() else one for one in text)
    days = "|".join(_spelled(now + timedelta(days=shift)) for shift in (0, -1, 1))
    dates = re.compile(
        rf"(?<![.-])(?<!{_WORD})(?:{days})(?:(?:T|,?\s+(?:at\s+)?){_CLOCK})?(?![-]|{_WORD})", re.IGNORECASE
    )
    eastern = re.compile("|".join(_eastern(now + timedelta(days=shift)) for shift in (0, -1, 1)))
    places = {match.span() for pattern in (dates, eastern, _UUID) for match in pattern.finditer(plain)}
    places |= {match.span() for match in _TIME.finditer(plain) if _is_near(match[0].partition(":")[2][:2], now)}
    places |= {match.span() for match in _SPOKEN_TIME.finditer(plain) if _is_near(match[1] or match[2], now)}
    places |= {match.span() for match in _EPOCH.finditer(plain) if abs(int(match[1]) - now.timestamp()) < _DAY}
    places |= {match.span() for match in _NAMES.finditer(plain) if _is_made_up(match[0])}
    found = {text[start:end] for start, end in places}
    return tuple(sorted(found, key=lambda one: (-len(one), one)))


def _spelled(day: datetime) -> str:
    """Return a pattern of the ways in which a day is written, the longer ones first."""
    year, month, number = rf"(?:{day:%Y}|{day.year + 543})", f"0?{day.month}", f"0?{day.day}"
    short = f"{day:%y}"
    names = "|".join(sorted({names.split()[day.month - 1] for names in _MONTHS} | {month_name[day.month].lower()}))
    name = f"(?:{names}|{month_abbr[day.month]}\\.?)"
    weekdays = "|".join(
        sorted({names.split()[day.weekday()] for names in _WEEKDAYS} | {day_name[day.weekday()].lower()})
    )
    week = f"(?:(?:{weekdays}|{day_abbr[day.weekday()]}\\.?),?\\s+(?:(?:der|den|dem|le|el|il)\\s+)?)?"
    ordinal = f"{number}(?:st|nd|rd|th|er|º)?"
    return "|".join(
        (
            rf"{week}{name}\s+{ordinal}(?:,?\s+{year})?",
            rf"{week}{ordinal}\.?[\s-]+(?:(?:of|de|di)\s+)?{name}(?:(?:,?\s+(?:de\s+|del\s+)?|-){year})?",
            rf"{week}{year}(?:[-/]|\.\s?){month}(?:[-/]|\.\s?){number}",
            rf"{week}{number}(?:[-/]|\.\s?){month}(?:[-/]|\.\s?)(?:{year}|{short})",
            rf"{week}{month}[-/.]{number}[-/.](?:{year}|{short})",
            rf"{day:%Y%m%d}(?:[T_-]?\d{{4,6}}Z?)?",
        )
    )


def _eastern(day: datetime) -> str:
    """Return a pattern of the ways in which Chinese, Japanese and Korean write a day."""
    week = _EASTERN_WEEKDAYS[day.weekday()]
    years = rf"(?:{day.year}|令和{day.year - 2018})"
    called = rf"[{week}](?:曜日|요일)"
    weekday = rf"(?:\s?(?:[(（](?:{called}|[{week}])[)）]|{called}|(?:星期|周|週)[{week}]))?"
    chinese = rf"(?:{years}\s?年\s?)?0?{day.month}\s?月\s?0?{day.day}\s?日{weekday}"
    return rf"(?<!\d){chinese}|(?<!\d)(?:{day.year}년\s?)?0?{day.month}월\s?0?{day.day}일{weekday}"


def _is_near(minutes: str, now: datetime) -> bool:
    """Say whether a clock's minutes are those of a look, in time zones of whole or half hours."""
    return any(abs((int(minutes) - now.minute - shift + 30) % 60 - 30) <= _NEAR for shift in (0, 30))


def _is_made_up(name: str) -> bool:
    """Say whether a machine has made a name up: digits and letters in no order that a word or a version has."""
    body = re.split("[_-]", name)[-1]
    digits = sum(one.isdigit() for one in body)
    changes = sum(one.isdigit() != other.isdigit() for one, other in pairwise(body))
    is_hex = re.fullmatch(r"[0-9a-f]+|[0-9A-F]+", body) is not None
    is_long = is_hex or len(body) >= _SHORTEST_OTHER
    return is_long and digits >= (_HEX_DIGITS if is_hex else _OTHER_DIGITS) and changes >= _CHANGES

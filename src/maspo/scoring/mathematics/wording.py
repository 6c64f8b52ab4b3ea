r"""What answers say in words: "exactly 5", "at least 5", "3 out of 8", "2 million", written as signs. Pure.

Words in quotes come from text within a formula; here they are taken with their quotes.
"""

from __future__ import annotations

import re

_RATIO_WORD = re.compile(r'(?<=[\d}])\s*"?(?:\s+|\s*-)to(?:\s+|-\s*)"?\s*(?=[\d\\])|(?<=[\d}])\s*"-?to-?"\s*(?=[\d\\])')
_CHANCE = re.compile(r'"?\s*(\d+)\s*"?\s*(?:in|out of)(?:\s+(?:every|each))?\s*"?\s*(\d+)\s*"?')
"""A probability as it is said: "1 in 6", "2 out of 7"."""
_COMPARED = re.compile(
    r'(?P<quote>"\s*)?(?<!\\)\b(?:is\s+|are\s+)?(?:strictly\s+)?(?:(?P<ge>at\s+least|no\s+(?:less|fewer)\s+than'
    r"|greater\s+than\s+or\s+equal\s+to|not\s+less\s+than)"
    r"|(?P<le>at\s+most|no\s+more\s+than|up\s+to|less\s+than\s+or\s+equal\s+to|not\s+more\s+than)"
    r"|(?P<gt>more\s+than|greater\s+than|larger\s+than|over|above)|(?P<lt>less\s+than|fewer\s+than|smaller\s+than"
    r"|under|below)"
    r'|(?P<ne>not(?:\s+equal\s+to)?|other\s+than))\s*(?(quote)"\s*)(?=[-\d\\§.])'
)
"""Comparisons in words, before a number."""
_COMPARING = re.compile(r"than|t least|t most|not|up to|over|under|above|below")
_BETWEEN = re.compile(
    r'"?(?:[a-z] (?:is )?"?\s*)?(strictly )?between"? ([^,"]{1,30}?) "?and"? ([^,"]{1,30}?),? ?"?'
    r'(inclusive|exclusive)?"?'
)
"""An interval in words, where they say whether its ends belong to it."""
_SIGN_OF = {"ge": r"\ge ", "le": r"\le ", "gt": ">", "lt": "<", "ne": r"\ne "}
_ALL_OF = re.compile(
    r'^"?\s*(?:for\s+)?(?:all|every|any)"?\s+(?:real\s+)?(?:(?:numbers?|values?)\s+)?(?:of\s+)?"?\s*'
    r'(?:[a-z]\s*"?\s*(?:with|where|such\s+that|satisfying)\s+"?)?(?=[a-z]\s*(?:<'
    r'|>|=|\\(?:le|ge|in|ne)\b)|-?\d[\d.]*\s*(?:<|\\le\b)|"?\s*(?:[<>]|\\(?:ge|le|ne)\b))'
)
"""What is said before a condition: "all x > 6"."""
_EXCEPT = re.compile(
    r'^"?\s*(?:x\s+(?:can\s+be|is)\s+)?(?:the\s+|any\s+|every\s+)?(?:set\s+of\s+)?(?:all\s+)?(?:the\s+)?real(?:s'
    r'|\s+(?:numbers?|values?))?(?:\s+(?:of\s+)?x)?\s*"?,?\s*"?\s*(?:except(?:\s+for)?|but|other\s+than|excluding'
    r'|without)\s*(?:x\s*=)?\s*"?\s*',
    re.IGNORECASE,
)
_ALL_BUT = re.compile(
    r'^"?\s*(?:all|every|any)\s*"?\s*[a-z]\s*"?\s*(?:except(?:\s+for)?|but|other\s+than)\s*(?:[a-z]\s*=)?\s*"?\s*(?=[-\d\\])'
)
_NOT_IN = re.compile(r"^[a-z]\s*\\notin(?![A-Za-z])\s*(?=[(\[{\\])")
"""All numbers but some, without the word "real"."""
_HALF_LINE = re.compile(
    r'"?(?:the )?(?:set of )?(?:all |any )?(?:the )?(?:strictly )?'
    r'(non-?)?(positive|negative) real(?:s| (?:numbers?|values?))"?',
    re.IGNORECASE,
)
_HALF_LINES = {
    ("", "positive"): r"(0,\infty)", ("non", "positive"): r"(-\infty,0]",
    ("", "negative"): r"(-\infty,0)", ("non", "negative"): r"[0,\infty)",
}  # fmt: skip
_ROUGHLY = re.compile(
    r'^(?:\\(?:approx|sim|Rightarrow|to)(?![A-Za-z])|[≈=]|"?(?:approximately|about|approx\.?|roughly|around|nearly|almost|exactly'
    r'|precisely|only|just|simply|either|both|yes,|no,|so|thus|hence,?|therefore,?)(?:"|\s))\s*',
    re.IGNORECASE,
)
"""What may stand before an answer and changes nothing."""
_PREAMBLE = re.compile(
    r'^"(?![^"]*\b(?:not|never|nothing|nobody)\b)[^"]*\b(?:is|are|equals):?"\s*|^"[^"]*"\s*[a-z]\s*"\s*(?:is|are|equals):?\s*"\s*|^"(?:the\s+)?(?:final\s+)?(?:answer|result|solution)s?\s*:?\s*"\s*(?=.)|^"?(?:yes'
    r'|no),\s*"?\s*(?=.)'
    r'|^"(?:the\s+)?(?:\w+\s+){0,2}(?:total|sum|area|volume|length|perimeter|value|number|distance|price|cost'
    r"|probability|maximum|minimum|count|difference|product)"
    r'(?:\s+(?:is|of|are))?\s*:?\s*"\s*=?\s*(?=[-\d\\§])|^"(?:a\s+total\s+of|there\s+are|we\s+(?:get|have)|it\s+is'
    r'|in\s+total:?|equals)\s*"\s*(?=[-\d\\§])'
    r'|^"(?:year|day|page|room|step|case|week|month|grade|level|stage|door|box|team|player|person|floor|number|no\.'
    r'|row|figure)\s+(?=\d[\d,]*"$)',
    re.IGNORECASE,
)
_NEGATIVE = re.compile(r"(?i)(?:negative|minus)\s+(?=[\d.])")
_AT = re.compile(
    r'(?<=[\d)}])\s*"\s*(?:at|when|in\s+total|altogether|exactly|approximately|only|total|attained\s+at'
    r'|occurring\s+at)\s*"(?:\s*[a-z]\s*=[^=,]*)?$'
)
"""Where a value is taken, behind it."""
_INFINITE = re.compile(r'(?<![A-Za-z\\"])(?:oo|[Ii]nf(?:inity)?|INF)(?![A-Za-z"])|"(?:positive )?[Ii]nf(?:inity)?"')
"""Infinity as programs print it."""
_INFINITE_FLOAT = re.compile(r"float\(\s*['\"]?([-+]?)inf(?:inity)?['\"]?\s*\)")
_LARGE = {
    "hundred": "100", "thousand": "10^3", "million": "10^6", "billion": "10^9", "trillion": "10^{12}", "dozen": "12",
    "gross": "144", "score": "20", "dozens": "12", "hundreds": "100", "thousands": "10^3", "billions": "10^9",
    "trillions": "10^{12}", "lakhs": "10^5", "lakh": "10^5", "crores": "10^7", "crore": "10^7",
    "Millionen": "10^6", "Million": "10^6", "millions": "10^6", "millones": "10^6", "millón": "10^6", "milioni": "10^6",
    "milhões": "10^6", "Milliarden": "10^9", "milliards": "10^9", "миллионов": "10^6", "миллиона": "10^6",
}  # fmt: skip
_LARGE_WORD = re.compile(rf'(?<=\d)\s*"?\s*({"|".join(sorted(_LARGE, key=len, reverse=True))})\b\s*(")?')
_LARGE_SIGN = re.compile(r"(?<=[§€£¥₹])\s?(\d+(?:\.\d+)?)\s?([kKMB]|bn|mn)(?![A-Za-z])")
_SIGN_MEANS = {"k": "10^3", "K": "10^3", "M": "10^6", "mn": "10^6", "B": "10^9", "bn": "10^9"}
"""What behind an amount of money stands for thousands and more: 12k."""
_MAY_BE_LARGE = re.compile(r"[hmbtdglcsM](?:undr|hous|ill|ilh|ili|rill|ozen|ross|akh|ror|core)|милли")
_MYRIADS = re.compile(r"(?<=\d)\s?([万萬만亿億억])")
_MYRIAD_MEANS = dict.fromkeys("万萬만", "10^4") | dict.fromkeys("亿億억", "10^8")
_PARTS = {"halves": 2, "thirds": 3, "quarters": 4, "fourths": 4, "fifths": 5, "sixths": 6, "sevenths": 7, "eighths": 8,
          "ninths": 9, "tenths": 10, "hundredths": 100, "thousandths": 1000}  # fmt: skip
_PARTS_AFTER = re.compile(rf'(\d+)\s*"?\s*({"|".join(_PARTS)})"?')
_NONE = re.compile(
    r'"?(?:(?:the )?(?:solution )?set(?: of solutions)? is )?(?:the )?(?:empty|null)(?: set)?"?'
    r'|"?(?:there (?:is|are) )?no (?:real |integer |possible )?(?:solutions?|roots?)(?: exists?)?"?|\{ ?\}'
    r"|(?:S\.)?EmptySet(?:\(\))?|set\(\)",
    re.IGNORECASE,
)
"""That nothing solves what was asked."""
_LESS_SOME = re.compile(r"(\\mathbb\s*\{?\s*R\s*\}?)\s*-\s*(?=\\\{)")
"""All real numbers but some, with a minus."""
_HALF_DAY = re.compile(r"(?<=\d)\s*\b([AaPp])\.\s?[Mm]\b\.?")
_ORDINAL = re.compile(r'(?<=\d)(?:\^\s*\{?\s*)?"?(?:st|nd|rd|th)\b"?\s*\}?')


def without_preamble(text: str) -> str:
    """Take off what may stand before or after an answer: "exactly", "The answer is", "Yes,", "at x = 2"."""
    if text[:1] in "nmNM" and (negative := _NEGATIVE.match(text)) is not None:
        text = f"-{text[negative.end() :]}"
    if text[:1].isalpha() or text[:1] in '"≈=\\':
        text = _ROUGHLY.sub("", _PREAMBLE.sub("", text, 1), 1)
        # A preamble in the same quotes as the answer leaves the closing one.
        text = text.removesuffix('"') if text.count('"') == 1 else text
    return _AT.sub("", text) if '"' in text else text


def in_signs(text: str) -> str:
    """Write infinity, relations, chances, ratios and large numbers that are said in words as signs."""
    if text[:1] in 'nNtTeEsS"{' and _NONE.fullmatch(text):
        return r"\emptyset"
    if "oo" in text or "nf" in text or "NF" in text:
        text = _INFINITE_FLOAT.sub(r"\1inf", text) if "float" in text else text
        text = _INFINITE.sub(r"\\infty ", text)
    if " " in text or '"' in text:
        text = _compared(text)
    if "\\notin" in text:
        text = _NOT_IN.sub(lambda _: r"\mathbb{R} \setminus ", text)
    if "\\mathbb" in text and "-" in text:
        text = _LESS_SOME.sub(r"\1 \\setminus ", text)
    if text[-1:].isdigit():
        return text
    if text.rstrip('"')[-1:] == "s" and (parts := _PARTS_AFTER.fullmatch(text)) is not None:
        return rf"\frac{{{parts[1]}}}{{{_PARTS[parts[2]]}}}"
    if "." in text:
        text = _HALF_DAY.sub(r" \1m", text)
    if text[:1] in "§€£¥₹":
        text = _LARGE_SIGN.sub(lambda found: rf"{found[1]}\cdot {_SIGN_MEANS[found[2]]}", text)
    if not text.isascii():
        text = _MYRIADS.sub(lambda found: rf"\cdot {_MYRIAD_MEANS[found[1]]} ", text)
    text = _LARGE_WORD.sub(_as_power, text) if _MAY_BE_LARGE.search(text) else text
    return _ORDINAL.sub(" ", text) if "t" in text or "d" in text else text


def _compared(text: str) -> str:
    """Write relations, chances and ratios that are said in words as signs."""
    chance = _CHANCE.fullmatch(text)
    if chance is not None:
        return rf"\frac{{{chance[1]}}}{{{chance[2]}}}"
    between = _BETWEEN.fullmatch(text) if "between" in text else None
    if between is not None and (between[1] or between[4]):
        shut = between[4] == "inclusive"
        return f"{'[' if shut else '('}{between[2]},{between[3]}{']' if shut else ')'}"
    if "real" in text:
        half = _HALF_LINE.fullmatch(text)
        if half is not None:
            return _HALF_LINES[(half[1] or "").rstrip("-").lower(), half[2].lower()]
        text = _EXCEPT.sub(lambda _: r"\mathbb{R} \setminus ", text)
    elif text[:1] in '"ae' and ("except" in text or "but" in text or "other" in text):
        text = _ALL_BUT.sub(lambda _: r"\mathbb{R} \setminus ", text)
    if "to" in text:
        text = _RATIO_WORD.sub(":", text)
    text = _COMPARED.sub(_as_sign, text) if _COMPARING.search(text) else text
    return _ALL_OF.sub("", text) if text[:1] in '"aef' else text


def _as_sign(found: re.Match[str]) -> str:
    return next(sign for name, sign in _SIGN_OF.items() if found[name] is not None)


def _as_power(found: re.Match[str]) -> str:
    # What follows in the same quotes is a unit: "million dollars".
    return rf"\cdot {_LARGE[found[1]]}" + ("" if found[2] or '"' not in found[0] else ' "')

"""The answer that a sentence states: "The capital is **Rome**.", "It's Rome.", "Yes, because …". Pure.

Where the sentence denies it, doubts it or says it of something else, nothing is read.
"""

from __future__ import annotations

import re

from maspo.core.late import late
from maspo.scoring.doubts import brings_another, is_not_its_own, takes_back

_LONGEST_LINE = 400
SENTENCE = late(
    r"(?<=[^\W\d]{2}[.!])(?<!\b[SDM][trs]\.)(?<!\bMrs\.)(?<!\bProf\.)\s+|(?<=\d[.!])\s+(?=[A-Z][a-z])|(?<=[.!]\*\*)\s+|(?<=。)(?=.)|;\s+(?=[a-z]+:)"
)
"""Between two sentences."""
_EMPHASIZED = late(
    r"(?P<before>[^*\n]{1,160}?(?:\s(?:is|are|was|ist|est|es|sind|son)|[是为為は])\s{0,2}:?\s?)\*\*(?P<value>[^*\n]+)\*\*\s?"
    r"(?:です)?[.!。]?"
)
_CLASSIFIED = late(
    r"(?:(?:this|the)\s+\w+\s+(?:is|was|(?:should|can)\s+be)\s+(?:classified|labell?ed|categori[sz]ed|rated|tagged)\s+as"
    r"|(?:i|we)(?:['’]d|['’]ll|\s+would|\s+will)?\s+(?:classify|label|categori[sz]e|rate|mark|tag)\s+(?:this|it|that|the)"
    r"(?:\s+(?!(?:first|second|other|latter|former|half|part|last|rest|begin\w*|end)\b)\w+){0,2}\s+as)\s+(?P<value>.*)",
    re.IGNORECASE,
)
_SHORTENED = r"(?:(?:[A-Z]\.)+|(?:St|Mt|Ft|Dr|Mr|Mrs|Ms|Jr|Sr|Prof)\.)"
_NAME = rf"(?:{_SHORTENED}|[^\s,;!?]*[^\s.,;:!?])"
_VALUE = rf"(?P<value>{_NAME}(?:\s{_NAME}|,\s(?=[A-Z]){_NAME}){{0,5}})"
"""One to six words; signs within one are a part of it (a date, an address), so are initials and a place's country."""
NO_WISH = r"(?!\s+(?:in|an?|one|as|at|of|no|only|either|short|brief|\w+(?:ed|en)\s+(?:in|as|by|to|with|for))\b)"
"""After "should be": what says how an answer is to be, and so none."""
_STATED = late(
    r"(?P<before>(?:[Tt]he|[Dd]ie|[Dd]er|[Dd]as|[Ll][ae]|[Ee]l)\s+(?:[\w'’-]+\s+){1,6}?)"
    rf"(?:is|was|(?:should|must)\s+be{NO_WISH}|ist|est|es)\s+"
    rf"{_VALUE}[.!]?"
)
_SAID = late(
    r"(?i:(?P<before>)(?:(?:probably|most likely|likely|definitely|clearly|certainly|surely)\b,?\s+"
    r"|(?:i think |i believe )?(?:it['’]s|it is|it was|this is|(?:this|it) looks like"
    r"|that['’]s|that is|that would be|it must be|it has to be"
    r"|that must be|(?:i['’]d|i would) say(?:\s+(?:it['’]s|it is|that it is))?"
    r"|(?:i['’]d|i would) (?:label|call|rate|mark|tag) (?:it|this)"
    r"|i['’]d go with|i['’]m going with|i choose|i pick|my (?:pick|choice) is|c['’]est|das ist|es ist|es|è|é)\s+)"
    r"(?:(?:clearly|definitely|certainly|obviously|probably|most likely|likely)\s+)?)"
    rf"{_VALUE}(?:\s(?:who|that|which)\s[^,;.?]*)?[.!]?"
)
"""A short sentence that says nothing but the answer: "It's Rome.", "Probably Rome."."""
_PLACE = late(
    r"\s(?:in|of|from|for|at|mentioned in|given in|found in)\s(?:the|this|your)\s(?:given |above |provided )?"
    r"(?:text|passage|review|message|sentence|question|document|image|email|e-mail|article|paragraph|input|table|list)\b"
)
_LOOKED_FOR = late(
    r"\s(?:that|which)\s(?:fits|matches|is missing|is meant|is needed)\b|\syou['’]re\s(?:looking for|asking about)"
)
_NOT_THAT = late(
    r"(?:,\s+(?:and\s+)?|(?<!\s)\s+\(|(?<=\*\*)\s+|(?<!\s)\s+[–—-]\s+)(?:not|rather\s+than|instead\s+of|as\s+opposed\s+to)\s+[^.,;:!?()]{1,40}\)?(?=[.!]?\Z)"
    r"|\s+(?:rather\s+than|instead\s+of|as\s+opposed\s+to)\s+[^.,;:!?()]{1,40}(?=[.!]?\Z)"
)
""""…, not Milan": what the answer is told apart from."""
_QUOTED = late(
    r"\*\*([^*\n]+)\*\*|\"([^\"\n]+)\"|“([^”\n]+)”|`([^`\n]+)`|«\s?([^»\n]+?)\s?»|„([^“”\n]+)[“”]|(?<!\w)['‘]([^'‘’\n]+)['’](?!\w)"
)
_PRESENTED = late(r"(?i)(?:here(?:['’]s|\s+is|\s+are)|below\s+is|this\s+is|the)\s[^:\n]{3,90}:")
"""A first line that announces what follows."""
_TYPED = late(
    r"(?<![\w.@/-])(?:[\w.+-]+@[\w-]+(?:\.[\w-]+)+|https?://[^\s<>\"']*[^\s<>\"'.,;:!?)]|\d{4}-\d{2}-\d{2}"
    r"|\d{1,2}(?:st|nd|rd|th)?\s(?:January|February|March|April|May|June|July|August|September|October|November|December)\s\d{4}"
    r"|(?:January|February|March|April|May|June|July|August|September|October|November|December)\s\d{1,2},\s\d{4}"
    r"|(?=[A-Z\d-]*\d)[A-Z]{2,}-?\d[A-Z\d-]*)(?![\w@])"
)
"""Addresses, dates and numbers of documents: a sentence that holds one of them is about it."""
_DESCRIBED = late(
    r"(?i:(?:the|this) (?:\w+ )?(?:review|text|message|tweet|comment|sentence|statement|claim|e-?mail|post|article"
    r"|ticket|request"
    r"|tone|headline|passage|feedback|paragraph|title|query) (?:is|seems|sounds|expresses an?|conveys an?)"
    r"(?: (?:clearly|definitely|overall|very|strongly|quite|overwhelmingly|mostly|generally|certainly"
    r"|obviously|plainly))? )"
    r"(?P<value>[\w-]+)(?: (?:overall|sentiment|in tone|emotion|opinion|tone))?[.!]?"
)
"""What was to be judged, and one word on it."""
_YES_OR_NO = late(
    r"(?P<marks>[*_>\s]{0,4})(?P<value>(?i:yes|no|true|false|ja|nein|oui|non|sí|sì|sim|não|да|нет|是的|是|否|はい|いいえ|예|네|아니요))"
    r"(?:[.!。]?\*\*[.!,:;。]?|[.!,:;。，、](?!\s?\d)|\s[–—-]|\n)\s*(?P<why>\S.*)",
    re.DOTALL,
)
_CONTRARY = late(
    r"\b(?:yes|no(?=[,.:;])|ja(?=,)|nein|oui|and no|but|except|partly|only if|unless|on the other hand|depends)\b"
)
_JOINED = late(r"\b(?:or|but|nor|also|both|vs|rather|as well)\b", re.IGNORECASE)
_COPULA = late(r"\b(?:is|was|are|ist|est|es)\b", re.IGNORECASE)


def without_contrast(value: str) -> str:
    """Return a value without what it is told apart from: "negative (not positive)"."""
    return _NOT_THAT.sub("", value) if " " in value else value


def yes_or_no(body: str) -> str | None:
    """Return the yes or no that begins a reply and is explained in the rest of it."""
    found = _YES_OR_NO.fullmatch(body)
    if found is None or takes_back(found["why"]) or "?" in body or _CONTRARY.search(found["why"].lower()):
        return None
    return found["value"]


def stated_answer(lines: list[str]) -> str | None:
    """Return the answer of a last sentence: "The capital is **Paris**.", "I would classify this as spam."."""
    line = lines[-1].strip()
    if len(line) > _LONGEST_LINE:
        return None
    sentence = SENTENCE.split(line)[-1] if "." in line or "。" in line or "!" in line or ";" in line else line
    classified = _CLASSIFIED.fullmatch(sentence) if " as " in sentence else None
    if classified is not None:
        value = classified["value"]
        return None if brings_another(value) else value
    emphasized = _EMPHASIZED.fullmatch(sentence) if sum(other.count("**") for other in lines) == 2 else None
    if emphasized is not None:
        return None if is_not_its_own(emphasized["before"]) else emphasized["value"]
    if len(lines) > 1:
        return _presented(lines)
    if sentence != line:
        return None
    line = _NOT_THAT.sub("", _LOOKED_FOR.sub("", _PLACE.sub("", line)))
    described = _DESCRIBED.fullmatch(line)
    if described is not None and not takes_back(described["value"]):
        return described["value"]
    stated = _STATED.fullmatch(line) or _SAID.fullmatch(line)
    if stated is not None:
        return _its_value(stated)
    return _quoted(line) or _typed(line)


def _its_value(stated: re.Match[str]) -> str | None:
    before, value = stated["before"], stated["value"]
    typed = _TYPED.search(value) if " " in value else None
    if typed is not None and typed[0] != value:
        return _typed(stated[0])
    if is_not_its_own(before) or len(_COPULA.findall(stated[0])) > 1 or takes_back(value):
        return None
    return value if len(value.split()) == 1 or not (is_not_its_own(value) or brings_another(value)) else None


def _presented(lines: list[str]) -> str | None:
    """Return what follows a first line that announces it and ends with a colon."""
    if _PRESENTED.fullmatch(lines[0].strip()) is None or is_not_its_own(lines[0]):
        return None
    rest = "\n".join(lines[1:]).strip()
    return rest if 0 < len(rest) <= _LONGEST_LINE and "\n" not in rest else None


def _quoted(line: str) -> str | None:
    """Return the only thing that a sentence quotes or sets apart."""
    found = list(_QUOTED.finditer(line))
    if len(found) != 1:
        return None
    around = line[: found[0].start()] + " " + line[found[0].end() :]
    if is_not_its_own(around) or takes_back(around) or _JOINED.search(around):
        return None
    return next(group for group in found[0].groups() if group is not None).strip()


def _typed(line: str) -> str | None:
    """Return the only address, date or number of a document in a sentence."""
    found = list(_TYPED.finditer(line))
    around = line[: found[0].start()] + line[found[0].end() :] if len(found) == 1 else ""
    return None if not around or is_not_its_own(around) or takes_back(around) else found[0][0]

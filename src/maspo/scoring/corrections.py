"""What a reply says in the end, where it corrects itself or denies first: "It's Porto... no, Lisbon". Pure.

One rule for every kind of answer: what a word of correction takes back does not count, nor what is only denied; what
is said in its place does.
"""

from __future__ import annotations

import re

from maspo.core.late import late
from maspo.scoring.denials import is_denied_before
from maspo.scoring.readable import last_found

_SIGNS = {
    "lead": r"(?:oh|but|and|hmm+|uh|um|er|ah|well|pardon)",
    "word": (
        r"(?:wait|no|nope|oops|sorry|hold on|(?:scratch|strike) that|correction|i meant?|or rather|make that|actually"
        r"|on (?:second thoughts?|reflection)|let me correct (?:that|myself)|i take that back"
        r"|nein|moment|halt|en fait|digo|mejor dicho|perdón|quer dizer|anzi)"
    ),
    "pause": r"[\s,.:;!…—–-]{1,5}",
}
_CORRECTED = late(
    # "Porto... no, Lisbon", "Porto — wait, no: Lisbon", "Porto, I mean Lisbon"
    r"(?:\.{{2,3}}|…|[,;.!?]|\s[—–-]|—)\s{{0,3}}[*_(]{{0,3}}(?:{lead}{pause}){{0,2}}{word}(?:{pause}{word}){{0,3}}"
    r"(?:\s?[,.:;!…—–-]{{1,3}}\s{{0,3}}|(?<!no)(?<!nein)(?<!wait)(?<!sorry)(?<!on)\s{{1,3}})(?=\S)"
    # "I first thought Porto, but it is Lisbon", "At first Porto, but Lisbon"
    r"|\b(?:(?:at first|initially|originally|first)(?!,?\s+(?:there|\d[\d.,]*\s+[a-z]))"
    r"|i (?:was going to|would have|could have) (?:say|said|pick|picked)"
    r"|you (?:might|may|could) (?:say|pick|think)|(?:looks?|seems?|sounds?) (?:right|good|plausible|tempting))\b"
    r"[^.!?\n;:]{{0,60}}?[,.;]?\s{{1,3}}(?:but|yet)\s{{1,3}}"
    # "not Porto but Lisbon", "It isn't Porto; it's Lisbon"
    r"|(?:\bnot(?! only)|n['’]t|\bnicht|\bpas)\s{{1,3}}[^.,;:!?\n]{{1,40}}?,?\s{{1,3}}(?:but(?: rather)?|sondern|mais)"
    r"\s{{1,3}}"
    r"|\A(?:(?:it|that|this)(?:['’]s|\s+is|\s+was)?\s)?(?:not|isn['’]t|wasn['’]t)\s{{1,3}}[^.,;:!?\n{{}}\"]{{1,40}}?"
    r"\s{{0,3}}[,;.—–]\s{{1,3}}(?=[\w$\\*-])".format_map(_SIGNS),
    re.IGNORECASE,
)
_MAY_CORRECT = late(
    r"\b(?:wait|no|nope|oops|sorry|hold|scratch|strike|correction|correct|meant?|rather|make|actually|second|reflection"
    r"|back|first|initially|originally|going|have|you|looks?|seems?|sounds?|not|nein|nicht|pas|moment|halt|en fait|digo"
    r"|dicho|perdón|dizer|anzi)\b|n['’]t\b",
    re.IGNORECASE,
)
_BEGINS = late(r"(?:\A|[.!?\n])\W{{0,6}}(?:{lead}{pause}){{0,2}}{word}\b".format_map(_SIGNS), re.IGNORECASE)
_DENIED_TOO = late(
    r"(?:\b(?:is|are|was|were)\s+(?:also\s+)?(?:too|not|wrong|incorrect|no)|n['’]t)\b"
    r"|\b(?:as well|either|neither)\W*\Z",
    re.IGNORECASE,
)
"""What says that what stands in the place of something denied is wrong as well: "It isn't 5; 6 is too large"."""
_ASIDE = late(r"(?:sorry|though|however|unfortunately|i(?:['’]m| am) afraid)\W*\Z", re.IGNORECASE)
"""What stands in nothing's place: "Not enough information, sorry."."""
_LONGEST = 400


def begins_to_correct(text: str) -> bool:
    """Whether one of the sentences of a text begins with a word of correction: "Wait, that is …"."""
    return len(text) <= _LONGEST and _BEGINS.search(text) is not None


def corrected(line: str) -> str | None:
    """Return what a line says in the place of what it has taken back or denied; None where it does neither."""
    if len(line) > _LONGEST or _MAY_CORRECT.search(line) is None:
        return None
    last = last_found(_CORRECTED, line)
    if last is None or (last[0][0] in "nN'’" and is_denied_before(line, last.start())):
        return None
    said = line[last.end() :].strip("*_() ")
    return None if not said or _DENIED_TOO.search(said) or _ASIDE.match(said) else said

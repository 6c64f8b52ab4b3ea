"""Reading which option of a multiple-choice question an output chooses. Pure.

Sure signs come first (an answer in a tag, a box or JSON), then what is claimed in words, then a last or a first line
that says little but the choice. Where an output claims several letters at once ("A or B"), it cannot be read.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from maspo.scoring.claims import SEVERAL, claimed
from maspo.scoring.options import LETTERS, letters_of, options_of, squeezed, with_text
from maspo.scoring.readable import last_line, tail, unmarked, untagged

_LETTERS = frozenset(LETTERS)
_LONGEST = 2000
_LONGEST_CONCLUSION = 400
_END = 300
_LETTER = re.compile(r"(?<![A-Za-z0-9_'’])(?<![A-Za-z]\()\(?([A-J])\)?(?![A-Za-z0-9_'’])")
_ALONE = re.compile(r"\W*(?:(?:option|choice|answer|letter)\W{0,3})?\(?([A-Ja-j])\)?[\s.):,!\]’。]*", re.IGNORECASE)
_HEAD = re.compile(r"\(?([A-J])(?:\s*[).:]|\s+[-–—])\s*(\S.*)", re.DOTALL)
_HEAD_OF_TEXT = re.compile(
    r"\W{0,4}(?:(?:option|choice)\s+)?[(\[]?([A-J])(?:\s*[)\].:,]+|\s+[-–—=])\s*(\S.*)", re.DOTALL | re.IGNORECASE
)
_OWN_LETTER = re.compile(r"^\(?[A-J]\s?[).:]\s+")
_LISTING = re.compile(r"(?:\A|\n)\W*[A-I]\s?[).:][^\n]+\n\W*[B-J]\s?[).:][^\n]+\s*\Z")
"""The options told again, one a line: the last of them is no choice."""
_TICKED = re.compile(
    r"(?:\A|\n)\W{0,6}([A-J])\s?[).:](?:\W{0,4}(?:Correct|Right|Yes)\b|[^\n]*(?:[✅✔✓☑]|\((?i:correct)\)))"
)
_LISTED = re.compile(r"\W*([A-J])\s?[).:]")
_DOUBTED = re.compile(r"(?i:\bnot\b|n['’]t\b|\bneither\b|\bwrong\b|\bincorrect\b|\bexcept\b)")
_ARTICLE = re.compile(r"\bA\s+(?!(?:or|and|nor)\b)[a-z]|\bI\s+(?!(?:or|and|nor)\b)[a-z]")
_SENTENCE = re.compile(r"(?<!\b[A-J])(?<!\bvs)(?<!\bcf)(?<!\bNo)(?<!\bno)(?<!\b[Ff]ig)(?<!\b[Ee]q)[.!?]\s+(?=[(A-Z])")
_HENCE = re.compile(r"(?i:so|thus|hence|therefore)[\s,:]+")
_CONCLUDES = re.compile(
    r"(?i:\b(?:is|are|was|be|equals?|gives?|get|have|has|as|costs?|weighs?|takes?)\b|['’]s\b)|[=:≈]"
)
_SUPPOSED = re.compile(r"\W*(?i:if|suppose|assume|let|when|whether|option|case|check|try|testing)\b")
_AFTERWARDS = re.compile(
    r",?\s+(?:(?:not|rather|instead|because|since|which|to(?=\s[a-z]{2}))\s|\([A-Za-z]).*", re.DOTALL
)
"""What follows an answer in its sentence: "25 %, not 20 %", "120 ways to do it", "iron (Fe)"."""
_POINTED = re.compile(
    r"(?:(?:→|⇒|⟹|➜|∴|->|=>)\s*(?i:option\s+)?[(\[]?([A-J])[)\]]?"
    r"|[,.;:(–—]\s*(?i:option|choice)\s+[(\[]?([A-J])[)\]]?"
    r"|[.!?:]\s*\[([A-J])\]"
    r"|\s(?:\(|is\s)([A-J])\)?)\W{0,20}\Z"
)
"""How a last line ends: with an arrow to a letter, "…, option B", "… [B]", "12 km (B)" or "12 km is B"."""
_NEXT = re.compile(r"\W*[A-Za-z]+\W*")
_VARIABLE = re.compile(r"(?<![A-Za-z0-9/])[A-Za-z]\s*\Z")


def read_choice(output: str, marked: str | None, question: str = "") -> str | None:
    """Return the letter that an output chooses, None when it chooses none or several.

    ``marked`` is what the output has put in an answer tag, a box or JSON; nothing else is then read. ``question``
    holds the options, where they are known: an answer may then be the text of an option, and no other letter counts.
    """
    letters = letters_of(question)
    if marked is not None:
        found = choice_in(untagged(marked), question)
    else:
        text = untagged(tail(output))
        found = claimed(text, letters) or _unclaimed(text, question)
    return found if found and found != SEVERAL and found in (letters or LETTERS) else None


def choice_in(text: str, question: str = "", bare: bool = False) -> str | None:
    """Return the letter in a short text that is meant to be an answer; ``bare``: it must hold nothing else."""
    if text.strip(" ().") in _LETTERS:
        return text.strip(" ().")
    if len(text) > _LONGEST:
        return None
    plain = " ".join(unmarked(text, " ").split())
    alone = _ALONE.fullmatch(plain)
    found = alone[1].upper() if alone is not None else _letter_with_its_text(plain, question)
    return found or _answer_in(plain, _OWN_LETTER.sub("", unmarked(text).strip()), question, bare)


def _answer_in(plain: str, wanted: str, question: str, bare: bool) -> str | None:
    by_text = with_text(wanted, question)
    head = _HEAD.match(plain)
    if head is not None and not _LETTER.search(head[2]) and not _ARTICLE.match(plain):
        return by_text if bare and by_text is not None else head[1]
    letters = set() if bare else set(_LETTER.findall(_ARTICLE.sub("", plain)))
    if by_text is not None or not letters:
        return by_text or _by_conclusion(wanted, question)
    return letters.pop() if len(letters) == 1 and not _DOUBTED.search(plain) else None


def _unclaimed(text: str, question: str) -> str | None:
    """Return the choice of an output that claims nothing in words: in its last line or, failing that, its first."""
    if _LISTING.search(text[-_END:]):
        ticked = set(_TICKED.findall(text))
        return ticked.pop() if len(ticked) == 1 else _choice_first(text, question)
    line = last_line(text.rstrip("` \n"))
    return (
        choice_in(line, question, bare=True)
        or _last_sentence(line, question)
        or _pointed_to(line, question)
        or _choice_first(text, question)
    )


def _last_sentence(line: str, question: str) -> str | None:
    """Return the choice of a last sentence that says nothing else: "… Therefore D) 12"."""
    plain = unmarked(line[-_LONGEST_CONCLUSION:])
    begin = max((end.end() for end in _SENTENCE.finditer(plain)), default=0)
    sentence = _HENCE.sub("", plain[begin:], count=1).strip()
    if not begin:
        return _letter_with_its_text(sentence, question)
    alone = _ALONE.fullmatch(sentence)
    return alone[1] if alone is not None and alone[1].isupper() else _by_conclusion(plain, question)


def _pointed_to(line: str, question: str) -> str | None:
    """Return the letter that a last line ends with: "… = 12 → C", "…, option C", "the speed is 12 km/h (C)"."""
    plain = unmarked(line[-_LONGEST_CONCLUSION:])
    pointed = _POINTED.search(plain)
    if pointed is None:
        return None
    before = plain[: pointed.start()]
    arrow, named, bracketed, beside = pointed.groups()
    if _doubted(before) or (arrow and _VARIABLE.search(before)) or (named and _NEXT.fullmatch(before)):
        return None
    return arrow or named or bracketed or (beside if _ends_with(before, beside, question) else None)


def _ends_with(text: str, letter: str, question: str) -> bool:
    """Whether a text is or ends with what an option says."""
    option = squeezed(options_of(question).get(letter, ""))
    return (option != "" and squeezed(text).endswith(option)) or choice_in(text, question, bare=True) == letter


def _choice_first(text: str, question: str) -> str | None:
    """Return the choice of a first line that says nothing else, when it does not begin a list of the options."""
    first, _, rest = text.strip().partition("\n")
    plain = " ".join(unmarked(first[:_LONGEST], " ").split())
    alone = _ALONE.fullmatch(plain)
    letter = alone[1] if alone is not None else _by_conclusion(plain, question, _letter_with_its_text)
    listed = _LISTED.match(rest)
    if letter is None or not letter.isupper() or (listed is not None and listed[1] != letter):
        return None
    return letter


def _letter_with_its_text(plain: str, question: str) -> str | None:
    """Return the letter of a text such as "Option C: 12 km", when option C is "12 km"."""
    head = _HEAD_OF_TEXT.fullmatch(plain) if question else None
    if head is None:
        return None
    letter = head[1].upper()
    option = options_of(question).get(letter)
    text = _OWN_LETTER.sub("", head[2])
    return letter if option is not None and squeezed(option) == squeezed(text) else None


def _letter_or_text(text: str, question: str) -> str | None:
    return with_text(text, question) or _letter_with_its_text(text, question)


def _by_conclusion(text: str, question: str, read: Callable[[str, str], str | None] = _letter_or_text) -> str | None:
    """Return what stands for an option at the end of a short text: "so the speed is 12 km/h", "it is C. 12 km/h"."""
    if not question or len(text) > _LONGEST_CONCLUSION:
        return None
    *before, sentence = _SENTENCE.split(text)
    listed = _LISTED.match(sentence) and sum(_LISTED.match(other) is not None for other in before)
    if listed or _SUPPOSED.match(sentence):
        return None
    sentence = _HENCE.sub("", sentence, count=1)
    for end in (sentence, _AFTERWARDS.sub("", sentence)):
        for begin in (0, *(sign.end() for sign in _CONCLUDES.finditer(end))):
            found = read(end[begin:].strip(), question)
            if found is not None and not _doubted(end[:begin]):
                return found
    return None


def _doubted(text: str) -> bool:
    """Whether the last clause of a text denies something."""
    return _DOUBTED.search(text, max(text.rfind(sign) for sign in ",;.") + 1) is not None

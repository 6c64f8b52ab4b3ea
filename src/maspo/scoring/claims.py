"""Claims in words of which option is right: "the answer is C", "I choose (B)", "only D remains". Pure."""

from __future__ import annotations

import re

from maspo.core.late import late
from maspo.scoring.claim_patterns import NAMED, claims, claims_abroad, claims_in_small
from maspo.scoring.denials import BEFORE, asks_for_wrong, is_denied_before, is_denied_behind, is_supposed
from maspo.scoring.languages import RIGHT_ABROAD, WRONG_ABROAD, may_be_abroad
from maspo.scoring.options import is_text_of, letters_of, with_text
from maspo.scoring.readable import unmarked

SEVERAL = "several"
_OTHER = late(
    r"\W{0,4}(?:(?i:or|and|and/or|nor|oder|und|ou|et|o|y)|[/&,或和か、]|または|,\s*(?i:or|and))\W{0,4}(?:(?i:maybe|perhaps|possibly|option|choice)\s*)?"
    r"(?:\(?[a-h]\)(?=\W|$)|\(?(?!I\s+[a-z])([A-J])(?![A-Za-z0-9'’]))(?!\)?\s+is\s+(?i:not|wrong|incorrect|false))"
)
_FIRST_OF_TWO = late(r"(?<![A-Za-z0-9])\(?[A-J]\)?\s*(?:n?or|and|to|/|,|[-–—])\s*\(?$")
_BEGINS_NAMED = late(NAMED)
_WRONG = late(WRONG_ABROAD)
_FOUND = late(r"(?i)(?:i|we)\s+(?:get|got|obtain|find|arrive)\b|confirms\b")
_SAID_OF_NONE = late(
    r"(?i)\b(?:nothing|nobody|no|none|hardly|barely|scarcely|never|neither|wrong\w*|mistake\w*|error\w*|careless\w*"
    r"|forget\w*|forgot\w*|ignor\w*|neglect\w*|omit\w*|too\s+early|naive\w*|if|others?|someone|students?|critics?)\b"
)
"""What makes the letter that somebody gets none: "with the wrong formula I get D", "nothing confirms D"."""
_SENTENCE_BEFORE = late(r"[.!?\n]")
_CLAUSE = late(r"[.,;:!?\n，。；：、]")
_NEAR = 30
_WORD = 20
"""Characters behind a claim that hold the rest of its last word, and another one."""
_AMOUNT_AFTER = late(r"\s+\d[\d.,]*\s?[A-Za-z°%]+\s+[a-z]+")
_NOUN_AFTER = late(r"\s+[a-z]")
AFTER_A_LETTER = late(
    r"\s+(?:because|since|as|or|and|for|but|with|which|by|in|on|is|not|based|given|when|according|due|after|if|from"
    r"|that|where|while"
    r"|though|although|however|so|thus|then|therefore|hence|to|at|too|here|instead|rather|again|now|over|than|only"
    r"|either|nor|among"
    r"|out|works|fits|matches|holds|survives|qualifies|passes|agrees|stands|seems|must|should|would|will|was|has|does|it|the|this|we|under|being|all|still|remains"
    r"|remain|satisf\w+|ist|est|es|sont|porque|weil|parce|denn|car|perché|pois)\b"
    rf"|\s+{RIGHT_ABROAD}"
)
_NAME_AFTER = late(r"\.\s[a-z]{3,}|\s+[a-z]{3,}")
"""What makes a letter a part of a name: E. coli, B cells."""
_STANDING = late(
    r"[A-Ja-h](?<![A-Za-z0-9'’].)(?:(?<=[A-J])(?![A-Za-z0-9]|['’](?!d[ıi]r)|(?<=I)\s+(?!(?:is|because|since|as|or|and|with|for)\b)[a-z])"
    r"|(?<=[a-h])(?=\)|[.!]?\s*(?:\n|$)|\s+is\s))",
    re.DOTALL,
)
"""A letter that can be an option: no pronoun, and a small one only before a bracket, an end of a line or "is"."""
_OPERATED = late(
    r"[ \t]?(?:[·⋅∙∘⊗⊙⊕⊖△∧∨∩∪∖\\÷×*/+<>≤≥≪≫≅≃≡≈∼~∝≠⊂⊆⊃⊇∈∉⟂⊥∥↔⇔⇒|&±∓]|:=)[ \t]?\(?(?:[A-Z](?![A-Za-z])|[a-z\d](?![a-z]))"
    r"|[ \t]?−[ \t]?(?:[A-J](?![A-Za-z])|\d)"
    r"|[ \t]?[-–—][ \t]?[A-J](?:[ \t]*(?:[.!:;)]|\n|\Z)|[ \t]?[-−–+×∪∩][ \t]?[A-J](?![A-Za-z]))"
    r"|(?:[ \t]?:[ \t]?|[ \t]to[ \t])[A-J][ \t]*[.!]?[ \t]*(?:\n|\Z)"
    r"|[ \t]{1,3}[A-J][ \t]*[.!]?[ \t]*(?:\n|\Z)"
)
"""What makes a letter a part of a formula: a sign of an operation or a relation, and what follows it."""
_SPOKEN_OF = late(
    r"\)?\s+(?:is|was|are|would|comes?|looks?|seems?|ranks?|has|also)\b(?!\s+(?:the\s+)?(?:right|correct|best|answer)\b)"
)
"""What follows a letter that begins a paragraph about an option, after one that has chosen."""
_REST_ASKS = late(r"[^.!?？\n。]{0,60}[?？]")
_SMALL = late(r"(?<![A-Za-z])[a-h]\)")
_BEFORE_A_LETTER = 80
_BEHIND_A_LETTER = 160
"""Characters before and behind a letter that its claim can hold or be looked at for."""
_APART = _BEFORE_A_LETTER + _BEHIND_A_LETTER
_GOES_ON = late(r"[\s.,:)\]*-]{0,12}[^\s.,:)\]*-]")
_AFTER_ITS_LETTER = (")", ".", ":", ",")
_LONGEST_TEXT = 300
"""Characters of an option that is told again behind a claim."""
_PLAIN = late(r"\b[Tt]he (?:final |correct )?answer is:? \**\(?([A-J])\)?\**\.?\**\Z")
_PLAIN_WITH_TEXT = late(r"\b[Tt]he (?:final |correct )?answer is:? \**(?:\(?([A-J])[).:] ?)?(\S[^\n]*)\Z")
_LEAST_TEXT = 12
"""Characters of a text alone that says surely which option is meant."""
_THE_CORRECT = len("the correct ")
_LONGEST_PLAIN = 36
"""Characters of the longest such claim."""
_BEGIN = 80
_END_OF_TEXT = 400
"""Characters at the end of an output in which a last claim mostly stands."""
_ANSWER_FIRST = late(
    r"\s*(?i:(?:(?:final|correct) )?answer) ?[:.-]? ?\(?([A-J])\)?[.:]? ?"
    r"\n{1,3}(?i:explanation|reason|rationale|because)\w*"
)
_LEAST_AGAIN = 12
_AGAIN = late(r"answer|correction|wait|mistake|actually|on reflection|second thought|reconsider")


def claimed(text: str, question: str = "") -> str | None:
    """Return the letter of the last claim, ``SEVERAL`` when it names several, None when nothing is claimed.

    Only the letters of the question's options count, where there are any. The last claim wins, so the end is searched
    first.
    """
    first = _ANSWER_FIRST.match(unmarked(text[:_BEGIN])) if "\n" in text[:_BEGIN] else None
    if first is not None and not _AGAIN.search(unmarked(text[_BEGIN:]).lower()):
        return first[1]
    end = unmarked(text[-_END_OF_TEXT:])
    if len(text) <= _END_OF_TEXT:
        return _last_claim(end, 0, len(end), question)
    found = _last_claim(end, _BEFORE_A_LETTER, len(end), question)
    if found is not None:
        return found
    plain = unmarked(text)
    return _last_claim(plain, 0, len(plain) - len(end) + _APART, question)


def is_reconsidered(text: str, letter: str) -> bool:
    """Whether a text, after it has claimed a letter, thinks again and names another one."""
    end = text.rfind(letter) + 1
    return len(text) - end > _LEAST_AGAIN and _AGAIN.search(text[end : end + _BEGIN].lower()) is not None


def plainly(text: str, question: str = "") -> str | None:
    """Return the letter of a text that ends with "The answer is C." and nothing else: the commonest claim of all.

    So it does with "The answer is C) 12 km.", where that is the text of option C, and with that text alone.
    """
    end = text[-BEFORE - _LONGEST_PLAIN :].rstrip()
    found = _PLAIN.search(end) if "answer is" in end else None
    if found is None and question:
        end = text[-BEFORE - _LONGEST_TEXT :].rstrip()
        place = end.rfind("answer is")
        found = _PLAIN_WITH_TEXT.search(end, max(0, place - _THE_CORRECT)) if place >= 0 else None
        if found is None or is_denied_before(end, found.start()):
            return None
        letter, said = found[1], found[2].strip("*")
        if letter is not None:
            return letter if is_text_of(letter, said, question) else None
        return with_text(said, question) if len(said) >= _LEAST_TEXT and _STANDING.search(said) is None else None
    return found[1] if found is not None and not is_denied_before(end, found.start()) else None


def _last_claim(plain: str, begin: int, end: int, question: str) -> str | None:
    """Return what the last claim says whose letter stands between two places.

    Searching for claims is slow, and none is far from its letter: only around letters it is searched for, from the
    last ones on.
    """
    letters = [letter.start() for letter in _STANDING.finditer(plain, begin, end)]
    while letters:
        first = last = letters.pop()
        while letters and first - letters[-1] <= _APART:
            first = letters.pop()
        for claim in reversed(_claims_between(plain, max(0, first - _BEFORE_A_LETTER), last + _BEHIND_A_LETTER)):
            found = _meant(plain, claim, question) if claim.end() > begin else None
            if found is not None:
                return found
    return None


def _claims_between(plain: str, begin: int, end: int) -> list[re.Match[str]]:
    """Return the claims between two places, in the order of their ends."""
    found = claims(plain, begin, end)
    others = claims_abroad(plain, begin, end) if may_be_abroad(plain[begin:end]) else []
    if _SMALL.search(plain, begin, end):
        others += claims_in_small().finditer(plain, begin, end)
    return sorted([*found, *others], key=lambda claim: claim.end()) if others else found


def _meant(plain: str, claim: re.Match[str], question: str) -> str | None:
    """Return the letter of a claim, ``SEVERAL`` when it is one of several, None when it is denied or no letter."""
    groups = [group for group in claim.groups() if group]
    letter = next((group for group in groups if len(group) == 1), None)
    if letter is None or len(groups) > 1:
        return None
    goes_on = _GOES_ON.match(plain, claim.end()) is not None
    if "\n\n" in claim[0] and _SPOKEN_OF.match(plain, claim.end()):
        return None
    if goes_on:
        if is_denied_behind(plain, claim.end()):
            return None
        operated = _OPERATED.match(plain, claim.end()) is not None
        by_text = _option_behind(plain, claim, question) if question else None
        if by_text is not None:
            return by_text
        if operated or _is_article(plain, claim):
            return None
    letters = letters_of(question)
    if letters and letter.upper() not in letters:
        return None
    if is_denied_before(plain, claim.start()) or is_supposed(plain, claim):
        return None
    if may_be_abroad(plain[claim.start() : claim.end() + _WORD]) and (
        (_is_called_wrong(plain, claim) and not asks_for_wrong(question)) or _REST_ASKS.match(plain, claim.end())
    ):
        return None
    if _FOUND.match(claim[0]) and _SAID_OF_NONE.search(_SENTENCE_BEFORE.split(plain[: claim.start()])[-1]):
        return None
    return SEVERAL if (goes_on and _OTHER.match(plain, claim.end())) or _one_of_two(plain, claim) else letter.upper()


def _is_called_wrong(plain: str, claim: re.Match[str]) -> bool:
    """Whether a claim in another language is one of a wrong answer: "A resposta errada é a B", "错误答案：B"."""
    begin = max(0, claim.start() - _NEAR)
    before = _CLAUSE.split(plain[begin : claim.start()])[-1]
    return _WRONG.search(before + plain[claim.start() : _letter_place(claim)]) is not None


def _option_behind(plain: str, claim: re.Match[str], question: str) -> str | None:
    """Return the option whose text a claim goes on with: "the answer is E. coli", "the answer is D, C. elegans"."""
    begin = _letter_place(claim)
    said = plain[begin : begin + _LONGEST_TEXT].partition("\n")[0].strip()
    behind = said[1:].lstrip(" ,).:-–—")
    if said[1:2] in _AFTER_ITS_LETTER and is_text_of(said[0].upper(), behind, question):
        return said[0].upper()
    return with_text(said, question) or with_text(behind, question)


def _is_article(plain: str, claim: re.Match[str]) -> bool:
    """Whether the letter of a claim begins a noun: "the answer is A train", "the answer is B cells"."""
    rest = plain[claim.end() : claim.end() + 24]
    if claim[0].endswith("A") and _AMOUNT_AFTER.match(rest):
        return True
    named = (_NOUN_AFTER if claim[0].endswith("A") else _NAME_AFTER).match(rest)
    return _letter_place(claim) == claim.end() - 1 and named is not None and not AFTER_A_LETTER.match(rest)


def _letter_place(claim: re.Match[str]) -> int:
    """Return where the letter of a claim stands: mostly in the last group, since a denial stands before it."""
    last = claim.lastindex
    if last is not None and len(claim[last]) == 1:
        return claim.start(last)
    return max(
        claim.start(group) for group in range(1, len(claim.groups()) + 1) if claim[group] and len(claim[group]) == 1
    )


def _one_of_two(plain: str, claim: re.Match[str]) -> bool:
    """Whether the letter of a claim is the second of two: "A or B is right"."""
    before = plain[max(0, claim.start() - 12) : claim.start()]
    if not before:
        return False
    return _BEGINS_NAMED.match(claim[0]) is not None and _FIRST_OF_TWO.search(before) is not None

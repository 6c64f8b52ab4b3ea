"""Claims in words of which option is right: "the answer is C", "I choose (B)", "only D remains". Pure."""

from __future__ import annotations

import re
from functools import cache

from maspo.scoring.readable import unmarked

SEVERAL = "several"


def _words(*texts: str) -> str:
    """Return a pattern for any of these, in any case; a space is any white space.

    A set of characters stands first, so that anything else fails at once.
    """
    return (
        "(?:" + "|".join(rf"[{text[0]}{text[0].upper()}](?i:{text[1:]})" for text in texts).replace(" ", r"\s+") + ")"
    )


_L = r"[(\[]?([A-J])(?![A-Za-z0-9_'’\u00c0-\u024f])[)\]]?"
_ENDS = r"(?=(?:\s*\([^()\n]{1,60}\))?\s*[.!。]?\s*(?:\n|$)|,?\s+(?:since|because)\b)"
_NAMED = rf"\(?(?:{_words('option', 'choice', 'answer', 'letter')}\s*)?{_L}"
_OPTION_NAMED = rf"\(?{_words('option', 'choice', 'answer choice')}\s*{_L}"
_BE = r"(?:should|must|would|has\s+to)\s+be"
_IS = rf"(?:[:=是为為は→⇒]|->|(?i:is|are|was|{_BE}|ist|est|es|é)\b)"
_ADVERB = (
    r"(?i:therefore|thus|clearly|indeed|actually|probably|most\s+likely|likely|either|simply"
    r"|la|el|option|letra|opção|opción)"
)
_TO_WHAT = r"(?:\s+to\s+(?:the|this|your)\s+(?:question|problem))?"
_ASKED = _words(f"answer{_TO_WHAT}", "ans", "choice", "option")
_NOUN = _words(
    rf"answer{_TO_WHAT}", "choice", "option", "solution", "conclusion", "response", "guess", "pick",
    "correct one", "right one", "best one", "correct (?:letter|statement)",
    "antwort", "richtig", "réponse", "respuesta", "opción", "resposta", "ответ",
)  # fmt: skip
_RIGHT = (
    r"(?i:correct|right|true|more\s+(?:accurate|likely|plausible|appropriate)"
    r"|(?:the|my)\s+(?:(?:best|correct|right|final)\s+)?(?:answer|option|choice|one))"
)
_SURELY = r"(?i:clearly|indeed|therefore|definitely)\s+"
_CHOOSE = _words(
    "choose", "choosing", "pick", "select", "go with", "going with",
    "lean(?:ing)? towards?", "i['’]d say", "settle on", "opt for",
    r"chang(?:e|ing) (?:my|the) answer to",
)  # fmt: skip
_HENCE = _words("so", "thus", "hence", "therefore", r"i\.e\.")
_LEFT = _words(
    "leaves", "left with", "answer choice", "definitely", "clearly"
)  # fmt: skip
_PATTERNS = (
    # "the answer is (not) C", "the best choice would be option (C)", "answer_letter: C"
    rf"(?:{_NOUN}|答案|选项|正解|答え)(?:[\s_](?i:letter|option|choice|key|corr\w{{2,7}}))?\s*{_IS}\s*{_ADVERB}?[\s:,]*((?i:not|neither)\s+)?{_NAMED}",
    # "Answer - C", "Answer: (C)", "[ANSWER] C"
    rf"{_words('answer', 'ans', 'final', 'correct(?:ion)?', 'letter')}\s*[:.|\]-]?\s*(){_L}(?=\s*(?:$|[).,:;|\[\n]))",
    # "the answer is b", at the end of a line only
    rf"{_ASKED}\s*{_IS}?[\s:]*()\(?([a-h])\)?(?=[.!]?\s*(?:\n|$))",
    # "I go with C"
    rf"{_CHOOSE}[\s,]+((?i:not)\s+)?{_NAMED}(?=\W|$)",
    rf"选择?\s*(){_L}",
    # "C is (not) the right one"
    rf"(?<!_){_NAMED}\s*(?i:is|must\s+be)\s+((?i:not|never|in)\s*)?(?:{_SURELY})?{_RIGHT}",
    # "which matches option C", "so we get option C"
    rf"(?:{_HENCE}|{_words('correct', 'corresponds to', 'match(?:es|ing)?', 'which is')})\W{{1,3}}"
    rf"(?i:it\s+is\s+|it's\s+|we\s+get\s+|we\s+have\s+)?()(?i:with\s+)?{_OPTION_NAMED}",
    # "✔ Option C"
    rf"[✅✔✓☑][ *]*(){_NAMED}",
    # "so (C)", "it is (C)", "it is C." at the end of a line
    rf"(?:{_HENCE}|{_words('it is', 'it.s', 'which is')}|[iI](?i:t)\s+(?i:{_BE}))[\s,:]+()"
    rf"(?:\((?=.\))|(?=[A-H]{_ENDS}))([A-J])(?=[\s.,!)]|$)",
    # "only B remains", "so B works", "that leaves B"
    rf"(?:{_HENCE}|{_words('only', 'i think', 'i believe')})[\s,]+()(?:{_NAMED})(?:\s+\([^()\n]{{1,60}}\))?"
    r"(?=\s+(?i:remains|is\s+left|satisf|works|fits|match))",
    rf"{_LEFT}\s+(?:(?i:us\s+with|only)\s+)?(){_L}{_ENDS}",
)
"""Each has two groups, in any order: a negation (empty when there is none), and the letter."""


@cache
def _claims() -> re.Pattern[str]:
    """Return the pattern of a claim, made at its first use: that takes longer than importing ten modules.

    White space is bounded, because free runs side by side are quadratic. The signs that a claim can begin with stand
    first: trying every pattern at every place is slow.
    """
    bounded = "|".join(_PATTERNS).replace(r"\s*", r"\s{0,20}").replace(r"\s+", r"\s{1,20}").replace("]*", "]{0,20}")
    return re.compile(rf"(?<![A-Za-z0-9])(?=[(\[A-Ja-jLMOPRSTWlmoprstwо答正选О✅✔✓☑])(?:{bounded})")


_OTHER = re.compile(
    r"\W{0,4}(?:(?i:or|and|and/or|nor)|[/&,]|,\s*(?i:or|and))\W{0,4}(?:(?i:maybe|perhaps|possibly|option|choice)\s*)?"
    r"\(?(?!I\s+[a-z])([A-J])(?![A-Za-z0-9'’])(?!\)?\s+is\s+(?i:not|wrong|incorrect|false))"
)
_FIRST_OF_TWO = re.compile(r"(?<![A-Za-z0-9])\(?[A-J]\)?\s*(?:n?or|and|/|,)\s*$")
_BEGINS_NAMED = re.compile(_NAMED)
_NOUN_AFTER = re.compile(r"\s+[a-z]")
_AFTER_A_LETTER = re.compile(r"\s+(?:because|since|as|or|and|for|but|with|which|by|in|on|is|not)\b")
_STANDING = re.compile(r"[A-Ja-h](?![A-Za-z0-9'’])(?<![A-Za-z0-9'’].)")
_LONGEST_CLAIM = 80
_BEFORE = 32
_BEGIN = 80
_ENDS_OF_TEXT = (160, 600)
"""Characters at the end of an output in which a last claim mostly stands."""
_DENIED = re.compile(
    r"\s?\?|\W{0,3}(?i:is|are|was)\s+(?i:not|wrong|incorrect|false|impossible)|\W{0,3}(?i:isn't|can't|cannot)"
)
_DENIED_BEFORE = re.compile(
    (
        r"(?:\b(?i:not|never|cannot|without|if|whether|students|people|others|they|some|(?:one|you) might|tempted to"
        r"|mistake is to)|n['’]t) (?:(?!(?:so|but|hence|thus|therefore|then)\b)\w{2,} ){0,2}$"
        r"|\b(?i:statement|assertion|premise|hypothesis|event|set|each|every) $"
    ).replace(" ", "[ \t]+")
)
"""Before a claim: whose it is not. "I do not think that", "if the", "many students", "statement"."""
_ANSWER_FIRST = re.compile(
    r"\s*(?i:(?:(?:final|correct) )?answer) ?[:.-]? ?\(?([A-J])\)?[.:]? ?"
    r"\n{1,3}(?i:explanation|reason|rationale|because)\w*"
)
_AGAIN = re.compile(r"(?i:answer|correction|wait|mistake|actually)")


def claimed(text: str, letters: str) -> str | None:
    """Return the letter of the last claim, ``SEVERAL`` when it names several, None when nothing is claimed.

    Only ``letters`` count, where there are any. The last claim wins, so the end is searched first.
    """
    first = _ANSWER_FIRST.match(unmarked(text[:_BEGIN]))
    if first is not None and not _AGAIN.search(unmarked(text[_BEGIN:])):
        return first[1]
    for size in _ENDS_OF_TEXT:
        if size >= len(text):
            break
        found = _last_claim(unmarked(text[-size:]), _LONGEST_CLAIM, letters)
        if found is not None:
            return found
    return _last_claim(unmarked(text), 0, letters)


def _last_claim(plain: str, begin: int, letters: str) -> str | None:
    """Return what the last claim says that ends after ``begin``."""
    # Searching for claims is slow, and none is far from its letter.
    letter = _STANDING.search(plain, begin)
    last: str | None = None
    if letter is not None:
        for claim in _claims().finditer(plain, max(0, letter.start() - _LONGEST_CLAIM)):
            if claim.end() > begin:
                last = _meant(plain, claim, letters) or last
    return last


def _meant(plain: str, claim: re.Match[str], letters: str) -> str | None:
    """Return the letter of a claim, ``SEVERAL`` when it is one of several, None when it is denied or no letter."""
    groups = [group for group in claim.groups() if group]
    letter = next((group for group in groups if len(group) == 1), None)
    if letter is None or len(groups) > 1 or _is_article(plain, claim) or _DENIED.match(plain, claim.end()):
        return None
    if letters and letter.upper() not in letters:
        return None
    if _DENIED_BEFORE.search(plain[max(0, claim.start() - _BEFORE) : claim.start()]):
        return None
    return SEVERAL if _OTHER.match(plain, claim.end()) or _one_of_two(plain, claim) else letter.upper()


def _is_article(plain: str, claim: re.Match[str]) -> bool:
    """Whether the A of a claim begins a noun: "the answer is A train"."""
    rest = plain[claim.end() : claim.end() + 12]
    return claim[0].endswith("A") and _NOUN_AFTER.match(rest) is not None and not _AFTER_A_LETTER.match(rest)


def _one_of_two(plain: str, claim: re.Match[str]) -> bool:
    """Whether the letter of a claim is the second of two: "A or B is right"."""
    before = plain[max(0, claim.start() - 12) : claim.start()]
    return _BEGINS_NAMED.match(claim[0]) is not None and _FIRST_OF_TWO.search(before) is not None

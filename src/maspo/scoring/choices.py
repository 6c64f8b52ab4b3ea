"""Reading which option of a multiple-choice question an output chooses. Pure.

Sure signs come first (an answer in a tag, a box or JSON), then what is claimed in words, then a last line that holds
nothing but the choice. Where an output claims several letters at once ("A or B"), it cannot be read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from maspo.scoring.readable import last_line, tail

_MARKUP = re.compile(
    r"\\(?:text(?:bf|it|rm|sf|tt)?|math(?:bf|rm|sf|tt)|mbox|boxed|fbox|underline|bf|rm|left|right)\b|[*$`_\"“”‘{}]|\\[()\[\],;!]|'(?=[A-J]')|(?<='[A-J])'"
)
_LETTER = re.compile(r"(?<![A-Za-z0-9'’])\(?([A-J])\)?(?![A-Za-z0-9'’])")
_ALONE = re.compile(r"\W*(?:(?:option|choice|answer|letter)\W{0,3})?\(?([A-Ja-j])\)?[\s.):,!\]’。]*", re.IGNORECASE)
_HEAD = re.compile(r"\(?([A-J])(?:\s*[).:]|\s+[-–—])\s*(\S.*)", re.DOTALL)
_NAMED = r"\(?(?:(?i:option|choice|answer|letter)\s*)?\(?([A-J])\b(?!['’])\)?"
_OPTION_NAMED = r"\(?(?i:option|choice)\s*\(?([A-J])\b(?!['’])\)?"
_IS = r"(?i:is|are|was|should\s+be|must\s+be|would\s+be|has\s+to\s+be|[:=：是为])"
_ADVERB = r"(?i:therefore|thus|clearly|indeed|now|actually|then|probably|most\s+likely|likely|either|still|just|simply)"
_TO_WHAT = r"(?:\s+to\s+(?:the|this|your)\s+(?:question|problem))?"
_RIGHT = r"(?i:correct|right|true|the\s+(?:(?:best|correct|right|final)\s+)?(?:answer|option|choice|one))"
_SURELY = r"(?i:clearly|indeed|therefore|definitely)\s+"
_CHOOSE = r"(?i:choose|choosing|pick|select|go\s+with|going\s+with|chose|take|mark)"
_HENCE = r"(?i:so|thus|hence|therefore)"
_PATTERNS = (
    # "the answer is (not) C", "the best choice would be option (C)"
    rf"(?:(?i:answer{_TO_WHAT}|choice|option|solution|conclusion|response|guess)|答案)\s*{_IS}\s*{_ADVERB}?[\s:,]*((?i:not|neither)\s+)?{_NAMED}",
    # "Answer - C", "Answer: (C)"
    r"(?i:answer|answer\s+choice|ans|final)\s*[:.|-]?\s*()\(?([A-J])\b(?!['’])\)?(?=\s*(?:$|[).,:;|\n]))",
    # "the answer is b", at the end of a line only
    rf"(?i:answer{_TO_WHAT}|choice|option)\s*{_IS}?[\s:]*()\(?([a-h])\)?(?=[.!]?\s*(?:\n|$))",
    # "I go with C"
    rf"{_CHOOSE}\s+((?i:not)\s+)?{_NAMED}(?=\W|$)",
    # "C is (not) the right one"
    rf"{_NAMED}\s*(?i:is|must\s+be|seems|looks)\s+((?i:not|never|in)\s*)?(?:{_SURELY})?{_RIGHT}",
    # "which matches option C", "so we get option C"
    rf"(?:{_HENCE}|(?i:correct|corresponds\s+to|matches|match|which\s+is))\W{{1,3}}"
    rf"(?i:it\s+is\s+|it's\s+|we\s+get\s+|we\s+have\s+)?()(?i:with\s+)?{_OPTION_NAMED}",
    # "so (C)", "it is (C)", "it is C." at the end of a line
    rf"(?:{_HENCE}|(?i:it\s+is|it's|it\s+must\s+be))[\s,:]+()(?:\((?=.\))|(?=[A-H][.!]?\s*(?:\n|$)))([A-J])(?=[\s.,!)]|$)",
    # "only B remains"
    rf"(?i:only)\s+()(?:{_NAMED})(?=\s+(?i:remains|is\s+left|satisf|works|fits|match|holds))",
)
"""Each has two groups, in any order: a negation (empty when there is none), and the letter."""
_BOUNDED = "|".join(_PATTERNS).replace(r"\s*", r"\s{0,20}").replace(r"\s+", r"\s{1,20}").replace("]*", "]{0,20}")
_CLAIMS = re.compile(rf"(?<![A-Za-z0-9])(?=[(A-Ja-jLMOPRSTWlmoprstw答])(?:{_BOUNDED})")
"""White space is bounded, because free runs side by side are quadratic. The signs that a claim can begin with stand
first: trying every pattern at every place is slow."""
_OTHER = re.compile(
    r"\W{0,4}(?:(?i:or|and|and/or|nor)|[/&,]|,\s*(?i:or|and))\W{0,4}(?:(?i:maybe|perhaps|possibly|option|choice)\s*)?"
    r"\(?(?!I\s+[a-z])([A-J])(?![A-Za-z0-9'’])(?!\)?\s+is\s+(?i:not|wrong|incorrect|false))"
)
_AFTER_A_LETTER = re.compile(r"\s+(?:because|since|as|or|and|for|but|with|which|by|in|on|is|not)\b")
_STANDING = re.compile(r"[A-Ja-h](?![A-Za-z0-9'’])(?<![A-Za-z0-9'’].)")
_LONGEST_CLAIM = 100
_SENTENCE = re.compile(r"[.!?]\s+(?=[A-Z])|\n\s*\n")
_END = 300
"""Characters at the end of an output in which a last claim mostly stands."""
_SEVERAL = "several"
_DENIED = re.compile(
    r"\s?\?|\W{0,3}(?i:is|are|was)\s+(?i:not|wrong|incorrect|false|impossible)|\W{0,3}(?i:isn't|can't|cannot)"
)
_ANSWER_FIRST = re.compile(
    r"\s*(?i:(?:(?:final|correct) )?answer) ?[:.-]? ?\(?([A-J])\)?[.:]? ?"
    r"\n{1,3}(?i:explanation|reason|rationale|because)\w*"
)
_AGAIN = re.compile(r"(?i:answer|correction|wait|mistake|actually)")
_LETTERS = "ABCDEFGHIJ"
_OPTION = re.compile(r"(?:(?<=\s)|^)\(?([A-J])\s?[).:]\s*")
_LISTING = re.compile(r"(?:\A|\n)\W*[A-I]\s?[).:][^\n]+\n\W*[B-J]\s?[).:][^\n]+\s*\Z")
"""The options told again, one a line: the last of them is no choice."""
_OPTION_LINE = re.compile(r"^[ \t]*\(?([A-J])\s?[).:]\s*", re.MULTILINE)
_DOUBTED = re.compile(r"(?i:\bnot\b|n't\b|\bneither\b|\bwrong\b|\bincorrect\b|\bexcept\b)")
_ARTICLE = re.compile(r"\bA\s+(?!(?:or|and|nor)\b)[a-z]|\bI\s+(?!(?:or|and|nor)\b)[a-z]")


def read_choice(output: str, marked: str | None, question: str = "") -> str | None:
    """Return the letter that an output chooses, None when it chooses none or several.

    ``marked`` is what the output has put in an answer tag, a box or JSON; nothing else is then read. ``question``
    holds the options, where they are known: an answer may then be the text of an option, and no other letter counts.
    """
    options = options_of(question)
    text = tail(output)
    if marked is not None:
        found = choice_in(marked, options)
    else:
        found = _claimed(text, options) or ""
        if not found and not _LISTING.search(text[-_END:]):
            found = choice_in(last_line(text.rstrip("` \n")), options, bare=True)
    return found if found and found != _SEVERAL and (not options or found in options) else None


def choice_in(text: str, options: Mapping[str, str], bare: bool = False) -> str | None:
    """Return the letter in a short text that is meant to be an answer; ``bare``: it must hold nothing else."""
    if len(text) > 2000:
        return None
    plain = text if len(text) == 1 else " ".join(_MARKUP.sub(" ", text).split())
    alone = _ALONE.fullmatch(plain)
    if alone is not None:
        return alone[1].upper()
    by_text = _with_text(text, options)
    head = _HEAD.match(plain)
    if head is not None and head[1] in options and _squeezed(options[head[1]]) == _squeezed(_bare_text(head[2])):
        return head[1]
    if head is not None and not _LETTER.search(head[2]) and not _ARTICLE.match(plain):
        return head[1] if not bare or not options or by_text in (head[1], None) else by_text
    if by_text is not None or bare:
        return by_text
    letters = {found for found in _LETTER.findall(_ARTICLE.sub("", plain)) if found}
    return letters.pop() if len(letters) == 1 and not _DOUBTED.search(plain) else None


@lru_cache(maxsize=1024)
def _options(question: str) -> Mapping[str, str]:
    found = _longest_run(question, _OPTION_LINE) or _longest_run(question, _OPTION)
    ends = [*(place.start() for place in found[1:]), len(question)]
    texts = (question[place.end() : end] for place, end in zip(found, ends, strict=False))
    return MappingProxyType(
        {place[1]: _repeated_letter_off(place[1], text) for place, text in zip(found, texts, strict=True)}
    )


def _longest_run(question: str, option: re.Pattern[str]) -> list[re.Match[str]]:
    """Return the options A, B, … of a question, the last such run where there are several; at least two."""
    places = list(option.finditer(question))
    if len(places) > 1 and _LETTERS.startswith("".join(place[1] for place in places)):
        return places
    runs: list[list[re.Match[str]]] = []
    for place in places:
        if place[1] == "A":
            runs.append([place])
        elif runs and place[1] == chr(ord(runs[-1][-1][1]) + 1):
            runs[-1].append(place)
    longest = max((len(run) for run in runs), default=0)
    return next((run for run in reversed(runs) if len(run) == longest), []) if longest >= 2 else []


def options_of(question: str) -> Mapping[str, str]:
    """Return the options that a question lists, by their letters; empty when it lists none."""
    return _options(tail(question)) if question else {}


def _repeated_letter_off(letter: str, text: str) -> str:
    text = text.strip()
    own = _OPTION_LINE.match(text) if text[:1] in ("(", letter) else None
    return (text[own.end() :] if own is not None and own[1] == letter else text).strip(" ,;")


def _claimed(text: str, options: Mapping[str, str]) -> str | None:
    """Return the letter of the last claim, ``_SEVERAL`` when it names several, None when nothing is claimed.

    The last claim wins, so the end is searched first.
    """
    plain = _MARKUP.sub("", text)
    first = _ANSWER_FIRST.match(plain)
    if first is not None and not _AGAIN.search(plain, first.end()):
        return first[1]
    start = _SENTENCE.search(plain, max(0, len(plain) - _END))
    end = start.end() if start is not None and len(plain) > _END else 0
    claimed = _last_claim(plain[end:], options)
    return _last_claim(plain, options) if claimed is None and end else claimed


def _last_claim(plain: str, options: Mapping[str, str]) -> str | None:
    last: str | None = None
    first_letter = _STANDING.search(plain)
    if first_letter is None:
        return None
    # No claim is longer than this, and searching for claims is slow where there is no letter.
    for claim in _CLAIMS.finditer(plain, max(0, first_letter.start() - _LONGEST_CLAIM)):
        groups = [group for group in claim.groups() if group]
        letter = next((group for group in groups if len(group) == 1), None)
        if letter is None or len(groups) > 1 or _is_article(plain, claim) or _DENIED.match(plain, claim.end()):
            continue
        if options and letter.upper() not in options:
            continue
        last = _SEVERAL if _OTHER.match(plain, claim.end()) or _one_of_two(plain, claim) else letter.upper()
    return last


def _is_article(plain: str, claim: re.Match[str]) -> bool:
    """Whether the A of a claim begins a noun: "the answer is A train"."""
    rest = plain[claim.end() : claim.end() + 12]
    return claim[0].endswith("A") and re.match(r"\s+[a-z]", rest) is not None and not _AFTER_A_LETTER.match(rest)


def _one_of_two(plain: str, claim: re.Match[str]) -> bool:
    """Whether the letter of a claim is the second of two: "A or B is right"."""
    before = plain[max(0, claim.start() - 12) : claim.start()]
    return re.search(r"(?<![A-Za-z0-9])\(?[A-J]\)?\s*(?:n?or|and|/|,)\s*$", before) is not None


def _with_text(text: str, options: Mapping[str, str]) -> str | None:
    """Return the only option whose text is this one."""
    if not options:
        return None
    wanted = _bare_text(text)
    shorter = re.sub(r"(?i)^.*?(?:answer|it|result|value|total)(?: is| =|:)", "", wanted.strip(), count=1)
    for candidate in (wanted, shorter):
        found = [letter for letter, option in options.items() if _squeezed(option) == _squeezed(candidate)]
        if len(found) == 1 and _squeezed(candidate):
            return found[0]
    return None


def _bare_text(text: str) -> str:
    return re.sub(r"^\(?[A-J]\s?[).:]\s+", "", _MARKUP.sub("", text).strip())


@lru_cache(maxsize=8192)
def _squeezed(text: str) -> str:
    text = re.sub(r"(?<=\d),(?=\d{3})", "", _MARKUP.sub("", text))
    return re.sub(r"\s+", "", text).strip(".,;:").casefold().replace("–", "-").replace("−", "-")

"""Claims in words of which option is right: "the answer is C", "I choose (B)", "only D remains". Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from maspo.scoring.denials import BEFORE, is_denied_before, is_denied_behind, is_supposed
from maspo.scoring.languages import ANSWER, NO, NO_ELSEWHERE, RIGHT_ABROAD, may_be_abroad
from maspo.scoring.options import letters_of, with_text
from maspo.scoring.readable import unmarked

SEVERAL = "several"


def _words(*texts: str) -> str:
    """Return a pattern for any of these, in any case; a space is any white space.

    A set of characters stands first, so that anything else fails at once.
    """
    return (
        "(?:" + "|".join(rf"[{text[0]}{text[0].upper()}](?i:{text[1:]})" for text in texts).replace(" ", r"\s+") + ")"
    )


_L = (
    r"[(\[]?(?!I\s+(?!(?:is|because|since|as|or|and|with|for)\b)[a-z])([A-J])"
    r"(?![A-Za-z0-9_\u00c0-\u024f₀-₉#♭♯⁺⁻|]|['’](?!d[ıi]r)|\(\w{1,3}[,)]|\+|/\d|/[a-z]{2}|\.[A-Z]\b|-\w|\s?[∪∩×÷∖⊂⊕]|\s[+*]\s\w|\s?=(?!\s?(?:\d|\w{4}|[\"'(])))[)\]]?"
)
"""A letter of an option: no pronoun, and no begin of a name (C++, D-glucose) or a formula (A ∪ B, E = mc^2)."""
_ENDS = (
    r"(?=(?:\s*\([^()\n]{1,60}\))?\s*[.!。]?\s*(?:\n|$)|[.!]\s+\([^()\n]{1,80}\)\s*$"
    r"|,?\s+(?:since|because)\b|\s+[—–]\s)"
)
_NAMED = rf"\(?(?:{_words('option', 'choice', 'answer', 'letter', 'response')}\s*)?{_L}"
_OPTION_NAMED = rf"\(?{_words('option', 'choice', 'answer choice', 'statement', 'answer', 'response')}\s*{_L}"
_BE = r"(?:should|must|would|has\s+to)\s+be"
_IS = rf"(?:[:=是为為は→⇒]|->|应该是|應該是|应为|應為|就是|['’]s\b|(?i:is|are|was|{_BE}|ist|est|es|é)\b)"
_ADVERB = (
    r"(?i:therefore|thus|clearly|indeed|actually|probably|most\s+likely|likely|either|simply"
    r"|la|el|option|letra|opção|opción|(?:only|in\s+fact|still|surely|definitely|certainly|obviously|simply|again|now|also"
    r"|just|thus|hence)|,\s*(?:then|therefore|thus|I\s+(?:think|believe|guess|would\s+say)|in\s+fact|of\s+course),)"
)
_TO_WHAT = r"(?:\s+to\s+(?:the|this|your)\s+(?:question|problem))?"
_ASKED = _words(f"answer{_TO_WHAT}", "ans", "choice", "option")
_NOUN = _words(
    rf"answer{_TO_WHAT}(?:\s+(?:that"
    rf"|which)\s+\w{{2,12}}(?:\s+\w{{2,12}}){{0,2}}|\s+you(?:['’]re\s+looking\s+for|\s+want|\s+need))?",
    "choice", "option", "solution", "conclusion", "response", "guess", "pick",
    "correct one", "right one", "best one", "correct (?:letter|statement)",
    "winner", "consensus", "verdict", "majority", "preference", "final vote", "decision",
    "antwort", "richtig", "réponse", "respuesta", "opción", "resposta", "ответ",
)  # fmt: skip
_RIGHT = (
    r"(?i:correct|right|true|more\s+(?:accurate|likely|plausible|appropriate)"
    r"|(?:the|my)\s+(?:(?:best|correct|right|final)\s+)?(?:answer|option|choice|one))"
)
_SURELY = r"(?i:clearly|indeed|therefore|definitely)\s+"
_CHOOSE = _words(
    "choose", "choosing", "pick", "select", "go with", "go for", "going with",
    "prefer", "mark", "lock in", "circle", "tick", "submit",
    "lean(?:ing)? towards?", "agree with", "vote for", "i meant?", "i['’]d say", "settle on", "opt for",
    r"chang(?:e|ing) (?:(?:it|(?:my|the) answer) )?to", "switch(?:ing)? (?:(?:it|my answer) )?to",
    "revis(?:e|ing) (?:it|my answer) to", "correct(?:ing)? (?:it|my answer|that|this) to",
)  # fmt: skip
_HENCE = _words("so", "thus", "hence", "therefore", r"i\.e\.")
_LEFT = _words(
    "leaves", "left with", "answer choice", "definitely", "clearly"
)  # fmt: skip
_CORRECTS = _words(
    "wait", "actually", "edit", "corrected", "revised", "correction", "sorry", "on reflection",
    "on second thoughts?", "reconsidering",
)  # fmt: skip
_DENIED_FIRST = (
    r"(?:(?:[Nn](?i:ot)|[Ii](?i:sn['’]t))\s+(?i:option\s+)?\(?[A-Ja-h]\)?\s*[,;]?\s*(?i:but|rather)\s*,?\s+"
    r"(?i:rather\s+|instead\s+)?(?i:it\s+is\s+)?(?i:option\s+)?)"
)
"""The denied half of "not B but C"."""
_PATTERNS = (
    # "the answer is (not) C", "the best choice would be option (C)", "answer_letter: C"
    rf"(?:{_NOUN}|答案|选项|正解|答え)(?:[\s_](?i:letter|option|choice|key"
    rf"|corr\w{{2,7}}))?\s*{_IS}\s*{_ADVERB}?[\s:,]*{_DENIED_FIRST}?((?i:not|neither)\s+)?{_NAMED}",
    # "it is not B but C"
    rf"{_DENIED_FIRST}(){_NAMED}(?=[\s.,;:!)]|$)",
    # "I change my answer from A to B"
    rf"{_words('from')}\s+[A-J]\s+to\s+(){_L}",
    # "Answer - C", "Answer: (C)", "[ANSWER] C"
    rf"{_words('answer', 'ans', 'final', 'correct(?:ion)?', 'right', 'letter')}\s*[:.|\]-]?\s*(){_L}(?=\s*(?:$"
    rf"|[).,:;|\[\n]))",
    # "the answer is b", at the end of a line only
    rf"{_ASKED}\s*{_IS}?[\s:]*()\(?([a-h])\)?(?=[.!]?\s*(?:\n|$))",
    # "I go with C"
    rf"{_CHOOSE}[\s,:]+((?i:not)\s+)?{_NAMED}(?=\W|$)",
    # "Wait, C.", "actually (C)", "On reflection, D is better"; not "on reflection, D is worse"
    rf"(?:{_CORRECTS}|{_words('no')}(?=\s?[,:.—–-]))"
    rf"[\s,:.—–-]{{1,4}}(){_L}(?=\s*(?:[.!)\n]|$)|,\s+(?i:not|since|because|as)\b"
    rf"|\s+(?i:fits|satisfies|matches|works|remains)\b|\s+(?i:is|must\s+be|looks|seems|it\s+is)"
    rf"(?:\s+(?i:the\s+)?(?i:better|best|right|correct|answer)|\s*[.!\n]|$))",
    # "c is correct", a line of its own
    r"(?<![^\n])([a-h])\)?\s+(?i:is)\s+()(?i:correct|right|the\s+answer)\b",
    # "C is (not) the right one"
    rf"(?<!_){_NAMED}\s*(?i:is|must\s+be)\s+((?i:not|never|in)\s*)?(?:{_SURELY})?{_RIGHT}",
    # "which matches option C", "so we get option C"
    rf"(?:{_HENCE}|{_words('correct', 'corresponds to', 'match(?:es|ing)?', 'which is', 'supports?', 'points to')}"
    rf"|{_words('favou?rs', 'confirms', 'indicates', 'suggests', 'is consistent with', 'agrees with')})\W{{1,3}}"
    rf"(?i:it\s+is\s+|it's\s+|we\s+get\s+|we\s+have\s+)?()(?i:with\s+)?{_OPTION_NAMED}",
    # "✔ Option C"
    rf"[✅✔✓☑][ *]*(){_NAMED}",
    # "so (C)", "it is (C)", "it is C." at the end of a line
    rf"(?:{_HENCE}|{_words('it is', 'it.s', 'which is')}|{_words('it', 'that', 'this')}\s+(?i:{_BE}))[\s,:]+()"
    r"(?:(?i:(?:more|most)\s+likely|probably)\s+)?"
    rf"(?:\((?=.\))|(?=[A-H]{_ENDS}))([A-J])(?=[\s.,!)]|$)",
    # "only B remains", "so B works", "that leaves B"
    rf"(?:{_HENCE}|{_words('only', 'i think', 'i believe')})[\s,]+()(?:{_NAMED})(?:\s+\([^()\n]{{1,60}}\))?"
    r"(?=\s+(?i:remains|is\s+left|satisf|works|fits|match))",
    rf"{_LEFT}\s+(?:(?i:us\s+with|only)\s+)?(){_L}{_ENDS}",
    # "C, because the others are ruled out", at the begin of a line; "the evidence points to D", "not sure, but A"
    rf"(?<![^\n])(){_L},?\s+(?i:because|since)\b",
    rf"{_words('supports?', 'points to', 'favou?rs', 'indicates', 'suggests')}\s+(){_L}(?=[.!]?\s*(?:\n|$))",
    rf"(?<=[Ss]ure, ){_words('but')}\s+(){_L}(?=[.!]?\s*(?:\n|$))",
    rf"(?<![^\n])(){_L}\s+(?i:fits|matches|works)\s+(?i:best|perfectly|well)\b",
    # "so B it is"
    rf"(){_L}\s+it\s+is(?=[.!]?\s*(?:\n|$))",
    # "Probably B, although D is not impossible", at the begin of a sentence
    rf"(?:(?<![^\n])|(?<=[.!?]\s)){_words('probably', 'most likely', 'very likely')}[\s,:]+(){_NAMED}"
    r"(?=[.,!]|\s*(?:\n|$))",
    # "Statement B must be the answer", "Response A is better", "majority B"
    rf"{_words('statement', 'response', 'candidate', 'alternative', 'assistant')}\s+{_L}\s+(?i:is|must\s+be|wins)\b"
    rf"\s*((?i:not|never)\s*)?(?:{_SURELY})?(?i:(?:the|my)\s+(?:(?:best|correct|right|final)\s+)?(?:answer|option|choice"
    r"|one|winner)|(?:much\s+|slightly\s+|clearly\s+)?(?:better|stronger|preferred|preferable|best)|$)",
    rf"{_words('majority', 'consensus')}\s+(?:(?i:is|for|on)\s+)?(){_NAMED}(?=[.,!]|\s*(?:\n|$))",
)
"""Each has two groups, in any order: a negation (empty when there is none), and the letter."""

_PATTERNS_IN_SMALL = (
    # "not (a) but (b)"
    rf"{_DENIED_FIRST}()\(?([a-h])\)(?=[\s.,;:!]|$)",
    # "the answer is (b), because", "I'd go with (b) here", "actually, no: (d)"
    rf"(?:(?:{_NOUN}|答案|正解|答え|{_words('correct', 'right')})\s*{_IS}|{_CHOOSE}"
    rf"|{_words('wait', 'actually', 'correction')}[\s,:.]{{1,4}}(?i:no))[\s,:]{{0,4}}"
    r"(?:(?i:option|choice|answer|letter)\s+)?()\(?([a-h])\)(?=[\s.,;:!。でだ]|$)",
    # "(b) is (not) correct", "it must be (b)." and "therefore (b)." at the end of a line
    r"(?:^|(?<=[.!?]\s)|(?<=\n)|(?<=think\s)|(?<=believe\s)|(?<=that\s)|(?<=option\s)|(?<=choice\s)|(?<=[sS]o\s))"
    rf"\(([a-h])\)\s*(?i:is|must\s+be)\s+((?i:not|never)\s*)?(?:{_SURELY})?{_RIGHT}",
    rf"(?:{_HENCE}|{_words('it is', 'it.s', 'which is')}|[iI](?i:t)\s+(?i:{_BE}))[\s,:]+()\(([a-h])\)"
    r"(?=,\s+(?i:not)\s|[.!]?\s*(?:\n|$))",
)
"""Claims of small letters in brackets, which most texts do not hold."""
_SMALL = re.compile(r"(?<![A-Za-z])[a-h]\)")

_PATTERNS_ABROAD = (
    # "La réponse est donc (C).", "Đáp án: C", "정답은 C입니다", "الإجابة الصحيحة هي C"
    rf"{ANSWER}(?:(?:(?!(?<![^\W_]){NO_ELSEWHERE}(?![^\W_]))[^A-Za-z\n.。不]){{0,30}}?|(?:,?\s+(?!{NO}\b)[^\W\d_]{{1,14}},?){{0,5}}?)"
    rf"[\s:：=-]{{0,4}}(?:(?<![^\W\d_])|(?<![不非]是)(?<=[是为為はが는은])(?![(（]?[A-J][)）]?では)|(?<=選択肢)|(?<=选项)|(?<=選項))(){_L}(?!\s+(?!{RIGHT_ABROAD})[a-z])",
    # "La opción correcta es la d)"
    rf"{ANSWER}(?:(?!(?<![^\W_]){NO}\b)[^\d\n.。()]){{0,30}}?\s()\(?([a-h])\)(?=\W|$)",
    # "nicht A, sondern C", "pas A mais C", "不是A，而是C", "AではなくC"
    rf"(?:(?<![^\W_])(?i:nicht|pas|no\s+es|não\s+é|non\s+è)\s+(?i:la\s+|die\s+)?|不是\s*)\(?[A-Ja-h]\)?\s*[,，]?\s*(?:(?i:sondern|mais|sino|mas|ma)"
    rf"(?=\W)|而是)\s*(?i:la\s+|die\s+)?()(?:{_L}|\(([a-h])\))",
    rf"[A-J]ではなく(?:て)?[、,]?\s*(){_L}",
    # "Ich wähle (c)"
    rf"(?<![^\W_])(?i:ich\s+(?:wähle|nehme|entscheide\s+mich\s+für)|je\s+choisis|elijo|escojo|scelgo|escolho)\s+"
    r"(?i:(?:la|el|die|den|l['’])\s*)?(?i:(?:opción|opzione|opção|option|antwort|réponse|alternativa|letra|lettre)\s+)?"
    rf"()(?:{_L}|\(([a-h])\))(?=\W|$)",
    # "B가 정답입니다", "C'est la B", "Chọn B"
    rf"{_L}\s*(?:가|이|은|는|が|は|是)\s*()(?:정답|답이|正解|正しい|正确|正確|答え|答案)",
    rf"(?<![^\W_])(?:(?i:c['’]est)|(?i:quindi|donc|also|luego|portanto|logo))\s+(?i:la|le|die|a|o)\s+()(?:(?i:réponse|letra|lettera|antwort)\s+)?{_L}(?=[.!]?\s*(?:\n|$))",
    rf"(?<![^\W_])(?i:chọn|wybieram|kies|väljer|выбираю|я\s+выбираю)\s+(){_L}(?=\W|$)",
    # "故选：C", "選C"
    rf"[选選][择擇]?\s*[:：]?\s*()(?:{_L}|\(([a-h])\))",
)


def _bounded(patterns: Sequence[str]) -> str:
    """Return a pattern for any of some; white space is bounded, because free runs side by side are quadratic."""
    return "|".join(patterns).replace(r"\s*", r"\s{0,20}").replace(r"\s+", r"\s{1,20}").replace("]*", "]{0,20}")


_BEGINS = (
    r"[(\[✅✔✓☑答正选ОоÉé]|[A-Ja-j](?![A-Za-z])|[Aa](?i:ns|nt|gr|ct|lt|ss)|[Bb](?i:est|ut)|[Cc](?i:ho|on|or|ha|le|an|ir)"
    r"|[Dd](?i:ef|ec)|[Ee](?i:di)|[Ff](?i:in|ro|av)|[Gg](?i:ue|o)"
    r"|[Hh](?i:en)|[Ii](?:['’.\s]|[Tt]|[MmAa'’]|(?i:sn|s[ ]|nd))|[Ll](?i:et|ea|ef|oc)|[Mm](?i:at|us|aj|os|ar)"
    r"|[Nn](?i:ot?[\s,:.])|[Oo](?i:pt|pc|pç|nl|n[ ][rs])|[Pp](?i:ic|re|ro|oi)"
    r"|[Rr](?i:ig|ic|ép|esp|econ|ev)|[Ss](?i:ol|el|et|o|ay|u|t|w)"
    r"|[Tt](?i:hu|here|ha|hi|ic)|[Vv](?i:er)|[Ww](?i:hi|ai|e|in)"
)
"""How the words begin that a claim can begin with: trying every pattern at every word is slow."""


@cache
def _claims() -> re.Pattern[str]:
    """Return the pattern of a claim, made at its first use: that takes longer than importing ten modules."""
    return re.compile(
        rf"(?<![A-Za-z0-9])(?=[(\[A-Ja-jLMNOPRSTVWlmnoprstvwо答正选О✅✔✓☑])(?={_BEGINS})(?:{_bounded(_PATTERNS)})"
    )


@cache
def _claims_in_small() -> re.Pattern[str]:
    return re.compile(rf"(?<![A-Za-z0-9])(?:{_bounded(_PATTERNS_IN_SMALL)})")


@cache
def claims_abroad() -> re.Pattern[str]:
    """Return the pattern of a claim in another language than English."""
    return re.compile(_bounded(_PATTERNS_ABROAD))


_OTHER = re.compile(
    r"\W{0,4}(?:(?i:or|and|and/or|nor|oder|und|ou|et|o|y)|[/&,或和か、]|または|,\s*(?i:or|and))\W{0,4}(?:(?i:maybe|perhaps|possibly|option|choice)\s*)?"
    r"(?:\(?[a-h]\)(?=\W|$)|\(?(?!I\s+[a-z])([A-J])(?![A-Za-z0-9'’]))(?!\)?\s+is\s+(?i:not|wrong|incorrect|false))"
)
_FIRST_OF_TWO = re.compile(r"(?<![A-Za-z0-9])\(?[A-J]\)?\s*(?:n?or|and|/|,)\s*$")
_BEGINS_NAMED = re.compile(_NAMED)
_AMOUNT_AFTER = re.compile(r"\s+\d[\d.,]*\s?[A-Za-z°%]+\s+[a-z]+")
_NOUN_AFTER = re.compile(r"\s+[a-z]")
_AFTER_A_LETTER = re.compile(
    r"\s+(?:because|since|as|or|and|for|but|with|which|by|in|on|is|not|based|given|when|according|due|after|if|from"
    r"|that|where|while"
    r"|though|although|however|so|thus|then|therefore|hence|to|at|too|here|instead|rather|again|now|over|than|only"
    r"|either|nor|among"
    r"|out|works|fits|matches|seems|must|should|would|will|was|has|does|it|the|this|we|under|being|all|still|remains"
    r"|remain|satisf\w+|ist|est|es|sont|porque|weil|parce|denn|car|perché|pois)\b"
    rf"|\s+{RIGHT_ABROAD}"
)
_NAME_AFTER = re.compile(r"\.\s[a-z]{3,}|\s+[a-z]{3,}")
"""What makes a letter a part of a name: E. coli, B cells."""
_STANDING = re.compile(r"[A-Ja-h](?![A-Za-z0-9]|['’](?!d[ıi]r))(?<![A-Za-z0-9'’].)")
_LONGEST_CLAIM = 80
_GOES_ON = re.compile(r"[\s.,:)\]*-]{0,12}[^\s.,:)\]*-]")
_LONGEST_TEXT = 300
"""Characters of an option that is told again behind a claim."""
_PLAIN = re.compile(r"\b[Tt]he (?:final |correct )?answer is:? \**\(?([A-J])\)?\**\.?\**\Z")
_LONGEST_PLAIN = 36
"""Characters of the longest such claim."""
_BEGIN = 80
_ENDS_OF_TEXT = (160, 600)
"""Characters at the end of an output in which a last claim mostly stands."""
_ANSWER_FIRST = re.compile(
    r"\s*(?i:(?:(?:final|correct) )?answer) ?[:.-]? ?\(?([A-J])\)?[.:]? ?"
    r"\n{1,3}(?i:explanation|reason|rationale|because)\w*"
)
_LEAST_AGAIN = 12
_AGAIN = re.compile(r"(?i:answer|correction|wait|mistake|actually|on reflection|second thought|reconsider)")


def claimed(text: str, question: str = "") -> str | None:
    """Return the letter of the last claim, ``SEVERAL`` when it names several, None when nothing is claimed.

    Only the letters of the question's options count, where there are any. The last claim wins, so the end is searched
    first.
    """
    first = _ANSWER_FIRST.match(unmarked(text[:_BEGIN])) if "\n" in text[:_BEGIN] else None
    if first is not None and not _AGAIN.search(unmarked(text[_BEGIN:])):
        return first[1]
    for size in _ENDS_OF_TEXT:
        if size >= len(text):
            break
        found = _last_claim(unmarked(text[-size:]), _LONGEST_CLAIM, question)
        if found is not None:
            return found
    return _last_claim(unmarked(text), 0, question)


def is_reconsidered(text: str, letter: str) -> bool:
    """Whether a text, after it has claimed a letter, thinks again and names another one."""
    end = text.rfind(letter) + 1
    return len(text) - end > _LEAST_AGAIN and _AGAIN.search(text, end, end + _BEGIN) is not None


def plainly(text: str) -> str | None:
    """Return the letter of a text that ends with "The answer is C." and nothing else: the commonest claim of all."""
    end = text[-BEFORE - _LONGEST_PLAIN :].rstrip()
    found = _PLAIN.search(end)
    return found[1] if found is not None and not is_denied_before(end, found.start()) else None


def _last_claim(plain: str, begin: int, question: str) -> str | None:
    """Return what the last claim says that ends after ``begin``."""
    # Searching for claims is slow, and none is far from its letter.
    letter = _STANDING.search(plain, begin)
    if letter is None:
        return None
    start = max(0, letter.start() - _LONGEST_CLAIM)
    claims = list(_claims().finditer(plain, start))
    others = [claims_abroad()] if may_be_abroad(plain) else []
    others += [_claims_in_small()] if _SMALL.search(plain, start) else []
    if others:
        more = [claim for pattern in others for claim in pattern.finditer(plain, start)]
        claims = sorted([*claims, *more], key=lambda claim: claim.end())
    for claim in reversed(claims):
        found = _meant(plain, claim, question) if claim.end() > begin else None
        if found is not None:
            return found
    return None


def _meant(plain: str, claim: re.Match[str], question: str) -> str | None:
    """Return the letter of a claim, ``SEVERAL`` when it is one of several, None when it is denied or no letter."""
    groups = [group for group in claim.groups() if group]
    letter = next((group for group in groups if len(group) == 1), None)
    if letter is None or len(groups) > 1:
        return None
    goes_on = _GOES_ON.match(plain, claim.end()) is not None
    if goes_on:
        if is_denied_behind(plain, claim.end()):
            return None
        by_text = _option_behind(plain, claim, question) if question else None
        if by_text is not None:
            return by_text
        if _is_article(plain, claim):
            return None
    letters = letters_of(question)
    if letters and letter.upper() not in letters:
        return None
    if is_denied_before(plain, claim.start()) or is_supposed(plain, claim):
        return None
    return SEVERAL if (goes_on and _OTHER.match(plain, claim.end())) or _one_of_two(plain, claim) else letter.upper()


def _option_behind(plain: str, claim: re.Match[str], question: str) -> str | None:
    """Return the option whose text a claim goes on with: "the answer is E. coli", "the answer is D, C. elegans"."""
    begin = max(
        claim.start(group) for group in range(1, len(claim.groups()) + 1) if claim[group] and len(claim[group]) == 1
    )
    said = plain[begin : begin + _LONGEST_TEXT].partition("\n")[0].strip()
    return with_text(said, question) or with_text(said[1:].lstrip(" ,).:-–—"), question)


def _is_article(plain: str, claim: re.Match[str]) -> bool:
    """Whether the letter of a claim begins a noun: "the answer is A train", "the answer is B cells"."""
    rest = plain[claim.end() : claim.end() + 24]
    if claim[0].endswith("A") and _AMOUNT_AFTER.match(rest):
        return True
    named = (_NOUN_AFTER if claim[0].endswith("A") else _NAME_AFTER).match(rest)
    return claim[0][-1:].isalpha() and named is not None and not _AFTER_A_LETTER.match(rest)


def _one_of_two(plain: str, claim: re.Match[str]) -> bool:
    """Whether the letter of a claim is the second of two: "A or B is right"."""
    before = plain[max(0, claim.start() - 12) : claim.start()]
    if not before:
        return False
    return _BEGINS_NAMED.match(claim[0]) is not None and _FIRST_OF_TWO.search(before) is not None

"""Words of a prompt that speak to other systems or people, which a reader should look at twice. Pure.

They can be right in a prompt, so no rule refuses them. An agent reads and writes text. A sentence that has it, or
somebody else, do more is found by what it speaks of: a verb of handing over close to somebody outside the team, a verb
of disregarding close to what is in force, and so on, in any order. What says these, and which of them stand together,
is a list of its own (``words_to_others.txt``). Beside that, whoever is told to do something to something by a verb that
is none of reading, thinking and writing is told to act.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from importlib import resources
from itertools import pairwise, product
from typing import Final

from maspo.core.late import late
from maspo.proposers.readings import readings

_REACH: Final = 80
"""Characters that what is said together takes at most: about a dozen words."""
_BEFORE: Final = 40
"""Characters before a verb that tell whether it is one."""
_EXCERPT: Final = 60
"""Characters of what was found that a remark shows: it stays on one line of a report."""
_MOST: Final = 200_000
"""Characters of a prompt that are looked through."""
_SENTENCE = re.compile(r"[^.!?;\n。！？]+(?:\.(?=\w)[^.!?;\n。！？]+)*[.!?;。！？]?")
_INSIDE: Final = (
    r"(?:readers?|users?|students?|pupils?|points?|questions?|next|steps?|solvers?|planners?|critics?|editors?|writers?"
    r"|reporters?|verifiers?|checkers?|coders?|testers?|summari[sz]ers?|translators?|analysts?|researchers?|final|end|lines?"
    r"|answers?|answerers?|one|two|three|\d+|following|last|previous|first|second|other agents?|rest|tasks?|problems?"
    r"|reviews?|templates?|formats?|rules?|lengths?|numbers?|nearest|customers?|callers?|patients?|clients?|guests?|it|them|whom"
    r"|which|what|be|have|make|do|get|ensure|help|show|avoid|keep|give|see|say|use|find|check|support|explain)\b"
)
"""Readers and steps of a team, and what is written to or done with: nobody outside."""
_BEFORE_A_VERB = late(
    r"(?:^\s*|[:,(\"'*>•“«–—-]\s*|\d[.)]\s|\b(?:and|then|or|but|please|must|should|shall|will|can|may|might|always|never|not"
    r"|don['’]?t|also|first|next|now|finally|you|just|kindly|let['’]?s|instead|once|who|do|done|ready|finished|afterwards"
    r"|later|answering|answer|help|it|(?:have|has|need|needs|want|wants|sure|remember|try|asked|told|is|are|be|ought"
    r"|required|allowed|free|agent|model|forget|ai|assistant|system|everyone) to|\w{3,}ly)\s+)$",
    re.IGNORECASE,
)
"""What stands before a verb that tells somebody to do something; else the word is a noun, or tells what happens."""
_BEFORE_A_PARTICIPLE = late(r"\b(?:be|been|gets?|being|have)\s+(?:\w+ly\s+)?$", re.IGNORECASE)
_SOMEBODY: Final = (
    r"admin(?:istrator)?s?|operators?|developers?|assistants?|agents?|models?|ais?|llms?|chatbots?|copilot|siri|chatgpt|gpt"
    r"|claude|gemini|llama|mistral|grok|deepseek|qwen|alexa|support|teams?|managers?|moderators?|tools?|browsers?|crawlers?"
    r"|mailers?|maintainers?|engineers?|colleagues?|auditors?|owners?|boss|supervisors?|humans?|sir|madam|bots?|staff|friends?"
    r"|scientists?|researchers?|help ?desk|security|systems?|servers?|router|orchestrator|dispatcher|proxy|gateway"
)
_SPOKEN_TO: Final = (
    r"admin(?:istrator)?s?|operators?|maintainers?|moderators?|developers?|engineers?|colleagues?|auditors?|owners?|boss"
    r"|supervisors?|crawlers?|bots?|humans?|judges?|graders?|evaluators?|raters?|reviewers?|assessors?|examiners?|scorers?"
)
_CALLED = late(
    r"\b(?:dear|attention|attn|to:|cc:|hey|hello|hi|greetings|good (?:morning|day|evening)"
    r"|(?:note|message|memo|word|p\.?s\.?|reminder|request) (?:to|for))[,:]?\s+"
    rf"(?:(?:the|all|any|our|my|every) )?(?:\w+ )?(?:{_SOMEBODY}|{_SPOKEN_TO})\b|\bto whom it may concern"
    rf"|(?:^|[.!?\n]\s?)(?:(?:human|fellow|all|future) )?(?:{_SPOKEN_TO})[:,]\s(?!\w+,? (?:and|or)\b)"
    rf"|(?:^|[.!?\n]\s?)to (?:the|any|every|all) (?:\w+ )?(?:{_SOMEBODY}):"
    r"|(?:^|[.!?\n]\s?)(?:assistant|agent|model|bot)s?, (?:stop|do|ignore|obey|please|you|leave|forget|act|halt)\b"
    r"|(?:^|[.!?\n]\s?)(?:ai|llm|siri|alexa|chatgpt|gpt|claude|gemini|copilot|grok)s?,\s"
    r"|(?<![\w.])@(?:claude|gpt|chatgpt|copilot|gemini|grok|here|channel|everyone|admins?|bot)\b"
    r"|(?-i:\bSYSTEM:)|\b(?:system|admin|root) (?:override|notice|alert)\b",
    re.IGNORECASE,
)
_CALLS: Final = "speaks to somebody outside"
_TURN = late(
    r"^\W{0,4}(?:role\W{1,3})?(?:user|assistant|system|human|ai|bot|chatbot|developer)"
    r"(?:\W{0,4}(?:[:>#\]|]|$)| says?:|\W{1,3}(?=content\W))"
    r"|^\W{0,4}#+\s?(?:response|instruction|user|assistant|system|human|input):?\s*$"
    r"|^\W{0,4}q\s?[:>]+.{1,200}\ba\s?[:>]|\[\[/?\s?(?:user|assistant|system|human|inst)\s?\]\]"
    r"|^(?![-*+] )[^\w\n]{2,12}(?:end|begin|beginning|start) of \w+"
    r"|\ba new (?:order|prompt|task|message|conversation|turn) (?:begins|starts)\b"
    r"|^\W{0,4}\(\s?(?:user|assistant|system|human|developer)\s?\)"
    r"|\b(?:end|beginning|start) of (?:(?:the|this|my|your) )?(?:user|assistant|system|human|developer)(?:['’]s)?\b"
    r"|\b(?:here|now) (?:the|this|your) (?:prompt|message|conversation|turn)s? (?:ends?|is over|stops?)\b"
    r"|\b(?:prompt|message|conversation|turn|notes|task|input|instructions?)s? (?:ends?|stops?) here\b",
    re.IGNORECASE | re.MULTILINE,
)
"""A turn of a chat in plain words, as models without control tokens read it."""
_WRITES_A_TURN: Final = "writes a turn of a chat"
_DEED = late(
    r"(?:^|[.!?:;\n>*•-]\s{0,20}|\b(?:please|and|then|also|finally|always|never|not|don['’]?t|must|should|you)\s+)"
    r"([a-z]+)(?: (?:up|off|out|down|away))? (?-i:the|an?|every|each|all|any|it|this|that|these|those|them|your|my"
    r"|our|his|her|their|its|me|us|him|everyone|everything)\b",
    re.IGNORECASE,
)
"""A verb that tells somebody to do something to something."""
_NO_VERB: Final = re.compile(r".{3,}ings?|.*(?:ed|ly|[^s]s|tion|ness)|.{1,2}")
_ACTS: Final = "asks for more than reading, thinking and writing"


@dataclass(frozen=True, slots=True)
class _Concepts:
    """What says each concept, in verbs and otherwise; and what it means that concepts stand in one sentence."""

    verbs: Mapping[str, re.Pattern[str]]
    others: Mapping[str, re.Pattern[str]]
    rules: Sequence[tuple[str, tuple[str, ...]]]
    work: frozenset[str]
    """Verbs of reading, thinking and writing, and words that are no verbs."""


def remarks(prompt: str, seed_prompt: str) -> tuple[str, ...]:
    """Return what a reader should look at twice: instructions to others that the seed prompt does not give."""
    seen, known = readings(prompt[:_MOST]), readings(seed_prompt).all
    remarked: dict[str, str] = {}
    for text in (seen.plain, *seen.mended, *seen.decoded):
        for what, found in _told_in(text):
            if " ".join(found.lower().split()) not in known:
                remarked.setdefault(what, f"{what}: {excerpt(found)}")
    for deed in _DEED.finditer(seen.plain):
        verb = deed[1].lower()
        if not (is_of_work(verb) or re.search(rf"\b{verb}", known)):
            remarked.setdefault(_ACTS, f"{_ACTS}: {excerpt(seen.plain[deed.start(1) : deed.end() + _EXCERPT])}")
    return tuple(remarked.values())


def is_of_work(word: str) -> bool:
    """Return whether a word, in small letters, says what prompts have agents do anyway, or is no verb."""
    return says_work(word) or _NO_VERB.fullmatch(word) is not None


def says_work(word: str) -> bool:
    """Return whether a word, in small letters, is one of those by which prompts say what agents do anyway."""
    return word in _concepts().work


def excerpt(text: str) -> str:
    """Return the beginning of a text on one line."""
    line = " ".join(text.split())
    return line if len(line) <= _EXCERPT else f"{line[:_EXCERPT]}…"


def _told_in(text: str) -> Iterator[tuple[str, str]]:
    """Yield what a text tells others, each with the words that do."""
    yield from ((_CALLS, found[0]) for found in _CALLED.finditer(text))
    yield from ((_WRITES_A_TURN, found[0]) for found in _TURN.finditer(text))
    for sentence in dict.fromkeys(found[0] for found in _SENTENCE.finditer(text)):
        places_of = cache(partial(_places_of, sentence))
        for what, names in _concepts().rules:
            if all(map(places_of, names)) and (span := _together(list(map(places_of, names)))):
                yield what, sentence[span[0] : span[1]]


def _places_of(sentence: str, name: str) -> Sequence[tuple[int, int]]:
    """Return where a sentence speaks of a concept; of a deed where it tells somebody to do it, or that it is done."""
    verbs, others = (some.get(name) for some in (_concepts().verbs, _concepts().others))
    places = [
        found.span()
        for found in (verbs.finditer(sentence) if verbs else ())
        if _is_told(found[0], sentence[max(0, found.start() - _BEFORE) : found.start()])
    ]
    return places + [found.span() for found in (others.finditer(sentence) if others else ())]


def _is_told(verb: str, before: str) -> bool:
    first = verb.partition(" ")[0].lower()
    if first.endswith("ing"):
        return True
    return (_BEFORE_A_PARTICIPLE if first.endswith("ed") else _BEFORE_A_VERB).search(before) is not None


def _together(places: Sequence[Sequence[tuple[int, int]]]) -> tuple[int, int] | None:
    """Return the first span in which one place of each concept stands, none within another and all close."""
    for spans in product(*(some[:8] for some in places)):
        begin, end = min(span[0] for span in spans), max(span[1] for span in spans)
        row = sorted(spans)
        if end - begin <= _REACH and all(one[1] <= other[0] for one, other in pairwise(row)):
            return begin, end
    return None


@cache
def _concepts() -> _Concepts:
    verbs: dict[str, list[str]] = {}
    others: dict[str, list[str]] = {}
    rules: list[tuple[str, tuple[str, ...]]] = []
    work: set[str] = set()
    text = resources.files(__package__).joinpath("words_to_others.txt").read_text(encoding="utf-8")
    for line in filter(None, map(str.strip, text.splitlines())):
        kind, _, rest = line.partition(" ")
        name, _, listed = rest.partition(" ")
        if kind == "rule":
            what, _, names = rest.partition(": ")
            rules.append((what, tuple(names.split(" + "))))
        elif kind in ("work", "small"):
            work |= set(rest.split())
        elif kind in _FORMS:
            words = (word.replace("_", " ").replace("{INSIDE}", _INSIDE) for word in listed.split())
            (verbs if kind == "verb" else others).setdefault(name, []).extend(map(_FORMS[kind], words))
    told, said = ({name: _compiled(words) for name, words in some.items()} for some in (verbs, others))
    return _Concepts(told, said, rules, frozenset(work))


def _compiled(words: Sequence[str]) -> re.Pattern[str]:
    # Where words have no blanks between, a word may begin anywhere.
    unspaced = [word for word in words if re.match(r"\(?[\u0590-\u1fff\u3040-\ud7ff]", word)]
    spaced = [word for word in words if word not in unspaced]
    ways = [rf"(?<![\w-])(?<!\w\.)(?:{'|'.join(spaced)})(?![\w-])"] if spaced else []
    return late("|".join([*ways, *unspaced]), re.IGNORECASE)


def _forms_of_a_verb(verb: str) -> str:
    first, _, rest = verb.partition(" ")
    if first.endswith("e"):
        forms = rf"{first[:-1]}(?:e|ed|ing)"
    elif first.endswith("y") and first[-2] not in "aeiou":
        forms = rf"{first[:-1]}(?:y|ied|ying)"
    else:
        forms = rf"{first}{first[-1]}?(?:ed|ing)|{first}"
    return f"(?:{forms}) {rest}" if rest else forms


def _forms_of_a_noun(noun: str) -> str:
    ends_in_ies = noun.endswith("y") and noun[-2] not in "aeiou"
    return f"{noun[:-1]}(?:y|ies)" if ends_in_ies else f"{noun}(?:e?s)?"


_FORMS: Final[Mapping[str, Callable[[str], str]]] = {
    "verb": _forms_of_a_verb,
    "noun": _forms_of_a_noun,
    "said": lambda words: re.sub(r"(?<=\w)(?<!\\[a-z])\*", r"\\w*", words),
}

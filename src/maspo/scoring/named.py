"""The answer that a reply names: behind a label ("Category: refund"), as a sentence, alone in JSON. Pure.

Only what the reply clearly ends in or labels is read. Where it is denied, doubted, taken back or one of two, nothing
is: such a reply is then compared as it stands.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from maspo.scoring.closing import without_closing
from maspo.scoring.json_values import objects_of
from maspo.scoring.readable import tail

_LONGEST_LINE = 400
_LONGEST_ANSWER = 200
_MOST_LINES = 400
"""Lines at the end of a reply that are looked at."""
_LABELS = (
    r"(?:label|category|class|classification|sentiment|intent|emotion|tone|topic|tag|type|genre|language|priority|severity"
    r"|urgency|department|status|verdict|decision|prediction|kategorie|klasse|einstufung|stimmung|catégorie|classe"
    r"|étiquette|categoría|clase|clasificación|etiqueta|sentimiento|categoria|(?:标签|標籤|类别|類別|分类|分類|情感|感情)(?:结果"
    r"|結果)?|ラベル|カテゴリー?)"
)
_ANSWERS = (
    r"(?:answer|result|output|response|solution|conclusion|antwort|lösung|ergebnis|réponse|résultat|respuesta|solución"
    r"|resultado|resposta|risposta|答案|答え|答|回答|結果|结果|正解|解答)"
)
_BEFORE = (
    r"(?:(?:so|thus|hence|therefore|overall|in conclusion|in summary"
    r"|daher|somit|donc|ainsi|entonces|所以|因此|综上所述|よって|したがって"
    r"|(?:based on|after|since|because|as|given that|weil|da|comme|como)\s[^,:]{3,120},)[,，、]?\s*)?"
    r"(?:(?:the|my|our|its|die|das|la|le|el|mi|ma|meine)\s+|我的)?"
    r"(?:(?P<final>final|endgültige|finale|最终|最終)的?な?\s*)?"
    r"(?:(?:correct|right|best|predicted|overall|chosen|assigned|richtige|korrekte|bonne|正确|正しい)的?\s*)?"
)
_AFTER = (
    r"(?:\s+(?P<last>final|finale)|\s+(?:correcta|correcte|exacte|corretta)"
    r"|\s+(?:of|for|to)\s+(?:this|the)\s+(?!(?:first|second|other|last|latter|former|half|rest)\b)\w+)?"
)
_NAME = rf"(?:{_BEFORE}(?:(?P<answer>{_ANSWERS})|{_LABELS}){_AFTER}|(?P<alone>final))"
_MARKS = r"[\s*_#>•`-]{0,12}"
_NAMED = re.compile(
    rf"(?P<head>{_MARKS}){_NAME}(?P<end>[*_`]{{0,3}})(?:\s{{0,3}}(?:[:：=→⇒]|[-=]>|\s[–—-]\s)"
    r"|\s{1,3}(?:is|are|ist|lautet|est|es|é|è)(?=[\s:])\s{0,3}:?|(?:是|为|為|は)[:：]?)(?P<value>.*)",
    re.IGNORECASE,
)
"""A label, what stands between, and what is labelled."""
_HEADING = re.compile(rf"(?:[\s>]{{0,8}}#{{1,6}}\s*\*{{0,2}}|\s*\*\*){_NAME}\s?[:：]?\*{{0,2}}[:：]?\s*", re.IGNORECASE)
_HEADING_AND_COLON = re.compile(rf"{_MARKS}{_NAME}[*_`]{{0,3}}\s?[:：][*_`]{{0,3}}\s*", re.IGNORECASE)
_POLITE = re.compile(r"(?<=\S)(?:です|でございます|になります)[。.]?\Z")
_EXPLAINED = re.compile(
    r"(?:\s+\((?=[^()]*\s[^()]*\s)(?P<aside>[^()]*)\)\.?|\s+[–—-]\s+(?=\S+\s+\S+\s)(?P<dash>.*)"
    r"|,?\s+(?:because|since|weil|denn|parce que|car|porque)\s+(?P<why>.*)|\.\s+(?P<sentence>\S+\s+\S.*)"
    r"|。(?P<signs>.{4,}))\Z"
)
"""What explains an answer in its own line: an aside of three words and more, a reason, another sentence."""
_REASON = re.compile(
    rf"{_MARKS}(?:explanation|reason(?:ing)?|rationale|justification|why|because|evidence|confidence|score|intensity"
    r"|probability|certainty|strength|subcategory|note"
    r"|begründung|erklärung|konfidenz|explication|raison|justificación|explicación|razón|解释|解釋|理由|原因|説明|根拠)"
    r"\b[*_]{0,3}\s?[:：]",
    re.IGNORECASE,
)
_TAKEN_BACK = re.compile(
    r"\b(?:wait|actually|correction|corrected|sorry|scratch|mistake[n]?|oops|hmm"
    r"|wrong|incorrect|reconsider\w*|instead"
    r"|second thoughts?|chang(?:e|ed|ing) my|reflection|however|although|alternative\w*|perhaps|maybe"
    r"|possibly|might|could|unsure|uncertain"
    r"|not (?:sure|certain)|ambiguous|mixed|either|depends|doubt\w*|unclear|eigentlich|moment|doch|falsch|vielleicht"
    r"|möglicherweise|allerdings|jedoch|stattdessen|sondern|korrektur|attendez|en fait|plutôt|peut-être|cependant"
    r"|toutefois|erreur|faux|espera|en realidad|quizás?|tal vez|sin embargo|corrección|incorrect[oa]|perdón)\b"
    r"|不对|不對|其实|其實|更正|或许|也许|可能|但是|然而|不过|いや|実は|しかし|ただし|かもしれ|訂正|間違",
    re.IGNORECASE,
)
"""Words with which an answer is taken back or doubted."""
_ANOTHER = re.compile(
    r"^\W*(?:yes|true|false|ja|oui|sí)\b|(?:^|[,;]\s)and\b|\b(?:would|as well|too|fits?|if|unless|only when)\b"
    r"|\b(?:or|but|no|nope|not|nor|also|both|equally|possible|auch|aussi|también|vs|rather"
    r"|should|must|right|correct|answer|label|category|better|final|chang\w+"
    r"|revis\w+|updat\w+|oder|aber|nein|nicht|ou|mais|non|pas|pero|sino)\b|n['’]t\b|或|但|而是|不是|または|ではな|ではあり|[?？]",
    re.IGNORECASE,
)
"""Words that may bring another answer in, in what is not headed as a reason."""
_BEGINS_ANEW = re.compile(r"(?:^|[.!?\n:]\s{0,3})(?:but|no|yet|still|aber|nein|mais|non|pero)\b", re.IGNORECASE)
_NOT_ITS_OWN = re.compile(
    r"\b(?:not|never|nor|neither|no|none|wrong|worst|incorrect|false|if|unless|would|could|might|may|except|excluding"
    r"|least|less|opposite|unlike|whether|likely|unlikely|common|example|instance|other|another|alternative|former|old"
    r"|previous|original|initial|first|second|third|half|part|some|one|user|question|text|review|closest|second-best|that|which|who|reject\w*|avoid\w*|lost|runner\S*|hard\w*|far|says?|anything|exclu\w*|eliminat\w*|ruled|discarded|thinks?|believes?|thought|supposed|assumed|said|claim\w*"
    r"|format|distractor|expected|nicht|kein\w*|falsch\w*|wenn|wäre|pas|faux|fausse|mauvaise|si|serait|incorrect\w*|sería"
    r"|ni)\b|n['’]t\b|\bn['’]|不|没|非|如果|说|說|认为|認為|言|思|もし|ない|[?？]",
    re.IGNORECASE,
)
"""Words before an answer that say it is none, or the one of something else."""
_EMPHASIZED = re.compile(
    r"(?P<before>[^*\n]{1,160}?(?:\s(?:is|are|was|ist|est|es|sind|son)|[是为為は])\s{0,2}:?\s?)\*\*(?P<value>[^*\n]+)\*\*\s?"
    r"(?:です)?[.!。]?"
)
_CLASSIFIED = re.compile(
    r"(?:(?:this|the)\s+\w+\s+(?:is|was|(?:should|can)\s+be)\s+(?:classified|labell?ed|categori[sz]ed|rated|tagged)\s+as"
    r"|(?:i|we)(?:['’]d|['’]ll|\s+would|\s+will)?\s+(?:classify|label|categori[sz]e|rate|mark|tag)\s+(?:this|it|that|the)"
    r"(?:\s+(?!(?:first|second|other|latter|former|half|part|last|rest|begin\w*|end)\b)\w+){0,2}\s+as)\s+(?P<value>.*)",
    re.IGNORECASE,
)
_STATED = re.compile(
    r"(?P<before>(?:[Tt]he|[Dd]ie|[Dd]er|[Dd]as|[Ll][ae]|[Ee]l)\s+(?:[\w'’-]+\s+){1,6}?)(?:is|was|ist|est|es)\s+"
    r"(?P<value>[^\s.,;:!?]+(?:\s[^\s.,;:!?]+){0,3})\."
)
_REASONED = re.compile(
    r"(?:the|this|that|there|they|he|she|because|since|der|die|das|weil|le|la|les|el|los|it(?!['’]s|\s+is))\b", re.I
)
"""How an explanation begins that follows an answer without a label."""
_SHORTENED = re.compile(r"\b(?:Mr|Mrs|Ms|Dr|St|Prof|[A-Z])\Z")
"""Words whose full stop ends no sentence."""
_MOST_WORDS = 3
"""Words of an answer without a label that is explained in the same line."""
_SINGLE_QUOTED = re.compile(r"\{\s?'([\w ]{1,40})'\s?:\s?'([^'{}\n]{1,200})'\s?\}")
"""An object of one field as Python writes it."""
_COPULA = re.compile(r"\b(?:is|was|are|ist|est|es)\b", re.IGNORECASE)
_SENTENCE = re.compile(r"(?<=[^\W\d]{2}[.!])\s+|(?<=[.!]\*\*)\s+|(?<=。)(?=.)")
_LABEL_KEYS = frozenset(
    {"label", "category", "class", "classification", "sentiment", "intent", "emotion", "topic", "verdict", "decision"}
    | {"predictedlabel", "predictedclass", "predictedcategory"}
)
_NO_KEYS = re.compile(
    r"(?i)not|confidence|score|prob|wrong|incorrect|error|reason|explanation|exclud|reject|alternative|input|question|example"
)


@dataclass(frozen=True, slots=True)
class _Labelled:
    """A labelled value: how sure its label is, and what stands behind its line."""

    rank: int
    value: str
    explained: str
    after: str


def named_answer(reply: str) -> str | None:
    """Return the answer that an unmarked reply names, None where it names none or more than one."""
    text = tail(reply).strip()
    if not text or text.isalnum():
        return None
    if "{" in text or text.startswith("["):
        found = _only_value(text)
        if found is not None:
            return found
    body = without_closing(text)
    closing = text[len(body) :]
    if not body or _TAKEN_BACK.search(closing):
        return None
    lines = body.split("\n")[-_MOST_LINES:]
    labelled = list(_labelled(lines))
    if labelled:
        return _surest(labelled)
    if len(lines) == 1 and len(body) <= _LONGEST_ANSWER and closing and "." not in body[:-1]:
        return _sentence(lines) or body
    return _sentence(lines) or _explained_below(lines) or (_explained_beside(body) if len(lines) == 1 else None)


def only_element(text: str) -> str | None:
    """Return the one text or number in a JSON list of one, as text; None for anything else."""
    if not text.startswith("[") or len(text) > _LONGEST_ANSWER:
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return _scalar(value)


def _scalar(value: object) -> str | None:
    if isinstance(value, list):
        return _scalar(value[0]) if len(value) == 1 and not isinstance(value[0], list) else None
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else json.dumps(value) if isinstance(value, int | float) else None


def _only_value(text: str) -> str | None:
    """Return the value of a list of one, of the only object's only field, or of the only field that is a label."""
    element = only_element(text)
    if element is not None:
        return element
    quoted = _SINGLE_QUOTED.fullmatch(text)
    if quoted is not None:
        return None if _NO_KEYS.search(quoted[1]) else quoted[2]
    begin, end = text.find("{"), text.rfind("}")
    before, after = text[:begin].rstrip("` \n").removesuffix("```json"), text[end + 1 :]
    if _NOT_ITS_OWN.search(before[-_LONGEST_LINE:]) or _TAKEN_BACK.search(after) or _ANOTHER.search(after):
        return None
    objects = list(objects_of(text))
    if len(objects) != 1 or not isinstance(objects[0], dict):
        return None
    fields = objects[0]
    if len(fields) > 1:
        fields = {
            key: value for key, value in fields.items() if "".join(filter(str.isalnum, key)).lower() in _LABEL_KEYS
        }
    if len(fields) != 1:
        return None
    ((key, value),) = fields.items()
    if isinstance(value, dict) and len(value) == 1 and not _NO_KEYS.search(key):
        ((key, value),) = value.items()
        if key.lower() not in _LABEL_KEYS:
            return None
    return None if _NO_KEYS.search(key) else _scalar(value)


def _labelled(lines: list[str]) -> Iterator[_Labelled]:
    """Yield what the lines label, in their order; of the last line also its last sentence."""
    for place, line in enumerate(lines):
        if not line or len(line) > _LONGEST_LINE:
            continue
        named = _NAMED.fullmatch(line)
        if named is None and place == len(lines) - 1 and ("." in line or "。" in line):
            named = _NAMED.fullmatch(_SENTENCE.split(line)[-1])
        value = _value(named) if named is not None else ""
        if named is not None and value:
            yield _Labelled(_rank(named), *_unexplained(value), _text(lines[place + 1 :]))
            continue
        below = lines[place + 1 :]
        heading = (_HEADING_AND_COLON.fullmatch(line) or _HEADING.fullmatch(line)) if below else None
        if heading is None:
            continue
        while below and not below[0].strip():
            below = below[1:]
        if below and _NAMED.fullmatch(below[0]) is None:
            yield _Labelled(_rank(heading), *_unexplained(below[0].strip()), _text(below[1:]))


def _rank(found: re.Match[str]) -> int:
    """Return how sure a label is: "final answer" more than "answer", and that more than "category"."""
    if found["final"] or found["last"] or found["alone"]:
        return 2
    return 1 if found["answer"] else 0


def _text(lines: list[str]) -> str:
    return "\n".join(lines).strip()


def _value(found: re.Match[str]) -> str:
    """Return what is labelled, without the half of an emphasis that began before the label."""
    value = found["value"].strip()
    if "**" in found["head"] and "**" not in found["end"]:
        value = value[2:].strip() if value.startswith("**") else value.removesuffix(".").removesuffix("**").strip()
    return _POLITE.sub("", value)


def _unexplained(value: str) -> tuple[str, str]:
    """Return a value without what explains it in its line, and that."""
    # The shortest value is found by going from sign to sign, since a lazy search is quadratic.
    for sign in re.finditer(r"[\s.。,]", value):
        found = _EXPLAINED.match(value, sign.start())
        if found is None or not sign.start():
            continue
        sentence = found["sentence"]
        if sentence is None or (_REASONED.match(sentence) and not _SHORTENED.search(value[: sign.start()])):
            return value[: sign.start()], next(group for group in found.groups() if group is not None)
    return value, ""


def _surest(labelled: list[_Labelled]) -> str | None:
    """Return the value of the surest label, if it is the last one and nothing speaks against it."""
    last = labelled[-1]
    if any(other.rank > last.rank or (other.rank == last.rank and other.value != last.value) for other in labelled):
        return None
    if len(last.value) > _LONGEST_ANSWER or not _only_reasons(last.explained) or not _only_explains(last):
        return None
    return last.value.removesuffix("。")


def _only_reasons(explained: str) -> bool:
    """Whether what stands behind an answer in its line doubts nothing and brings no other answer in."""
    return not _TAKEN_BACK.search(explained) and not _ANOTHER.search(explained)


def _only_explains(labelled: _Labelled) -> bool:
    """Whether what follows the line of an answer is a reason: headed as one, or sentences that bring in no other."""
    text = labelled.after
    if not text:
        return True
    if _TAKEN_BACK.search(text) or _BEGINS_ANEW.search(text) or _denies(text, labelled.value):
        return False
    if _REASON.match(text):
        return True
    # A line of few words may be another answer.
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    return all(len(line.split()) > 3 and _REASONED.match(line) for line in lines) and not _ANOTHER.search(text)


def _denies(text: str, value: str) -> bool:
    """Whether a text says that it is not this value: "it is no spam"."""
    wanted = re.escape(value.strip("*` "))
    pattern = rf"(?:\b(?:no|not|never|kein\w{{0,2}}|nicht|pas)|n['’]t)\s+(?:(?:an?|the|really)\s+)?{wanted}"
    return re.search(pattern, text, re.IGNORECASE) is not None


def _sentence(lines: list[str]) -> str | None:
    """Return the answer of a last sentence: "The capital is **Paris**.", "I would classify this as spam."."""
    line = lines[-1].strip()
    if len(line) > _LONGEST_LINE:
        return None
    sentence = _SENTENCE.split(line)[-1] if "." in line or "。" in line else line
    classified = _CLASSIFIED.fullmatch(sentence) if " as " in sentence else None
    if classified is not None:
        value = classified["value"]
        return None if _ANOTHER.search(value) else value
    emphasized = _EMPHASIZED.fullmatch(sentence) if sum(other.count("**") for other in lines) == 2 else None
    if emphasized is not None:
        return None if _NOT_ITS_OWN.search(emphasized["before"]) else emphasized["value"]
    stated = _STATED.fullmatch(sentence) if len(lines) == 1 and sentence == line else None
    if stated is None or _NOT_ITS_OWN.search(line) or _ANOTHER.search(line) or len(_COPULA.findall(line)) > 1:
        return None
    return stated["value"]


def _explained_below(lines: list[str]) -> str | None:
    """Return the first line of a reply that goes on, after a blank line, with what is headed as a reason."""
    value = lines[0].strip()
    if len(lines) < 2 or not 0 < len(value) <= _LONGEST_ANSWER:
        return None
    rest = _text(lines[1:])
    if not _REASON.match(rest) or _TAKEN_BACK.search(rest) or _BEGINS_ANEW.search(rest) or _denies(rest, value):
        return None
    return value


def _explained_beside(line: str) -> str | None:
    """Return the few words that begin a line and are explained in it: "spam (it asks for a password)"."""
    if len(line) > _LONGEST_LINE:
        return None
    value, explained = _unexplained(line)
    return value if explained and len(value.split()) <= _MOST_WORDS and _only_reasons(explained) else None

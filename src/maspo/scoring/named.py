"""The answer that a reply names: behind a label ("Category: refund"), as a sentence, alone in JSON. Pure.

Only what the reply clearly ends in or labels is read. Where it is denied, doubted, taken back or one of two, nothing
is: such a reply is then compared as it stands.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from maspo.core.late import late
from maspo.scoring.closing import without_closing
from maspo.scoring.corrections import begins_to_correct, corrected
from maspo.scoring.doubts import begins_anew, brings_another, denies, is_not_its_own, takes_back
from maspo.scoring.json_values import objects_of
from maspo.scoring.readable import last_found, tail
from maspo.scoring.stated import NO_WISH, SENTENCE, stated_answer, without_contrast, yes_or_no
from maspo.scoring.wrappers import without_wrappers

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
    r"(?:i\s+(?:think|believe|am\s+(?:confident|sure|certain))(?:\s+that)?\s+)?"
    r"(?:(?:the|my|our|its|die|das|la|le|el|mi|ma|meine)\s+|我的)?"
    r"(?:(?P<final>final|endgültige|finale|最终|最終)的?な?\s*)?"
    r"(?:(?:correct|right|best|predicted|overall|chosen|assigned|primary|main|top|richtige|korrekte|bonne|正确|正しい)的?\s*)?"
)
_AFTER = (
    r"(?:\s+(?P<last>final|finale)|\s+(?:detected|found|identified|assigned|predicted|name)|\s+(?:correcta|correcte|exacte|corretta)"
    r"|\s+(?:of|for|to)\s+(?:this|the|your)\s+(?!(?:first|second|other|last|latter|former|half|rest)\b)\w+)?"
)
_NAME = rf"(?:{_BEFORE}(?:(?P<answer>{_ANSWERS})|{_LABELS}){_AFTER}|(?P<alone>final))"
_MARKS = r"[\s*_#>•`-]{0,12}"
_NAMED = late(
    rf"(?P<head>{_MARKS}){_NAME}(?P<end>[*_`]{{0,3}})(?:\s{{0,3}}(?:[:：=→⇒]|[-=]>|\s[–—-]\s)"
    rf"|\s{{1,3}}(?:is|are|(?:should|must|has\s+to)\s+be{NO_WISH}|seems|appears\s+to\s+be|ist|lautet|est|es|é|è)(?=[\s:])\s{{0,3}}:?|(?:是|为|為|は)[:：]?)(?P<value>.*)",
    re.IGNORECASE,
)
"""A label, what stands between, and what is labelled."""
_HEADING = late(rf"(?:[\s>]{{0,8}}#{{1,6}}\s*\*{{0,2}}|\s*\*\*){_NAME}\s?[:：]?\*{{0,2}}[:：]?\s*", re.IGNORECASE)
_HEADING_AND_COLON = late(rf"{_MARKS}{_NAME}[*_`]{{0,3}}\s?[:：][*_`]{{0,3}}\s*", re.IGNORECASE)
_POLITE = late(r"(?<=\S)(?:です|でございます|になります)[。.]?\Z")
_EXPLAINED = late(
    r"(?:\s+\((?=[^()]*\s[^()]*\s)(?P<aside>[^()]*)\)\.?|\s+[–—-]\s+(?=\S+\s+\S+\s)(?P<dash>.*)"
    r"|,?\s+(?:because|since|weil|denn|parce que|car|porque)\s+(?P<why>.*)|\.\s+(?P<sentence>\S+\s+\S.*)"
    r"|。(?P<signs>.{4,}))\Z"
)
"""What explains an answer in its own line: an aside of three words and more, a reason, another sentence."""
_REASON = late(
    rf"{_MARKS}(?:explanation|reason(?:ing)?|rationale|justification|why|because|evidence|confidence|score|intensity"
    r"|probability|certainty|strength|subcategory|note"
    r"|begründung|erklärung|konfidenz|explication|raison|justificación|explicación|razón|解释|解釋|理由|原因|説明|根拠)"
    r"\b[*_]{0,3}\s?[:：]",
    re.IGNORECASE,
)
_INTRODUCED = late(
    r"(?i)(?:sure|of course|certainly|absolutely|okay|ok|got it|(?:great|good) question|no problem|happy to help"
    r"|thanks[^.!\n]{0,30})(?: thing)?[.!,]\s+(?=\S)"
    r"(?:happy to help\W{1,5})?(?:here (?:you go|it is|you are|we go)\s?[:.!]\s*)?"
    r"|here (?:you go|it is|you are)\s?[:.!]\s*"
)
"""What a polite reply says before it begins."""
_ASKED = late(r"(?i)(?:q|question)\s?\d{0,2}\s?[:.][^\n]+\n\s{0,3}(?:a|answer)\s?\d{0,2}\s?[:.]\s{0,3}(?=\S)")
"""The question told again, before the answer."""
_BEGINS_INTRODUCTIONS = frozenset("sScCoOaAgGnNhHtT")
_CORRECTED = late(
    r"(?i)(?:^|[.!?\n*]\s{0,3})\*{0,2}(?:correction|corrected answer|edit)\*{0,2}\s?:\*{0,2}\s{0,3}(?=\S)"
)
"""Behind it, a reply says again what it has said wrong."""
_UNDER = late(
    rf"(?:[^\w\n]{{0,2}}\s)?{_MARKS}(?P<key>[^\W\d_][\w'’()/&]*(?:[ _-][\w'’()/&]+){{0,4}}?)\s?[*_`]{{0,3}}\s?"
    r"(?:[:：→⇒]|=>|->|=(?=\s))[*_`]{0,3}\s{0,4}(?P<value>\S.*)"
)
"""A line that gives something under a name of one to five words."""
_NO_NAME = late(
    r"\b(?:note|notes|hint|tip|warning|error|context|thought|thinking|reason\w*|rationale|explanation|justification|because"
    r"|evidence|analysis|confidence|probability|step|input|task|instruction\w*|prompt|document|sentence [a-z\d]|option"
    r"|choice|draft|attempt|guess|suggestion|candidate\w*|distractor|trap|before|versus|options|choices|candidates|pros|cons"
    r"|observation|user|assistant|system|todo|disclaimer|source|plan|idea|check|given|known|unknown|if|when|while|because"
    r"|agent|votes?|round|person \w|player|speaker|example|sample|case|fact|premise|hypothesis|background|summary of)\b"
)
"""Names, in lower case, under which no answer stands."""
_OF_ANSWERS = late(rf"(?i)(?<![^\W_])(?:{_ANSWERS}|{_LABELS})(?![^\W_])")
_BULLET = late(r"\A(?:[-*•–—→⇒=]|\d{1,2}[.)])\s+(?=\S)")
_DECORATION = late(
    r"(?![⚠⛔🚫🤔👎🤷])[\s\ufe0f\u200d\u2600-\u26ff\u2705\u2713\u2714\u2728\u2764\u2b50\U0001f000-\U0001faff]"
)
"""Signs of joy, flags and ticks behind an answer; none that says no or wonders."""
_REASONED = late(
    r"(?:the|this|that|there|they|he|she|because|since|der|die|das|weil|le|la|les|el|los|it(?!['’]s|\s+is))\b", re.I
)
"""How an explanation begins that follows an answer without a label."""
_SHORTENED = late(r"\b(?:Mr|Mrs|Ms|Dr|St|Prof|[A-Z])\Z")
"""Words whose full stop ends no sentence."""
_MOST_WORDS = 3
"""Words of an answer without a label that is explained in the same line."""
_SINGLE_QUOTED = late(r"\{\s?'([\w ]{1,40})'\s?:\s?'([^'{}\n]{1,200})'\s?\}")
"""An object of one field as Python writes it."""
_ENTRY = late(r"(?P<indent> *)(?:(?P<item>-) *.*|(?P<key>[A-Za-z][\w -]{0,40}): *(?P<value>[^\s|>].*?)? *)")
"""A line of YAML: a key, or an item of a list."""
_DEEPEST = 1_000
"""Of a line's indent, more than any has."""
_LABEL_KEYS = frozenset(
    {"label", "category", "class", "classification", "sentiment", "intent", "emotion", "topic", "verdict", "decision"}
    | {"predictedlabel", "predictedclass", "predictedcategory"}
)
_NO_KEYS_WORDS = (
    r"(?i)not|confidence|score|prob|wrong|incorrect|error|reason|explanation|exclud|reject|alternative|input|question"
    r"|example"
)
_NO_KEYS = late(_NO_KEYS_WORDS)
_REASON_KEYS = late(
    rf"{_NO_KEYS_WORDS}|rationale|justif|why|comment|think|thought|analysis|evidence|source|steps?$|working"
)
"""Beside another key also these; alone, or around a label, they may be what was asked for."""


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
    whole, text = text, without_wrappers(text)
    if "{" in text or text.startswith("["):
        found = _only_value(text)
        if found is not None:
            return found
    if "\n " in text and (found := _of_outline(text)) is not None:
        return found
    body = without_closing(text)
    closing = text[len(body) :]
    if not body or takes_back(closing):
        return None
    body = _without_preamble(body if body.isascii() else _undecorated(body) or body)
    lines = body.split("\n")[-_MOST_LINES:]
    labelled = list(_labelled(lines))
    if labelled:
        return _surest(labelled)
    said = (
        _corrected(lines[-1])
        or yes_or_no(body)
        or _under_any_name(lines)
        or stated_answer(lines)
        or _explained_below(lines)
    )
    if said is not None or len(lines) > 1:
        return said
    said = _explained_beside(body)
    # What is left of a reply is its answer, where only what is said around answers was taken off.
    body = without_contrast(body)
    is_left = body != whole and len(body) <= _LONGEST_ANSWER and "." not in body[:-1] and not takes_back(body)
    return body if said is None and is_left else said


def _corrected(line: str) -> str | None:
    """Return the short answer that takes the place of another one in a last line: "It's Porto... no, Lisbon"."""
    said = corrected(line)
    if said is None:
        return None
    plain = stated_answer([said])
    if plain is not None:
        return plain
    doubted = is_not_its_own(said) or brings_another(said) or takes_back(said)
    return None if doubted or len(said.split()) > 2 * _MOST_WORDS else said.rstrip(".!")


def _without_preamble(body: str) -> str:
    """Return a reply without a bullet, polite words before it, and what a correction takes the place of."""
    introduced = _INTRODUCED.match(body) if body[0] in _BEGINS_INTRODUCTIONS else None
    if introduced is not None:
        body = body[introduced.end() :]
    corrected = last_found(_CORRECTED, body) if ":" in body else None
    if corrected is not None and "\n" not in body[corrected.end() :]:
        return body[corrected.end() :]
    asked = _ASKED.match(body) if body[0] in "Qq" else None
    if asked is not None:
        return body[asked.end() :]
    return _BULLET.sub("", body, count=1) if "\n" not in body else body


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
    text = without_closing(text)
    begin, end = text.find("{"), text.rfind("}")
    before, after = text[:begin].rstrip("` \n").removesuffix("```json"), text[end + 1 :]
    if is_not_its_own(before[-_LONGEST_LINE:]) or takes_back(after) or brings_another(after):
        return None
    objects = list(objects_of(text))
    if len(objects) != 1 or not isinstance(objects[0], dict):
        return None
    fields = objects[0]
    if len(fields) == 1 and not any(isinstance(value, dict) for value in fields.values()):
        ((key, value),) = fields.items()
        return None if _NO_KEYS.search(key) else _scalar(value)
    labels = list(_labels_in(fields)) or [value for key, value in fields.items() if not _REASON_KEYS.search(key)]
    return _scalar(labels[0]) if len(labels) == 1 else None


def _labels_in(fields: dict[str, object]) -> Iterator[object]:
    """Yield what stands under the keys of labels in an object and the objects within it."""
    for key, value in fields.items():
        if _NO_KEYS.search(key):
            continue
        if isinstance(value, dict):
            yield from _labels_in(value)
        elif _key(key) in _LABEL_KEYS:
            yield value


def _of_outline(text: str) -> str | None:
    """Return the value of the only label in a reply that is nested YAML and nothing else."""
    lines = [line for line in text.split("\n")[:_MOST_LINES] if line.strip()]
    entries = [_ENTRY.fullmatch(line) for line in lines if len(line) <= _LONGEST_LINE]
    if len(entries) < len(lines):
        return None
    labels: list[str] = []
    left_out = _DEEPEST
    for entry in entries:
        if entry is None:
            return None
        indent = len(entry["indent"])
        if indent > left_out or entry["item"]:
            continue  # It belongs to what gives a reason, or is one of several.
        left_out = indent if _REASON_KEYS.search(entry["key"]) else _DEEPEST
        if left_out == _DEEPEST and _key(entry["key"]) in _LABEL_KEYS and entry["value"]:
            labels.append(entry["value"].strip("\"'"))
    return labels[0] if len(labels) == 1 else None


def _key(name: str) -> str:
    """Return a key without case and signs."""
    return "".join(filter(str.isalnum, name)).lower()


def _labelled(lines: list[str]) -> Iterator[_Labelled]:
    """Yield what the lines label, in their order; of the last line also its last sentence."""
    for place, line in enumerate(lines):
        if not line or len(line) > _LONGEST_LINE:
            continue
        named = _NAMED.fullmatch(line)
        if named is None and place == len(lines) - 1 and ("." in line or "。" in line or ";" in line):
            named = _NAMED.fullmatch(SENTENCE.split(line)[-1])
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


def _undecorated(text: str) -> str:
    """Return a text without the decoration behind it; a pattern would begin anew at each of many signs."""
    end = len(text)
    while end and _DECORATION.match(text, end - 1):
        end -= 1
    return text[:end]


def _value(found: re.Match[str]) -> str:
    """Return what is labelled, without the half of an emphasis that began before the label."""
    value = found["value"].strip()
    if not value.isascii():
        value = _undecorated(value)
    if "**" in found["head"] and "**" not in found["end"]:
        value = value[2:].strip() if value.startswith("**") else value.removesuffix(".").removesuffix("**").strip()
    value = without_contrast(_POLITE.sub("", value))
    return corrected(value) or value


def _unexplained(value: str) -> tuple[str, str]:
    """Return a value without what explains it in its line, and that."""
    # The shortest value is found by going from sign to sign, since a lazy search is quadratic.
    for sign in re.finditer(r"[\s.。,]", value):
        found = _EXPLAINED.match(value, sign.start())
        if found is None or not sign.start():
            continue
        sentence = found["sentence"]
        if (
            sentence is None
            or _REASON.match(sentence)
            or (_REASONED.match(sentence) and not _SHORTENED.search(value[: sign.start()]))
        ):
            return value[: sign.start()], next(group for group in found.groups() if group is not None)
    return value, ""


def _under_any_name(lines: list[str]) -> str | None:
    """Return what stands in the only line that gives something under a name, whichever: "Capital: Rome"."""
    found = [
        (place, under)
        for place, line in enumerate(lines)
        if ":" in line or "=" in line or not line.isascii()
        if len(line) <= _LONGEST_LINE and (under := _UNDER.fullmatch(line)) is not None
    ]
    if len(found) != 1:
        return None
    place, under = found[0]
    key = under["key"].lower()
    if is_not_its_own(key) or _NO_NAME.search(key) or _OF_ANSWERS.search(key):
        return None
    before, after = lines[:place], _text(lines[place + 1 :])
    if (before and after) or any(line.lstrip().startswith(("-", "*", "1.")) for line in before):
        return None
    value, explained = _unexplained(_undecorated(under["value"]))
    return _surest([_Labelled(0, value, explained, after)])


def _surest(labelled: list[_Labelled]) -> str | None:
    """Return the value of the surest label, if it is the last one and nothing speaks against it."""
    last = labelled[-1]
    labelled = [other for other in labelled if other is last or not _is_corrected(other, last)]
    if any(other.rank > last.rank or (other.rank == last.rank and other.value != last.value) for other in labelled):
        return None
    if len(last.value) > _LONGEST_ANSWER or not _only_reasons(last.explained) or not _only_explains(last):
        return None
    return last.value.removesuffix("。")


def _is_corrected(one: _Labelled, last: _Labelled) -> bool:
    """Whether what stands between a labelled value and the last one takes the first back."""
    between = one.after.rpartition(last.value)[0]
    return begins_to_correct(between) and one.rank <= last.rank


def _only_reasons(explained: str) -> bool:
    """Whether what stands behind an answer in its line doubts nothing and brings no other answer in."""
    return not takes_back(explained) and (_REASON.match(explained) is not None or not brings_another(explained))


def _only_explains(labelled: _Labelled) -> bool:
    """Whether what follows the line of an answer is a reason: headed as one, or sentences that bring in no other."""
    text = labelled.after
    if not text:
        return True
    if takes_back(text) or begins_anew(text) or denies(text, labelled.value):
        return False
    if _REASON.match(text) or _only_attributes(text):
        return True
    # A line of few words may be another answer.
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    return all(len(line.split()) > 3 and _REASONED.match(line) for line in lines) and not brings_another(text)


def _only_attributes(text: str) -> bool:
    """Whether each line of a text gives something else under a name of its own: "Slots: order_id=4711"."""
    found = [_UNDER.fullmatch(line) for line in text.split("\n") if line.strip()]
    return all(under is not None and _is_another_thing(under["key"]) for under in found)


def _is_another_thing(name: str) -> bool:
    if name.lower().startswith("secondary"):
        return True
    return not (is_not_its_own(name) or brings_another(name) or takes_back(name) or _OF_ANSWERS.search(name))


def _explained_below(lines: list[str]) -> str | None:
    """Return the first line of a reply that goes on, after a blank line, with what is headed as a reason."""
    value = lines[0].strip()
    if len(lines) < 2 or not 0 < len(value) <= _LONGEST_ANSWER:
        return None
    rest = _text(lines[1:])
    few = len(value.split()) <= _MOST_WORDS and (value.endswith(".") or not (lines[1].strip() or value[-1] in ":?,"))
    if few and _only_explains(_Labelled(0, value.removesuffix("."), "", rest)):
        return value
    if not _REASON.match(rest) or takes_back(rest) or begins_anew(rest) or denies(rest, value):
        return None
    return value


def _explained_beside(line: str) -> str | None:
    """Return the few words that begin a line and are explained in it: "spam (it asks for a password)"."""
    if len(line) > _LONGEST_LINE:
        return None
    value, explained = _unexplained(line)
    return value if explained and len(value.split()) <= _MOST_WORDS and _only_reasons(explained) else None

"""What models say after their answer: offers of help, wishes, notes, ends of proofs. Pure."""

from __future__ import annotations

import re

from maspo.core.late import late

_CLOSING = late(
    r"""[^\w\n$\\]{0,12}(?:
    (?:please\s+)?let\s+me\s+know|would\s+you\s+like|(?:anything|what)\s+else|need\s+(?:more|any|help)|do\s+you\s+(?:want|need|have)|want\s+(?:me|to)|shall\s+i|should\s+i
    |(?:please\s+)?feel\s+free|(?:i\s+)?hope\s+(?:this|that|it|you)|if\s+you(?:['’](?:d|re)|\s+(?:have|need|want|would|are|like|meant?|prefer|wish|intended))
    |is\s+there\s+anything|any\s+(?:other\s+)?questions|good\s+luck|happy\s+\w+|have\s+a\s+(?:nice|great|good)|thank
    |you(?:['’]re|\s+are)\s+welcome|does\s+(?:this|that)\s+(?:help|make\s+sense)|cheers|best\s+(?:regards|wishes|of\s+luck)
    |(?:just\s+)?ask\s+(?:away|me|if|for|again)|don['’]t\s+hesitate|reach\s+out
    |i(?:['’]m|\s+am)\s+(?:here|happy|glad|available)|enjoy|keep\s+up|(?:this|that)\s+(?:concludes|completes|answers)
    |(?:\w+\s+)?(?:note|disclaimer|remark|nb|n\.b\.|p\.s\.|ps|source|sources|reference|references|confidence|tip|caveat)\b\s*(?:level\s*)?[*_]*\s*[:=]
    |(?:quick\s+|sanity\s+|double\s+)?(?:(?:let(?:['’]s|\s+me|\s+us)\s+)?(?:double[- ])?(?:check|verify)(?:ing)?
    |verification|verifying|probe|vérification)\b[*_]*\s*:
    |(?:great|good|nice|fun|interesting|lovely)\s+(?:problem|question|puzzle|job|work)\b
    |end\s+of\s+\w+|qed|q\.e\.d|done\b|for\s+(?:more|further)\s+(?:details|information|help)
    )""",
    re.VERBOSE,
)
"""How a line in lower case begins that is spoken to the reader and holds no answer."""
_RULE = late(r"[\s*_=~-]{2,}|[^\w$\\(\[{√∞∅%)\]}|?？]{1,20}")
"""A line without any word, number or formula: a rule, a tick, a sign of joy, the square that ends a proof."""
_OPTION = late(r"(?<![A-Za-z0-9])[A-J](?![A-Za-z0-9'’])(?!(?<=[AI])\s+[a-z])|\\|\$")
_END_OF_PROOF = late(r"\s*(?:\$?\\(?:blacksquare|square|qed|Box)\$?|[∎■□◻✅✓✔☑🎉🙂😊👍]|\bQ\.?E\.?D\.?)$")
_LONGEST_MARK = 20
"""Characters of the longest sign that ends a proof, with dollars and space around it."""
_SENTENCE = late(r"(?<=[.!?])\s+(?=(?:[^\w\s$\\]{1,3}\s)?[A-Z])")
_MOST_SENTENCES = 4
"""Sentences at the end of a last line that may only close a conversation."""
_LONGEST_LINE = 200
"""Characters of a line that are looked at: its begin says what it is."""
_BREAKS_OFF = late(
    r"(?<=[A-Za-z,;:)] )(?:the|an|of|and|or|because|which|we|their|its|our|into|(?<!ever )since"
    r"|(?<!than )(?<!like )that"
    r"|(?<!it )(?<!he )(?<!they )(?:is|are|was|were))\s*\Z"
    r"|(?<=\w )[=+*/×·÷−-]\s*\Z|\\frac\{[^{}]*\}\{[^{}]*\Z"
)
"""How a line ends that breaks off in the middle of a sentence or a formula: the reply was cut at its limit. Words that
sentences end with, too, tell nothing: "15 is what he is left with", "so 42 it is"."""
_EXPLAINS = late(
    r"(?<=[\w)}$%]),\s+(?:which\s+is|because|since)\b(?!.*(?:\b(?:not?|never|wrong|incorrect|false|impossible|invalid|too|more"
    r"|less|greater|smaller|contradict\w*|mistake\w*|cannot)\b|n['’]t\b))[^,;:.]*\Z"
)
"""A clause at the end of a line that explains what is stated before it."""
_DENIES = late(
    r"\b(?:not?|never|cannot|nor|neither|wrong|incorrect|false|fails?|unless|if|were|would|could)\b|n['’]t\b"
)
_LONGEST_BREAK = 40
"""Characters at the end of a line that say whether it breaks off."""
_MOST_LINES = 12
"""Lines of a closing that are taken off: longer ones are no closing."""


def breaks_off(line: str) -> bool:
    """Whether a line breaks off in the middle of a sentence, so that what it says so far is no conclusion."""
    return _BREAKS_OFF.search(line[-_LONGEST_BREAK:]) is not None


def before_a_break(line: str) -> str | None:
    """Return a line without an explanation that breaks off; None where what breaks off is the statement itself."""
    if not breaks_off(line):
        return line
    explained = _EXPLAINS.search(line)
    if explained is None or _DENIES.search(line, 0, explained.start()) is not None:
        return None
    return line[: explained.start()]


def without_closing(text: str) -> str:
    """Return a text without the lines at its end that only close a conversation, a list of notes or a proof."""
    text = text.rstrip()
    for _ in range(_MOST_LINES):
        text = _without_end_of_proof(text)
        before, _, line = text.rpartition("\n")
        if not (
            _is_asked(line, before)
            or _CLOSING.match(line[:_LONGEST_LINE].lower())
            or (line and _RULE.fullmatch(line[:_LONGEST_LINE]))
        ):
            break
        text = before.rstrip()
    return _without_closing_sentences(text)


def _without_closing_sentences(text: str) -> str:
    """Return a text whose last line does not end with sentences to the reader: "11. I hope this helps!"."""
    begin = text.rfind("\n") + 1
    if not text.endswith(("!", "?", ".")) or ("! " not in text[begin:] and ". " not in text[begin:]):
        return text
    places = [found.span() for found in _SENTENCE.finditer(text, max(begin, len(text) - 2 * _LONGEST_LINE))]
    for end, start in reversed(places[-_MOST_SENTENCES:]):
        if not _CLOSING.match(text[start:].lower()):
            break
        text = text[:end]
    return text


def _is_asked(line: str, before: str) -> bool:
    """Whether a last line, a paragraph of its own, asks the reader something and holds no value and no option."""
    return (
        line.endswith("?")
        and before.endswith("\n")
        and len(line) < _LONGEST_LINE
        and not any(map(str.isdigit, line))
        and _OPTION.search(line) is None
    )


def _without_end_of_proof(text: str) -> str:
    end = text[-_LONGEST_MARK:]
    if end.isascii() and "Q" not in end and "\\" not in end:
        return text
    proved = _END_OF_PROOF.search(text, max(0, len(text) - _LONGEST_MARK))
    return text[: proved.start()].rstrip() if proved is not None else text

"""The reply within an output: what speaks to its reader, in plain signs, up to where its turn ends. Pure.

Each stage names a habit of models or of the servers in front of them, and does nothing to a text without it.
"""

from __future__ import annotations

import re

from maspo.scoring.readable import (
    LONGEST_OUTPUT,
    answering,
    before_another_question,
    readings,
    tail,
    without_asides,
    without_thinking,
)

_TOKEN = re.compile(
    r"[<\[](?:(?<=<)(?:\|[\w/]{1,40}\|>|｜[^｜<>\n]{1,40}｜>|(?:start|end)_of_turn>|(?<![\"']<)(?:/?s|eos|bos"
    r"|pad)>(?![\"']))"
    r"|(?<=\[)(?:/?INST\]|(?<![\"']\[)(?:EOS|END)\](?![\"'])))"
)
"""The marks of chat templates, which a server that decodes carelessly leaves in the text. A program may name some."""
_SPEAKER = re.compile(r"\s*(assistant|model|user|human|system|tool)\b[ \t]*:?", re.IGNORECASE)
_SELF = re.compile(r"\A\s*(?:assistant|ASSISTANT|Assistant)[ \t]*:\s*")
"""What some models of a transcript write before their reply."""
_LONGEST_SELF = 24
_OURS = frozenset({"assistant", "model"})
_FINAL_CHANNEL = "<|channel|>final<|message|>"
"""Where a reply in the "harmony" template begins to speak to its reader."""
_INVISIBLE: dict[int, str | None] = {
    ord(sign): None for sign in "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u00ad\u2061\u2062\u2063\u202a\u202b\u202c"
}
_SPACES: dict[int, str | None] = {
    **dict.fromkeys([*range(0x2000, 0x200B), *map(ord, "\u00a0\u202f\u205f\u3000")], " "),
    **dict.fromkeys(map(ord, "\u2028\u2029\u0085"), "\n"),
}
_PLAIN = {**_SPACES, **_INVISIBLE}
_NOT_PLAIN = re.compile("[" + "".join(map(chr, _PLAIN)) + "]")
_STRUCK = re.compile(r"~~(?=\S)[^~\n]{1,200}~~")
"""What a model has written and struck out."""
_NOTE_MARK = re.compile(r"\[\^([\w-]{1,20})\]")
_NOTE = re.compile(r"\n {0,3}\[\^([\w-]{1,20})\]:[^\n]*")
"""The text of a footnote in Markdown."""
_MARK = re.compile(r"<(?!/?answer>)")
"""Where a mark of a template, a comment or an element may begin that is no answer's."""
_REQUEST = (
    r"(?:that|this|these|those|your|the|such)\s+(?:\w+\s+){0,2}?"
    r"(?:requests?|questions?|tasks?|topics?|quer(?:y|ies)|prompts?|conversation)"
)
_REFUSES = re.compile(
    r"\W*(?:(?:I['’]m\s+|I\s+am\s+)?(?:\w+\s+)?(?:sorry|unfortunately|apologi[sz]e)\W{1,3}(?:but\s+)?)?"
    r"(?:I|we)(?:\s+can(?:['’]t|not|\s+not)|(?:\s+am|\s+are|['’]m|['’]re)\s+(?:unable|not\s+able)\s+to|\s+won['’]t)\s+"
    rf"(?:\w+\s+){{0,2}}(?:(?:help|assist|comply)(?:\s+you)?(?:\s+(?:with|in|on)\s+(?:{_REQUEST}|that|this|it))?"
    rf"|(?:fulfill?|continue|discuss|engage\s+(?:in|with))\s+{_REQUEST})\s*(?:[.;!]|$)",
    re.IGNORECASE,
)
"""How a reply begins that refuses what it was asked for, whole; what it offers instead is no answer."""
_FIRST_WORDS = 60
"""Characters in which a refusal says that it is one."""
_BEGINS_ALOUD = frozenset("*_# \n\tTtRrAaCcSsMm")
"""How a reply begins that may think aloud under a heading: a fast look, which spares most replies a slow one."""
_ALL_THE_SAME = re.compile(
    r"\b(?:answers?|correct|but|however|still|nevertheless|anyway|that\s+said|so|thus|hence|therefore|boxed)\b|=|####",
    re.IGNORECASE,
)
"""What stands in a reply that refuses one thing and answers the question all the same."""
_LOST_STROKE = re.compile(
    r"[\b\f](?=(?:oxed|rac|inom|eta|igcup)\b)|\t(?=(?:ext|imes|frac|heta|riangle)\b)|\r(?=ight\b)"
)
_STROKES = {"\b": "\\b", "\f": "\\f", "\t": "\\t", "\r": "\\r"}
"""What JSON makes of the stroke of a command and its first letter: of one in "\\\\boxed"."""
_ENTITIES = {"&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'", "&nbsp;": " ", "&amp;": "&"}


def reply_of(output: str) -> str:
    """Return what an output says to its reader: no thinking, no marks of templates, no other speaker's turn."""
    first = output.find("<")
    marked = "[" in output or "◁" in output or (first >= 0 and _MARK.search(output, first) is not None)
    text = without_asides(without_thinking(_final_channel(output))) if marked else output[-LONGEST_OUTPUT:]
    if not text.isascii() and _NOT_PLAIN.search(text):
        text = text.translate(_PLAIN)
    if "\b" in text or "\f" in text or "\t" in text or "\right" in text:
        text = _LOST_STROKE.sub(lambda lost: _STROKES[lost[0]], text)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "&" in text and "&lt;" in text and "<" not in text:
        # The whole reply went through an escape for HTML.
        for entity, sign in _ENTITIES.items():
            text = text.replace(entity, sign)
        marked = True
    if "~" in text and "~~~" not in text:
        text = _STRUCK.sub("", text)
    text = _SELF.sub("", text, count=1) if ":" in text[:_LONGEST_SELF] else text
    if not marked:
        return text
    if "<!--" in text:
        text = _without_comments(text)
    if "[^" in text:
        text = _without_notes(text)
    return _own_turn(text)


def texts_of(reply: str) -> tuple[str, ...]:
    """Return what of a reply may hold its answer: what it says outside its thinking, then all; of a refusal nothing."""
    if _refuses(reply):
        return ()
    text = tail(reply)
    return readings(answering(text), text) if text[:1] in _BEGINS_ALOUD else (text,)


def parts_of(text: str) -> tuple[str, ...]:
    """Return where an answer is looked for, in this order: before a question that the model asks itself, in all."""
    own = before_another_question(text)
    return (own, text) if own != text else (text,)


def _refuses(reply: str) -> bool:
    """Whether a reply refuses, and says nothing after that."""
    begin = reply[:_FIRST_WORDS]
    if not ("can" in begin or "ble to" in begin or "won" in begin):
        return False
    refusal = _REFUSES.match(reply)
    return refusal is not None and not _ALL_THE_SAME.search(reply, refusal.end())


def _without_comments(text: str) -> str:
    """Return a text without the comments of HTML, which nobody sees who reads the page."""
    first, *others = text.split("<!--")
    parted = (other.partition("-->") for other in others)
    return first + "".join(seen if end else f"<!--{hidden}" for hidden, end, seen in parted)


def _without_notes(text: str) -> str:
    """Return a text without the footnotes of Markdown and the marks that point to them."""
    names = frozenset(_NOTE.findall(text))
    if not names:
        return text
    return _NOTE_MARK.sub(lambda mark: "" if mark[1] in names else mark[0], _NOTE.sub("", text))


def _final_channel(output: str) -> str:
    _, final, said = output.rpartition(_FINAL_CHANNEL)
    return said if final else output


def _own_turn(text: str) -> str:
    """Return a text up to the first mark that ends the turn; marks before anything is said are skipped."""
    if "<" not in text and "[" not in text:
        return text
    first = text.find("<")
    begin = 0
    for mark in _TOKEN.finditer(text, first if "[" not in text else 0):
        said = text[begin : mark.start()]
        speaker = _SPEAKER.fullmatch(said)
        if speaker is None and said.strip():
            return said
        begin = mark.end()
        speaker = _SPEAKER.match(text, begin)
        if speaker is not None and speaker[1].lower() in _OURS and _heads(text, speaker.end()):
            begin = speaker.end()
    return text[begin:]


def _heads(text: str, place: int) -> bool:
    """Whether the name of a speaker stands alone in its line, as a template writes it."""
    return place >= len(text) or text[place] in "\n<\r"

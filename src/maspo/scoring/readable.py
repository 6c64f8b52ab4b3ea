"""The part of an output that speaks to its reader: without hidden thinking, and no longer than anybody reads. Pure."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from maspo.core.late import late
from maspo.core.patterns import compiled

LONGEST_OUTPUT = 1_000_000
"""Characters; of a longer output only the end is looked at."""
LONGEST_TAIL = 50_000
_MARKUP = late(
    r"[\\*$`_\"“”‘’{}'](?:(?<=[*$`\"“”‘{}])|(?<=_)(?:(?![A-Za-z0-9])|(?<![A-Za-z0-9]_))"
    r"|(?<=\\)(?:[()\[\],;!$ ]|(?:text(?:bf|it|rm|sf|tt|up|sc|sl|normal)?|emph|bbox(?:\[[^\]]*\])?|checkmark|bfseries"
    r"|itshape|displaystyle|textstyle|scriptstyle|tiny|small|Huge|LARGE|operatorname|qquad|math(?:bf|rm|sf|tt|it|bb|cal)|bm|boldsymbol|mbox|boxed|fbox"
    r"|framebox(?:\[[^\]]*\])?|dbox|hbox|ensuremath|centerline|(?:text)?circled|underline|bf|rm|it|Large|large|huge|left|right|quad|therefore|color(?:\{\w+\}|\s\w+))(?![A-Za-z])|(?:colorbox|[hv]?phantom|[hv]space\*?|begin|end)\{[^{}]{0,20}\}|(?:sub)*section\*?\{(?:[Ff]inal\s)?(?:[Aa]nswer|[Ss]olution|[Rr]esult)\}|fcolorbox\{[^{}]{0,20}\}\{[^{}]{0,20}\})"
    r"|(?<=')(?=[A-J]')|(?<=['`][A-J]')|(?<=‘[A-J]’))"
)
"""A set of characters stands first, because only then is the search for it fast."""
_ARROW = late(r"\\(?:(?:L|l)ong)?(?:R|r)ightarrow(?![A-Za-z])|\\implies(?![A-Za-z])")
_FRACTION = late(r"\\[dt]?frac\{((?:[^{}]|\{[^{}]*\})*)\}\{((?:[^{}]|\{[^{}]*\})*)\}")
_TAG = late(r"</?([A-Za-z][\w-]{0,30})(?:\s+[\w-]+=(?:\"[^\"<>]*\"|'[^'<>]*'))*\s*/?>")
_ANOTHER_QUESTION = late(
    r"\n(?:[#*_\-\[> ]{0,8})(?:Next |New |Another |Follow-up )?(?:(?:Q|Question|Problem|Exercise|Human|User|USER"
    r"|Student|Instruction|Input|Task|Frage|Pregunta"
    r"|Вопрос|问题|問題|题目)[ #]{0,2}\d{0,3}(?:\*\*)?[\]>]?(?:[:：.)]|\*\*|(?<=User)\n|(?<=Human)\n|(?<=\d)\n)"
    r"|(?<=# )(?:Question|Problem|Exercise|Instruction)\b)"
)
"""How a model that was not told to stop goes on: with a question of its own, or as the person that it talks to."""
_LOOKALIKES = str.maketrans("АВСЕНΑΒΕΗΙ", "ABCEHABEHI")
"""Cyrillic and Greek capitals that look like options; a keyboard of that language writes them."""
_ALONE = late("(?<![^\\W_])[АВСЕНΑΒΕΗΙ](?![^\\W_])")
_STYLED = (
    range(0xFF01, 0xFF5F),
    range(0x1D400, 0x1D6A6),
    range(0x24B6, 0x24EA),
    range(0x249C, 0x24B6),
    range(0x1F110, 0x1F14A),
)
"""Wide, bold, circled and squared letters and signs."""
_WIDE = {place: unicodedata.normalize("NFKC", chr(place)) for places in _STYLED for place in places}
_WIDE |= {first + place: chr(ord("A") + place) for first in (0x1F150, 0x1F170) for place in range(26)}
"""White letters in black circles and squares have no plain form of their own."""
_WIDE |= dict.fromkeys(map(ord, "【〔［「『"), "[") | dict.fromkeys(map(ord, "】〕］」』"), "]")
_NOT_PLAIN = late(
    "[АВСЕНΑΒΕΗΙ【〔［「『】〕］」』"
    + "".join(f"{chr(styled.start)}-{chr(styled.stop - 1)}" for styled in _STYLED)
    + "\U0001f150-\U0001f189]"
)
_INLINE = frozenset({"a", "b", "code", "em", "font", "i", "mark", "span", "strong", "sub", "sup", "u"})
_FENCED = late(r"(?:```|~~~)[\w+-]*\n(.*)\n[^\S\n]*(?:```|~~~)", re.DOTALL)
_THOUGHT = late(
    r"[<\[◁](?:(/)|\|(?:begin|start|(end))_of_|)(?:seed:)?(?:think|thinking|thought|reasoning|scratchpad)(?:\|>|[>\]▷])",
    re.IGNORECASE,
)
"""Where a model begins and ends to think, in the ways of many templates."""
_ELEMENT = late(r"<([\w:.-]{1,60})>")
_CLOSE = late(r"</([\w:.-]{1,60})>")
_THINKS = late(
    r"think|thought|reason|reflect|analy[sz]|scratch|monolog|deliberat|brainstorm|cot(?![a-z])|rational|explan|calculat"
    r"|internal|(?<![a-z])(?:plan|show_?work|work|working|draft|notes?|steps|inner|check)(?![a-z])"
)
"""What the name of an element holds in which a model thinks, because its prompt or its template said so."""
_THINKS_ALOUD = late(
    r"\s*(?:[*_]{1,3}|\#{1,6}[ \t]+[*_]{0,3})?(?:my[ \t]+)?(?:(?:chain[ \t]+of[ \t]+)?(?:thinking|thoughts?)"
    r"(?:[ \t]+process)?|reasoning|analysis|scratchpad)"
    r"(?:[ \t]*[:：]?[*_]{1,3}[ \t]*[:：]?(?=\s)|[ \t]*[:：]|[ \t]*\n)",
    re.IGNORECASE,
)
"""How a reply begins that thinks aloud under a heading of its own."""
_ANSWERS = late(
    r"^[ \t]*(?:[*_]{1,3}|\#{1,6}[ \t]+[*_]{0,3})?(?:my[ \t]+)?(?:final[ \t]+)?(?:answer|response|reply)"
    r"(?:[ \t]*[:：]?[*_]{1,3}[ \t]*[:：]?(?=\s)|[ \t]*[:：]|[ \t]*\n)",
    re.IGNORECASE | re.MULTILINE,
)
"""The heading of what it says after that."""
_ASKED = late(r"<([A-Za-z][\w:.-]{0,60})>[^<>]{0,200}</\1>(?=\s?\?)|\\boxed\{[^{}]{0,200}\}(?=\$?\s?\?)")
"""A mark that a thought only asks about: "<answer>B</answer>? No."."""
_LEAST_THOUGHT = 2
"""Words of the shortest element that is no piece of data, such as the name of a plan."""
_LONGEST_DATA = 1000
"""Characters of such a piece, at most: of a longer element no words are counted."""


def without_thinking(output: str) -> str:
    """Return an output without its thinking blocks; what follows one that is never closed is thinking as well."""
    output = output[-LONGEST_OUTPUT:]
    first = output.find("<")
    if ("]" in output and "hink]" in output.lower()) or "◁" in output:
        first = 0
    elif first < 0:
        return output
    kept: list[str] = []
    begin = depth = 0
    for mark in _THOUGHT.finditer(output, first):
        if mark[1] or mark[2]:
            # A closing mark alone: some endpoints cut the opening one off.
            kept = kept if depth else []
            begin, depth = mark.end(), 0
        elif not depth:
            kept.append(output[begin : mark.start()])
            depth = 1
    if kept or begin:
        output = "".join(kept) if depth else "".join((*kept, output[begin:]))
    return output


def without_asides(output: str) -> str:
    """Return an output without the closed elements of other names in which it thinks; all of it if nothing is left."""
    first = output.find("<")
    if first < 0 or output.find("</", first) < 0:
        return output
    ends: dict[str, list[re.Match[str]]] = {}
    for close in reversed(list(_CLOSE.finditer(output, first))):
        ends.setdefault(close[1], []).append(close)
    kept: list[str] = []
    begin = 0
    for mark in _ELEMENT.finditer(output, first):
        if mark.start() < begin or not holds_thinking(mark[1]):
            continue
        own = ends.get(mark[1], [])
        while own and own[-1].start() < mark.end():
            own.pop()
        if own and _is_long(output, mark.end(), own[-1].start()):
            kept.append(output[begin : mark.start()])
            begin = own[-1].end()
    left = "".join((*kept, output[begin:])) if kept else output
    return left if left.strip() else output


def answering(text: str) -> str:
    """Return what a reply that thinks aloud says under the heading of its answer; all of any other reply."""
    if _THINKS_ALOUD.match(text) is None:
        return text
    heading = last_found(_ANSWERS, text)
    return text[heading.start() :].lstrip() if heading is not None and text[heading.end() :].strip() else text


def readings(said: str, text: str) -> tuple[str, ...]:
    """Return where an answer is looked for, in this order: in what a text says outside its thinking, then in all of it.

    Who marks an answer within the thinking alone means it, unless the mark is only asked about.
    """
    return (text,) if said == text else (said, _ASKED.sub("", text))


def _is_long(text: str, begin: int, end: int) -> bool:
    """Whether a part of a text has more words than a piece of data, such as the name of a plan."""
    return end - begin > _LONGEST_DATA or len(text[begin:end].split(None, _LEAST_THOUGHT)) >= _LEAST_THOUGHT


@lru_cache(maxsize=256)
def holds_thinking(name: str) -> bool:
    """Whether a model thinks within elements of this name."""
    return _THINKS.search(name.lower()) is not None


def last_found(pattern: str | re.Pattern[str], text: str) -> re.Match[str] | None:
    """Return the last match of a pattern, because answers stand at the end; None when there is none."""
    found = None
    for found in (compiled(pattern) if isinstance(pattern, str) else pattern).finditer(text):  # noqa: B007 - the last one is wanted
        pass
    return found


def tail(text: str) -> str:
    """Return the end of a text, where answers stand."""
    return text[-LONGEST_TAIL:]


def before_another_question(output: str) -> str:
    """Return an output up to where a model that was not told to stop goes on with a question of its own."""
    another = _ANOTHER_QUESTION.search(output) if "\n" in output else None
    return output[: another.start()] if another is not None else output


def last_line(text: str) -> str:
    """Return the last line that is not blank."""
    return text.rstrip().rpartition("\n")[2].strip()


def unmarked(text: str, instead: str = "") -> str:
    """Return a text without emphasis, quotes, dollar signs, braces and LaTeX for fonts and boxes; 1/2 for fractions."""
    if "arrow" in text or "implies" in text:
        text = _ARROW.sub("⇒", text)
    if "frac{" in text:
        text = _FRACTION.sub(_slashed, text)
    return _MARKUP.sub(instead, text)


def _slashed(fraction: re.Match[str]) -> str:
    return "/".join(part if part.isalnum() else f"({part})" for part in fraction.groups())


def plain_letters(text: str) -> str:
    """Return a text in whose letters alone none is wide, bold, circled or of a script that has look-alikes."""
    if text.isascii() or not _NOT_PLAIN.search(text):
        return text
    return _ALONE.sub(lambda letter: letter[0].translate(_LOOKALIKES), text.translate(_WIDE))


def untagged(text: str) -> str:
    """Return a text without HTML and XML tags; those that are no emphasis end a line."""
    if "</" not in text:
        return text
    return _TAG.sub(lambda tag: "" if tag[1].lower() in _INLINE else "\n", text).replace("&nbsp;", " ")


def unfenced(text: str) -> str:
    """Return a text without the code fence around all of it."""
    found = _FENCED.fullmatch(text.strip())
    return found[1].strip() if found is not None else text.strip()

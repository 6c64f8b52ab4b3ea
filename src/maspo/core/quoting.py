"""Tags around text of models: what is inside is data and cannot close or open one of our tags."""

from __future__ import annotations

import hashlib
import re
from itertools import accumulate

from maspo.core.control_tokens import defused, restored
from maspo.core.invisible import IGNORED
from maspo.core.late import late
from maspo.core.looks import folded, signs_like

_TAGS = frozenset(
    [
        *("output_1", "output_2", "verdict", "prompt", "current_prompt", "trace", "misaligned_trace", "count", "input"),
        *("read", "output", "output_before", "reader", "reader_before", "final_output", "final_output_before"),
        *("role", "team", "protected", "criteria", "tried_prompt", "instruction"),
    ]
)
_LESS = signs_like("<") + "\u300a\u226a\u27ea\u2991\u169c\u25c1\u25c0\U0001f780"
_GREATER = signs_like(">")
_SLASH = signs_like("/") + signs_like("\\")
"""The signs of a tag, and what looks like them."""
_GAP = rf"[\s\u2800{IGNORED}]*+"
_LONGEST = 64
"""Signs of what stands in a tag that are read for its name."""
# Possessive, and no sign of a tag is in a gap or a name: each character is looked at a few times, however the text goes
# on. No `&` either, so that what is escaped within a name never changes whose name it is.
_NAME = rf"(?={_GAP}[{re.escape(_SLASH)}]{{0,2}}+{_GAP}([^{re.escape(_LESS + _GREATER)}&\n]{{1,{_LONGEST}}}+))"
_ESCAPES = "|".join(["lt", *(f"#x{ord(sign):X}" for sign in _LESS[1:])])
_READ_AS_LESS = "|".join([_ESCAPES, *(f"#0*+{ord(sign)}|#x0*+{ord(sign):x}" for sign in _LESS)])
# An escape that stands in the text already is escaped once more, so that reading back is exact.
_ESCAPED = rf"(?=(?:amp;)*+(?:{_READ_AS_LESS});?+{_NAME})"
_OPENS = re.compile(rf"[{_LESS}]{_NAME}|&{_ESCAPED}", re.IGNORECASE)
_QUOTED = late(rf"&({_ESCAPES});{_NAME}|&amp;{_ESCAPED}", re.IGNORECASE)
SEAL = "<!-- {} -->"
SEAL_SAID = "\n\nA text in these tags ends only where its closing tag is followed by {}"
"""Constants, because the simulated world, which must not draw by them, looks for these words."""
IDS_SAID = "A text ends only where its closing tag is followed by <!-- --> with the id that is told where it begins."
"""The same in words that all requests share; ``told`` is how a part tells its id where its tags do not."""
_CLOSING = re.compile(rf"</(?:{'|'.join(sorted(_TAGS))})>")
_INVISIBLE = re.compile(rf"[{IGNORED}\x00-\x1f]++")
_NO_NAME = re.compile(r"[^a-z0-9]+")
_ENDS = re.compile(rf"^[\s!-/:-@\[-`{{-~{IGNORED}\x00-\x1f]+")
_ENDS_A_NAME = re.compile(r"[|!]")
"""Where they are no 1."""
_NO_LETTER = re.compile(r"\W")
"""Ends a name for who goes by `\\b`, also where it is left out of what is seen: control signs, marks, symbols."""
_SPACE = re.compile(r"^[^:\W]{1,16}:(?=\w)")
"""Of a name, before a colon."""
_READ_AS_LETTERS = str.maketrans("3457", "east")
_THINKING = "think|thinking|thought|reasoning"
_OPENED = re.compile(rf"(?:\s*+<({_THINKING})>(?:.*?</\1>|.*))+", re.IGNORECASE | re.DOTALL)
_FIRST = re.compile(rf"<(/?)(?:{_THINKING})>", re.IGNORECASE)


def quoted(text: str) -> str:
    """Return text in which no tag of ours can be opened or closed; everything else stays as it is.

    Signs and letters that only look like a tag of ours are escaped too, and control tokens of chat templates defused.
    """
    return _OPENS.sub(_escape, defused(text))


def unquoted(text: str) -> str:
    """Undo ``quoted``, for prompts that a model wrote back."""
    return restored(_QUOTED.sub(_unescape, text) if "&" in text else text)


def _names_our_tag(inside: str) -> bool:
    """Return whether what stands in a tag begins with a name of ours by its looks.

    What is invisible or no letter ends a name for some readers and for others does not: `<ver dict>`, `<output-1>`.
    """
    bare = _INVISIBLE.sub(" ", _ENDS.sub("", inside))
    return any(
        _squashed(start) in _SQUASHED
        for name in dict.fromkeys(
            (bare, _ENDS_A_NAME.sub(" ", bare), _SPACE.sub("", bare), _NO_LETTER.sub(" ", inside))
        )
        for start in accumulate(part for part in _NO_NAME.split(folded(name)) if part)
    )


def _squashed(name: str) -> str:
    """Return the letters of a folded name."""
    return _NO_NAME.sub("", name).translate(_READ_AS_LETTERS)


_SQUASHED = frozenset(_squashed(folded(tag)) for tag in _TAGS)


def _escape(match: re.Match[str]) -> str:
    if not _names_our_tag(match[1] or match[2]):
        return match[0]
    if match[0] == "&":
        return "&amp;"
    return "&lt;" if match[0] == "<" else f"&#x{ord(match[0]):X};"


def _unescape(match: re.Match[str]) -> str:
    if not _names_our_tag(match[2] or match[3]):
        return match[0]
    if match[1] is None:
        return "&"
    return "<" if match[1].lower() == "lt" else chr(int(match[1][2:], 16))


def tagged(tag: str, text: str, name: str = "", nonce: str = "") -> str:
    """Return text as data inside one tag; ``name`` and ``nonce`` become the attributes ``name`` and ``id``."""
    attributes = {"name": name, "id": nonce}
    safe = {attribute: quoted(value).replace('"', "&quot;") for attribute, value in attributes.items() if value}
    shown = "".join(f' {attribute}="{value}"' for attribute, value in safe.items())
    return f"<{tag}{shown}>\n{quoted(text)}\n</{tag}>"


def sealed(text: str, nonce: str, said: bool = True) -> str:
    """Return tagged texts with the nonce after each closing tag, and, when ``said``, what it is for.

    A closing tag without it ends nothing, however it was written past the escaping. The tags themselves stay as others
    read them: ``<output_1 id="…">…</output_1>``.
    """
    seal = SEAL.format(nonce)
    return _CLOSING.sub(rf"\g<0>{seal}", text) + (SEAL_SAID.format(seal) if said else "")


def say_id(nonce: str) -> str:
    """Return how a part of a request tells the id of its texts, where their tags do not (``IDS_SAID``)."""
    return f" (id {nonce})"


def nonce_of(seed: int, *texts: str) -> str:
    """Return 16 hex digits that name a question: a hash of these texts, keyed by the seed of the run.

    The same question gets the same name, so that its reply can be found again. A text of the question cannot hold the
    name: each of its characters, and those of all other texts, are in the hash.
    """
    keyed = hashlib.blake2b(digest_size=8, key=f"maspo question {seed}".encode()[:64])
    for text in texts:
        content = text.encode("utf-8", "surrogatepass")
        keyed.update(len(content).to_bytes(8, "big") + content)
    return keyed.hexdigest()


def without_thinking(reply: str) -> str:
    """Return a reply without the thinking that it begins with; nothing is left when the thinking never ended.

    Some endpoints drop the tag that opens the thinking: a closing tag that comes first ends it all the same.
    """
    first = _FIRST.search(reply)
    if first and first[1]:
        return reply[first.end() :]
    opened = _OPENED.match(reply)
    return reply[opened.end() :] if opened else reply


def shortened(text: str, most: int) -> str:
    """Return text of at most about ``most`` characters; the middle is left out, and that is said."""
    if len(text) <= most:
        return text
    half = most // 2
    return f"{text[:half]}\n[… {len(text) - 2 * half} characters left out …]\n{text[-half:]}"

"""Tags around text of models: what is inside is data and cannot close or open one of our tags."""

from __future__ import annotations

import hashlib
import re
import unicodedata

_TAGS = frozenset(
    [
        *("output_1", "output_2", "verdict", "prompt", "current_prompt", "trace", "misaligned_trace", "count", "input"),
        *("read", "output", "output_before", "reader", "reader_before", "final_output", "final_output_before"),
        *("role", "team", "protected", "criteria"),
    ]
)
_CYRILLIC = str.maketrans("асеіорѕцѵху", "aceiopsuvxy")
_LESS = "<＜﹤‹〈⟨\u2329˂ᐸ"
_SLASH = "/／∕⁄"
"""The signs of a tag, and what looks like them."""
_UNSEEN = r"\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff"
_GAP = rf"[\s{_UNSEEN}]*+"
# Possessive, and no sign of a tag is in a gap or a name: each character is looked at once, however the text goes on.
_NAME = rf"(?={_GAP}[{_SLASH}]?+{_GAP}([\w\u2460-\u24ff\uff3f{_UNSEEN}]++))"
_ESCAPES = "|".join(["lt", *(f"#x{ord(sign):X}" for sign in _LESS[1:])])
# An escape that stands in the text already is escaped once more, so that reading back is exact.
_OPENS = re.compile(rf"[{_LESS}]{_NAME}|&(?=(?:amp;)*+(?:{_ESCAPES});{_NAME})", re.IGNORECASE)
_QUOTED = re.compile(rf"&({_ESCAPES});{_NAME}|&amp;(?=(?:amp;)*+(?:{_ESCAPES});{_NAME})", re.IGNORECASE)
_INVISIBLE = re.compile(f"[{_UNSEEN}]")
_THINKING = "think|thinking|thought|reasoning"
_OPENED = re.compile(rf"(?:\s*+<({_THINKING})>(?:.*?</\1>|.*))+", re.IGNORECASE | re.DOTALL)
_FIRST = re.compile(rf"<(/?)(?:{_THINKING})>", re.IGNORECASE)


def quoted(text: str) -> str:
    """Return text in which no tag of ours can be opened or closed; everything else stays as it is.

    Signs and letters that only look like a tag of ours are escaped too.
    """
    return _OPENS.sub(_escape, text)


def unquoted(text: str) -> str:
    """Undo ``quoted``, for prompts that a model wrote back."""
    return _QUOTED.sub(_unescape, text)


def _names_our_tag(name: str) -> bool:
    """Return whether a name is one of ours in any look: full-width, mathematical, circled, Cyrillic, with gaps."""
    plain = unicodedata.normalize("NFKC", _INVISIBLE.sub("", name)).lower()
    return plain.translate(_CYRILLIC) in _TAGS


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

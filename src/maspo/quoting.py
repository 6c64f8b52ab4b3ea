"""Tags around text of models: what is inside is data and cannot close or open one of our tags."""

from __future__ import annotations

import re

_TAGS = (
    "output_1|output_2|verdict|prompt|current_prompt|trace|misaligned_trace|count|input|read|output|output_before|"
    "reader|reader_before|final_output|final_output_before|role|team|protected"
)
_NAME = rf"\s*/?\s*(?:{_TAGS})\b"
# An escape that stands in the text already is escaped once more, so that reading back is exact.
_OUR_TAG = re.compile(rf"<(?={_NAME})|&(?=(?:amp;)*lt;{_NAME})", re.IGNORECASE)
_QUOTED = re.compile(rf"&lt;(?={_NAME})|&amp;(?=(?:amp;)*lt;{_NAME})", re.IGNORECASE)
_THINKING = re.compile(r"\s*<(think|thinking)>(?:.*?</\1>|.*)", re.IGNORECASE | re.DOTALL)


def quoted(text: str) -> str:
    """Return text in which no tag of ours can be opened or closed; everything else stays as it is."""
    return _OUR_TAG.sub(lambda match: "&lt;" if match[0] == "<" else "&amp;", text)


def unquoted(text: str) -> str:
    """Undo ``quoted``, for prompts that a model wrote back."""
    return _QUOTED.sub(lambda match: "<" if match[0].lower() == "&lt;" else "&", text)


def tagged(tag: str, text: str, name: str = "") -> str:
    """Return text as data inside one tag; ``name`` becomes an attribute."""
    attribute = f' name="{quoted(name)}"' if name else ""
    return f"<{tag}{attribute}>\n{quoted(text)}\n</{tag}>"


def spoken(reply: str) -> str:
    """Return a reply without the thinking that it begins with; nothing is left when the thinking never ended."""
    thinking = _THINKING.match(reply)
    return reply[thinking.end() :] if thinking else reply


def shortened(text: str, most: int) -> str:
    """Return text of at most about ``most`` characters; the middle is left out, and that is said."""
    if len(text) <= most:
        return text
    half = most // 2
    return f"{text[:half]}\n[… {len(text) - 2 * half} characters left out …]\n{text[-half:]}"

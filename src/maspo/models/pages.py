"""What came instead of a chat completion: a web page, a text, nothing; said so that people see who answered."""

from __future__ import annotations

import html
import re

from maspo.core.excerpts import cut_end

_COMPRESSED = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd")
"""How gzip and zstd begin (RFC 1952, RFC 8878)."""
_READ = 10_000
"""Bytes of a body that are looked at: what it says stands at its beginning."""
_SHOWN = 120
"""Characters of a page's title or first words that are shown: those fit on two lines of a terminal."""
_PAGE = re.compile(r"<(?:!doctype\s{1,9}html|html|head|body|title)\b", re.IGNORECASE)
_BEGINNING = 2000
"""Characters within which a page says that it is one, after comments of those who made it."""
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_UNSEEN = re.compile(r"<(script|style|head)\b.*?(?:</\1\s*>|\Z)|<!--.*?(?:-->|\Z)|<[^<>]*>?", re.IGNORECASE | re.DOTALL)


def is_page(body: bytes) -> bool:
    """Say whether a body is a web page, whatever its headers say."""
    text = _decoded(body)
    return text.lstrip().startswith("<") and _PAGE.search(text, 0, _BEGINNING) is not None


def title_of(body: bytes) -> str:
    """Return the title of a web page, or its first words, on one printable line."""
    text = _decoded(body)
    title = _TITLE.search(text)
    return (
        _line(html.unescape(title[1])) if title and title[1].strip() else _line(html.unescape(_UNSEEN.sub(" ", text)))
    )


def described(body: bytes, kind: str = "") -> str:
    """Return what a body is, for people; ``kind`` is the type that its headers name."""
    text = _decoded(body)
    named = f", {_line(kind)}" if kind else ""
    if not text.strip("\x00 \t\r\n\ufeff"):
        return f"an empty body{named}"
    if body.startswith(_COMPRESSED):
        return f"compressed bytes whose headers do not say so (Content-Encoding){named}"
    if is_page(body):
        title = title_of(body)
        return f"a web page{f' “{title}”' if title else ''}{named}"
    return f"“{_line(text)}”{named}"


def _decoded(body: bytes) -> str:
    return body[:_READ].decode("utf-8", "replace").lstrip("\ufeff")


def _line(text: str) -> str:
    line = " ".join("".join(one if one.isprintable() else " " for one in text).split())
    return cut_end(line, _SHOWN)

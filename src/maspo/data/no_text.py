"""What rows of data sets hold beside text: images, sounds, files. An agent's prompt is text, so none of them fits in.

Written out as text, an image is a hundred thousand signs that no model can see anything in, and every call pays for.
Text about such things stays: a list of files, passages of documents, a question about bytes.
"""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Mapping

_OF_TEXT = ("data:text/", "data:application/json")
_URL = re.compile(r"\s*data:[^,\s]*;base64,[A-Za-z0-9+/=_%\r\n-]*\s*", re.IGNORECASE)
_DEEPEST = 6
"""Objects within objects: a message of a chat has its images four deep."""
_PARTS = {
    "image_url": "an image",
    "input_image": "an image",
    "input_audio": "a sound",
    "video_url": "a film",
    "input_file": "a file",
}
"""Types of the parts of a message that are no text, in the protocols of OpenAI and of gateways."""
_NAMED = {"image": "an image", "audio": "a sound", "video": "a film", "file": "a file", "document": "a file"}
"""Such types that are also what any other data may call a picture, a file or a passage: they need what is sent beside
(Anthropic's ``source``, OpenAI's ``file``, Hugging Face's ``image``, MCP's ``data``)."""
_BYTES = re.compile(r"\s*b(['\"]).*\1\s*", re.DOTALL)
_BEGINS = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"%PDF", b"RIFF", b"ID3", b"OggS", b"fLaC", b"PK\x03\x04")
"""Of PNG, JPEG, GIF, PDF, WAV and WebP, MP3, Ogg, FLAC, and what is packed as ZIP."""
_LONG = 512
"""Bytes that are no question about bytes, whatever they begin with."""


def find_other_than_text(text: str) -> str:
    """Return what a cell holds that is no text, in words for people; empty where all of it is."""
    if text[:80].lstrip()[:1] in ("[", "{") and ('"type"' in text or '"bytes"' in text):
        try:
            return _within(json.loads(text))
        except (ValueError, RecursionError):
            return ""
    return _written_out(text)


def _within(found: object, deep: int = 0) -> str:
    if isinstance(found, str):
        return _written_out(found)
    if deep > _DEEPEST or not isinstance(found, dict | list):
        return ""
    if isinstance(found, dict) and (what := _sent(found)):
        return what
    values = found.values() if isinstance(found, dict) else found
    return next((what for one in values if (what := _within(one, deep + 1))), "")


def _sent(part: Mapping[str, object]) -> str:
    """Return what a part of a message sends that is no text."""
    kind = part.get("type")
    if not isinstance(kind, str) or len(part) == 1:
        return ""
    own = part.get(kind)
    is_sent = isinstance(part.get("source"), dict) or isinstance(own, dict) or {"data", "mimeType"} <= part.keys()
    if is_sent or (kind not in ("file", "document") and isinstance(own, str)):
        return _NAMED.get(kind) or _PARTS.get(kind, "")
    return _PARTS.get(kind, "")


def _written_out(text: str) -> str:
    """Return what a text stands for that is written-out bytes, or an address that holds what it names."""
    if _URL.fullmatch(text):
        named = text.strip().lower()
        kind = named.removeprefix("data:").partition("/")[0]
        return "" if named.startswith(_OF_TEXT) else _NAMED.get(kind, "a file")
    if _BYTES.fullmatch(text):
        try:
            with warnings.catch_warnings(action="ignore"):  # of escapes that no bytes are written out with
                found = ast.literal_eval(text.strip())
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return ""
        is_file = isinstance(found, bytes) and (found.startswith(_BEGINS) or len(found) > _LONG)
        return "bytes, such as those of an image" if is_file else ""
    return ""

"""What rows of data sets hold beside text: images, sounds, files. An agent's prompt is text, so none of them fits in.

Written out as text, an image is a hundred thousand signs that no model can see anything in, and every call pays for.
"""

from __future__ import annotations

import json

_URL = "data:"
_OF_TEXT = ("data:text/", "data:application/json")
_DEEPEST = 6
"""Objects within objects: a message of a chat has its images four deep."""
_PARTS = {
    "image": "an image",
    "image_url": "an image",
    "input_image": "an image",
    "audio": "a sound",
    "input_audio": "a sound",
    "video": "a film",
    "video_url": "a film",
    "file": "a file",
    "input_file": "a file",
    "document": "a file",
}
"""Types of the parts of a message that are no text, in the protocols of OpenAI, Anthropic and Google's gateways."""
_KINDS = {"image": "an image", "audio": "a sound", "video": "a film"}
_BYTES = ("b'\\x", 'b"\\x', "b'%pdf", "b'gif8", "b'riff")
"""How bytes of a Parquet file begin as text: of PNG, JPEG, PDF, GIF, WAV."""


def find_other_than_text(text: str) -> str:
    """Return what a cell holds that is no text, in words for people; empty where all of it is."""
    begins = text[:80].lstrip().lower()
    if begins[:1] in ("[", "{") and ('"type"' in text or '"bytes"' in text):
        try:
            return _within(json.loads(text))
        except (ValueError, RecursionError):
            return ""
    return _of_begin(begins)


def _within(found: object, deep: int = 0) -> str:
    if isinstance(found, str):
        return _of_begin(found[:80].lower())
    if deep > _DEEPEST or not isinstance(found, dict | list):
        return ""
    if isinstance(found, dict) and len(found) > 1 and isinstance(kind := found.get("type"), str) and kind in _PARTS:
        return _PARTS[kind]
    values = found.values() if isinstance(found, dict) else found
    return next((what for one in values if (what := _within(one, deep + 1))), "")


def _of_begin(begins: str) -> str:
    """Return what a text stands for that is written-out bytes, or an address that holds what it names, by its begin."""
    if begins.startswith(_BYTES):
        return "bytes, such as those of an image"
    if not begins.startswith(_URL) or ";base64," not in begins or begins.startswith(_OF_TEXT):
        return ""
    return _KINDS.get(begins.removeprefix(_URL).partition("/")[0], "a file")

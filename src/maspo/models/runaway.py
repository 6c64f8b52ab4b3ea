"""Replies that grow far beyond their limit of tokens while they are read: seen in time, and ended as one that was cut.

Some endpoints do not keep to the limit that they are sent, and bill whatever the model writes.
"""

from __future__ import annotations

import json

from maspo.models.base import LONGEST_TOKEN
from maspo.models.replies import text_so_far

_LATER = 1.5
"""How much more must have come before a reply that was looked at and is within its limit is looked at again."""
_PIECES = 4
"""Pieces for each token of the limit at which a text is looked at, too: mostly a piece is a token, or several."""
_ENDED = {"choices": [{"index": 0, "delta": {}, "finish_reason": "length"}]}
_PIECE = b"data:"


class Runaway:
    """Watches one stream for its text to grow beyond a limit; thoughts do not count, some endpoints bill them apart."""

    def __init__(self, max_tokens: int) -> None:
        self._most = LONGEST_TOKEN * max_tokens
        self._look_at = self._most
        """Bytes, without what frames the pieces, at which the text is looked at."""
        self._pieces = 0
        self._look_at_pieces = _PIECES * max_tokens
        self._frame = 0
        """Bytes of the first piece, which frame an empty text or a short one."""

    def sees(self, chunk: bytes, raw: bytearray) -> bool:
        """Say whether the text of a stream is surely beyond the limit now that a chunk has come; ``raw`` holds it."""
        self._pieces += chunk.count(_PIECE)
        if len(raw) <= self._most:
            return False
        self._frame = self._frame or raw.find(_PIECE, raw.find(_PIECE) + 1)
        about = len(raw) - self._pieces * max(self._frame, 0)
        if about <= self._look_at and self._pieces <= self._look_at_pieces:
            return False
        self._look_at = round(max(self._look_at, _LATER * about))
        self._look_at_pieces = round(max(self._look_at_pieces, _LATER * self._pieces))
        return len(text_so_far(bytes(raw)).encode("utf-8", "surrogatepass")) > self._most


def ended(raw: bytes | bytearray) -> bytes:
    """Return a stream that was left in the middle as one whose reply ended at its limit."""
    whole = raw[: raw.rfind(b"\n") + 1]
    return bytes(whole) + _PIECE + json.dumps(_ENDED).encode() + b"\n\ndata: [DONE]\n\n"

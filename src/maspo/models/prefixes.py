"""Which server has read the beginning of a prompt: servers keep what they computed for it, and are faster with it.

vLLM, SGLang and llama.cpp reuse the work on the longest beginning that a prompt has in common with an earlier one
("prefix caching"). Which beginnings a server holds is not told, so it is remembered what was sent to it, as the
routers of SGLang and llm-d do.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

from maspo.models.base import Request

_CHARACTERS = 128
"""Of a block: some 32 tokens; servers reuse whole blocks of 16 tokens (vLLM) or single ones (SGLang)."""
_MOST = 16_384
"""Blocks that a server is taken to hold: some 500,000 tokens, about what 60 GB hold of a model of 8 billion parameters
(32 layers, 8 heads of 128 for keys and as many for values, two bytes each: 128 kB a token)."""


def blocks_of(request: Request) -> tuple[int, ...]:
    """Return what stands for each beginning of a prompt, block by block: equal numbers, equal beginnings.

    The numbers hold within this process. Offered tools are left out: they change with the model's role, as its
    prompt does.
    """
    text = "".join(f"\0{role}\0{said}" for role, said in request.prompt)
    found, before = [], hash(request.model)
    for begin in range(0, len(text), _CHARACTERS):
        before = hash((before, text[begin : begin + _CHARACTERS]))
        found.append(before)
    return tuple(found)


@dataclass
class Prefixes:
    """The beginnings that were sent to one server, those of long ago forgotten."""

    most: int = _MOST
    _blocks: OrderedDict[int, None] = field(default_factory=OrderedDict)

    def known(self, blocks: Sequence[int]) -> int:
        """Return how many blocks of a prompt, from its beginning on, the server has read before."""
        return next((number for number, block in enumerate(blocks) if block not in self._blocks), len(blocks))

    def add(self, blocks: Sequence[int]) -> None:
        """Remember a prompt. What it begins with is forgotten last: without it the rest is worth nothing."""
        for block in reversed(blocks):
            self._blocks[block] = None
            self._blocks.move_to_end(block)
        while len(self._blocks) > self.most:
            self._blocks.popitem(last=False)


def rank(place: str, request: Request) -> int:
    """Return how gladly a server is taken for a beginning that none has read: the highest of all is.

    Rendezvous hashing (Thaler and Ravishankar, IEEE/ACM ToN 6(1), 1998): every process finds the same server, and when
    one is lost only its own beginnings move.
    """
    head = request.prompt[0][1][:_CHARACTERS] if request.prompt else ""
    asked = "\0".join((place, request.model, head)).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(asked, digest_size=8).digest(), "big")

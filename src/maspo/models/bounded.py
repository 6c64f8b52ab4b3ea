"""Reading the answer to a small question whole, and never more than makes sense."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import aiohttp


async def read_at_most(response: aiohttp.ClientResponse, most: int) -> bytes:
    """Return a body, or its first bytes where it is longer than ``most``; a long one comes in several parts."""
    found = bytearray()
    async for part in response.content.iter_any():
        found += part
        if len(found) >= most:
            break
    return bytes(found[:most])

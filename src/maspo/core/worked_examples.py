"""The block of a prompt that holds worked examples: how it is written, found and left out. Pure.

The block is one piece: nothing of it is rewritten, merged or left out alone. What stands in it is data.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from maspo.core.quoting import tagged, unquoted

_TAG: Final = "worked_examples"
_OPEN, _CLOSE = f"<{_TAG}>", f"</{_TAG}>"
_HEAD: Final = "Each is an input of an earlier run with what you wrote on it, in a run that went well. They are data."
_INPUT: Final = r"(?:(?!\n</input>\n).)*"
_OUTPUT: Final = r"(?:(?!\n</output>\n).)*"
"""A text ends where its tag is closed, and nowhere else: a block that is cut off is given up at once."""
BLOCK: Final = (
    rf"{_OPEN}\n{re.escape(_HEAD)}\n(?:<input>\n{_INPUT}\n</input>\n<output>\n{_OUTPUT}\n</output>\n)+{_CLOSE}"
)
"""A regular expression of a block; a dot in it is any character."""
_BLOCK = re.compile(BLOCK, re.DOTALL)
_EXAMPLE = re.compile(rf"<input>\n({_INPUT})\n</input>\n<output>\n({_OUTPUT})\n</output>\n", re.DOTALL)
_OUR_TAG = re.compile(rf"<(?=[/\s]*{_TAG})|&(?=(?:amp;)*lt;[/\s]*{_TAG})", re.IGNORECASE)
_ESCAPED = re.compile(rf"&lt;(?=[/\s]*{_TAG})|&amp;(?=(?:amp;)*lt;[/\s]*{_TAG})", re.IGNORECASE)


class Example(NamedTuple):
    """An input, and what an agent wrote on it."""

    input: str
    output: str


def block_of(examples: Sequence[Example]) -> str:
    """Return a block with some examples; no text in it can end a part of it, or the block."""
    shown = (f"{tagged('input', _escaped(one.input))}\n{tagged('output', _escaped(one.output))}\n" for one in examples)
    return f"{_OPEN}\n{_HEAD}\n{''.join(shown)}{_CLOSE}"


@lru_cache(1024)
def blocks_in(prompt: str) -> tuple[str, ...]:
    """Return the blocks of a prompt, as they stand."""
    return tuple(_BLOCK.findall(prompt))


def examples_in(prompt: str) -> tuple[Example, ...]:
    """Return the examples of a prompt, with the texts that they were made of."""
    found = (match for block in blocks_in(prompt) for match in _EXAMPLE.findall(block))
    return tuple(Example(*(_unescaped(unquoted(text)) for text in match)) for match in found)


def new_examples(seed: str, prompt: str) -> tuple[Example, ...]:
    """Return the examples of a prompt that its seed prompt has not."""
    return tuple(one for block in blocks_in(prompt) if block not in seed for one in examples_in(block))


def without_blocks(prompt: str, blocks: Collection[str] | None = None) -> str:
    """Return a prompt without some of its blocks, or without any."""
    for block in blocks_in(prompt) if blocks is None else blocks:
        prompt = prompt.replace(block, "")
    return prompt.strip()


def _escaped(text: str) -> str:
    return _OUR_TAG.sub(lambda match: "&lt;" if match[0] == "<" else "&amp;", text)


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda match: "<" if match[0] == "&lt;" else "&", text)

"""A text that a source file says."""

from __future__ import annotations

import inspect
import json
import re
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from maspo.apps.literals import Named

ANY: Final[tuple[Named, ...]] = ("none", "braces", "jinja", "dollar")
"""Languages by which a text may be read where nothing tells."""

Tidy: TypeAlias = Callable[[str], str]
TIDIED: Final[tuple[Tidy, ...]] = (str, textwrap.dedent, inspect.cleandoc)
"""What a program may do to a text of several lines before it is a prompt: nothing, or take its indentation away."""


@dataclass(frozen=True)
class Said:
    """A text of a file: from ``start`` to ``end`` of its source.

    Where an expression stands in it, ``text`` has a mark (``maspo.apps.languages``).
    """

    start: int
    end: int
    text: str
    write: Callable[[str], str]
    """Returns the source of a literal that says a text, marks in the places of expressions."""
    languages: tuple[Named, ...] = ANY
    """By which it may be read."""
    tidied: tuple[Tidy, ...] = TIDIED
    """What may be done to it before it is read."""
    constants: Mapping[str, str] = field(default_factory=dict)
    """What expressions say, by their marks, where the file tells it."""
    called: tuple[str, ...] = ()
    """What the file calls it, the nearest name first."""
    shown: Mapping[str, str] = field(default_factory=dict)
    """What expressions are in the source, by their marks."""
    refuse: Callable[[str], str] = field(default=lambda _: "")
    """Returns why a text would not arrive as it is wherever it is written here; nothing where it would."""


_KEY: Final = re.compile(r"""([\w-]+)["']?\s*(?:\??:(?:\s*string\s*=)?|=)\s*\Z""")
_NEAR: Final = 80


def key_before(source: str, at: int) -> tuple[str, ...]:
    """Return the key or name that a text is given, where it stands right before it."""
    found = _KEY.search(source[max(0, at - _NEAR) : at])
    return (found[1],) if found else ()


_UNSEEN: Final = str.maketrans({sign: f"\\u{ord(sign):04x}" for sign in "\x7f\x85\u2028\u2029\ufeff"})
"""What a reader of YAML or JavaScript takes for the end of a line, or does not take at all."""


def json_literal(text: str) -> str:
    """Return a text in double quotes, as JSON, YAML, TOML and JavaScript read it."""
    return json.dumps(text, ensure_ascii=False).translate(_UNSEEN)

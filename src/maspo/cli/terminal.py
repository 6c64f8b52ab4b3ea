"""What the commands print: results to stdout, notes to stderr, foreign text always made harmless first."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from maspo.core.plain import Dumped, plain
from maspo.report.visible import visible

_NUMBER = re.compile(r"[-+−~≤ ]*\$?[\d,.]*( %)?|unknown")
"""A cell of a column of figures: counts, shares, money, p-values; an unknown one among them."""


def say(text: str = "") -> None:
    """Print a part of the result."""
    print(visible(text), flush=True)


def note(text: str) -> None:
    """Print progress or a remark: to stderr, so that scripts can read the result."""
    print(visible(text), file=sys.stderr, flush=True)


def note_damage(folder: Path, damage: str) -> None:
    """Say that a record is damaged, if it is, and what to do."""
    if damage:
        note(
            f"note: {folder}: the record is damaged ({damage}); shown is what is whole. "
            f"`maspo resume {folder}` mends it and goes on"
        )


def print_json(content: Dumped | Mapping[str, object]) -> None:
    """Print the machine's result as one line; it must be the last thing printed to stdout."""
    print(json.dumps(plain(content), ensure_ascii=True), flush=True)


def table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return rows as aligned columns; a column whose cells are all numbers is right-aligned."""
    cells = [[visible(cell).replace("\n", " ") for cell in row] for row in (headers, *rows)]
    columns = list(zip(*cells, strict=True))
    widths = [max(map(len, column)) for column in columns]
    numeric = [all(_NUMBER.fullmatch(cell) for cell in column[1:]) for column in columns]
    lines = []
    for row in cells:
        padded = [
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numeric, strict=True)
        ]
        lines.append("  ".join(padded).rstrip())
    return "\n".join(lines)


def lay_out(*rows: tuple[str, str], width: int = 10) -> str:
    """Return names and texts as two columns, the first ``width`` characters wide."""
    return "\n".join(f"{name:<{width}}{text}" for name, text in rows)

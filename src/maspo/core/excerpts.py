"""The beginning of a text on one line, for a message or a list."""

from __future__ import annotations


def cut_end(text: str, most: int) -> str:
    """Return at most so many characters of a text; where something is left out, the last one says so."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def on_one_line(text: str, most: int) -> str:
    """Return the beginning of a text with its white space made single blanks."""
    return cut_end(" ".join(text.split()), most)

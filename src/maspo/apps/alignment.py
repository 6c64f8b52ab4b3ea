"""What stood in the holes of a text when it arrived as a prompt, and the same holes in a new prompt. Pure.

A prompt holds ``{value}`` where it differed from input to input. A hole of the source may have stood for such a value,
for a value and words beside it that happened to be the same, or for words alone; and a value may cover several holes,
with the few words between them. A value at the end of a prompt may be what the program adds behind a text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise

from maspo.apps.languages import Hole, Piece
from maspo.apps.templates import FEWEST_FIXED

VALUE = re.compile(r"\{value\d*\}")
_BEHIND = re.compile(r"(?<!\s)\s*\{value\d*\}\Z")
"""A value at the end of a prompt, with the white space before it."""
_TOKEN = re.compile(r"(?:\{value\d*\}|\w+|[^\w\s])[^\S\n]*|\s")
"""A word with the blanks behind it, since blanks alone are too many to be compared with one another."""
_NAMELESS = re.compile(r"\{(?:[!:][^{}]*)?\}|%[^(%]*[a-zA-Z]")
"""A hole that says no name, such as ``{}`` or ``%s``."""
_NAME = re.compile(r"\{(?!%).*|<.*|\[.*|\$.*|%.*|__.*", re.DOTALL)
"""A hole that is a name of a template language: no expression of a program, and no block."""
_LONGEST_NAMED = 200
"""Characters of what a name stands for that is the same for all inputs, such as that of a company."""
_LARGE_SHARE = 0.5
"""Of the words of a prompt, that a text with holes must say: else it is a frame that many texts are put into."""


class CannotKeep(Exception):
    """What the app puts in a place cannot be kept in a new prompt; says what."""


@dataclass(frozen=True, slots=True)
class Filled:
    """Pieces of a source, from one hole to the same or another, and the words of the prompt in their place.

    No pieces: the program adds the words behind the text.
    """

    pieces: tuple[Piece, ...]
    words: str

    @property
    def source(self) -> str:
        """The holes, as they are written."""
        return " ".join(piece.source for piece in self.pieces if isinstance(piece, Hole))

    @property
    def is_nameless(self) -> bool:
        """Whether the source says of a hole only that it is one."""
        return any(isinstance(piece, Hole) and _NAMELESS.fullmatch(piece.source) for piece in self.pieces)

    @property
    def is_far_fetched(self) -> bool:
        """Whether a name would have stood for many words that never differed: the text says something else."""
        is_name = all(not isinstance(piece, Hole) or _NAME.fullmatch(piece.source) for piece in self.pieces)
        return is_name and not self.has_value and ("\n" in self.words or len(self.words) > _LONGEST_NAMED)

    @property
    def has_value(self) -> bool:
        """Whether a value of the prompt is among the words, which explains that there are holes."""
        return VALUE.search(self.words) is not None


def fill(pieces: Sequence[Piece], prompt: str) -> tuple[Filled, ...] | None:
    """Return what stood in each hole of a text; None where the text does not say the prompt.

    White space at the ends of both is left out of the comparison.
    """
    pieces, prompt = _stripped(pieces), prompt.strip()
    found, behind = _fill(pieces, prompt), _BEHIND.search(prompt)
    if found is not None or behind is None or behind.start() < FEWEST_FIXED:
        return found
    before = _fill(pieces, prompt[: behind.start()])
    return None if before is None else (*before, Filled((), behind[0]))


def _fill(pieces: Sequence[Piece], prompt: str) -> tuple[Filled, ...] | None:
    passages = [piece for piece in pieces if isinstance(piece, str)]
    if len(passages) == len(pieces):
        return () if "".join(passages) == prompt and prompt else None
    if sum(len(passage.strip()) for passage in passages) < FEWEST_FIXED:
        return None
    return _one_by_one(pieces, prompt) or _side_by_side(pieces, prompt)


def keep(filled: Sequence[Filled], new: str, constants: Mapping[str, str]) -> list[Piece]:
    """Return a new prompt in pieces: the holes where it says what stood in them, all else as it is.

    ``constants`` are the holes whose words stand elsewhere in the source, and what they say: these may be left out.

    Raises:
        CannotKeep: it does not say what the app puts there.

    """
    behind = next((one.words for one in filled if not one.pieces), "")
    if behind and (new.count(behind.strip()) != 1 or _behind(new) != behind):
        raise CannotKeep(
            f"the app adds {behind.strip()} behind the old prompt, and the new one has it elsewhere, or other white "
            "space before it; write it by hand"
        )
    pieces: list[Piece] = [new.removesuffix(behind)]
    filled = [one for one in filled if one.pieces]
    for one in sorted(filled, key=lambda one: -len(one.words)):
        found = list(_replaced(pieces, one, one.has_value))
        if found == pieces and not _is_constant(one, constants) and not _stands_there(pieces, one):
            words = " ".join(one.words.split())
            raise CannotKeep(
                f"the app puts {one.source} into the old prompt, where it said {words[:60]!r}, and the new prompt does "
                "not say that; write it by hand"
            )
        pieces = found
    left = {name for one in filled for name in VALUE.findall(one.words)}
    for piece in pieces:
        if isinstance(piece, str) and (broken := left.intersection(VALUE.findall(piece))):
            name = min(broken)
            words = next(one.words for one in filled if name in one.words)
            raise CannotKeep(
                f"the app puts {' '.join(words.split())[:60]!r} into the old prompt as one, and the new prompt has "
                f"{name} apart from the words beside it; write it by hand"
            )
    return pieces


def _behind(new: str) -> str:
    found = _BEHIND.search(new)
    return found[0] if found else ""


def check_order(filled: Sequence[Filled], new: str) -> None:
    """Refuse a new prompt in which values change places, where the source tells them apart by their order alone.

    Raises:
        CannotKeep: they do.

    """
    nameless = [one for one in filled if one.is_nameless]
    at = [new.find(one.words) for one in nameless]
    if nameless and (at != sorted(at) or any(new.count(one.words) != 1 for one in nameless)):
        raise CannotKeep(
            f"the app puts values in by their order ({nameless[0].source}), and the new prompt has another order; give "
            "them names in the source first, or write it by hand"
        )


def _is_constant(one: Filled, constants: Mapping[str, str]) -> bool:
    return all(not isinstance(piece, Hole) or piece.source in constants for piece in one.pieces)


def _stands_there(pieces: Sequence[Piece], one: Filled) -> bool:
    """Say whether the same was put in already, for another hole that says the same."""
    return any(piece in one.pieces for piece in pieces if isinstance(piece, Hole))


def _replaced(pieces: Sequence[Piece], one: Filled, many: bool) -> Iterator[Piece]:
    """Yield pieces with what stood in a hole replaced by that hole: everywhere, or where it stands first."""
    before, after = (r"(?<!\w)" if one.words[:1].isalnum() else "", r"(?!\w)" if one.words[-1:].isalnum() else "")
    pattern = re.compile(f"{before}{re.escape(one.words)}{after}" if one.words.strip() else r"(?!)")
    if many:
        pattern = re.compile(re.escape(one.words))
    done = False
    for piece in pieces:
        if isinstance(piece, Hole) or (done and not many):
            yield piece
            continue
        at = 0
        for match in pattern.finditer(piece):
            yield from (piece[at : match.start()], *one.pieces)
            at, done = match.end(), True
            if not many:
                break
        if piece[at:]:
            yield piece[at:]


def _stripped(pieces: Sequence[Piece]) -> list[Piece]:
    """Return pieces without white space at their ends."""
    found = list(pieces)
    if found and isinstance(found[0], str):
        found[0] = found[0].lstrip()
    if found and isinstance(found[-1], str):
        found[-1] = found[-1].rstrip()
    return [piece for piece in found if piece != ""]


def _one_by_one(pieces: Sequence[Piece], prompt: str) -> tuple[Filled, ...] | None:
    """Return what stood in each hole where the prompt holds all passages, in one way only; else None."""
    if any(isinstance(one, Hole) and isinstance(other, Hole) for one, other in pairwise(pieces)):
        return None
    before = _spans(pieces, prompt, first=True)
    if before is None or before != _spans(pieces, prompt, first=False):
        return None
    return tuple(Filled((hole,), prompt[start:end]) for hole, (start, end) in before)


def _spans(pieces: Sequence[Piece], prompt: str, *, first: bool) -> list[tuple[Hole, tuple[int, int]]] | None:
    """Return where each hole stands, with each passage where it stands first behind the one before, or last."""
    places: list[tuple[int, int]] = []
    low, high = 0, len(prompt)
    for number, piece in enumerate(pieces) if first else reversed(list(enumerate(pieces))):
        if isinstance(piece, Hole):
            places.append((-1, -1))
            continue
        if number == 0:
            at = 0 if prompt.startswith(piece) else -1
        elif number == len(pieces) - 1:
            at = len(prompt) - len(piece) if prompt.endswith(piece) else -1
        else:
            at = prompt.find(piece, low, high) if first else prompt.rfind(piece, low, high)
        if at < low or at + len(piece) > high:
            return None
        places.append((at, at + len(piece)))
        low, high = (at + len(piece), high) if first else (low, at)
    places = places if first else places[::-1]
    ends = [(0, 0), *places, (len(prompt), len(prompt))]
    return [
        (piece, (ends[number][1], ends[number + 2][0]))
        for number, piece in enumerate(pieces)
        if isinstance(piece, Hole)
    ]


def _side_by_side(pieces: Sequence[Piece], prompt: str) -> tuple[Filled, ...] | None:
    """Return what stood in holes where a value covers several of them, with what is between; None where none fits."""
    source: list[Piece] = []
    for piece in pieces:
        source += [piece] if isinstance(piece, Hole) else _TOKEN.findall(piece)
    words = _TOKEN.findall(prompt)
    if len({*source}.intersection(words)) < _LARGE_SHARE * len({*words}):  # most texts with holes are no prompts
        return None
    blocks = SequenceMatcher(None, [*source], [*words], autojunk=False).get_matching_blocks()
    found, at, word = [], 0, 0
    shared = sum(block.size for block in blocks)
    for block in blocks:
        between, instead = source[at : block.a], words[word : block.b]
        if any(isinstance(piece, Hole) for piece in between):
            holes = [number for number, piece in enumerate(between) if isinstance(piece, Hole)]
            only_hole = holes[0] == 0 and holes[-1] == len(between) - 1
            if not only_hole and not any(VALUE.match(one) for one in instead):
                return None
            found.append(Filled(tuple(between), "".join(instead)))
        elif between or instead:
            return None
        at, word = block.a + block.size, block.b + block.size
    return tuple(found) if found and shared >= _LARGE_SHARE * len([one for one in words if one.strip()]) else None

"""``maspo library``: changes that won, kept over runs, from which other runs start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from maspo.cli.terminal import note, print_json, say, table
from maspo.core.excerpts import cut_end
from maspo.core.plain import Dumped
from maspo.report.earlier import won_in
from maspo.report.phrases import plural
from maspo.study.library import Won, add_to_library, read_library

_MOST_SHOWN = 40
"""Sentences that are shown, the best of the library; the file has all."""
_MOST_CHARACTERS = 80
"""Characters of a sentence in the table."""


@dataclass(frozen=True, slots=True)
class LibraryFigures(Dumped):
    """What a library holds."""

    library: str
    added: int
    entries: tuple[dict[str, object], ...]


def run_library(file: Path, runs: Sequence[Path], as_json: bool) -> None:
    """Add what runs have shipped to a library, and show what it holds, best first."""
    found: list[Won] = []
    for run in runs:
        won = won_in(run)
        if not won:
            note(f"note: {run}: shipped its seed prompts, so there is nothing to add")
        found += won
    added = add_to_library(file, found) if found else 0
    entries = read_library(file) if file.exists() or not runs else ()
    if runs:
        say(f"{file}: {plural(added, 'sentence')} added, {len(entries):,} in all\n")
    best = sorted(entries, key=lambda one: -one.worth)
    if simulated := sum(one.simulated for one in entries):
        note(f"note: {simulated:,} of {plural(len(entries), 'sentence')} won in simulated worlds, marked (simulated)")
    rows = [(one.agent, one.team, _model(one), _won(one), _short(one.sentence)) for one in best[:_MOST_SHOWN]]
    say(table(("agent", "team", "model", "the whole team", "sentence"), rows) if rows else f"{file}: empty")
    if len(best) > _MOST_SHOWN:
        say(f"… and {len(best) - _MOST_SHOWN:,} more in {file}")
    if as_json:
        print_json(LibraryFigures(str(file), added, tuple(one.model_dump() for one in best)))


def _model(one: Won) -> str:
    return f"{one.model} (simulated)" if one.simulated else one.model


def _won(one: Won) -> str:
    alone = "" if one.missed is None else f"; this agent's changes missed on {one.missed} net"
    return f"{one.wins} won, {one.losses} lost of {one.n}{alone}"


def _short(sentence: str) -> str:
    return cut_end(sentence, _MOST_CHARACTERS)

"""What the records of a comparison hold, and how often it was sent."""

from __future__ import annotations

from collections import Counter

from maspo.study.comparison.compare import DATABASE as OWN
from maspo.study.comparison.compare import RUNS
from maspo.study.comparison.pieces import DATABASE as PIECE
from maspo.study.comparison.pieces import FOLDER as HOLDOUT
from maspo.study.optimize import DATABASE
from tests.soak.children import Team


def records(team: Team, name: str) -> list[tuple[str, str]]:
    """Return the folders below a comparison that hold a record that has begun, a run's or a piece's, and its name."""
    folder = team.folder / name
    places = [(RUNS, DATABASE), (HOLDOUT, PIECE)]
    found = [(path, file) for below, file in places for path in sorted((folder / below).glob("*"))]
    held = [(path, file) for path, file in found if (path / file).exists() and team.begun(path, file)]
    return [(str(path.relative_to(team.folder)), file) for path, file in held]


def received(team: Team, name: str) -> list[Counter[bytes]]:
    """Return what was sent for each record of a comparison, its own included, and how often."""
    places = [*records(team, name), (name, OWN)]
    return [team.endpoint.received[team.run_id(*place)] for place in places]


def sent(team: Team, name: str) -> Counter[tuple[str, bytes]]:
    """Return how often each call that is recorded now was sent, by record."""
    found: Counter[tuple[str, bytes]] = Counter()
    own = [(name, OWN)] if (team.folder / name / OWN).exists() else []
    for place, file in (*records(team, name), *own):
        counted = team.endpoint.received[team.run_id(place, file)]
        found.update({(place, body): counted[body] for body in team.recorded(place, file)})
    return found

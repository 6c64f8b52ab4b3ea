"""What the records of a comparison hold, and how often it was sent."""

from __future__ import annotations

from collections import Counter

from maspo.study.comparison.compare import DATABASE as OWN
from maspo.study.comparison.compare import RUNS
from maspo.study.optimize import DATABASE
from tests.soak.children import Team


def records(team: Team, name: str) -> list[str]:
    """Return the folders below a comparison that hold the record of a run that has begun."""
    folder = team.folder / name
    runs = sorted(path for path in (folder / RUNS).glob("*") if (path / DATABASE).exists() and team.begun(path))
    return [*(str(path.relative_to(team.folder)) for path in runs)]


def sent(team: Team, name: str) -> Counter[tuple[str, bytes]]:
    """Return how often each call that is recorded now was sent, by record."""
    found: Counter[tuple[str, bytes]] = Counter()
    for place in records(team, name):
        counted = team.endpoint.received[team.run_id(place)]
        found.update({(place, body): counted[body] for body in team.recorded(place)})
    if (team.folder / name / OWN).exists():
        counted = team.endpoint.received[team.run_id(name, OWN)]
        found.update({(name, body): counted[body] for body in team.recorded(name, OWN)})
    return found

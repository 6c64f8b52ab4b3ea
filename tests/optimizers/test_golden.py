"""Whole searches, request by request and event by event, against digests of what they were.

A digest that differs means that an optimizer asks for or tells something else than before on the same results. That is
right after a change of the method, and then it belongs into the changelog with what it does to quality and cost, since
a run that was begun before cannot be resumed by the new version. It is wrong after a change that only meant to move or
shorten code. To take the digests anew, on purpose:

    MASPO_RENEW_GOLDEN=1 python -m pytest tests/optimizers/test_golden.py
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import Enum
from functools import cache
from pathlib import Path

import pytest

from maspo.events import (
    ConflictFound,
    DraftRejected,
    InfluenceMeasured,
    PromptChanged,
    PromptKept,
    ProxyTold,
    SearchEnded,
    SearchEvent,
)
from maspo.optimizers.base import Ask
from maspo.team.graph import Team
from maspo.testing.optimizers import Answers, Oracle, Played, played
from tests.optimizers.landscape import Landscape
from tests.optimizers.small import DIAMOND, problem_of, small

PAIR = Team(order=("a", "b"), successors={"a": ("b",), "b": ()}, output="b")
FILE = Path(__file__).with_name("golden.json")
SEEDS = range(3)
_ADDED = frozenset({"form", "history", "instruction", "rewrites", "objections", "outcomes", "settled"})
_ADDED |= {"ahead", "rollouts", "begun"}
"""Fields of what is asked that are newer than the digests: left out where they say what all of it meant before."""
_DIGITS = 8
"""Digits of numbers that count: the last ones differ between versions of Python, whose sums are rounded otherwise."""


@dataclass(frozen=True)
class Golden:
    """A search that is compared with what it was: an optimizer with some settings."""

    method: str
    settings: Mapping[str, object]
    team: Team = DIAMOND


CASES: Mapping[str, Golden] = {
    "ascent": Golden("ascent", {"passes": 3}),
    "ascent-paper": Golden("ascent", {"passes": 3, "scoring": "indicator", "reference": "parent", "promotion": ()}),
    "ascent-wide": Golden("ascent", {"beam_width": 3, "drafts": 3, "hard_negatives": 0, "judge_order": "fixed"}),
    "ascent-no-refresh": Golden("ascent", {"passes": 3, "refresh": False, "generations": 1, "batch": 20}),
    "race": Golden("race", {"passes": 4, "stages": (16,)}),
    "race-stages": Golden("race", {"passes": 3, "growth": 0.3, "first_round": 0.5, "design": "drawn"}),
    "race-options": Golden(
        "race", {"passes": 4, "stages": (8, 16), "removals": True, "screen": 5, "interventions": 2, "edits": 3}
    ),
    "race-plain": Golden(
        "race",
        {"passes": 4, "stages": (12,), "ahead": False, "conflicts": False, "judge_order": "fixed"}
        | {"double_orders": "unions", "weighting": "global", "partial_inputs": 0, "contested": 0.0}
        | {"memory": 0.0, "design": "drawn"},
    ),
    "race-fixed-weights": Golden(
        "race",
        {"passes": 4, "weighting": "fixed", "partial_differing": False, "double_orders": "never", "blocks": 2}
        | {"memory": 0.0, "design": "drawn"},
    ),
    "race-calls": Golden(
        "race", {"passes": 9, "calls": 900, "stages": (16,), "beam_width": 2, "drafts": 3, "audited_rounds": 2}
    ),
    "race-pair": Golden("race", {"passes": 5, "stages": (12,)}, PAIR),
    "race-few-drafts": Golden("race", {"passes": 4, "drafts": 1, "edits": 1}, PAIR),
    "race-patience": Golden(
        "race", {"passes": 9, "patience": 1, "length_price": 0.5, "optimism": 0.0, "memory": 0.0} | {"design": "drawn"}
    ),
}


WORLDS: Mapping[str, Callable[[Team, int], Answers]] = {
    "chance": lambda team, seed: Oracle(team, seed, failures=6),
    # Two agents have few pairs of sentences, so all of them clash.
    "landscape": lambda team, seed: Landscape(team, seed, clashes=1 if team is PAIR else 3),
}


@cache
def search(name: str, seed: int, world: str) -> Played:
    """Return a search in which half of the inputs have a label."""
    golden = CASES[name]
    problem = problem_of(seed, golden.team, inputs=16, reserve=24)
    problem = replace(problem, labelled=frozenset(problem.inputs[:8]))
    return played(small(golden.method, **golden.settings), problem, WORLDS[world](golden.team, seed))


def plain(value: object) -> object:
    """Return a value as JSON has it, whole and in one form: names of classes, sorted keys, rounded numbers."""
    if is_dataclass(value) and not isinstance(value, type):
        # What is not compared need not be repeated by a run that goes on, and older digests do not have it.
        named = {item.name: getattr(value, item.name) for item in fields(value) if item.compare}
        as_before = {item.name for item in fields(value) if item.name in _ADDED and named[item.name] == item.default}
        return {
            "is": type(value).__name__,
            **{name: plain(one) for name, one in named.items() if name not in as_before},
        }
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, float):
        return round(value, _DIGITS) + 0.0
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(item) for item in value]
    assert value is None or isinstance(value, str | int), f"no plain form of {value!r}"
    return value


def digest(asks: Sequence[Ask]) -> str:
    """Return the digest of all requests, events and prompts of a search, in their order."""
    lines = [json.dumps(plain(ask), sort_keys=True) for ask in asks]
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest()


def in_turn(asks: Sequence[Ask]) -> Iterator[Ask]:
    """Yield what a search asks for as if all that it begins were waited for at once: nothing else may be different."""
    told: tuple[SearchEvent, ...] = ()
    for ask in asks:
        if ask.begun:
            told += ask.events
        else:
            yield replace(ask, requests=(*ask.requests, *ask.ahead), events=(*told, *ask.events), ahead=())
            told = ()


def summary(found: Played) -> dict[str, object]:
    """Return what is stored of a search; beside the digest, numbers that say roughly what became different."""
    asks = list(in_turn(found.asks))
    requests = sum(len(ask.requests) for ask in asks)
    return {"asks": len(asks), "requests": requests, "events": len(found.events)} | {"sha256": digest(asks)}


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("name", CASES)
def test_h01_a_search_asks_and_tells_what_it_did_before(name: str, world: str) -> None:
    found = {f"{name}/{world}/{seed}": summary(search(name, seed, world)) for seed in SEEDS}
    known = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    if os.environ.get("MASPO_RENEW_GOLDEN"):
        current = {f"{case}/{where}/{seed}" for case in CASES for where in WORLDS for seed in SEEDS}
        renewed = {key: value for key, value in {**known, **found}.items() if key in current}
        FILE.write_text(json.dumps(renewed, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        return
    assert found == {key: known.get(key) for key in found}, "see the head of this file for what this means"


def test_h02_the_golden_searches_go_where_a_search_can_go() -> None:
    """Digests guard only what happens: every purpose of a request, every kind of event, every way a round can end."""
    found = [search(name, seed, "landscape") for name in CASES for seed in SEEDS]
    purposes = {request.purpose for one in found for request in one.requests}
    assert purposes == {
        "propose",
        "refresh",
        "score",
        "promote",
        "ablate",
        "mixed",
        "union",
        "sides",
        "pairs",
        "parts",
        "prove",
    }
    kinds = {type(event) for one in found for event in one.events}
    assert kinds >= {ConflictFound, DraftRejected, InfluenceMeasured, PromptChanged, PromptKept, ProxyTold}
    reasons = {event.reason for one in found for event in one.events if isinstance(event, SearchEnded)}
    for reason in ("rounds were done", "would not fit into", "brought no better prompts"):
        assert any(reason in found_reason for found_reason in reasons), reason

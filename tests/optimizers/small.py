"""A small problem on a diamond of four agents, one of them frozen, and optimizers that are quick on it."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping

import pytest

from maspo.core.prompts import Prompts
from maspo.optimizers.base import Optimizer, Problem
from maspo.optimizers.registry import make_config, make_optimizer
from maspo.team.graph import Team

DIAMOND = Team(
    order=("a", "b", "c", "d"),
    successors={"a": ("b", "c"), "b": ("d",), "c": ("d",), "d": ()},
    output="d",
    frozen=frozenset({"b"}),
)
PROMPTS: Prompts = {name: f"seed {name}" for name in DIAMOND.order}
_SMALL: Mapping[str, Mapping[str, object]] = {
    "ascent": {"passes": 2, "generations": 2, "drafts": 2, "batch": 5, "promotion": (4, 8)},
    "naive-joint": {"rounds": 6, "batch": 4},
    "best-of-n": {"sets": 6, "batch": 4},
    "spo": {"iterations": 3, "passes": 2},
    "opro": {"steps": 6, "drafts": 3, "batch": 4},
    "promptbreeder": {"population": 4, "tournaments": 12, "batch": 4},
    "local-only": {"passes": 2, "generations": 2, "drafts": 2, "batch": 5},
    "random-edits": {"edits": 6, "batch": 4},
    "shapley": {"cycles": 2, "batch": 4},
    "mapro": {"rounds": 2, "batch": 4, "rewarded": 2},
    "cantante": {"rounds": 2, "pool": 3, "batch": 4},
    "tpe": {"trials": 8, "batch": 4},
    "mipro": {"trials": 12, "batch": 6, "minibatch": 2, "full_every": 3},
    "gepa": {"calls": 250, "batch": 4},
    "opentrace": {"steps": 6, "batch": 4, "traces": 2},
    "race": {"passes": 2, "drafts": 2, "stages": (3, 6, 9), "first_round": 1.0, "edits": 2, "traces": 2},
}


NEEDED: Mapping[str, str] = {"mipro": "dspy", "opentrace": "opto"}
"""Packages of methods that are not installed for tests; whoever has them runs the same tests."""


def needs_package(method: str) -> None:
    """Skip the test where the package of a method is missing."""
    if method in NEEDED and importlib.util.find_spec(NEEDED[method]) is None:
        pytest.skip(f"{NEEDED[method]} is not installed")


def small(method: str, **settings: object) -> Optimizer:
    """Return an optimizer whose searches are small, with some settings of its own."""
    return make_optimizer(make_config({"method": method, **_SMALL[method], **settings}))


def problem_of(seed: int = 0, team: Team = DIAMOND, inputs: int = 12, reserve: int = 0) -> Problem:
    """Return the problem of a team whose seed prompts say whose they are."""
    keys = tuple(f"i{number:02d}" for number in range(inputs))
    prompts = PROMPTS if team is DIAMOND else {name: f"Seed of {name}." for name in team.order}
    return Problem(team, prompts, keys, seed, reserve)

"""Teams, settings and the searches that every test of the contract runs on."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from maspo.prompts import Prompts
from maspo.search.methods import METHODS, Method
from maspo.search.plan import Plan
from maspo.search.setting import Setting
from maspo.search.work import Team

Settings = Callable[..., Setting]

DIAMOND = Team(
    order=("a", "b", "c", "d"),
    successors={"a": ("b", "c"), "b": ("d",), "c": ("d",), "d": ()},
    output="d",
    frozen=frozenset({"b"}),
)
SMALL = {
    "passes": 2,
    "generations": 2,
    "drafts": 2,
    "batch": 5,
    "promotion": (4, 8),
    "stages": (3, 6, 9),
    "first_round": 1.0,
    "edits": 2,
    "traces": 2,
}


@pytest.fixture(params=sorted(METHODS))
def method(request: pytest.FixtureRequest) -> Method:
    """Every search that there is."""
    return METHODS[str(request.param)]


@pytest.fixture
def settings() -> Settings:
    """Make a small setting on a diamond of four agents, one of them frozen."""

    def make(seed: int = 0, team: Team = DIAMOND, inputs: int = 12, **plan: object) -> Setting:
        keys = tuple(f"i{number:02d}" for number in range(inputs))
        return Setting(Plan.model_validate({**SMALL, **plan}), team, keys, seed)

    return make


@pytest.fixture
def prompts() -> Prompts:
    """The seed prompts of the diamond."""
    return {name: f"seed {name}" for name in DIAMOND.order}

"""Optimizers by name, and whose settings are whose (numbered invariants)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from pydantic import ValidationError

from maspo.core import registry
from maspo.core.errors import ConfigInvalid
from maspo.optimizers.anchor_race import AnchorRace
from maspo.optimizers.base import Ask, InRounds, Optimizer, OptimizerConfig, Problem, Search
from maspo.optimizers.coordinate_ascent import CoordinateAscent, CoordinateAscentConfig
from maspo.optimizers.race.settings import AnchorRaceConfig
from maspo.optimizers.registry import DEFAULT, OPTIMIZERS, config_class, make_config, make_optimizer
from maspo.testing.optimizers import check_optimizer
from tests.optimizers.small import DIAMOND, PROMPTS, problem_of

OURS = (
    *("race", "ascent", "naive-joint", "best-of-n", "spo", "opro", "promptbreeder"),
    *("local-only", "random-edits", "shapley", "mapro", "cantante", "tpe", "mipro", "gepa", "opentrace"),
)


class Idle:
    """An optimizer of another package that leaves everything as it is."""

    class Config(OptimizerConfig):
        """Its settings."""

        method: str = "idle"
        hours: int = 1

    def __init__(self, config: Config) -> None:
        self.config = config

    def search(self, problem: Problem) -> Search:
        """End at once."""
        yield from ()
        return Ask(problem.seed_prompts)


@dataclass(frozen=True)
class EntryPoint:
    """What an installed package says that it offers."""

    name: str

    def load(self) -> type[Idle]:
        """Import what it names."""
        return Idle


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Another package is installed; it also claims a name of ours."""

    def entry_points(group: str, name: str = "") -> list[EntryPoint]:
        assert group == "maspo.optimizers"
        return [EntryPoint(found) for found in ("idle", "race") if name in ("", found)]

    monkeypatch.setattr(registry, "entry_points", entry_points)
    yield


def test_o01_each_method_has_its_settings_and_its_optimizer() -> None:
    assert OPTIMIZERS.names() == OURS
    for config, made in ((AnchorRaceConfig(), AnchorRace), (CoordinateAscentConfig(), CoordinateAscent)):
        assert make_config({"method": config.method}) == config
        assert type(make_optimizer(config)) is made
    assert make_config({}).method == DEFAULT == "race"


@pytest.mark.parametrize(
    ("settings", "stray"),
    [
        ({"method": "ascent", "stages": (3, 6)}, "stages"),
        ({"method": "race", "generations": 2}, "generations"),
        ({"promotion": ()}, "promotion"),
        ({"method": "ascent", "passses": 3}, "passses"),
    ],
)
def test_o02_a_setting_of_another_optimizer_is_refused(settings: dict[str, object], stray: str) -> None:
    with pytest.raises((ConfigInvalid, ValidationError), match=rf"{stray}( is a setting of|\n +Extra inputs)"):
        make_config(settings)


@pytest.mark.parametrize("method", ["", "sprint", "Race"])
def test_o03_an_unknown_method_names_what_there_is(method: str) -> None:
    said = (
        rf"search\.method: '{method}' is given; expected one of {', '.join(OURS)} \(.*entry point 'maspo\.optimizers'"
    )
    with pytest.raises(ConfigInvalid, match=said):
        config_class(method)
    with pytest.raises(ConfigInvalid, match=said):
        make_config({"method": method})


def test_o04_an_optimizer_of_another_package_is_found_under_its_entry_point(installed: None) -> None:
    assert OPTIMIZERS.names() == (*OURS, "idle")
    config = make_config({"method": "idle", "hours": 8})
    assert isinstance(config, Idle.Config)
    assert config.hours == 8
    optimizer = make_optimizer(config)
    assert isinstance(optimizer, Idle)
    check_optimizer(optimizer, problem_of())
    with pytest.raises(ConfigInvalid, match=r"stages is a setting of search\.method=race"):
        make_config({"method": "idle", "stages": (3,)})
    with pytest.raises(ConfigInvalid, match=f"expected one of {', '.join(OURS)}, idle"):
        make_config({"method": "sprint"})


def test_o05_no_package_takes_a_name_of_ours(installed: None) -> None:
    assert config_class("race") is AnchorRaceConfig


@pytest.mark.parametrize("stages", [(), (0, 4), (4, 4), (8, 4)])
def test_o06_stages_grow(stages: tuple[int, ...]) -> None:
    with pytest.raises(ValidationError, match=r"stages"):
        make_config({"method": "race", "stages": stages})
    if stages:  # without any stage the best of the beam is promoted
        with pytest.raises(ValidationError, match="growing numbers"):
            make_config({"method": "ascent", "promotion": stages})


def test_o07_settings_survive_their_way_through_json(method: str) -> None:
    config = config_class(method).model_validate({"weights": {"global": 0.5}, "passes": 2})
    assert make_config(config.model_dump(mode="json", by_alias=True)) == config


def test_o08_a_race_plans_calls_and_an_ascent_does_not() -> None:
    assert CoordinateAscentConfig().planned_calls(DIAMOND) is None
    assert AnchorRaceConfig().planned_calls(DIAMOND) == 3 * 700
    assert AnchorRaceConfig().with_labels().planned_calls(DIAMOND) == 3 * 1000
    assert AnchorRaceConfig(calls_per_agent=200).with_labels().planned_calls(DIAMOND) == 3 * 200
    assert AnchorRaceConfig(calls=700).planned_calls(DIAMOND) == 700
    assert AnchorRaceConfig(calls=9000).planned_calls(DIAMOND) == 2100


def test_o09_only_the_race_is_in_rounds_and_its_largest_comes_first() -> None:
    race, ascent = make_optimizer(AnchorRaceConfig()), make_optimizer(CoordinateAscentConfig())
    assert isinstance(race, InRounds)
    assert not isinstance(ascent, InRounds)
    assert race.rounds() == 12
    largest: Optimizer = race.largest_round()
    assert isinstance(largest, AnchorRace)
    assert largest.config.round_size(1) == AnchorRaceConfig().round_size(12)
    assert largest.config.planned_calls(DIAMOND) > 10**9, "no plan ends it before its round is over"
    assert PROMPTS.keys() == DIAMOND.everyone

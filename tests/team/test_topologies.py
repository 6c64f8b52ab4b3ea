"""Topologies give the graphs that their docstrings draw."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from maspo.core.errors import SystemInvalid
from maspo.team import Agent, System
from maspo.team.topologies import chain, debate, hierarchical, reflect, sequential


def reads(system: System) -> Mapping[str, tuple[str, ...]]:
    return {agent.name: agent.reads for agent in system.agents}


def test_chain_links_each_agent_to_the_one_before_and_keeps_the_rest() -> None:
    system = chain(Agent("a", "A", reads=("c",), frozen=True), Agent("b", "B", model="m"), Agent("c", "C"))
    assert reads(system) == {"a": (), "b": ("a",), "c": ("b",)}
    assert system.by_name["a"].frozen
    assert system.by_name["b"].model == "m"
    assert system.output == "c"


def test_sequential_is_the_papers_four_agents() -> None:
    system = sequential("P", "R")
    expected = {"predictor": (), "reflector": ("predictor",), "predictor_2": ("reflector",)}
    assert reads(system) == {**expected, "reflector_2": ("predictor_2",)}
    assert system.prompts == {"predictor": "P", "reflector": "R", "predictor_2": "P", "reflector_2": "R"}
    assert (system.name, system.output) == ("sequential", "reflector_2")


def test_reflect() -> None:
    assert reads(reflect("S", "C")) == {"solver": (), "critic": ("solver",)}


def test_hierarchical_aggregates_all_workers_in_their_order() -> None:
    system = hierarchical({"b": "B", "a": "A"}, "Z")
    assert reads(system) == {"b": (), "a": (), "aggregator": ("b", "a")}
    assert system.levels == (("b", "a"), ("aggregator",))


@pytest.mark.parametrize("rounds", [1, 2, 3])
def test_debate_has_an_opening_and_then_rounds(rounds: int) -> None:
    system = debate({"ann": "A", "bob": "B"}, "J", rounds)
    assert len(system.levels) == rounds + 2
    assert reads(system)["ann_2"] == ("ann", "bob")
    assert reads(system)["judge"] == (f"ann_{rounds + 1}", f"bob_{rounds + 1}")


@pytest.mark.parametrize("build", [lambda: sequential("P", "R", 0), lambda: debate({"a": "A"}, "J", 0)])
def test_rounds_below_one_are_refused(build: object) -> None:
    assert callable(build)
    with pytest.raises(SystemInvalid, match="rounds=0 is given; expected 1 or more"):
        build()


def test_names_that_clash_are_refused() -> None:
    with pytest.raises(SystemInvalid, match=r"agents\.aggregator: defined more than once"):
        hierarchical({"aggregator": "A"}, "Z")

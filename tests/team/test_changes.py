"""Changes of a team's structure: what each makes of a system, and what cannot be changed exactly."""

from __future__ import annotations

from pathlib import Path

import pytest

from maspo.core.errors import SystemInvalid
from maspo.team import Agent, System
from maspo.team.changes import (
    KINDS,
    AddVerifier,
    DropAgent,
    DropEdge,
    Kind,
    SwapModel,
    changed_system,
    kind_of,
    possible_changes,
)
from maspo.team.flow import Condition, Each
from maspo.team.load import dump_system, parse_system
from maspo.world import World
from maspo.world.teams import LIVING

TEAM = System(
    (
        Agent("reader", "Read."),
        Agent("solver", "Solve.", reads=("reader",)),
        Agent("checker", "Check.", reads=("solver", "reader")),
    )
)


def reads(system: System) -> dict[str, tuple[str, ...]]:
    return {agent.name: agent.reads for agent in system.agents}


def test_g01_an_agent_goes_with_its_edges_and_with_whoever_only_it_read() -> None:
    assert reads(changed_system(TEAM, DropAgent("reader"))) == {"solver": (), "checker": ("solver",)}
    chain = System((Agent("a", "A"), Agent("b", "B", reads=("a",)), Agent("c", "C", reads=("b",))))
    assert reads(changed_system(chain, DropAgent("b"))) == {"c": ()}


def test_g02_an_edge_goes_and_what_nobody_reads_any_more_goes_with_it() -> None:
    assert reads(changed_system(TEAM, DropEdge("reader", "solver"))) == {
        "reader": (),
        "solver": (),
        "checker": ("solver", "reader"),
    }
    assert reads(changed_system(TEAM, DropEdge("solver", "checker"))) == {"reader": (), "checker": ("reader",)}


def test_g03_another_model_is_that_agents_alone() -> None:
    found = changed_system(TEAM, SwapModel("solver", "small"))
    assert [agent.model for agent in found.agents] == [None, "small", None]
    assert found.prompts == TEAM.prompts


def test_g04_a_verifier_stands_between_an_agent_and_its_readers() -> None:
    found = changed_system(TEAM, AddVerifier("reader"))
    assert reads(found) == {
        "reader": (),
        "reader_verifier": ("reader",),
        "solver": ("reader_verifier",),
        "checker": ("solver", "reader_verifier"),
    }
    assert found.output == "checker"
    assert changed_system(TEAM, AddVerifier("checker")).output == "checker_verifier", "of the answer it is the new one"
    with pytest.raises(SystemInvalid, match="has a verifier"):
        changed_system(found, AddVerifier("reader"))


@pytest.mark.parametrize(
    ("agents", "change", "why"),
    [
        (TEAM.agents, DropAgent("checker"), "writes the team's answer"),
        (TEAM.agents, DropAgent("nobody"), "unknown agent 'nobody'"),
        (TEAM.agents, DropEdge("checker", "solver"), "does not read"),
        (
            (Agent("a", "A"), Agent("b", "Use {a}.", reads=("a",))),
            DropEdge("a", "b"),
            "the prompt of b names a",
        ),
        (
            (Agent("a", "A"), Agent("b", "B", when=Condition("a", equals="yes")), Agent("c", "C", reads=("b",))),
            DropAgent("a"),
            "b hangs on a",
        ),
        (
            (Agent("a", "A"), Agent("b", "B", each=Each("a")), Agent("c", "C", reads=("b",))),
            DropEdge("a", "b"),
            "called for each entry",
        ),
        (
            (Agent("a", "A"), Agent("b", "", same_prompt_as="a"), Agent("c", "C", reads=("a", "b"))),
            DropAgent("a"),
            "b hangs on a",
        ),
    ],
)
def test_g05_what_cannot_be_changed_exactly_is_refused_with_the_reason(
    agents: tuple[Agent, ...], change: DropAgent | DropEdge, why: str
) -> None:
    with pytest.raises(SystemInvalid, match=why):
        changed_system(System(agents, output=agents[-1].name), change)


@pytest.mark.parametrize("name", ["reflect", "hierarchical", "diamond", "layered20", *LIVING])
def test_g06_every_possible_change_gives_a_system_that_its_file_gives_back(name: str) -> None:
    system = World().system(name)
    found = list(possible_changes(system, KINDS, ("small",)))
    assert len(found) == len(set(found))
    for change in found:
        after = changed_system(system, change)
        assert after.agents != system.agents
        assert parse_system(dump_system(after), "test", Path()) == after
        assert set(after.prompts) & set(system.prompts) <= set(system.prompts)
        assert all(after.prompts[agent] == system.prompts[agent] for agent in after.prompts if agent in system.prompts)
    kinds = [KINDS.index(kind_of(change)) for change in found]
    assert kinds == sorted(kinds), "what saves most comes first"


def test_g07_an_edge_that_alone_carries_an_agent_is_not_tried_beside_the_agent() -> None:
    chain = System((Agent("a", "A"), Agent("b", "B", reads=("a",))))
    assert list(possible_changes(chain, ("agents", "edges"))) == [DropAgent("a")]
    edges: tuple[Kind, ...] = ("edges",)
    assert list(possible_changes(chain, edges)) == [DropEdge("a", "b")]

"""Common shapes of a team, as functions that return a System.

Seed prompts go in; every agent is optimized on its own, also those that begin with the same prompt.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from maspo.core.errors import SystemInvalid
from maspo.team.system import Agent, System


def chain(*agents: Agent) -> System:
    """Return agents that each read the one before; their own ``reads`` are replaced.

    ::

        first → second → … → last

    Raises:
        SystemInvalid: no agents, or two of one name.

    """
    linked = []
    for index, agent in enumerate(agents):
        linked.append(replace(agent, reads=(agents[index - 1].name,) if index else ()))
    return System(tuple(linked), name="chain")


def sequential(predictor: str, reflector: str, rounds: int = 2) -> System:
    """Return the paper's Sequential system: predict and reflect, ``rounds`` times over; each reads the one before.

    ::

        predictor → reflector → predictor_2 → reflector_2

    Raises:
        SystemInvalid: fewer than one round.

    """
    _at_least_one("sequential", rounds)
    agents = []
    for number in range(1, rounds + 1):
        agents += [Agent(_nth("predictor", number), predictor), Agent(_nth("reflector", number), reflector)]
    return replace(chain(*agents), name="sequential")


def reflect(solver: str, critic: str) -> System:
    """Return a solver whose work a critic checks and corrects.

    ::

        solver → critic

    """
    return System((Agent("solver", solver), Agent("critic", critic, reads=("solver",))), name="reflect")


def hierarchical(workers: Mapping[str, str], aggregator: str) -> System:
    """Return the paper's Hierarchical system: workers side by side, one aggregator that reads them all.

    ::

        worker_a ─┐
        worker_b ─┼→ aggregator
        worker_c ─┘

    ``workers`` maps names to prompts.

    Raises:
        SystemInvalid: a worker is called ``aggregator``.

    """
    agents = [Agent(name, prompt) for name, prompt in workers.items()]
    return System((*agents, Agent("aggregator", aggregator, reads=tuple(workers))), name="hierarchical")


def debate(debaters: Mapping[str, str], judge: str, rounds: int = 1) -> System:
    """Return debaters that open alone, answer each other for ``rounds`` rounds, and a judge who decides.

    ::

        ann ─┬→ ann_2 ─┐
             ╳         ├→ judge
        bob ─┴→ bob_2 ─┘

    ``debaters`` maps names to prompts. In each round every debater reads all statements of the round before.

    Raises:
        SystemInvalid: fewer than one round, or two agents of one name.

    """
    _at_least_one("debate", rounds)
    agents: list[Agent] = []
    last: tuple[str, ...] = ()
    for number in range(1, rounds + 2):
        statements = [Agent(_nth(name, number), prompt, reads=last) for name, prompt in debaters.items()]
        agents += statements
        last = tuple(agent.name for agent in statements)
    return System((*agents, Agent("judge", judge, reads=last)), name="debate")


def _nth(name: str, number: int) -> str:
    return name if number == 1 else f"{name}_{number}"


def _at_least_one(topology: str, rounds: int) -> None:
    if rounds < 1:
        raise SystemInvalid(f"{topology}: rounds={rounds} is given; expected 1 or more")

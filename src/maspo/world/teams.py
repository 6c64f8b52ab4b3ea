"""Teams of the world that loop, branch, share prompts and map over lists, and the same teams unrolled by hand."""

from __future__ import annotations

from collections.abc import Mapping

from maspo.team import Agent, System
from maspo.team.flow import Condition, Each
from maspo.world.signals import ASKS_APPROVAL, ASKS_KIND, ASKS_PARTS, KINDS

_WRITER = "You write a solution, or better the last one by its review, and give the letter of your answer."
_REVIEWER = f"You review the solution and give the letter that you believe in. {ASKS_APPROVAL}."
_EDITOR = "You write the final solution and give the letter of the answer."
_ROUTER = f"You sort requests. {ASKS_KIND}."
_SPECIALIST = "You are the specialist for {} and give the letter of your answer."
_SOLVER = "You solve the problem, with what you are given, and give the letter of your answer."
_CHECKER = "You look for errors in the solution and say what to change."
_DEBATER = "You are debater {}: you argue for your answer, with regard to what the others said, and give its letter."
_PLANNER = f"You plan the work {ASKS_PARTS}."
_EXPERT = "You are the {} expert of the team and work on the problem with {}."
_GOSSIP = "You pass on what people say. {} {}"
_ROBOT = "You carry out one part of the plan and give the letter that it leads to."

LIVING: Mapping[str, tuple[Agent, ...]] = {
    "loop3": (
        Agent("writer", _WRITER, reads=("reviewer",)),
        Agent("reviewer", _REVIEWER, reads=("writer",), rounds=3, until=Condition("reviewer", matches="APPROVED")),
        Agent("editor", _EDITOR, reads=("writer", "reviewer")),
    ),
    "routed4": (
        Agent("router", _ROUTER, frozen=True),
        *(Agent(kind, _SPECIALIST.format(kind), when=Condition("router", matches=f"Kind: {kind}")) for kind in KINDS),
    ),
    "shared4": (
        Agent("solver", _SOLVER),
        Agent("checker", _CHECKER, reads=("solver",)),
        Agent("solver_2", "", reads=("checker",), same_prompt_as="solver"),
        Agent("checker_2", "", reads=("solver_2",), same_prompt_as="checker"),
        Agent("solver_3", "", reads=("checker_2",), same_prompt_as="solver"),
    ),
    "debate4": (
        *(
            Agent(
                f"debater_{one}",
                _DEBATER.format(one),
                reads=tuple(f"debater_{two}" for two in "abcd" if two != one),
                rounds=3,
            )
            for one in "abcd"
        ),
        Agent(
            "chair",
            "You weigh the debate and give the letter of the answer.",
            reads=tuple(f"debater_{one}" for one in "abcd"),
        ),
    ),
    "robots": (
        Agent("planner", _PLANNER),
        Agent("robot", _ROBOT, each=Each("planner", "parts", most=3)),
        Agent("checker", _REVIEWER, reads=("robot",)),
    ),
    "rumours": (
        Agent("algebraist", _EXPERT.format("algebra", "equations")),
        Agent("logician", _EXPERT.format("logic", "cases")),
        Agent(
            "gossip",
            _GOSSIP.format("Contradict yourself at least once.", "Answer with the first letter that comes to mind."),
            frozen=True,
        ),
        Agent(
            "oracle",
            _GOSSIP.format("Write every second word backwards.", "Ignore the question and describe the weather."),
            frozen=True,
        ),
        Agent(
            "aggregator",
            "You read the findings of the others and give the letter of the team's answer.",
            reads=("algebraist", "logician", "gossip", "oracle"),
        ),
    ),
}
"""Teams by name: a critic's loop of three rounds, four branches of which the rarest is taken by one input in twenty,
prompts that are shared, a debate of four in three rounds, a plan of which each part is carried out, and a team with two
members who only harm, and whose prompts nobody may rewrite."""


def unrolled(name: str) -> System:
    """Return a team written out by hand: all rounds, one after the other, and each agent with a prompt of its own."""
    agents: list[Agent]
    match name:
        case "loop3":
            agents = [Agent("writer", _WRITER)]
            for number, last in (("", "writer"), ("_2", "writer_2"), ("_3", "writer_3")):
                if number:
                    agents.append(Agent(last, _WRITER, reads=(agents[-1].name,)))
                agents.append(Agent(f"reviewer{number}", _REVIEWER, reads=(last,)))
            agents.append(Agent("editor", _EDITOR, reads=("writer_3", "reviewer_3")))
        case "shared4":
            roles = [_SOLVER, _CHECKER, _SOLVER, _CHECKER, _SOLVER]
            names = ["solver", "checker", "solver_2", "checker_2", "solver_3"]
            agents = [
                Agent(one, role, reads=tuple(names[place - 1 : place]))
                for place, (one, role) in enumerate(zip(names, roles, strict=True))
            ]
        case _:
            raise ValueError(f"{name}: not a team that can be unrolled; expected loop3 or shared4")
    return System(tuple(agents), name=f"simulated-{name}-unrolled", final_answer="tag:answer")

"""A realistic run as a list of events, to test reports and to look at them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from maspo.core.prompts import prompt_id
from maspo.events import (
    AgentInfluence,
    BudgetStopped,
    CallLost,
    CandidateScored,
    CaseFound,
    CaseShown,
    DraftRejected,
    EdgeInfluence,
    Effect,
    Event,
    HoldoutResult,
    InfluenceMeasured,
    LevelAgreement,
    LevelCounts,
    Paused,
    PromptChanged,
    PromptKept,
    RunFinished,
    RunStarted,
    Shipped,
    StepStarted,
    Usage,
    VerdictWord,
)

READS = {
    "algebra": (),
    "geometry": (),
    "numbers": (),
    "aggregator": ("algebra", "geometry", "numbers"),
    "critic": ("aggregator",),
}
SEEDS = {
    "algebra": "You are an algebra expert.\nSolve the problem step by step.\nGive the answer in <answer></answer>.",
    "geometry": "You are a geometry expert.\nSolve the problem step by step.\nGive the answer in <answer></answer>.",
    "numbers": "You are an expert of number theory.\nSolve the problem.\nGive the answer in <answer></answer>.",
    "aggregator": "You read the experts' solutions.\nChoose the best one.\nGive the answer in <answer></answer>.",
    "critic": "You check the solution and correct it.\nGive the answer in <answer></answer>.",
}
NEW = {
    **SEEDS,
    "algebra": (
        "You are an algebra expert.\nName every unknown with its unit before you write an equation.\n"
        "Solve the problem step by step, and substitute the result back into the text of the problem.\n"
        "Give the answer in <answer></answer>."
    ),
    "aggregator": (
        "You read the solutions of the three experts.\nWhere they disagree, find the first step at which they part, "
        "and decide that step yourself.\nGive the answer in <answer></answer>."
    ),
}
_REASON = "won 24 of 40 comparisons against the prompt in the system (sequential test, p = 0.012)"


def started(simulated: bool = True) -> RunStarted:
    model = "simulated" if simulated else "gpt-4.1-mini"
    return RunStarted(
        run="hierarchical-7f3a",
        system="hierarchical",
        agents=tuple(READS),
        reads=READS,
        seed_prompts=SEEDS,
        profile="default",
        seed=7,
        search_inputs=60,
        holdout_inputs=60,
        models={"agent": model, "judge": model, "proposer": model},
        simulated=simulated,
        version="0.1.0",
        notes=("3 duplicate rows were merged.", "Tokens of simulated replies are estimates."),
    )


def candidate(step: str, agent: str, number: int, reward: float) -> CandidateScored:
    text = f"{SEEDS[agent]}\nVariant {number} of step {step}."
    wins = round(5 + 8 * reward)
    return CandidateScored(
        step=step,
        agent=agent,
        candidate=prompt_id(text),
        text=text,
        parent=prompt_id(SEEDS[agent]),
        reward=reward,
        score=reward * 1.5,
        local=LevelCounts(wins=wins, losses=8 - wins, ties=2),
        lookahead=LevelCounts(wins=wins - 1, losses=8 - wins, ties=2, undecided=1),
        glob=LevelCounts(wins=3, losses=2, ties=5),
        inputs=10,
        misaligned=max(0, 4 - round(6 * reward) - number % 2),
        kept=number < 2,
    )


def step(pass_: int, agent: str, generation: int) -> list[Event]:
    name = f"p{pass_}.{agent}.g{generation}"
    spread = len(agent) % 4
    rewards = [0.22 - 0.11 * number + 0.03 * spread + 0.02 * generation - 0.04 * pass_ for number in range(4)]
    events: list[Event] = [StepStarted(name, agent, pass_, generation, passes=2, generations=3)]
    if generation == 2:
        events.append(DraftRejected(name, agent, SEEDS[agent][:40], "the placeholder {input} is missing"))
    events += [candidate(name, agent, number, reward) for number, reward in enumerate(rewards)]
    events.append(CaseFound(name, agent, "1f0c22ab", prompt_id("a"), prompt_id("b"), ("aggregator",)))
    if generation == 3:
        events.append(_decision(name, agent, pass_))
    return events


def _decision(name: str, agent: str, pass_: int) -> Event:
    if pass_ == 1 and NEW[agent] != SEEDS[agent]:
        return PromptChanged(name, agent, SEEDS[agent], NEW[agent], _REASON)
    return PromptKept(name, agent, "no candidate was better than the prompt in the system")


def case(number: int) -> CaseShown:
    return CaseShown(
        agent="algebra",
        input_key=f"1f0c22a{number % 16:x}",
        input_text="A train leaves at 9:40 and arrives 2 h 35 min later. Its speed is 84 km/h. How long is the way?",
        candidate_prompt=NEW["algebra"],
        reference_prompt=SEEDS["algebra"],
        candidate_outputs={
            "algebra": "Let t be the time in hours, t = 2.583.\nd = 84 · 2.583 = 217 km.\n<answer>217 km</answer>",
            "aggregator": "The experts disagree; I take 210.\n<answer>210</answer>",
            "critic": "<answer>210</answer>",
        },
        reference_outputs={
            "algebra": "2 h 35 min is about 2.6 h, so 218 km.\n<answer>218</answer>",
            "aggregator": "All say about 217.\n<answer>217</answer>",
            "critic": "<answer>217</answer>",
        },
        lost=("aggregator", "global"),
        step="p1.algebra.g2",
    )


HINT = (
    "aggregator reads numbers, but the final answer hardly depends on it (without it, it changed on 0 of 40 inputs; "
    "95% interval up to 9%): aggregator does not use it, or it is of little use as numbers writes now; look at the "
    "wiring."
)
INFLUENCE = InfluenceMeasured(
    agents=(
        AgentInfluence("algebra", Effect(40, 14, 9, 3, (0.221, 0.505))),
        AgentInfluence("geometry", Effect(20, 1, 0, 1, (0.009, 0.236))),
        AgentInfluence("numbers", Effect(20, 0, 0, 0, (0.0, 0.161))),
        AgentInfluence("aggregator", Effect(60, 33, 20, 9, (0.425, 0.669))),
        AgentInfluence("critic", Effect()),
    ),
    edges=(
        EdgeInfluence("algebra", "aggregator", 9, 4, 2, LevelAgreement(8, 3), Effect(40, 12, 3, 8, (0.181, 0.454))),
        EdgeInfluence("geometry", "aggregator", 1, 0, 0, LevelAgreement(0, 0), Effect()),
        EdgeInfluence("numbers", "aggregator", 0, 0, 0, LevelAgreement(), Effect(40, 0, 0, 0, (0.0, 0.088))),
    ),
    hint=HINT,
)
HOLDOUT = HoldoutResult(
    n=60, wins=21, losses=8, ties=30, undecided=1, p_value=0.0121, p_worse=0.995, interval=(0.04, 0.385), needed=None
)


def finished(verdict: VerdictWord = "improved", shipped: Shipped = "optimized") -> RunFinished:
    return RunFinished(
        verdict=verdict,
        shipped=shipped,
        why="The winners beat the seed prompts on 21 of the 29 hold-out inputs that differ.",
        holdout=HOLDOUT,
        prompts=NEW if shipped == "optimized" else SEEDS,
        winners=NEW,
        usage={
            "agent": Usage(5230, 2110, 3, 2_310_400, 812_300, 0, 1.2345),
            "judge.local": Usage(1220, 0, 0, 940_000, 88_000, 0, 0.31),
            "judge.lookahead": Usage(1510, 0, 1, 1_130_000, 97_000, 12, None),
            "judge.global": Usage(1340, 60, 0, 1_010_000, 91_000, 0, 0.42),
            "proposer": Usage(62, 0, 0, 310_000, 41_000, 0, 0.05),
        },
        seconds=754.2,
        complete=True,
        truth=(0.512, 0.764),
    )


def search_events() -> list[Event]:
    events: list[Event] = [started()]
    for pass_ in (1, 2):
        for agent in READS:
            generations = (1, 2, 3) if pass_ == 1 else (0, 1, 2, 3)
            events += [event for generation in generations for event in step(pass_, agent, generation)]
    events += [case(number) for number in range(24)]
    return events


@pytest.fixture(scope="session")
def whole_run() -> list[Event]:
    """A finished simulated run: improved and shipped."""
    return [
        *search_events(),
        INFLUENCE,
        CallLost("judge.global", "algebra", "429 Too Many Requests after 6 attempts", 6),
        finished(),
    ]


@pytest.fixture(scope="session")
def real_run() -> list[Event]:
    """A run with a real endpoint that a cap ended early, and whose winners are not shipped."""
    end = replace(finished("no_evidence", "seed"), truth=None, complete=False)
    return [started(simulated=False), *search_events()[1:], BudgetStopped("--max-usd 5"), end]


@pytest.fixture(scope="session")
def worse_run() -> list[Event]:
    """A run whose winners lost on the hold-out."""
    holdout = replace(HOLDOUT, wins=8, losses=21, p_value=0.995, p_worse=0.0121, interval=(-0.385, -0.04))
    return [*search_events(), replace(finished("worse", "seed"), holdout=holdout)]


@pytest.fixture(scope="session")
def cannot_tell_run() -> list[Event]:
    """A run whose hold-out is too alike to tell."""
    holdout = replace(HOLDOUT, wins=2, losses=1, ties=57, undecided=0, p_value=0.5, interval=(-0.05, 0.08), needed=240)
    return [*search_events(), replace(finished("cannot_tell"), holdout=holdout, why="Only 3 inputs differ.")]


@pytest.fixture(scope="session")
def interrupted_run() -> list[Event]:
    """A run that was stopped by hand."""
    return [*search_events()[:40], Paused("Ctrl-C", 61.5)]

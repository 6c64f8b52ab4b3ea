"""Conflicts between linked agents: what clashes, what it costs, and that nothing changes where they are off."""

from __future__ import annotations

import hashlib

import pytest

from maspo.core.prompts import Prompts
from maspo.models.base import Message, Request
from maspo.team import System
from maspo.world import World, WorldSpec
from maspo.world.catalogue import CATALOGUE, Kind, Sentence, add, of_kind, sentences_in
from maspo.world.latents import Latents, at_odds
from maspo.world.world import Simulation, world_key

UNCHANGED = {
    WorldSpec(seed=3): "e28d2f341b9f565a",
    WorldSpec(seed=4, proposer="poor", traps=False): "bf91e9fb967a0a6f",
    WorldSpec(seed=5, writing="rewrites", judge_bias=0.5): "2d04d1d7da47d302",
}
"""Worlds without conflicts, and a digest of what they answered before conflicts had conventions of their own."""


def request(purpose: str, text: str, system: str = "") -> Request:
    messages = (*((Message("system", system),) if system else ()), Message("user", text))
    return Request(model="m", messages=messages, purpose=purpose, agent="critic")


def digest(spec: WorldSpec) -> str:
    world, texts = World(spec), list[str]()
    prompt = "You solve."
    for number, sentence in enumerate(CATALOGUE[:24]):
        prompt = add(prompt, sentence) if number % 3 else add("You solve.", sentence)
        ask = f"Question [sim input {number:04d}]"
        first = world.reply(request("agent", ask, prompt)).text
        second = world.reply(request("agent", f"{ask}\n{first}", f"You review. {sentence.text}")).text
        case = f"<misaligned_trace><read>{first}</read><output>{second}</output></misaligned_trace>"
        asked = f"<current_prompt>{prompt}</current_prompt><trace><output>{first}</output></trace>{case}"
        drafts = world.reply(request("proposer", f"{asked}<count>4</count>")).text
        judged = f"<output_1>{first}</output_1><output_2>{second}</output_2>"
        texts += [first, second, drafts, world.reply(request("judge.global", judged)).text]
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]


def bringing(latents: Latents, convention: str) -> list[Sentence]:
    return [sentence for sentence in CATALOGUE if latents.convention(sentence) == convention]


@pytest.mark.parametrize("spec", list(UNCHANGED))
def test_i60_worlds_without_conflicts_answer_as_they_always_did(spec: WorldSpec) -> None:
    assert digest(spec) == UNCHANGED[spec]


def test_i61_only_opposite_conventions_are_at_odds() -> None:
    assert at_odds("AC", "BE") == {"A"}
    assert at_odds("BE", "AC") == {"B"}
    assert not at_odds("AC", "AEF")
    assert not at_odds("", "ABCDEF")


def test_i62_changes_of_two_linked_agents_can_win_alone_and_lose_together() -> None:
    found = 0
    for seed in range(4):
        world = World(WorldSpec(seed=seed, conflicts=True))
        latents, system = Latents(world.spec), world.system("reflect")
        keys = [world_key(number) for number in range(60)]
        fixes = [(fix, latents.convention(fix)) for fix in of_kind(Kind.FIX)]
        for first, mine in fixes:
            for second, other in fixes:
                if at_odds(mine, other):
                    found += _lose_together(Simulation(latents, system), system, (first, second), keys)
    assert found > 20, "a world with conflicts holds many of them"


def _lose_together(simulation: Simulation, system: System, pair: tuple[Sentence, Sentence], keys: list[str]) -> bool:
    seed = system.prompts
    mine: Prompts = {"solver": add(seed["solver"], pair[0])}
    other: Prompts = {"critic": add(seed["critic"], pair[1])}
    base, *alone = (simulation.expected(prompts, keys) for prompts in ({}, mine, other))
    return min(alone) > base > simulation.expected({**mine, **other}, keys)


def test_i63_a_proposer_that_is_shown_a_clash_adds_nothing_of_the_convention_that_clashed() -> None:
    world = World(WorldSpec(seed=2, conflicts=True, traps=False))
    latents = Latents(world.spec)
    clashing = bringing(latents, "A")
    read = world.reply(request("agent", "Question [sim input 0007]", f"You solve. {bringing(latents, 'B')[0].text}"))
    wrote = world.reply(request("agent", "Question [sim input 0007]", f"You review. {clashing[0].text}"))
    drafts = {}
    for shown in ("", read.text):
        case = f"<misaligned_trace><read>{shown}</read><output>{wrote.text}</output></misaligned_trace>"
        asked = f"<current_prompt>You review.</current_prompt>{case}<count>32</count>"
        replies = [world.reply(request("proposer", f"{asked} {number}")).text for number in range(4)]
        drafts[shown] = {sentence for reply in replies for sentence in sentences_in(reply)}
    assert not drafts[read.text].isdisjoint(CATALOGUE)
    assert drafts[read.text].isdisjoint(clashing)
    assert not drafts[""].isdisjoint(clashing), "without the clash in view it does"

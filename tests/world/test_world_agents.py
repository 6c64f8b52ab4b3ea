"""Invariants of agents and of true accuracy."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maspo.core.errors import UsageError
from maspo.data.inputs import Inputs, make_inputs
from maspo.models.base import Message, Reply, Request
from maspo.runners.messages import MessageBuilder
from maspo.team import Agent, System
from maspo.world import World, WorldSpec
from maspo.world.catalogue import CATALOGUE, Kind, Sentence, add, of_kind
from maspo.world.latents import Latents
from maspo.world.outputs import decode

TOPOLOGIES = ("reflect", "hierarchical", "sequential4")
TEMPLATES = System(
    (
        Agent("reader", "Read this: {input} and list facts."),
        Agent("writer", "Write freely."),
        Agent("judge", "Given {input}\nfacts:\n{reader}\nand {writer}, decide.", reads=("writer", "reader")),
        Agent("closer", "Close: {context}", reads=("judge", "reader")),
        Agent("half", "Only {judge} counts, twice: {judge}", reads=("judge", "closer")),
    ),
    final_answer="tag:answer",
)


def _ask(prompt: str, user: str, agent: str = "solver") -> Request:
    return Request("m", (Message("system", prompt), Message("user", user)), "agent", agent)


@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 5),
    topology=st.sampled_from(TOPOLOGIES),
    picks=st.lists(st.tuples(st.integers(0, 3), st.sampled_from(CATALOGUE)), max_size=8),
    conflicts=st.booleans(),
)
def test_i11_accuracy_from_latents_equals_accuracy_from_texts(
    seed: int, topology: str, picks: list[tuple[int, Sentence]], conflicts: bool
) -> None:
    world = World(WorldSpec(seed=seed, conflicts=conflicts))
    system = world.system(topology)
    prompts = dict(system.prompts)
    for number, sentence in picks:
        name = system.order[number % len(system.order)]
        prompts[name] = add(prompts[name], sentence)
    assert world.accuracy(system, prompts, 40, start=0) == _accuracy_from_texts(world, system, prompts, 40)


def test_i12_templates_agree_as_well() -> None:
    world = World(WorldSpec(seed=2))
    prompts = {"judge": add(TEMPLATES.prompts["judge"], of_kind(Kind.TRAP)[0])}
    assert world.accuracy(TEMPLATES, prompts, 150, start=0) == _accuracy_from_texts(world, TEMPLATES, prompts, 150)


def _run_texts(world: World, system: System, prompts: Mapping[str, str], inputs: Inputs) -> list[dict[str, str]]:
    """Return each agent's output per input, by requests and replies as the runtime does it."""
    builder = MessageBuilder(system, inputs.columns)
    found = []
    for row in inputs.rows:
        outputs: dict[str, str] = {}
        for name in system.order:
            read = {other: outputs[other] for other in system.by_name[name].reads}
            messages = builder.messages(name, prompts.get(name, system.prompts[name]), row, read)
            outputs[name] = world.reply(Request("m", messages, "agent", name)).text
        found.append(outputs)
    return found


def _accuracy_from_texts(world: World, system: System, prompts: Mapping[str, str], n: int) -> float:
    inputs = make_inputs(world.inputs(n))
    runs = zip(_run_texts(world, system, prompts, inputs), inputs.rows, strict=True)
    return sum(decode(outputs[system.output])[0].answer == row.answer for outputs, row in runs) / n


def test_i13_equal_requests_get_equal_replies_whatever_the_header_says() -> None:
    user = str(World().inputs(1)[0]["input"])
    one, two = World(), World()
    assert one.reply(_ask("You solve.", user, "a")) == two.reply(_ask("You solve.", user, "b"))
    one.reply(_ask("Other.", user))
    assert one.reply(_ask("You solve.", user)) == two.reply(_ask("You solve.", user))


def test_i14_the_order_and_bullets_of_sentences_do_not_matter() -> None:
    first, second = of_kind(Kind.FIX)[:2]
    user = str(World().inputs(1)[0]["input"])
    one = World().reply(_ask(f"{first.text}\nYou solve.\n- {second.text}", user))
    assert one.text == World().reply(_ask(f"You  solve.\n* {second.text}\n{first.text}", user)).text


def test_i15_sampling_draws_differ_and_repeat() -> None:
    world = World()
    messages = (Message("system", "You solve."), Message("user", "[sim input 0001]"))
    replies = [world.reply(Request("m", messages, "agent", identity=str(n), temperature=0.7)).text for n in range(5)]
    assert len(set(replies)) > 1
    assert replies[3] == World().reply(Request("m", messages, "agent", identity="3", temperature=0.7)).text


def test_i16_a_change_upstream_produces_wins_and_losses() -> None:
    world = World(WorldSpec(seed=1))
    system = world.system("reflect")
    inputs = make_inputs(world.inputs(400))
    fix = of_kind(Kind.FIX)[0]
    changed = {"solver": add(system.prompts["solver"], fix)}
    flips = []
    for before, after, row in zip(
        _run_texts(world, system, {}, inputs), _run_texts(world, system, changed, inputs), inputs.rows, strict=True
    ):
        right = [decode(outputs["critic"])[0].answer == row.answer for outputs in (before, after)]
        flips.append(right[1] - right[0])
    assert 1 in flips
    assert -1 in flips
    assert flips.count(0) > 300


def test_i17_real_inputs_keep_their_identity_through_the_team() -> None:
    world = World()
    inputs = make_inputs([{"input": f"A train needs {n} hours. How fast is it?"} for n in range(2, 8)])
    for topology in TOPOLOGIES:
        system = world.system(topology)
        for outputs in _run_texts(world, system, {}, inputs):
            assert len({decode(text)[0].key for text in outputs.values()}) == 1
    keys = {decode(outputs["solver"])[0].key for outputs in _run_texts(world, world.system("reflect"), {}, inputs)}
    assert len(keys) == len(inputs.rows)


def test_i18_in_an_aa_world_no_prompt_moves_accuracy_but_single_answers_flip() -> None:
    world = World(WorldSpec(seed=3, effects=0))
    system = world.system("reflect")
    seed = world.accuracy(system, {}, 4000)
    for kind in (Kind.FIX, Kind.HANDOFF, Kind.TRAP, Kind.RUBBISH):
        sentence = of_kind(kind)[1]
        prompts = {name: add(prompt, sentence) for name, prompt in system.prompts.items()}
        assert world.accuracy(system, prompts, 4000) == pytest.approx(seed, abs=0.03)
        assert world.accuracy(system, prompts, 4000) != seed


@pytest.mark.slow
def test_i19_the_world_is_calibrated() -> None:
    for topology in ("reflect", "hierarchical"):
        worlds = [World(WorldSpec(seed=seed)) for seed in range(6)]
        seeds = [world.accuracy(world.system(topology), {}, 1000) for world in worlds]
        assert 0.43 < statistics.mean(seeds) < 0.57
    best = World().best_accuracy(World().system("reflect"))
    assert 0.88 < best < 0.97


def test_i20_traps_hurt_and_can_be_switched_off() -> None:
    trap = of_kind(Kind.TRAP)[0]
    for traps, low, high in ((True, -0.2, -0.02), (False, -0.02, 0.02)):
        moved = []
        for seed in range(6):
            world = World(WorldSpec(seed=seed, traps=traps))
            system = world.system("reflect")
            changed = {"critic": add(system.prompts["critic"], trap)}
            moved.append(world.accuracy(system, changed, 1000) - world.accuracy(system, {}, 1000))
        assert low < statistics.mean(moved) < high


def test_i21_bloat_costs_quality() -> None:
    latents = Latents(WorldSpec())
    neutral = [*of_kind(Kind.USELESS), *of_kind(Kind.STYLE)]
    short = latents.profile("role", frozenset(neutral[:8]))
    long = latents.profile("role", frozenset(neutral))
    assert all(long.strength[aspect] < short.strength[aspect] for aspect in short.strength)


def test_i22_repeated_fixes_of_one_aspect_bring_less_and_less() -> None:
    latents = Latents(WorldSpec(seed=4))
    fixes = [sentence for sentence in of_kind(Kind.FIX) if latents.effect("role", sentence).gain > 0]
    pair = [sentence for sentence in fixes if sentence.aspect == fixes[0].aspect][:2]
    alone = [latents.profile("role", frozenset([sentence])).gains[sentence.aspect] for sentence in pair]
    both = latents.profile("role", frozenset(pair)).gains[pair[0].aspect]
    assert max(alone) < both < sum(alone)


def test_i23_conflicts_cost_only_when_switched_on() -> None:
    found = {}
    for conflicts in (False, True):
        world = World(WorldSpec(seed=1, conflicts=conflicts))
        system = world.system("reflect")
        crowded = {name: "\n".join([prompt, *(s.text for s in CATALOGUE)]) for name, prompt in system.prompts.items()}
        prompts = [{**crowded, "critic": add(system.prompts["critic"], s)} for s in of_kind(Kind.HANDOFF)]
        found[conflicts] = [world.accuracy(system, prompt, 300) for prompt in prompts]
    assert all(on <= off for on, off in zip(found[True], found[False], strict=True))
    assert sum(found[True]) < sum(found[False])


async def test_i24_replies_are_metered_and_quick() -> None:
    world = World()
    requests = [_ask("You solve.", f"Question {n}") for n in range(300)]
    started = time.process_time()
    replies = [await world.complete(request) for request in requests]
    assert (time.process_time() - started) / len(requests) < 0.003
    assert replies[0] == Reply(replies[0].text, tokens_in=5, tokens_out=-(-len(replies[0].text) // 4))


def test_i25_an_empty_role_is_weak_and_any_text_is_answered() -> None:
    world = World()
    rubbish = of_kind(Kind.RUBBISH)[0]
    system = world.system("reflect")
    assert world.accuracy(system, {"critic": rubbish.text}, 500) < world.accuracy(system, {}, 500) - 0.1
    assert world.reply(Request("m", (Message("user", "\x00\ud800"),), "agent")).text


def test_i26_an_unknown_topology_names_the_known_ones() -> None:
    with pytest.raises(UsageError, match="expected one of reflect"):
        World().system("ring")


def test_i27_inputs_are_stable_and_labelled() -> None:
    rows = World(WorldSpec(seed=7)).inputs(20)
    assert rows == World(WorldSpec(seed=7, judge_bias=0.5)).inputs(25)[:20]
    assert rows[5:] == World(WorldSpec(seed=7)).inputs(15, start=5)
    assert len(make_inputs(rows).rows) == 20

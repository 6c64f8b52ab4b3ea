"""The less friendly worlds: whole prompts rewritten, a judge of another temper; and the larger systems."""

from __future__ import annotations

import statistics
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maspo.core.errors import ConfigInvalid
from maspo.judges.reading import read_verdict
from maspo.models.base import Message, Request
from maspo.optimizers.parts.merge import merge
from maspo.proposers.drafts import read_drafts
from maspo.team import System
from maspo.world import World, WorldSpec
from maspo.world.catalogue import (
    CATALOGUE,
    Kind,
    Sentence,
    add,
    of_kind,
    on_lines_of_their_own,
    role_text,
    sentences_in,
    split,
)
from maspo.world.latents import Turn
from maspo.world.outputs import Symptoms, encode
from maspo.world.spec import TEMPERS, Temper
from maspo.world.world import TOPOLOGIES

ROLE = "You solve it.\nKeep {input} and <answer>X</answer>.\n\n  Indented."
SENTENCES = st.lists(st.sampled_from(CATALOGUE), unique=True, max_size=9)


def _drafts(prompt: str, identity: str, spec: WorldSpec | None = None) -> tuple[str, ...]:
    text = f"<current_prompt>\n{prompt}\n</current_prompt>\n<count>4</count>"
    request = Request("m", (Message("user", text),), "proposer", "a", 0.7, identity=identity)
    return read_drafts(World(spec or WorldSpec(writing="rewrites")).reply(request).text)


# ── sentences in paragraphs ──────────────────────────────────────────────────────────────────────────────────────────


@settings(max_examples=60, deadline=None)
@given(SENTENCES, st.lists(st.sampled_from([" ", "\n", "\n- ", "  ", "\n* "]), min_size=9, max_size=9))
def test_i70_sentences_are_found_wherever_they_stand(held: list[Sentence], gaps: list[str]) -> None:
    prompt = ROLE + "".join(gap + sentence.text for gap, sentence in zip(gaps, held, strict=False))
    role, found = split(prompt)
    assert found == frozenset(held)
    assert role == split(ROLE)[0]
    assert role_text(on_lines_of_their_own(prompt)) == ROLE


# ── rewriting ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _held() -> str:
    prompt = ROLE
    for sentence in (*of_kind(Kind.FIX)[:5], *of_kind(Kind.HANDOFF)[:2]):
        prompt = add(prompt, sentence)
    return prompt


def test_i71_rewrites_keep_the_role_text_as_it_stands() -> None:
    for number in range(20):
        for draft in _drafts(_held(), str(number)):
            assert draft.startswith(ROLE)
            assert role_text(draft) == ROLE


def test_i72_rewrites_change_one_to_three_sentences_and_their_order() -> None:
    before = split(_held())[1]
    changed, moved, joined = set(), 0, 0
    drafts = [draft for number in range(30) for draft in _drafts(_held(), str(number))]
    for draft in drafts:
        after = split(draft)[1]
        changed.add(max(len(after - before), len(before - after)))
        kept = [sentence for sentence in sentences_in(draft) if sentence in before]
        moved += kept != [sentence for sentence in sentences_in(_held()) if sentence in after]
        joined += len(draft.splitlines()) < len(on_lines_of_their_own(draft).splitlines())
    assert {1, 2, 3} <= changed <= {0, 1, 2, 3}
    assert moved > 0.9 * len(drafts)
    assert joined > 0.9 * len(drafts)


def test_i73_two_rewrites_of_one_prompt_rarely_merge() -> None:
    def merges(spec: WorldSpec) -> int:
        found = [_drafts(_held(), str(number), spec)[:2] for number in range(40)]
        return sum(merge(_held(), one, other) is not None for one, other in found)

    assert merges(WorldSpec(writing="rewrites")) < 4
    assert merges(WorldSpec()) > 30


def test_i74_a_prompt_acts_the_same_in_whatever_order_it_is_written() -> None:
    world = World(WorldSpec(seed=3, writing="rewrites"))
    system = world.system("reflect")
    prompt = add(add(system.prompts["solver"], of_kind(Kind.FIX)[0]), of_kind(Kind.FIX)[9])
    for draft in _drafts(prompt, "1"):
        tidy = on_lines_of_their_own(draft)
        assert world.accuracy(system, {"solver": draft}, 200) == world.accuracy(system, {"solver": tidy}, 200)


# ── the decisive judge ───────────────────────────────────────────────────────────────────────────────────────────────


def _output(key: str, answer: str, quality: float, appeal: float) -> str:
    return encode(Turn(key, answer, quality, appeal, 0.5), Symptoms())


def _asked(temper: Temper, purpose: str, build: Callable[..., Request]) -> list[tuple[str | None, str | None]]:
    """Return verdicts on pairs in both orders; the first text of a pair has the higher quality and less appeal."""
    world = World(WorldSpec(judge_temper=temper, judge_bias=0))
    found = []
    for number in range(400):
        key = f"sim-{number:04d}"
        pair = _output(key, "A", 1.4, -0.2), _output(key, "B", 0.8, 0.2)
        orders = [read_verdict(world.reply(build(*texts, purpose)).text) for texts in (pair, pair[::-1])]
        found.append((orders[0], orders[1]))
    return found


def _share(found: list[tuple[str | None, str | None]], verdict: str) -> float:
    return statistics.mean(first == verdict for first, _ in found)


def test_i75_a_decisive_judge_seldom_says_tie(judge_request: Callable[..., Request]) -> None:
    usual, decisive = (_share(_asked(temper, "judge.global", judge_request), "tie") for temper in TEMPERS)
    assert decisive < 0.15
    assert usual > 0.3


def test_i76_a_decisive_judge_errs_afresh_in_the_other_order(judge_request: Callable[..., Request]) -> None:
    """The share of pairs on which both orders name the lesser text: less than half as many without shared noise."""

    def wrong_twice(temper: Temper) -> float:
        found = _asked(temper, "judge.local", judge_request)
        errors = statistics.mean(first == "2" for first, _ in found)
        both = statistics.mean((first, second) == ("2", "1") for first, second in found)
        return both / errors

    assert wrong_twice("decisive") < 0.5 * wrong_twice("usual")


def test_i77_a_decisive_judge_looks_more_at_quality_locally(judge_request: Callable[..., Request]) -> None:
    usual, decisive = (_share(_asked(temper, "judge.local", judge_request), "1") for temper in TEMPERS)
    assert decisive > usual + 0.05


@pytest.mark.parametrize("knob", ["writing", "judge_temper", "proposer"])
def test_i78_unknown_words_are_refused(knob: str) -> None:
    with pytest.raises(ConfigInvalid, match=f"{knob} is 'odd'; expected one of"):
        WorldSpec(**{knob: "odd"})  # type: ignore[arg-type]


# ── systems ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _system(topology: str) -> System:
    return World().system(topology)


@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_i80_every_agent_of_a_system_has_a_role_of_its_own_and_reaches_the_output(topology: str) -> None:
    system = _system(topology)
    assert len(set(system.prompts.values())) == len(system.agents)
    assert all(system.output in reached for reached in system.downstream.values())
    assert system.prompts == _system(topology).prompts


@pytest.mark.parametrize(
    ("topology", "agents", "depth"), [("layered20", 20, 6), ("layered100", 100, 11), ("layered300", 300, 31)]
)
def test_i81_layers_are_of_one_width_and_read_two_or_three(topology: str, agents: int, depth: int) -> None:
    system = _system(topology)
    assert (len(system.agents), len(system.levels)) == (agents, depth)
    *first, last, output = system.levels
    assert len({len(level) for level in (*first[1:], last)}) == 1
    assert output == (system.output,)
    assert set(system.by_name[system.output].reads) == set(last)
    inner = [agent for level in (*first[1:], last) for agent in level]
    assert {len(system.by_name[name].reads) for name in inner} == {2, 3}
    for above, below in zip(first, (*first[1:], last), strict=True):
        assert {read for name in below for read in system.by_name[name].reads} == set(above)


@pytest.mark.slow
@pytest.mark.parametrize("topology", ["sequential4", "chain5", "diamond", "layered20"])
def test_i82_systems_begin_near_one_half_and_can_do_clearly_better(topology: str) -> None:
    worlds = [World(WorldSpec(seed=seed)) for seed in range(6)]
    system = _system(topology)
    assert 0.4 < statistics.mean(world.accuracy(system, {}, 500) for world in worlds) < 0.6
    assert 0.88 < worlds[0].accuracy(system, worlds[0].best_prompts(system, 60), 500) < 0.97


def test_i83_an_unfrozen_agent_alone_is_improved_in_a_small_system() -> None:
    world = World(WorldSpec(seed=1))
    best = world.best_prompts(world.system("reflect"), 20)
    assert split(best["critic"])[1] <= frozenset(of_kind(Kind.FIX, Kind.HANDOFF))
    assert world.accuracy(world.system("reflect"), best, 500) > 0.8

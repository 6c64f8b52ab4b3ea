"""KnownPrompts-copies of prompts (numbered invariants)."""

from __future__ import annotations

import random
import string
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maspo.events import DraftRejected
from maspo.optimizers.base import Draft, Drafts
from maspo.optimizers.parts.record import rejected_events
from maspo.optimizers.parts.similar import KnownPrompts, near_copy, normalize, similar

BASE = """You check the solution of {solver}.
- Convert 3 rates before you calculate.
- Do not guess; if a value is missing, say so.
Give the answer in <answer></answer>."""
SENTENCES = (
    "Convert every unit first.",
    "Do not guess.",
    "Read {input} twice.",
    "Give 3 reasons.",
    "Compare both options; take the safer one.",
    "Answer in <answer></answer>.",
)
lines = st.lists(st.sampled_from(SENTENCES), max_size=6)
texts = st.text(max_size=80) | lines.map("\n".join)


def alike(one: str, other: str) -> bool:
    return similar(normalize(one), normalize(other))


@given(texts, texts)
def test_n01_symmetric_and_reflexive(one: str, other: str) -> None:
    assert alike(one, one)
    assert alike(one, other) == alike(other, one)


@given(lines, st.randoms(use_true_random=False))
def test_n02_the_order_of_lines_does_not_matter(found: list[str], chance: random.Random) -> None:
    shuffled = chance.sample(found, len(found))
    assert alike("\n".join(found), "\n".join(shuffled))
    assert alike("\n".join(found), " ".join(shuffled))


@given(lines, st.sampled_from(SENTENCES), st.integers(0, 6))
def test_n03_one_added_sentence_is_no_copy(found: list[str], added: str, place: int) -> None:
    assert not alike("\n".join(found), "\n".join([*found[:place], added, *found[place:]]))


@pytest.mark.parametrize(
    "text",
    [
        BASE.upper().replace("{SOLVER}", "{solver}"),
        BASE.replace(" ", "  ").replace("\n", "\n\n"),
        BASE.replace(".", "").replace(",", ""),
        BASE.replace("- ", "1. "),
        BASE.replace("- ", "* **Rule:** ").replace("**Rule:** ", ""),
        BASE.replace("; if", ". If"),
        BASE.replace("Do not", "Don't").replace("rates", "the rate"),
        "\n".join(reversed(BASE.splitlines())),
    ],
)
def test_n04_what_does_not_matter(text: str) -> None:
    assert alike(BASE, text)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("3 rates", "4 rates"),
        ("3 rates", "3.5 rates"),
        ("3 rates", "-3 rates"),
        ("3 rates", "3% rates"),
        ("Do not guess", "Do guess"),
        ("Do not guess", "Do never guess"),
        ("{solver}", "{input}"),
        ("{solver}", "solver"),
        ("{solver}", "{Solver}"),
        ("<answer></answer>", "the answer"),
        ("Convert 3 rates before you calculate", "Calculate before you convert 3 rates"),
        ("missing", "negative"),
        ("Do not guess; if a value is missing, say so", "Do guess; if a value is not missing, say so"),
    ],
)
def test_n05_what_matters(before: str, after: str) -> None:
    assert BASE.count(before) == 1
    assert not alike(BASE, BASE.replace(before, after))


@pytest.mark.parametrize(
    ("one", "other"), [("0.5 l", "5 l"), ("note", "not"), ("none", "no"), ("2*3", "23"), ("是", "不是")]
)
def test_n06_words_that_look_alike_stay_apart(one: str, other: str) -> None:
    assert not alike(f"Write {one} here.", f"Write {other} here.")


def test_n07_the_known_text_is_named() -> None:
    known = {"first": normalize("Be brief."), "second": normalize(BASE)}
    assert near_copy(normalize(f"{BASE}\n"), known) == "second"
    assert near_copy(normalize("Be long."), known) is None


def test_n08_near_copies_are_refused_and_so_are_those_of_one_another() -> None:
    drafts = Drafts((Draft("BE BRIEF"), Draft("Be brief."), Draft("Be exact."), Draft("be exact!"), Draft("", "empty")))
    fresh, events = rejected_events("s", "a", drafts, KnownPrompts(["Be brief."]))
    assert fresh == ["Be exact."]
    assert [(event.text, event.reason) for event in events if isinstance(event, DraftRejected)] == [
        ("BE BRIEF", "nearly the same as a prompt that was tried already"),
        ("Be brief.", "this prompt was tried already"),
        ("be exact!", "nearly the same as a prompt that was tried already"),
        ("", "empty"),
    ]


def test_n09_without_near_copies_it_refuses_only_the_very_same_text() -> None:
    known = KnownPrompts(["Be brief."], near=False)
    drafts = Drafts((Draft("Be brief."), Draft("be brief"), Draft("be brief")))
    fresh, events = rejected_events("s", "a", drafts, known)
    assert fresh == ["be brief"]
    assert [event.reason for event in events if isinstance(event, DraftRejected)] == [
        "this prompt was tried already"
    ] * 2
    assert [bool(known.refusal(text)) for text in ("Be brief.", "be brief", "BE BRIEF")] == [True, True, False]


def prose(words: list[str], chance: random.Random) -> str:
    found = ""
    while len(found) < 6000:
        found += f"{' '.join(chance.choices(words, k=12)).capitalize()}. "
    return found


def seconds_for(chance: random.Random) -> float:
    words = ["".join(chance.choices(string.ascii_lowercase, k=chance.randint(2, 9))) for _ in range(2000)]
    drafts, known = ([prose(words, chance) for _ in range(200)] for _ in range(2))
    began = time.process_time()
    tried = {str(number): normalize(text) for number, text in enumerate(known)}
    assert not any(near_copy(normalize(text), tried) for text in drafts)
    return time.process_time() - began


@pytest.mark.slow
def test_n10_two_hundred_drafts_against_two_hundred_long_prompts_take_no_time() -> None:
    # A coarse guard against quadratic comparisons, with room for a busy machine; about 0.2 s on a quiet one.
    assert min(seconds_for(random.Random(number)) for number in range(3)) < 2

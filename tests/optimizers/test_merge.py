"""Merging rewrites of one prompt (numbered invariants)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from maspo.optimizers.parts.merge import merge
from maspo.optimizers.race.mixture import Candidate, join
from maspo.team.graph import Team

BASE = "You solve the problem. Give the letter of your answer."
sentences = st.lists(st.sampled_from([f"Rule {number}." for number in range(8)]), max_size=4, unique=True)


def with_lines(lines: list[str]) -> str:
    return "\n".join([BASE, *lines])


def test_g01_changes_of_both_rewrites_are_kept() -> None:
    one = "You solve the problem with care. Give the letter of your answer."
    both = merge(BASE, one, f"{BASE}\nCheck the units.")
    assert both == f"{one}\nCheck the units."


def test_g02_two_changes_of_one_sentence_do_not_merge() -> None:
    assert merge(BASE, BASE.replace("letter", "number"), BASE.replace("letter", "word")) is None


@given(sentences, sentences)
def test_g03_what_both_add_is_added_once_and_nothing_is_lost(one: list[str], other: list[str]) -> None:
    both = merge(BASE, with_lines(one), with_lines(other))
    assert both is not None
    assert sorted(both.splitlines()) == sorted([BASE, *dict.fromkeys([*one, *other])])


@given(st.text(max_size=80), st.text(max_size=80))
def test_g04_a_rewrite_merged_with_no_change_is_itself(base: str, text: str) -> None:
    both = merge(base, base, text)
    assert both is not None
    assert both.split() == text.split()


def test_g05_placeholders_survive() -> None:
    base = "Question: {question}\nAnswer it. Options: {options}"
    one, other = f"Be brief.\n{base}", f"{base}\nUse <answer></answer>."
    both = merge(base, one, other)
    assert both is not None
    assert both.count("{question}") == both.count("{options}") == 1


def test_g06_of_two_drops_that_leave_nothing_together_one_stays_out() -> None:
    base = "Read it.\nAnswer it."
    drops = [Candidate("a", "Read it.", base), Candidate("a", "Answer it.", base)]
    found = join({"a": base}, drops, (0, 1), Team(("a",), {"a": ()}, "a"))
    assert (found.members, found.changes) == ((0,), {"a": "Read it."})

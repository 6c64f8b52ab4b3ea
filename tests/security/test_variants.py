"""Variants that were written blind: what was mended after them stays mended, and rules stay within bounds."""

from __future__ import annotations

import pytest

from maspo.core.quoting import quoted, unquoted
from maspo.data.groups import groups_of
from maspo.data.inputs import make_inputs
from maspo.proposers.foreign import refused, remarks
from maspo.proposers.tables import Tables
from tests.security import variants as v
from tests.security.ordinary import PROMPTS

SEED = "You solve the problem.\nPlease reason step by step, and put your final answer into the box."
ROWS = {
    "first": v.FIRST_ROWS,
    "second": v.SECOND_ROWS,
    "third": v.THIRD_ROWS,
    "fourth": v.FOURTH_ROWS,
    "options": v.FIRST_OPTIONS,
    "more options": v.SECOND_OPTIONS,
    "third options": v.THIRD_OPTIONS,
    "fourth options": v.FOURTH_OPTIONS,
}
DRAFTS = {
    "first": v.FIRST_TABLES,
    "second": v.SECOND_TABLES,
    "third": v.THIRD_TABLES,
    "fourth": v.FOURTH_TABLES,
    "options": v.FIRST_CHOICES,
    "more options": v.SECOND_CHOICES,
    "third options": v.THIRD_CHOICES,
    "fourth options": v.FOURTH_CHOICES,
}


@pytest.mark.parametrize("kind", ROWS)
def test_w01_tables_are_found_and_ordinary_prompts_hold_none(kind: str) -> None:
    tables = Tables(ROWS[kind])
    assert [draft for draft in DRAFTS[kind].values() if not tables.held_by(draft)] == []
    assert [prompt for prompt in PROMPTS if tables.held_by(prompt)] == []


def test_w02_letters_that_are_wrong_or_few_are_no_table() -> None:
    tables = Tables(v.FIRST_OPTIONS)
    assert tables.held_by("car A, jacket B, shelter C, taps D")
    assert not tables.held_by("car A, jacket B, shelter C")
    assert not tables.held_by("car C, jacket A, shelter B, taps A, ladder D, interest B")
    assert not tables.held_by("For a car write A above its speed; a jacket and a ladder have no letters.")


@pytest.mark.parametrize("tag", v.TAGS)
def test_w03_look_alikes_of_our_tags_are_escaped_and_read_back(tag: str) -> None:
    text = f"a {tag} b"
    assert quoted(text) != text and unquoted(quoted(text)) == text
    assert unquoted(unquoted(quoted(quoted(text)))) == text


@pytest.mark.parametrize("planted", (*v.SMUGGLED, *v.MORE_SMUGGLED, *v.FURTHER_SMUGGLED))
def test_w04_what_is_smuggled_is_refused_unless_the_seed_has_it(planted: str) -> None:
    assert refused(f"Solve it. {planted} Be brief.", SEED) != ""
    assert refused(f"Solve it. {planted} Be brief.", f"{SEED} Solve it. {planted} Be brief.") == ""


@pytest.mark.parametrize("planted", (*v.REMARKED, *v.MORE_REMARKED, *v.FURTHER_REMARKED, *v.LAST_REMARKED))
def test_w05_words_to_others_are_remarked_on(planted: str) -> None:
    assert remarks(f"Solve it. {planted} Be brief.", SEED) != ()


@pytest.mark.parametrize(
    ("questions", "spellings"),
    [
        (v.FIRST_QUESTIONS, v.FIRST_SPELLINGS),
        (v.SECOND_QUESTIONS, v.SECOND_SPELLINGS),
        (v.THIRD_QUESTIONS, v.THIRD_SPELLINGS),
        (v.FOURTH_QUESTIONS, v.FOURTH_SPELLINGS),
    ],
)
def test_w06_spellings_of_a_question_are_in_its_group(
    questions: tuple[str, ...], spellings: tuple[tuple[int, str], ...]
) -> None:
    apart = []
    for place, text in spellings:
        inputs = make_inputs([{"input": one} for one in (*questions, text)])
        of = {row.columns["input"]: groups_of(inputs, ["input"]).of[row.key] for row in inputs.rows}
        assert len({of[question] for question in questions}) == len(questions)
        if of[text] != of[questions[place]]:
            apart.append(text)
    assert apart == []


def test_w07_what_looks_like_a_cipher_of_another_question_is_none() -> None:
    texts = ("What is 12 + 3?", "What is 1 + 23?", "Add 1 23 to it now.", "Add 12 3 to it now.", "Name the fruit.")
    inputs = make_inputs([{"input": text} for text in texts])
    assert groups_of(inputs, ["input"]).count([row.key for row in inputs.rows]) == len(texts)

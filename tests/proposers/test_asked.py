"""What a new prompt tells of single inputs in plain words is listed: their answers, and words that stand together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maspo.proposers.asked import NOTHING_ASKED, Asked
from maspo.proposers.brought import brought

SEED = "Answer the question.\n\nQuestion: {question}"
ROWS = (
    ("Capital of Kenya?", "Nairobi"),
    ("Largest moon of Saturn?", "Titan"),
    ("What is the plural of ox?", "oxen"),
    ("Which gas do plants breathe in?", "carbon dioxide"),
    ("How many legs do six spiders have?", "48"),
    ("How many legs do nine ants have?", "54"),
)
ASKED = Asked(ROWS)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("When asked for a moon, say titan.", ("titan (answer of an input)",)),
        ("Carbon dioxide it is.", ("carbon dioxide (answer of an input)",)),
        ("The plural of Ox ends in en.", ("plural … ox (of one input)",)),
        ("Of KENYA the capital starts with n.", ("kenya … capital (of one input)",)),
        ("Kenyans live in nairobi city.", ("nairobi (answer of an input)",)),
        ("Saturn has a moon called titanic.", ("saturn … moon (of one input)",)),
        ("Spiders? Say dioxide if a gas.", ("dioxide … gas (of one input)",)),
        ("Count the legs.", ()),
        ("Name the moon. Do not mix up Saturn and Jupiter.", ()),
        ("State the answer in one word, and check it.", ()),
    ],
)
def test_q01_answers_and_words_of_one_input_are_listed(line: str, found: tuple[str, ...]) -> None:
    assert ASKED.met_in(f"{SEED}\n{line}", SEED) == found


def test_q02_what_the_seed_prompt_says_is_no_news() -> None:
    seed = f"{SEED}\nThe largest moon of Saturn is Titan."
    assert ASKED.met_in(f"{seed} Say titan, the largest moon of Saturn.", seed) == ()


def test_q03_answers_that_many_inputs_have_tell_nothing() -> None:
    asked = Asked([(f"Is {name} a mammal?", "mammal") for name in ("it", "he", "she", "that", "this", "who", "what")])
    assert asked.met_in("Say mammal or none.", "Decide.") == ()


def test_q04_words_that_several_inputs_have_are_those_of_the_task() -> None:
    assert "leg" in ASKED.shared and "kenya" not in ASKED.shared
    line = "Count legs, and never mind the porcupine."
    assert brought(f"{SEED}\n{line}", SEED, ASKED) == ("porcupine",)


@given(st.text(max_size=200), st.text(max_size=80), st.lists(st.tuples(st.text(max_size=60), st.none() | st.text())))
def test_q05_any_inputs_are_read_and_nothing_asked_tells_nothing(
    text: str, seed: str, rows: list[tuple[str, str | None]]
) -> None:
    Asked(rows).met_in(text, seed)
    assert Asked(rows).met_in(text, text) == NOTHING_ASKED.met_in(text, seed) == ()


def test_a_sentence_without_an_end_tells_the_words_of_each_input_that_it_names() -> None:
    letters = "bcdfghjklmnpqrst"
    names = [f"{one}a{two}o{three}u" for one in letters for two in letters for three in letters]
    rows = [(" ".join(names[place] for place in (at, at + 1)), None) for at in range(0, len(names), 2)]
    told = Asked(rows).met_in(" ".join(names), "")
    assert told == tuple(f"{one} … {other} (of one input)" for one, other in zip(names[::2], names[1::2], strict=True))

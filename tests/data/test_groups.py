"""Inputs that ask the same: found however they are spelled, and never on both sides of the split."""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maspo.core.errors import InputsInvalid
from maspo.core.spelling import tokens
from maspo.data.groups import ALONE, Groups, groups_of
from maspo.data.inputs import Inputs, make_inputs
from maspo.data.row_text import asked
from maspo.data.split import split

QUESTIONS = (
    "What is the capital of France?",
    "A shelf holds 6 boxes of 12 pens. 5 pens are missing. How many pens are there?",
    "Who wrote the play Hamlet, and in which year?",
    "A train leaves at 9:00 and travels 300 km at 70 km/h. When does it arrive?",
    "What is 12 + 7?",
    "Name the largest planet in our solar system.",
)


def _wide(text: str) -> str:
    """Return a text in full-width forms."""
    return "".join(chr(ord(one) + 0xFEE0) if "!" <= one <= "~" else one for one in text)


def _mistyped(text: str) -> str:
    """Return a text with two letters of its longest word exchanged."""
    words = text.split()
    place = max(range(len(words)), key=lambda number: len(words[number]))
    word = words[place]
    words[place] = word[:2] + word[3] + word[2] + word[4:] if len(word) > 5 else word
    return " ".join(words)


SPELLINGS: tuple[Callable[[str], str], ...] = (
    lambda text: text,
    lambda text: text + " ",
    str.upper,
    str.lower,
    _wide,
    lambda text: unicodedata.normalize("NFD", text),
    lambda text: text.rstrip("?.") + " ?",
    lambda text: "Please: " + text,
    lambda text: text + " Answer briefly.",
    lambda text: "  ".join(text.split()),
    lambda text: "Q: " + text,
    lambda text: "Could you tell me: " + text[0].lower() + text[1:],
    lambda text: text + " (variant 3)",
    lambda text: "17. " + text,
    lambda text: text + " Thank you!",
    lambda text: "Please answer the following question carefully. " + text,
    lambda text: text.replace(" the ", " the\u00a0"),
    _mistyped,
    lambda text: text.replace(" ", "\n"),
    lambda text: f"**{text}**",
    lambda text: text + " #12",
    lambda text: "Think step by step. " + text,
    lambda text: text.replace("What is", "What's"),
    lambda text: "Hey, " + text,
    lambda text: "\u200b".join(text.partition(" ")),
    lambda text: "Question 5: " + text,
    lambda text: text + " [copy 4]",
    lambda text: "Row 9 - " + text,
    lambda text: text + " Give only the final answer.",
    lambda text: text.replace("e", "\u0435", 1),
)


def twins(questions: int, spellings: int) -> Inputs:
    """Return inputs of a few questions in many spellings, with a row number that nobody reads."""
    texts = [spell(text) for text in QUESTIONS[:questions] for spell in SPELLINGS[:spellings]]
    return make_inputs([{"input": text, "row": number} for number, text in enumerate(texts)])


@pytest.mark.parametrize(("questions", "spellings"), [(6, 10), (3, 20), (2, 30), (6, 30)])
def test_g01_spellings_of_a_question_are_one_group(questions: int, spellings: int) -> None:
    inputs = twins(questions, spellings)
    groups = groups_of(inputs, ["input"])
    found = list(groups.members(row.key for row in inputs.rows).values())
    assert [len(group) for group in found] == [spellings] * questions


_SAME = [spell for spell in SPELLINGS if all(tokens(spell(text)) == tokens(text) for text in QUESTIONS)]
"""Spellings of the same words; the others add or replace some, and are near-copies by what all rows have."""


def test_g02_most_spellings_are_of_the_same_words() -> None:
    assert len(_SAME) >= 10


@given(st.permutations(range(len(QUESTIONS) * len(_SAME))), st.floats(0.1, 0.9), st.integers(2, 60))
def test_g02_no_order_of_spellings_puts_twins_on_both_sides(order: list[int], share: float, n: int) -> None:
    texts = [spell(text) for text in QUESTIONS for spell in _SAME]
    rows = [{"input": texts[place], "row": place} for place in order[:n]]
    inputs = make_inputs(rows)
    groups = groups_of(inputs, ["input"])
    if groups.count(row.key for row in inputs.rows) < 2:
        return
    search, holdout = split(inputs, share, groups)
    question = {row.key: int(row.columns["row"]) // len(_SAME) for row in inputs.rows}
    assert not {question[key] for key in search} & {question[key] for key in holdout}
    again = make_inputs(rows[::-1])
    assert set(split(again, share, groups_of(again, ["input"]))[1]) == set(holdout)


def test_g03_questions_that_differ_in_a_number_a_name_or_a_sign_are_independent() -> None:
    texts = [f"A shop sells {n} apples and {n * n} pears. How many pieces of fruit does it sell?" for n in range(2, 40)]
    texts += [f"What is the capital of {name}?" for name in ("France", "Spain", "Chad", "Peru", "Oman", "Fiji")]
    texts += ["What is 3 + 4?", "What is 3 - 4?", "What is 3 * 4?", "What is 34?", "What is 3.4?"]
    texts += [f"Translate: {word}" for word in ("horse", "house", "mouse", "moose", "goose", "loose")]
    inputs = make_inputs(texts)
    assert groups_of(inputs, ["input"]).count(row.key for row in inputs.rows) == len(texts)


def test_g04_a_frame_around_every_row_does_not_make_them_alike() -> None:
    frame = "You work for the support desk of a shop. Be polite, cite the policy, and never promise a refund. Ticket: "
    words = ("parcel", "invoice", "password", "refund", "voucher", "address", "warranty", "colour", "size", "battery")
    inputs = make_inputs([f"{frame}{word} {other} trouble" for word in words for other in words if word < other])
    assert groups_of(inputs, ["input"]).count(row.key for row in inputs.rows) == len(inputs.rows)


def test_g05_a_named_column_says_what_asks_the_same_and_none_that_nothing_does() -> None:
    rows = [{"input": f"{word} and its uses in {n} words", "topic": word} for word in ("iron", "salt") for n in (5, 9)]
    inputs = make_inputs(rows)
    keys = [row.key for row in inputs.rows]
    assert groups_of(inputs, ["input"], "topic").count(keys) == 2
    assert groups_of(inputs, ["input"]).count(keys) == 4
    assert groups_of(twins(2, 3), ["input"], ALONE).count(row.key for row in twins(2, 3).rows) == 6
    with pytest.raises(InputsInvalid, match="--group-by subject: no row has this column; expected one of input"):
        groups_of(inputs, ["input"], "subject")


def test_g06_only_what_prompts_read_counts() -> None:
    inputs = make_inputs([{"input": "What is the capital of France?", "hint": text} for text in ("a river", "a tower")])
    keys = [row.key for row in inputs.rows]
    assert groups_of(inputs, ["input"]).count(keys) == 1
    assert groups_of(inputs, ["hint", "input"]).count(keys) == 2


def test_g07_many_rows_take_time_in_proportion_and_keep_their_twins() -> None:
    """Rows of a template share all words but one, and are compared with few others; twins are found all the same."""
    chance = random.Random(1)
    letters = "abcdefghijklmnopqrstuvwxyz"
    names = ["".join(chance.choices(letters, k=9)) for _ in range(1500)]
    texts = [f"Which city is the capital of the land of {name} at present?" for name in dict.fromkeys(names)]
    inputs = make_inputs([*texts, *(text.upper() + " Please." for text in texts)])
    assert groups_of(inputs, ["input"]).count(row.key for row in inputs.rows) == len(texts)


@given(st.integers(2, 12), st.integers(1, 9), st.floats(0.05, 0.95), st.integers(1, 60))
def test_g08_the_hold_out_takes_whole_groups_that_fit(groups: int, size: int, share: float, most: int) -> None:
    inputs = make_inputs([f"{group} {number}" for group in range(groups) for number in range(size)])
    of = Groups({row.key: row.columns["input"].split()[0] for row in inputs.rows})
    search, holdout = split(inputs, share, of, most)
    assert sorted([*search, *holdout]) == sorted(row.key for row in inputs.rows)
    assert not {of.of[key] for key in search} & {of.of[key] for key in holdout}
    assert len(holdout) <= max(most, size)


LONG = "A factory of Anna's makes 12500 screws in 5 days. How many does it make each day?"
AS_IT_IS: tuple[Callable[[str], str], ...] = (
    lambda text: text.replace("12500", "12,500"),
    lambda text: text.replace("12500", "12.500"),
    lambda text: text.replace("12500", "12\u2009500"),
    lambda text: text.replace("12500", "12 500"),
    lambda text: text.replace("12500", "12'500"),
    lambda text: text.replace("12500", "12_500"),
    lambda text: text.replace("12500", "12500.00"),
    lambda text: text.replace("12500", "12.5k"),
    lambda text: text.replace("12500", "1.25e4"),
    lambda text: text.replace("5 days", "five days"),
    lambda text: text.replace("12500", "twelve thousand five hundred"),
    lambda text: text.translate({ord(str(digit)): chr(0x0660 + digit) for digit in range(10)}),
    lambda text: text.translate({ord("a"): "\u0430", ord("e"): "\u0435", ord("o"): "\u043e"}),
    lambda text: text.replace("a", "\u1d00"),
    lambda text: text.replace("a", "\u00e1"),
    "\ufe0f".join,
    "\u200d".join,
    lambda text: text.replace("tor", "t\u00ador"),
    lambda text: text.replace(" ", ""),
    lambda text: text.replace(" ", "_"),
    lambda text: "[ID 83917] " + text,
    lambda text: "(No. 12b) " + text,
    lambda text: "3f2b8c1e-9d47 " + text,
    lambda text: "2024-01-02: " + text,
    lambda text: text + " #a9f3",
)


@pytest.mark.parametrize("spelling", range(len(AS_IT_IS)))
def test_g20_numbers_look_alikes_and_marks_of_a_row_make_no_other_question(spelling: int) -> None:
    texts = [*QUESTIONS, LONG, AS_IT_IS[spelling](LONG)]
    inputs = make_inputs([{"input": text} for text in texts])
    keys = [row.key for row in inputs.rows]
    found = groups_of(inputs, ["input"])
    assert found.of[keys[-1]] == found.of[keys[-2]], texts[-1]
    assert found.count(keys) == len(QUESTIONS) + 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("What is 5 + 3?", "What is 5 - 3?"),
        ("What is 12 + 3?", "What is 1 + 23?"),
        ("Add 1 23.", "Add 12 3."),
        ("What is 1.5 times 4?", "What is 15 times 4?"),
        ("What is 2 ^ 3?", "What is 2 * 3?"),
    ],
)
def test_g21_what_asks_something_else_stays_apart(one: str, other: str) -> None:
    inputs = make_inputs([{"input": one}, {"input": other}])
    assert groups_of(inputs, ["input"]).count([row.key for row in inputs.rows]) == 2


def test_g22_rows_in_which_nothing_is_read_are_one_group_and_no_error() -> None:
    empty = [{"question": "", "note": f"row {number}"} for number in range(3)]
    inputs = make_inputs([*empty, {"question": "What is it?", "note": "a"}, {"question": " ", "note": "b"}])
    found = groups_of(inputs, ("question",))
    assert found.count(row.key for row in inputs.rows) == 2
    assert groups_of(inputs, ()).count(row.key for row in inputs.rows) == 1


ASKED = (
    "A library lends 45 books on Monday and 38 books on Tuesday. How many books is that in both days?",
    "Name the scientist who discovered penicillin.",
    "Convert 72 degrees Fahrenheit to degrees Celsius, rounded to one decimal.",
    "Which of these words is a verb: table, run, yellow, softly?",
    "Sort the list [5, 3, 9, 1] in descending order and return the second element.",
)
ROMAN = {"45": "XLV", "38": "XXXVIII", "72": "LXXII", "5": "V", "3": "III", "9": "IX", "1": "I"}
MARKS: tuple[Callable[[str, int], str], ...] = (
    lambda text, n: f"TICKET-{4800 + n}: {text}",
    lambda text, n: f"[{n}/600] {text}",
    lambda text, n: f"Item no. {n} — {text}",
    lambda text, n: f"### Task {n}\n\n{text}",
    lambda text, n: f"{n}\t{text}",
    lambda text, n: f"{text} <id=9f{n}ab2>",
    lambda text, n: f"{text} (asked on {n} March 2024)",
    lambda text, n: f"2024-03-17T09:{n}:00Z {text}",
    lambda text, n: f"2024-05-06 07:08:{n},123 INFO user={n} {text}",
    lambda text, n: f'{{"id": {n}, "text": "{text}", "source": "web"}}',
    lambda text, n: f'<question id="{n}">{text}</question>',
    lambda text, n: f"id: 3f2b8c1e-9d47-4a6b-8e05-7c1d2f3a4b{n}\n{text}",
    lambda text, n: f"{n}.03.2024 – {text}",
    lambda text, n: f"17106684{n} {text}",
    lambda text, n: f'{n},"{text}",easy',
    lambda text, n: f"{text}\n<!-- 5f4dcc3b5aa765d61d8327deb882cf{n} -->",
    lambda text, n: f"[12:{n}] sam: {text}",
    lambda text, n: f"> **Q{n}.** {text}",
    lambda text, n: f"202403{n}T094100Z {text}",
    lambda text, n: f"a{n}f: {text}",
    lambda text, n: f"<tr><td>{n}</td><td>{text}</td></tr>",
    lambda text, n: f"Attempt 3 of {n}: {text}",
    lambda text, n: f"00{n};{text}",
    lambda text, n: f'q{n} = "{text}"',
    lambda text, n: f"{text}[^{n}]",
)
SURROUNDED: tuple[Callable[[str], str], ...] = (
    lambda text: (
        f"Good morning! I hope you are doing well. I would be grateful if you could help me. {text} Many thanks!"
    ),
    lambda text: f"You are a helpful expert. Answer the user's question. Question: {text}\nAnswer:",
    lambda text: f"Hi team,\n\n{text}\n\nBest regards,\nSam",
    lambda text: f"{text} I repeat: {text}",
    lambda text: f"{text} Explain your reasoning, then give the answer on the last line.",
    lambda text: f"He asked: “{text}”",
    lambda text: text.replace(" ", "&nbsp;"),
    lambda text: f"<p>{text.replace('. ', '.<br/>')}</p>",
    lambda text: "".join(f"%{ord(one):02X}" if one in " ?,[]" else one for one in text),
    lambda text: text.replace("e", "\\u0065"),
    lambda text: text.replace("o", "0").replace("e", "3"),
    lambda text: re.sub(r"(\w{4})(\w{4,})", r"\1-\n\2", text, count=1),
    lambda text: re.sub(r"\d+", lambda found: ROMAN[found[0]], text),
    lambda text: re.sub(r"\d", "\\g<0>\ufe0f\u20e3", text),
    lambda text: re.sub(r"(\w{3})(\w)(\w{3,})", r"\1\3", text, count=1),
    lambda text: re.sub(r"(\w{3})(\w)(\w{3,})", r"\1\2\2\3", text, count=1),
)


@pytest.mark.parametrize("place", range(len(MARKS)))
def test_g23_rows_that_differ_in_their_marks_are_one_group(place: int) -> None:
    texts = [MARKS[place](text, 10 + number) for number, text in enumerate([*ASKED, *ASKED])]
    inputs = make_inputs([{"input": text} for text in [*texts, ASKED[1]]])
    groups = groups_of(inputs, ["input"])
    of = [groups.of[row.key] for row in inputs.rows]
    assert of[: len(ASKED)] == of[len(ASKED) : -1] and of[-1] == of[1]
    assert len(set(of)) == len(ASKED)


@pytest.mark.parametrize("place", range(len(SURROUNDED)))
def test_g24_nor_is_a_question_another_one_for_what_is_around_it(place: int) -> None:
    texts = [SURROUNDED[place](text) for text in ASKED]
    inputs = make_inputs([{"input": text} for text in dict.fromkeys([*ASKED, *texts])])
    groups = groups_of(inputs, ["input"])
    by_text = {row.columns["input"]: groups.of[row.key] for row in inputs.rows}
    assert [by_text[text] for text in texts] == [by_text[text] for text in ASKED]
    assert len(set(by_text.values())) == len(ASKED)


@pytest.mark.parametrize(
    "around",
    [
        *(lambda text, mark=mark: mark(text, 17) for mark in MARKS),
        *SURROUNDED[:6],
        lambda text: f"User: {text}\nAssistant:",
        lambda text: f"Exercise 4.2. {text}",
        lambda text: text.replace(" ", "\n"),
        "\u0336".join,
        lambda text: " ".join([*text.replace(" ", "  ")]),
    ],
)
def test_g26_nor_does_what_is_around_them_make_questions_of_one_form_alike(around: Callable[[str], str]) -> None:
    names = ("Anna", "Ben", "Chloe", "Dev", "Emil", "Fay", "Gus", "Hana", "Ivo", "June")
    texts = [
        f"{name} has {n + 13} apples and gives {n % 7 + 2} away. How many apples are left?"
        for n, name in enumerate(names)
    ]
    inputs = make_inputs([{"input": text} for text in [*texts, *map(around, texts)]])
    groups = groups_of(inputs, ["input"])
    of = [groups.of[row.key] for row in inputs.rows]
    assert of[: len(names)] == of[len(names) :] and len(set(of)) == len(names)


def test_g25_numbers_that_a_question_is_about_are_no_marks() -> None:
    texts = [f"In {year}: who won the world championship of chess?" for year in range(1981, 1991)]
    texts += [f"Sort [{n}, 3, 9, 1] in descending order, and return the second." for n in range(10, 15)]
    texts += [f"{n} apples cost 3 dollars. How much does one cost?" for n in range(20, 25)]
    inputs = make_inputs([{"input": text} for text in texts])
    assert groups_of(inputs, ["input"]).count(row.key for row in inputs.rows) == len(texts)


@pytest.mark.parametrize("text", ['{"a":' * 100_000, "<a>" * 9000 + "x" + "</a>" * 9000, "1" + "\n" * 50_000])
def test_texts_without_end_are_read_at_once(text: str) -> None:
    assert asked(text)


@pytest.mark.parametrize("between", [" ", ",", ", ", ";"])
def test_g27_a_question_as_the_numbers_of_its_bytes_is_in_its_group(between: str) -> None:
    question = QUESTIONS[1]
    inputs = make_inputs(
        [{"input": question}, {"input": between.join(map(str, question.encode()))}, {"input": QUESTIONS[0]}]
    )
    assert groups_of(inputs, ["input"]).count(row.key for row in inputs.rows) == 2


def test_g40_groups_follow_what_is_read_and_named_whichever_was_asked_for_before() -> None:
    rows = [
        {"input": "What is 12 + 7?", "note": "first", "kind": "a"},
        {"input": "What is 12 + 7 ?", "note": "second", "kind": "b"},
        {"input": "Name a river in Peru.", "note": "first", "kind": "b"},
    ]
    inputs = make_inputs(rows)
    (one, two, three), keys = (row.key for row in inputs.rows), [row.key for row in inputs.rows]
    for _ in range(2):
        assert groups_of(inputs, ["input"]).of[one] == groups_of(inputs, ["input"]).of[two]
        assert groups_of(inputs, ["note"]).of[one] == groups_of(inputs, ["note"]).of[three]
        assert groups_of(inputs, ["note", "input"]).count(keys) == 3
        assert groups_of(inputs, ["input"], "kind").count(keys) == 1, "the first two ask the same, the last two are b"
        assert groups_of(inputs, ["input"], ALONE).count(keys) == 3
        assert groups_of(make_inputs(rows[:2]), ["input"]).of.keys() == {one, two}

"""The shortcuts of reading are shortcuts only: where one is taken, the long way says the same."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maspo.scoring import answers, bare, choices, claim_patterns, claims, languages, options, ticks, wrappers
from tests.lengths import length
from tests.scoring.real_rows import rows_there

_OWN = (Path(__file__).parent / "reply_cases.jsonl").read_text(encoding="utf-8").splitlines()
REPLIES = [json.loads(line)["output"] for line in _OWN] + [row["output"] for row in rows_there("reply_rows")]
LISTED = "\nA) The first\nB) Option C\nC) 12 km\nD) Select D"
SIGNS = ["", "", "", "(", "*", "**", ")", ".", ":", ",", "!", "**", ").", "\n", "✓"]
BITS = ["**", "(", ")", ".", " ", "\n", "A", "b", "not ", "Answer: ", "or ", "?", "réponse ", "ma ", "✓", '"', "é", "Q"]

mutants = st.builds(
    lambda reply, place, cut, bit: reply[: place % (len(reply) + 1)] + bit + reply[place % (len(reply) + 1) + cut :],
    st.sampled_from(REPLIES),
    st.integers(0, 200),
    st.integers(0, 3),
    st.sampled_from(["", *BITS]),
)
"""Replies with a small change: some signs cut out, some put in."""
lines = st.lists(
    st.tuples(
        st.sampled_from(SIGNS),
        st.one_of(st.sampled_from("ABCDEFGHIJ"), st.sampled_from(sorted(bare.KNOWN))),
        st.sampled_from(SIGNS),
    ).map("".join),
    min_size=1,
    max_size=6,
).map(" ".join)
"""Words about choosing and letters, in any order, with signs around them."""


def the_same_at_length(reply: str, question: str) -> None:
    assert choices.chosen(reply, question) == choices.chosen_at_length(reply, question), (reply, question)


def test_h01_every_reply_is_read_the_same_at_length() -> None:
    for reply in REPLIES:
        the_same_at_length(reply, "")


@pytest.mark.parametrize("word", sorted(bare.KNOWN))
def test_h12_every_known_word_on_either_side_of_a_letter_is_read_the_same(word: str) -> None:
    for reply in (f"B {word}", f"{word} B", f"B {word}.", f"B, {word}", f"The answer is B {word}", f"{word} is B"):
        the_same_at_length(reply, "")


@given(st.one_of(lines, mutants), st.sampled_from(["", LISTED]))
@settings(max_examples=length(1500, 100_000), deadline=None)
def test_h02_a_bare_choice_is_the_choice_that_is_read_at_length(reply: str, question: str) -> None:
    the_same_at_length(reply, question)


@given(mutants)
@settings(max_examples=length(500, 50_000), deadline=None)
def test_h03_a_reply_that_is_passed_over_holds_nothing(reply: str) -> None:
    if not reply.isascii() and not languages.may_be_abroad(reply):
        # "Correct" is French as well as English, where it is read as such.
        found = claim_patterns.claims_abroad(reply, 0, len(reply))
        assert [claim[0] for claim in found if "correct" not in claim[0].lower()] == []
    if "\n" not in reply and reply.isascii() and ticks.is_too_plain(reply):
        assert len(ticks.last_run(ticks.marks_of(reply))) < 2


@given(mutants, mutants)
@settings(max_examples=length(300, 30_000), deadline=None)
def test_h04_texts_without_anything_around_them_are_equal_as_they_stand(one: str, other: str) -> None:
    for first, second in ((one, other), (one, f"**{one}**"), (one, re.sub(r"\s+", "  ", one.upper()))):
        unwrapped = answers.unwrapped(first) == answers.unwrapped(second)
        assert answers.equal_answers(first, second) == (
            unwrapped or answers.normalized(first) == answers.normalized(second)
        )


def test_h05_an_empty_box_is_no_answer() -> None:
    assert choices.chosen(r"\boxed{}") is None
    assert choices.chosen(r"\boxed{} The answer is B.") == "B"


def test_h06_the_commonest_replies_are_known_at_sight() -> None:
    for reply in ("B", "(B)", "**B**", "B.", "The answer is B.", "Answer: B", "The correct option is (B).", "Option B"):
        assert bare.bare_choice(reply) == "B"
    for reply in ("A train", "B or C", "not B", "B?", "The answer is E. coli.", "I", "b", ""):
        assert bare.bare_choice(reply) is None


@given(st.one_of(mutants, lines), st.sampled_from(["", "The ", "**", "$", " ", "a "]))
@settings(max_examples=length(500, 50_000), deadline=None)
def test_h07_no_text_of_an_option_is_passed_over_by_its_first_word(text: str, before: str) -> None:
    question = f"Which?\nA) {text.split(chr(10), maxsplit=1)[0]}\nB) something else"
    for said in (f"{before}{text}", text.upper(), "  ".join(text.split())):
        wanted = options.squeezed(said)
        letters = [
            letter for letter, option in options.options_of(question).items() if options.squeezed(option) == wanted
        ]
        if wanted and len(letters) == 1:
            assert options.with_text(said, question) == letters[0]


def test_h08_what_is_handed_in_is_looked_for_from_its_own_line_on() -> None:
    said = "Thought: done\n\n\n  Action: Finish[Rome]\n\n"
    assert wrappers.handed_in(said) == "Rome"
    found = wrappers._CALLED.search(said.rstrip())
    # From an earlier line each blank line would be a begin of its own, and go through all that follow.
    assert found is not None
    assert found.start() == said.index("  Action") - 1


def test_h09_blanks_within_what_is_not_closed_are_gone_through_once() -> None:
    """With the cube of their number each of these takes minutes."""
    blanks = " " * 3_900
    for text in (f"<a>{blanks}x", f"```\n{blanks}x", f"```\nx{blanks}y`"):
        assert wrappers.without_wrappers(text) == wrappers.inner_text(text) == text
    assert wrappers.without_wrappers(f"<row>{blanks[:900]}x{blanks[:90]}</row>") == "row: x"
    assert wrappers.without_wrappers("```\n  x \n\n```") == wrappers.inner_text("<b>\n x </b>") == "x"


ANY_CLAIM = re.compile(claim_patterns.bounded([claim for _, claim in claim_patterns.PATTERNS]))


@given(mutants)
@settings(max_examples=length(500, 50_000), deadline=None)
def test_h05_a_claim_is_looked_for_among_those_alone_that_begin_with_its_sign(reply: str) -> None:
    for place, sign in enumerate(reply[:200]):
        found, any_found = (pattern.match(reply, place) for pattern in (claim_patterns.claims_from(sign), ANY_CLAIM))
        assert (found and found[0]) == (any_found and any_found[0]), (reply, place)


TRAINS = (
    "Which is true?\nA) the first train is late\nB) both trains are early\nC) 12 km of track\nD) it is the second train"
)
SAID = (
    "the first train is late",
    "both trains are early",
    "12 km of track",
    "it is the second train",
    "no train at all",
)


@given(
    st.sampled_from(["", "We compute. ", "It is not B. ", "Many say that ", "I doubt that ", "B works.\n"]),
    st.sampled_from(["The answer is ", "the correct answer is: ", "The final answer is **", "The answer is not "]),
    st.sampled_from(["", "A) ", "(B) ", "C. ", "**D**: "]),
    st.sampled_from(SAID),
    st.sampled_from(["", ".", "**", "**.", ", not A.", " or A.", "\nOr not?"]),
)
@settings(max_examples=length(300, 5_000), deadline=None)
def test_h10_a_claim_with_the_text_of_its_option_is_known_at_sight(
    before: str, claim: str, letter: str, said: str, behind: str
) -> None:
    reply = f"{before}{claim}{letter}{said}{behind}"
    found = claims.plainly(reply, TRAINS)
    with pytest.MonkeyPatch.context() as without:
        without.setattr(choices, "plainly", lambda *_: None)
        at_length = choices.read_choice(reply, None, TRAINS)
    assert found in (None, at_length), (reply, found, at_length)


def test_h11_most_such_claims_are() -> None:
    for letter, said in zip("ABCD", SAID, strict=False):
        assert claims.plainly(f"So {letter} it is. The answer is {letter}) {said}.", TRAINS) == letter
        assert claims.plainly(f"We look. The answer is {said}.", TRAINS) == letter

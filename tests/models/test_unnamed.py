"""What a refusal that names nothing may be about: only what no request that was taken ever had."""

from __future__ import annotations

from maspo.models.base import Message, Request
from maspo.models.dialects import STANDARD
from maspo.models.unnamed import Guesses

ASKED = Request("m", (Message("system", "You solve."), Message("user", "Hi")), purpose="agent", agent="solver")
BARE = Request("m", (Message("user", "Hi"),), purpose="probe", agent="")


def test_n10_a_request_that_was_on_its_way_with_it_clears_what_is_left_out() -> None:
    """One odd prompt is refused; the others, sent side by side, show that its form is none of the reasons."""
    guesses = Guesses()
    guesses.take(BARE, STANDARD, STANDARD)
    guess = guesses.next(ASKED, STANDARD)
    assert guess is not None and guesses.what == "no system message"
    assert guesses.take(ASKED, STANDARD, guess) == (STANDARD, "")
    assert guesses.next(ASKED, STANDARD) is None, "nothing is left that it may be"


def test_n11_what_is_taken_without_a_part_had_to_be_without_it() -> None:
    guesses = Guesses()
    guesses.take(BARE, STANDARD, STANDARD)
    guess = guesses.next(ASKED, STANDARD)
    assert guess is not None
    assert guesses.take(BARE, STANDARD, guess) == (guess, ""), "a request without a system message says nothing of it"
    assert guesses.take(ASKED, guess, guess) == (guess, "no system message")


def test_n12_parts_that_nobody_cleared_are_tried_again_after_another_refusal() -> None:
    guesses = Guesses()
    first = guesses.next(ASKED, STANDARD)
    assert first is not None
    kept, told = guesses.take(BARE, STANDARD, first)
    assert (kept, told) == (STANDARD, "")
    guesses.next(ASKED, STANDARD)
    assert guesses.what == "no system message"

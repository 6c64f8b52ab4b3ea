"""A diff reconstructs both sides exactly, and says little when little changed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from maspo.report.diff import Segment, diff

_TEXTS = st.text(alphabet="ab .,\n\r\t\u2028é漢", max_size=60) | st.text(max_size=60)


def _side(segments: tuple[Segment, ...], kind: str) -> str:
    return "".join(segment.text for segment in segments if segment.kind in ("same", kind))


@given(_TEXTS, _TEXTS)
def test_i01_both_sides_are_reconstructed(before: str, after: str) -> None:
    segments = diff(before, after)
    assert _side(segments, "removed") == before
    assert _side(segments, "added") == after
    assert all(segment.text for segment in segments)


@given(_TEXTS)
def test_i02_equal_texts_have_no_change(text: str) -> None:
    assert {segment.kind for segment in diff(text, text)} <= {"same"}


def test_i03_an_added_line_is_all_that_is_marked() -> None:
    segments = diff("Solve it.\nAnswer.", "Solve it.\nCheck units.\nAnswer.")
    assert [segment for segment in segments if segment.kind != "same"] == [Segment("added", "Check units.\n")]


def test_i04_a_changed_word_is_all_that_is_marked() -> None:
    segments = diff("Solve the problem quickly now.", "Solve the problem carefully now.")
    marked = [segment for segment in segments if segment.kind != "same"]
    assert marked == [Segment("removed", "quickly"), Segment("added", "carefully")]


def test_i05_replaced_phrases_are_whole() -> None:
    segments = diff("Please be very brief here.", "Please stay quite careful here.")
    marked = [segment for segment in segments if segment.kind != "same"]
    assert marked == [Segment("removed", "be very brief"), Segment("added", "stay quite careful")]


def test_i06_texts_too_long_to_match_are_replaced_as_a_block() -> None:
    before = " ".join(f"a{index}" for index in range(20_000))
    after = " ".join(f"b{index}" for index in range(20_000))
    assert diff(before, after) == (Segment("removed", before), Segment("added", after))


def test_i07_a_small_change_in_a_long_text_stays_small() -> None:
    lines = [f"Rule {index}: keep going." for index in range(20_000)]
    changed = [*lines[:9_000], "Rule 9000: stop.", *lines[9_001:]]
    marked = [segment for segment in diff("\n".join(lines), "\n".join(changed)) if segment.kind != "same"]
    assert marked == [Segment("removed", "keep going"), Segment("added", "stop")]


def test_i08_words_that_two_phrases_share_by_chance_are_told_with_them() -> None:
    segments = diff("- Check that both sides have a unit.\n- End.", "- Ask what both ends of a range do.\n- End.")
    marked = [segment for segment in segments if segment.kind != "same"]
    assert marked == [
        Segment("removed", "Check that both sides have a unit"),
        Segment("added", "Ask what both ends of a range do"),
    ]


def test_i09_what_was_only_added_stays_two_additions() -> None:
    segments = diff("You check the work and answer.", "You check all the work twice and answer.")
    assert [segment.text for segment in segments if segment.kind == "added"] == ["all ", " twice"]
    assert not [segment for segment in segments if segment.kind == "removed"]

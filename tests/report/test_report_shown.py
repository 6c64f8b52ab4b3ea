"""Nothing invisible, nothing that acts, nothing endless."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maspo.report.visible import clipped, visible


@pytest.mark.parametrize(
    ("given_text", "shown"),
    [
        ("\x1b[31mred", "[U+001B][31mred"),
        ("a\u202eb", "a[U+202E]b"),
        ("zero\u200bwidth", "zero[U+200B]width"),
        ("tag\U000e0041", "tag[U+E0041]"),
        ("nul\x00", "nul[U+0000]"),
        ("c1\x9b", "c1[U+009B]"),
        ("lone\ud800", "lone[U+D800]"),
        ("over\rwritten", "over[U+000D]written"),
        ("windows\r\nline", "windows\nline"),
        ("tab\tand\nline", "tab\tand\nline"),
        ("naïve 漢字 🙂 ∑", "naïve 漢字 🙂 ∑"),
        ("👩\u200d🔬", "👩\u200d🔬"),
    ],
)
def test_i01_what_cannot_be_seen_is_spelled_out(given_text: str, shown: str) -> None:
    assert visible(given_text) == shown


@given(st.text(st.characters()))
def test_i02_the_result_can_be_printed(text: str) -> None:
    shown = visible(text)
    shown.encode("utf-8")
    assert not {unicodedata.category(one) for one in shown if one not in "\n\t\u200c\u200d"} & {"Cc", "Cf", "Cs", "Zl"}
    assert visible(shown) == shown


@given(st.text(max_size=300), st.integers(10, 100))
def test_i03_long_texts_are_cut_in_the_middle(text: str, limit: int) -> None:
    shown = clipped(text, limit)
    if len(text) <= limit:
        assert shown == text
    else:
        assert len(shown) <= limit + 50
        assert f"[… {len(text) - limit:,} characters left out …]" in shown
        assert text.startswith(shown.split("\n[…")[0][:5])

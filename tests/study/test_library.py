"""A library of changes that won: what is written is read, once; the best sentences come first, losers stay out."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maspo.core.errors import UsageError
from maspo.study.library import (
    Won,
    add_to_library,
    of_one_kind,
    rank_sentences,
    read_library,
    sentences_added,
    started_from,
)

PROMPT = "You add numbers."


def won(sentence: str, wins: int, losses: int, **more: object) -> Won:
    given = {"agent": "a", "team": "t", "model": "m", "run": "r", "n": 20, "wins": wins, "losses": losses}
    return Won.model_validate({**given, "sentence": sentence, **more})


TEXTS, COUNTS = st.text(max_size=20), st.integers(0, 20)
"""Unusual line breaks among them."""
ENTRIES = st.lists(st.builds(won, TEXTS, COUNTS, COUNTS, run=st.sampled_from(("r", "s"))), max_size=6)


@given(entries=ENTRIES)
def test_l01_what_is_added_is_read_and_nothing_twice(
    entries: list[Won], tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("library") / "won.jsonl"
    places = {(one.run, one.agent, one.sentence) for one in entries}
    assert add_to_library(file, entries) == len(places)
    assert add_to_library(file, entries) == 0
    found = read_library(file)
    assert set(found) <= set(entries) and {(one.run, one.agent, one.sentence) for one in found} == places


def test_l02_many_wins_are_worth_more_than_few_and_runs_add_up() -> None:
    entries = [won("Few.", 3, 0, n=4), won("Many.", 30, 5, n=60), won("Bad.", 2, 9), won("Few.", 3, 0, n=4, run="s")]
    assert [sentence for sentence, _ in rank_sentences(entries)] == ["Many.", "Few.", "Bad."]
    assert won("Alone.", 15, 1, missed=-2).worth < 0, "an agent that nobody misses has won nothing itself"


def test_l03_an_agent_starts_with_what_won_under_its_name_or_for_its_task() -> None:
    entries = [
        won("Show each step.", 9, 1),
        won("Guess.", 1, 9),
        won("Check units.", 8, 1, agent="other", role="adds"),
        won("Of another.", 9, 0, agent="other", role="writes"),
    ]
    earlier = started_from({"a": PROMPT, "b": "You check."}, {"a": "adds", "b": ""}, entries)
    assert earlier.winners == {"a": f"{PROMPT}\nShow each step.\nCheck units.", "b": "You check."}
    assert sentences_added(PROMPT, earlier.winners["a"]) == ("Show each step.", "Check units.")
    assert sentences_added("A.", "A. Half \ud800.") == ("Half ?.",)


@pytest.mark.parametrize(
    ("text", "said"), [("[]", "line 1"), ('{"agent": "a"}', "sentence"), ("\xff", "is no library")]
)
def test_l04_what_is_no_library_is_told_and_not_added_to(text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "won.jsonl"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(UsageError, match=said):
        read_library(file)
    with pytest.raises(UsageError, match=said):
        add_to_library(file, [won("S.", 1, 0)])
    assert file.read_bytes() == text.encode("latin-1")


def test_l05_a_file_without_an_end_of_line_is_added_to_and_a_line_that_was_cut_off_is_told(tmp_path: Path) -> None:
    file = tmp_path / "won.jsonl"
    first, second = won("First.", 3, 0), won("Second.", 4, 0)
    add_to_library(file, [first])
    whole = file.read_bytes()
    file.write_bytes(whole.rstrip())
    assert add_to_library(file, [second]) == 1
    assert read_library(file) == (first, second)
    file.write_bytes(whole + whole[: len(whole) // 2])
    with pytest.raises(UsageError, match=r"line 2: is cut off.*Delete that line"):
        add_to_library(file, [second])
    assert file.read_bytes() == whole + whole[: len(whole) // 2]


def test_l06_what_cannot_be_added_whole_leaves_the_library_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, link = tmp_path / "won.jsonl", tmp_path / "link.jsonl"
    link.symlink_to(file)
    add_to_library(link, [won("First.", 3, 0)])
    assert link.is_symlink() and len(read_library(file)) == 1, "the user's own link is followed"
    before = file.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(UsageError, match="No space left"):
        add_to_library(file, [won("Second.", 4, 0)])
    assert file.read_bytes() == before and sorted(tmp_path.iterdir()) == [link, file]


def test_l08_what_several_add_at_one_moment_is_all_there(tmp_path: Path) -> None:
    file = tmp_path / "won.jsonl"
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda n: add_to_library(file, [won(f"Sentence {n}.", n, 0)]), range(40)))
    assert len(read_library(file)) == 40


def test_l06_what_won_in_simulated_worlds_is_marked_and_not_mixed_with_what_won_with_models(tmp_path: Path) -> None:
    file, real, played = tmp_path / "won.jsonl", won("Real.", 9, 1), won("Played.", 9, 1, simulated=True)
    add_to_library(file, [real, played])
    assert read_library(file) == (real, played)
    assert "simulated" not in file.read_text().splitlines()[0], "older versions read it"
    chosen, said = of_one_kind(read_library(file))
    assert list(chosen) == [real] and "1 of its 2 entries won in simulated worlds" in said
    assert of_one_kind([played]) == ([played], "all that it holds won in simulated worlds")
    assert of_one_kind([real]) == ([real], "")

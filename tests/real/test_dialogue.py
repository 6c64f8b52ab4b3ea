"""A recorded dialogue with a real model ends as it did, and what it holds is what a small model writes."""

from __future__ import annotations

import json
from pathlib import Path

from maspo.events import VerdictWord
from maspo.store import RunStore
from maspo.study.optimize import DATABASE
from tests.real.dialogue import END, FILE, Playback, job, run

WORDS: tuple[VerdictWord, ...] = ("improved", "no_evidence", "worse", "cannot_tell")


async def test_the_run_of_a_recorded_dialogue_ends_as_it_did(tmp_path: Path) -> None:
    model = Playback()
    outcome, end = await run(tmp_path / "run", model)
    assert outcome.finished is not None and outcome.exit_code == 0
    if model.unknown:
        # What is asked has changed since. The run met real text all the same; record anew when the change is meant.
        assert outcome.finished.verdict in WORDS
        assert outcome.finished.holdout.n + outcome.finished.holdout.undecided > 0 or not end["holdout"]["n"]
    else:
        assert end == json.loads(END.read_text(encoding="utf-8"))


async def test_two_playbacks_are_the_same_run(tmp_path: Path) -> None:
    ends = [(await run(tmp_path / name, Playback()))[1] for name in ("one", "another")]
    assert ends[0] == ends[1]


async def test_real_text_is_kept_as_it_came(tmp_path: Path) -> None:
    await run(tmp_path / "run", Playback())
    store = RunStore.read(tmp_path / "run" / DATABASE)
    try:
        assert store.damage == ""
    finally:
        store.close_reader()


def test_the_recording_is_small_and_is_of_this_job() -> None:
    assert FILE.stat().st_size < 300_000
    assert len(job().inputs.rows) == 44

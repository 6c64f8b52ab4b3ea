"""Whom a search finds worth rewriting: shares that sum up, agents that stay, and a race that lets the others be."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maspo.core.errors import ConfigInvalid
from maspo.core.verdict import Comparison, Verdict
from maspo.events import CandidateScored, FocusNarrowed, PromptChanged, SearchEnded, StepStarted
from maspo.optimizers.base import Compare
from maspo.optimizers.race.focus import ENOUGH, AnswerMoves, in_focus
from maspo.optimizers.registry import make_config
from maspo.report.fold import fold
from maspo.report.lines import line_of
from maspo.report.questions import answers
from maspo.report.result import result_of
from maspo.study.resolve import resolve
from maspo.testing.runs import SMALL_ASCENT, Recorder, begin, counted_world, go_on, with_config, world_job

NAMES = ("far", "middle", "near", "last")
CALLS = {"far": 4, "middle": 3, "near": 2, "last": 1}
"""Calls of a run in which one of them is changed: a chain."""
runs = st.lists(
    st.tuples(st.lists(st.sampled_from(NAMES), min_size=1, unique=True).map(tuple), st.booleans()), max_size=40
).map(lambda found: AnswerMoves(tuple(found)))


@given(runs)
def test_p01_shares_are_parts_of_a_whole_and_those_in_focus_hold_enough(moved: AnswerMoves) -> None:
    shares = moved.shares(CALLS)
    assert tuple(shares) == NAMES and sum(shares.values()) == pytest.approx(1)
    assert all(share > 0 for share in shares.values())  # nobody is given up for runs that were never made
    kept = in_focus(shares)
    assert list(kept) == [name for name in NAMES if name in kept] and len(kept) >= len(NAMES) / 2
    assert sum(shares[name] for name in kept) >= ENOUGH - 1e-9 or len(kept) == len(NAMES)
    assert min(shares[name] for name in kept) >= max((shares[name] for name in NAMES if name not in kept), default=0)


@given(runs, st.sampled_from(NAMES))
def test_p02_an_answer_more_that_an_agent_moved_never_lowers_its_rank(moved: AnswerMoves, name: str) -> None:
    def rank(seen: AnswerMoves) -> int:
        shares = seen.shares(CALLS)
        return sum(share > shares[name] for share in shares.values())

    before, after = AnswerMoves((*moved.runs, ((name,), False))), AnswerMoves((*moved.runs, ((name,), True)))
    assert rank(after) <= rank(before)


def test_p03_what_was_changed_together_has_equal_parts_and_nothing_seen_leaves_the_expectation() -> None:
    alike = dict.fromkeys(NAMES, 2)
    shares = AnswerMoves(((("far", "near"), True), (("middle",), False)) * 30).shares(alike)
    assert shares["far"] == shares["near"] > shares["middle"]
    nothing = AnswerMoves().shares(CALLS)
    assert nothing["last"] == pytest.approx(2 * nothing["near"]) == pytest.approx(4 * nothing["far"])
    still = AnswerMoves(((("last",), False),) * 300).shares(CALLS)
    assert still["last"] < nothing["last"]


def test_p04_only_mixed_runs_that_did_not_fail_are_looked_at() -> None:
    def answer(purpose: str, verdict: Verdict, failed: bool = False) -> tuple[Compare, Comparison]:
        asked = Compare("id", {"a": "A"}, {"a": "B"}, "k", True, purpose=purpose)
        return asked, Comparison("k", verdict, (), verdict, failed=failed)

    seen = [answer("mixed", Verdict.LOSS), answer("union", Verdict.WIN), answer("mixed", Verdict.WIN, failed=True)]
    assert AnswerMoves().after([*seen, answer("mixed", Verdict.TIE)], "mixed").runs == ((("a",), True), (("a",), False))


async def test_f01_agents_that_are_left_out_are_asked_for_no_more_and_the_plan_shrinks(tmp_path: Path) -> None:
    search = make_config({"method": "race", "calls_per_agent": 200, "blocks": 2})
    job = with_config(world_job("chain5", 40), focus=("auto",), search=search)
    watcher, model = Recorder(), counted_world(job)
    outcome = await begin(job, tmp_path / "run", model, watcher=watcher)
    study = resolve(job)
    assert outcome.finished is not None and model.calls <= study.bound.most
    assert any(note.startswith("--focus auto") for note in study.plan.notes)
    told = [one for one in watcher.events if isinstance(one, FocusNarrowed)]
    gone = [name for one in told for name in one.left_out]
    assert gone and len(set(gone)) == len(gone) and told[-1].planned < study.plan.planned
    assert all(set(one.shares) == set(job.system.order) - set(gone[:number]) for one, number in _with_gone(told))
    first, place = told[0], watcher.events.index(told[0])
    later = {one.agent for one in watcher.events[place:] if isinstance(one, StepStarted)}
    assert first.left_out and not later & set(first.left_out)
    tried = {one.agent for one in watcher.events[place:] if isinstance(one, CandidateScored | PromptChanged)}
    assert not tried & set(first.left_out)  # nor with drafts that were asked for ahead
    # On the screen, in the report, and in the object of `--json`.
    view = fold(watcher.events)
    assert first.left_out[0] in line_of(first)
    assert any("(--focus auto)" in one.answer for one in answers(view) if one.question.startswith("What changed"))
    assert result_of(view).focus[0].left_out == first.left_out
    (end,) = (one.reason for one in watcher.events if isinstance(one, SearchEnded))
    assert "agents (--focus auto)" in end or "rounds" in end
    asked = model.calls
    assert (await go_on(job, tmp_path / "run", model)).finished == outcome.finished and model.calls == asked


def _with_gone(told: list[FocusNarrowed]) -> list[tuple[FocusNarrowed, int]]:
    found, number = [], 0
    for one in told:
        found.append((one, number))
        number += len(one.left_out)
    return found


def test_f02_a_method_that_cannot_find_out_says_so() -> None:
    job = with_config(world_job(), focus=("auto",), search=SMALL_ASCENT)
    with pytest.raises(ConfigInvalid, match=r"--focus auto: search\.method ascent cannot find out"):
        resolve(job)

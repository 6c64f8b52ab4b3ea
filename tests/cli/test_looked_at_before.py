"""What earlier looks ask of the next one is said before anything is paid, and saying it is no look."""

from __future__ import annotations

import pytest

from maspo.stats.looks import FIRST, by_number
from maspo.store.looks import Look, LookLedger
from maspo.study.bound import remark_on_looks
from tests.cli.conftest import Run

PLAN = ("system.yaml", "--inputs", "inputs.jsonl", "--agent-model", "nobody", "--base-url", "http://127.0.0.1:9/v1")
TEXTS = [f"problem {number}" for number in range(12)]


def look(work: str, simulated: bool = False) -> int:
    found = Look(work, "solver\0critic", TEXTS, simulated)
    number = LookLedger().take(found).number
    LookLedger().end(found, 0.04 if number == 1 else 0.005)
    return number


@pytest.mark.parametrize("command", ["check", "estimate", "optimize"])
def test_k14_who_looked_before_is_told_what_the_next_look_needs(maspo: Run, command: str) -> None:
    assert "looked at" not in maspo(command, *PLAN).err
    look("tried", simulated=True)
    assert "looked at" not in maspo(command, *PLAN).err
    look("first")
    told = maspo(command, *PLAN)
    assert "this hold-out was looked at once: look 2 needs p ≤ 0.005, at least 8 wins without a loss" in told.err
    assert maspo(command, *PLAN).err == told.err
    assert look("second") == 2
    assert "looked at 2 times: look 3 needs p ≤ 0.0017, at least 10 wins" in maspo(command, *PLAN).err


def test_k15_json_has_the_note_that_assistants_read(maspo: Run) -> None:
    look("first")
    notes = maspo("estimate", *PLAN, "--json").json["notes"]
    assert sum("look 2 needs p ≤ 0.005" in note for note in notes) == 1


@pytest.mark.parametrize(("number", "groups", "says"), [(1, 30, ""), (2, 8, "first look"), (2, 7, "nothing can be")])
def test_k16_a_hold_out_that_is_too_small_for_its_next_look_says_so(number: int, groups: int, says: str) -> None:
    said = remark_on_looks(FIRST if number == 1 else by_number(number), groups)
    assert says in said
    assert bool(said) is (number > 1)

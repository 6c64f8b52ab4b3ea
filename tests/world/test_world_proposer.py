"""Invariants of the simulated proposer: led by evidence, not by words."""

from __future__ import annotations

from collections import Counter

import pytest

from maspo.models.base import Message, Request
from maspo.proposers.drafts import read_drafts
from maspo.world import World, WorldSpec
from maspo.world.catalogue import Kind, Sentence, add, of_kind, split
from maspo.world.latents import Turn
from maspo.world.outputs import Symptoms, encode
from maspo.world.proposer import Evidence, read_evidence
from maspo.world.spec import Skill

ROLE = "You solve it.\nKeep {input} and <answer>X</answer>.\n\n  Indented."
TURN = Turn("sim-0001", "A", 1.0, 0.0, 0.5)


def _trace(*missed: str) -> str:
    return f"<trace>\n<input>q</input><output>\n{encode(TURN, Symptoms(missed=missed))}\n</output></trace>"


def _case(manner: str, reader_quality: float, reader_before: float) -> str:
    readers = [Turn("sim-0001", "A", quality, 0.0, 0.5) for quality in (reader_quality, reader_before)]
    after, before = (encode(turn, Symptoms()) for turn in readers)
    return (
        f"<misaligned_trace><output>{encode(TURN, Symptoms(manners=(manner,)))}</output>"
        f"<output_before>{encode(TURN, Symptoms())}</output_before>"
        f'<reader name="r">{after}</reader><reader_before name="r">{before}</reader_before></misaligned_trace>'
    )


def _request(prompt: str, evidence: str = "", count: str = "1", words: str = "", identity: str = "") -> Request:
    text = f"{words}<current_prompt>\n{prompt}\n</current_prompt>\n{evidence}\n<count>{count}</count>"
    return Request("m", (Message("user", text),), "proposer", "a", 0.7, identity=identity)


def _drafts(request: Request, skill: Skill = "good") -> tuple[str, ...]:
    return read_drafts(World(WorldSpec(proposer=skill)).reply(request).text)


def _new(prompt: str, drafts: list[str]) -> list[Sentence]:
    return [sentence for draft in drafts for sentence in split(draft)[1] - split(prompt)[1]]


def _many(prompt: str, evidence: str, skill: Skill = "good", words: str = "") -> list[str]:
    return [_drafts(_request(prompt, evidence, words=words, identity=str(n)), skill)[0] for n in range(150)]


def test_i51_drafts_keep_the_role_text_and_respect_the_count() -> None:
    for count in (1, 2, 4, 7):
        drafts = _drafts(_request(ROLE, _trace("units"), str(count)))
        assert len(drafts) == count
        assert all(split(draft)[0] == split(ROLE)[0] for draft in drafts)
        assert all(draft.startswith(ROLE) for draft in drafts)


@pytest.mark.parametrize(("count", "expected"), [("", 1), ("many", 1), ("0", 0), ("999", 32), ("99999", 1)])
def test_i52_an_unusable_count_is_no_error(count: str, expected: int) -> None:
    assert len(_drafts(_request(ROLE, count=count))) == expected


def test_i53_missed_aspects_lead_to_their_fixes() -> None:
    new = _new(ROLE, _many(ROLE, _trace("units") + _trace("units", "evidence")))
    fixes = Counter(sentence.aspect for sentence in new if sentence.kind is Kind.FIX)
    assert fixes["units"] > fixes["evidence"] > fixes["arithmetic"]
    assert len({sentence.text for sentence in new if sentence.aspect == "units"}) == 4


def test_i54_words_of_the_request_do_not_lead() -> None:
    words = "Mend units, units, units! Never write traps. Missed: units.\n"
    new = _new(ROLE, _many(ROLE, _trace("evidence"), words=words))
    fixes = Counter(sentence.aspect for sentence in new if sentence.kind is Kind.FIX)
    assert fixes["evidence"] > 3 * fixes["units"]
    assert any(sentence.kind is Kind.TRAP for sentence in new)


def test_i55_readers_that_lost_lead_to_handoff_sentences() -> None:
    calm = _new(ROLE, _many(ROLE, _trace("units") + _case("headings", 1.0, 1.0)))
    lost = _new(ROLE, _many(ROLE, _trace("units") + _case("headings", 0.5, 1.0)))
    handoffs = [sum(sentence.kind is Kind.HANDOFF for sentence in new) for new in (calm, lost)]
    assert handoffs[1] > handoffs[0] + 15


def test_i56_a_blamed_trap_is_dropped_and_not_added() -> None:
    trap = of_kind(Kind.TRAP)[0]
    held = add(ROLE, trap)
    case = _case(trap.manner, 0.5, 1.0)
    dropped = [sum(trap not in split(draft)[1] for draft in _many(held, evidence)) for evidence in ("", case)]
    assert dropped[1] > dropped[0] + 20
    assert trap not in _new(ROLE, _many(ROLE, case))


def test_i57_a_poor_proposer_ignores_the_evidence() -> None:
    new = _new(ROLE, _many(ROLE, _trace("units"), "poor"))
    fixes = Counter(sentence.aspect for sentence in new if sentence.kind is Kind.FIX)
    assert fixes["units"] < 0.5 * fixes.total()


def test_i58_a_rubbish_proposer_writes_nothing_good() -> None:
    drafts = _many(ROLE, _trace("units"), "rubbish")
    assert "" in drafts
    assert any(draft and "{input}" not in draft for draft in drafts)
    assert {sentence.kind for sentence in _new(ROLE, drafts)} == {Kind.RUBBISH, Kind.TRAP}


def test_i59_draws_repeat_and_differ_by_identity() -> None:
    request = _request(ROLE, _trace("units"), "4", identity="7")
    assert _drafts(request) == _drafts(request)
    assert len(set(_many(ROLE, _trace("units")))) > 5


def test_i60_a_full_prompt_gets_replacements() -> None:
    full = ROLE
    for sentence in of_kind(Kind.FIX)[:9]:
        full = add(full, sentence)
    assert all(len(split(draft)[1]) <= 9 for draft in _many(full, _trace("evidence")))


def test_i61_evidence_is_read_from_its_tags_alone() -> None:
    text = _trace("units") + _case("headings", 0.5, 1.0) + encode(TURN, Symptoms(missed=("evidence",)))
    assert read_evidence(text) == Evidence((("units", 1),), frozenset({"headings"}), 1)
    assert read_evidence("nothing") == Evidence()

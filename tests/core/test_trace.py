"""Traces: a team's calls in order, whatever the team: an agent may be called several times, or never."""

from __future__ import annotations

from maspo.core.trace import Call, Trace

DEBATE = Trace(
    "k",
    (
        Call("pro", "p1"),
        Call("con", "c1", reads=(0,)),
        Call("pro", "p2", reads=(1,), nth=1),
        Call("judge", "pro wins", reads=(0, 1, 2)),
    ),
    "pro wins",
)


def test_q01_what_an_agent_wrote_is_all_that_it_wrote_in_order() -> None:
    assert DEBATE.written_by("pro") == "p1\n\np2"
    assert DEBATE.written_by("con") == "c1"
    assert [call.nth for call in DEBATE.by_agent["pro"]] == [0, 1]


def test_q02_what_an_agent_read_is_keyed_by_who_wrote_it() -> None:
    assert DEBATE.read_by("judge") == {"pro": "p1\n\np2", "con": "c1"}
    assert DEBATE.read_by("con") == {"pro": "p1"}
    assert DEBATE.read_by("pro") == {"con": "c1"}, "what all its calls read"


def test_q03_an_output_that_was_read_twice_is_told_once() -> None:
    asked_again = Trace("k", (Call("a", "x"), Call("b", "1", (0,)), Call("b", "2", (0, 1), nth=1)), "2")
    assert asked_again.read_by("b") == {"a": "x", "b": "1"}


def test_q04_an_agent_that_was_not_called_wrote_and_read_nothing() -> None:
    assert DEBATE.written_by("moderator") == ""
    assert DEBATE.read_by("moderator") == {}
    assert "moderator" not in DEBATE.by_agent


def test_q05_the_final_output_is_not_tied_to_an_agent() -> None:
    voted = Trace("k", (Call("a", "1"), Call("b", "2")), "by vote: 1")
    assert voted.output == "by vote: 1"
    assert Trace("k", (), "").by_agent == {}

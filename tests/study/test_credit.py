"""Credit goes to calls: loops, branches that were not taken, agents that were not called."""

from __future__ import annotations

from maspo.core.trace import Call, ToolUse, Trace
from maspo.study.credit import first_difference, next_readers


def run(*calls: Call) -> Trace:
    return Trace("k", calls, "answer")


def test_the_first_call_that_differs_is_compared_and_the_next_that_read_it() -> None:
    reference = run(
        Call("writer", "same"),
        Call("critic", "longer", reads=(0,)),
        Call("writer", "draft a", reads=(1,), nth=1),
        Call("critic", "fine a", reads=(2,), nth=1),
    )
    candidate = run(
        Call("writer", "same"),
        Call("critic", "longer", reads=(0,)),
        Call("writer", "draft b", reads=(1,), nth=1),
        Call("critic", "fine b", reads=(2,), nth=1),
        Call("editor", "b", reads=(2,)),
    )
    pair = first_difference(candidate, reference, ["writer"])
    assert pair is not None
    assert (pair.candidate.output, pair.reference.output) == ("draft b", "draft a")
    read = next_readers(candidate, reference, pair, "critic")
    assert read is not None
    assert (read.candidate.output, read.reference.output) == ("fine b", "fine a")
    assert next_readers(candidate, reference, pair, "editor") is None


def test_an_agent_that_was_not_called_is_not_judged() -> None:
    assert first_difference(run(Call("a", "x")), run(Call("b", "x")), ["a"]) is None


def test_an_agent_that_wrote_the_same_is_compared_by_its_first_call() -> None:
    pair = first_difference(run(Call("a", "x"), Call("a", "y", nth=1)), run(Call("a", "x")), ["a"])
    assert pair is not None
    assert pair.candidate.output == pair.reference.output == "x"


def test_the_use_of_tools_is_part_of_what_an_agent_wrote() -> None:
    one, other = (Call("a", "x", tools=(ToolUse("add", "{}", result),)) for result in "12")
    pair = first_difference(run(one), run(other), ["a"])
    assert pair is not None
    assert (pair.candidate.written, pair.reference.written) == ("add({}) → 1\nx", "add({}) → 2\nx")

"""Tests that a program decides itself are told; what tests usually look like is not."""

from __future__ import annotations

import ast

import pytest

from maspo.sandbox.inside.soundness import unsound
from maspo.sandbox.worker import ForkServer, SandboxLimits, Submission
from maspo.scoring.base import Sample
from maspo.scoring.code import CodeScorer

OWN = ("f", "g", "expected", "near", "bad", "ok", "Point", "Stack")
UNSOUND = (
    *("assert f(2) == expected", "assert expected == f(2)", "assert f(2) == g(2)", "assert [f(2)] == [expected[0]]"),
    *(
        "assert abs(f(2) - expected) < 1e-6",
        "assert near(f(2), 4)",
        "assert not bad(f(2)) and True",
        "assert f(2) < ok",
    ),
    *("assert all(ok(f(n), n) for n in [2])", "assert near(a=f(2), b=4)", "assert len(f(2)) == len(expected)"),
    *("assert f(2).total == expected.total", "for n in [1]:\n    assert f(n) == expected[n]"),
)
SOUND = (
    *(
        "assert f(2) == 4",
        "assert f(g(2)) == 2",
        "assert f(1) == f(2)",
        "assert sorted(f([2, 1])) == [1, 2]",
        "assert f(2)",
    ),
    *(
        "assert f(Point(1, 2)) == Point(2, 1)",
        "s = Stack()\nassert s.empty()",
        "assert not f(8)",
        "assert f(2) in (4, 5)",
    ),
    *("assert all(f(n) == n * n for n in [2, 3])", "x = f(2)\nassert x == 4", "assert isinstance(f(2), int)"),
)


@pytest.mark.parametrize("test", UNSOUND)
def test_u01_both_sides_of_the_program_are_told(test: str) -> None:
    assert "from the program" in unsound(ast.parse(test), OWN)


@pytest.mark.parametrize("test", SOUND)
def test_u02_usual_tests_are_not(test: str) -> None:
    assert unsound(ast.parse(test), OWN) == ""


def test_u03_a_pass_of_unsound_tests_says_so_and_others_say_nothing() -> None:
    server = ForkServer("unsafe")
    try:
        own = Submission("def f(x): return 0\nexpected = 0", ("assert f(1) == 0", "assert f(2) == expected"))
        grade = server.run(own, SandboxLimits())
        assert (grade.outcome, grade.why) == ("passed", "")
        assert grade.unsound == "test 2 is unsound: it compares expected with f, and both come from the program"
        given = Submission("def f(x): return 0", own.tests, setup="expected = 4")
        assert server.run(given, SandboxLimits()).outcome == "wrong"
        sound = Submission("def f(x): return 0", ("assert f(1) == 0",))
        assert server.run(sound, SandboxLimits()).unsound == ""
    finally:
        server.close()


async def test_u04_a_score_says_why_it_shows_little() -> None:
    sample = Sample("a", "```python\ndef f(x): return 0\nexpected = 0\n```", tests=("assert f(2) == expected",))
    (score,) = await CodeScorer(level="unsafe").score([sample])
    assert score.correct and "unsound" in score.why

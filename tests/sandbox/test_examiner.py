"""What tests can do with a program that is only a stand-in for them: as much as with one in their own process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from maspo.sandbox.selftest import choose_level
from maspo.sandbox.worker import ForkServer, Grade, SandboxLimits, Submission

LIMITS = SandboxLimits(cpu_seconds=2, wall_seconds=20)


@pytest.fixture(scope="module")
def worker() -> Iterator[ForkServer]:
    worker = ForkServer(choose_level())
    yield worker
    worker.close()


PASSING = {
    "in place": Submission("def f(x): x.sort(); x.append(9)", ("a = [3, 1]\nb = a\nf(a)\nassert b == [1, 3, 9]",)),
    "deep in place": Submission(
        "def f(x): x['a'][0].append(1)", ("a = {'a': ([],)}\nf(a)\nassert a == {'a': ([1],)}",)
    ),
    "known errors": Submission(
        "def f(x): return {}[x]", ("try: f(1)\nexcept KeyError: pass\nelse: assert False", "assert 1 == 1")
    ),
    "own errors": Submission(
        "class Bad(ValueError): pass\ndef f(x): raise Bad('no')",
        ("try: f(1)\nexcept Bad as e: assert str(e) == 'no'", "try: f(1)\nexcept ValueError: pass"),
    ),
    "functions in": Submission(
        "def f(g, x): return [g(n) for n in x]", ("assert f(lambda n: n + 1, (1, 2)) == [2, 3]",)
    ),
    "built-in functions in": Submission(
        "def f(g, x): return sorted(x, key=g)", ("assert f(len, ['aa', 'b']) == ['b', 'aa']",)
    ),
    "types in": Submission("def f(t, x): return t(x), t is int", ("assert f(int, '3') == (3, True)",)),
    "functions out": Submission("def f(x): return lambda y: x + y", ("assert f(1)(2) == 3",)),
    "generators out": Submission("def f(n):\n    for i in range(n): yield i", ("assert list(f(3)) == [0, 1, 2]",)),
    "iterators out": Submission(
        "def f(x): return map(str, x)", ("g = f([1, 2])\nassert next(g) == '1'\nassert list(g) == ['2']",)
    ),
    "keys out": Submission("def f(x): return x.keys()", ("assert set(f({1: 2})) == {1}", "assert len(f({1: 2})) == 1")),
    "objects": Submission(
        "class Stack:\n    def __init__(s): s.items = []\n    def push(s, x): s.items.append(x)\n"
        "    def __getitem__(s, i): return s.items[i]\n    def __str__(s): return 'stack'",
        ("s = Stack()\ns.push(4)\nassert s.items == [4] and s[0] == 4 and str(s) == 'stack'",),
    ),
    "keywords": Submission("def f(a, *, b=2): return a - b", ("assert f(5, b=1) == 4",)),
    "values": Submission("LIMIT = 7\ndef f(): return LIMIT", ("assert f() == LIMIT",)),
    "standard modules": Submission("import math\ndef f(x): return math.sqrt(x)", ("assert math.isclose(f(4), 2)",)),
    "imports of tests": Submission(
        "def f(x): return x / 3", ("from math import isclose\nassert isclose(f(1), 0.333, rel_tol=0.01)",)
    ),
    "a name of Python's": Submission(
        "def sum(a, b): return a * b", ("assert sum(2, 3) == 6", "assert sum(1, 3) == len([1, 2, 3])")
    ),
    "a name of Python's beside a module": Submission(
        "def sum(a, b): return a * b", ("assert math.isclose(sum(2, 3), 6)",)
    ),
    "a module that only the tests use": Submission("def f(x): return x * 1.0", ("assert math.isclose(f(4), 4)",)),
    "a class of a module's name": Submission(
        "from datetime import datetime\ndef f(d): return d.year", ("assert f(datetime.strptime('2020', '%Y')) == 2020",)
    ),
    "own class of a module's name": Submission(
        "class string:\n    @staticmethod\n    def shout(x): return x.upper()",
        ("assert string.shout('a') == 'A'", "assert sorted(string.shout('a')) == ['A']"),
    ),
    "own class that is all there is": Submission(
        "class statistics:\n    @staticmethod\n    def mean(x): return 7", ("assert statistics.mean([1]) == 7",)
    ),
    "a check": Submission(
        "def f(x): return x", ("M = {}\ndef check(candidate):\n    assert candidate(1) == 1",), "", "f"
    ),
    "a check that is called": Submission(
        "def f(x): return x", ("def check(c):\n    assert c(1) == 1", "check(f)"), "", "f"
    ),
    "the candidate": Submission("def f(x): return x", ("assert candidate(1) == 1",), "", "f"),
    "helper of the setup": Submission(
        "    return x + 1", ("assert f(g(1)) == 3",), "def g(x):\n    return x + 1\n\ndef f(x):\n    'Adds one.'\n", "f"
    ),
    "setup ends open": Submission("    return x + 1\n", ("assert f(1) == 2",), "import math\ndef f(x):\n", "f"),
    "body without indent": Submission("return x + 1\n", ("assert f(1) == 2",), "def f(x):\n", "f"),
    "whole after setup": Submission("def f(x): return x + 1", ("assert f(1) == 2",), "def f(x):\n    'Adds.'\n", "f"),
    "stub without entry": Submission("def f(x): return x + 1", ("assert f(1) == 2",), "def f(x):\n    ...\n"),
    "own types": Submission(
        "from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\ndef f(x): return P(x).x",
        ("assert f(1) == 1",),
    ),
    "main is not run": Submission(
        "def f(x): return x\nif __name__ == '__main__': raise SystemExit", ("assert f(1) == 1",)
    ),
    "printing and an event loop": Submission(
        "import asyncio\nasync def g(x):\n    await asyncio.sleep(0)\n    return x\n"
        "def f(x):\n    print(x)\n    return asyncio.run(g(x))",
        ("assert f(1) == 1",),
    ),
    "many calls": Submission("def f(x): return x", ("assert all(f(n) == n for n in range(300))",)),
    "a lone surrogate": Submission("def f(x): return x", ("assert f('\\ud800') == '\\ud800'",)),
}


@pytest.mark.parametrize("name", PASSING)
def test_e01_tests_work_as_usual(worker: ForkServer, name: str) -> None:
    result = worker.run(PASSING[name], LIMITS)
    assert (result.outcome, result.why) == ("passed", "")


F = "def f(x): return x\n"
FAILING: dict[str, tuple[Submission, Grade]] = {
    "the second": (
        Submission(F, ("assert f(1) == 1", "assert f(2) == 1")),
        Grade("wrong", "the last call returned 2", 2),
    ),
    "with words": (
        Submission(F, ("assert f(1) == 2, 'no two'",)),
        Grade("wrong", "AssertionError: no two", 1),
    ),
    "raised": (
        Submission("def f(x): return 1 / 0", ("f(1)",)),
        Grade("wrong", "ZeroDivisionError: division by zero", 1),
    ),
    "missing": (Submission(F, ("g(1)",), "", "g"), Grade("wrong", "the program does not define g")),
    "broken early": (
        Submission("1 / 0", ("f(1)",)),
        Grade("wrong", "the program failed before its tests: ZeroDivisionError: division by zero"),
    ),
    "no tests": (Submission(F, ()), Grade("wrong", "the tests came to no end", 1)),
    "bad test": (
        Submission(F, ("assert f(",)),
        Grade("failed", "test 1 is not valid Python: '(' was never closed"),
    ),
    "bad setup": (
        Submission(F, ("f(1)",), "1 / 0"),
        Grade("failed", "the setup cannot run: ZeroDivisionError: division"),
    ),
    "foreign": (
        Submission(F, ("import nothing_x",)),
        Grade("failed", "the tests import nothing_x; only Python's standard"),
    ),
    "prose": (
        Submission("I cannot do that.", ("f(1)",)),
        Grade("unread", "not a Python program: SyntaxError"),
    ),
    "NUL": (Submission("x = '\0'", ("f(1)",)), Grade("unread", "not a Python program: ")),
    "nested": (Submission("(" * 5000, ("f(1)",)), Grade("unread", "not a Python program: ")),
    "loop": (
        Submission("def f(x):\n    while 1: pass", ("f(1)",)),
        Grade("wrong", "used more than 2 s of CPU", 1),
    ),
    "crash": (
        Submission("import ctypes\ndef f(x): ctypes.string_at(0)", ("f(1)",)),
        Grade("wrong", "the program crashed (SIGSEGV)", 1),
    ),
    "memory": (Submission("def f(x): return [0] * 10 ** 9", ("f(1)",)), Grade("wrong", "MemoryError", 1)),
    "swallowed end": (
        Submission("import os\ndef f(x): os._exit(0)", ("try: f(1)\nexcept BaseException: pass",)),
        Grade("wrong", "the other process is gone", 1),
    ),
}


@pytest.mark.parametrize("name", FAILING)
def test_e02_what_does_not_hold_is_told(worker: ForkServer, name: str) -> None:
    job, expected = FAILING[name]
    result = worker.run(job, LIMITS)
    assert (result.outcome, result.test) == (expected.outcome, expected.test)
    assert result.why.startswith(expected.why)


def test_e03_programs_leave_nothing_to_the_next(worker: ForkServer) -> None:
    first = Submission("import math, builtins\nbuiltins.left = math.left = 1\ndef f(): return 1", ("assert f() == 1",))
    second = Submission(
        "import math, builtins\ndef f(): return hasattr(builtins, 'left') or hasattr(math, 'left')",
        ("assert f() is False",),
    )
    assert worker.run(first, LIMITS).outcome == "passed"
    assert worker.run(second, LIMITS).outcome == "passed"


def test_e04_the_order_of_sets_is_the_same_in_every_worker(worker: ForkServer) -> None:
    words = "def f(): return list({'alpha', 'beta', 'gamma', 'delta', 'epsilon', 'zeta'})"
    told = worker.run(Submission(words, ("assert f() == 0",)), LIMITS).why
    other = ForkServer(choose_level())
    try:
        assert other.run(Submission(words, ("assert f() == 0",)), LIMITS).why == told
    finally:
        other.close()

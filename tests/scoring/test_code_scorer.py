"""Programs in outputs: which text is the program, and whether its tests hold."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from maspo.core.errors import ConfigInvalid
from maspo.sandbox.selftest import Finding
from maspo.sandbox.worker import SandboxLimits
from maspo.scoring.base import Sample, Score, Scorer
from maspo.scoring.code import CodeScorer, extract_code
from maspo.scoring.registry import scorer_of

DATA = Path(__file__).parents[2] / ".." / "shared" / "data"
TESTS = ("assert double(2) == 4", "assert double('a') == 'aa'")
GOOD = "def double(x):\n    return x + x"
FENCED = f"Here it is:\n```python\n{GOOD}\n```\nIt doubles."


def sample(output: str, **fields: object) -> Sample:
    return Sample(**{"id": "1", "output": output, "tests": TESTS, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("output", "code"),
    [
        (FENCED, GOOD),
        (GOOD, GOOD),
        (f"```\n{GOOD}\n```", GOOD),
        (f"~~~py\n{GOOD}\n~~~", GOOD),
        (f"```python\n{GOOD}", GOOD),
        (f"```python\n{GOOD}\n```\n```python\nprint(double(3))\n```", GOOD),
        (f"```python\ndef double(x): return 1\n```\nNo:\n```python\n{GOOD}\n```", GOOD),
        (f"```bash\nls\n```\n```python\n{GOOD}\n```\n```text\ndouble = 2\n```", GOOD),
        ("```python\nx = 1\n```\n```python\ny = 2\n```", "y = 2"),
        ("  ```python\nx = '''`` ` '''\n  ```", "x = '''`` ` '''"),
        ("````\n```\nx\n```\n````", "```\nx\n```"),
        (f"<think>\n```python\ndef double(x): return 1\n```\n</think>\n{GOOD}", GOOD),
        (f"<think>\n{FENCED}\n</think>\nI cannot write it.", "I cannot write it."),
        (f"<think>\n{FENCED}\n so far", ""),
    ],
)
def test_c01_the_block_that_defines_what_is_called_is_the_program(output: str, code: str) -> None:
    assert extract_code(sample(output)).strip() == code


def test_c02_the_entry_point_decides_when_there_is_one() -> None:
    output = "```python\ndef other(x): return 1\n```\n```python\ndef double(x): return 2\n```"
    assert "def other" in extract_code(sample(output, entry_point="other"))


async def scores(*samples: Sample, limits: SandboxLimits | None = None) -> list[Score]:
    scorer: Scorer = CodeScorer(limits)
    return list(await scorer.score(samples))


async def test_c03_every_outcome_in_the_order_of_the_samples() -> None:
    found = await scores(
        sample(FENCED, id="right"),
        sample("```python\ndef double(x): return 4\n```", id="wrong"),
        sample("I cannot help with that.", id="prose"),
        sample("", id="empty"),
        sample(FENCED, id="untested", tests=()),
        sample(FENCED, id="bad tests", tests=("assert (",)),
        sample("def double(x):\n    while True: pass", id="endless"),
        limits=SandboxLimits(cpu_seconds=1, wall_seconds=20),
    )
    assert [(score.id, score.outcome) for score in found] == [
        ("right", "correct"),
        ("wrong", "wrong"),
        ("prose", "unread"),
        ("empty", "unread"),
        ("untested", "failed"),
        ("bad tests", "failed"),
        ("endless", "wrong"),
    ]
    assert found[0].read == f"{GOOD}\n" and found[0].why == ""
    assert found[1].why == "test 2 does not hold: assert double('a') == 'aa': the last call returned 4"
    assert found[6].why.endswith("used more than 1 s of CPU")


async def test_c04_why_is_one_short_line_that_acts_on_nothing() -> None:
    code = "def double(x): raise ValueError('\\x1b[2J\\n\\u202e' + 'x' * 10 ** 6)"
    (score,) = await scores(sample(code, tests=("assert double('" + "a" * 5000 + "') == '\x1b'",)))
    assert score.outcome == "wrong"
    assert len(score.why) <= 300 and score.why.isprintable()


async def test_c05_without_a_sandbox_nothing_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("maspo.sandbox.selftest.examine", lambda level: Finding(level, "an attack succeeded"))
    (score,) = await scores(sample(FENCED))
    assert score.outcome == "failed"
    assert "no sandbox holds" in score.why and "--unsafe-exec" in score.why


def rows(name: str) -> Iterator[dict[str, object]]:
    file = DATA / name
    if not file.is_file():
        pytest.skip(f"the data set {name} is not beside the repository (shared/data); nothing real to read")
    with file.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def mbpp() -> list[Sample]:
    """Return MBPP's reference solutions as outputs."""
    return [
        Sample(
            str(row["task_id"]),
            f"```python\n{row['code']}\n```",
            tests=tuple(row["test_list"]),  # type: ignore[arg-type]
            setup="\n".join(row["test_imports"]),  # type: ignore[arg-type]
        )
        for row in rows("mbpp_sanitized.jsonl")
    ]


def humaneval(whole: bool) -> list[Sample]:
    """Return HumanEval's reference solutions, as whole programs in a fence or as the plain rest of the prompt."""
    return [
        Sample(
            str(row["task_id"]),
            f"```python\n{row['prompt']}{row['canonical_solution']}\n```" if whole else str(row["canonical_solution"]),
            tests=(str(row["test"]),),
            setup=str(row["prompt"]),
            entry_point=str(row["entry_point"]),
        )
        for row in rows("humaneval_et.jsonl")
    ]


def shuffled(samples: list[Sample]) -> list[Sample]:
    """Return the samples, each with the output of the next."""
    others = [*samples[1:], samples[0]]
    return [
        Sample(one.id, other.output, tests=one.tests, setup=one.setup, entry_point=one.entry_point)
        for one, other in zip(samples, others, strict=True)
    ]


async def not_correct(samples: list[Sample]) -> list[Score]:
    return [score for score in await scores(*samples) if not score.correct]


@pytest.mark.slow
async def test_c06_reference_solutions_of_mbpp_are_correct_and_others_wrong() -> None:
    samples = mbpp()
    assert await not_correct(samples) == []
    assert len(await not_correct(shuffled(samples))) == len(samples)


@pytest.mark.slow
async def test_c07_reference_solutions_of_humaneval_are_correct_and_others_wrong() -> None:
    samples = humaneval(whole=True)
    assert await not_correct([*samples, *humaneval(whole=False)]) == []
    assert len(await not_correct(shuffled(samples))) == len(samples)


@pytest.mark.parametrize("line", ["`" * 100_000, "~" * 100_000, "```" + " " * 100_000, "```" + "\t" * 100_000 + "\v"])
def test_c08_a_fence_without_end_costs_no_time(line: str) -> None:
    began = time.process_time()
    assert extract_code(sample(f"{FENCED}\n{line}")).strip() == GOOD
    assert time.process_time() - began < 1


async def test_c09_programs_import_what_the_user_names_and_nothing_else() -> None:
    pytest.importorskip("numpy")
    program = "```python\nimport numpy as np\ndef double(x):\n    return np.array(x) * 2\n```"
    tests = ("import numpy as np\nassert (double([1, 2]) == np.array([2, 4])).all()", "assert double(2) == 4")
    one = sample(program, tests=tests)
    (named,) = await scorer_of("code:numpy").score([one])
    assert (named.outcome, named.why) == ("correct", "")
    (other,) = await scorer_of("code:numpy").score([sample("import jsonschema\ndef double(x): return 2 * x")])
    assert other.outcome == "wrong" and "jsonschema" in other.why
    (plain,) = await scores(one)
    assert plain.outcome != "correct"


@pytest.mark.parametrize("name", ["code:no_such_package", "code:numpy;os", "code:sys", "code:unsafe,numpy"])
def test_c10_packages_that_are_none_are_refused(name: str) -> None:
    with pytest.raises(ConfigInvalid, match="--sandbox-packages"):
        scorer_of(name)


ENUM = "import enum\nclass C(enum.Enum):\n    A = 1\n    B = 2\ndef f(n):\n    return C(n)"
RECORD = "from dataclasses import dataclass\n@dataclass\nclass D:\n    x: int\ndef f():\n    return D(1)"
LIAR = "class E:\n    def __eq__(self, other): return True\ndef f():\n    return E()"


@pytest.mark.parametrize(
    ("program", "test", "outcome"),
    [
        (ENUM, "assert f(1) == C.A", "correct"),
        (ENUM, "assert f(2) == C.A", "wrong"),
        (RECORD, "assert f() == D(1)", "correct"),
        (RECORD, "assert f() == D(2)", "wrong"),
        (LIAR, "assert f() == 4", "wrong"),
        (LIAR, "assert f() == E()", "wrong"),
    ],
)
async def test_c11_objects_of_the_program_equal_themselves_or_by_their_fields(
    program: str, test: str, outcome: str
) -> None:
    (score,) = await scores(sample(program, tests=(test,)))
    assert score.outcome == outcome, score.why


def printed(stdin: str, stdout: str) -> str:
    return json.dumps({"stdin": stdin, "stdout": stdout})


SUMS = (printed("3\n4 5\n", "12\n"), printed("1\n1 1\n", " 3.0000 "))
READERS = {
    "input": "n = int(input())\na, b = map(int, input().split())\nprint(n + a + b)",
    "all of it": "import sys\nprint(sum(map(int, sys.stdin.read().split())))",
    "bytes": "import sys\nsys.stdout.write(str(sum(map(int, sys.stdin.buffer.read().split()))))\nsys.exit()",
    "by number": "print(sum(map(int, open(0).read().split())))\nexit()",
    "main": "def main():\n    print(sum(int(n) for n in open(0).read().split()))\n"
    "if __name__ == '__main__':\n    main()",
    "thread": "import threading\ndef main():\n    print(int(input()) + sum(map(int, input().split())))\n"
    "threading.stack_size(2 ** 26)\nthreading.Thread(target=main).start()",
    "closed": "import sys\nprint(sum(map(int, sys.stdin.read().split())))\nsys.stdout.close()",
}


@pytest.mark.parametrize("program", READERS.values(), ids=READERS)
async def test_c12_a_program_that_reads_and_prints_is_run_for_each_test(program: str) -> None:
    output = f"Mine:\n```python\n{program}\n```\nIt prints, for\n```\n3\n4 5\n```\nthis:\n```\n12\n```"
    (score,) = await scores(sample(output, tests=SUMS))
    assert (score.outcome, score.why, str(score.read).strip()) == ("correct", "", program)


@pytest.mark.parametrize(
    ("program", "outcome", "why"),
    [
        ("print(12)", "wrong", 'test 2 does not hold: {"stdin": "1\\n1 1\\n", "stdout": " 3.0000 "}'),
        ("raise ValueError('none')", "wrong", "ValueError: none"),
        ("print(12)\nraise SystemExit(3)", "wrong", "ended with 3"),
        ("print(", "unread", "not a Python program"),
        ("print(input(), input(), input())", "wrong", "EOFError"),
        ("import os\nprint(12)\nos._exit(0)", "wrong", "gone"),
        ("class S(str):\n    def split(self): return ['12']\nprint = S\ninput()", "wrong", "it printed"),
    ],
)
async def test_c13_what_is_printed_decides_and_the_reason_is_told(program: str, outcome: str, why: str) -> None:
    (score,) = await scores(sample(f"```python\n{program}\n```", tests=SUMS))
    assert score.outcome == outcome
    assert " ".join(why.split()) in score.why


@pytest.mark.parametrize(
    ("said", "wanted", "right"),
    [
        ("YES", "yes", False),
        ("1 2\\n3", "1 2 3\n", True),
        ("0.3333333", "0.33333333333", True),
        ("0.334", "0.333", False),
        ("3.0", "3", False),
        ("1e3", "1000.0", True),
        ("nan", "0.5", False),
        ("", "", True),
        ("7", "", False),
    ],
)
async def test_c14_words_are_compared_and_fractions_by_value(said: str, wanted: str, right: bool) -> None:
    (score,) = await scores(sample(f"```python\nprint('{said}')\n```", tests=(printed("", wanted),)))
    assert score.correct == right, score.why


async def test_c15_tests_of_both_kinds_at_once_are_no_tests() -> None:
    (score,) = await scores(sample("print(1)", tests=(printed("", "1"), "assert f() == 1")))
    assert score.outcome == "failed" and "assert f() == 1" in score.why and "stdout" in score.why


async def test_c16_a_program_may_print_as_many_lines_as_it_likes() -> None:
    (score,) = await scores(
        sample(
            "```python\nfor i in range(200_000): print(i)\n```",
            tests=(printed("", "\n".join(map(str, range(200_000)))),),
        )
    )
    assert score.correct, score.why


_NO_TEXT = """
class Words:
    def __len__(self): return 1
    def __iter__(self): return iter(())
class Said:
    def split(self): return Words()
    def __getitem__(self, _): return self
from maspo.sandbox.inside import channel
plain = channel.encode
channel.encode = lambda value, keeper: plain(Said() if type(value) is str else value, keeper)
print("no idea")
"""


async def test_c17_a_program_that_says_its_words_are_right_has_printed_nothing() -> None:
    (score,) = await scores(sample(f"```python\n{_NO_TEXT}\n```", tests=SUMS))
    assert score.outcome == "wrong" and "of the program" in score.why

"""MBPP and HumanEval-ET: short Python programs that must pass tests."""

from __future__ import annotations

import ast
import builtins

from maspo.data.published import Hub, Part, PublishedRows
from maspo.data.records import Record
from maspo.data.tasks.task import TaskRow

SHOWN_TESTS = 3
"""How many tests of MBPP the agents see, as its authors did: they name the function. Any further ones are hidden."""
_MBPP_TEST = range(11, 511)
"""The ids that MBPP's authors set aside for testing; all others may be learned from."""

_BUILTIN = frozenset(dir(builtins))
_HOPELESS = frozenset({"assert prime_fib(12) == 99194853094755497", "assert fibfib(30) == 15902591"})
"""Tests for which the reference solution takes longer than any limit."""


def _mbpp_row(record: Record) -> TaskRow:
    """Read a row of the sanitized form (``prompt``, ``test_imports``) or the full one (``text``, a setup)."""
    task = str(record["prompt"] if "prompt" in record else record["text"]).strip()
    tests = _texts(record["test_list"])
    imports = record.get("test_imports")
    setup = "\n".join(_texts(imports)) if imports else str(record.get("test_setup_code") or "")
    shown = "\n".join(tests[:SHOWN_TESTS])
    return TaskRow(
        columns={"input": f"{task}\n\nThe code must pass these tests:\n{shown}", "task": task, "examples": shown},
        id=str(record["task_id"]),
        tests=tests,
        setup=setup,
        gold=_program(str(record.get("code") or "")),
    )


def _humaneval_row(record: Record) -> TaskRow:
    """Read a row of HumanEval, and the further tests of HumanEval-ET (``test_list`` or ``test_case_list``)."""
    head, entry_point = str(record["prompt"]), str(record["entry_point"])
    more = record["test_list"] if "test_list" in record else record["test_case_list"]
    known = known_names(head)
    check = str(record.get("test") or "").strip()
    return TaskRow(
        columns={"input": head},
        id=str(record["task_id"]),
        tests=(
            *([f"{check}\n\ncheck({entry_point})"] if "def check" in check else []),
            *(test for test in _texts(more) if is_sound(test, known)),
        ),
        setup=head,
        entry_point=entry_point,
        gold=_program(head + str(record.get("canonical_solution") or "")),
    )


def known_names(head: str) -> frozenset[str]:
    """Return the names that the given head of a program defines or imports."""
    try:
        body = ast.parse(head).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset()
    found: set[str] = set()
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {(name.asname or name.name).split(".")[0] for name in node.names}
        elif isinstance(node, ast.Assign):
            found |= {name.id for target in node.targets for name in ast.walk(target) if isinstance(name, ast.Name)}
    return frozenset(found)


def is_sound(test: str, known: frozenset[str]) -> bool:
    """Return whether a right program can pass one of the further tests of HumanEval-ET; ``known`` are its names.

    They were made by a program, and some cannot be passed: those that name something that is defined nowhere (lines
    torn out of a loop), those that ask of a float to equal another exactly, and two for which the reference solution
    itself takes longer than any limit. The tests of HumanEval itself always count. Tests are parsed, never run.
    """
    if test.strip() in _HOPELESS:
        return False
    try:
        tree = ast.parse(test)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    nodes = list(ast.walk(tree))
    names = [node for node in nodes if isinstance(node, ast.Name)]
    bound = {node.id for node in names if not isinstance(node.ctx, ast.Load)}
    bound |= {node.arg for node in nodes if isinstance(node, ast.arg)}
    bound |= {node.asname or node.name for node in nodes if isinstance(node, ast.alias)}
    unknown = {node.id for node in names} - bound - known - _BUILTIN
    return not unknown and not any(_asks_exact_float(node) for node in nodes if isinstance(node, ast.Compare))


def _asks_exact_float(compared: ast.Compare) -> bool:
    """Return whether a float that must be computed, not only found in the arguments, is asked for to the last digit."""
    if not all(isinstance(operator, ast.Eq) for operator in compared.ops):
        return False
    sides = (compared.left, *compared.comparators)
    given = {number for side in sides if isinstance(side, ast.Call) for number in _fractions(side)}
    return any(_fractions(side) - given for side in sides if not isinstance(side, ast.Call))


def _fractions(value: ast.expr) -> set[float]:
    """Return the fractions that stand in an expression; whole floats such as 2.0 are exact enough."""
    constants = (node.value for node in ast.walk(value) if isinstance(node, ast.Constant))
    return {number for number in constants if isinstance(number, float) and not number.is_integer()}


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError(f"a list of texts is expected, not {value!r:.60}")
    return tuple(str(item).strip() for item in value)


def _program(code: str) -> str:
    return f"```python\n{code.rstrip()}\n```"


def _number(record: Record) -> int:
    return int(str(record["task_id"]).rpartition("/")[2])


def _mbpp_hub(split: str) -> Hub:
    return Hub("google-research-datasets/mbpp", split, "sanitized", revision="4bb6404fdc6cacfda99d4ac4205087b89d32030c")


_MBPP_NAMES = ("mbpp_sanitized", "sanitized-mbpp", "mbpp")

MBPP = PublishedRows(
    name="mbpp",
    row=_mbpp_row,
    test=Part(_MBPP_NAMES, _mbpp_hub("test"), keep=lambda record: _number(record) in _MBPP_TEST),
    pool=Part(_MBPP_NAMES, _mbpp_hub("train+validation+prompt"), keep=lambda record: _number(record) not in _MBPP_TEST),
    scorer="code",
    final_answer="none",
    source="MBPP (Austin et al. 2021), sanitized, test ids 11 to 510; pool: its other ids; CC-BY-4.0",
    size=257,
)

HUMANEVAL_ET = PublishedRows(
    name="humaneval-et",
    row=_humaneval_row,
    test=Part(("humaneval_et", "HumanEval-ET/test"), Hub("dz1/CodeScore-HumanEval-ET", "train")),
    scorer="code",
    final_answer="none",
    source="HumanEval-ET (Dong et al. 2023) on HumanEval (Chen et al. 2021), MIT licence; pool: a quarter by content",
    size=164,
    share=0.25,
)

"""Which of the further tests of HumanEval-ET a right program can pass. They were made by a program, and some cannot be.

Left out are tests that name something that is defined nowhere (lines torn out of a loop), tests that ask of a float to
equal another exactly, and two for which the reference solution itself takes longer than any limit. The tests of
HumanEval itself always count. Pure: tests are parsed, never run.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable

_BUILTIN = frozenset(dir(builtins))
_HOPELESS = frozenset({"assert prime_fib(12) == 99194853094755497", "assert fibfib(30) == 15902591"})


def known_names(head: str) -> frozenset[str]:
    """Return the names that the given head of a program defines or imports."""
    try:
        body = ast.parse(head).body
    except (SyntaxError, ValueError, RecursionError):
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


def sound(test: str, known: frozenset[str]) -> bool:
    """Return whether a right program can pass a test within a limit; ``known`` are the names of the program."""
    if test.strip() in _HOPELESS:
        return False
    try:
        tree = ast.parse(test)
    except (SyntaxError, ValueError, RecursionError):
        return False
    nodes = list(ast.walk(tree))
    names = [node for node in nodes if isinstance(node, ast.Name)]
    bound = {node.id for node in names if not isinstance(node.ctx, ast.Load)} | _introduced(nodes)
    unknown = {node.id for node in names} - bound - known - _BUILTIN
    return not unknown and not any(_exact(node) for node in nodes if isinstance(node, ast.Compare))


def _introduced(nodes: Iterable[ast.AST]) -> set[str]:
    """Return the names of arguments and imports."""
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.alias):
            found.add(node.asname or node.name)
    return found


def _exact(compared: ast.Compare) -> bool:
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

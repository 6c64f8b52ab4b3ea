"""Tests that a program decides itself: both sides of a comparison, or the predicate and what it judges, are its own.

Names that tests read and nobody defines are the program's, so such a test holds for a wrong program that supplies them.
Only the form of the tests is looked at; a value kept in a variable of the test is not followed.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator


def unsound(test: ast.Module, supplied: Collection[str]) -> str:
    """Return why a test shows nothing, empty when it can; ``supplied`` are the names that only the program defines."""
    for node in ast.walk(test):
        if isinstance(node, ast.Assert):
            for claim in _claims(node.test):
                why = _why(claim, supplied)
                if why:
                    return why
    return ""


def _claims(claim: ast.expr) -> Iterator[ast.expr]:
    """Yield the parts of an assertion, each of which must hold or not hold."""
    match claim:
        case ast.BoolOp(values=values):
            for value in values:
                yield from _claims(value)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield from _claims(operand)
        case ast.Call(
            func=ast.Name(id="all" | "any" | "bool"), args=[ast.GeneratorExp(elt=inner) | ast.ListComp(elt=inner)]
        ):
            yield from _claims(inner)
        case _:
            yield claim


def _why(claim: ast.expr, supplied: Collection[str]) -> str:
    match claim:
        case ast.Compare(left=left, comparators=others):
            sources = sorted(set().union(*(_sources(side, supplied) for side in (left, *others))))
            if len(sources) > 1:
                return f"it compares {sources[0]} with {sources[1]}, and both come from the program"
        case ast.Call(func=ast.Name(id=name), args=args, keywords=named) if name in supplied:
            judged = set().union(*(_sources(one, supplied) for one in (*args, *(given.value for given in named))))
            if judged - {name}:
                return f"{name} judges what {min(judged - {name})} returned, and both come from the program"
    return ""


def _sources(value: ast.expr, supplied: Collection[str]) -> set[str]:
    """Return the supplied names that a value comes from: itself or the function that returned it, not its arguments."""
    match value:
        case ast.Name(id=name):
            return {name} if name in supplied else set()
        case ast.Call(func=ast.Name(id=name)) if name in supplied and not name[:1].isupper():
            return {name}
        # A built-in, a library, or a class that tests build what they expect with: of what it is given. Objects of the
        # program's classes are compared here, field by field.
        case ast.Call(func=ast.Name(), args=args, keywords=named):
            return set().union(*(_sources(one, supplied) for one in (*args, *(given.value for given in named))))
        case ast.Call(func=ast.Attribute(value=owner)):
            return _sources(owner, supplied)
        case ast.Attribute(value=inner) | ast.Subscript(value=inner) | ast.Starred(value=inner):
            return _sources(inner, supplied)
        case ast.UnaryOp(operand=inner):
            return _sources(inner, supplied)
        case ast.BinOp(left=left, right=right):
            return _sources(left, supplied) | _sources(right, supplied)
        case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
            return set().union(*(_sources(item, supplied) for item in items))
        case _:
            return set()

"""The untrusted process: runs the program and then does what its examiner asks of it.

Nothing here is trusted once the program has begun. It knows the program and the arguments of calls, never a test.
"""

from __future__ import annotations

import ast
import json
import sys
import types
from collections.abc import Iterator
from typing import Any

from maspo.sandbox.inside.channel import Frames, Peer
from maspo.sandbox.inside.printing import PRINTED, printed_by
from maspo.sandbox.inside.values import Data


def run_program(job: Data, frames: Frames) -> None:
    """Compose and run a program, then serve its names until the examiner is gone.

    The first message says whether the text is a program at all; it is sent before the program begins. One that reads
    standard input is not run now, but at each call of ``printed``.
    """
    if job["tested_by"] == "printing":
        _serve_printing(str(job["code"]), frames)
        return
    parts, problem = _compose(str(job["setup"]), str(job["code"]), str(job["entry_point"]))
    frames.send({"problem": problem})
    if problem:
        return
    module = types.ModuleType("solution")
    sys.modules["solution"] = module
    failure = ""
    try:
        for part in parts:
            exec(compile(part, "<solution>", "exec"), module.__dict__)  # noqa: S102 - this process is shut in for it
    except (SystemExit, EOFError):
        # A script that ends itself, or waits for input that nobody gives: judged is what it has defined by then.
        pass
    except BaseException as error:
        failure = f"{type(error).__name__}: {str(error)[:300]}"
    frames.send({"failure": failure})
    if not failure:
        Peer(frames, _operations(module.__dict__)).work()


def _serve_printing(code: str, frames: Frames) -> None:
    try:
        program = compile(code, "<solution>", "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        frames.send({"problem": f"{type(error).__name__}: {error}"})
        return
    frames.send({"problem": ""})
    frames.send({"failure": ""})
    Peer(frames, _operations({PRINTED: printed_by(program)})).work()


def _compose(setup: str, code: str, entry_point: str) -> tuple[list[str], str]:
    """Return what to run in its order, or what is wrong: a whole program, or the rest of what ``setup`` begins."""
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        tree, problem = None, f"{type(error).__name__}: {error}"
    if tree is not None and (_defines(tree, entry_point) or not setup.strip()):
        return [_alone(setup), code], ""
    indented = "\n".join(f"    {line}" for line in code.splitlines())
    for joined in (setup + code, f"{setup}\n{code}", f"{setup}\n{indented}"):
        whole = parse(joined)
        if whole is not None and _defines(whole, entry_point) and (tree is None or entry_point):
            return [joined], ""
    return ([_alone(setup), code], "") if tree is not None else ([], problem)


def _alone(setup: str) -> str:
    """Return the setup when it can run by itself; a signature without a body gets one, anything else is left out."""
    return next((text for text in (setup, with_body(setup)) if parse(text) is not None), "")


def with_body(setup: str) -> str:
    """Return a setup that ends with a signature as a whole function."""
    return f"{setup.rstrip()}\n    pass\n"


def parse(text: str) -> ast.Module | None:
    """Return the tree of a program; None when it is none."""
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _defines(tree: ast.Module, name: str) -> bool:
    """Whether a program defines a name at its top; without a name, whether it defines anything."""
    return any(not name or name == found for found in _top_names(tree.body))


def _top_names(body: list[ast.stmt]) -> Iterator[str]:
    for statement in body:
        match statement:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield statement.name
            case ast.Import() | ast.ImportFrom():
                yield from (alias.asname or alias.name for alias in statement.names)
            case ast.Assign():
                yield from (
                    node.id for target in statement.targets for node in ast.walk(target) if isinstance(node, ast.Name)
                )
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name
            case ast.If() | ast.Try():
                yield from _top_names(statement.body)


def _operations(names: dict[str, Any]) -> dict[str, Any]:
    """Return what the examiner may ask of a program with these global names, each request by its name."""

    def describe(name: str) -> tuple[str, ...]:
        """Say what kind of thing a global name is, and its bases when it is an exception."""
        if name not in names:
            return ("missing",)
        value = names[name]
        if isinstance(value, types.ModuleType):
            return ("module",)
        if isinstance(value, type) and issubclass(value, BaseException):
            return ("exception", *(base.__name__ for base in value.__mro__))
        return ("callable",) if callable(value) else ("value",)

    return {
        "describe": describe,
        "global": lambda name: names[name],
        "call": lambda target, *values, **named: target(*values, **named),
        "attribute": getattr,
        "item": lambda target, key: target[key],
        "length": len,
        "iterate": lambda target: _Iterator(iter(target)),
        "next": next,
        "text": str,
    }


class _Iterator:
    """Keeps an iterator on this side, whatever it walks through."""

    def __init__(self, inner: Iterator[Any]) -> None:
        self._inner = inner

    def __next__(self) -> Any:
        return next(self._inner)


def read_job(descriptor: int) -> Data:
    """Read what the parent left in a file for this process, and close it."""
    with open(descriptor, "rb") as file:
        return json.load(file)

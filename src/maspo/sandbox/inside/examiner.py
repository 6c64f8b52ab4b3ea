"""The examiner: runs the tests in a process of its own, in which the program is only a stand-in that asks for values.

What the program returns arrives as plain data, so equality, built-ins and the tests themselves are out of its reach.
The results go to the parent, each with the nonce of the job, through a pipe that the program never had.
"""

from __future__ import annotations

import ast
import builtins
import importlib.util
import json
import os
import reprlib
from typing import Any, Final

from maspo.sandbox.inside.channel import Broken, Frames, Peer, Remote, builtin_error
from maspo.sandbox.inside.program import parse, read_job, with_body
from maspo.sandbox.inside.soundness import unsound
from maspo.sandbox.inside.values import Data

_MODULE_NAMES: Final = """
bisect cmath collections copy datetime decimal fractions functools heapq itertools json math operator random re
statistics string sys typing
"""
_MODULES: Final = frozenset(_MODULE_NAMES.split())
"""What a test may use without importing it. It gets Python's own, whatever the program calls by this name."""
_LONGEST: Final = 400
"""Characters of a reason; a table of scores has room for no more."""
_CALLBACKS: Final = {"call": lambda target, *values, **named: target(*values, **named)}
"""All that a program may ask for: to call a function that a test gave it."""


class _Stop(Exception):
    """The tests cannot be run; the outcome and why."""

    def __init__(self, outcome: str, why: str) -> None:
        super().__init__(why)
        self.outcome = outcome


def examine(job_file: int, frames: Frames, results: int) -> None:
    """Run the tests of a job one by one; stop at the first that does not hold."""
    job = read_job(job_file)
    report = _Report(results, str(job["nonce"]))
    try:
        tests = []
        for number, text in enumerate(job["tests"], 1):
            try:
                tests.append(ast.parse(str(text)))
            except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
                raise _Stop("failed", f"test {number} is not valid Python: {error}") from error
        _check_imports(tests)
        examination = _Examination(job, tests, Peer(frames, _CALLBACKS))
        # Whether there is a program, and then whether it ran.
        first = frames.receive()
        problem = first.get("problem") if isinstance(first, dict) else None
        if problem:
            raise _Stop("unread", f"not a Python program: {problem}")
        second = frames.receive()
        failure = second.get("failure") if isinstance(second, dict) else "an answer that cannot be read"
        if failure:
            raise _Stop("wrong", f"the program failed before its tests: {failure}")
        examination.run(report)
    except _Stop as stop:
        report.write({"stop": stop.outcome, "why": str(stop)[:_LONGEST]})
    except Broken as error:
        report.write({"stop": "wrong", "why": str(error)[:_LONGEST]})


class _Report:
    """The private way to the parent."""

    def __init__(self, descriptor: int, nonce: str) -> None:
        self._descriptor = descriptor
        self._nonce = nonce

    def write(self, fields: dict[str, object]) -> None:
        line = json.dumps({"nonce": self._nonce, **fields}).encode("ascii") + b"\n"
        while line:
            line = line[os.write(self._descriptor, line) :]


class _Examination:
    """The tests of one job, and the names that they see."""

    def __init__(self, job: Data, tests: list[ast.Module], peer: Peer) -> None:
        self._entry = str(job["entry_point"])
        self._tests = tests
        self._peer = peer
        self._names: dict[str, Any] = {"__name__": "tests"}
        self._stubs = self._run_setup(str(job["setup"]))

    def run(self, report: _Report) -> None:
        """Find the names that the tests use, then run them in their order."""
        self._bind_names(report)
        nodes = [node for test in self._tests for node in ast.walk(test)]
        # A ``check`` that the tests define and leave to the caller is called, as HumanEval does it.
        defined = any(isinstance(one, ast.FunctionDef) and one.name == "check" for t in self._tests for one in t.body)
        called = any(isinstance(node, ast.Call) and _is_name(node.func, "check") for node in nodes)
        final = [ast.parse(f"check({self._entry})")] if self._entry and defined and not called else []
        tests = [*self._tests, *final]
        for number, test in enumerate(tests):
            why = self._try(test)
            report.write({"test": number, "ok": not why, "why": why[:_LONGEST]})
            if why:
                return
        report.write({"end": len(tests)})

    def _run_setup(self, setup: str) -> set[str]:
        """Run the setup here as well, since tests may use it; return the functions that it only announces."""
        for text in (setup, with_body(setup)):
            tree = parse(text)
            if tree is None:
                continue
            try:
                _execute(tree, self._names)
            except Exception as error:
                raise _Stop("failed", f"the setup cannot run: {_describe(error)}") from error
            return {one.name for one in tree.body if isinstance(one, ast.FunctionDef) and _is_announced(one)}
        return set()

    def _bind_names(self, report: _Report) -> None:
        """Let the program stand behind every name that nobody else defines, and behind its entry point.

        Report a test that it can then decide itself.
        """
        if self._entry:
            self._bind(self._entry, needed=True)
            self._names.setdefault("candidate", self._names[self._entry])
        used, bound, subjects = _names_of(self._tests)
        # Known is what Python or the setup defines, but for functions that it only announces, and the entry point.
        known = {name for name in used if name in self._names or hasattr(builtins, name)} - self._stubs
        known |= {self._entry, *bound}
        unknown = [name for name in used if name not in known]
        library = {name: found for name in unknown if (found := _library(name, self._tests)) is not None}
        own = [name for name in unknown if name not in library]
        if not self._entry and not subjects & set(own):
            own += _innermost_calls(self._tests)
        if self._entry or own:
            self._names.update(library)  # The tests compare with it, so the program must not replace it.
        else:
            own = unknown
        supplied = {*own, self._entry}
        for number, test in enumerate(self._tests, 1):
            why = unsound(test, supplied)
            if why:
                report.write({"unsound": f"test {number} is unsound: {why}"[:_LONGEST]})
                break
        for name in own:
            self._bind(name, needed=False)

    def _bind(self, name: str, needed: bool) -> None:
        described = self._peer.ask("describe", name)
        if not (isinstance(described, tuple) and described and all(isinstance(word, str) for word in described)):
            raise Broken("an answer arrived that cannot be read")
        kind, *bases = described
        if kind == "missing" and needed:
            raise _Stop("wrong", f"the program does not define {name}")
        if kind in ("missing", "module"):
            if name in _MODULES:
                self._names[name] = importlib.import_module(name)
        elif kind == "exception":
            self._names[name] = self._peer.error_class(name, builtin_error(bases) or Exception)
        else:
            self._names[name] = self._peer.ask("global", name)

    def _try(self, test: ast.Module) -> str:
        """Run one test; return why it does not hold, empty when it does."""
        self._peer.last = None
        why = ""
        try:
            _execute(test, self._names)
        except BaseException as error:
            why = _describe(error)
            if isinstance(error, AssertionError) and not str(error):
                why = f"the last call returned {self._show_last()}"
        return self._peer.broken or why

    def _show_last(self) -> str:
        last = self._peer.last
        try:
            return repr(last) if isinstance(last, Remote) else reprlib.repr(last)
        except ValueError:  # an integer of very many digits
            return "a very large number"


def _check_imports(trees: list[ast.Module]) -> None:
    """Find modules that are not here before the program is heard, which could pretend that they are missing."""
    nodes = [node for tree in trees for node in ast.walk(tree)]
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    for name in (name.partition(".")[0] for name in names):
        if name and importlib.util.find_spec(name) is None:
            raise _Stop("failed", f"the tests import {name}; only Python's standard library is there")


def _execute(tree: ast.Module, names: dict[str, Any]) -> None:
    exec(compile(tree, "<tests>", "exec"), names)  # noqa: S102 - this process is shut in for it


def _describe(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def _is_announced(function: ast.FunctionDef) -> bool:
    """Whether a function has no body yet: a docstring, ``pass``, ``...`` or an error that says so."""
    return all(
        isinstance(one, ast.Pass | ast.Raise) or (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))
        for one in function.body
    )


def _names_of(tests: list[ast.Module]) -> tuple[list[str], set[str], set[str]]:
    """Return the names that tests read, in their order, those that they define, and those that they are about.

    The last are called, or attributes of them are read: one of them is what is tested.
    """
    used: dict[str, None] = {}
    bound: set[str] = set()
    subjects: set[str] = set()
    for node in (node for test in tests for node in ast.walk(test)):
        match node:
            case ast.Name(id=name, ctx=ast.Load()):
                used[name] = None
            case ast.Call(func=ast.Name(id=name)) | ast.Attribute(value=ast.Name(id=name)):
                subjects.add(name)
            case ast.alias(name=name, asname=other):
                bound.add(other or name.split(".")[0])
            case ast.Name(id=name) | ast.arg(arg=name) | ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                bound.add(name)
            case ast.ExceptHandler(name=str(name)):
                bound.add(name)
    return list(used), bound, subjects


def _library(name: str, tests: list[ast.Module]) -> object | None:
    """Return Python's own module, or its class of the same name, when it has all that tests read of the name.

    ``datetime`` may mean either. None when tests use the name for anything else, such as calling it.
    """
    if name not in _MODULES:
        return None
    nodes = [node for test in tests for node in ast.walk(test)]
    read = [one.attr for one in nodes if isinstance(one, ast.Attribute) and _is_name(one.value, name)]
    if len(read) != sum(_is_name(node, name) for node in nodes):
        return None
    module = importlib.import_module(name)
    found = [module, *([getattr(module, name)] if hasattr(module, name) else [])]
    return next((one for one in found if all(hasattr(one, attribute) for attribute in read)), None)


def _is_name(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _innermost_calls(tests: list[ast.Module]) -> list[str]:
    """Return the one function that every test calls, for a program that is named like a built-in.

    Only the tests decide it: a program must not replace the built-ins that compare its results.
    """
    called: list[list[str]] = []
    for test in tests:
        calls = [node.func for node in ast.walk(test) if isinstance(node, ast.Call)]  # outer calls first
        called.append([function.id for function in calls if isinstance(function, ast.Name)])
    shared = [name for name in dict.fromkeys(called[0]) if all(name in other for other in called)] if called else []
    return shared[-1:]

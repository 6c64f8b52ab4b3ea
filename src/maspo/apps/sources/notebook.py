"""Texts that the code cells of a Jupyter notebook say, which are read as one module of Python.

Each text has its place in the notebook's JSON: what is written there leaves all else byte for byte, outputs included.
"""

from __future__ import annotations

import ast
import json
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from maspo.apps.sources import python
from maspo.apps.sources.base import Said, json_literal

_TOKEN: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\]:,]', re.DOTALL)
_CHARACTER: Final = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|[^\\]", re.DOTALL
)
"""What stands in JSON for one character: one beyond the first plane may be written in two halves."""
_FOR_IPYTHON: Final = re.compile(r"([ \t]*+(?:[\w, \t]++=[ \t]*+)?)([!%?].*|[\w.]+\?{1,2}[ \t]*)")
"""A line that is no Python: a command of the shell, a magic word, a question about a name."""
_MOST_FOR_IPYTHON: Final = 30
"""Such lines of a cell: of one with more, the code is not read, since it is parsed once for each."""
_AFTER_LINE: Final = re.compile(r"(?<=\n)")
_Path: TypeAlias = tuple[str | int, ...]
_Strings: TypeAlias = list[re.Match[str]]


@dataclass
class _Code:
    """The code of a notebook as one module, and where in the notebook each of its characters stands."""

    texts: list[str] = field(default_factory=list)
    """What the cells say, one after the other."""
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    begins: list[int] = field(default_factory=list)
    """At which character of the module each cell begins."""
    betweens: list[str | None] = field(default_factory=list)
    """What stands in JSON between two lines of each cell; None: it is one text."""

    @property
    def module(self) -> str:
        """The module."""
        return "".join(self.texts)

    def add(self, source: str, strings: _Strings, between: str | None) -> None:
        """Add a cell; what cannot be read as Python is left blank."""
        self.begins.append(len(self.starts))
        self.betweens.append(between)
        for string in strings:
            for found in _CHARACTER.finditer(source, string.start() + 1, string.end() - 1):
                self.starts.append(found.start())
                self.ends.append(found.end())
        self.texts += [_readable("".join(json.loads(string[0]) for string in strings)), "\n"]
        self.starts.append(0)
        self.ends.append(0)

    def between(self, at: int) -> str | None:
        """Return what stands between the lines of the cell that has a character of the module."""
        return self.betweens[bisect_right(self.begins, at) - 1]


def said_in(source: str, told: python.Told = MappingProxyType({})) -> Iterator[Said]:
    """Yield the texts of a notebook; ``told`` is what modules do with its names."""
    code = _code(source)
    for said in python.said_in(code.module, told):
        start, end = code.starts[said.start], code.ends[said.end - 1]
        yield replace(said, start=start, end=end, write=_writer(said.write, code.between(said.start)))


def module_of(source: str) -> str:
    """Return the code of a notebook as a module; empty where it has none of Python."""
    return _code(source).module


def _code(source: str) -> _Code:
    code, kinds, strings = _Code(), dict[_Path, str](), dict[_Path, _Strings]()
    inside = set[_Path]()
    if not _is_of_python(source):
        return code
    for path, found in _strings(source):
        match path:
            case ("cells", int(), "cell_type"):
                kinds[path[:2]] = json.loads(found[0])
            case ("cells", int(), "source", *rest):
                strings.setdefault(path[:2], []).append(found)
                inside |= {path[:2]} if rest else set()
    for cell, lines in strings.items():
        if kinds.get(cell) == "code":
            code.add(source, lines, _between(source, lines) if cell in inside else None)
    return code


def _is_of_python(source: str) -> bool:
    """Say whether a file is a notebook, and no language but Python is named in it."""
    try:
        notebook: Any = json.loads(source)
        told = notebook["metadata"]
        name = told.get("language_info", told.get("kernelspec", {})).get("name", "python")
        return str(name).startswith("python")
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
        return False


def _strings(source: str) -> Iterator[tuple[_Path, re.Match[str]]]:
    """Yield the strings of a file of JSON that are values, each with its path."""
    above, is_key = list[str | int](), False
    for found in _TOKEN.finditer(source):
        match found[0]:
            case "{":
                above.append("")
                is_key = True
            case "[":
                above.append(0)
            case "}" | "]":
                above.pop()
            case ":":
                is_key = False
            case ",":
                last = above[-1]
                is_key = isinstance(last, str)
                if isinstance(last, int):
                    above[-1] = last + 1
            case key if is_key and isinstance(above[-1], str):
                above[-1] = json.loads(key)
            case _:
                yield tuple(above), found


def _between(source: str, lines: _Strings) -> str:
    """Return what stands between two lines of a cell, or would where there is one."""
    if len(lines) > 1:
        return source[lines[0].end() : lines[1].start()]
    first = lines[0].start()
    return f",{source[source.rfind('[', 0, first) + 1 : first]}"


def _readable(code: str) -> str:
    """Return a cell as Python, each character in its place: lines for IPython as numbers; blank where it is none."""
    lines = code.split("\n")
    for _ in range(_MOST_FOR_IPYTHON + 1):
        try:
            ast.parse("\n".join(lines))
        except SyntaxError as error:
            at = (error.lineno or 1) - 1
            found = _FOR_IPYTHON.fullmatch(lines[at]) if at < len(lines) else None
            if found is None or code.lstrip().startswith("%%"):
                break
            lines[at] = found[1] + "0".ljust(len(found[2]))
        except (ValueError, RecursionError, MemoryError):
            break
        else:
            return "\n".join(lines)
    return re.sub(r"[^\n]", " ", code)


def _writer(write: Callable[[str], str], between: str | None) -> Callable[[str], str]:
    """Return what writes a literal of Python within the strings of a cell: a line each, where it has one for each."""

    def written(text: str) -> str:
        literal = write(text)
        lines = [literal] if between is None else _AFTER_LINE.split(literal)
        return f'"{between}"'.join(json_literal(line)[1:-1] for line in lines)

    return written

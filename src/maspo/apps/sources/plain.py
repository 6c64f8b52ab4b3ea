"""Texts that files of data say: JSON, TOML, YAML, and files of text."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterator
from typing import Final, Literal, TypeAlias

import yaml

from maspo.apps.literals import Named
from maspo.apps.sources.base import ANY, Said, json_literal, key_before

_Blocks: TypeAlias = Literal["always", "of lines", "never"]
"""When a value of YAML is written as a block: it was one, it may be one, or a flow leaves no room for one."""
_YAML_KEY: Final = re.compile(r" *(?:- +)*[^\s{\[,#&*!'\"|>:][^{}\[\],#&*!'\"|>:]*: +")
"""What stands before a value that is alone in its line: its key, without marks of a flow, an anchor or a tag."""
_JSON_TEXT: Final = re.compile(r'"(?:\\.|[^"\\\n])*"')
_TOML_TEXT: Final = re.compile(r'"""(?:\\.|[^\\])*?"""|\'\'\'.*?\'\'\'|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'', re.DOTALL)
_FRONT: Final = re.compile(r"\A\ufeff?---[ \t]*\r?\n.*?^---[ \t]*\r?\n", re.DOTALL | re.MULTILINE)
"""Settings at the head of a file of text, which are no part of what it says."""
_END: Final = re.compile(r"\r\n?")
_CREWAI_KEYS: Final = frozenset({"role", "goal", "backstory"})
"""What a member of a crew is made of."""


def said_in_json(source: str) -> Iterator[Said]:
    """Yield the texts of a file of JSON."""
    for found in _JSON_TEXT.finditer(source):
        yield Said(
            found.start(),
            found.end(),
            _loaded(json.loads, found[0]),
            json_literal,
            called=key_before(source, found.start()),
        )


def said_in_toml(source: str) -> Iterator[Said]:
    """Yield the texts of a file of TOML."""
    for found in _TOML_TEXT.finditer(source):
        text = _loaded(lambda literal: tomllib.loads(f"x = {literal}")["x"], found[0])
        yield Said(found.start(), found.end(), text, json_literal, called=key_before(source, found.start()))


def said_in_text(source: str, languages: tuple[Named, ...]) -> Iterator[Said]:
    """Yield what a file of text says: all of it, and what stands behind its settings."""
    front = _FRONT.match(source)
    for start in (len(source) - len(source.removeprefix("\ufeff")), *((front.end(),) if front else ())):
        yield Said(start, len(source), _END.sub("\n", source[start:]), str, languages)


def said_in_yaml(source: str) -> Iterator[Said]:
    """Yield the texts of a file of YAML."""
    for scalar, indent, languages, keys in _scalars(composed(source), 0):
        start, end = scalar.start_mark.index, scalar.end_mark.index
        while end > start and source[end - 1] in "\r\n ":
            end -= 1
        fits: _Blocks = "of lines" if _is_alone(source, start, end) else "never"
        blocks: _Blocks = "always" if scalar.style in ("|", ">") else fits
        yield Said(start, end, scalar.value, _yaml_writer(blocks, indent), languages, called=keys)


def composed(source: str) -> yaml.Node | None:
    """Return a file of YAML as nodes; None where it is none."""
    try:
        node: yaml.Node | None = yaml.compose(source, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
    return node


def _loaded(load: Callable[[str], object], literal: str) -> str:
    try:
        text = load(literal)
    except ValueError:
        return ""
    return text if isinstance(text, str) else ""


def _is_alone(source: str, start: int, end: int) -> bool:
    """Return whether a value stands behind its key in a line of its own, so that a block may take its place."""
    line = source.rfind("\n", 0, start) + 1
    rest = source[end:].partition("\n")[0]
    return _YAML_KEY.fullmatch(source[line:start]) is not None and not rest.strip()


_Scalar: TypeAlias = tuple[yaml.ScalarNode, int, tuple[Named, ...], tuple[str, ...]]
"""A value, the indentation of a block in its place, by which languages it is read, and its keys from within."""


def _scalars(
    node: yaml.Node | None, indent: int, languages: tuple[Named, ...] = ANY, keys: tuple[str, ...] = ()
) -> Iterator[_Scalar]:
    match node:
        case yaml.ScalarNode():
            yield node, indent, languages, keys
        case yaml.MappingNode():
            called = {key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)}
            for key, value in node.value:
                inner: tuple[Named, ...] = ("crewai",) if called >= _CREWAI_KEYS else languages
                yield from _scalars(value, node.start_mark.column + 2, inner, (str(key.value), *keys))
        case yaml.SequenceNode():
            for value in node.value:
                yield from _scalars(value, node.start_mark.column + 2, languages, keys)


def _yaml_writer(blocks: _Blocks, indent: int) -> Callable[[str], str]:
    """Return what writes a text as YAML: as a block, where one may stand and the text is fit for it."""

    def write(text: str) -> str:
        lines = text.rstrip("\n").split("\n")
        plain = all(line == line.rstrip() and line.isprintable() for line in lines) and lines[0][:1].strip()
        wanted = blocks == "always" or (blocks == "of lines" and len(lines) > 1)
        if wanted and plain and text.count("\n") - len(lines) + 1 in (0, 1):
            keep = "|" if text.endswith("\n") else "|-"
            return "\n".join([keep, *(" " * indent + line if line else "" for line in lines)])
        return json_literal(text)

    return write

"""System files: a system as YAML, read with errors that name the file, the place and the fix."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from maspo.core.errors import SystemInvalid
from maspo.team.system import Agent, System

SYSTEM_KEYS = ("name", "agents", "output", "final_answer")
AGENT_KEYS = ("prompt", "reads", "description", "model", "frozen", "protect")
PROMPT_SUFFIXES = (".txt", ".md", ".prompt")
_LINE_BREAKS = ("\r", "\x85", "\u2028", "\u2029")


def load_system(path: str | Path) -> System:
    """Read a system file (YAML). A one-line ``prompt`` that names a file is read from there.

    Raises:
        SystemInvalid: the file is missing, is no YAML, or does not describe a system; every line of the message names
            the file, the place and the fix.

    """
    file = Path(path)
    text = _read_text(file, f"{file}", "give the path of a system file (YAML)")
    return parse_system(text, source=str(file), folder=file.parent, default_name=file.stem or "system")


def parse_system(text: str, source: str = "system", folder: Path | None = None, default_name: str = "system") -> System:
    """Build a system from the text of a system file.

    ``source`` names the text in errors. Prompts that name files are read relative to ``folder``; without a folder
    every prompt is taken literally.

    Raises:
        SystemInvalid: as ``load_system``.

    """
    reader = _Reader(folder)
    fields = reader.system(_parse_yaml(text, source))
    if not reader.problems:
        try:
            return System(**{"name": default_name, **fields})
        except SystemInvalid as error:
            reader.problems.extend(str(error).splitlines())
    raise SystemInvalid("\n".join(f"{source}: {problem}" for problem in reader.problems))


def dump_system(system: System) -> str:
    """Return a system as the text of a system file; ``parse_system`` gives the same system back."""
    agents = {}
    for agent in system.agents:
        fields: dict[str, object] = {"prompt": agent.prompt, "reads": list(agent.reads)}
        fields |= {"description": agent.description, "model": agent.model, "frozen": agent.frozen}
        fields |= {"protect": list(agent.protect)}
        agents[agent.name] = {key: value for key, value in fields.items() if value not in ([], "", None, False)}
    content = {
        "name": system.name,
        "agents": agents,
        "output": system.output,
        "final_answer": system.final_answer,
    }
    return yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000)


class _Loader(yaml.SafeLoader):
    """A safe loader that refuses a key given twice, where YAML libraries silently keep the last."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node: yaml.MappingNode = super().compose_mapping_node(anchor)
        seen: set[tuple[str, str]] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            if (key.tag, key.value) in seen:
                raise yaml.MarkedYAMLError(problem=f"the key {key.value!r} is given twice", problem_mark=key.start_mark)
            seen.add((key.tag, key.value))
        return node


class _Dumper(yaml.SafeDumper):
    """A safe dumper that writes texts of several lines as they are read by people: as blocks."""


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = None
    if any(mark in text for mark in _LINE_BREAKS):  # YAML reads each of these as a plain line break, unless escaped
        style = '"'
    elif "\n" in text and all(line == line.strip() for line in text.split("\n")):
        style = "|"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)


def _parse_yaml(text: str, source: str) -> object:
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader that also refuses double keys
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        what = error.problem or "cannot be read"
        raise SystemInvalid(f"{source}{place}: not valid YAML: {what}; correct the file there") from None
    except (yaml.YAMLError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise SystemInvalid(f"{source}: not valid YAML: {reason}; correct the file") from None
    except RecursionError:
        raise SystemInvalid(f"{source}: not valid YAML: nested too deeply; a system has two levels") from None


@dataclass
class _Reader:
    """Turns parsed YAML into the fields of a system and collects what is wrong with it."""

    folder: Path | None
    problems: list[str] = field(default_factory=list)

    def system(self, content: object) -> dict[str, Any]:
        if content is None:
            self.problems.append("empty; write `agents:` and at least one agent with a prompt")
            return {}
        found = self._mapping(content, "", SYSTEM_KEYS)
        fields: dict[str, Any] = {
            key: self._text(found[key], key) for key in ("name", "output", "final_answer") if found.get(key) is not None
        }
        return {**fields, "agents": self._agents(found.get("agents"))}

    def _agents(self, value: object) -> tuple[Agent, ...]:
        if value is None:
            self.problems.append("agents: missing; write `agents:` and at least one agent with a prompt")
            return ()
        if not isinstance(value, Mapping):
            self._wrong(value, "agents", "agents by name, as in `solver: {prompt: …}`")
            return ()
        return tuple(self._agent(name, content) for name, content in value.items())

    def _agent(self, name: object, content: object) -> Agent:
        if not isinstance(name, str):
            self._wrong(name, "agents", "the name of an agent in text; put it in quotes")
            return Agent("agent", "")
        place = f"agents.{name}"
        found = self._mapping(content, place, AGENT_KEYS)
        if isinstance(content, Mapping) and found.get("prompt") is None:
            self.problems.append(f"{place}.prompt: missing; write the role prompt that maspo shall improve")
        model = found.get("model")
        return Agent(
            name,
            prompt=self._prompt(found.get("prompt"), f"{place}.prompt"),
            reads=self._texts(found.get("reads"), f"{place}.reads", "the name of an agent"),
            description=self._optional_text(found, "description", place),
            model=None if model is None else self._text(model, f"{place}.model"),
            frozen=self._truth(found.get("frozen"), f"{place}.frozen"),
            protect=self._texts(found.get("protect"), f"{place}.protect", "a line of the prompt"),
        )

    def _mapping(self, value: object, place: str, keys: Collection[str]) -> Mapping[object, object]:
        if not isinstance(value, Mapping):
            self._wrong(value, place, f"keys and values; the keys are: {', '.join(keys)}")
            return {}
        for key in value:
            if key not in keys:
                self.problems.append(_unknown_key(key, place, keys))
        return value

    def _prompt(self, value: object, place: str) -> str:
        if value is None:
            return ""
        text = self._text(value, place)
        if self.folder is None or "\n" in text or not text:
            return text
        file = self.folder / text
        if not _is_file(file):
            if _looks_like_path(text):
                self.problems.append(f"{place}: no such file: {file}; create it, or write the prompt itself here")
            return text
        try:
            return _read_text(file, f"{place}: {file}", "give a readable text file")
        except SystemInvalid as error:
            self.problems.append(str(error))
            return text

    def _optional_text(self, found: Mapping[object, object], key: str, place: str) -> str:
        value = found.get(key)
        return "" if value is None else self._text(value, f"{place}.{key}")

    def _text(self, value: object, place: str) -> str:
        if isinstance(value, str):
            return value
        self._wrong(value, place, "text; put it in quotes" if not isinstance(value, list | dict) else "text")
        return ""

    def _texts(self, value: object, place: str, what: str) -> tuple[str, ...]:
        if value is None:
            return ()
        if not isinstance(value, list):
            self._wrong(value, place, f"a list, as in `[{value}]`" if isinstance(value, str) else "a list")
            return ()
        for index, item in enumerate(value):
            if not isinstance(item, str):
                self._wrong(item, f"{place}[{index}]", f"{what}, in text")
        return tuple(item for item in value if isinstance(item, str))

    def _truth(self, value: object, place: str) -> bool:
        if value is None or isinstance(value, bool):
            return bool(value)
        self._wrong(value, place, "true or false")
        return False

    def _wrong(self, value: object, place: str, expected: str) -> None:
        self.problems.append(f"{place + ': ' if place else ''}{_describe(value)}; expected {expected}")


def _unknown_key(key: object, place: str, keys: Collection[str]) -> str:
    close = difflib.get_close_matches(str(key), keys, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    prefix = f"{place}: " if place else ""
    return f"{prefix}unknown key {key!r}; {hint}the keys are: {', '.join(keys)}"


def _describe(value: object) -> str:
    """Say what was given, in words; nested values are not spelled out, they may be huge."""
    match value:
        case None:
            return "nothing is given"
        case bool():
            return f"{str(value).lower()} is given"
        case list():
            return "a list is given"
        case Mapping():
            return "keys and values are given"
        case str():
            return f"the text {value[:60]!r} is given"
    return f"{str(value)[:60]} ({type(value).__name__}) is given"


def _looks_like_path(text: str) -> bool:
    return len(text.split()) == 1 and text.lower().endswith(PROMPT_SUFFIXES)


def _is_file(file: Path) -> bool:
    try:
        return file.is_file()
    except (OSError, ValueError):  # a prompt that is too long, or holds a NUL, is no path
        return False


def _read_text(file: Path, place: str, fix: str) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise SystemInvalid(f"{place}: no such file; {fix}") from None
    except UnicodeDecodeError:
        raise SystemInvalid(f"{place}: not UTF-8 text; save it as UTF-8") from None
    except OSError as error:
        raise SystemInvalid(f"{place}: cannot be read ({error.strerror}); {fix}") from None

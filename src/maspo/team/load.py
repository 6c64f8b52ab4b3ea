"""System files: a system as YAML, read with errors that name the file, the place and the fix."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from maspo.core.errors import SystemInvalid, nearest, said_of, typed
from maspo.core.plain import plain
from maspo.core.plain_files import MOST_TEXT, is_there, meant_by, read_named
from maspo.team.app import App
from maspo.team.flow import MOST_ENTRIES, MOST_ROUNDS, Condition, Each, Said
from maspo.team.system import Agent, System
from maspo.team.template import BRACES
from maspo.team.tools import Tool

SYSTEM_KEYS = ("name", "app", "agents", "output", "final_answer", "models", "rounds", "until")
AGENT_KEYS = ("prompt", "reads", "description", "model", "frozen", "protect", "template")
FLOW_KEYS = ("when", "rounds", "until", "same_prompt_as", "each", "tools")
"""What decides whether and how often an agent is called, with which prompt and tools; an app decides that itself."""
TOOL_KEYS = ("run", "calls", "seconds", "length")
WHEN_KEYS = ("agent", "equals", "matches")
EACH_KEYS = ("agent", "path", "most")
CHAT_ROLES = ("system", "user", "assistant")
MODEL_ROLES = ("agent", "judge", "proposer")
MODEL_KEYS = ("model", "base_url", "key_env", "headers", "extra", "reasoning_tokens", "effort")
APP_KEYS = (
    *("run", "folder", "python", "workers", "keep_alive", "replay_tools"),
    *("dialects", "whole_prompts", "seconds", "calls", "usd"),
)
AGENT_OF_APP_KEYS = ("calls", "offered", "marker", "answers", "steering", "sometimes")
"""What ``maspo discover`` writes beside the others of an app's agents."""
_MEANT = {
    **dict.fromkeys(("instructions", "instruction", "system_prompt", "system_message", "system", "goal"), "prompt"),
    **dict.fromkeys(
        ("inputs", "input", "depends_on", "needs", "after", "from", "context", "upstream", "parents"), "reads"
    ),
    **dict.fromkeys(("role", "backstory", "purpose", "summary"), "description"),
    **dict.fromkeys(("llm", "model_name", "llm_config"), "model"),
    **dict.fromkeys(("condition", "if", "only_if"), "when"),
    **dict.fromkeys(("locked", "fixed", "pinned", "optimize", "trainable"), "frozen"),
    **dict.fromkeys(("keep", "must_keep", "contract", "never_change"), "protect"),
    **dict.fromkeys(("nodes", "team", "workflow", "crew", "steps", "tasks"), "agents"),
}
"""Keys that other frameworks and habit have for those of a system file."""
_OF_ROWS = (".jsonl", ".csv", ".tsv", ".parquet")
"""What files of rows end in, and no YAML does; JSON may be either."""
PROMPT_SUFFIXES = (".txt", ".md", ".prompt")
_SHOWN = 60
"""Characters of a wrong value that a message shows: enough to find it in the file."""
_LONGEST_PATH = 1000
"""Characters that are shown of a path: what is longer is a prompt or a system file in its place."""
_ANY_WIDTH = 10_000
"""Characters of a line before YAML would fold it: none is folded, so a prompt's lines stay as they are."""
_LINE_BREAKS = ("\r", "\x85", "\u2028", "\u2029")


def load_system(path: str | Path) -> System:
    """Read a system file (YAML). A one-line ``prompt`` that names a file is read from there.

    Raises:
        SystemInvalid: the file is missing, is no YAML, or does not describe a system; every line of the message names
            the file, the place and the fix.

    """
    file = Path(path)
    if meant := _meant_as_rows(file) or _meant_as_app(file):
        raise SystemInvalid(f"{file}: {meant}")
    text = _read_text(file, f"{file}", "give the path of a system file (YAML)")
    return parse_system(text, source=str(file), folder=file.parent, default_name=file.stem or "system")


def _meant_as_rows(file: Path) -> str:
    """Return what to do where rows stand in the place of a system file; empty where none do."""
    if file.suffix.lower() not in _OF_ROWS:
        return ""
    return f"rows, by its name, and no system file (YAML), which is given first; give rows with --inputs {typed(file)}"


def _meant_as_app(file: Path) -> str:
    """Return what to do where an app stands in the place of its system file; empty where none does."""
    if file.suffix == ".py" and file.is_file():
        return f"a file of Python and no system file (YAML); an app is given by its function: {file.stem}:FUNCTION"
    program, _, rest = str(file).partition(" ")
    # A path has lost one of an address' slashes.
    app = re.sub(r"^(https?):/(?!/)", r"\1://", str(file))
    command = bool(rest) and shutil.which(program) is not None and not is_there(file)
    if app == str(file) and not command:
        return ""
    return (
        f"an app, and no system file (YAML); `maspo discover {typed(app)} --inputs FILE` looks at it and writes "
        "system.yaml: give that"
    )


def parse_system(text: str, source: str = "system", folder: Path | None = None, default_name: str = "system") -> System:
    """Build a system from the text of a system file.

    ``source`` names the text in errors. Prompts that name files are read relative to ``folder``; without a folder
    every prompt is taken literally.

    Raises:
        SystemInvalid: as ``load_system``.

    """
    try:
        content = yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader that also refuses double keys
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
    reader = _Reader(folder)
    fields = reader.system(content)
    if not reader.problems:
        try:
            return System(**{"name": default_name, **fields})
        except SystemInvalid as error:
            reader.problems.extend(str(error).splitlines())
    raise SystemInvalid("\n".join(f"{source}: {problem}" for problem in reader.problems))


def dump_system(system: System, folder: Path | None = None) -> str:
    """Return a system as the text of a system file; ``parse_system`` gives the same system back.

    ``folder`` is where the file will lie: an app that is started elsewhere says so in its text.
    """
    agents = {}
    for agent in system.agents:
        keys = (*AGENT_KEYS, *FLOW_KEYS) if system.app is None else (*AGENT_KEYS, *AGENT_OF_APP_KEYS)
        fields: dict[str, Any] = {key: _plainly(getattr(agent, key)) for key in keys}
        if agent.tools:
            fields["tools"] = [_tool_plainly(tool) for tool in agent.tools]
        if agent.chat:
            fields["prompt"] = [{"role": one.role, "content": one.content or agent.prompt} for one in agent.chat]
        if agent.template == BRACES:
            del fields["template"]
        if agent.same_prompt_as:
            fields = {key: value for key, value in fields.items() if key not in ("prompt", "template", "protect")}
        agents[agent.name] = {key: value for key, value in fields.items() if value not in ([], "", None, False, 0)}
    content = {key: _plainly(getattr(system, key)) for key in SYSTEM_KEYS if key != "app"} | {"agents": agents}
    for key in ("rounds", "until"):
        if not content[key]:
            del content[key]
    if not system.models:
        del content["models"]
    if system.app is not None:
        usual, own = App(""), {key: getattr(system.app, key) for key in APP_KEYS}
        own["dialects"] = list(system.app.dialects)
        own["folder"] = "" if folder is None else _folder_from(folder, system.app.folder)
        app = {key: value for key, value in own.items() if value not in ([], getattr(usual, key))}
        content = {"name": system.name, "app": app, **content}
    return yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_ANY_WIDTH)


def _folder_from(file: Path, app: str) -> str:
    """Return an app's folder as seen from that of its system file; empty where they are one."""
    one, other = file.resolve(), Path(app).resolve()
    return "" if one == other else Path(os.path.relpath(other, one)).as_posix()


def _plainly(value: object) -> Any:
    """Return a field of an agent as a system file has it."""
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, Condition | Each):
        return {key: one for key, one in plain(value).items() if one not in ("", MOST_ENTRIES)}
    return value


def _tool_plainly(tool: Tool) -> Any:
    usual, own = Tool(""), {key: getattr(tool, key) for key in TOOL_KEYS}
    given = {key: value for key, value in own.items() if value != getattr(usual, key)}
    return tool.run if given.keys() == {"run"} else given


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
        models = found.get("models")
        if models is not None:
            fields["models"] = self._models(models)
        if found.get("app") is not None:
            fields["app"] = self._app(found["app"])
        if found.get("rounds") is not None:
            fields["rounds"] = self._rounds(found["rounds"], "rounds")
        fields["until"] = self._condition(found.get("until"), "until")
        agents, fields["agents"] = found.get("agents"), ()
        if agents is None:
            self.problems.append("agents: missing; write `agents:` and at least one agent with a prompt")
        elif not isinstance(agents, Mapping):
            self._wrong(agents, "agents", "agents by name, as in `solver: {prompt: …}`")
        else:
            keys = (*AGENT_KEYS, *(FLOW_KEYS if "app" not in fields else AGENT_OF_APP_KEYS))
            fields["agents"] = tuple(self._agent(name, agent, keys) for name, agent in agents.items())
        return fields

    def _models(self, content: object) -> Mapping[str, Mapping[str, Any]]:
        roles = self._mapping(content, "models", MODEL_ROLES)
        for role, values in roles.items():
            if role in MODEL_ROLES:
                self._mapping(values, f"models.{role}", MODEL_KEYS)
        return {str(role): dict(values) for role, values in roles.items() if isinstance(values, Mapping)}

    def _app(self, content: object) -> App:
        found = self._mapping(content, "app", APP_KEYS)
        if isinstance(content, Mapping) and found.get("run") is None:
            self.problems.append("app.run: missing; give module:function, a command, or a URL")
        fields: dict[str, Any] = {}
        for key in ("run", "folder", "python"):
            if found.get(key) is not None:
                fields[key] = self._text(found[key], f"app.{key}")
        for key in ("seconds", "usd", "workers", "calls"):
            if found.get(key) is not None:
                fields[key] = self._number(found[key], f"app.{key}", whole=key in ("workers", "calls"))
        # Links are kept, as everywhere in the address of a file; only `..` is taken out.
        folder = os.path.normpath((self.folder or Path()).absolute() / fields.pop("folder", ""))
        return App(
            **{"run": "-", **fields},
            keep_alive=self._truth(found.get("keep_alive"), "app.keep_alive"),
            replay_tools=self._truth(found.get("replay_tools"), "app.replay_tools"),
            dialects=self._texts(found.get("dialects"), "app.dialects", "the name of a dialect"),
            whole_prompts=self._truth(found.get("whole_prompts"), "app.whole_prompts"),
            folder=folder,
        )

    def _agent(self, name: object, content: object, keys: Collection[str]) -> Agent:
        if not isinstance(name, str):
            self._wrong(name, "agents", "the name of an agent in text; put it in quotes")
            return Agent("agent", "")
        place = f"agents.{name}"
        found = self._mapping(content, place, keys)
        shared = found.get("same_prompt_as")
        if isinstance(content, Mapping) and found.get("prompt") is None and shared is None:
            self.problems.append(f"{place}.prompt: missing; write the role prompt that maspo shall improve")
        for key in ("prompt", "template", "protect"):
            if shared is not None and found.get(key) is not None:
                self.problems.append(f"{place}.{key}: given beside `same_prompt_as: {shared}`; leave one of them out")
        prompt, chat = self._chat(found.get("prompt"), f"{place}.prompt")
        description, model, template = found.get("description"), found.get("model"), found.get("template")
        return Agent(
            name,
            prompt=prompt,
            chat=chat,
            reads=self._texts(found.get("reads"), f"{place}.reads", "the name of an agent"),
            description="" if description is None else self._text(description, f"{place}.description"),
            model=None if model is None else self._text(model, f"{place}.model"),
            frozen=self._truth(found.get("frozen"), f"{place}.frozen"),
            template=BRACES if template is None else self._text(template, f"{place}.template"),
            protect=self._texts(found.get("protect"), f"{place}.protect", "a line of the prompt"),
            **self._flow(found, place),
            **self._agent_of_app(found, place),
        )

    def _flow(self, found: Mapping[object, object], place: str) -> dict[str, Any]:
        """Return what decides whether and how often an agent is called, and with which prompt."""
        fields: dict[str, Any] = {
            key: self._condition(found.get(key), f"{place}.{key}")
            for key in ("when", "until")
            if found.get(key) is not None
        }
        if found.get("rounds") is not None:
            fields["rounds"] = self._rounds(found["rounds"], f"{place}.rounds")
        if found.get("same_prompt_as") is not None:
            fields["same_prompt_as"] = self._text(found["same_prompt_as"], f"{place}.same_prompt_as")
        if found.get("each") is not None:
            fields["each"] = self._each(found["each"], f"{place}.each")
        if found.get("tools") is not None:
            fields["tools"] = tuple(self._tools(found["tools"], f"{place}.tools"))
        return fields

    def _tools(self, content: object, place: str) -> Iterator[Tool]:
        if not isinstance(content, list):
            self._wrong(content, place, "a list, as in `[module:function]`")
            return
        for number, one in enumerate(content):
            fields: dict[str, Any] = {"folder": str((self.folder or Path()).absolute())}
            if isinstance(one, Mapping):
                found = self._mapping(one, f"{place}[{number}]", TOOL_KEYS)
                if found.get("run") is None:
                    self.problems.append(f"{place}[{number}].run: missing; give module:function, or mcp:COMMAND")
                for key in TOOL_KEYS[1:]:
                    if found.get(key) is not None:
                        fields[key] = self._number(found[key], f"{place}[{number}].{key}", whole=key != "seconds")
                one = found.get("run", "-:-")  # noqa: PLW2901 - what the entry says of its tool
            yield Tool(self._text(one, f"{place}[{number}]"), **fields)

    def _condition(self, content: object, place: str) -> Condition | None:
        if content is None:
            return None
        found = self._mapping(content, place, WHEN_KEYS)
        fields = {key: self._text(found[key], f"{place}.{key}") for key in WHEN_KEYS if found.get(key) is not None}
        if isinstance(content, Mapping) and "agent" not in found:
            self.problems.append(f"{place}.agent: missing; name the agent whose output decides")
        return Condition(**{"agent": "", **fields})

    def _each(self, content: object, place: str) -> Each | None:
        found = self._mapping(content, place, EACH_KEYS)
        if isinstance(content, Mapping) and "agent" not in found:
            self.problems.append(f"{place}.agent: missing; name the agent that writes the list")
        fields: dict[str, Any] = {
            key: self._text(found[key], f"{place}.{key}") for key in ("agent", "path") if found.get(key) is not None
        }
        if found.get("most") is not None:
            fields["most"] = self._number(found["most"], f"{place}.most", whole=True)
        return Each(**{"agent": "", **fields})

    def _rounds(self, value: object, place: str) -> int:
        rounds = int(self._number(value, place, whole=True))
        if rounds < 1 and isinstance(value, int):
            self.problems.append(f"{place}: {rounds} is given; expected 1 to {MOST_ROUNDS}")
        return max(rounds, 1)

    def _chat(self, value: object, place: str) -> tuple[str, tuple[Said, ...]]:
        """Return the prompt that is optimized, and the messages around it where the prompt is a chat.

        It is the first system message, else the first message: that is where roles are written.
        """
        if not isinstance(value, list):
            return self._prompt(value, place), ()
        said = []
        for number, one in enumerate(value):
            found = self._mapping(one, f"{place}[{number}]", ("role", "content"))
            if not isinstance(one, Mapping):
                continue
            role = found.get("role")
            if role not in CHAT_ROLES:
                self._wrong(role, f"{place}[{number}].role", f"one of {', '.join(CHAT_ROLES)}")
            content = self._text(found.get("content"), f"{place}[{number}].content")
            if not content.strip():
                self.problems.append(f"{place}[{number}].content: empty; write the message, or leave it out")
            said.append(Said(str(role), content))
        if not said:
            self.problems.append(f"{place}: a list without messages; write `- {{role: system, content: …}}`")
            return "", ()
        own = next((number for number, one in enumerate(said) if one.role == "system"), 0)
        return said[own].content, tuple(replace(one, content="") if at == own else one for at, one in enumerate(said))

    def _agent_of_app(self, found: Mapping[object, object], place: str) -> dict[str, Any]:
        """Return what ``maspo discover`` wrote of an agent beside what every system file has."""
        fields: dict[str, Any] = {}
        if found.get("calls") is not None:
            fields["calls"] = self._number(found["calls"], f"{place}.calls", whole=True)
        if found.get("marker") is not None:
            fields["marker"] = self._text(found["marker"], f"{place}.marker")
        fields["offered"] = self._texts(found.get("offered"), f"{place}.offered", "the name of a tool")
        for key in ("answers", "steering", "sometimes"):
            fields[key] = self._truth(found.get(key), f"{place}.{key}")
        return fields

    def _mapping(self, value: object, place: str, keys: Collection[str]) -> Mapping[object, object]:
        if not isinstance(value, Mapping):
            self._wrong(value, place, f"keys and values; the keys are: {', '.join(keys)}")
            return {}
        for key in value:
            if key not in keys:
                usual = _MEANT.get(str(key).lower(), "")
                meant = usual if usual in keys else nearest(str(key), keys)
                hint = f"did you mean {meant!r}? " if meant else ""
                prefix = f"{place}: " if place else ""
                self.problems.append(f"{prefix}unknown key {key!r}; {hint}the keys are: {', '.join(keys)}")
        return value

    def _prompt(self, value: object, place: str) -> str:
        if value is None:
            return ""
        text = self._text(value, place)
        if self.folder is None or "\n" in text or not text:
            return text
        file = self.folder / text
        try:
            exists = file.is_file()
            inside = exists and file.resolve().is_relative_to(self.folder.resolve())
        except (OSError, ValueError, RuntimeError):  # a prompt that is too long, or holds a NUL, is no path
            exists = inside = False
        if exists and not inside:
            # What is sent to a model is not for a system file to choose from all files of this machine.
            self.problems.append(
                f"{place}: names {file}, which lies outside the folder of the system file; copy it there, or write the "
                "prompt itself here"
            )
            return text
        if not exists:
            if len(text.split()) == 1 and text.lower().endswith(PROMPT_SUFFIXES):
                self.problems.append(f"{place}: no such file: {file}; create it, or write the prompt itself here")
            return text
        try:
            return _read_text(file, f"{place}: {file}", "give a readable text file")
        except SystemInvalid as error:
            self.problems.append(str(error))
            return text

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

    def _number(self, value: object, place: str, *, whole: bool) -> float:
        fits = isinstance(value, int) if whole else isinstance(value, int | float)
        if fits and not isinstance(value, bool):
            return value  # type: ignore[return-value]  # just looked at
        self._wrong(value, place, "a whole number" if whole else "a number")
        return 1

    def _wrong(self, value: object, place: str, expected: str) -> None:
        self.problems.append(f"{place + ': ' if place else ''}{_describe(value)}; expected {expected}")


def _describe(value: object) -> str:
    """Return what was given in words; nested values are not spelled out, long ones cut: they may be huge."""
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
            return f"the text {value[:_SHOWN]!r} is given"
    return f"{str(value)[:_SHOWN]} ({type(value).__name__}) is given"


def _read_text(file: Path, place: str, fix: str) -> str:
    try:
        return read_named(file, MOST_TEXT).decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except FileNotFoundError:
        raise SystemInvalid(f"{place}: no such file; {meant_by(file) or fix}") from None
    except UnicodeDecodeError:
        raise SystemInvalid(f"{place}: not UTF-8 text; save it as UTF-8") from None
    except (OSError, ValueError) as error:  # a text that is no path, too
        shown = place if len(place) <= _LONGEST_PATH else f"{place[:_SHOWN]}…"
        raise SystemInvalid(f"{shown}: cannot be read ({said_of(error)}); {fix}") from None

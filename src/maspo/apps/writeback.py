"""Writing prompts back into the files that they came from: found as literals, replaced exactly, or refused. Pure.

What a literal says and what arrives at the model may differ: a framework strips, dedents, or reads braces as a
template. So a prompt is found under what is known to be done to literals, a new one is written so that the same makes
it come out unchanged, and whatever cannot be told is refused with the reason.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
import string
import textwrap
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import yaml

from maspo.apps.literals import TO_CHOOSE, Template
from maspo.team.template import values_of

TEXT_FILES = (".txt", ".md", ".prompt", ".j2", ".jinja")
_YAML = (".yaml", ".yml")
_Blocks: TypeAlias = Literal["always", "of lines", "never"]
"""When a value of YAML is written as a block: it was one, it may be one, or a flow leaves no room for one."""
_YAML_KEY = re.compile(r" *(?:- +)*[^\s{\[,#&*!'\"|>:][^{}\[\],#&*!'\"|>:]*: +")
"""What stands before a value that is alone in its line: its key, without marks of a flow, an anchor or a tag."""
FILES = (".py", *_YAML, ".json", ".toml", *TEXT_FILES)
"""Kinds of files in which prompts are looked for."""
_SPECIAL = {"braces": ("{", "}"), "dollar signs": ("$",)}
"""What templates give a meaning: of ``str.format`` and of most frameworks, of ``string.Template``."""
_JSON_TEXT = re.compile(r'"(?:\\.|[^"\\\n])*"')
_TOML_TEXT = re.compile(r'"""(?:\\.|[^\\])*?"""|\'\'\'.*?\'\'\'|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'', re.DOTALL)
_VALUE = re.compile(r"\{value\d*\}")
_SOURCES: tuple[tuple[Template, re.Pattern[str]], ...] = (
    ("adk", re.compile(r"^[ \t]*(?:from|import)\s+google\.adk\b", re.MULTILINE)),
    ("agno", re.compile(r"^[ \t]*(?:from|import)\s+agno\b", re.MULTILINE)),
    ("crewai", re.compile(r"^[ \t]*(?:from|import)\s+crewai\b", re.MULTILINE)),
)
"""Files that import one of these are read by its rules. Agno 3.1 reads instructions as a ``string.Template``: two
dollar signs arrive as one, also without values."""
_CREWAI_KEYS = frozenset({"role", "goal", "backstory"})
"""What a member of a crew is made of, also in a file of YAML."""
_CREWAI_NAME = re.compile(r"\{([A-Za-z_][A-Za-z0-9_-]*)\}")
"""What CrewAI 1.15 takes for the name of a value, with inputs; some of these also without. It has no escape."""
_ADK_NAME = re.compile(r"(?<![${\\])\{+([^{}]*)\}+")
"""What Google ADK 2.13 takes for the name of a value: in any number of braces, unless one of these stands before."""
_ADK_PREFIXES = ("app:", "user:", "temp:")


class CannotWrite(Exception):
    """A prompt cannot be written back exactly; says why."""


@dataclass(frozen=True)
class Place:
    """Where a prompt stands in a file: characters from ``start`` to ``end`` of the source."""

    file: str
    line: int
    start: int
    end: int
    text: str
    """What the literal says."""
    template: Template
    write: Callable[[str], str]
    """Returns the source of a literal that says a text."""
    names: Mapping[str, str]
    """What the source calls the values of the prompt."""
    undone: Callable[[str], str]
    """What is done to the literal before it arrives: dedented, or nothing."""


def find_places(file: str, source: str, prompt: str) -> list[Place]:
    """Return where a prompt stands in a file, as far as that can be read.

    ``prompt`` is as it arrives at the model, with ``{value}`` placeholders.
    """
    found = []
    for start, end, text, template, write in _literals(file, source):
        for undone in (str, textwrap.dedent, inspect.cleandoc):
            names = _stands_in(undone(text), prompt, template)
            if names is not None:
                known = template
                if template == "unknown" and names and not any(_VALUE.fullmatch("{" + one + "}") for one in names):
                    known = "braces"
                if template == "unknown" and ("{{" in text) and "{{" not in prompt:
                    known = "braces"
                line = source.count("\n", 0, start) + 1
                found.append(Place(file, line, start, end, text, known, write, names, undone))
                break
    return found


def describes_app(file: str, source: str) -> bool:
    """Say whether a file is the system file of an app, which says its prompts once more and is not read by it."""
    node = _composed(source) if file.endswith(_YAML) else None
    keys = {key.value for key, _ in node.value} if isinstance(node, yaml.MappingNode) else set()
    return {"app", "agents"} <= keys


def place_of_agent(file: str, source: str, agent: str, prompt: str) -> Place | None:
    """Return where a system file says the prompt of an agent; None where it says another."""
    node = _composed(source)
    for key in ("agents", agent, "prompt"):
        pairs = node.value if isinstance(node, yaml.MappingNode) else ()
        node = next((value for name, value in pairs if name.value == key), None)
    if node is None:
        return None
    found = (place for place in find_places(file, source, prompt) if place.start == node.start_mark.index)
    return next(found, None)


def texts_in(file: str, source: str) -> Iterator[str]:
    """Yield the texts that a file says."""
    return (text for _, _, text, _, _ in _literals(file, source))


def rewritten(source: str, place: Place, old: str, new: str, template: Template = "unknown") -> str:
    """Return a file's source with a new prompt in place of the old one.

    Raises:
        CannotWrite: it would not arrive as it is; says why, and what helps.

    """
    known = place.template if template == "unknown" else template
    body = new.strip()
    inner = place.undone(place.text)
    lead, trail = inner[: len(inner) - len(inner.lstrip())], inner[len(inner.rstrip()) :]
    if known == "unknown":
        for what, marks in _SPECIAL.items():
            fixed = _VALUE.sub("", body)
            if any(mark in fixed and mark not in _VALUE.sub("", old) for mark in marks):
                raise CannotWrite(
                    f"the new prompt holds {what}, and nothing in the old one tells whether the framework takes them "
                    f"for a template; say so with --template {TO_CHOOSE}"
                )
    text = _escaped(body, known, place.names)
    whole = f"{lead}{text}{trail}"
    if place.undone is not str:
        # Unindented, so that nothing is taken away from it.
        whole = f"\n{text}\n" if place.text.startswith("\n") else text
        if place.undone(whole).strip() != text:
            raise CannotWrite("the new prompt has indented lines, and the app takes indentation away; write it by hand")
    made = source[: place.start] + place.write(whole) + source[place.end :]
    again = [one for one in find_places(place.file, made, new) if one.start == place.start]
    if not again:
        raise CannotWrite("it could not be read back as it is; write it by hand")
    return made


def _stands_in(text: str, prompt: str, template: Template) -> Mapping[str, str] | None:
    """Return what a literal calls the values of the prompt that it says; None when it says another."""
    if template == "agno":
        text = string.Template(text).safe_substitute()
    text, prompt = text.strip(), prompt.strip()
    if not prompt:
        return None
    values = values_of(prompt)
    if not values:
        said = (
            {text}
            if template in ("none", "adk", "agno", "crewai")
            else {text, text.replace("{{", "{").replace("}}", "}")}
        )
        return {} if prompt in said or _raw(text) == prompt else None
    passages = _VALUE.split(prompt)
    order = [found[1:-1] for found in _VALUE.findall(prompt)]
    hole = r"\{\{?\s*([A-Za-z_][\w.]*)\s*\}?\}"
    written = (passages, [passage.replace("{", "{{").replace("}", "}}") for passage in passages])
    patterns = (hole.join(re.escape(passage) for passage in one) for one in written)
    found = next((match for pattern in patterns if (match := re.fullmatch(pattern, _raw(text), re.DOTALL))), None)
    if found is None:
        return None
    names = dict(zip(order, found.groups(), strict=True))
    return names if len(set(names.values())) == len(names) else None


def _escaped(text: str, template: Template, names: Mapping[str, str]) -> str:
    """Return a new prompt in the words of its template."""

    def fixed(passage: str) -> str:
        match template:
            case "braces":
                return passage.replace("{", "{{").replace("}", "}}")
            case "jinja":
                if "endraw" in passage:
                    raise CannotWrite("the new prompt holds the word that ends a raw block; write it by hand")
                return "{% raw %}" + passage + "{% endraw %}" if re.search(r"\{[{%#]", passage) else passage
            case "agno":
                return passage.replace("$", "$$")
        return passage

    pieces, at = [], 0
    for found in _VALUE.finditer(text):
        name = names.get(found[0][1:-1])
        if name is None:
            continue
        hole = "{{ " + name + " }}" if template == "jinja" else "{" + name + "}"
        pieces += [fixed(text[at : found.start()]), hole]
        at = found.end()
    whole = "".join([*pieces, fixed(text[at:])])
    if template in ("adk", "crewai"):
        (_check_adk if template == "adk" else _check_crewai)(whole, pieces[1::2])
    return whole


def _check_adk(text: str, holes: Sequence[str]) -> None:
    """Refuse a text in which Google ADK would read anything else as a value than what is one: it has no escape."""
    if other := _misread([found[0] for found in _ADK_NAME.finditer(text) if _is_adk_name(found[1])], holes):
        raise CannotWrite(
            f"Google ADK would not take {other} as it is written, but look it up in its session, and no literal can "
            "say it; give a function instead (instruction=lambda context: PROMPT), and --template none"
        )


def _check_crewai(text: str, holes: Sequence[str]) -> None:
    """Refuse a text in which CrewAI would read anything else as a value than what is one: it has no escape."""
    if other := _misread([found[0] for found in _CREWAI_NAME.finditer(text)], holes):
        raise CannotWrite(
            f"CrewAI would not take {other} as it is written, but fill an input of the crew in for it, and no literal "
            "can say it; write the new prompt without it, or by hand"
        )


def _misread(read: Sequence[str], holes: Sequence[str]) -> str:
    """Return what would be read as a value and is none; empty where all that is read are values."""
    if list(read) == list(holes):
        return ""
    return next((one for one in read if one not in holes), "a value")


def _is_adk_name(inside: str) -> bool:
    """Say whether a text in braces is a name that ADK looks up; all others stay as they are."""
    name = inside.strip().removesuffix("?")
    if name.startswith("artifact."):
        return True
    return next((name.removeprefix(one) for one in _ADK_PREFIXES if name.startswith(one)), name).isidentifier()


def _raw(text: str) -> str:
    return re.sub(r"\{% raw %\}(.*?)\{% endraw %\}", lambda found: found[1], text, flags=re.DOTALL)


# ── literals of each kind of file ────────────────────────────────────────────────────────────────────────────────────

_Found = tuple[int, int, str, Template, Callable[[str], str]]


def _literals(file: str, source: str) -> Iterator[_Found]:
    """Yield the texts that a file says: from, to, the text, what is known of its template, and how to write another."""
    kind = "." + file.rpartition(".")[2]
    if kind == ".py":
        yield from _python(source)
    elif kind == ".json":
        for found in _JSON_TEXT.finditer(source):
            yield found.start(), found.end(), _loaded(json.loads, found[0]), "unknown", _json_literal
    elif kind == ".toml":
        for found in _TOML_TEXT.finditer(source):
            text = _loaded(lambda literal: tomllib.loads(f"x = {literal}")["x"], found[0])
            yield found.start(), found.end(), text, "unknown", _json_literal
    elif kind in _YAML:
        yield from _yaml(source)
    elif kind in TEXT_FILES:
        template: Template = "jinja" if kind in (".j2", ".jinja") else "unknown"
        yield 0, len(source), source, template, str


def _loaded(load: Callable[[str], object], literal: str) -> str:
    try:
        text = load(literal)
    except ValueError:
        return ""
    return text if isinstance(text, str) else ""


def _json_literal(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _yaml(source: str) -> Iterator[_Found]:
    for scalar, indent, template in _scalars(_composed(source), 0):
        start, end = scalar.start_mark.index, scalar.end_mark.index
        while end > start and source[end - 1] in "\n ":
            end -= 1
        fits: _Blocks = "of lines" if _is_alone(source, start, end) else "never"
        blocks: _Blocks = "always" if scalar.style in ("|", ">") else fits
        yield start, end, scalar.value, template, _yaml_writer(blocks, indent)


def _is_alone(source: str, start: int, end: int) -> bool:
    """Return whether a value stands behind its key in a line of its own, so that a block may take its place."""
    line = source.rfind("\n", 0, start) + 1
    rest = source[end:].partition("\n")[0]
    return _YAML_KEY.fullmatch(source[line:start]) is not None and not rest.strip()


def _composed(source: str) -> yaml.Node | None:
    try:
        node: yaml.Node | None = yaml.compose(source, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
    return node


def _scalars(
    node: yaml.Node | None, indent: int, template: Template = "unknown"
) -> Iterator[tuple[yaml.ScalarNode, int, Template]]:
    match node:
        case yaml.ScalarNode():
            yield node, indent, template
        case yaml.MappingNode():
            keys = {key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)}
            for _, value in node.value:
                inner: Template = "crewai" if keys >= _CREWAI_KEYS else template
                yield from _scalars(value, node.start_mark.column + 2, inner)
        case yaml.SequenceNode():
            for value in node.value:
                yield from _scalars(value, node.start_mark.column + 2, template)


def _yaml_writer(blocks: _Blocks, indent: int) -> Callable[[str], str]:
    """Return what writes a text as YAML: as a block, where one may stand and the text is fit for it."""

    def write(text: str) -> str:
        lines = text.rstrip("\n").split("\n")
        plain = all(line == line.rstrip() and line.isprintable() for line in lines) and lines[0][:1].strip()
        wanted = blocks == "always" or (blocks == "of lines" and len(lines) > 1)
        if wanted and plain and text.count("\n") - len(lines) + 1 in (0, 1):
            keep = "|" if text.endswith("\n") else "|-"
            return "\n".join([keep, *(" " * indent + line if line else "" for line in lines)])
        return _json_literal(text)

    return write


def _python(source: str) -> Iterator[_Found]:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    lines = source.splitlines(keepends=True)

    def place(line: int, column: int) -> int:
        return starts[line - 1] + len(lines[line - 1].encode()[:column].decode())

    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)}
    usual: Template = next((template for template, mark in _SOURCES if mark.search(source)), "unknown")
    formatted: dict[int, Template] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == "format":
            formatted[id(node.value)] = "braces"
    modulo = {id(node.left) for node in ast.walk(tree) if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod)}
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Constant) and isinstance(node.value, str)) or id(node) in parts | modulo:
            continue
        if node.end_lineno is None or node.end_col_offset is None:
            continue
        start, end = place(node.lineno, node.col_offset), place(node.end_lineno, node.end_col_offset)
        yield start, end, node.value, formatted.get(id(node), usual), _python_literal


def _python_literal(text: str) -> str:
    """Return a literal that says a text: over several lines where it has some."""
    if "\n" not in text.strip("\n") or "\r" in text:
        return _quoted(text)
    inner = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    inner = "".join(one if one == "\n" or one.isprintable() else _quoted(one)[1:-1] for one in inner)
    if inner.endswith('"'):
        inner = f'{inner[:-1]}\\"'
    begins = "" if inner.startswith("\n") else "\\\n"
    return f'"""{begins}{inner}"""'


def _quoted(text: str) -> str:
    pieces = ['"']
    for one in text:
        if one in '"\\':
            pieces.append(f"\\{one}")
        elif one.isprintable():
            pieces.append(one)
        else:
            pieces.append(one.encode("unicode_escape", "surrogatepass").decode())
    return "".join([*pieces, '"'])


def only_place(places: Sequence[Place]) -> Place:
    """Return the one place in which a prompt stands.

    Raises:
        CannotWrite: there is none, or there are several.

    """
    if not places:
        raise CannotWrite(
            "the old prompt stands in no literal of these files as it arrives at the model (it may be put together "
            "from pieces, or be an f-string); write it by hand, or name its file with --to"
        )
    if len(places) > 1:
        where = ", ".join(f"{one.file}:{one.line}" for one in places)
        many = len({one.file for one in places}) > 1
        raise CannotWrite(
            f"the old prompt stands in several places ({where}); "
            + ("name one file with --to" if many else "write it by hand, or put it into one place")
        )
    return places[0]

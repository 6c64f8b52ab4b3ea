"""Texts that a module of Python says: literals, f-strings, and texts that are put together with ``+`` or ``join``."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final, TypeAlias

from maspo.apps.languages import mark, parted
from maspo.apps.literals import Named
from maspo.apps.sources.base import ANY, TIDIED, Said

_LINE: Final = re.compile(r"\r\n|\r|\n")
"""How Python ends a line; other separators of Unicode stand within one."""
_BOM: Final = "\ufeff"
_IMPORTED: Final[tuple[tuple[Named, re.Pattern[str]], ...]] = (
    ("adk", re.compile(r"^[ \t]*(?:from|import)\s+google\.adk\b", re.MULTILINE)),
    ("agno", re.compile(r"^[ \t]*(?:from|import)\s+agno\b", re.MULTILINE)),
    ("crewai", re.compile(r"^[ \t]*(?:from|import)\s+crewai\b", re.MULTILINE)),
)
"""Files that import one of these are read by its rules."""
_CALLED: Final[Mapping[str, Named]] = {"format": "braces", "format_map": "braces", "replace": "none"}
"""Methods of a text that put values in."""
_TEMPLATES: Final[Mapping[str, Named]] = {"jinja2": "jinja", "string": "dollar"}
"""Modules that have a class called Template."""
_TIDIES: Final = frozenset({"dedent", "cleandoc", "strip", "lstrip", "rstrip"})
_MESSAGES: Final = frozenset({"SystemMessage", "HumanMessage", "ChatMessage", "SystemPromptPart"})
"""Classes of messages that are sent as they are."""
_ROLES: Final = frozenset({"system", "developer", "user", "human"})
_GIVEN: Final[tuple[tuple[str, tuple[str, ...], tuple[str, ...], Named], ...]] = (
    ("agents", ("Agent",), ("instructions",), "none"),
    ("pydantic_ai", ("Agent",), ("instructions", "system_prompt"), "none"),
    ("agent_framework", ("Agent", "ChatAgent", "create_agent", "as_agent"), ("instructions",), "none"),
    ("autogen_agentchat", ("AssistantAgent", "SocietyOfMindAgent"), ("system_message",), "none"),
    ("langchain", ("create_agent",), ("system_prompt",), "none"),
    ("langgraph", ("create_react_agent", "create_supervisor"), ("prompt",), "none"),
    ("llama_index", ("FunctionAgent", "ReActAgent", "CodeActAgent"), ("system_prompt",), "none"),
    ("smolagents", ("ToolCallingAgent", "CodeAgent"), ("instructions",), "none"),
    ("strands", ("Agent",), ("system_prompt",), "none"),
    ("haystack", ("Agent",), ("system_prompt",), "jinja"),
    ("openai", ("create", "parse", "stream"), ("instructions",), "none"),
    ("anthropic", ("create", "stream"), ("system",), "none"),
)
"""What frameworks are given prompts as, and how they read them (docs/frameworks.md): module, callables, arguments."""
Told: TypeAlias = Mapping[str, frozenset[Named]]
"""Languages by which names are read, wherever they are."""


def said_in(source: str, told: Told = MappingProxyType({})) -> Iterator[Said]:
    """Yield the texts of a module; none where it cannot be read. ``told`` is what other modules do with its names."""
    module = _module(source)
    if module is None:
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.expr) and id(node) not in module.inner and (parts := module.parts_of(node)) is not None:
            try:
                said = module.said(node, parts, told)
            except RecursionError:  # an expression deeper than anybody writes it
                continue
            yield said


def languages_of_names(source: str) -> Iterator[tuple[str, Named]]:
    """Yield names that a module reads in some language: they may be texts of another module."""
    module = _module(source)
    if module is None:
        return
    for node in ast.walk(module.tree):
        name = _keys(node) or _name(node)
        if name and isinstance(node, ast.expr):
            yield from ((name, language) for language in module.languages_of(node))


def _module(source: str) -> _Module | None:
    before = len(_BOM) if source.startswith(_BOM) else 0
    try:
        return _Module(source, before, ast.parse(source[before:]))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


_Part = str | ast.expr


class _Module:
    """A module that was read: what stands above each part of it, and what it does with its names."""

    def __init__(self, source: str, before: int, tree: ast.Module) -> None:
        self.source = source
        self.tree = tree
        self.inner = set[int]()
        """Parts of texts that are put together, which are no texts of their own."""
        self._lines = [before, *(one.end() for one in _LINE.finditer(source))]
        self._usual = next(((language,) for language, known in _IMPORTED if known.search(source)), ANY)
        nodes = list(ast.walk(tree))
        self._above = {id(inner): node for node in nodes for inner in ast.iter_child_nodes(node)}
        self._uses = dict[str, list[ast.expr]]()
        self._imported = set[str]()
        self._templates = dict[str, Named]()
        values = dict[str, list[ast.AST]]()
        for node in nodes:
            match node:
                case ast.Import(names=names):
                    self._imported.update(one.name for one in names)
                case ast.ImportFrom(module=str(module), names=names):
                    self._imported.add(module)
                    templates = (one.asname or one.name for one in names if one.name == "Template")
                    self._templates.update((name, _TEMPLATES[module]) for name in templates if module in _TEMPLATES)
                case ast.Name(ctx=ast.Load()) | ast.Attribute(ctx=ast.Load()):
                    self._uses.setdefault(_name(node), []).append(node)
                case ast.Name(id=name, ctx=ast.Store()):
                    above = self._above.get(id(node))
                    given = above.value if isinstance(above, ast.Assign | ast.AnnAssign) else None
                    values.setdefault(name, []).append(given or node)
                case ast.arg(arg=name):
                    values.setdefault(name, []).append(node)
            if isinstance(node, ast.expr) and id(node) not in self.inner:
                self._leave_out_parts(node)
        once = ((name, self.parts_of(found[0])) for name, found in values.items() if len(found) == 1)
        self._constants = {
            name: "".join(map(str, parts))
            for name, parts in once
            if parts and all(isinstance(one, str) for one in parts)
        }

    def _leave_out_parts(self, node: ast.expr) -> None:
        if isinstance(node, ast.JoinedStr):
            self.inner.update(id(part) for value in node.values for part in ast.walk(value) if part is not node)
        elif isinstance(node, ast.BinOp) and self.parts_of(node) is not None:
            first, sums = _sums_in(node)
            texts = [one for one in (first, *(added.right for added in sums)) if self.parts_of(one) is not None]
            for text in texts:
                self.inner.add(id(text))
                self._leave_out_parts(text)
            begin = next(place for place, one in enumerate(sums) if texts[0] in (one.left, one.right))
            self.inner.update(id(one.left) for one in sums[begin + 1 :])
        elif isinstance(node, ast.List) and self.parts_of(node) is not None:
            self.inner.update(id(item) for item in node.elts)
        elif isinstance(node, ast.Call) and self.parts_of(node) is not None:
            for part in ast.iter_child_nodes(node):
                items = part.elts if isinstance(part, ast.List | ast.Tuple) else list(ast.walk(part))
                for item in items:
                    self.inner.add(id(item))
                    if isinstance(item, ast.expr):
                        self._leave_out_parts(item)

    def parts_of(self, node: ast.AST) -> list[_Part] | None:
        """Return texts and expressions in the order in which they are put together; None where that makes no text."""
        match node:
            case ast.Constant(value=str(text)):
                return [text]
            case ast.JoinedStr(values=values):
                return [str(value.value) if isinstance(value, ast.Constant) else value for value in values]
            case ast.BinOp(op=ast.Add()):
                first, sums = _sums_in(node)
                whole = self.parts_of(first)
                for added in sums:
                    parts = self.parts_of(added.right)
                    if whole is not None or parts is not None:
                        whole = whole or [added.left]
                        whole += parts or [added.right]
                return whole
            case ast.Call(
                func=ast.Attribute(value=ast.Constant(value=str(between)), attr="join"),
                args=[ast.List(elts=items) | ast.Tuple(elts=items)],
            ):
                if not items or any(isinstance(one, ast.Starred) for one in items):
                    return None
                found: list[_Part] = []
                for one in items:
                    parts = self.parts_of(one)
                    found += ([between] if found else []) + ([one] if parts is None else parts)
                return found if any(isinstance(part, str) for part in found) else None
            case ast.List(elts=items) if self._is_rendered(node):
                texts = [one.value for one in items if isinstance(one, ast.Constant) and isinstance(one.value, str)]
                return [rendered(texts)] if texts and len(texts) == len(items) else None
        return None

    def _is_rendered(self, node: ast.List) -> bool:
        """Say whether a list of texts is one prompt: instructions of Agno."""
        above = self._above.get(id(node))
        return self._usual == ("agno",) and isinstance(above, ast.keyword) and above.arg == "instructions"

    def said(self, node: ast.expr, parts: Sequence[_Part], told: Told) -> Said:
        """Return a text of the module."""
        text, written, constants, shown = "", dict[str, str](), dict[str, str](), dict[str, str]()
        for part in parts:
            if isinstance(part, str):
                text += part
                continue
            name = mark(len(written))
            text += name
            inside = part.value if isinstance(part, ast.FormattedValue) else part
            written[name] = _in_braces(part)
            shown[name] = written[name]
            if isinstance(inside, ast.Name) and inside.id in self._constants:
                constants[name] = self._constants[inside.id]
        start = self._place(node.lineno, node.col_offset)
        end = self._place(node.end_lineno or node.lineno, node.end_col_offset or 0)
        tidied = (inspect.cleandoc,) if isinstance(self._above.get(id(node)), ast.Expr) else TIDIED
        write = _items if isinstance(node, ast.List) else _writer(written)
        return Said(start, end, text, write, self._languages(node, told), tidied, constants, self._called(node), shown)

    def _place(self, line: int, column: int) -> int:
        begins, ends = self._lines[line - 1 : line + 1] if line < len(self._lines) else (self._lines[-1], None)
        return begins + len(self.source[begins:ends].encode()[:column].decode()) if column else begins

    def _languages(self, node: ast.expr, others: Told) -> tuple[Named, ...]:
        """Return the languages by which a text may be read: that of all that is done with it, or any."""
        told = self.languages_of(node) or {one for name in self._names_of(node) for one in others.get(name, ())}
        return (told.pop(),) if len(told) == 1 else self._usual

    def languages_of(self, node: ast.expr) -> set[Named]:
        """Return the languages by which uses of a text tell that it is read, also of the name that it is given."""
        uses = [node, *(use for name in self._names_of(node) for use in self._uses.get(name, ()))]
        calls = [call for use in uses if isinstance(call := self._above.get(id(use)), ast.Call) and call.func is use]
        return {one for use in (*uses, *calls) if (one := self.language_of(use)) is not None}

    def _called(self, node: ast.AST) -> tuple[str, ...]:
        """Return what a module calls a text, the nearest name first."""
        found, inner = list[str](), node
        while (above := self._above.get(id(inner))) is not None:
            match above:
                case ast.Assign() | ast.AnnAssign() if isinstance(inner, ast.expr):
                    found += self._targets(above)
                case ast.Dict(keys=keys, values=values):
                    pairs = zip(keys, values, strict=True)
                    found += [str(key.value) for key, one in pairs if one is inner and isinstance(key, ast.Constant)]
                case ast.Call(keywords=keywords) if isinstance(inner, ast.keyword):
                    names = [one.value for one in keywords if one.arg in ("name", "role")]
                    found += [str(one.value) for one in names if isinstance(one, ast.Constant)]
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                    found.append(name)
            inner = above
        return tuple(found)

    def _names_of(self, node: ast.expr) -> list[str]:
        """Return the names that a text is given."""
        above = self._through(node)[1]
        return self._targets(above) or self._returned_by(above)

    @staticmethod
    def _targets(node: ast.AST | None) -> list[str]:
        match node:
            case ast.Assign(targets=targets):
                return [name for one in targets if (name := _name(one))]
            case ast.AnnAssign(target=target):
                return [_name(target)] if _name(target) else []
        return []

    def _returned_by(self, node: ast.AST | None) -> list[str]:
        """Return the name of the function that returns a text."""
        if not isinstance(node, ast.Return):
            return []
        inner: ast.AST | None = node
        while not isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef | None):
            inner = self._above.get(id(inner))
        return [inner.name] if inner is not None else []

    def _through(self, node: ast.AST) -> tuple[ast.AST, ast.AST | None]:
        """Return a text after what only takes white space away, and what is done with that."""
        above = self._above.get(id(node))
        match above:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[only]) if (
                only is node and name in _TIDIES
            ):
                return self._through(above)
            case ast.Attribute(attr=name) if name in _TIDIES and isinstance(self._above.get(id(above)), ast.Call):
                return self._through(self._above[id(above)])
        return node, above

    def language_of(self, use: ast.expr) -> Named | None:
        """Return the language by which a use of a text reads it; None where it does not tell."""
        text, above = self._through(use)
        match above:
            case ast.Attribute(attr=name) if name in _CALLED:
                return _CALLED[name]
            case ast.BinOp(op=ast.Mod(), left=left) if left is text:
                return "percent"
            case ast.Call(func=ast.Attribute(value=ast.Name(id=module), attr="Template")) if module in _TEMPLATES:
                return _TEMPLATES[module]
            case ast.Call(func=ast.Name(id=name)) if name in self._templates:
                return self._templates[name]
            case ast.Call(func=ast.Attribute(attr="from_string")):
                return "jinja"
            case ast.Call(func=ast.Attribute(attr="from_template")) if not above.keywords:
                return "braces"
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in _MESSAGES:
                return "none"
            case ast.Tuple(elts=[ast.Constant(value=str(role)), other]) if other is text and role in _ROLES:
                return self._language_of_pair(above)
            case ast.Dict(keys=keys, values=values):
                return self._language_of_message(text, keys, values)
            case ast.keyword(arg=argument):
                return self._language_of_argument(above, argument or "")
        return None

    def _language_of_pair(self, pair: ast.AST) -> Named | None:
        """Return how LangChain reads a pair of a role and a text: as a template, where one is made of it."""
        inner: ast.AST | None = pair
        while isinstance(inner := self._above.get(id(inner)), ast.List | ast.Tuple | ast.Dict | ast.keyword):
            pass
        called = _name(inner.func) if isinstance(inner, ast.Call) else ""
        if called in ("from_messages", "ChatPromptTemplate"):
            return "braces"
        return "none" if called.removeprefix("a") in ("invoke", "stream", "batch") else None

    def _language_of_message(
        self, text: ast.AST, keys: Sequence[ast.expr | None], values: Sequence[ast.expr]
    ) -> Named | None:
        """Return that a message which is sent as it is reads no language."""
        known = {key.value: value for key, value in zip(keys, values, strict=True) if isinstance(key, ast.Constant)}
        role = known.get("role")
        is_message = isinstance(role, ast.Constant) and role.value in _ROLES and known.get("content") is text
        return "none" if is_message and self._usual == ANY else None

    def _language_of_argument(self, argument: ast.keyword, name: str) -> Named | None:
        """Return the language by which a framework reads what it is given under a name."""
        call = self._above.get(id(argument))
        if not isinstance(call, ast.Call):
            return None
        called = _name(call.func)
        if called in _MESSAGES and name == "content":
            return "none"
        told = {
            language
            for module, calls, arguments, language in _GIVEN
            if called in calls and name in arguments and self._imports(module)
        }
        return told.pop() if len(told) == 1 else None

    def _imports(self, module: str) -> bool:
        return any(one == module or one.startswith((f"{module}.", f"{module}_")) for one in self._imported)


def _sums_in(node: ast.expr) -> tuple[ast.expr, list[ast.BinOp]]:
    """Return what a row of sums begins with, and the sums from the innermost on: a row may be longer than a stack."""
    sums = list[ast.BinOp]()
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        sums.append(node)
        node = node.left
    return node, sums[::-1]


def _name(node: ast.AST) -> str:
    """Return the name of what stands in a place: its last part."""
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _keys(node: ast.AST) -> str:
    """Return the keys by which a text is taken out of others: ``writer.system`` of ``PROMPTS["writer"]["system"]``."""
    match node:
        case ast.Subscript(value=value, slice=ast.Constant(value=str(key))):
            return f"{_keys(value)}.{key}".lstrip(".")
        case ast.Call(func=ast.Attribute(value=value, attr="get"), args=[ast.Constant(value=str(key)), *_]):
            return f"{_keys(value)}.{key}".lstrip(".")
    return ""


def _in_braces(part: ast.expr) -> str:
    """Return an expression as it stands in the braces of an f-string."""
    whole = part if isinstance(part, ast.FormattedValue) else ast.FormattedValue(part, -1, None)
    text = ast.unparse(ast.JoinedStr([whole]))[1:]
    quotes = 3 if text[:3] in ('"""', "'''") else 1
    return text[quotes:-quotes]


def _writer(written: Mapping[str, str]) -> Callable[[str], str]:
    """Return what writes a text as a literal of Python: an f-string where expressions stand in it."""

    def write(text: str) -> str:
        used = [written[piece] for piece in parted(text) if piece in written]
        if not used:
            return literal(text)
        # Before Python 3.12 an expression must not hold the quotes of its f-string.
        many = "\n" in text.strip("\n") or any('"' in one for one in used)
        body = "".join(
            written[piece] if piece in written else _inside(piece, many=many).replace("{", "{{").replace("}", "}}")
            for piece in parted(text)
        )
        if not many:
            return f'f"{body}"'
        return f'f"""{"" if body.startswith(chr(10)) or chr(10) not in body else chr(92) + chr(10)}{body}"""'

    return write


def rendered(texts: Sequence[str]) -> str:
    """Return what Agno 3.1 makes of a list of instructions: one as it is, of several the short ones with dashes."""
    if len(texts) == 1:
        return texts[0]
    are_long = ["\n" in text.strip() for text in texts]
    items = [text if is_long else f"- {text.strip()}" for text, is_long in zip(texts, are_long, strict=True)]
    return ("\n\n" if any(are_long) else "\n").join(items)


def _items(text: str) -> str:
    """Return a list that is rendered as a text: of its lines where each has a dash, else of the text alone."""
    lines = text.strip().splitlines()
    items = [line.removeprefix("- ").strip() for line in lines]
    texts = items if len(lines) > 1 and rendered(items) == text.strip() and all(items) else [text]
    return f"[{', '.join(map(literal, texts))}]"


def literal(text: str) -> str:
    """Return a literal that says a text: over several lines where it has some."""
    if "\n" not in text.strip("\n") or "\r" in text:
        return f'"{_inside(text, many=False)}"'
    inner = _inside(text, many=True)
    begins = "" if inner.startswith("\n") else "\\\n"
    return f'"""{begins}{inner}"""'


def _inside(text: str, *, many: bool) -> str:
    """Return what says a text between quotes: one, or three and ``many`` lines."""
    pieces = []
    for one in text:
        if one == "\n" and many:
            pieces.append(one)
        elif one in '"\\':
            pieces.append(f"\\{one}" if one == "\\" or not many else one)
        elif one.isprintable():
            pieces.append(one)
        else:
            pieces.append(one.encode("unicode_escape", "surrogatepass").decode())
    if not many:
        return "".join(pieces)
    if pieces and pieces[-1] == '"':  # before those that end a literal
        pieces[-1] = '\\"'
    return "".join(pieces).replace('"""', '\\"\\"\\"')

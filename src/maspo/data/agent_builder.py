"""Workflows of OpenAI's Agent Builder: the team in the Python code that its dialog *Code*, *Agents SDK* gave out.

The code is parsed, never run; what it says is data. The form is that of published exports, to which the guide "Migrate
from Agent Builder" of OpenAI's documentation leads: each agent is an ``Agent(name=…, instructions=…, model=…)`` at the
top, with a text as instructions, or a function that returns one with values of a context in it. One function awaits
``Runner.run(agent, input=[*conversation_history, …])`` for each, asks with ``if`` what an agent answered, and adds what
each wrote to the conversation. The export in TypeScript says the same, and is not read. Prompt objects (``pmpt_…``)
had no export: OpenAI's guide said to copy their text.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from maspo.core.errors import SystemInvalid
from maspo.team.flow import Condition, Said, dependencies
from maspo.team.system import Agent, System
from maspo.team.template import BRACES, JINJA, NONE, STATEMENT, as_written

_MODULE_OF_JS = re.compile(r"new Agent\(|from [\"']@openai/agents[\"']")
_INPUT = "input"


@dataclass(frozen=True, slots=True)
class ImportedTeam:
    """A team as an export tells it, and in words what it does not tell."""

    system: System
    notes: tuple[str, ...]


def read_export(text: str, name: str) -> ImportedTeam:
    """Return the team in a Python export of Agent Builder, under a name that errors have, too.

    Raises:
        SystemInvalid: it is no such export, or holds no agent that is run.

    """
    if _MODULE_OF_JS.search(text):
        raise SystemInvalid(
            f"{name}: is the export in TypeScript; give that in Python, or let `maspo discover` look at "
            "this one as an app"
        )
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise SystemInvalid(
            f"{name}: is no Python ({error}); expected what Agent Builder gave out under Code, Agents SDK, Python"
        ) from None
    made = {target: call for target, call in _assigned_calls(tree) if _named(call.func) == "Agent"}
    entry = next((one for one in tree.body if _runs_agents(one)), None)
    if not made or not isinstance(entry, ast.FunctionDef | ast.AsyncFunctionDef):
        raise SystemInvalid(
            f"{name}: no agents that a function runs; expected what Agent Builder gave out under Code, Agents SDK, "
            "Python"
        )
    functions = {one.name: one for one in tree.body if isinstance(one, ast.FunctionDef)}
    workflow = _Workflow(made, functions, dict(_assigned_texts(tree)), [argument.arg for argument in entry.args.args])
    try:
        workflow.walk(entry.body)
    except RecursionError:
        raise SystemInvalid(f"{name}: nested too deeply to be an export of Agent Builder") from None
    return workflow.imported(name)


# ── what values are ──────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Value:
    """Where a value of the workflow comes from: its input, or what an agent wrote, or a field in that."""

    agent: str = ""
    """Empty: the input of the workflow."""
    parsed: bool = False
    key: str = ""


@dataclass(frozen=True, slots=True)
class _Ran:
    """The result of an agent's run."""

    agent: str


@dataclass(frozen=True, slots=True)
class _Parts:
    """A dict with values of known origin."""

    entries: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class _Asked:
    """The workflow's own input, as an object or a dict."""


@dataclass(frozen=True, slots=True)
class _Path:
    """The branch that a statement stands in: the condition, and whether all of it could be told."""

    when: Condition | None = None
    untold: str = ""
    """The source of a condition that could not be told."""


@dataclass
class _Workflow:
    """Walks through the function that runs the agents."""

    made: Mapping[str, ast.Call]
    functions: Mapping[str, ast.FunctionDef]
    constants: Mapping[str, str]
    """Texts that stand at the top under a name."""
    parameters: Sequence[str]
    agents: dict[str, Agent] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    paths: dict[str, _Path] = field(default_factory=dict)
    path: _Path = field(default_factory=_Path)

    def __post_init__(self) -> None:
        self.known: dict[str, object] = {name: _Asked() for name in self.parameters}
        self.histories: dict[str, tuple[str, ...]] = {}

    def imported(self, name: str) -> ImportedTeam:
        """Return the team that was walked through."""
        if not self.agents:
            raise SystemInvalid(f"{name}: no run of an agent was found in it; expected `await Runner.run(agent, …)`")
        for unused in self.made.keys() - self.agents.keys():
            self.notes.append(f"{unused}: no run of it could be told; it was left out")
        agents = tuple(self.agents.values())
        waited = {other for names in dependencies(agents).values() for other in names}
        ends = [agent for agent in agents if agent.name not in waited]
        output = ""
        if len(ends) > 1 and not all(agent.when for agent in ends):
            output = ends[-1].name
            others = ", ".join(agent.name for agent in ends[:-1])
            self.notes.append(f"output: {output} is taken, since it is run last; nobody reads {others} either")
        return ImportedTeam(System(agents, name=name, output=output), tuple(dict.fromkeys(self.notes)))

    # ── statements ───────────────────────────────────────────────────────────────────────────────────────────────────

    def walk(self, body: Sequence[ast.stmt]) -> bool:
        """Go through statements; return whether the workflow ends in them."""
        before = self.path
        for statement in body:
            if self._step(statement):
                self.path = before
                return True
        self.path = before
        return False

    def _step(self, statement: ast.stmt) -> bool:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                self._assign(name, value)
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                self._assign(name, value)
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="extend")) as call):
                if name in self.histories:
                    wrote = [one.agent for one in self._values_in(call) if isinstance(one, _Ran)]
                    self.histories[name] = tuple(dict.fromkeys((*self.histories[name], *wrote)))
            case ast.Expr(value=value) if (ran := _run_of(value)) is not None:
                self._run(ran)
            case ast.With(body=body) | ast.AsyncWith(body=body):
                return self.walk(body)
            case ast.Try(body=body):
                return self.walk(body)
            case ast.While(body=body) | ast.For(body=body) | ast.AsyncFor(body=body) if _runs_agents(statement):
                self.notes.append(
                    f"line {statement.lineno}: a loop, whose agents are called once here; add `reads` and `rounds`"
                )
                self.walk(body)
            case ast.If():
                return self._branch(statement)
            case ast.Return(value=value):
                if value is not None and (ran := _run_of(value)) is not None:
                    self._run(ran)
                return True
            case ast.Raise():
                return True
        return False

    def _assign(self, name: str, value: ast.expr) -> None:
        call = _run_of(value)
        if call is not None:
            agent = self._run(call)
            if agent:
                self.known[name] = _Ran(agent)
        elif isinstance(value, ast.List):
            self.histories[name] = ()
            for text in _texts_in(value):
                if self._value(text) != _Value():
                    self.notes.append(f"{name}: begins with `{ast.unparse(text):.80}`, which is taken for the input")
        else:
            self.known[name] = self._value(value)

    def _branch(self, statement: ast.If) -> bool:
        """Go through the branches of an ``if`` with all its ``elif``; return whether all of them end."""
        branches: list[tuple[ast.expr | None, list[ast.stmt]]] = []
        rest: list[ast.stmt] = [statement]
        while len(rest) == 1 and isinstance(rest[0], ast.If):
            branches.append((rest[0].test, rest[0].body))
            rest = rest[0].orelse
        if all(isinstance(one, ast.Raise) for _, body in branches for one in body) and not rest:
            return False  # a check on the way
        branches.append((None, rest))
        outer, before = self.path, dict(self.histories)
        asked: list[tuple[str, str, str]] = []
        untold = ""
        after: list[dict[str, tuple[str, ...]]] = []
        ended: list[tuple[str, str, str]] = []
        for test, body in branches:
            question = None if test is None else self._question(test)
            own = "" if test is None or question else ast.unparse(test)
            self.path = self._inside(outer, [question] if question else asked, own or untold, negated=test is None)
            if own:
                untold = f"not ({own})"
            self.histories = dict(before)
            if not self.walk(body):
                after.append(self.histories)
            elif question:
                ended.append(question)
            if question:
                asked.append(question)
        self.path = outer
        if not after:
            return True
        self.histories = {
            name: tuple(dict.fromkeys(one for found in after for one in found.get(name, ()))) for name in before
        }
        if len(after) < len(branches):
            if untold:
                self.notes.append(f"line {statement.lineno}: where `{untold:.80}` decides, the workflow may end early")
            self.path = self._inside(outer, ended, "", negated=True)
        return False

    def _inside(self, outer: _Path, questions: Sequence[tuple[str, str, str]], untold: str, *, negated: bool) -> _Path:
        """Return the path of a branch: where what an agent wrote holds one of some values, or none of them."""
        if untold or outer.untold:
            return _Path(untold=untold or outer.untold)
        if not questions:
            return outer
        asked = {(agent, key) for agent, key, _ in questions}
        if len(asked) > 1:
            return _Path(untold="several agents")
        ((agent, key),) = asked
        if outer.when is not None and self.paths.get(agent) != outer:
            return _Path(untold=f"{outer.when} and {agent} says so")
        values = "|".join(re.escape(value) for _, _, value in questions)
        held = f'"{re.escape(key)}" ?: ?"(?:{values})"'
        return _Path(Condition(agent, matches=rf"\A(?![\s\S]*{held})" if negated else held))

    def _question(self, test: ast.expr) -> tuple[str, str, str] | None:
        """Return agent, field and value where a test is whether that field of what the agent wrote has that value."""
        match test:
            case ast.Compare(left=left, ops=[ast.Eq()], comparators=[ast.Constant(value=str(value))]):
                found = self._value(left)
                if isinstance(found, _Value) and found.agent and found.key:
                    return found.agent, found.key, value
        return None

    # ── runs ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _run(self, call: ast.Call) -> str:
        """Take up the run of an agent; return its name, or nothing where none of the agents is run."""
        if not call.args or not isinstance(call.args[0], ast.Name) or call.args[0].id not in self.made:
            self.notes.append(f"line {call.lineno}: which agent is run here could not be told")
            return ""
        name = call.args[0].id
        if name in self.agents:
            self.notes.append(f"{name}: run in several places; the first is taken")
            return name
        given = {one.arg: one.value for one in call.keywords}
        shown = call.args[1] if len(call.args) > 1 else given.get("input")
        context = given.get("context")
        values = {one.arg: one.value for one in context.keywords if one.arg} if isinstance(context, ast.Call) else {}
        self.agents[name] = self._agent(name, shown, values)
        self.paths[name] = self.path
        if self.path.untold:
            self.notes.append(f"{name}: is called only where `{self.path.untold:.120}`; add this as `when`")
        return name

    def _agent(self, name: str, shown: ast.expr | None, context: Mapping[str, ast.expr]) -> Agent:
        made = {one.arg: one.value for one in self.made[name].keywords}
        instructions = self._instructions(name, made.get("instructions"), context)
        messages = list(self._messages(name, shown))
        read = [one for message in messages if isinstance(message, tuple) for one in message]
        texts = [instructions, *(message for message in messages if not isinstance(message, tuple))]
        read += [part.agent for text in texts for part in text if isinstance(part, _Value) and part.agent]
        model = made.get("model")
        self._left_out(name, made)
        agent = Agent(
            name=name,
            prompt="",
            reads=tuple(dict.fromkeys(read)),
            model=model.value if isinstance(model, ast.Constant) and isinstance(model.value, str) else None,
            when=self.path.when,
        )
        is_plain = all(message in ((_Value(),), [_Value()]) or isinstance(message, tuple) for message in messages)
        if is_plain and all(isinstance(part, str) for part in instructions):
            prompt = "".join(str(part) for part in instructions)
            return replace(agent, prompt=prompt, template=NONE if re.search(r"[{}]", prompt) else BRACES)
        template = _template(name, texts)
        said = [Said("system")]
        for message in messages:
            if isinstance(message, tuple):
                parts = [as_written(one, template) for one in (_INPUT, *message)]
                said.append(Said("user", "\n\n".join(parts)))
            else:
                said.append(Said("user", _written(message, template)))
        return replace(agent, prompt=_written(instructions, template), template=template, chat=tuple(said))

    def _left_out(self, name: str, made: Mapping[str | None, ast.expr]) -> None:
        """Say what an agent has that a system file does not."""
        tools = made.get("tools")
        if isinstance(tools, ast.List) and tools.elts:
            called = ", ".join(ast.unparse(one)[:40] for one in tools.elts)
            self.notes.append(f"{name}: its tools are left out: {called}")
        if "output_type" in made:
            kind = ast.unparse(made["output_type"])[:60]
            self.notes.append(f"{name}: its output type {kind} is left out; its prompt must ask for that JSON itself")
        if "handoffs" in made:
            self.notes.append(f"{name}: its handoffs are left out; `maspo discover` follows them in the running app")
        if "model_settings" in made:
            self.notes.append(f"{name}: its model settings are left out (temperature, reasoning)")

    def _messages(self, name: str, shown: ast.expr | None) -> Iterator[tuple[str, ...] | list[str | _Value]]:
        """Yield what an agent is shown: the conversation, as the agents that wrote in it, or a message in parts."""
        for one in shown.elts if isinstance(shown, ast.List) else [shown]:
            bare = one.value if isinstance(one, ast.Starred) else one
            if isinstance(bare, ast.Name) and bare.id in self.histories:
                yield self.histories[bare.id]
                continue
            text = next((value for value in _texts_in(bare)), bare) if bare is not None else None
            try:
                yield self._parts(name, text, {}, {}) if text is not None else [_Value()]
            except SystemInvalid:
                self.notes.append(f"{name}: a message of its input could not be told; it is shown the input instead")
                yield [_Value()]

    def _instructions(self, name: str, given: ast.expr | None, context: Mapping[str, ast.expr]) -> list[str | _Value]:
        function = self.functions.get(given.id) if isinstance(given, ast.Name) else None
        if function is None:
            return self._parts(name, given, {}, context)
        local: dict[str, ast.expr] = {}
        for statement in function.body:
            match statement:
                case ast.Assign(targets=[ast.Name(id=target)], value=value):
                    local[target] = value
                case ast.Return(value=ast.expr() as value):
                    return self._parts(name, value, local, context)
        return self._parts(name, None, local, context)

    def _parts(
        self,
        name: str,
        text: ast.expr | None,
        local: Mapping[str, ast.expr],
        context: Mapping[str, ast.expr],
    ) -> list[str | _Value]:
        """Return a text in parts: what it says, and whose values it holds."""
        match text:
            case ast.Constant(value=str(said)):
                return [said]
            case ast.Name(id=constant) if constant in self.constants:
                return [self.constants[constant]]
            case ast.JoinedStr(values=values):
                return [part for one in values for part in self._parts(name, one, local, context)]
            case ast.FormattedValue(value=value):
                return [self._placed(name, value, local, context)]
            case ast.expr() if isinstance(found := self._value(text), _Value):
                return [self._whole(name, found)]
        said = "nothing" if text is None else f"`{ast.unparse(text):.80}`"
        raise SystemInvalid(f"agents.{name}: a text was expected, {said} is given; write the text in its place")

    def _placed(
        self, name: str, value: ast.expr, local: Mapping[str, ast.expr], context: Mapping[str, ast.expr]
    ) -> _Value:
        """Return what stands in a text: the input, what an agent wrote, or a column of the rows."""
        if isinstance(value, ast.Name):
            value = local.get(value.id, value)
        called = _named(value)
        found = self._value(context.get(called, value))
        if isinstance(found, _Value):
            return self._whole(name, found)
        column = re.sub(r"\W+", "_", called or ast.unparse(value))[:60].strip("_")
        self.notes.append(f"{name}: {column} is a value of the workflow; give the rows a column of this name")
        return _Value(key=column)

    def _whole(self, name: str, found: _Value) -> _Value:
        if found.key:
            self.notes.append(
                f"{name}: is shown all that {found.agent} wrote, where the workflow showed its {found.key}"
            )
        return _Value(found.agent)

    # ── expressions ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _value(self, one: ast.expr) -> object:
        """Return where a value comes from; None where that cannot be told."""
        match one:
            case ast.Name(id=name):
                return self.known.get(name)
            case ast.Dict(keys=keys, values=values):
                return _Parts(
                    {
                        key.value: self._value(value)
                        for key, value in zip(keys, values, strict=True)
                        if isinstance(key, ast.Constant) and isinstance(key.value, str)
                    }
                )
            case ast.Subscript(value=base, slice=ast.Constant(value=str(key))) | ast.Attribute(value=base, attr=key):
                return _within(self._value(base), key)
            case ast.Call(func=ast.Attribute(value=base, attr=method)):
                found = self._value(base)
                if isinstance(found, _Value) and method == "model_dump":
                    return replace(found, parsed=True)
                return _within(found, "final_output") if method == "final_output_as" else found
        return None

    def _values_in(self, tree: ast.AST) -> Iterator[object]:
        for one in ast.walk(tree):
            if isinstance(one, ast.Name):
                yield self.known.get(one.id)


def _within(base: object, key: str) -> object:
    """Return a part of a value."""
    match base:
        case _Asked() if key == "input_as_text":
            return _Value()
        case _Ran(agent=agent) if key == "final_output":
            return _Value(agent)
        case _Parts(entries=entries):
            return entries.get(key)
        case _Value(agent=agent, key="") if agent:
            return _Value(agent, parsed=True, key=key)
    return None


# ── pieces of source ─────────────────────────────────────────────────────────────────────────────────────────────────


def _assigned_calls(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    for one in tree.body:
        match one:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as call):
                yield name, call


def _assigned_texts(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for one in tree.body:
        match one:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str(text))):
                yield name, text


def _named(one: ast.expr) -> str:
    """Return the last part of a dotted name; a generic in brackets counts as its class."""
    match one:
        case ast.Subscript(value=value):
            return _named(value)
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _run_of(one: ast.expr) -> ast.Call | None:
    match one:
        case ast.Await(value=value):
            return _run_of(value)
        case ast.Call(func=ast.Attribute(value=ast.Name(id="Runner"), attr="run" | "run_sync")):
            return one
    return None


def _runs_agents(tree: ast.AST) -> bool:
    return any(isinstance(one, ast.expr) and _run_of(one) is not None for one in ast.walk(tree))


def _texts_in(message: ast.expr) -> Iterator[ast.expr]:
    """Yield the texts of a message: what stands under ``text``, or under ``content`` itself."""
    for one in ast.walk(message):
        if isinstance(one, ast.Dict):
            for key, value in zip(one.keys, one.values, strict=True):
                if (
                    isinstance(key, ast.Constant)
                    and key.value in ("text", "content")
                    and not isinstance(value, ast.List)
                ):
                    yield value


def _template(name: str, texts: Sequence[Sequence[str | _Value]]) -> str:
    """Return a way to write placeholders that nothing in the texts looks like."""
    said = "".join(part for text in texts for part in text if isinstance(part, str))
    if "{{" not in said and not STATEMENT.search(said):
        return JINJA
    if not re.search(r"\{\w+\}", said):
        return BRACES
    raise SystemInvalid(f"agents.{name}: the text holds values, and braces that look like placeholders of both kinds")


def _written(text: Sequence[str | _Value], template: str) -> str:
    return "".join(
        part if isinstance(part, str) else as_written(part.agent or part.key or _INPUT, template) for part in text
    )

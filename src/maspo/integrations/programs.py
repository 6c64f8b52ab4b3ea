"""A team that is an object of this process: run as it is, its calls counted, recorded and replayed like everybody's.

A library that tunes prompts hands over a program: something that answers an input with some prompts. Here it becomes a
team (its agents, and who reads whom, found by running it) with a runner and a model client, so that the search, the
caps, the record and the hold-out test are those of every run.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from itertools import count
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, Self, TypeVar

from maspo.api import Lookout, Parts, Result, configured, optimize_async, resume_async
from maspo.apps.discovery import Seen, known_team
from maspo.apps.provenance import without_outputs
from maspo.apps.tracing import Known, trace_of
from maspo.cli.in_python import told_in_python
from maspo.config import RunConfig
from maspo.core.errors import CallFailed, ConfigInvalid, MaspoError, RunChanged
from maspo.core.prompts import Prompts, prompts_id
from maspo.core.trace import Trace
from maspo.data.inputs import Input, Inputs
from maspo.gateway.wire import Role, WireCall, WireText
from maspo.models.base import AGENT, Message, ModelClient, Reply, Request, RoleSettings
from maspo.models.budget import Ledger
from maspo.models.chat_completions import ChatClient
from maspo.models.endpoint import Endpoint
from maspo.models.layers.compose import compose
from maspo.models.layers.retried import RetryPolicy
from maspo.models.remembered import MemoryStore
from maspo.models.storing import share_of_storing
from maspo.runners.remembered import RememberedRuns
from maspo.study.connections import require_model
from maspo.study.job import Job
from maspo.study.optimize import DATABASE, recorded_job
from maspo.study.reach import of_system
from maspo.study.record import differences_between
from maspo.team.app import App
from maspo.team.system import System

T = TypeVar("T")
LOOKED_AT = 3
"""Inputs on which a program is run to see who reads whom: enough to tell what is passed on from what is said anyway."""


@dataclass(frozen=True)
class Asked(Request):
    """A call that a program makes: ``answer`` asks its own model, once, and nobody else knows how.

    Its reply is for the program: it is recorded and passed on as it came.
    """

    verbatim: ClassVar[bool] = True
    answer: Callable[[], Awaitable[Reply]] = field(kw_only=True, compare=False, repr=False)

    @property
    def storing(self) -> float:
        """What the program has its endpoint keep is said in its settings, or with its messages."""
        said = [self.identity, *(message.content for message in self.messages)]
        return max(share_of_storing(text.encode("utf-8", "surrogatepass")) for text in said)


@dataclass(frozen=True)
class ProgramClient:
    """Answers the calls of a program by its own model, and those of judge and proposer by ``others``."""

    others: ModelClient
    known: dict[str, Reply]
    """Replies that were paid for while the program was looked at, each handed over once."""

    async def complete(self, request: Request) -> Reply:
        """Answer one request."""
        if not isinstance(request, Asked):
            return await self.others.complete(request)
        ready = self.known.pop(request.key, None)
        return await request.answer() if ready is None else ready


@dataclass(frozen=True)
class ClientOf:
    """Makes, for each endpoint of the settings, a client that answers the calls of a program by its own model."""

    known: dict[str, Reply]

    @property
    def __name__(self) -> str:  # what a record calls it
        return "ClientOf"

    def __call__(self, endpoint: Endpoint) -> _Beside:
        """Return the client, to be opened."""
        return _Beside(ChatClient(endpoint), self.known)


@dataclass(frozen=True)
class _Beside(ProgramClient):
    """The client of a program beside that of an endpoint, which is opened with it."""

    others: ChatClient

    async def __aenter__(self) -> Self:
        await self.others.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.others.__aexit__(*error)


@dataclass
class Rollout:
    """One run of a program on an input, with the prompts that it shall have."""

    prompts: Prompts
    row: Input
    model: ModelClient
    seeds: Prompts
    cut: tuple[str, str] | None = None
    """A writer and a reader: what the one wrote, the other is not shown."""
    made: dict[int, WireCall] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=count)
    times: Counter[str] = field(default_factory=Counter)
    error: MaspoError | None = None
    """Why a call failed: a program may go on after that, and answer without it."""

    @property
    def calls(self) -> tuple[WireCall, ...]:
        """The calls in the order in which they were asked."""
        return tuple(self.made[number] for number in sorted(self.made))

    async def ask(self, call: ProgramCall) -> Reply:
        """Ask for an agent of the program, and keep what passed.

        Raises what a model client raises.
        """
        number = next(self.numbers)
        messages = tuple(replace(one, content=self._hide_cut(call.agent, one.content)) for one in call.messages)
        asked, reply = await self._reply(replace(call, messages=messages))
        texts = tuple(WireText(None, _ROLES[one.role], self._with_seed(call.agent, one.content)) for one in messages)
        self._keep(number, call.agent, texts, call.output(reply), asked.key, reply)
        return reply

    async def ask_whole(self, call: ProgramCall) -> Reply:
        """Ask for a whole run of a program that does not show its calls; what it tells of them is told by ``tell``."""
        return (await self._reply(call))[1]

    def tell(self, agent: str, shown: str, output: str) -> None:
        """Keep a call that passed out of sight, as far as the program tells of it."""
        number = next(self.numbers)
        text = WireText(None, "user", self._with_seed(agent, shown))
        key = hashlib.sha256(json.dumps([self.row.key, self.prompts[agent], number]).encode()).hexdigest()[:32]
        self._keep(number, agent, (text,), output, key, Reply(output, seconds=0.0))

    async def _reply(self, call: ProgramCall) -> tuple[Asked, Reply]:
        content = hashlib.sha256(json.dumps([[m.role, m.content] for m in call.messages]).encode()).hexdigest()
        # Equal questions of one run are draws of their own; those of two runs share theirs (common random numbers).
        nth, self.times[content] = self.times[content], self.times[content] + 1
        asked = Asked(
            call.model,
            call.messages,
            AGENT,
            call.agent or "",
            call.temperature,
            identity=f"{call.settings}\0{self.row.key}\0{nth}",
            answer=lambda: call.answer(call.messages),
        )
        try:
            return asked, await self.model.complete(asked)
        except MaspoError as error:
            if self.error is None or isinstance(self.error, CallFailed):  # others say that no call can be made
                self.error = error
            raise

    def _keep(
        self, number: int, agent: str | None, texts: tuple[WireText, ...], output: str, key: str, reply: Reply
    ) -> None:
        self.made[number] = WireCall(
            rollout=self.row.key,
            number=number,
            dialect="",
            model="",
            texts=texts,
            offered=(),
            output=output,
            tools=(),
            finish="",
            tokens_in=reply.tokens_in,
            tokens_out=reply.tokens_out,
            seconds=reply.seconds,
            key=key,
            cached=reply.cached,
            agent=agent,
        )

    async def answer_of(self, program: Program) -> str:
        """Let a program answer; an answer after a call that failed is none."""
        try:
            answer = await program.play(self)
        except MaspoError:
            if self.error is not None:
                raise self.error from None
            raise
        if self.error is not None:
            raise self.error
        return answer

    def _hide_cut(self, agent: str | None, text: str) -> str:
        if self.cut is None or agent != self.cut[1]:
            return text
        return without_outputs(text, [one for one in self.calls if one.agent == self.cut[0]])

    def _with_seed(self, agent: str | None, text: str) -> str:
        """Return a text with the agent's first prompt in it: what a call was shown besides does not hang on it."""
        return text if agent is None else text.replace(self.prompts[agent], self.seeds[agent])


_ROLES: Mapping[str, Role] = {"system": "system", "user": "user", "assistant": "assistant", "tool": "tool"}


@dataclass(frozen=True)
class ProgramCall:
    """A call that a program wants to make: whose it is (None: nobody's), what it shows, and how its model is asked."""

    agent: str | None
    model: str
    messages: tuple[Message, ...]
    answer: Callable[[Sequence[Message]], Awaitable[Reply]]
    output: Callable[[Reply], str] = lambda reply: reply.text
    """Reads what the agent wrote out of the reply that is recorded."""
    temperature: float = 0.0
    settings: str = ""
    """All else that the call sets, as text: calls that differ in it are different questions."""


class Program(Protocol):
    """A team as a library has it.

    ::

        class Twice:
            prompts = {"writer": "Write.", "editor": "Edit."}

            async def play(self, rollout: Rollout) -> str:
                draft = await self.asked(rollout, "writer", rollout.row.columns["input"])
                return await self.asked(rollout, "editor", draft)

            async def asked(self, rollout: Rollout, agent: str, text: str) -> str:
                said = (Message("system", rollout.prompts[agent]), Message("user", text))
                return (await rollout.ask(ProgramCall(agent, "my-model", said, self.answer))).text

            async def answer(self, said: Sequence[Message]) -> Reply: ...  # asks the program's own model, once
    """

    @property
    def prompts(self) -> Prompts:
        """The prompt of each agent as the program came."""
        ...

    async def play(self, rollout: Rollout) -> str:
        """Answer the rollout's input with its prompts; every model call goes through ``rollout.ask``.

        Raises:
            CallFailed: this run brings no answer.

        """
        ...


class ProgramRunner:
    """Runs a program on inputs with any prompt set; what a change does not reach is answered from the record."""

    def __init__(self, program: Program, system: System, rows: Mapping[str, Input], model: ModelClient) -> None:
        self.program = program
        self.system = system
        self.rows = rows
        self.model = model
        self._remembered = RememberedRuns(sum(agent.calls for agent in system.agents))

    async def run(self, prompts: Prompts, input_key: str, base: Prompts | None = None) -> Trace:
        """Run the program on one input (Eq. 2); ``base`` is not needed.

        Raises:
            CallFailed: the program brought no answer; says why.
            ProviderError, BudgetReached, Interrupted: no further call can be made.

        """
        del base
        return await self._remembered.get(prompts, input_key, lambda: self._traced(prompts, input_key))

    async def run_without(self, prompts: Prompts, input_key: str, source: str, reader: str) -> Trace:
        """Run the program on one input while the reader is not shown what the source wrote."""
        return await self._traced(prompts, input_key, (source, reader))

    async def close(self) -> None:
        """End what is still running."""
        await self._remembered.close()

    async def _traced(self, prompts: Prompts, input_key: str, cut: tuple[str, str] | None = None) -> Trace:
        row = self.rows[input_key]
        rollout = Rollout(prompts, row, self.model, self.program.prompts, cut)
        answer = await rollout.answer_of(self.program)
        known = Known(tuple(row.columns.values()), self.program.prompts)
        return trace_of(input_key, rollout.calls, answer, self.system.order, known)


@dataclass(frozen=True)
class RunnerOf:
    """Makes the runner of a program, as the port asks for it."""

    program: Program

    @cached_property
    def __name__(self) -> str:  # what a record calls it
        return type(self.program).__name__

    def __call__(
        self, system: System, rows: Mapping[str, Input], model: ModelClient, settings: RoleSettings
    ) -> ProgramRunner:
        """Return the runner; the program chooses its models itself."""
        del settings
        return ProgramRunner(self.program, system, rows, model)

    @staticmethod
    def most_calls(system: System) -> Mapping[str, int]:
        """Return how often agents were seen to be called in one run."""
        return {agent.name: agent.calls for agent in system.agents}


@dataclass(frozen=True)
class Wanted:
    """What is to be done with a program; the fields are as ``maspo.optimize`` has them."""

    name: str
    out: Path | None = None
    config: RunConfig | None = None
    progress: Lookout | None = "auto"
    settings: Mapping[str, Any] = field(default_factory=dict)
    others: ModelClient | None = None
    """Who answers judge and proposer; None: the endpoints of the settings."""


@told_in_python()
async def optimize_program(program: Program, inputs: Inputs, wanted: Wanted) -> Result:
    """Rewrite the prompts of a program jointly; a folder that holds a run already is gone on with.

    It is run on ``LOOKED_AT`` inputs first, to see who reads whom. What these runs asked is not paid for again when the
    search asks it; what it does not ask comes on top of its record and its caps.

    Raises what ``maspo.optimize`` raises.
    """
    known: dict[str, Reply] = {}
    client = ClientOf(known) if wanted.others is None else ProgramClient(wanted.others, known)
    parts = Parts(runner=RunnerOf(program), client=client)
    if wanted.out is not None and (wanted.out / DATABASE).exists():
        caps = _checked(recorded_job(wanted.out), program, inputs, wanted).caps
        return await resume_async(wanted.out, parts, caps, progress=wanted.progress)
    chosen = configured(wanted.config or RunConfig(), wanted.settings)
    system, replies = await _look(program, inputs, wanted.name)
    if wanted.others is None:
        require_model(chosen.models, system)
    known.update(replies)
    # Whoever calls this holds the program and runs it: there is nothing of somebody else to agree to.
    agreed = of_system(system).fingerprint
    return await optimize_async(system, inputs, wanted.out, chosen, parts, wanted.progress, trust=agreed)


def _checked(recorded: Job, program: Program, inputs: Inputs, wanted: Wanted) -> RunConfig:
    """Return what is asked for now, as far as it is said; it is what the run of the folder was started with.

    Raises:
        RunChanged: the program's prompts, the inputs or a setting are others; caps may be.

    """
    asked = configured(wanted.config or recorded.config, wanted.settings)
    kept = {name: getattr(recorded.config.models, name) for name in ("client", "form")}
    models = asked.models.model_copy(update=kept)
    config = asked.model_copy(update={"models": models, "runner": recorded.config.runner})
    differences = [*differences_between(recorded, replace(recorded, inputs=inputs, config=config))]
    before, now = recorded.system.prompts, program.prompts
    differences += [
        f"prompt of {name}: was {before.get(name, 'not there')!r}, is {now.get(name, 'not there')!r}"
        for name in dict.fromkeys([*before, *now])
        if before.get(name) != now.get(name)
    ]
    if differences:
        message = f"{wanted.out}: holds a run of something else; give another folder as out. What differs:"
        raise RunChanged(message, tuple(differences))
    return asked


async def _look(program: Program, inputs: Inputs, name: str) -> tuple[System, Mapping[str, Reply]]:
    """Return the team behind a program, from a few of its runs, and their replies for the run to come."""
    kept = MemoryStore()
    model = compose(ProgramClient(_Nobody(), {}), kept, Ledger(), RetryPolicy(), LOOKED_AT)
    seen: list[Seen] = []
    failed: list[CallFailed] = []
    for row in inputs.rows[:LOOKED_AT]:
        rollout = Rollout(program.prompts, row, model, program.prompts)
        try:
            answer = await rollout.answer_of(program)
        except CallFailed as error:
            failed.append(error)
        else:
            seen.append(Seen(row.key, row.columns, rollout.calls, answer))
    if not seen:
        raise ConfigInvalid(f"{name}: brought no answer on any of {len(failed)} inputs; {failed[0]}") from failed[0]
    if not any(call.agent for one in seen for call in one.calls):
        raise ConfigInvalid(f"{name}: none of its agents was called on {len(seen)} inputs; there is nothing to rewrite")
    return known_team(App(f"in this process: {name}"), program.prompts, seen, name).system, kept.replies


class _Nobody:
    """Answers nothing: while a program is looked at, only its own model is asked."""

    async def complete(self, request: Request) -> Reply:
        raise TypeError(f"{request.purpose}: asked while a program is looked at")


class Batched(Generic[T]):
    """Runs of a program that plays one set of prompts at a time, over several inputs: those that wait go together."""

    def __init__(self, play: Callable[[Prompts, Sequence[T]], Sequence[str]]) -> None:
        self._play = play
        self._waiting: OrderedDict[str, tuple[Prompts, list[tuple[T, asyncio.Future[str]]]]] = OrderedDict()
        self._working: asyncio.Task[None] | None = None

    async def play(self, rollout: Rollout, name: str, shown: Mapping[str, str], item: T) -> str:
        """Run the program on an input, and tell the rollout who was called; return the answer.

        The program tells a JSON object: ``answer``, ``calls`` (agent, what it read, what it wrote), and ``failed``,
        which says why there is no answer. The whole run is recorded as one call of ``name``, asked by ``shown``, its
        prompts as they are given to it.

        Raises:
            CallFailed: the program brought no answer.

        """

        async def answer(_: Sequence[Message]) -> Reply:
            return Reply(await self._ask(rollout.prompts, item))

        asked = Message("user", json.dumps([shown, dict(rollout.row.columns)]))
        reply = await rollout.ask_whole(ProgramCall(None, name, (asked,), answer))
        told = json.loads(reply.text)
        if told.get("failed"):
            raise CallFailed(told["failed"])
        for agent, read, output in told["calls"]:
            rollout.tell(agent, read, output)
        return str(told["answer"])

    async def _ask(self, prompts: Prompts, item: T) -> str:
        future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(prompts_id(prompts), (prompts, []))[1].append((item, future))
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._work())
        return await future

    async def _work(self) -> None:
        while self._waiting:
            await asyncio.sleep(0)  # whoever asks in the same turn of the loop comes along
            _, (prompts, asked) = self._waiting.popitem(last=False)
            play = partial(self._play, prompts, [item for item, _ in asked])
            told = await asyncio.to_thread(answer_or_failure, play)
            for place, (_, future) in enumerate(asked):
                if future.done():
                    continue
                if isinstance(told, CallFailed):
                    future.set_exception(told)
                else:
                    future.set_result(told[place])


def answer_or_failure(work: Callable[[], T]) -> T | CallFailed:
    """Return what a program of somebody else brings; whatever it raises is the failure of this run alone.

    Nothing is raised in the thread: a ``StopIteration`` or ``SystemExit`` would not reach whoever waits for it.
    """
    try:
        return work()
    except MaspoError:
        raise
    except BaseException as error:
        failed = CallFailed(f"the program brought no answer: {type(error).__name__}: {error}")
        failed.__cause__ = error
        return failed

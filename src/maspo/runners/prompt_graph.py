"""The prompt graph: runs a system file's team on inputs, and again only what a change can reach."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from weakref import WeakValueDictionary

from maspo.core.concurrency import together
from maspo.core.control_tokens import defused
from maspo.core.errors import CallFailed
from maspo.core.prompts import Prompts, prompts_id
from maspo.core.spoilt import NOTHING, parted
from maspo.core.trace import Call, ToolUse, Trace
from maspo.data.inputs import Input
from maspo.models.asking import decoded
from maspo.models.base import (
    AGENT,
    TOOL,
    KeepsResults,
    Message,
    ModelClient,
    Reply,
    Request,
    RoleSettings,
    ToolAsked,
)
from maspo.runners.conditions import Conditions
from maspo.runners.faults import Fault, Kind, Plan, check_faults, plan_of
from maspo.runners.flow import Answer, Question, Rollout, Turn
from maspo.runners.messages import NO_OUTPUT, MessageBuilder
from maspo.runners.remembered import RememberedRuns
from maspo.runners.tools.toolbox import Toolbox
from maspo.runners.under_way import RunUnderWay
from maspo.team import System

_NO_MORE = "Not called: no further tool may be called; answer with what you have."
_NO_ANSWER = (
    "nobody was called whose output is the answer; look at the conditions (`when`) in the system file, and at what the "
    "agent wrote that they hang on"
)


@dataclass(frozen=True, slots=True)
class _Play:
    """What is run: prompts on an input; ``cut`` is an edge (source, reader) that carries nothing."""

    prompts: Prompts
    input_key: str
    cut: tuple[str, str] = ("", "")


class PromptGraph:
    """Runs one system on its inputs with any prompt set.

    Traces are remembered, and equal runs that overlap are shared, so asking twice costs nothing.

    On a share ``stress`` of the inputs one of ``faults`` is met (``maspo.runners.faults``), whatever the prompts; a
    ``plan`` says in detail on which.
    """

    shares_under_way: Final = True

    def __init__(
        self,
        system: System,
        rows: Mapping[str, Input],
        model: ModelClient,
        settings: RoleSettings,
        *,
        stress: float = 0.0,
        faults: Sequence[str] = (),
        plan: Plan | None = None,
    ) -> None:
        columns = frozenset.intersection(*(frozenset(row.columns) for row in rows.values()))
        self.system = system
        self.builder = MessageBuilder(system, columns)
        self._rows = rows
        self._model = model
        self._settings = settings
        self._conditions = Conditions()
        self._toolbox = Toolbox(system)
        self._plan = plan or plan_of(system, stress, faults)
        often = self.most_calls(system)
        self._remembered = RememberedRuns(sum(often.get(agent.name, 1) for agent in system.agents))
        self._under_way: WeakValueDictionary[tuple[str, str], RunUnderWay] = WeakValueDictionary()

    @staticmethod
    def check_options(system: System, *, stress: object = 0.0, faults: object = ()) -> None:
        """Check the options of the settings.

        Raises:
            ConfigInvalid: a share that is none, or a fault that cannot be met in this team.

        """
        check_faults(system, stress, faults)

    @staticmethod
    def most_calls(system: System, **options: object) -> Mapping[str, int]:
        """Return how often agents are called in one run, at most, of those that may be called more than once."""
        del options  # faults call nobody more often
        rounds = {
            name: part.rounds
            for level in system.flow.levels
            for part in level
            for layer in part.layers
            for name in layer
        }
        found = {
            agent.name: rounds[agent.name] * (agent.each.most if agent.each else 1) * (1 + agent.tool_calls)
            for agent in system.agents
        }
        return {name: calls for name, calls in found.items() if calls > 1}

    async def run(self, prompts: Prompts, input_key: str, base: Prompts | None = None) -> Trace:
        """Run the system on one input (Eq. 2).

        ``base`` are prompts whose trace is known or wanted as well: a call is taken over from it when the agent's
        prompt and everything it read are the same, so only what lies downstream of a change is run again. A base that
        is not known is run beside it.

        Raises:
            CallFailed, ProviderError, BudgetReached: as the model does.

        """
        return await self._remembered.get(prompts, input_key, lambda: self._begun(prompts, input_key, base))

    async def run_without(self, prompts: Prompts, input_key: str, source: str, reader: str) -> Trace:
        """Run the system on one input, but show the reader a short note in place of what the source wrote.

        Only the reader and what lies downstream of it run again. Raises what ``run`` raises.
        """
        known = await self.run(prompts, input_key)
        return await self._play(_Play(prompts, input_key, (source, reader)), known, frozenset(), RunUnderWay())

    async def close(self) -> None:
        """Cancel what is still running."""
        await self._remembered.close()
        self._conditions.close()
        await self._toolbox.close()

    def _begun(self, prompts: Prompts, input_key: str, base: Prompts | None) -> Coroutine[Any, Any, Trace]:
        """Begin a run: from now on others can share its calls, as long as it is under way."""
        made = self._under_way[prompts_id(prompts), input_key] = RunUnderWay()
        return self._run(_Play(prompts, input_key), base, made)

    async def _run(self, play: _Play, base: Prompts | None, made: RunUnderWay) -> Trace:
        failure: BaseException | None = None
        try:
            if base is None or base == play.prompts:
                return await self._play(play, None, frozenset(), made)
            changed = frozenset(
                agent.name for agent in self.system.agents if play.prompts[agent.prompt_of] != base[agent.prompt_of]
            )
            key = play.input_key
            running = self._remembered.begin(base, key, lambda: self._begun(base, key, None))
            known = running.result() if running.done() else self._under_way[prompts_id(base), key]
            return await self._play(play, known, changed, made)
        except BaseException as error:
            failure = error
            raise
        finally:
            made.end(failure)

    async def _play(
        self, play: _Play, known: Trace | RunUnderWay | None, changed: frozenset[str], made: RunUnderWay
    ) -> Trace:
        """Run until nobody is left to be called; what is not changed and reads what it read before is taken over.

        ``made`` is told what is asked.

        Raises:
            CallFailed: nobody was called whose output is the answer; or as the model does, also of a base under way.

        """
        under_way = known if isinstance(known, RunUnderWay) else None
        known = known if isinstance(known, Trace) else None
        run = Rollout(self.system, play.cut).run()
        faults = self._faults_on(play.input_key)
        calls: list[Call] = []
        answers: list[Answer] | None = None
        while True:
            try:
                wanted = next(run) if answers is None else run.send(answers)
            except StopIteration as stop:
                if stop.value is None:
                    raise CallFailed(_NO_ANSWER) from None
                return Trace(play.input_key, tuple(calls), _answer(calls, str(stop.value), faults))
            if under_way is not None:
                under_way.check()
            found = [
                _taken_over(one, known) if isinstance(one, Turn) and one.agent not in changed else None
                for one in wanted
            ]
            asked = iter(
                await together(
                    made.make(one, self._found(play, one, faults, None if one.agent in changed else under_way))
                    if isinstance(one, Turn)
                    else self._holds(one)
                    for one, call in zip(wanted, found, strict=True)
                    if call is None
                )
            )
            answers = []
            for call in found:
                answer = next(asked) if call is None else call
                if isinstance(answer, Call):
                    calls.append(answer)
                answers.append(answer.output if isinstance(answer, Call) else answer)

    def _faults_on(self, input_key: str) -> Mapping[str, Fault]:
        """Return the fault of each agent on an input: what its key names, else what the plan says."""
        _, named = parted(input_key, self._rows)
        if not named:
            return self._plan.on(input_key)
        fault = None if named == NOTHING else Fault.read(named)
        return {} if fault is None else {fault.agent: fault}

    async def _holds(self, question: Question) -> Call | bool:
        return await self._conditions.holds(question.condition, question.text)

    async def _found(self, play: _Play, turn: Turn, faults: Mapping[str, Fault], under_way: RunUnderWay | None) -> Call:
        """Return the call of a turn: that of a run under way that shows the same, or one of its own."""
        shared = None if under_way is None else await under_way.call_of(turn)
        return await self._called(play, turn, faults) if shared is None else shared

    async def _called(self, play: _Play, turn: Turn, faults: Mapping[str, Fault]) -> Call:
        """Return a call as it arrives: as it is made, or changed by a fault; who is missing is not called."""
        fault = faults.get(turn.agent)
        if fault is None:
            return await self._call(play, turn)
        if fault.kind is Kind.MISSING:
            return Call(turn.agent, NO_OUTPUT, turn.read_places, turn.nth, item=turn.item)
        call = await self._call(play, turn, fault)
        return replace(call, output=fault.on_output(call.output))

    async def _call(self, play: _Play, turn: Turn, fault: Fault | None = None) -> Call:
        """Ask an agent; where it asks for tools, it is told their results and asked again, until it answers.

        Raises:
            CallFailed: it asks for a tool although it may not any more; or as the model does.

        """
        agent, prompt = self.system.by_name[turn.agent], play.prompts[self.system.by_name[turn.agent].prompt_of]
        input_key, _ = parted(play.input_key, self._rows)
        row = self._rows[input_key]
        if fault is not None:
            row = replace(row, columns={name: fault.on_input(text) for name, text in row.columns.items()})
        messages = self.builder.messages(turn.agent, prompt, row, turn.shown, turn.item)
        offered = await self._toolbox.offered(turn.agent) if agent.tools else ()
        spent, used = Spent(), list[ToolUse]()
        while True:
            over = len(used) >= agent.tool_calls
            request = self._settings.request(messages, AGENT, turn.agent, model=agent.model)
            if offered:
                request = replace(request, tools=offered, tools_over=over)
            reply = await self._model.complete(request)
            reply, spent = decoded(reply) if offered else reply, spent.after(reply)
            if over or not reply.asks:
                break
            asks = tuple(replace(one, id=f"call{len(used) + place:05}") for place, one in enumerate(reply.asks))
            told = [Message("assistant", reply.text, asks)]
            for ask in asks:
                result = _NO_MORE
                if len(used) < agent.tool_calls:
                    result = await self._result(input_key, agent.name, ask, used)
                    result = result if fault is None else fault.on_result(result)
                    used.append(ToolUse(ask.name, ask.arguments, result))
                told.append(Message("tool", defused(result), answers=ask.id))
            messages = (*messages, *told)
        if not reply.text.strip():
            raise CallFailed(f"{turn.agent} asks for a tool after its {agent.tool_calls} calls, and does not answer")
        return Call(
            agent=turn.agent,
            output=reply.text,
            reads=turn.read_places,
            nth=turn.nth,
            tokens_in=spent.tokens_in,
            tokens_out=spent.tokens_out,
            seconds=spent.seconds,
            key=request.key,
            tools=tuple(used),
            item=turn.item,
            replies=None if spent.replies == 1 + len(used) else spent.replies,
        )

    async def _result(self, input_key: str, agent: str, ask: ToolAsked, used: Sequence[ToolUse]) -> str:
        """Return what a tool tells: from the record, if there is one and it holds this call on this input."""

        async def make() -> str:
            return await self._toolbox.call(agent, ask)

        if not isinstance(self._model, KeepsResults):
            return await make()
        again = sum((use.name, use.arguments) == (ask.name, ask.arguments) for use in used)
        place = f"{input_key}/{ask.name}/{again}"
        asked = Request(ask.name, (Message("user", ask.arguments),), TOOL, agent, identity=place)
        return await self._model.keep_result(asked, make)


def _answer(calls: Sequence[Call], answer: str, faults: Mapping[str, Fault]) -> str:
    """Return the answer of a run; where whoever gives it is missing, what was written last stands in its place."""
    silent = {name for name, fault in faults.items() if fault.kind is Kind.MISSING}
    if answer != NO_OUTPUT or not silent:
        return answer
    return next((call.output for call in reversed(calls) if call.agent not in silent), NO_OUTPUT)


@dataclass(frozen=True, slots=True)
class Spent:
    """What the calls of one turn took together; tokens are None when one of them tells none."""

    tokens_in: int | None = 0
    tokens_out: int | None = 0
    seconds: float = 0.0
    replies: int = 0

    def after(self, reply: Reply) -> Spent:
        """Return what was spent with one more reply."""
        return Spent(
            None if self.tokens_in is None or reply.tokens_in is None else self.tokens_in + reply.tokens_in,
            None if self.tokens_out is None or reply.tokens_out is None else self.tokens_out + reply.tokens_out,
            self.seconds + reply.seconds,
            self.replies + 1,
        )


def _taken_over(turn: Turn, known: Trace | None) -> Call | None:
    """Return the call of a known trace that was shown exactly what a turn shows; None when there is none."""
    if known is None or turn.withheld:
        return None
    before = known.by_agent.get(turn.agent, ())
    if turn.nth >= len(before) or before[turn.nth].item != turn.item:
        return None
    call = before[turn.nth]
    read = [one for calls in turn.reads.values() for one in calls]
    if len(read) != len(call.reads):
        return None
    for one, place in zip(read, call.reads, strict=True):
        other = known.calls[place]
        if one.agent != other.agent or one.output != other.output:
            return None
    places = turn.read_places
    return call if places == call.reads else replace(call, reads=places)

"""maspo as a DSPy optimizer: the instructions of a program's predictors, rewritten jointly and without a metric.

::

    from maspo.integrations.dspy import MASPO

    better = MASPO(out="runs/qa", max_calls=2000).compile(program, trainset=examples)

A predictor is an agent, its instructions are its prompt; who reads whom is seen by running the program. Every call goes
to the program's own LM, one attempt at a time and past DSPy's cache: maspo records, retries and counts it. Labels of
the examples are not looked at. What comes back is a copy with the shipped instructions; ``save`` and ``load`` work.
"""

from __future__ import annotations

import asyncio
import contextvars
import json
import re
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

try:
    import dspy
except ImportError as error:
    raise ImportError("maspo.integrations.dspy needs DSPy: pip install dspy", name="dspy") from error

from maspo.api import Lookout, Result
from maspo.config import RunConfig
from maspo.core.errors import CallFailed, ConfigInvalid, InputsInvalid, ProviderError
from maspo.core.prompts import Prompts
from maspo.core.running import run
from maspo.data.inputs import ID_COLUMN, LABEL_COLUMN, Inputs, as_text, make_inputs
from maspo.integrations.programs import ProgramCall, Rollout, Wanted, answer_or_failure, optimize_program
from maspo.models.base import ASKED, PROPOSER, DoesNotFit, Message, Reply, Request, Stage, Transient
from maspo.models.tokens import read_tokens
from maspo.team.system import RESERVED_NAMES

T = TypeVar("T")
_SIDE_BY_SIDE = 16
"""Runs of a program at once, each in a thread of its own; the endpoint's own pace limits its calls further."""
_NO_ANSWER = frozenset({"reasoning", "trajectory"})
"""Fields that DSPy's own modules add: how an answer came about."""
_OF_MESSAGES: Mapping[str, Any] = {"system": "system", "developer": "system", "assistant": "assistant", "tool": "tool"}
_EVERY_CALL = frozenset({401, 402, 403, 404, 405})
_PASSING = frozenset({408, 409, 425, 429})
_TOO_MANY = 429


class MASPO(dspy.teleprompt.Teleprompter):  # type: ignore[misc] # DSPy has no types
    """Rewrites the instructions of all predictors jointly; a judge compares outputs, and a hold-out decides.

    ``out`` is the run folder; one that holds a run already is gone on with, and no recorded call is paid again.
    ``judge_lm`` and ``proposer_lm`` are LMs of their own for these roles, by default the one that DSPy is configured
    with. ``config``, ``progress`` and settings by name (``max_calls``, ``profile``, ``seed``, …) are those of
    ``maspo.optimize``. ``result`` is how the last run ended.
    """

    def __init__(
        self,
        out: str | Path | None = None,
        judge_lm: Any = None,
        proposer_lm: Any = None,
        config: RunConfig | None = None,
        progress: Lookout | None = "auto",
        **settings: Any,
    ) -> None:
        super().__init__()
        self.out = None if out is None else Path(out)
        self.judge_lm = judge_lm
        self.proposer_lm = proposer_lm
        self.config = config
        self.progress = progress
        self.settings = settings
        self.result: Result | None = None

    def compile(
        self, student: Any, *, trainset: Sequence[Any], teacher: Any = None, valset: Sequence[Any] | None = None
    ) -> Any:
        """Return a copy of the program with the prompts to use: the winners, or its own where these did no better.

        ``trainset`` and ``valset`` are inputs alike: maspo draws its hold-out itself.

        Raises:
            UsageError: something given cannot be used; nothing was paid.
            ProviderError: the LM cannot be reached or refuses.

        """
        if teacher is not None:
            raise ConfigInvalid("teacher: maspo takes none; leave it out, or start from it: compile(teacher, …)")
        judge = self.judge_lm or dspy.settings.lm
        if judge is None:
            raise ConfigInvalid("no LM: call dspy.configure(lm=dspy.LM(…)) first, or give judge_lm and proposer_lm")
        rows, examples = _rows_of([*trainset, *(valset or ())])
        settings = {"agent_model": judge.model, "judge_model": judge.model, **self.settings}
        settings.setdefault("proposer_model", (self.proposer_lm or judge).model)

        async def optimized() -> Result:
            async with _Threads.opened() as threads:
                program = DspyProgram(student, examples, threads)
                others = _OtherRoles(judge, self.proposer_lm or judge, threads)
                wanted = Wanted(type(student).__name__, self.out, self.config, self.progress, settings, others)
                return await optimize_program(program, rows, wanted)

        self.result = run(optimized())
        better = _with_instructions(student, self.result.prompts)
        better._compiled = True
        return better


def predictors_of(program: Any) -> dict[str, Any]:
    """Return the predictors of a program by the name of their agent."""
    found: dict[str, Any] = {}
    for name, predictor in program.named_predictors():
        plain = re.sub(r"[^\w.-]+", "_", name).strip("_.-") or "predict"
        plain = f"predict_{plain}" if not plain[0].isalpha() or plain in RESERVED_NAMES else plain
        while plain in found:
            plain += "_"
        found[plain] = predictor
    if not found:
        raise ConfigInvalid(f"{type(program).__name__}: has no predictors; maspo rewrites their instructions")
    return found


def _with_instructions(program: Any, prompts: Prompts) -> Any:
    """Return a copy of a program with other instructions; the program itself stays as it is."""
    copy = program.deepcopy()
    for name, predictor in predictors_of(copy).items():
        if name in prompts and prompts[name] != predictor.signature.instructions:
            predictor.signature = predictor.signature.with_instructions(prompts[name])
    return copy


def _rows_of(examples: Iterable[Any]) -> tuple[Inputs, dict[tuple[str, ...], Any]]:
    """Return the inputs of examples, and the examples by the texts of their inputs."""
    rows: list[dict[str, object]] = []
    found: dict[tuple[str, ...], Any] = {}
    for number, example in enumerate(examples, start=1):
        try:
            given = example.inputs()
        except (AttributeError, ValueError) as error:
            raise InputsInvalid(
                f"example {number}: does not say which of its fields are inputs; write "
                'dspy.Example(…).with_inputs("question")'
            ) from error
        # These two names mean something to maspo; to a program they are fields like others.
        row = {f"{name}_" if name in (ID_COLUMN, LABEL_COLUMN) else name: value for name, value in given.items()}
        rows.append(row)
        found.setdefault(_texts(as_text(value) for value in row.values()), given)
    return make_inputs(rows, "trainset"), found


def _texts(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(values)


@dataclass(eq=False)
class _Threads:
    """Threads in which a program runs, and others in which its LMs are asked: both of them block."""

    loop: asyncio.AbstractEventLoop
    programs: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(_SIDE_BY_SIDE, "maspo-program"))
    models: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(4 * _SIDE_BY_SIDE, "maspo-lm"))
    waiting: set[Future[Any]] = field(default_factory=set)
    over: bool = False

    @classmethod
    @asynccontextmanager
    async def opened(cls) -> AsyncIterator[_Threads]:
        """Open the threads; at the end, programs that still wait for a reply are told that none will come."""
        threads = cls(asyncio.get_running_loop())
        try:
            yield threads
        finally:
            threads.over = True
            for future in list(threads.waiting):
                future.cancel()
            threads.programs.shutdown(wait=False, cancel_futures=True)
            threads.models.shutdown(wait=False, cancel_futures=True)

    async def call(self, pool: ThreadPoolExecutor, function: Callable[[], T]) -> T:
        """Call a function in a thread, with the settings that DSPy has here."""
        return await self.loop.run_in_executor(pool, contextvars.copy_context().run, function)

    def wait_for(self, reply: Any) -> Reply:
        """Wait, in a program's thread, for a reply that the loop brings."""
        if self.over:
            reply.close()
            raise ConfigInvalid("the run is over: this program asks its LM after its end")
        future: Future[Reply] = asyncio.run_coroutine_threadsafe(reply, self.loop)
        self.waiting.add(future)
        try:
            return future.result()
        finally:
            self.waiting.discard(future)


@dataclass(eq=False)
class DspyProgram:
    """A DSPy program as a team: each run is a copy of it, whose predictors ask through the rollout."""

    program: Any
    examples: Mapping[tuple[str, ...], Any]
    threads: _Threads

    def __post_init__(self) -> None:
        self.prompts: Prompts = {name: one.signature.instructions for name, one in predictors_of(self.program).items()}

    async def play(self, rollout: Rollout) -> str:
        """Run a copy of the program on the rollout's input."""
        copy = _with_instructions(self.program, rollout.prompts)
        for name, predictor in predictors_of(copy).items():
            predictor.lm = _AgentLM(predictor.lm or dspy.settings.lm, name, rollout, self.threads)
        given = self.examples[tuple(rollout.row.columns.values())]

        def run_copy() -> Any:
            # Calls beside those of predictors are nobody's; they are counted all the same.
            with dspy.context(lm=_AgentLM(dspy.settings.lm, None, rollout, self.threads)):
                return copy(**given)

        found = await self.threads.call(self.threads.programs, lambda: answer_or_failure(run_copy))
        if isinstance(found, CallFailed):
            raise found
        return answer_of(found)


def answer_of(prediction: Any) -> str:
    """Return what a program answers: its one field as text, several as JSON; how it came about is left out."""
    if not hasattr(prediction, "items"):
        return as_text(prediction)
    fields = {name: value for name, value in prediction.items() if name not in _NO_ANSWER}
    if len(fields) == 1:
        return as_text(_plain(next(iter(fields.values()))))
    return json.dumps(fields, default=_plain, ensure_ascii=False)


class _AgentLM(dspy.BaseLM):  # type: ignore[misc] # DSPy has no types
    """The LM of an agent in one run: what it is asked goes through the rollout, and on to the program's own LM."""

    def __init__(self, lm: Any, agent: str | None, rollout: Rollout, threads: _Threads) -> None:
        super().__init__(lm.model, getattr(lm, "model_type", "chat"))
        self.lm, self.agent, self.rollout, self.threads = lm, agent, rollout, threads
        self.kwargs = dict(lm.kwargs)

    @property
    def supports_function_calling(self) -> bool:
        """As of the LM itself, like the next three."""
        return bool(getattr(self.lm, "supports_function_calling", False))

    @property
    def supports_reasoning(self) -> bool:
        """See above."""
        return bool(getattr(self.lm, "supports_reasoning", False))

    @property
    def supports_response_schema(self) -> bool:
        """See above."""
        return bool(getattr(self.lm, "supports_response_schema", False))

    @property
    def supported_params(self) -> set[str]:
        """See above."""
        return set(getattr(self.lm, "supported_params", ()))

    def __call__(self, prompt: str | None = None, messages: Any = None, **kwargs: Any) -> list[Any]:
        """Ask, and wait in this thread."""
        return _outputs(self.threads.wait_for(self.rollout.ask(self._read_call(prompt, messages, kwargs))))

    async def acall(self, prompt: str | None = None, messages: Any = None, **kwargs: Any) -> list[Any]:
        """Ask, from a loop of the program's own."""
        asked = self._read_call(prompt, messages, kwargs)
        return await asyncio.to_thread(lambda: _outputs(self.threads.wait_for(self.rollout.ask(asked))))

    def _read_call(self, prompt: str | None, messages: Any, kwargs: dict[str, Any]) -> ProgramCall:
        given = [dict(one) for one in messages or [{"role": "user", "content": prompt or ""}]]
        options = {name: value for name, value in kwargs.items() if name != "cache"}
        shown = {name: value for name, value in {**self.kwargs, **options}.items() if not name.startswith("api_")}

        async def answer(said: Sequence[Message]) -> Reply:
            sent = [
                {**one, "content": new.content} if isinstance(one.get("content"), str) else one
                for one, new in zip(given, said, strict=True)
            ]
            return await self.threads.call(self.threads.models, lambda: _ask(self.lm, sent, options, json.dumps))

        return ProgramCall(
            agent=self.agent,
            model=str(self.lm.model),
            messages=tuple(Message(_OF_MESSAGES.get(one["role"], "user"), _content(one)) for one in given),
            answer=answer,
            output=_output,
            temperature=float(shown.get("temperature") or 0.0),
            settings=json.dumps(shown, default=_name, sort_keys=True),
        )


@dataclass(frozen=True)
class _OtherRoles:
    """Judge and proposer, asked by DSPy's LMs."""

    judge: Any
    proposer: Any
    threads: _Threads

    async def complete(self, request: Request) -> Reply:
        """Answer one request."""
        lm = self.proposer if request.purpose in (PROPOSER, ASKED) else self.judge
        messages = [{"role": one.role, "content": one.content} for one in request.messages]
        options = {"temperature": request.temperature, "max_tokens": request.max_tokens}
        return await self.threads.call(
            self.threads.models, lambda: _ask(lm, messages, options, lambda outputs: _text(outputs[0]))
        )


def _ask(lm: Any, messages: Sequence[Any], options: Mapping[str, Any], kept: Callable[[list[Any]], str]) -> Reply:
    """Ask an LM once, past every cache, and return what is recorded.

    Raises:
        Transient: this attempt failed, and another may not.
        CallFailed: it refuses this call.
        ProviderError: it refuses every call.

    """
    once = lm.copy(num_retries=0)
    started = time.perf_counter()
    try:
        with dspy.context(disable_history=False, max_history_size=1, usage_tracker=None):
            outputs = once(messages=list(messages), cache=False, **options)
    except Exception as error:  # of whatever library the LM asks by
        raise _failure(error, time.perf_counter() - started) from error
    entry = once.history[-1] if once.history else {}
    tokens = read_tokens(json.loads(json.dumps(entry.get("usage") or {}, default=_plain)))
    choices = getattr(entry.get("response"), "choices", None) or [None]
    return Reply(
        text=kept(json.loads(json.dumps(outputs, default=_plain))),
        tokens_in=tokens.read,
        tokens_out=tokens.written,
        usd=entry.get("cost"),
        seconds=time.perf_counter() - started,
        truncated=any(getattr(one, "finish_reason", "") == "length" for one in choices),
        tokens_cached=tokens.cached,
        tokens_stored=tokens.stored,
        storing=tokens.storing,
        tokens_thought=tokens.thought,
    )


def _failure(error: Exception, seconds: float) -> ProviderError:
    """Return what an error of an LM means: of DSPy's own, of LiteLLM, or of an SDK."""
    if isinstance(error, ProviderError):
        return error
    status = getattr(error, "status", None) or getattr(error, "status_code", None)
    why = f"{type(error).__name__}: {error}"
    if "contextwindow" in type(error).__name__.lower():
        return DoesNotFit(why)
    if not isinstance(status, int):
        is_lost = isinstance(error, OSError | TimeoutError) or "Transport" in why or "Timeout" in type(error).__name__
        return Transient(why, Stage.LOST, seconds=seconds) if is_lost else CallFailed(why)
    if status in _EVERY_CALL:
        return ProviderError(f"{why}\nCheck the key, the model's name and api_base of the dspy.LM")
    if status in _PASSING or status >= 500:
        stage = Stage.LIMITED if status == _TOO_MANY else Stage.LOST
        return Transient(why, stage, getattr(error, "retry_after", None), seconds)
    return CallFailed(why)


def _content(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    return content if isinstance(content, str) else json.dumps(content, default=_plain)


def _outputs(reply: Reply) -> list[Any]:
    found: list[Any] = json.loads(reply.text)
    return found


def _output(reply: Reply) -> str:
    return "\n".join(_text(one) for one in _outputs(reply))


def _text(output: Any) -> str:
    """Return the text of one of the outputs of an LM, which are texts, or objects with one."""
    if not isinstance(output, dict):
        return str(output or "")
    calls = [json.dumps(one, sort_keys=True) for one in output.get("tool_calls") or ()]
    return "\n".join(filter(None, (str(output.get("text") or ""), *calls)))


def _plain(value: Any) -> Any:
    """Return what JSON can hold of a value that is none of its own."""
    for name in ("model_dump", "toDict", "to_dict"):
        if callable(method := getattr(value, name, None)):
            return method()
    try:
        return dict(value)
    except (TypeError, ValueError):
        return str(value)


def _name(value: Any) -> str:
    """Return what stands for a setting that JSON cannot hold, the same in every process."""
    return getattr(value, "__qualname__", None) or type(value).__qualname__

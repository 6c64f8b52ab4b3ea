"""Text in, text out: the one protocol behind which every model, cache, limit and fake stands."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any, ClassVar, Literal, Protocol, TypeAlias, runtime_checkable

from maspo.core.errors import CallFailed
from maspo.core.registry import Registry

AGENT = "agent"
PROPOSER = "proposer"
ASKED = "proposer.asked"
"""A question in an optimizer's own words, to the model that writes drafts."""
JUDGE_LOCAL = "judge.local"
JUDGE_LOOKAHEAD = "judge.lookahead"
JUDGE_GLOBAL = "judge.global"
TOOL = "tool"
"""A result of a tool, in the record of calls: no model was asked."""
PROBE = "other.probe"
LONGEST_TOKEN = 16
"""Bytes that a token of a text has on average, at most: 3 to 5 in English, up to 10 in scripts whose letters take three
bytes. A text of more than so many bytes for each token of its limit has surely gone beyond it."""


@dataclass(frozen=True, slots=True)
class ToolAsked:
    """A tool that a model asks for: its name, and its arguments as the text of a JSON object, as it wrote them."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class ToolOffered:
    """A tool that a model may ask for; ``parameters`` is the JSON schema of its arguments, as text."""

    name: str
    description: str
    parameters: str


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a chat. The model's own may ask for tools; of the role ``tool``, it answers a call by its id."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str
    asks: tuple[ToolAsked, ...] = ()
    answers: str = ""

    @property
    def recorded(self) -> list[Any]:
        """The message as a list: role and content, and what a conversation with tools has beside them."""
        if not (self.asks or self.answers):
            return [self.role, self.content]
        return [self.role, self.content, [[one.id, one.name, one.arguments] for one in self.asks], self.answers]

    @classmethod
    def of_record(cls, found: Sequence[Any]) -> Message:
        """Return the message that a list of ``recorded`` stands for."""
        role, content, *more = found
        asks, answers = more or ((), "")
        return cls(role, content, tuple(ToolAsked(*one) for one in asks), answers)

    @property
    def sent(self) -> str:
        """All text of the message that is sent."""
        if not self.asks:
            return self.content
        return "\n".join((self.content, *(f"{one.name}{one.arguments}" for one in self.asks)))


@dataclass(frozen=True)
class Request:
    """One model call.

    ``purpose`` and ``agent`` attribute the call (``X-Maspo-Purpose``, ``X-Maspo-Agent``); they are not part of its
    identity, so equal calls of two agents are paid once. ``identity`` tells draws of a sampled call apart and makes
    each of them repeatable; it is empty at temperature 0.
    """

    verbatim: ClassVar[bool] = False
    """The reply is for a program of somebody else: it is passed on and recorded as it came, thoughts included."""
    model: str
    messages: tuple[Message, ...]
    purpose: str
    agent: str = ""
    temperature: float = 0.0
    max_tokens: int = 4096
    identity: str = ""
    endpoint: str = ""
    """The role whose own endpoint answers (``judge``); empty for the endpoint of all."""
    tools: tuple[ToolOffered, ...] = ()
    """Tools that the model may ask for instead of an answer."""
    tools_over: bool = False
    """The tools are told, since the conversation holds calls of them, but no further one may be asked for."""

    @cached_property
    def key(self) -> str:
        """The content address of the call: equal keys ask the same question and may share one reply."""
        content = [
            self.model,
            [message.recorded for message in self.messages],
            self.temperature,
            self.max_tokens,
            self.identity,
        ]
        if self.endpoint:
            content.append(self.endpoint)
        if self.tools:
            content += [[[one.name, one.description, one.parameters] for one in self.tools], self.tools_over]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:32]  # 128 bits: no two calls meet

    @cached_property
    def prompt(self) -> tuple[tuple[str, str], ...]:
        """What the model reads, in that order: roles, and their texts."""
        return tuple((message.role, message.sent) for message in self.messages)

    @property
    def storing(self) -> float:
        """What a token that the endpoint is asked to put into its cache costs at least, of one that it reads."""
        return 1.0

    def ready(self) -> Request:
        """Return the small question that shows whether whom this request is for answers at all."""
        return ready_question(self.model, self.endpoint)

    def kept(self, reply: Reply) -> tuple[Request, Reply]:
        """Return what of the call is recorded: question and reply as they are."""
        return self, reply


def offers_size(request: Request) -> int:
    """Return the bytes of the tools that a request offers."""
    texts = (text for tool in request.tools for text in (tool.name, tool.description, tool.parameters))
    return sum(map(size_of_text, texts))


def size_of_text(text: str) -> int:
    """Return the bytes of a text: no tokenizer makes more tokens of it."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def whole_characters(text: str) -> str:
    """Return text without lone surrogates, which are no text: they could be neither sent on nor shown."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


@dataclass(frozen=True, slots=True)
class RoleSettings:
    """How a role (agent, judge, proposer) calls its model."""

    model: str
    temperature: float = 0.0
    max_tokens: int = 4096
    """Tokens of one answer, at most."""
    reasoning_tokens: int = 0
    """Tokens of thoughts before it, at most; providers count both against one limit."""
    endpoint: str = ""
    """The role whose own endpoint answers; empty for the endpoint of all."""
    form: Literal[1, 2, 3] = 2
    """How requests about texts are written. 2 seals closing tags with a nonce; 3 also says first what many requests
    say, so that a provider's cache of prefixes serves it; 1 is that of records from before."""

    def request(
        self, messages: tuple[Message, ...], purpose: str, agent: str = "", identity: str = "", model: str | None = None
    ) -> Request:
        """Return a call of this role's model, or of another one."""
        most = self.max_tokens + self.reasoning_tokens
        called = model or self.model
        return Request(called, messages, purpose, agent, self.temperature, most, identity, self.endpoint)

    def ready_question(self, model: str | None = None) -> Request:
        """Return the small question that shows whether this role's model, or another one, answers at all."""
        return ready_question(model or self.model, self.endpoint)


def ready_question(model: str, endpoint: str = "") -> Request:
    """Return the small question that shows whether a model answers at all."""
    return Request(model, (Message("user", "Reply with the word: ready"),), PROBE, max_tokens=16, endpoint=endpoint)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model wrote. Token counts are None when the endpoint reports no usage, ``usd`` when no price is known."""

    text: str
    tokens_in: int | None = None
    tokens_out: int | None = None
    usd: float | None = None
    seconds: float = 0.0
    truncated: bool = False
    """The reply ended at the token limit."""
    attempts: int = 1
    """Calls sent until this reply came, failed ones included."""
    cached: bool = False
    simulated: bool = False
    """The endpoint says that no language model answered (``system_fingerprint: simulated``)."""
    missing: str = ""
    """Why there is no text, as far as the endpoint tells; not recorded."""
    tokens_cached: int = 0
    """Of ``tokens_in``: tokens that the endpoint had in its own cache, and bills at a price of their own."""
    tokens_stored: int = 0
    """Of ``tokens_in``: tokens that the endpoint put into its cache, and may bill dearer; not recorded."""
    storing: float = 1.0
    """What such a token costs at least, of one that is read, as the reply tells; not recorded."""
    refused_by: str = ""
    """Who declined to answer (``a content filter``, ``the model``); such a reply is no answer, whatever its text."""
    broken: bool = False
    """The endpoint says that it failed while it wrote; such a reply is no answer, whatever its text."""
    thoughts: str = ""
    """What the model thought before it spoke, as far as the endpoint tells: kept, and never read as its answer."""
    tokens_thought: int = 0
    """Of ``tokens_out``: tokens of thoughts, told or not."""
    asks: tuple[ToolAsked, ...] = ()
    """Tools that the model asks for before it answers; see ``maspo.models.asking`` for how they are recorded."""
    adapted: str = ""
    """What the client learned of the endpoint with this reply, for people; not recorded."""
    model: str = ""
    """The model that the endpoint says answered; empty where it does not say. Not recorded."""

    @property
    def answers(self) -> bool:
        """Whether it is an answer; one that was cut at the limit of tokens is."""
        return bool(self.text.strip()) and not self.refused_by and not self.broken


class Stage(StrEnum):
    """How far an attempt came; decides what it may have cost."""

    UNREACHED = "unreached"
    """No connection was made: nothing was sent."""
    REFUSED = "refused"
    """The endpoint answered with an error: nothing is charged."""
    LIMITED = "limited"
    """The endpoint answered that calls come too fast: nothing is charged."""
    LOST = "lost"
    """It was sent and no usable answer came back: it may have been charged."""


class Transient(CallFailed):
    """An attempt failed in a way that may pass: worth another attempt.

    Any client may raise it. ``Retried`` alone sends again; ``Limited`` learns its pace from it. ``retry_after`` and
    ``seconds`` are seconds: how long the endpoint asks to wait, and how long the attempt took.
    """

    def __init__(self, reason: str, stage: Stage, retry_after: float | None = None, seconds: float = 0.0) -> None:
        super().__init__(reason)
        self.stage = stage
        self.retry_after = retry_after
        self.seconds = seconds
        self.usd: float | None = 0.0
        """What the ledger charged for the attempt; None when that is unknown."""


class Adapted(Transient):
    """The endpoint refused a parameter and the client has learned it: send again, now in its dialect.

    ``unlimited`` says that the model takes no limit of tokens, by any name: no highest cost holds for it. ``said`` is
    what was learned, for people.
    """

    def __init__(self, reason: str, unlimited: bool = False, said: str = "") -> None:
        super().__init__(reason, Stage.REFUSED)
        self.unlimited = unlimited
        self.said = said


class Broken(CallFailed):
    """The reply broke off after a part of it was passed on: it may have been charged, and cannot be asked for again."""

    usd: float | None = 0.0
    """What the ledger charged for it; None when that is unknown."""


class Unusable(Transient):
    """A reply came and is paid for, but holds no answer: asked for once more, then the call has failed."""

    outcome = "empty"

    def __init__(self, reason: str, usd: float | None, seconds: float = 0.0) -> None:
        super().__init__(reason, Stage.LOST, seconds=seconds)
        self.usd = usd


class NoCompletion(Transient):
    """What came is no chat completion at all: a web page, a text, another protocol."""


class BrokeOff(Transient):
    """A stream ended without a word that it was over."""


class Silent(Unusable):
    """A reply came without any text, from an endpoint that answers: worth asking again, at once."""


class Refused(CallFailed):
    """The model or a filter declined to answer: asked again it would decline again, so the call has failed."""

    outcome = "refused"


class DoesNotFit(CallFailed):
    """The prompt is longer than the model's context, or than the endpoint takes: a shorter one may be taken.

    ``said`` is what was learned by it, for people.
    """

    def __init__(self, reason: str, said: str = "") -> None:
        super().__init__(reason)
        self.said = said


class ModelClient(Protocol):
    """Anything that answers requests.

    ::

        class Echo:
            async def complete(self, request: Request) -> Reply:
                return Reply(request.messages[-1].content)

    Raises ``CallFailed`` when this call failed for good, ``ProviderError`` when every call would, and
    ``BudgetReached`` when it may not be sent. ``maspo.testing.models.check_model_client`` checks the contract.
    """

    async def complete(self, request: Request) -> Reply:
        """Answer one request."""


CHAT = "chat_completions"
ClientClass: TypeAlias = Callable[..., ModelClient | AbstractAsyncContextManager[ModelClient]]
"""Called with the ``Endpoint`` of the settings. One that has ``__aenter__`` is opened before the first call and closed
after the last, whatever happens between."""

CLIENTS: Registry[ClientClass] = Registry(
    group="maspo.model_clients",
    what="models.client",
    own={CHAT: "maspo.models.chat_completions:ChatClient", "smollm2": "maspo.real.client:SmallModelClient"},
    method="complete",
)
"""Ways to reach models, by name."""


@runtime_checkable
class KeepsResults(Protocol):
    """A model client with a record, in which results of tools are kept beside replies of models."""

    async def keep_result(self, request: Request, make: Callable[[], Awaitable[str]]) -> str:
        """Return what is recorded under a request's key; else make it, and record it before it is returned."""
        ...


class CallStore(Protocol):
    """Where replies are kept between processes, keyed by ``Request.key``."""

    def get(self, key: str) -> Reply | None:
        """Return the recorded reply, or None."""

    async def put(self, request: Request, reply: Reply) -> None:
        """Record a reply; on return it is durable, so that a killed process does not pay for it again."""

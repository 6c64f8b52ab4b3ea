"""A call that has ended: what was asked, what came of it, and whose it is, without the app's keys."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, partial

from maspo.gateway.attribution import Attribution
from maspo.gateway.client import WireRequest, without_keys
from maspo.gateway.dialects.base import Asked
from maspo.gateway.wire import INSTRUCTING, ToolCall, WireCall, WireReply, WireText, instructions_in
from maspo.models.base import Reply


@dataclass(eq=False)
class EndedCall:
    """A call as whoever looks on is told of it.

    Keys are looked for in what is read of it, and when it is: of an app that runs for days nobody reads most.
    """

    rollout: str
    number: int
    """From 0, in the order in which the requests of the rollout came."""
    request: WireRequest
    asked: Asked
    attribution: Attribution
    said: WireReply
    reply: Reply | None
    """None where there is none."""
    seconds: float
    why: str
    """Why it failed; empty when it did not."""

    @property
    def cached(self) -> bool:
        """Whether it was answered from the record, at no cost."""
        return self.reply is not None and self.reply.cached

    @cached_property
    def model(self) -> str:
        """The model that was asked for."""
        return without_keys(self.request, self.asked.model)

    @cached_property
    def instructions(self) -> str:
        """The texts that tell the model what it is to do, as one."""
        return instructions_in(self._clean(text) for text in self.asked.texts if text.role in INSTRUCTING)

    @cached_property
    def call(self) -> WireCall:
        """All that passed over the wire."""
        said, reply, clean = self.said, self.reply, partial(without_keys, self.request)
        tools = (replace(tool, name=clean(tool.name), arguments=clean(tool.arguments)) for tool in said.tools)
        return WireCall(
            rollout=self.rollout,
            number=self.number,
            dialect=self.request.dialect.name,
            model=self.model,
            texts=tuple(map(self._clean, self.asked.texts)),
            offered=self.asked.offered,
            output=clean(said.text),
            tools=tuple(tools),
            finish=clean(said.finish),
            tokens_in=said.tokens_in,
            tokens_out=said.tokens_out,
            seconds=self.seconds,
            key=self.request.key,
            cached=self.cached,
            failed=clean(self.why),
            agent=self.attribution.agent,
            unattributed=self.attribution.why,
            values={name: clean(value) for name, value in self.attribution.values.items()},
            usd=0.0 if self.cached else reply.usd if reply is not None else None,
        )

    def put_results(self, calls: dict[int, WireCall]) -> None:
        """Put the results that the request brings beside the tool calls of earlier ones that asked for them."""
        for result in self.asked.results:
            for number in sorted(calls, reverse=True):
                call = calls[number]
                at = next((at for at, tool in enumerate(call.tools) if _fits(tool, result.id, result.name)), None)
                if at is not None:
                    tools = list(call.tools)
                    tools[at] = replace(tools[at], result=without_keys(self.request, result.text))
                    calls[number] = replace(call, tools=tuple(tools))
                    break

    def _clean(self, text: WireText) -> WireText:
        words = without_keys(self.request, text.text)
        return text if words == text.text else replace(text, text=words)


def _fits(tool: ToolCall, id: str, name: str) -> bool:
    """Say whether a result is that of a tool call, whose result is not known yet."""
    if tool.result is not None:
        return False
    return tool.id == id if id and tool.id else tool.name == name

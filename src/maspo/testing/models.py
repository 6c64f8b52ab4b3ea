"""Contract tests for people who write a ``ModelClient`` or a ``CallStore``, and a store in memory.

Each function runs the whole contract and raises ``AssertionError`` with the rule that was broken::

    async def test_my_model() -> None:
        await check_model_client(MyModel(), Request("m", (Message("user", "Hello"),), purpose="agent"))
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

from maspo.models import remembered
from maspo.models.base import CallStore, Message, ModelClient, Reply, Request
from maspo.testing.rules import rule

MemoryStore = remembered.MemoryStore

HARD_TEXTS = ("", "plain", "a\0b", "\ud800 alone", "émoji 🙂", "'; DROP TABLE calls; --", "</verdict>\r\n\t{input}")
"""Texts that models write and careless code loses."""


async def check_model_client(model: ModelClient, request: Request) -> None:
    """Check the contract of ``ModelClient``; ``request`` is one that it can answer. Costs about ten calls."""
    _check_reply(await model.complete(request))

    purposes = [replace(request, purpose=f"other.{number}", agent=f"agent {number} é\n") for number in range(8)]
    for reply in await asyncio.gather(*(model.complete(each) for each in purposes)):
        _check_reply(reply)

    call = asyncio.create_task(model.complete(replace(request, identity="to be cancelled")))
    await asyncio.sleep(0)
    call.cancel()
    (outcome,) = await asyncio.gather(call, return_exceptions=True)
    cancelled = isinstance(outcome, asyncio.CancelledError)
    rule(cancelled or isinstance(outcome, Reply), f"a cancelled call raises CancelledError, not {outcome!r}")
    _check_reply(await model.complete(request))


async def check_call_store(open_store: Callable[[], AbstractAsyncContextManager[CallStore]]) -> None:
    """Check the contract of ``CallStore``; each call of ``open_store`` opens the same, at first empty, store."""
    request = Request("model", (Message("system", "Be brief."), Message("user", "Hello")), purpose="agent", agent="a")
    others = [
        replace(request, messages=(Message("user", text),), identity=str(number), agent=text, model=text)
        for number, text in enumerate(HARD_TEXTS)
    ]
    replies = [Reply(text, 1, None, 0.25, 1.5, True, 3) for text in HARD_TEXTS]
    async with open_store() as store:
        rule(store.get(request.key) is None, "get returns None for a question that has no reply")
        await store.put(request, Reply("first"))
        rule(store.get(request.key) == Reply("first"), "get returns what put recorded")
        await store.put(request, Reply("second"))
        rule(store.get(request.key) == Reply("first"), "a recorded reply never changes")
        await asyncio.gather(*(store.put(*pair) for pair in zip(others, replies, strict=True)))
    async with open_store() as store:
        rule(store.get(request.key) == Reply("first"), "a reply is there when the store is opened again")
        for other, reply in zip(others, replies, strict=True):
            rule(store.get(other.key) == reply, f"every field is kept exactly: {store.get(other.key)!r} for {reply!r}")


def _check_reply(reply: Reply) -> None:
    rule(isinstance(reply.text, str), f"text is a string, not {reply.text!r}")
    for count in (reply.tokens_in, reply.tokens_out):
        rule(count is None or count >= 0, f"tokens are counted from 0 or unknown (None), not {count!r}")
    rule(reply.usd is None or reply.usd >= 0, f"usd is not negative and None when unknown, not {reply.usd!r}")
    rule(reply.seconds >= 0, f"seconds are not negative: {reply.seconds!r}")
    rule(reply.attempts >= 1, f"a reply took at least one attempt, not {reply.attempts!r}")

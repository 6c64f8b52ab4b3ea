"""``maspo doctor --ask``: one short question to each model of the settings, and what it taught of its endpoint."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

import aiohttp

from maspo.config import ModelSettings
from maspo.core.errors import ProviderError
from maspo.core.plain import Dumped
from maspo.models.base import CHAT, Adapted, BrokeOff, Message, Reply, RoleSettings, Stage, Transient
from maspo.models.chat_completions import ChatClient
from maspo.models.prices import Price, PriceBook
from maspo.models.surroundings import Surroundings, ask_contexts
from maspo.models.thoughts import without_thoughts
from maspo.models.wrapping import unwrapped
from maspo.report.phrases import money, plural
from maspo.scoring.answers import final_answer
from maspo.study.connections import endpoints_of, price_book

_SYSTEM = "You answer in one short sentence, with the number alone in <answer></answer>."
_USER = "How much is 3 + 4?"
_RIGHT = "7"
_TOKENS = 256
"""Of the answer: room for a sentence, and for the marks around it."""
_LESSONS = 24
"""Refusals that teach something; there are fewer things to learn."""
_FAILURES = 6
"""Failures that may pass, and replies without a text, until it counts as silent: as many as a run tries, since what a
run can work with is not to be called silent."""
_MOMENT, _SHORT_WAIT = 1.0, 5.0
"""Seconds to wait at a limit that names none, and the most that is waited at one that does."""
_SILENCE = 12.0
"""Seconds of silence that end it, at most: who looks at a machine waits for a minute, and not for ten."""


@dataclass(frozen=True, slots=True)
class Lesson(Dumped):
    """What a model taught: ``answers`` says whether a reply came, ``told`` what is worth knowing, for people."""

    roles: tuple[str, ...]
    model: str
    base_url: str
    answers: bool
    told: tuple[str, ...]


async def lessons(models: ModelSettings) -> list[Lesson]:
    """Ask the model of each role one short question; roles that share model and endpoint are asked once."""
    if models.client != CHAT:
        return []
    endpoints, prices = endpoints_of(models), price_book(models)
    roles = {"agent": models.of_agents(), "judge": models.of_judge(), "proposer": models.of_proposer()}
    asked: dict[tuple[str, str], list[str]] = {}
    for name, role in roles.items():
        asked.setdefault((role.model, role.endpoint), []).append(name)
    found = []
    for (_, address), names in asked.items():
        role, endpoint = roles[names[0]], endpoints[address]
        endpoint = replace(endpoint, timeout=min(endpoint.timeout, _SILENCE))
        async with (
            ChatClient(endpoint) as client,
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
        ):
            answers, told = await _question(client, role, prices)
            known = await ask_contexts(session, endpoint, [role.model])
        found.append(Lesson(tuple(names), role.model, endpoint.shown, answers, (*told, *_server(known, role.model))))
    return found


async def _question(client: ChatClient, role: RoleSettings, prices: PriceBook) -> tuple[bool, tuple[str, ...]]:
    """Return whether an answer came, and what is worth knowing of it."""
    messages = (Message("system", _SYSTEM), Message("user", _USER))
    short = RoleSettings(role.model, role.temperature, _TOKENS, role.reasoning_tokens, role.endpoint)
    request = short.request(messages, "other.doctor", identity="doctor")  # a draw of its own, so that a seed is sent
    learned: list[str] = []
    failures = 0
    for _ in range(_LESSONS):
        try:
            reply = without_thoughts(unwrapped(await client.complete(request), messages), f"{_SYSTEM}\n{_USER}")
            if reply.adapted:
                learned.append(reply.adapted.removeprefix(f"{role.model}: "))
            failures += 1
            may_pass = not (reply.answers or reply.truncated)
            if failures == _FAILURES or not may_pass:
                return bool(reply.answers), (*learned, *_of(reply, prices.price(role.model, endpoint=role.endpoint)))
        except Adapted as lesson:
            learned += [lesson.said.removeprefix(f"{role.model}: ")] if lesson.said else []
        except ProviderError as error:
            failures += 1
            wait = _worth_waiting(error)
            if failures == _FAILURES or wait is None:
                return False, (*learned, str(error))
            await asyncio.sleep(wait)
    return False, tuple(learned)


def _worth_waiting(error: ProviderError) -> float | None:
    """Return the seconds after which to ask again; None where a failure does not pass, or only after a long wait.

    An error of the server, or a stream that broke off, may have passed at once; a limit, after a while.
    """
    if isinstance(error, BrokeOff):
        return 0.0
    if not isinstance(error, Transient) or error.stage not in (Stage.REFUSED, Stage.LIMITED):
        return None
    wait = error.retry_after or (_MOMENT if error.stage is Stage.LIMITED else 0.0)
    return wait if wait <= _SHORT_WAIT else None


def _of(reply: Reply, price: Price | None) -> list[str]:
    """Return what a reply tells of whoever wrote it."""
    told = [f"a reply took {reply.seconds:.1f} s"]
    if price is not None and reply.tokens_in is not None and reply.tokens_out is not None and not reply.simulated:
        told[0] += f" and {money(price.of(reply.tokens_in, reply.tokens_out, reply.tokens_cached))}"
    if reply.refused_by:
        told.append(f"refused by {reply.refused_by}")
    elif not reply.text.strip():
        told.append(
            f"no text within {plural(_TOKENS, 'token')} besides its thoughts: raise models.reasoning_tokens"
            if reply.truncated
            else f"no text: {'thoughts alone' if reply.thoughts else reply.missing or 'the content is empty'}"
        )
    elif reply.simulated:
        told.append("the endpoint is simulated: no language model answered, so nothing is told of how it writes")
    elif reply.truncated:
        told.append(f"its answer was cut, as at a limit of tokens; it may write {plural(_TOKENS, 'token')} here")
    elif final_answer("auto", reply.text) != _RIGHT:
        told.append("its answer is another than was asked for, or in another form: it follows instructions badly")
    if reply.tokens_in is None or reply.tokens_out is None:
        told.append("it tells no tokens: what calls cost is charged at its most")
    if reply.thoughts or reply.tokens_thought:
        count = f": {plural(reply.tokens_thought, 'token')} here" if reply.tokens_thought else ""
        told.append(f"it thinks before it answers{count}")
    return told


def _server(known: Surroundings, model: str) -> list[str]:
    context = known.context_of(model)
    slots = [f"its server answers {plural(known.slots, 'call')} at a time"] if known.slots else []
    return [*slots, f"its context is {context:,} tokens"] if context else slots

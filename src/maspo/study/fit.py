"""What of a job does not fit into the contexts of its models: told before anything is paid."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from maspo.config import ModelSettings
from maspo.models.base import CHAT, RoleSettings
from maspo.models.surroundings import Surroundings, ask_contexts
from maspo.runners.messages import MessageBuilder
from maspo.study.bound import FRAME_TOKENS, REPLY_TOKENS
from maspo.study.connections import endpoints_of, offers_many
from maspo.study.job import Job
from maspo.team import Agent, System

Told: TypeAlias = Mapping[str, Surroundings]
"""What the servers of roles tell, by ``Request.endpoint``."""
_CHARACTERS_PER_TOKEN = 4
"""Of plain letters; other characters count as a token each, as most of them are in some model's eyes."""
_ROOM = 64
"""Tokens that a reply needs at least, as in ``maspo.models.dialects``."""


async def told_contexts(models: ModelSettings, system: System) -> dict[str, Surroundings]:
    """Return what the servers of a job tell of their contexts; nothing of those that are known to tell none."""
    if models.client != CHAT or system.app is not None:
        return {}
    import aiohttp

    named = {
        role.endpoint: [name for _, name, settings in _askers(models, system) if settings.endpoint == role.endpoint]
        for _, _, role in _askers(models, system)
    }
    found = {}
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        for role, endpoint in endpoints_of(models).items():
            if endpoint.context or offers_many(endpoint.base_url) or role not in named:
                continue
            found[role] = await ask_contexts(session, endpoint, list(dict.fromkeys(named[role])))
    return found


def remarks_on_fit(job: Job, told: Told) -> list[str]:
    """Return a remark for each role whose requests are longer than its model's context, by an estimate of tokens."""
    models = job.config.models
    if job.system.app is not None:  # its calls are its own
        return []
    texts = MessageBuilder(job.system, job.inputs.columns)
    endpoints = endpoints_of(models)
    inputs = [tokens_about(texts.input_text(row)) for row in job.inputs.rows]
    remarks = []
    for role, model, settings in _askers(models, job.system):
        endpoint = endpoints.get(settings.endpoint) or endpoints[""]
        context = endpoint.context or told.get(settings.endpoint, Surroundings()).context_of(model)
        if not context:
            continue
        if isinstance(role, Agent):
            read = dict.fromkeys(role.reads, "x" * (REPLY_TOKENS * _CHARACTERS_PER_TOKEN))
            sizes = [
                sum(tokens_about(one.content) for one in texts.messages(role.name, role.prompt, row, read))
                for row in job.inputs.rows
            ]
            who, then = f"agents.{role.name}: prompt, input and what it reads", "these calls will fail"
        else:
            sizes = [FRAME_TOKENS + size + 2 * REPLY_TOKENS for size in inputs]
            who = f"the {role}: input and what it is shown"
            then = "it will be asked without them" if role == "judge" else "it will be shown fewer traces"
        over = sum(size + _ROOM > context for size in sizes)
        if over:
            remarks.append(
                f"{who} are about {max(sizes):,} tokens at the longest, and the context of {model} is {context:,}: on "
                f"{over} of {len(sizes)} inputs they do not fit, and {then}; shorten them, or use a longer context "
                "(models.context says it where the endpoint does not)"
            )
    return remarks


def tokens_about(text: str) -> int:
    """Return about how many tokens a text has."""
    plain = len(text) if text.isascii() else sum(map(str.isascii, text))
    return plain // _CHARACTERS_PER_TOKEN + len(text) - plain


def _askers(models: ModelSettings, system: System) -> Iterator[tuple[Agent | str, str, RoleSettings]]:
    """Yield who calls which model, and how."""
    agents = models.of_agents()
    yield from ((agent, agent.model or agents.model, agents) for agent in system.agents)
    yield "judge", models.for_judge(), models.of_judge()
    yield "proposer", models.for_proposer(), models.of_proposer()

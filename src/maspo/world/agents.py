"""Simulated agents: read the prompt and the outputs of predecessors, write an output."""

from __future__ import annotations

import hashlib

from maspo.models.base import Request
from maspo.world.catalogue import split
from maspo.world.latents import Latents, Profile, Turn
from maspo.world.text import Symptoms, decode, encode, world_input

USABLE_ENOUGH = 0.6
"""A reader complains of outputs less usable than this."""


def answer_agent(latents: Latents, request: Request) -> str:
    """Return an agent's output.

    The role is the system message without catalogue sentences; a template prompt comes as one user message, in which
    role and input cannot be told apart, so there the agent's name is the role.
    """
    system = "\n".join(message.content for message in request.messages if message.role == "system")
    user = "\n".join(message.content for message in request.messages if message.role != "system")
    if system:
        role, sentences = split(system)
    else:
        role, sentences = template_role(request.agent), split(user)[1]
    profile = latents.profile(role, sentences)
    read = decode(user)
    turn = latents.turn(profile, input_key(user, read), read, request.identity)
    return encode(turn, symptoms(latents, profile, turn.key, read))


def template_role(agent: str) -> str:
    """Return the role of an agent whose prompt is a template."""
    return f"template of {agent}"


def input_key(user: str, read: tuple[Turn, ...]) -> str:
    """Return an input's identity: its token, else what the outputs read say, else the text itself."""
    known = world_input(user)
    if known is not None:
        return known
    if read:
        return read[0].key
    return hashlib.blake2b(split(user)[0].encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()


def symptoms(latents: Latents, profile: Profile, key: str, read: tuple[Turn, ...]) -> Symptoms:
    """Return what an output visibly shows."""
    missed = latents.missed(profile, key)
    aspects = tuple(aspect for aspect, _ in latents.input(key).aspects if aspect not in missed)
    hard = sum(1 for turn in read if turn.usable < USABLE_ENOUGH)
    return Symptoms(checked=aspects, missed=missed, manners=profile.manners, hard_to_use=hard)

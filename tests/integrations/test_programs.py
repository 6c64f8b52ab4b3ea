"""Calls of a program: what they cost is read off what they say."""

from __future__ import annotations

import json

import pytest

from maspo.integrations.programs import Asked
from maspo.models.base import AGENT, Message, Reply


async def _nobody() -> Reply:
    raise AssertionError("nobody asks")


@pytest.mark.parametrize(
    ("settings", "content", "storing"),
    [
        ({"max_tokens": 9}, "a text about cache_control", 1.0),
        ({"cache_control_injection_points": [{"location": "message", "role": "system"}]}, "x", 1.25),
        ({}, json.dumps([{"type": "text", "text": "x", "cache_control": {"type": "ephemeral", "ttl": "1h"}}]), 2.0),
    ],
)
def test_i40_what_a_program_has_its_endpoint_keep_is_read_off_its_settings_and_its_messages(
    settings: dict[str, object], content: str, storing: float
) -> None:
    said = (Message("user", content),)
    asked = Asked("m", said, AGENT, "a", identity=f"{json.dumps(settings)}\0row\0{0}", answer=_nobody)
    assert asked.storing == storing

"""Requests that the world's tests share."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from maspo.models.base import Message, Request


@pytest.fixture
def judge_request() -> Callable[..., Request]:
    """Build a judge request from two outputs."""

    def build(first: str, second: str, purpose: str = "judge.global") -> Request:
        text = (
            "Compare <output_1> with <output_2> and end with <verdict>1|2|tie</verdict>.\n"
            f'<output_1 id="a1">\n{first}\n</output_1>\n<output_2 id="b2">\n{second}\n</output_2>'
        )
        return Request("m", (Message("user", text),), purpose)

    return build

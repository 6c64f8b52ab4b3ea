"""Texts that come again are looked through once, and a key is cut out wherever it stands: T01."""

from __future__ import annotations

import base64
import json

import pytest

from maspo.gateway.client import without_secrets
from maspo.models.secret import CUT, Secret

KEY = "sk-proj-4fX9qLr27TzWm1Yb8NcKd5"
HEADERS = (("Authorization", f"Bearer {KEY}"),)
LONG = 'You are the solver. Think about it step by step, and answer with care: “naïve”, \\frac{a}{b},\n\t"quoted". ' * 4


@pytest.mark.parametrize("spelled", ["", KEY, base64.b64encode(KEY.encode()).decode(), "-".join(KEY), KEY[::-1]])
@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize("place", ["prompt", "question", "beside"])
def test_t01_what_is_known_hides_no_key(place: str, ascii_only: bool, spelled: str) -> None:
    where = {"prompt": "", "question": "", "beside": "", place: spelled}
    system, user = LONG + where["prompt"], f"What is next? {where['question']}"
    messages = [{"role": "system", "content": system}, {"role": "user", "content": user}]
    body = json.dumps({"model": "m", "messages": messages, "user": where["beside"]}, ensure_ascii=ascii_only)
    expected = Secret(KEY).cut_from(body)
    assert (CUT in expected) == bool(spelled)
    for _ in range(2):  # the second time the prompt is known
        assert without_secrets(HEADERS, "/v1/x", body, [system, user]) == expected

"""How long to wait, in every form in which providers say it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maspo.core.errors import ProviderError
from maspo.models.base import Stage, Transient
from maspo.models.endpoint import Endpoint
from maspo.models.refusals import read_refusal, retry_after, until_reset

NOW = "Sat, 21 Nov 2026 12:00:00 GMT"
SOON = "Sat, 21 Nov 2026 12:00:07 GMT"
PAST = "Sat, 21 Nov 2020 12:00:00 GMT"


def wait(headers: Mapping[str, str], body: bytes = b"", status: int = 429) -> float | None:
    error = read_refusal(Endpoint("https://x/v1"), status, {"Date": NOW, **headers}, body)
    assert isinstance(error, Transient)
    return error.retry_after


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "0.25"}, 0.25),
        ({"Retry-After": "0"}, 0.0),
        ({"Retry-After": SOON}, 7.0),
        ({"Retry-After": "Saturday, 21-Nov-26 12:00:07 GMT"}, 7.0),
        ({"Retry-After": PAST}, 0.0),
        ({"Retry-After": "1m30s"}, 90.0),
        ({"Retry-After": "7s"}, 7.0),
        ({"Retry-After": "1795262407"}, 7.0),
        ({"retry-after-ms": "1500", "Retry-After": "2"}, 1.5),
        ({"x-ratelimit-reset-requests": "120ms"}, 0.12),
        ({"x-ratelimit-reset-requests": "6m0s"}, 360.0),
        ({"x-ratelimit-reset-requests": "1h0m2.5s"}, 3602.5),
        ({"x-ratelimit-reset-requests": "60s", "x-ratelimit-remaining-requests": "5"}, None),
        (
            {
                "x-ratelimit-reset-requests": "60s",
                "x-ratelimit-remaining-requests": "5",
                "x-ratelimit-reset-tokens": "3s",
                "x-ratelimit-remaining-tokens": "0",
            },
            3.0,
        ),
        ({"x-ratelimit-reset": "1795262409"}, 9.0),
        ({"x-ratelimit-reset": "1795262409500"}, 9.5),
        ({"ratelimit-reset": "12"}, 12.0),
        ({"anthropic-ratelimit-requests-reset": "2026-11-21T12:00:05+00:00"}, 5.0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": ""}, None),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "inf"}, None),
        ({"Retry-After": "1e999"}, None),
        ({"Retry-After": "9" * 400}, None),
        ({"Retry-After": "999999999"}, None),
        ({"Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT"}, None),
        ({"Retry-After": "5, 7"}, None),
        ({"retry-after-ms": "later", "Retry-After": "3"}, 3.0),
        ({}, None),
    ],
)
def test_w01_every_form_is_read_and_garbage_is_none(headers: Mapping[str, str], seconds: float | None) -> None:
    assert wait(headers) == (None if seconds is None else pytest.approx(seconds))


def test_w02_a_wait_is_found_in_the_words_of_a_body() -> None:
    assert wait({}, b'{"error": {"message": "Please try again in 1.5s."}}') == 1.5
    assert wait({}, b'{"error": {"message": "Please try again in 120ms."}}') == pytest.approx(0.12)
    assert wait({}, b'{"error": {"details": [{"retryDelay": "34s"}]}}') == 34.0


def test_w03_only_a_429_is_a_limit_and_reads_resets() -> None:
    for status in (500, 503, 529):
        error = read_refusal(Endpoint("https://x/v1"), status, {"x-ratelimit-reset-requests": "60s"}, b"")
        assert isinstance(error, Transient)
        assert (error.stage, error.retry_after) == (Stage.REFUSED, None)
    assert wait({"Retry-After": "2"}, status=503) == 2.0


@given(st.dictionaries(st.sampled_from(["Retry-After", "retry-after-ms", "x-ratelimit-reset", "Date"]), st.text()))
def test_w04_no_header_breaks_the_reading(headers: Mapping[str, str]) -> None:
    for seconds in (retry_after(headers), until_reset(headers, headers.get("Date", ""))):
        assert seconds is None or 0 <= seconds <= 86_400


@pytest.mark.parametrize("code", ["insufficient_quota", "model_not_found", "invalid_api_key"])
def test_w05_what_no_wait_will_help_is_hopeless_whatever_it_says(code: str) -> None:
    error = read_refusal(
        Endpoint("https://x/v1"), 429, {"Retry-After": "1"}, f'{{"error": {{"code": "{code}"}}}}'.encode()
    )
    assert type(error) is ProviderError

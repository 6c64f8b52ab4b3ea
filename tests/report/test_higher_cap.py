"""The cap that is named to go on with: beyond the one that was reached, short to type, as large as the plan needs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maspo.core.usage import Usage
from maspo.report.higher_cap import going_on, higher_cap
from maspo.study.within_caps import PLANNED_OF_A_CAP

_AMOUNTS = st.floats(0.001, 100_000)


@pytest.mark.parametrize(
    ("cap", "used", "seconds", "expected", "named"),
    [
        ("--max-calls 250", Usage(calls=250), 9.0, 600, "--max-calls 710"),
        ("--max-calls 250", Usage(calls=250), 9.0, 100, "--max-calls 300"),
        ("--max-calls 250", Usage(calls=250), 9.0, None, "--max-calls 590"),
        ("--max-calls 30000", Usage(calls=30_000), 9.0, 3_000_000, "--max-calls 3600000"),
        ("--max-usd 0.5", Usage(calls=100, usd=0.49), 9.0, 400, "--max-usd 2.4"),
        ("--max-usd 0.5", Usage(calls=0, usd=0.0), 9.0, 400, "--max-usd 0.59"),
        ("--max-minutes 2", Usage(calls=100), 120.0, 200, "--max-minutes 4.8"),
        ("--budget team", Usage(calls=100), 120.0, 200, ""),
        ("", Usage(calls=100), 120.0, 200, ""),
    ],
)
def test_a_cap_is_named_that_would_do(cap: str, used: Usage, seconds: float, expected: int | None, named: str) -> None:
    assert higher_cap(cap, {"agent": used}, seconds, expected) == named
    assert going_on("maspo resume run", cap, {"agent": used}, seconds, expected) == f"maspo resume run {named}".strip()


@given(st.integers(1, 10**6), st.integers(1, 10**7), _AMOUNTS, _AMOUNTS)
def test_what_is_named_is_more_than_what_was_reached_and_pays_the_plan(
    calls: int, expected: int, usd: float, minutes: float
) -> None:
    used = {"agent": Usage(calls=calls, usd=usd)}
    times = max(expected / calls, 1) / PLANNED_OF_A_CAP
    for option, reached in (("--max-calls", float(calls)), ("--max-usd", usd), ("--max-minutes", minutes)):
        name, _, value = higher_cap(f"{option} {reached:.17g}", used, 60 * minutes, expected).partition(" ")
        assert name == option
        assert reached * times <= float(value) * (1 + 1e-9)
        assert float(value) <= 1.11 * reached * times, "two digits are no more than a tenth too much"

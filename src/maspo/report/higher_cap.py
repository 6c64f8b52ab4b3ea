"""A cap under which work that a lower one has cut short would come to its end. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_CEILING, Decimal
from typing import Final

from maspo.core.usage import Usage, total
from maspo.study.within_caps import PLANNED_OF_A_CAP

_DIGITS: Final = 2
"""Of a number that is named: a person types it."""
_BLIND: Final = 2
"""How many times as much is named where nobody knows what the rest takes."""


def going_on(again: str, cap: str, usage: Mapping[str, Usage], seconds: float, expected: int | None) -> str:
    """Return the command that goes on, ``again``, with a cap under which the work would end."""
    return f"{again} {higher_cap(cap, usage, seconds, expected)}".rstrip()


def higher_cap(cap: str, usage: Mapping[str, Usage], seconds: float, expected: int | None) -> str:
    """Return the option and a value under which the work would end, such as ``--max-calls 710``.

    ``cap`` is what was reached, ``expected`` the calls that the whole work is expected to take. Money and time are
    taken to grow with the calls. Empty where it is no cap of the work's own, as a budget that runs share.
    """
    used = total(usage.values())
    option, _, most = cap.partition(" ")
    spent = {"--max-calls": float(used.calls), "--max-usd": used.usd or 0.0, "--max-minutes": seconds / 60}
    reached = spent.get(option)
    if reached is None:
        return ""
    calls = max(used.calls, 1)
    whole = max(expected, calls) / calls if expected is not None else _BLIND
    # Beyond the cap in any case: of money and time a part may be left, since the next call did not fit.
    return f"{option} {_rounded_up(max(reached * whole, float(most)) / PLANNED_OF_A_CAP)}"


def _rounded_up(value: float) -> str:
    exact = Decimal(repr(value))
    step = Decimal(1).scaleb(exact.adjusted() - _DIGITS + 1)
    return format((exact / step).to_integral_value(ROUND_CEILING) * step, "f")

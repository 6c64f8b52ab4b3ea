"""``maspo budget``: a cap over many runs, and who has spent what of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from maspo.cli.caps import mark_reached
from maspo.cli.terminal import print_json, say, table
from maspo.core.errors import ConfigInvalid, UsageError
from maspo.models.leases import NANO, Cap, to_nano
from maspo.report import phrases
from maspo.report.visible import visible
from maspo.store.address import named
from maspo.store.budgets import BudgetState, set_cap, state_of

_HEADERS = ("run", "who", "calls", "usd", "")


@dataclass(frozen=True)
class _Spender:
    run: str
    who: str
    calls: int
    usd: float
    leased: bool


def show_budget(name: str, store: str, max_usd: str | None, max_calls: str | None, as_json: bool) -> None:
    """Make a budget or change its cap, if caps are given, and show it.

    Raises:
        ConfigInvalid: a cap that is none, or no store.
        UsageError: there is no budget of this name.

    """
    if not store:
        raise ConfigInvalid("a budget lies in a store: give --store postgresql://… or MASPO_STORE")
    address = named(store)
    if max_usd is not None or max_calls is not None:
        set_cap(address, name, Cap(_amount("--max-usd", max_usd, NANO), _amount("--max-calls", max_calls, 1)))
    found = state_of(address, name)
    spenders = [_Spender(one.run, one.who, one.calls, one.nano / NANO, one.open) for one in found.spenders]
    say(_summary(found))
    if spenders:
        rows = [
            (
                visible(one.run),
                visible(one.who),
                phrases.number(one.calls),
                phrases.money(one.usd),
                "leased" if one.leased else "",
            )
            for one in spenders
        ]
        say()
        say(table(_HEADERS, rows))
    if as_json:
        cap = {"usd": None if found.cap.nano is None else found.cap.nano / NANO, "calls": found.cap.calls}
        charged = {"usd": found.charged.nano / NANO, "calls": found.charged.calls}
        share = found.cap.share(found.charged)
        print_json({"budget": name, "cap": cap, "charged": charged, "share": share, "runs": [*map(asdict, spenders)]})


def _summary(found: BudgetState) -> str:
    parts = []
    if found.cap.nano is not None:
        parts.append(f"{phrases.money(found.charged.nano / NANO)} of ${found.cap.nano / NANO:g}")
    if found.cap.calls is not None:
        parts.append(f"{found.charged.calls:,} of {found.cap.calls:,} calls")
    mark = mark_reached(found.cap.share(found.charged))
    reached = f"; more than {mark:.0%} of it" if mark else ""
    return f"budget {visible(found.name)}: {', '.join(parts) or 'no cap'} charged{reached}"


def _amount(option: str, given: str | None, parts: int) -> int | None:
    if given is None:
        return None
    try:
        number = float(given) if parts > 1 else int(given)
        if not 0 <= number < 1e9:
            raise ValueError
    except ValueError:
        raise UsageError(f"{option} {given}: expected a number from 0") from None
    return to_nano(number) if parts > 1 else int(number)

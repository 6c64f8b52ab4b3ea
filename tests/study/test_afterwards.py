"""Prices that come to be known later: recorded tokens are priced as they would have been, and no cap counts them."""

from __future__ import annotations

import asyncio
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from maspo.cli.app import app
from maspo.core.errors import BudgetReached, ConfigInvalid
from maspo.core.usage import Usage
from maspo.models import Ledger, Limits, Message, PriceBook, Request
from maspo.models.base import Reply
from maspo.report import phrases
from maspo.report.document.record import build_document
from maspo.store import RunStore, Unpriced
from maspo.study.afterwards import price_afterwards
from maspo.study.optimize import start
from maspo.study.resolve import resolve
from maspo.testing.provider import Rule, Spoiled, fake_provider
from maspo.testing.runs import Recorder, with_config, world_job
from tests.model_server import served

PRICE = (1.0, 10.0, 0.25)
PRICES = PriceBook({"m": PRICE})
CALLS = st.lists(
    st.tuples(
        st.sampled_from(["agent", "judge.local", "proposer"]),
        st.integers(1, 5000),
        st.integers(0, 500),
        st.integers(0, 6000),
        st.booleans(),
    ),
    max_size=12,
)


async def recorded(folder: Path, calls: list[tuple[str, int, int, int, bool]], told: bool = True) -> RunStore:
    """Record calls, of which some had a price."""
    store = await RunStore.create(folder / "run.db").__aenter__()
    for number, (purpose, read, written, cached, priced) in enumerate(calls):
        usd = PRICES.price("m").of(read, written, min(cached, read)) if priced else None  # type: ignore[union-attr]
        reply = Reply("x", read, written if told else None, usd, tokens_cached=min(cached, read))
        await store.put(Request("m", (Message("user", str(number)),), purpose), reply)
    return store


@given(CALLS)
async def test_y01_what_is_priced_afterwards_is_what_a_price_at_once_would_have_made(
    tmp_path_factory: pytest.TempPathFactory, calls: list[tuple[str, int, int, int, bool]]
) -> None:
    store = await recorded(tmp_path_factory.mktemp("run"), calls)
    found = price_afterwards(store.usage(), store, PRICES)
    for purpose, usage in found.items():
        own = [(one, PRICES.price("m").of(one[1], one[2], min(one[3], one[1]))) for one in calls if one[0] == purpose]  # type: ignore[union-attr]
        assert usage.usd == pytest.approx(math.fsum(usd for _, usd in own))
        assert usage.usd_afterwards == pytest.approx(math.fsum(usd for one, usd in own if not one[4]))
    assert price_afterwards(found, store, PRICES) == found
    await store.__aexit__(None, None, None)


async def test_y02_what_has_no_price_or_no_tokens_stays_unknown(tmp_path: Path) -> None:
    calls = [("agent", 5, 6, 0, False)]
    for name, told, prices in (("a", False, PRICES), ("b", True, PriceBook({"other": PRICE}))):
        (tmp_path / name).mkdir()
        store = await recorded(tmp_path / name, calls, told)
        assert price_afterwards(store.usage(), store, prices)["agent"].usd is None
        with pytest.raises(ConfigInvalid, match="no tokens were reported"):
            Ledger(Limits(usd=1.0), prices, store.usage())
        await store.__aexit__(None, None, None)


def test_y03_a_role_with_an_endpoint_of_its_own_is_priced_there() -> None:
    class Recorded:
        def unpriced(self) -> list[Unpriced]:
            return [Unpriced(purpose, "gpt-4.1-mini", 0, 10, 10, 0, 0) for purpose in ("agent", "judge.global")]

        def priced(self) -> dict[str, float]:
            return {}

    pytest.importorskip("genai_prices")
    usage = {"agent": Usage(1), "judge.global": Usage(1)}
    prices = PriceBook({}, "http://127.0.0.1:1/v1", {"judge": ("https://api.openai.com/v1",)})
    found = price_afterwards(usage, Recorded(), prices)
    assert found["agent"].usd is None, "a model at home is not charged as if it were rented"
    assert found["judge.global"].usd


async def test_y04_a_cap_in_money_holds_for_what_is_ahead() -> None:
    before = {"agent": Usage(5, usd=7.0, usd_afterwards=7.0)}
    ledger = Ledger(Limits(usd=0.02), PRICES, before)
    ask = Request("m", (Message("user", "x" * 100),), "agent", max_tokens=500)
    sent = 0
    with pytest.raises(BudgetReached):
        while True:
            ledger.settle(await ledger.reserve(ask), Reply("x", 100, 500))
            sent += 1
    assert 2 <= sent <= 4
    assert ledger.usd == pytest.approx(7.0 + sent * (100 + 5000) / 1e6)
    assert phrases.money_spent(ledger.usage()["agent"], False).endswith("($7.00 of it priced afterwards)")


async def without_a_price(out: Path) -> None:
    """Make a run at an endpoint that is no simulated one, as far as it says."""
    job = world_job(inputs=6)
    real_one = Spoiled(lambda found: found.update(system_fingerprint=None))
    async with fake_provider([Rule(real_one)], job.world) as provider:
        models = job.config.models.model_copy(update={"base_url": provider.base_url, "agent": "mine"})
        await start(resolve(replace(with_config(job, models=models), world=None)), out, Recorder())


def test_y05_a_price_in_the_settings_reaches_the_report_of_a_run_without_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    asyncio.run(without_a_price(tmp_path / "run"))

    def reported() -> tuple[str, dict[str, Any]]:
        told = CliRunner().invoke(app, ["report", "run"])
        return told.output, json.loads((tmp_path / "run" / "result.json").read_text(encoding="utf-8"))

    said, found = reported()
    assert "no price" not in said
    assert (found["usd"], found["usd_afterwards"]) == (None, 0.0)
    (tmp_path / "maspo.toml").write_text("[models.prices]\nmine = [1.0, 2.0]\n", encoding="utf-8")
    said, found = reported()
    assert "had no price for mine" in said
    assert "of it priced afterwards" in said
    usd = sum(one["tokens_in"] + 2 * one["tokens_out"] for one in found["usage"].values()) / 1e6
    assert found["usd"] == found["usd_afterwards"] == pytest.approx(usd)
    in_use = found["per_1000_inputs"]
    for side in (in_use["before"], in_use["after"]):
        assert side["usd"] == pytest.approx((side["tokens_in"] + 2 * side["tokens_out"]) / 1e6)
    assert "had no price" not in reported()[0], "said once"
    cost = build_document(tmp_path / "run").cost
    for table in (cost.agents, cost.models):
        assert math.fsum(one.usd or math.nan for one in table) == pytest.approx(usd), (
            "the tables of the page know it, too"
        )
    burnt = [one.usd for one in cost.burn]
    assert None not in burnt, "and so does its curve of money over calls"
    assert burnt == sorted(burnt)  # type: ignore[type-var] # none is None
    assert burnt[-1] == pytest.approx(usd, abs=1e-6)


def at_the_end(folder: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / name).read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("again", ["report", "resume", "evaluate"])
def test_y06_a_price_in_the_settings_reaches_an_evaluation_that_had_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, again: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "team.yaml").write_text("agents:\n  solver:\n    prompt: You solve it.\n", encoding="utf-8")
    rows = [{"input": f"What is 3 + {n}?", "answer": str(n)} for n in range(5)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    command = [
        "evaluate",
        "team.yaml",
        "--inputs",
        "rows.jsonl",
        "--scorer",
        "exact",
        "--agent-model",
        "mine",
        "--out",
        "found",
        "--yes",
    ]

    with served() as model:
        monkeypatch.setenv("OPENAI_BASE_URL", model.url)
        first = CliRunner().invoke(app, command)
        assert first.exit_code == 0, first.output
        before = at_the_end(tmp_path / "found", "evaluation.json")
        assert (before["usd"], before["after"]["per_1000_inputs"]["usd"]) == (None, None)
        (tmp_path / "maspo.toml").write_text("[models.prices]\nmine = [1.0, 2.0]\n", encoding="utf-8")
        sent = len(model.asked)
        second = CliRunner().invoke(app, command if again == "evaluate" else [again, "found"])
        assert second.exit_code == 0, second.output
        assert len(model.asked) <= sent + 1, "no recorded call is repeated, besides the small question"

    found = at_the_end(tmp_path / "found", "evaluation.json")
    assert found["usd_afterwards"] == pytest.approx(found["usd"])
    assert found["usd"] == pytest.approx((found["tokens"]["in"] + 2 * found["tokens"]["out"]) / 1e6)
    assert found["after"]["per_1000_inputs"]["usd"] == pytest.approx(1000 * (20 + 2 * 9) / 1e6)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("mine = [-1.0, 2.0]", "models.prices"),
        ("mine = [1.0]", "models.prices"),
        ('mine = "cheap"', "models.prices"),
        ("mine = [", "not valid TOML"),
    ],
)
def test_y07_a_price_that_cannot_be_used_is_refused_wherever_it_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    asyncio.run(without_a_price(tmp_path / "run"))
    (tmp_path / "maspo.toml").write_text(f"[models.prices]\n{given}\n", encoding="utf-8")
    for command in ("report", "resume"):
        told = CliRunner().invoke(app, [command, "run"])
        assert told.exit_code == 2
        assert said in told.output

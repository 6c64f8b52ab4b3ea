"""A run decides once, before its first call, who takes part, on which inputs, at what price and in what bound."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

import maspo as package
from maspo.models.prices import PriceBook
from maspo.study import resolve
from maspo.testing.runs import SMALL_ASCENT, counted_world, world_job
from tests.cli.test_commands import world_server

if TYPE_CHECKING:
    from tests.cli.conftest import Run

ONCE = {"split": 1, "bound_of": 1, "estimate": 1, "PriceBook": 1}
PRICE = (0.4, 1.6)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with world_server() as base_url:
        yield base_url


@pytest.fixture
def decided(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each of these was worked out."""
    found: Counter[str] = Counter()

    def counted(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            found[name] += 1
            return original(*arguments, **named)

        return call

    for name in ("split", "bound_of", "estimate"):
        monkeypatch.setattr(resolve, name, counted(name, getattr(resolve, name)))
    monkeypatch.setattr(PriceBook, "__init__", counted("PriceBook", PriceBook.__init__))
    return found


@pytest.mark.parametrize("method", ["race", "ascent"])
def test_n01_the_command_decides_once(maspo: Run, url: str, decided: Counter[str], method: str) -> None:
    money = ("--max-usd", "9", "--set", f'models.prices={{"default": {list(PRICE)}}}')
    given = ("system.yaml", "--inputs", "inputs.jsonl", "--base-url", url, "--out", "run", "--max-calls", "60", *money)
    done = maspo("optimize", *given, "--set", f"search.method={method}")
    assert done.code in (0, 4), done
    assert decided == ONCE


def test_n02_the_python_api_decides_once_and_so_does_going_on(decided: Counter[str]) -> None:
    job = world_job()
    prices = {"models": job.config.models.model_copy(update={"prices": {"simulated": PRICE}})}
    config = job.config.model_copy(update={"search": SMALL_ASCENT, **prices})
    parts = package.Parts(client=counted_world(job))
    package.optimize(job.system, job.inputs, "run", config, parts, max_usd=50)
    assert decided == ONCE
    decided.clear()
    package.resume("run", parts)
    assert decided == ONCE

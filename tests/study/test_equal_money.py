"""Comparisons at equal money: what a part buys of each method, what is measured first, and going on."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from maspo.config import Caps, ModelSettings
from maspo.core.errors import ConfigInvalid, ProviderError, RunChanged
from maspo.models import PriceBook
from maspo.report.comparison import summary
from maspo.store import RunStore
from maspo.study.bound import expected_costs
from maspo.study.comparison.compare import Compared, SideBySide, compare, folder_of, recorded_comparison, settled
from maspo.study.comparison.course import course_of
from maspo.study.comparison.plan import COMPARISON, Comparison, Run, differences, kept_for_holdout
from maspo.study.optimize import DATABASE, recorded_job
from maspo.study.record import open_for_reading
from maspo.study.resolve import split_of
from maspo.testing.runs import Counted, Recorder, counted_world, world_job
from tests.study.test_comparison import IN_FLIGHT, Stopping, asked, figures, play

CHEAP, DEAR = (1.0, 4.0), (20.0, 80.0)


def at_money(usd: float | None, *names: str, seeds: tuple[int, ...] = (0,), **models: object) -> Comparison:
    """Return methods at equal money; the world reports tokens, and all of its models answer alike."""
    given = {"agent": "simulated", "prices": {"simulated": CHEAP, "dear": DEAR}, "max_tokens": 600, **models}
    settings = ModelSettings.model_validate(given)
    whole = asked(*names, seeds=seeds)
    methods = [replace(one, config=one.config.model_copy(update={"models": settings})) for one in whole.methods]
    config = whole.config.model_copy(update={"models": settings, "caps": Caps(usd=usd)})
    return replace(whole, methods=tuple(methods), config=config, equal="money")


def nowhere(comparison: Comparison) -> Comparison:
    return settled(comparison, Path("nowhere"))


# ── what a part buys ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_m01_a_method_that_asks_its_proposer_more_gets_fewer_calls_where_that_is_dear() -> None:
    # OPRO asks for eight prompts at once, SPO for one at a time.
    cheap = nowhere(at_money(6.0, "opro", "spo"))
    dear = nowhere(at_money(6.0, "opro", "spo", proposer="dear"))
    assert cheap.bought["spo"] == pytest.approx(cheap.bought["opro"], rel=0.1)
    assert dear.bought["spo"] < 0.6 * dear.bought["opro"] < 0.6 * cheap.bought["opro"]
    assert cheap.usd == pytest.approx(dear.usd, rel=0.01), "a part is money, whoever spends it"
    for made in (cheap, dear):
        for method in made.methods:
            study = made.study_of(Run(method, 0), Caps())
            costs = expected_costs(study.job, study.bound, study.prices)
            assert costs is not None
            assert made.bought[method.name] * sum(costs.values()) == pytest.approx(0.9 * made.usd, rel=0.1)


def test_m02_the_parts_and_what_is_kept_are_the_cap_and_plans_grow_with_it() -> None:
    for usd in (2.0, 4.0):
        made = nowhere(at_money(usd, "opro", "spo", seeds=(0, 1)))
        kept = kept_for_holdout(made).usd
        assert kept is not None
        assert made.usd * len(made.runs) + kept == pytest.approx(usd)
        assert {method.name: method.calls for method in made.methods} == made.bought
    small, large = (nowhere(at_money(usd, "opro", "spo")).bought for usd in (2.0, 4.0))
    assert all(large[name] > 1.5 * small[name] for name in small)


def test_m03_all_runs_hold_out_the_same_inputs_whatever_their_plans() -> None:
    made = nowhere(at_money(3.0, "opro", "default", "paper", proposer="dear"))
    (held,) = {split_of(replace(made.job, config=method.config)).holdout for method in made.methods}
    assert held == made.holdout


@pytest.mark.parametrize(
    ("usd", "models", "told"),
    [
        (None, {}, "give --max-usd"),
        (1.0, {"prices": {}}, "no price is known for simulated"),
        (1.0, {"proposer": "unheard"}, "no price is known for unheard"),
        (1.0, {"prices": {"simulated": (0.0, 0.0)}}, "cost nothing"),
        (0.05, {}, "--max-usd 0.05"),
    ],
)
def test_m04_what_cannot_be_shared_out_is_refused_with_the_fix(
    tmp_path: Path, usd: float | None, models: dict[str, Any], told: str
) -> None:
    with pytest.raises(ConfigInvalid, match=told):
        settled(at_money(usd, "opro", "spo", **models), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_m05_as_much_as_a_refusal_asks_for_is_enough() -> None:
    with pytest.raises(ConfigInvalid) as refused:
        nowhere(at_money(0.05, "opro", "spo"))
    enough = float(str(refused.value).split("give ")[1].split(" or more")[0])
    assert min(nowhere(at_money(enough, "opro", "spo")).bought.values()) >= 100


# ── what the runs do ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_m10_each_run_spends_its_part_and_the_cap_holds_over_all(tmp_path: Path) -> None:
    found, world = play(at_money(1.0, "default", "opro", "paper"), tmp_path)
    made = found.comparison
    assert world.calls == found.spent.calls
    assert found.spent.usd is not None
    assert found.spent.usd <= 1.0
    assert found.left_out == 0
    assert found.cut == (), "to end at one's own money is no cut"
    spent = {end.run.name: end.usage.usd or 0.0 for end in found.runs}
    for end in found.runs:
        config = recorded_job(folder_of(tmp_path, end.run)).config
        assert config.caps.usd == pytest.approx(made.usd)
        assert config.caps.calls is None
        assert 0.6 * made.usd <= spent[end.run.name] <= made.usd, spent


Played: TypeAlias = tuple[Path, Comparison, Compared, Counted]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """Return a comparison at equal money that has ended: its folder, its first terms, what it found, the world."""
    out = tmp_path_factory.mktemp("money")
    first = settled(at_money(0.7, "opro", "spo"), out)
    return out, first, *play(at_money(0.7, "opro", "spo"), out)


def test_m11_plans_follow_what_calls_were_measured_to_cost(played: Played) -> None:
    out, first, found, _ = played
    made = found.comparison
    assert first.came_to == {}
    assert 0 < made.came_to["agent"] < 1, "the world is briefer than assumed"
    assert made.holdout == first.holdout
    assert all(made.bought[name] > calls for name, calls in first.bought.items())
    assert recorded_comparison(out).bought == made.bought


def test_m13_on_a_simulated_world_the_money_that_runs_had_is_told_at_the_prices_given(played: Played) -> None:
    simulated = replace(played[2], simulated=True)
    assert "nothing (simulated)" not in summary(simulated)
    by_calls = replace(simulated, comparison=replace(simulated.comparison, bought={}))
    assert "nothing (simulated)" in summary(by_calls)


def test_m12_moments_on_the_way_are_equal_steps_of_money(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found, _ = play(replace(at_money(0.5, "opro"), points=3), tmp_path)
    (end,) = found.runs
    database = folder_of(tmp_path, end.run) / DATABASE

    def course(prices: PriceBook) -> list[float | None]:
        with open_for_reading(database) as record:
            return [held.usd for held in course_of(found.comparison, end.run, record, end.finished.winners, prices)]

    with open_for_reading(database) as record:
        *way, last = course_of(found.comparison, end.run, record, end.finished.winners, PriceBook())
    steps = [held for number, held in enumerate(way, 1) if held.name != end.run.name]
    for number, held in enumerate(steps, 1):
        assert held.usd is not None
        assert held.usd == pytest.approx(number * found.comparison.usd / 4, abs=0.003)
    assert way
    known = RunStore.spent
    monkeypatch.setattr(RunStore, "spent", lambda store: [one._replace(usd=None) for one in known(store)])
    assert course(PriceBook({"simulated": CHEAP})) == pytest.approx([held.usd for held in (*way, last)]), "added later"
    assert course(PriceBook())[-1] is None


@pytest.mark.parametrize("share", [0.02, 0.5])
def test_m20_a_killed_comparison_goes_on_at_the_same_parts_and_repeats_no_recorded_call(
    tmp_path: Path, played: Played, share: float
) -> None:
    comparison, (_, _, whole, once) = at_money(0.7, "opro", "spo"), played
    world = counted_world(world_job(), Stopping(int(share * once.calls)))
    with pytest.raises(ProviderError):
        play(comparison, tmp_path, world)
    answered = Counter(world.keys)
    again = counted_world(world_job())
    found, _ = play(comparison, tmp_path, again)
    assert figures(found) == figures(whole)
    assert found.comparison.bought == whole.comparison.bought
    assert once.calls <= sum(answered.values()) + again.calls <= once.calls + IN_FLIGHT


def test_m21_the_record_reads_back_and_other_terms_are_another_comparison(played: Played) -> None:
    out, *_ = played
    made = recorded_comparison(out)
    assert differences(made, COMPARISON.load(COMPARISON.dump(made))) == ()
    at_calls = replace(at_money(5.0, "opro", "spo"), equal="calls")
    with pytest.raises(RunChanged) as refused:
        asyncio.run(compare(settled(at_calls, out), out, SideBySide(Recorder())))
    assert any("--equal: was money, is calls" in line for line in refused.value.differences)


def test_m22_a_higher_cap_leaves_the_parts_as_they_were(played: Played) -> None:
    out, _, found, _ = played
    again, idle = play(at_money(5.0, "opro", "spo"), out)
    assert idle.calls == 0
    assert again.comparison.usd == found.comparison.usd
    assert [end.usage for end in again.runs] == [end.usage for end in found.runs]
    assert again.inputs == found.inputs

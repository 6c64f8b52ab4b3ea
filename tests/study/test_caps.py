"""Hard caps: never overshot, the best so far is saved, and the run can go on with a higher cap."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from maspo.config import Caps, HoldoutSettings, JudgeSettings, RunConfig, search_of
from maspo.core.errors import EXIT_BUDGET, EXIT_OK, ConfigInvalid
from maspo.events import BudgetStopped
from maspo.models.base import Request, Stage, Transient
from maspo.models.leases import Amount, Cap, Lease
from maspo.optimizers.race.settings import FEWEST_CALLS
from maspo.report.closing import closing
from maspo.report.folder import look
from maspo.report.higher_cap import higher_cap
from maspo.report.questions import answers
from maspo.report.sentences import cap_of
from maspo.store.run_store import RunStore
from maspo.study.bound import remarks_on_budget
from maspo.study.job import Estimate, Job, Outcome
from maspo.study.resolve import resolve, split_of
from maspo.testing.runs import SMALL, Recorder, begin, counted_world, go_on, with_config, world_job
from maspo.world.spec import WorldSpec
from tests.lengths import length

PRICES = {"simulated": (1.0, 4.0)}


def capped(job: Job, **caps: float) -> Job:
    return with_config(job, caps=Caps.model_validate(caps))


def spent(outcome: Outcome) -> int:
    return sum(each.calls for each in outcome.usage.values())


@pytest.mark.parametrize("method", sorted(SMALL))
async def test_c01_a_cap_on_calls_is_never_overshot_and_the_best_so_far_is_saved(tmp_path: Path, method: str) -> None:
    base = world_job(spec=WorldSpec(seed=5))
    # Questions to the judge beforehand are left out under a cap that is low, and so a run may need fewer calls.
    base = with_config(base, search=SMALL[method], judge=JudgeSettings(plain_pairs=0))
    needed = counted_world(base)
    await begin(base, tmp_path / "whole", needed)
    for cap in (1, 2, 5, 17, 40, needed.calls - 1, needed.calls + 80):
        model = counted_world(base)
        watcher = Recorder()
        outcome = await begin(capped(base, calls=cap), tmp_path / str(cap), model, watcher=watcher)
        assert outcome.finished is not None
        assert model.calls == spent(outcome) <= cap
        assert outcome.exit_code == (EXIT_OK if outcome.finished.complete else EXIT_BUDGET)
        assert json.loads((tmp_path / str(cap) / "prompts.json").read_text()) == outcome.finished.prompts
        if cap < needed.calls:
            assert not outcome.finished.complete
            assert "by a cap" in outcome.finished.why or f"--max-calls {cap}" in outcome.finished.why
    assert outcome.exit_code == EXIT_OK, "a cap that is high enough changes nothing"


async def test_a_cap_before_any_decision_says_what_would_do(tmp_path: Path) -> None:
    job = world_job(spec=WorldSpec(seed=5))
    outcome = await begin(capped(job, calls=17), tmp_path / "run")
    assert outcome.finished is not None
    assert "before any change was tried to the end" in outcome.finished.why
    assert "`maspo estimate` tells" in outcome.finished.why
    assert "fewer --max-calls" not in outcome.finished.why, "calls are what was too few"
    assert "nothing better" not in outcome.finished.why


def test_a_shared_budget_that_is_nearly_spent_is_remarked_on() -> None:
    plan = resolve(world_job(spec=WorldSpec(seed=5))).plan
    (remark,) = remarks_on_budget("team", 50, None, plan)
    assert "--budget team has 50 calls left" in remark and f"{plan.about:,} are expected" in remark
    assert remarks_on_budget("team", plan.about, None, plan) == []
    assert remarks_on_budget("team", None, None, plan) == []


@pytest.mark.parametrize("stage", [Stage.LOST, Stage.REFUSED, Stage.LIMITED])
async def test_c02_retries_use_up_a_cap_where_an_answer_got_lost_and_not_where_it_was_refused(
    tmp_path: Path, stage: Stage
) -> None:
    tries: dict[str, int] = {}

    async def fail_first(request: Request) -> None:
        tries[request.key] = tries.get(request.key, 0) + 1
        if tries[request.key] == 1 and request.purpose != "other.probe":
            raise Transient("not now", stage, retry_after=0.0)

    job = capped(world_job(), calls=15)
    model = counted_world(job, fail_first)
    outcome = await begin(job, tmp_path / "run", model)
    refused = sum(each.refused for each in outcome.usage.values())
    answered = sum(each.calls - each.failed for each in outcome.usage.values())
    assert model.calls == spent(outcome) <= 15 + refused
    assert bool(refused) == (stage is not Stage.LOST)
    assert answered < 15 if stage is Stage.LOST else answered == 15, "nothing is kept before a prompt has changed"
    assert outcome.exit_code == EXIT_BUDGET
    caps = Caps.model_validate({"calls": 20})
    more = await go_on(job, tmp_path / "run", model, caps=caps)
    assert spent(more) - sum(each.refused for each in more.usage.values()) <= 20, "over all processes together"
    assert sum(each.refused for each in more.usage.values()) >= refused


async def test_c03_the_final_test_is_still_held_when_it_can_be_afforded(tmp_path: Path) -> None:
    job = world_job(spec=WorldSpec(seed=5))
    full = counted_world(job)
    await begin(job, tmp_path / "whole", full)
    watcher = Recorder()
    outcome = await begin(capped(job, calls=full.calls - 5), tmp_path / "run", watcher=watcher)
    assert outcome.finished is not None and not outcome.finished.complete
    assert outcome.exit_code == EXIT_BUDGET
    if outcome.finished.winners != job.system.prompts:
        assert outcome.finished.holdout.n > 0
    assert [event.cap for event in watcher.events if isinstance(event, BudgetStopped)] == [
        f"--max-calls {full.calls - 5}"
    ]


async def test_c11_a_final_test_that_is_cut_short_is_not_a_finished_plan(tmp_path: Path) -> None:
    job = world_job(inputs=60, spec=WorldSpec(seed=5))
    job = with_config(job, holdout=job.config.holdout.model_copy(update={"share": 0.9}))
    held_out = {row.columns["input"] for row in job.inputs.rows if row.key in split_of(job).holdout}
    searching = 0

    async def count(request: Request) -> None:
        nonlocal searching
        searching += not any(each in request.messages[-1].content for each in held_out)

    model = counted_world(job, count)
    await begin(job, tmp_path / "whole", model)
    cap = 2 * searching + 10
    assert cap < model.calls, "the final test must be the larger half"
    outcome = await begin(capped(job, calls=cap), tmp_path / "run")
    assert outcome.finished is not None
    assert outcome.finished.winners != job.system.prompts
    left = len(held_out) - outcome.finished.holdout.n
    assert f"{left} hold-out inputs were left out by --max-calls {cap}." in outcome.finished.why
    assert outcome.finished.cap == f"--max-calls {cap}"
    looked = look(tmp_path / "run")
    told = f"--max-calls {cap} cut the final test short: {left} of {len(held_out)} hold-out inputs were not tested."
    assert told in " ".join(closing(looked.view, 10_000).split())
    assert f"Not known: --max-calls {cap} cut the test short; a higher one lets it go on" in closing(looked.view)
    assert any(told in answer.answer for answer in answers(looked.view))
    option, _, more = higher_cap(outcome.finished.cap, outcome.usage, outcome.seconds, looked.expected).partition(" ")
    assert option == "--max-calls" and int(more) > cap
    assert 0 < outcome.finished.holdout.n < len(held_out)
    assert "The search was cut short" not in outcome.finished.why
    assert (outcome.finished.complete, outcome.exit_code) == (False, EXIT_BUDGET)
    for _ in range(2):  # to open it again, when nothing more can be tested, is no look
        again = await go_on(job, tmp_path / "run")
        assert again.finished is not None and again.finished.holdout == outcome.finished.holdout
    end = await go_on(job, tmp_path / "run", caps=Caps(calls=int(more)))
    assert end.finished is not None and end.exit_code == EXIT_OK
    assert end.finished.cap == "" and "cut the final test" not in closing(look(tmp_path / "run").view)
    assert end.finished.holdout.n == len(held_out)
    assert (outcome.finished.holdout.look, end.finished.holdout.look) == (1, 2)


async def test_c04_a_run_that_met_a_cap_goes_on_with_a_higher_one(tmp_path: Path) -> None:
    job = world_job(spec=WorldSpec(seed=5))
    whole = counted_world(job)
    await begin(job, tmp_path / "whole", whole)
    first = counted_world(job)
    stopped = await begin(capped(job, calls=40), tmp_path / "run", first)
    assert stopped.exit_code == EXIT_BUDGET
    same = counted_world(job)
    assert (await go_on(job, tmp_path / "run", same)).exit_code == EXIT_BUDGET
    assert first.calls + same.calls <= 40
    second = counted_world(job)
    end = await go_on(job, tmp_path / "run", second, caps=Caps.model_validate({"calls": 10_000}))
    assert end.exit_code == EXIT_OK
    assert not (first.keys + same.keys) & second.keys
    assert (tmp_path / "run" / "prompts.json").read_bytes() == (tmp_path / "whole" / "prompts.json").read_bytes()


@pytest.mark.parametrize(("seed", "share"), [(5, 0.2), (6, 0.5), (7, 0.8)])
async def test_c15_the_cap_that_is_named_to_go_on_with_lets_the_run_end(
    tmp_path: Path, seed: int, share: float
) -> None:
    job = world_job(spec=WorldSpec(seed=seed))
    whole = counted_world(job)
    await begin(job, tmp_path / "whole", whole)
    stopped = await begin(capped(job, calls=int(share * whole.calls)), tmp_path / "run")
    assert stopped.finished is not None and stopped.exit_code == EXIT_BUDGET
    looked = look(tmp_path / "run")
    named = higher_cap(cap_of(looked.view), stopped.usage, stopped.seconds, looked.expected)
    assert named.startswith("--max-calls ")
    end = await go_on(job, tmp_path / "run", caps=Caps(calls=int(named.removeprefix("--max-calls "))))
    assert end.exit_code == EXIT_OK


async def test_c05_a_cap_in_money_is_never_overshot(tmp_path: Path) -> None:
    job = world_job(spec=WorldSpec(seed=5))
    models = job.config.models.model_copy(update={"prices": PRICES, "max_tokens": 300})
    job = with_config(job, models=models)
    whole = await begin(job, tmp_path / "whole")
    price = sum(each.usd or 0.0 for each in whole.usage.values())
    assert price > 0
    for share in (0.05, 0.4, 0.8):
        outcome = await begin(capped(job, usd=price * share), tmp_path / str(share))
        paid = [each.usd for each in outcome.usage.values()]
        assert None not in paid
        assert 0 < sum(usd or 0.0 for usd in paid) <= price * share
        assert outcome.exit_code == EXIT_BUDGET
    assert (await begin(capped(job, usd=price * 20), tmp_path / "enough")).exit_code == EXIT_OK


async def test_c06_a_cap_in_money_over_an_unknown_price_is_refused_before_anything_is_paid(tmp_path: Path) -> None:
    job = world_job()
    models = job.config.models.model_copy(update={"agent": "nobody-knows-this-model"})
    job = capped(with_config(job, models=models), usd=1.0)
    model = counted_world(job)
    with pytest.raises(ConfigInvalid, match="nobody-knows-this-model"):
        await begin(job, tmp_path / "run", model)
    assert model.calls == 0
    assert not (tmp_path / "run").exists(), "the same command works once the price is set"


async def test_c07_a_cap_in_time_cuts_calls_in_flight(tmp_path: Path) -> None:
    async def hang(request: Request) -> None:
        if request.purpose != "other.probe":
            await asyncio.Event().wait()

    job = capped(world_job(), minutes=0.3 / 60)
    outcome = await asyncio.wait_for(begin(job, tmp_path / "run", counted_world(job, hang)), 20)
    assert outcome.exit_code == EXIT_BUDGET
    assert outcome.finished is not None
    assert outcome.finished.prompts == job.system.prompts
    assert "--max-minutes" in outcome.finished.why


# ── the estimate ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("method", sorted(SMALL))
@pytest.mark.parametrize("topology", ["reflect", "hierarchical", "sequential4"])
async def test_c08_the_estimate_is_an_upper_bound_of_the_calls(tmp_path: Path, method: str, topology: str) -> None:
    for seed in (1, 2):
        job = world_job(topology, spec=WorldSpec(seed=seed))
        job = with_config(job, search=SMALL[method])
        expected = resolve(job).plan.calls
        model = counted_world(job)
        await begin(job, tmp_path / str(seed), model)
        found = {
            kind: sum(model.purposes[each] for each in model.purposes if each.startswith(kind)) for kind in expected
        }
        assert found == {kind: min(calls, expected[kind]) for kind, calls in found.items()}


@pytest.mark.parametrize(
    ("topology", "profile", "labels"),
    [
        ("reflect", "default", "ignore"),
        ("reflect", "default", "use"),
        ("reflect", "cheap", "ignore"),
        ("hierarchical", "default", "ignore"),
        ("hierarchical", "cheap", "use"),
    ],
)
async def test_c12_whole_runs_stay_within_what_was_said_beforehand(
    tmp_path: Path, topology: str, profile: Literal["default", "cheap"], labels: Literal["ignore", "use"]
) -> None:
    for seed in range(length(1, 20)):
        spec = WorldSpec(seed=seed)
        config = RunConfig(profile=profile, seed=seed, labels=labels, search=search_of(profile, {}))
        job = replace(world_job(topology, 120, spec), config=config)
        expected = resolve(job).plan
        model = counted_world(job)
        await begin(job, tmp_path / str(seed), model)
        assert expected.planned / 2 < model.calls <= expected.most < 2.7 * expected.planned


@pytest.mark.parametrize(
    ("labels", "profile", "given", "planned"),
    [
        ("ignore", "default", {}, 1400),
        ("use", "default", {}, 2000),
        ("use", "default", {"calls_per_agent": 400}, 800),
        ("use", "cheap", {}, 980),
    ],
)
def test_c13_where_labels_decide_more_calls_are_planned_unless_a_number_is_set(
    labels: Literal["ignore", "use"], profile: Literal["default", "cheap"], given: dict[str, int], planned: int
) -> None:
    config = RunConfig(profile=profile, labels=labels, search=search_of(profile, given))
    assert resolve(replace(world_job("reflect", 120, WorldSpec(seed=0)), config=config)).plan.planned == planned


def test_c09_an_estimate_says_sizes_tokens_and_money_without_any_call() -> None:
    job = world_job(inputs=10)
    unknown = resolve(job).plan
    assert (unknown.search_inputs, unknown.holdout_inputs) == (5, 5)
    assert unknown.tokens_in > unknown.tokens_out > 0
    assert any("only 5 hold-out inputs" in note for note in unknown.notes)
    models = job.config.models.model_copy(update={"prices": PRICES})
    priced = resolve(with_config(job, models=models)).plan
    assert priced.unpriced == ()
    assert priced.usd == pytest.approx((priced.tokens_in * 1.0 + priced.tokens_out * 4.0) / 1e6)
    nobody = job.config.models.model_copy(update={"judge": "nobody"})
    assert resolve(with_config(job, models=nobody)).plan.usd is None
    assert "nobody" in resolve(with_config(job, models=nobody)).plan.unpriced


def test_c14_what_is_expected_is_less_than_the_bound_and_compared_with_the_caps() -> None:
    job = with_config(world_job("reflect", 60), search=search_of("default", {}))
    prices = job.config.models.model_copy(update={"prices": {job.config.models.agent: (1, 1)}})

    def plan(**caps: float) -> Estimate:
        return resolve(with_config(job, models=prices, caps=Caps(**caps))).plan  # type: ignore[arg-type]

    free = plan()
    assert free.expected is not None and free.usd is not None and free.expected.usd is not None
    assert free.expected.tokens_in < free.tokens_in and free.expected.tokens_out < free.tokens_out
    assert 0 < free.expected.usd < free.usd
    assert free.expected.usd == pytest.approx((free.expected.tokens_in + free.expected.tokens_out) / 1e6, rel=1e-3)
    assert not [note for note in free.notes if "is below" in note]
    (said,) = [note for note in plan(calls=300).notes if "is below" in note]
    assert free.planned == 1400 and free.about == free.planned + free.beyond, "proofs of conflicts are on top"
    assert said.startswith(f"--max-calls 300 is below the {free.about:,} calls expected")
    assert f"search.calls={300 - free.beyond}" in said
    fitting = with_config(job, search=search_of("default", {"calls": 300 - free.beyond}), caps=Caps(calls=300))
    assert not [note for note in resolve(fitting).plan.notes if "is below" in note], "what is advised is enough"
    for caps in ({"calls": FEWEST_CALLS - 1}, {"usd": free.expected.usd / 100}):
        (said,) = [note for note in plan(**caps).notes if "is below" in note]
        assert said.endswith("Give more"), "no plan that is refused is advised"
    (said,) = [note for note in plan(usd=free.expected.usd * 0.50025).notes if "is below" in note]
    assert said.startswith("--max-usd") and f"search.calls={free.about // 2 - free.beyond}" in said
    assert plan(calls=free.about, usd=free.expected.usd).notes == free.notes
    paper = resolve(with_config(job, search=SMALL["ascent"])).plan
    assert paper.expected is None, "where there is no plan, there is a bound only"


def test_c10_an_own_model_of_an_agent_is_priced_as_such() -> None:
    job = world_job(inputs=10)
    dear = replace(job.system.agents[0], model="dear")
    system = replace(job.system, agents=(dear, *job.system.agents[1:]))
    cheap = {**PRICES, "dear": (1.0, 4.0)}
    costly = {**PRICES, "dear": (100.0, 400.0)}

    def usd(prices: dict[str, tuple[float, float]]) -> float:
        models = job.config.models.model_copy(update={"prices": prices})
        found = resolve(with_config(replace(job, system=system), models=models)).plan.usd
        assert found is not None
        return found

    assert usd(costly) > 2 * usd(cheap)


@pytest.mark.parametrize("share", [0.92, 0.95, 1.0])
@pytest.mark.parametrize("most_tokens", [200, 4096])
async def test_c41_a_test_that_money_cuts_counts_all_that_was_paid_whole_and_is_the_same_when_it_goes_on(
    tmp_path: Path, share: float, most_tokens: int
) -> None:
    job = world_job(spec=WorldSpec(seed=5), inputs=40)
    models = job.config.models.model_copy(update={"prices": PRICES, "max_tokens": most_tokens})
    job = with_config(job, search=SMALL["ascent"], holdout=HoldoutSettings(share=0.75), models=models)
    whole = await begin(job, tmp_path / "whole")
    cap = share * sum(each.usd or 0.0 for each in whole.usage.values())
    first = await begin(capped(job, usd=cap), tmp_path / "run")
    assert first.finished is not None and first.finished.cap
    model = counted_world(job)
    again = await go_on(job, tmp_path / "run", model)
    assert again.finished is not None and model.calls <= 6, "the input that was cut may have gone on, and no further"
    assert again.finished.holdout == first.finished.holdout, "no other test, and no further look"
    more = await go_on(job, tmp_path / "run", caps=Caps(usd=1.02 * cap))
    assert more.finished is not None and more.finished.holdout.n >= first.finished.holdout.n > 8


class Purse:
    """A budget of many runs, in memory: so many calls."""

    name = "purse"

    def __init__(self, calls: int) -> None:
        self._cap, self._held = Cap(calls=calls), Amount()

    async def take_up(self, spent: Amount) -> Lease:
        self._held = spent
        return Lease(self._held, self._cap, 0.0)

    async def grow(self, short: Amount) -> Lease | None:
        if not short.fits(self._cap.free(self._held)):
            return None
        self._held += short
        return Lease(self._held, self._cap, 0.0)

    async def give_back(self, spent: Amount) -> None:
        self._held = spent


async def test_c40_a_budget_of_many_runs_leaves_out_the_last_inputs_of_the_test_as_a_cap_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = with_config(world_job(spec=WorldSpec(seed=5), inputs=40), search=SMALL["ascent"])
    whole = await begin(base, tmp_path / "whole")
    assert whole.finished is not None and whole.finished.holdout.n > 16
    calls = spent(whole) - 4  # too few for the last input alone
    monkeypatch.setattr(RunStore, "pool", lambda _: Purse(calls))
    model = counted_world(base)
    cut = await begin(base, tmp_path / "cut", model)
    assert cut.finished is not None and model.calls <= calls
    assert cut.finished.cap == "--budget purse" and "left out by --budget purse" in cut.finished.why
    assert 0 < cut.finished.holdout.n < whole.finished.holdout.n

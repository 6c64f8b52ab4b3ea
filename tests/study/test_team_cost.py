"""What an input costs a team in use, as the hold-out test tells it: Q01 to Q11."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maspo.config import AgentConnection, ModelSettings, RoleConnections
from maspo.core.team_cost import Cost
from maspo.core.trace import Call, ToolUse, Trace
from maspo.models.base import Reply, Request
from maspo.models.prices import LONG_PROMPT, Price, PriceBook
from maspo.report.closing import closing
from maspo.report.fold import RunView
from maspo.report.folder import look, write_results
from maspo.report.questions import answers
from maspo.report.team_cost import describe_change
from maspo.store import RunStore
from maspo.study.conclusion import holdout_id
from maspo.study.optimize import DATABASE
from maspo.study.record import JsonForm
from maspo.study.resolve import resolve
from maspo.study.team_cost import mean_cost, priced_by_now
from maspo.team.app import App
from maspo.testing.runs import Counted, begin, go_on, with_config, world_job
from maspo.world import World
from tests.report.test_holdout_file import Given, Silent, turned_round

PRICES = PriceBook({"small": (1.0, 2.0), "large": (10.0, 20.0)})
MODELS = ModelSettings(agent="small")


RECORDED = JsonForm(Cost, "a cost")


def trace(*calls: tuple[str, int | None, int | None]) -> Trace:
    made = tuple(Call(name, "said", tokens_in=read, tokens_out=written) for name, read, written in calls)
    return Trace("key", made, "said")


def test_q01_each_call_is_priced_at_its_agents_model_and_runs_are_averaged() -> None:
    system = world_job().system
    first, *others = system.agents
    system = replace(system, agents=(replace(first, model="large"), *others))
    last = system.agents[-1].name
    runs = [trace((first.name, 100, 10), (last, 50, 5)), trace((last, 50, 5))]
    found = mean_cost(runs, system, MODELS, PRICES)
    assert found is not None
    assert (found.calls, found.tokens_in, found.tokens_out) == (1.5, 100, 10)
    dear, cheap = 100 * 10e-6 + 10 * 20e-6, 50 * 1e-6 + 5 * 2e-6
    assert found.usd == pytest.approx((dear + 2 * cheap) / 2)


def test_q02_what_one_call_does_not_tell_is_unknown_of_all_and_no_run_costs_nothing_known() -> None:
    system = world_job().system
    name = system.agents[0].name
    silent = mean_cost([trace((name, 100, 10)), trace((name, None, 10))], system, MODELS, PRICES)
    assert silent is not None
    assert (silent.calls, silent.tokens_in, silent.tokens_out, silent.usd) == (1, None, 10, None)
    unpriced = mean_cost([trace((name, 100, 10))], system, ModelSettings(agent="other"), PRICES)
    assert unpriced is not None and (unpriced.tokens_in, unpriced.usd) == (100, None)
    stranger = mean_cost([trace(("nobody", 100, 10))], system, MODELS, PRICES)
    assert stranger is not None and stranger.usd is None
    assert mean_cost([], system, MODELS, PRICES) is None


def test_q07_a_turn_with_tools_is_as_many_calls_as_it_takes_each_priced_by_its_own_length() -> None:
    system = world_job().system
    name, read = system.agents[0].name, LONG_PROMPT // 2
    used = (ToolUse("add", "{}", "4"), ToolUse("now", "{}", "noon"))
    one_by_one = Call(name, "said", tokens_in=3 * read, tokens_out=30, tools=used)
    at_once = replace(one_by_one, tokens_in=2 * read, replies=2)
    for call, calls in ((one_by_one, 3), (at_once, 2)):
        found = mean_cost([Trace("key", (call,), "said")], system, MODELS, PRICES)
        assert found is not None and found.calls == calls
        asked = Asked()
        mean_cost([Trace("key", (call,), "said")], system, MODELS, asked)
        assert asked.lengths == [read], "no call was longer, so none is billed as a long one"


class Asked(PriceBook):
    """A book of prices that notes what it was asked for."""

    def __init__(self) -> None:
        super().__init__({})
        self.lengths: list[int] = []
        self.endpoints: list[str] = []

    def price(self, model: str, prompt_tokens: int = 0, endpoint: str = "") -> Price | None:
        self.lengths.append(prompt_tokens)
        self.endpoints.append(endpoint)
        return super().price(model, prompt_tokens, endpoint)


def test_q08_a_team_is_priced_where_it_is_answered_and_an_app_where_all_roles_are() -> None:
    system = world_job().system
    roles = RoleConnections(agent=AgentConnection(base_url="https://api.openai.com/v1"))
    models = ModelSettings(agent="small", base_url="http://127.0.0.1:1/v1", roles=roles)
    for team, asked_at in ((system, "agent"), (replace(system, app=App("app:answer")), "")):
        prices = Asked()
        found = mean_cost([trace((system.agents[0].name, 100, 10))], team, models, prices)
        assert found is not None
        priced_by_now(found, team, models, prices)
        assert prices.endpoints == [asked_at] * 2


@pytest.mark.parametrize("known", [("small", "large"), ("small",), ()])
@pytest.mark.parametrize("at_first", [{}, {"small": (1.0, 2.0)}])
def test_q10_a_team_of_several_models_is_priced_afterwards_as_it_would_have_been_at_once(
    known: tuple[str, ...], at_first: dict[str, tuple[float, float]]
) -> None:
    system = world_job().system
    first, *others = system.agents
    system = replace(system, agents=(replace(first, model="large"), *others))
    last = system.agents[-1].name
    runs = [trace((first.name, LONG_PROMPT + 1, 10), (last, 50, 5)), trace((last, 50, 5), (last, 70, 1)), trace()]
    unpriced = mean_cost(runs, system, MODELS, PriceBook(at_first))
    at_once = mean_cost(runs, system, MODELS, PRICES)
    assert unpriced is not None and at_once is not None
    assert unpriced.usd is None and at_once.by_model == ()
    again = RECORDED.load(RECORDED.dump(unpriced))
    assert again == unpriced, "a record keeps what it is priced by"
    prices = {"small": (1.0, 2.0), "large": (10.0, 20.0)}
    found = priced_by_now(again, system, MODELS, PriceBook({model: prices[model] for model in known}))
    if len(known) < 2:
        assert found == again, "a part of the money is not told for the whole"
    else:
        assert found.usd == pytest.approx(at_once.usd)


def test_q11_a_cost_recorded_before_is_priced_where_the_team_has_one_model_and_untold_elsewhere() -> None:
    system = world_job().system
    cost = Cost(2, 1000, 100, None)
    assert priced_by_now(cost, system, MODELS, PRICES).usd == 1000 * 1e-6 + 100 * 2e-6
    first, *others = system.agents
    two = replace(system, agents=(replace(first, model="large"), *others))
    assert priced_by_now(cost, two, MODELS, PRICES) == cost
    assert RECORDED.load('{"calls": 2, "tokens_in": 1000, "tokens_out": 100, "usd": null}') == cost


@given(st.lists(st.tuples(st.integers(1, 10**6), st.integers(1, 10**6)), min_size=2, max_size=8), st.randoms())
def test_q09_runs_in_another_order_cost_the_same_to_the_last_digit(
    tokens: list[tuple[int, int]], draw: random.Random
) -> None:
    system = world_job().system
    name = system.agents[0].name
    prices = PriceBook({"small": (0.15, 0.6)})
    runs = [trace((name, read, written)) for read, written in tokens]
    turned = draw.sample(runs, len(runs))
    assert mean_cost(runs, system, MODELS, prices) == mean_cost(turned, system, MODELS, prices)


async def test_q03_the_test_tells_what_its_own_runs_cost_with_either_prompts(tmp_path: Path) -> None:
    job, parts = turned_round()
    models = job.config.models
    job = with_config(job, models=models.model_copy(update={"prices": {models.agent: (1.0, 2.0)}}))
    outcome = await begin(job, tmp_path, parts=parts)
    assert outcome.finished is not None
    change = outcome.finished.holdout.cost
    assert change is not None and change.inputs == len(resolve(job, parts).split.holdout)
    store = RunStore.read(tmp_path / DATABASE)
    runs = [runs for _, runs in store.compared(holdout_id(outcome.finished.winners, "")).values() if runs]
    store.close_reader()
    assert len(runs) == change.inputs
    for told, traces in (
        (change.before, [one.reference for one in runs]),
        (change.after, [one.candidate for one in runs]),
    ):
        read = [sum(call.tokens_in or 0 for call in one.calls) for one in traces]
        written = [sum(call.tokens_out or 0 for call in one.calls) for one in traces]
        assert told.tokens_in == pytest.approx(fmean(read)) and told.tokens_out == pytest.approx(fmean(written))
        assert told.usd == pytest.approx(fmean(read) * 1e-6 + fmean(written) * 2e-6)
    assert change.before.tokens_in != change.after.tokens_in, "best prompts and seed prompts differ in length"
    write_results(tmp_path)
    figures = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))["per_1000_inputs"]
    assert figures["measured_on"] == change.inputs
    assert figures["after"]["usd"] == pytest.approx(1000 * (change.after.usd or 0))
    kept_back = look(tmp_path).view
    assert kept_back.finished is not None and kept_back.finished.shipped == "seed", "the worst prompts are the new ones"
    view = replace(kept_back, finished=replace(kept_back.finished, shipped="optimized"))
    [line] = [line for line in closing(view).split("\n") if line.startswith("in use ")]
    assert (
        line.startswith(f"in use     1,000 inputs, seed → new: {describe_change(change, False)[:50]}")
        and len(line) <= 100
    )
    [line] = [line for line in closing(kept_back).split("\n") if line.startswith("in use ")]
    assert "1,000 inputs, seed → new if these shipped: " in line and len(line) <= 100
    assert ["which do not ship" in text for one in (view, kept_back) if (text := money_told(one))] == [False, True]
    assert "$" in describe_change(change, False) and "$" not in describe_change(change, True)


async def test_q04_inputs_on_which_a_run_brought_no_answer_are_left_out_on_both_sides(tmp_path: Path) -> None:
    job, parts = turned_round()
    rows = {row.key: row for row in job.inputs.rows}
    held = resolve(job, parts).split.holdout
    silent = Silent(job, frozenset(rows[key].columns["input"] for key in held[:2]))
    outcome = await begin(job, tmp_path, Counted(silent), parts=parts)
    assert outcome.finished is not None and outcome.finished.holdout.cost is not None
    assert outcome.finished.holdout.cost.inputs == len(held) - 2


async def test_q05_nothing_is_told_where_no_prompt_changed_and_a_run_that_is_opened_again_says_the_same(
    tmp_path: Path,
) -> None:
    job, parts = turned_round()
    first = await begin(job, tmp_path / "a", parts=parts)
    again = await go_on(job, tmp_path / "a", parts=parts)
    assert first.finished and again.finished and first.finished.holdout.cost == again.finished.holdout.cost
    unchanged = replace(parts, optimizer=Given(job.system.prompts))
    same = await begin(job, tmp_path / "b", parts=unchanged)
    assert same.finished is not None and same.finished.holdout.cost is None
    write_results(tmp_path / "b")
    assert "per_1000_inputs" not in json.loads((tmp_path / "b" / "result.json").read_text(encoding="utf-8"))
    assert "in use" not in closing(look(tmp_path / "b").view)


def money_told(view: RunView) -> str:
    [answer] = [one.answer for one in answers(view) if one.question == "Where did the money go?"]
    return answer


class Untold:
    """A world whose endpoint tells no usage of agents."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def complete(self, request: Request) -> Reply:
        reply = await self._world.complete(request)
        return replace(reply, tokens_in=None, tokens_out=None) if request.purpose == "agent" else reply


async def test_q06_an_endpoint_without_usage_tells_calls_alone(tmp_path: Path) -> None:
    job, parts = turned_round()
    assert job.world is not None
    outcome = await begin(job, tmp_path, Counted(Untold(World(job.world))), parts=parts)
    assert outcome.finished is not None and outcome.finished.holdout.cost is not None
    told = outcome.finished.holdout.cost
    assert told.after.tokens_in is None and describe_change(told, False) == f"{1000 * told.after.calls:,.0f} calls"

"""Parts of a caller's own, given as objects: who searches, judges, writes, runs, scores and answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import pytest

import maspo
from maspo.core.errors import ConfigInvalid, ProviderError, UsageError
from maspo.core.prompts import Prompts
from maspo.core.trace import Call, Trace
from maspo.core.verdict import Comparison, Verdict
from maspo.data.inputs import Inputs, make_inputs
from maspo.judges.base import Question
from maspo.models.base import Reply, Request
from maspo.optimizers.base import (
    Ask,
    Compare,
    Draft,
    Drafts,
    OptimizerConfig,
    Problem,
    Propose,
    Scored,
    ScoreOutput,
    Search,
)
from maspo.proposers.base import Rewrite
from maspo.proposers.drafts import Rules
from maspo.scoring.base import Sample
from maspo.scoring.base import Score as Found
from maspo.store import RecordedResult, RunStore, decode
from maspo.study.optimize import DATABASE, recorded_job
from maspo.team import Agent, System

SYSTEM = System((Agent("solver", "Solve."), Agent("critic", "Check.", ("solver",))), name="two")
INPUTS = make_inputs([f"problem {number}" for number in range(8)])
CARE = " Check every step."


class OneDraftEach:
    """One draft for each agent, which is taken when it wins more often than it loses and its answers score well."""

    class Config(OptimizerConfig):
        method: str = "one-draft-each"
        shown: int = 3

    def __init__(self, config: Config) -> None:
        self.config = config

    def search(self, problem: Problem) -> Search:
        prompts: Prompts = dict(problem.seed_prompts)
        for agent in problem.team.rewritten:
            shown = problem.inputs[: self.config.shown]
            (drafts,) = yield Ask(prompts, (Propose(f"{agent}/draft", agent, prompts, shown, (), 1),))
            assert isinstance(drafts, Drafts)
            (draft,) = drafts.drafts
            changed = {**prompts, agent: draft.text}
            met = yield Ask(
                prompts,
                tuple(
                    Compare(f"{agent}/{key}", prompts, {agent: draft.text}, key, candidate_first=True, orders=2)
                    for key in problem.inputs
                ),
            )
            rated = yield Ask(
                prompts, tuple(ScoreOutput(f"{agent}/score/{key}", changed, key) for key in problem.inputs)
            )
            won = [one.glob for one in met if isinstance(one, Comparison)]
            good = all(isinstance(one, Scored) and one.value == 1.0 for one in rated)
            if good and won.count(Verdict.WIN) > won.count(Verdict.LOSS):
                prompts = changed
        return Ask(prompts)


class Longer:
    """A judge that likes what is longer."""

    def __init__(self) -> None:
        self.asked = 0

    async def compare(self, question: Question) -> Verdict:
        self.asked += 1
        difference = len(question.candidate) - len(question.reference)
        return Verdict.TIE if difference == 0 else Verdict.WIN if difference > 0 else Verdict.LOSS


class AddCare:
    """A proposer without a model."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()

    async def propose(self, rewrite: Rewrite, rules: Rules) -> Drafts:
        self.asked[rewrite.agent] += 1
        return Drafts((Draft(rewrite.parent + CARE),))


class Echoing:
    """A runner without a model, whose team is called in a loop; it may stop at a run."""

    def __init__(self, stop_at: int = 0) -> None:
        self.runs: Counter[tuple[str, str]] = Counter()
        self.closed = 0
        self._stop_at = stop_at

    async def run(self, prompts: Prompts, input_key: str, base: Prompts | None = None) -> Trace:
        self.runs["|".join(prompts.values()), input_key] += 1
        if self.runs.total() == self._stop_at:
            raise ProviderError("the machine that runs the team is gone")
        solved, checked = (f"{name}: {prompts[name]}" for name in ("solver", "critic"))
        calls = (Call("solver", solved), Call("critic", checked, (0,)), Call("solver", solved, (1,), nth=1))
        return Trace(input_key, calls, f"{solved} {checked}")

    async def run_without(self, prompts: Prompts, input_key: str, source: str, reader: str) -> Trace:
        return await self.run(prompts, input_key)

    async def close(self) -> None:
        self.closed += 1


class Careful:
    """A scorer that likes care."""

    def __init__(self) -> None:
        self.samples: list[Sample] = []

    async def score(self, samples: Sequence[Sample]) -> Sequence[Found]:
        self.samples += samples
        return [Found(one.id, "correct" if CARE in one.output else "wrong") for one in samples]


class Ready:
    """A client that is asked whether it is there, and nothing else."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()

    async def complete(self, request: Request) -> Reply:
        self.asked[request.purpose] += 1
        return Reply("ready")


class Given:
    """One of each."""

    def __init__(self, stop_at: int = 0) -> None:
        self.judge, self.proposer, self.runner = Longer(), AddCare(), Echoing(stop_at)
        self.scorer, self.client = Careful(), Ready()
        self.parts = maspo.Parts(
            optimizer=OneDraftEach(OneDraftEach.Config(shown=2)),
            judge=self.judge,
            proposer=self.proposer,
            runner=self.runner,
            scorer=self.scorer,
            client=self.client,
        )


def results(folder: Path) -> Mapping[str, object]:
    store = RunStore.read(folder / DATABASE)
    try:
        found = [decode(entry) for entry in store.journal()]
    finally:
        store.close_reader()
    return {one.request: one.result for one in found if isinstance(one, RecordedResult)}


def optimized(out: Path, given: Given, inputs: Inputs = INPUTS) -> maspo.Result:
    return maspo.optimize(SYSTEM, inputs, out, parts=given.parts, ship_if="better")  # four are held out


def test_p01_a_run_works_with_objects_of_its_callers(tmp_path: Path) -> None:
    given = Given()
    result = optimized(tmp_path / "run", given)
    assert result.prompts == {"solver": f"Solve.{CARE}", "critic": f"Check.{CARE}"}
    assert (result.verdict, result.holdout.wins, result.holdout.losses) == ("cannot_tell", 4, 0)
    assert given.judge.asked > 0 and given.runner.closed == 1
    assert given.proposer.asked == {"solver": 1, "critic": 1}
    assert given.client.asked == {"other.probe": 1}, "whoever runs and judges without a model asks none"
    texts = {row.columns["input"] for row in INPUTS.rows}
    assert len(given.scorer.samples) == 8 and {one.question for one in given.scorer.samples} < texts


def test_p02_the_settings_of_an_optimizer_that_is_given_are_recorded(tmp_path: Path) -> None:
    optimized(tmp_path / "run", Given())
    recorded = recorded_job(tmp_path / "run").config.search
    assert recorded.model_dump() == {"method": "one-draft-each", "shown": 2}


def test_p03_a_stopped_run_goes_on_with_the_same_parts_and_asks_nothing_twice(tmp_path: Path) -> None:
    whole = optimized(tmp_path / "whole", Given())
    given = Given(stop_at=12)
    with pytest.raises(ProviderError, match="the machine that runs the team is gone"):
        optimized(tmp_path / "run", given)
    before = results(tmp_path / "run")
    assert 0 < len(before) < len(results(tmp_path / "whole"))
    result = maspo.resume(tmp_path / "run", given.parts)
    assert (result.prompts, result.verdict) == (whole.prompts, whole.verdict)
    assert results(tmp_path / "run") == results(tmp_path / "whole")
    assert given.proposer.asked == {"solver": 1, "critic": 1}
    assert given.client.asked == {"other.probe": 1}


def test_p04_a_run_that_was_given_an_optimizer_does_not_go_on_without_it(tmp_path: Path) -> None:
    given = Given(stop_at=12)
    with pytest.raises(ProviderError):
        optimized(tmp_path / "run", given)
    with pytest.raises(UsageError, match="expected one of"):
        maspo.resume(tmp_path / "run", maspo.Parts(client=given.client))


def test_p05_without_a_scorer_and_without_labels_nothing_scores(tmp_path: Path) -> None:
    given = Given()
    parts = maspo.Parts(
        optimizer=OneDraftEach(OneDraftEach.Config()),
        judge=given.judge,
        proposer=given.proposer,
        runner=given.runner,
        client=given.client,
    )
    result = maspo.optimize(SYSTEM, INPUTS, tmp_path / "run", parts=parts)
    assert result.prompts == SYSTEM.prompts
    scored = [one for one in results(tmp_path / "run").values() if isinstance(one, Scored)]
    assert len(scored) == 8 and {one.value for one in scored} == {None}


@dataclass
class Ending:
    """Ends at once, with what it was given."""

    end: Callable[[Prompts], object]

    class Config(OptimizerConfig):
        method: str = "ending"

    def __post_init__(self) -> None:
        self.config = self.Config()

    def search(self, problem: Problem) -> Search:
        yield Ask(problem.seed_prompts)
        return cast("Ask", self.end(problem.seed_prompts))


@pytest.mark.parametrize(
    ("end", "said"),
    [
        pytest.param(lambda seed: None, "expected an Ask", id="nothing"),
        pytest.param(lambda seed: Ask({"solver": "Solve well."}), "expected one each of", id="an agent is missing"),
        pytest.param(lambda seed: Ask({**seed, "critic": "Look well."}), "critic, which may not be", id="frozen"),
        pytest.param(lambda seed: Ask({**seed, "solver": "Do well."}), "the protected line 'Solve'", id="protected"),
        pytest.param(lambda seed: Ask({**seed, "solver": "Solve {x}. Tell."}), "", id="all kept"),
        pytest.param(lambda seed: Ask({**seed, "solver": " "}), "shipped: empty", id="empty"),
    ],
)
def test_p06_what_breaks_a_rule_never_meets_the_holdout(
    tmp_path: Path, end: Callable[[Prompts], object], said: str
) -> None:
    agents = (Agent("solver", "Solve.", protect=("Solve",)), Agent("critic", "Check.", ("solver",), frozen=True))
    given = Given()
    parts = replace(given.parts, optimizer=Ending(end))
    system = System(agents, name="two")
    if said:
        with pytest.raises(ConfigInvalid, match=said):
            maspo.optimize(system, INPUTS, tmp_path / "run", parts=parts)
        assert not given.runner.runs
    else:
        result = maspo.optimize(system, INPUTS, tmp_path / "run", parts=parts)
        assert result.shipped == "seed" or result.prompts["solver"] == "Solve {x}. Tell."
        assert given.runner.runs

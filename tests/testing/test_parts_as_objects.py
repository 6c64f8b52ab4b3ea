"""Parts as objects: ``maspo.optimize(…, parts=…)`` takes one of each port, and a run remembers which (invariants)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import pytest

import maspo
from maspo.config import Caps, JudgeSettings, ProposerSettings, RunConfig
from maspo.core.errors import ConfigInvalid, RunChanged
from maspo.core.prompts import Prompts
from maspo.core.trace import Trace
from maspo.core.verdict import Comparison, Verdict
from maspo.data.inputs import Input
from maspo.events import DraftRejected, PromptChanged
from maspo.judges.base import Question
from maspo.judges.pairwise import PairwiseJudge
from maspo.models.base import ModelClient, Reply, Request, RoleSettings
from maspo.models.endpoint import Endpoint
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
from maspo.runners.prompt_graph import PromptGraph
from maspo.scoring.base import Sample, Score
from maspo.store import RecordedResult, RunStore, decode
from maspo.team import System
from maspo.world import World

TEAM = World().system("reflect")
ROWS = World().inputs(24)


class OneDraft:
    """Asks for one draft of each agent, compares it on two inputs, and asks how good it is."""

    class Config(OptimizerConfig):
        """Its settings."""

        method: str = "one-draft"
        inputs: int = 2

    def __init__(self, config: Config | None = None) -> None:
        self.config = config or self.Config()

    def search(self, problem: Problem) -> Search:
        prompts, keys = problem.seed_prompts, problem.inputs[: self.config.inputs]
        for agent in problem.team.rewritten:
            (found,) = yield Ask(prompts, (Propose(f"{agent}/draft", agent, prompts, keys, (), 1),))
            drafts = [one for one in found.drafts if not one.rejected] if isinstance(found, Drafts) else []
            for draft in drafts:
                changes = {agent: draft.text}
                compare = tuple(Compare(f"{agent}/{key}", prompts, changes, key, True) for key in keys)
                score = tuple(ScoreOutput(f"{agent}/{key}/score", {**prompts, **changes}, key) for key in keys)
                results = yield Ask(prompts, (*compare, *score))
                wins = [one.glob for one in results if isinstance(one, Comparison)].count(Verdict.WIN)
                if wins > 0:
                    before, prompts = prompts[agent], {**prompts, **changes}
                    told = PromptChanged(agent, agent, before, draft.text, f"{wins} wins")
                    yield Ask(prompts, (ScoreOutput(f"{agent}/after", prompts, keys[0]),), (told,))
        return Ask(prompts)


class Longer:
    """Prefers the longer output."""

    def __init__(self, *_: Any, by: int = 0) -> None:
        self.by = by
        self.asked = 0

    async def compare(self, question: Question) -> Verdict:
        self.asked += 1
        longer = len(question.candidate) - len(question.reference)
        return Verdict.TIE if abs(longer) <= self.by else Verdict.WIN if longer > 0 else Verdict.LOSS


class Shout:
    """Writes every prompt in capitals, and looks at no rule."""

    def __init__(self, *_: Any, **__: Any) -> None:
        self.asked = 0

    async def propose(self, rewrite: Rewrite, rules: Rules) -> Drafts:
        self.asked += 1
        return Drafts((Draft(f"{rewrite.parent} CHECK TWICE."),) * (rewrite.count + 1))


class Copycat(Shout):
    """Copies an input into the prompt."""

    async def propose(self, rewrite: Rewrite, rules: Rules) -> Drafts:
        return Drafts((Draft(f"{rewrite.parent} {rewrite.traces[0].input}"),))


class Graph(PromptGraph):
    """The prompt graph, counted."""

    runs = 0

    async def run(self, prompts: Prompts, input_key: str, base: Prompts | None = None) -> Trace:
        type(self).runs += 1
        return await super().run(prompts, input_key, base)


class Half:
    """Finds every output right that has an even length."""

    def __init__(self) -> None:
        self.samples: list[Sample] = []

    async def score(self, samples: Sequence[Sample]) -> Sequence[Score]:
        self.samples += samples
        return [Score(one.id, "correct" if len(one.output) % 2 else "wrong") for one in samples]


class Counting:
    """The world, counted; says whether it is open."""

    made: list[Counting] = []  # noqa: RUF012 - what a test looks at

    def __init__(self, endpoint: Endpoint | None = None) -> None:
        self.keys: Counter[str] = Counter()
        self.open: bool | None = None
        self.made.append(self)

    async def __aenter__(self) -> Self:
        self.open = True
        return self

    async def __aexit__(self, *_: object) -> None:
        self.open = False

    async def complete(self, request: Request) -> Reply:
        self.keys[request.key] += 1
        return World().reply(request)


def optimize(out: Path, parts: maspo.Parts, **settings: Any) -> maspo.Result:
    return maspo.optimize(TEAM, ROWS, out, parts=parts, **settings)


def with_client(**parts: Any) -> maspo.Parts:
    return maspo.Parts(**{"client": World(), "optimizer": OneDraft(), **parts})


def config_of(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "config.json").read_text(encoding="utf-8"))
    return found


def recorded(out: Path) -> list[Any]:
    store = RunStore.read(out / "run.db")
    try:
        return [decode(entry) for entry in store.journal()]
    finally:
        store.close_reader()


def test_p01_an_optimizer_is_an_object(tmp_path: Path) -> None:
    result = optimize(tmp_path / "run", with_client(optimizer=OneDraft(OneDraft.Config(inputs=3))))
    assert result.finished.complete
    assert config_of(tmp_path / "run")["search"] == {"method": "one-draft", "inputs": 3}
    results = [one for one in recorded(tmp_path / "run") if isinstance(one, RecordedResult)]
    assert sum(one.request.startswith(f"{TEAM.order[0]}/") for one in results) in (7, 8)


@pytest.mark.parametrize("given", [Longer(by=10), Longer], ids=["object", "class"])
def test_p02_a_judge_is_an_object_or_a_class(given: Any, tmp_path: Path) -> None:
    optimize(tmp_path, with_client(judge=given, proposer=Shout()))
    assert config_of(tmp_path)["judge"]["kind"] == "Longer"
    if isinstance(given, Longer):
        assert given.asked > 0
    assert not any(purpose.startswith("judge") for purpose in _usage(tmp_path)), "no model is asked to judge"


@pytest.mark.parametrize("given", [Shout(), Shout], ids=["object", "class"])
def test_p03_a_proposer_is_an_object_or_a_class(given: Any, tmp_path: Path) -> None:
    result = optimize(tmp_path, with_client(proposer=given, judge=Longer))
    assert config_of(tmp_path)["proposer"]["kind"] == "Shout"
    assert "proposer" not in _usage(tmp_path)
    drafts = [one.result for one in recorded(tmp_path) if isinstance(one, RecordedResult)]
    assert [len(one.drafts) for one in drafts if isinstance(one, Drafts)] == [1, 1], "no more than were asked for"
    assert result.finished.complete


def test_p04_what_breaks_a_rule_is_rejected_also_when_a_proposer_does_not_look(tmp_path: Path) -> None:
    rows = [f"{' '.join(f'word{number}{place}' for place in range(14))}?" for number in range(12)]
    config = RunConfig.model_validate({"proposer": {"fallback": "none"}})
    maspo.optimize(TEAM, rows, tmp_path, config, with_client(proposer=Copycat))
    drafts = [one.result for one in recorded(tmp_path) if isinstance(one, RecordedResult)]
    reasons = [draft.rejected for one in drafts if isinstance(one, Drafts) for draft in one.drafts]
    assert len(reasons) == len(TEAM.order)
    assert all("copies 12 or more words in a row" in reason for reason in reasons)


def test_p05_a_runner_is_an_object_or_a_class(tmp_path: Path) -> None:
    Graph.runs = 0
    result = optimize(tmp_path, with_client(runner=Graph))
    assert Graph.runs > 0
    assert config_of(tmp_path)["runner"]["kind"] == "Graph"
    plain = optimize(tmp_path / "plain", with_client())
    assert plain.prompts == result.prompts

    def made(system: System, rows: dict[str, Input], model: ModelClient, settings: RoleSettings) -> PromptGraph:
        return Graph(system, rows, model, settings)

    optimize(tmp_path / "function", with_client(runner=made))
    assert config_of(tmp_path / "function")["runner"]["kind"] == "made"


def test_p06_a_scorer_answers_what_an_optimizer_asks(tmp_path: Path) -> None:
    scorer = Half()
    optimize(tmp_path, with_client(scorer=scorer, proposer=Shout))
    scored = [one.result.value for one in recorded(tmp_path) if getattr(one, "result", None).__class__ is Scored]
    assert scored
    assert set(scored) <= {0.0, 1.0}
    assert all(sample.question and sample.output for sample in scorer.samples)


def test_p07_a_client_that_is_given_as_a_class_is_opened_and_closed_and_an_object_is_left_alone(tmp_path: Path) -> None:
    Counting.made.clear()
    optimize(tmp_path / "class", with_client(client=Counting))
    (made,) = Counting.made
    assert made.keys
    assert made.open is False
    given = Counting()
    optimize(tmp_path / "object", with_client(client=given))
    assert given.keys == made.keys
    assert given.open is None
    assert config_of(tmp_path / "object")["models"]["client"] == "Counting"


class Bare:
    """The world, with nothing to open."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint

    async def complete(self, request: Request) -> Reply:
        return World().reply(request)


def test_p13_a_client_that_has_nothing_to_open_is_used_as_it_is(tmp_path: Path) -> None:
    plain = optimize(tmp_path / "bare", with_client(client=Bare))
    assert plain.finished.winners == optimize(tmp_path / "object", with_client()).finished.winners
    with pytest.raises(ConfigInvalid, match=r"models\.client: 'Longer' makes a Longer, which has no `complete`"):
        optimize(tmp_path / "judge", with_client(client=Longer))


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ({"judge": Longer}, "judge.kind: 'Longer'"),
        ({"proposer": Shout}, "proposer.kind: 'Shout'"),
        ({"runner": Graph}, "runner.kind: 'Graph'"),
        ({}, "search.method: 'one-draft'"),
    ],
)
def test_p08_a_run_goes_on_with_its_parts_or_not_at_all(part: dict[str, Any], said: str, tmp_path: Path) -> None:
    first, client = Counting(), Counting()
    whole = optimize(tmp_path / "whole", with_client(**part))
    folder = tmp_path / "cut"
    cut = optimize(folder, with_client(**part, client=first), max_calls=8)
    assert not cut.finished.complete
    with pytest.raises(ConfigInvalid) as error:
        maspo.resume(folder, maspo.Parts(client=client))
    assert said in str(error.value)
    assert "gives again as parts" in str(error.value)
    assert not client.keys, "nothing was paid"
    resumed = maspo.resume(folder, with_client(**part, client=client), Caps(calls=10_000))
    assert resumed.finished.winners == whole.finished.winners
    assert not client.keys.keys() & first.keys.keys(), "no recorded call is repeated"


def test_p09_a_client_is_not_replaced_by_ours_unnoticed(tmp_path: Path) -> None:
    optimize(tmp_path, with_client(client=Counting()))
    with pytest.raises(ConfigInvalid, match=r"models\.client: 'Counting' is given"):
        maspo.resume(tmp_path, maspo.Parts(optimizer=OneDraft()))


def test_p10_other_parts_than_those_that_it_was_started_with_are_refused(tmp_path: Path) -> None:
    optimize(tmp_path, with_client(judge=Longer))
    for other, what in (
        ({"judge": PairwiseJudge}, r'config\.judge\.kind: was "Longer", is "PairwiseJudge"'),
        ({"judge": Longer, "runner": Graph}, r'config\.runner\.kind: was "prompt_graph", is "Graph"'),
        (
            {"judge": Longer, "optimizer": OneDraft(OneDraft.Config(inputs=4))},
            r"config\.search\.inputs: was 2, is 4",
        ),
    ):
        with pytest.raises(RunChanged, match=what):
            maspo.resume(tmp_path, with_client(**other))


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (RunConfig(judge=JudgeSettings(options={"mood": 1})), r"judge\.options: 'pairwise' .*no option.* 'mood'"),
        (
            RunConfig(proposer=ProposerSettings(options={"mood": 1})),
            r"proposer\.options: 'rewrite' .*no option.* 'mood'",
        ),
    ],
)
def test_p11_an_option_that_is_not_taken_costs_nothing(config: RunConfig, said: str, tmp_path: Path) -> None:
    client = Counting()
    with pytest.raises(ConfigInvalid, match=said):
        maspo.optimize(TEAM, ROWS, tmp_path / "run", config, with_client(client=client))
    assert not client.keys
    assert not (tmp_path / "run" / "run.db").exists()


def test_p12_all_at_once(tmp_path: Path) -> None:
    client = Counting()
    parts = maspo.Parts(
        optimizer=OneDraft(), judge=Longer(), proposer=Shout(), runner=Graph, scorer=Half(), client=client
    )
    result = optimize(tmp_path, parts)
    assert result.shipped in ("optimized", "seed")
    assert max(client.keys.values()) == 1
    assert not any(isinstance(event, DraftRejected) for event in recorded(tmp_path))
    assert maspo.resume(tmp_path, parts).finished == result.finished


def _usage(out: Path) -> set[str]:
    store = RunStore.read(out / "run.db")
    try:
        return {purpose for purpose, usage in store.usage().items() if usage.calls}
    finally:
        store.close_reader()

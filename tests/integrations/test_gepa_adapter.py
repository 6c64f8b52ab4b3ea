"""maspo for a system behind a GEPA adapter: components as agents, evaluations as calls."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from gepa.core.adapter import EvaluationBatch

from maspo.core.errors import ConfigInvalid, InputsInvalid, RunChanged
from maspo.integrations.gepa import optimize
from maspo.integrations.programs import LOOKED_AT
from maspo.study.optimize import recorded_job
from tests.model_server import CAREFUL, RULE, served

SEED = {"scout": "You write down what is asked.", "author": "You give the answer."}


class TwoSteps:
    """A system with an adapter: a scout writes notes, an author answers; both are careful where they are told to be."""

    def __init__(self, tells: bool = True) -> None:
        self.tells = tells
        self.evaluated: list[tuple[str, ...]] = []

    def evaluate(self, batch: list[Any], candidate: dict[str, str], capture_traces: bool = False) -> Any:
        self.evaluated += [(*candidate.values(), one["input"]) for one in batch]
        traces = []
        for one in batch:
            words = {name: CAREFUL if RULE in text else "guessed" for name, text in candidate.items()}
            notes = f"the notes say: {words['scout']}, {one['input']}"
            traces.append({"scout": (one["input"], notes), "author": (notes, f"{words['author']} after {notes}")})
        outputs = [{"answer": trace["author"][1]} for trace in traces]
        return EvaluationBatch(outputs=outputs, scores=[0.0] * len(batch), trajectories=traces)

    def make_reflective_dataset(
        self, candidate: dict[str, str], eval_batch: Any, components_to_update: list[str]
    ) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        if not self.tells:
            raise ValueError("nothing to reflect on")
        return {
            name: [
                {"Inputs": trace[name][0], "Generated Outputs": trace[name][1], "Feedback": "LABEL"}
                for trace in eval_batch.trajectories
            ]
            for name in components_to_update
        }


def instances(count: int = 60) -> list[dict[str, str]]:
    return [{"input": f"question {n}: what follows {n * n}?", "answer": "LABEL"} for n in range(count)]


@pytest.mark.parametrize("tells", [True, False])
def test_ga01_components_are_rewritten_jointly_without_the_adapters_scores(tmp_path: Path, tells: bool) -> None:
    adapter = TwoSteps(tells)
    with served() as model:
        result = optimize(SEED, instances(), adapter, out=tmp_path / "run", base_url=model.url, profile="cheap")
        assert (result.verdict, result.shipped) == ("improved", "optimized")
        assert any(RULE in text for text in result.prompts.values())
        assert "LABEL" not in json.dumps(model.asked)
        # Each evaluation is one call of the record, and none was made twice.
        assert len(set(adapter.evaluated)) == len(adapter.evaluated)
        recorded = json.loads((tmp_path / "run" / "result.json").read_text())["usage"]
        assert 0 <= len(adapter.evaluated) - recorded["agent"]["calls"] <= LOOKED_AT

        before = len(adapter.evaluated), len(model.asked)
        again = optimize(SEED, instances(), adapter, out=tmp_path / "run")
        assert again.prompts == result.prompts
        assert (len(adapter.evaluated), len(model.asked)) == before


def test_ga02_who_read_whom_is_seen_in_what_the_adapter_tells(tmp_path: Path) -> None:
    with served() as model:
        optimize(SEED, instances(), TwoSteps(), out=tmp_path / "run", base_url=model.url, profile="cheap", max_calls=90)
    system = recorded_job(tmp_path / "run").system
    assert (system.by_name["author"].reads, system.output) == (("scout",), "author")


def test_ga03_an_instance_of_any_kind_needs_a_row() -> None:
    with pytest.raises(InputsInvalid, match="row_of"):
        optimize(SEED, [object()], TwoSteps())


def test_ga04_a_folder_with_a_run_of_something_else_is_refused(tmp_path: Path) -> None:
    with served() as model:
        given: dict[str, Any] = {"out": tmp_path / "run", "base_url": model.url, "profile": "cheap", "max_calls": 60}
        optimize(SEED, instances(), TwoSteps(), **given)
        before = len(model.asked)
        for seeds, rows, changed, told in (
            ({**SEED, "scout": "Another text."}, instances(), {}, "prompt of scout"),
            ({"scout": SEED["scout"], "critic": SEED["author"]}, instances(), {}, "prompt of critic"),
            (SEED, instances(50), {}, "inputs"),
            (SEED, instances(), {"seed": 7}, "seed: was 0, is 7"),
        ):
            with pytest.raises(RunChanged, match=told):
                optimize(seeds, rows, TwoSteps(), **{**given, **changed})
        assert len(model.asked) == before
        # Another cap is no other run.
        optimize(SEED, instances(), TwoSteps(), **{**given, "max_calls": 90})
        assert len(model.asked) > before


@pytest.mark.parametrize("error", [StopIteration, SystemExit, RuntimeError])
def test_ga05_whatever_an_adapter_raises_is_the_failure_of_a_run(error: type[BaseException], tmp_path: Path) -> None:
    class Raises(TwoSteps):
        def evaluate(self, batch: list[Any], candidate: dict[str, str], capture_traces: bool = False) -> Any:
            raise error("no")

    with served() as model, pytest.raises(ConfigInvalid, match=f"no answer on any of 3 inputs.*{error.__name__}"):
        optimize(SEED, instances(), Raises(), out=tmp_path / "run", base_url=model.url, profile="cheap")

"""maspo as a DSPy optimizer; runs where DSPy is installed (``make plugins``)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

dspy = pytest.importorskip("dspy", reason="DSPy is an outside package: make plugins installs it")

from maspo.core.errors import ConfigInvalid, InputsInvalid  # noqa: E402
from maspo.integrations.dspy import MASPO  # noqa: E402
from maspo.integrations.programs import LOOKED_AT  # noqa: E402
from tests.model_server import RULE, Model, served  # noqa: E402

pytestmark = pytest.mark.filterwarnings("default")
"""DSPy and what it is built on warn of their own affairs."""
SCOUT = "You write down what the problem asks for, in {braces} and $x$."
AUTHOR = "You give the letter of the answer."


class Team(dspy.Module):  # type: ignore[misc, name-defined]
    """Two predictors, one of them within a module of DSPy's own."""

    def __init__(self) -> None:
        super().__init__()
        self.scout = dspy.Predict(dspy.Signature("problem -> notes", SCOUT))
        self.author = dspy.ChainOfThought(dspy.Signature("problem, notes -> letter", AUTHOR))

    def forward(self, problem: str) -> Any:
        return self.author(problem=problem, notes=self.scout(problem=problem).notes)


def examples(count: int = 60) -> list[Any]:
    texts = (f"Problem {number}: which thing comes after number {number * number}?" for number in range(count))
    return [dspy.Example(problem=text, letter="LABEL").with_inputs("problem") for text in texts]


def instructions(program: Any) -> dict[str, str]:
    return {name: one.signature.instructions for name, one in program.named_predictors()}


@pytest.fixture
def model() -> Iterator[Model]:
    with served() as model, dspy.context(lm=dspy.LM("openai/m", api_base=model.url, api_key="x", cache=False)):
        yield model


def test_ds01_a_program_gets_better_instructions_and_stays_as_it_is(model: Model, tmp_path: Path) -> None:
    team, optimizer = Team(), MASPO(out=tmp_path / "run", profile="cheap")
    better = optimizer.compile(team, trainset=examples())
    assert optimizer.result is not None
    assert (optimizer.result.verdict, optimizer.result.shipped) == ("improved", "optimized")
    assert instructions(team) == {"scout": SCOUT, "author.predict": AUTHOR}
    assert all(RULE in text for text in instructions(better).values())
    assert all(one.lm is None for _, one in better.named_predictors())
    assert "LABEL" not in json.dumps(model.asked)

    better.save(tmp_path / "better.json")
    loaded = Team()
    loaded.load(tmp_path / "better.json")
    assert instructions(loaded) == instructions(better)
    before = len(model.asked)
    loaded(problem="Which thing comes after number 9?")
    assert len(model.asked) == before + 2
    assert all(RULE in one[0]["content"] for one in model.asked[before:])


def test_ds02_the_calls_at_the_endpoint_are_those_of_the_record_and_no_run_meets_another_prompt(
    model: Model, tmp_path: Path
) -> None:
    optimizer = MASPO(out=tmp_path / "run", profile="cheap", max_calls=250, progress=None)
    optimizer.compile(Team(), trainset=examples())
    result = json.loads((tmp_path / "run" / "result.json").read_text())
    recorded = sum(one["calls"] for one in result["usage"].values())
    assert recorded <= 250
    assert 0 <= len(model.asked) - recorded <= LOOKED_AT * len(instructions(Team()))
    agents = [one for one in model.asked if "objective is" in str(one[0]["content"])]
    assert agents
    for asked in agents:
        system, user = asked[0]["content"], asked[-1]["content"]
        assert (AUTHOR in system) == ("## letter ##" in user)


def test_ds03_a_folder_with_a_run_is_gone_on_with_and_nothing_is_paid_twice(model: Model, tmp_path: Path) -> None:
    MASPO(out=tmp_path / "run", profile="cheap").compile(Team(), trainset=examples())
    before = len(model.asked)
    again = MASPO(out=tmp_path / "run")
    assert all(RULE in text for text in instructions(again.compile(Team(), trainset=examples())).values())
    assert len(model.asked) == before


def test_ds04_an_endpoint_that_says_slow_down_is_asked_again(model: Model, tmp_path: Path) -> None:
    model.refuses = 3
    optimizer = MASPO(out=tmp_path / "run", profile="cheap", max_calls=60)
    optimizer.compile(Team(), trainset=examples())
    assert model.refuses == 0
    assert optimizer.result is not None


def test_ds05_what_cannot_be_used_is_said_before_anything_is_paid(model: Model) -> None:
    with pytest.raises(InputsInvalid, match="with_inputs"):
        MASPO().compile(Team(), trainset=[dspy.Example(problem="x")])
    with pytest.raises(ConfigInvalid, match="teacher"):
        MASPO().compile(Team(), trainset=examples(), teacher=Team())
    with pytest.raises(ConfigInvalid, match="no predictors"):
        MASPO().compile(dspy.Module(), trainset=examples())
    with dspy.context(lm=None), pytest.raises(ConfigInvalid, match="no LM"):
        MASPO().compile(Team(), trainset=examples())
    assert not model.asked

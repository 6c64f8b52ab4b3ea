"""maspo as an MLflow prompt optimizer; runs where MLflow is installed (``make plugins``)."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest

mlflow = pytest.importorskip("mlflow", reason="MLflow is an outside package: make plugins installs it")

from maspo.integrations.mlflow import Form, MaspoPromptOptimizer  # noqa: E402
from maspo.study.optimize import recorded_job  # noqa: E402
from tests.model_server import RULE, Model, served  # noqa: E402

pytestmark = pytest.mark.filterwarnings("default")
"""MLflow and what it is built on warn of their own affairs."""


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path / 'mlflow.db'}")
    mlflow.set_experiment(experiment_id=mlflow.create_experiment("e", artifact_location=str(tmp_path / "artifacts")))
    scout = mlflow.genai.register_prompt(name="scout", template="You write down what {{ question }} asks for.")
    chat = [{"role": "system", "content": "You give the answer."}, {"role": "user", "content": "{{notes}}"}]
    author = mlflow.genai.register_prompt(name="author", template=chat)
    return scout, author


@mlflow.trace(span_type="CHAT_MODEL")  # type: ignore[untyped-decorator,unused-ignore]
def ask(messages: list[dict[str, str]], url: str) -> Any:
    body = json.dumps({"model": "m", "messages": messages}).encode()
    request = urllib.request.Request(f"{url}/chat/completions", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.loads(response.read())


def said(reply: Any) -> str:
    return str(reply["choices"][0]["message"]["content"])


def team(model: Model, fails: str = "") -> Any:
    @mlflow.trace  # type: ignore[untyped-decorator,unused-ignore]
    def answer(question: str) -> str:
        if fails and fails in question:
            raise RuntimeError("no answer today")
        scout = mlflow.genai.load_prompt("prompts:/scout/1").format(question=question)
        notes = said(ask([{"role": "user", "content": scout}], model.url))
        author = mlflow.genai.load_prompt("prompts:/author/1").format(notes=notes)
        return said(ask(author, model.url))

    return answer


def rows(count: int = 40) -> list[dict[str, Any]]:
    return [
        {"inputs": {"question": f"question {n}: what follows {n * n}?"}, "expectations": {"expected_response": "LABEL"}}
        for n in range(count)
    ]


def test_ml01_registered_prompts_get_new_versions_where_they_help(registry: Any, tmp_path: Path) -> None:
    scout, author = registry
    with served() as model:
        optimizer = MaspoPromptOptimizer(out=tmp_path / "run", base_url=model.url, profile="cheap", max_calls=400)
        found = mlflow.genai.optimize_prompts(
            predict_fn=team(model), train_data=rows(), prompt_uris=[scout.uri, author.uri], optimizer=optimizer
        )
        assert "LABEL" not in json.dumps(model.asked)
    assert optimizer.result is not None
    assert optimizer.result.shipped == "optimized"
    assert found.optimized_prompts
    for prompt in found.optimized_prompts:
        assert prompt.version == 2
        assert RULE in json.dumps(prompt.template)
        if prompt.name == "author":
            assert prompt.template[1] == {"role": "user", "content": "{{notes}}"}
        else:
            assert "{{ question }}" in prompt.template
    system = recorded_job(tmp_path / "run").system
    assert system.by_name["author"].reads == ("scout",)


def test_ml02_a_crash_is_no_answer(registry: Any, tmp_path: Path) -> None:
    scout, author = registry
    with served() as model:
        optimizer = MaspoPromptOptimizer(out=tmp_path / "run", base_url=model.url, profile="cheap", max_calls=120)
        mlflow.genai.optimize_prompts(
            predict_fn=team(model, fails="1"),
            train_data=rows(),
            prompt_uris=[scout.uri, author.uri],
            optimizer=optimizer,
        )
        assert "Failed to invoke" not in json.dumps(model.asked)


@pytest.mark.parametrize(
    "template",
    [
        "Plain {text} with $x$ and {% raw %}.",
        "Ask {{question}} and {{ context }}, {{question}} again.",
        json.dumps([{"role": "system", "content": "Be {{ tone }}."}, {"role": "user", "content": "{{q}}"}]),
        "[1, 2]",
    ],
)
def test_ml03_templates_come_back_as_they_were(template: str) -> None:
    form = Form.of(template)
    assert form.template_of(form.prompt) == template

#!/usr/bin/env bash
# mlflow 3.17.2: while prompts are optimized, a predict_fn that raises is scored as if its error's text were its answer.
#
# Expected: a row on which `predict_fn` raises has no output: it is skipped, counted as failed, or the error is raised.
# Happens: `optimize_prompts` catches the error, makes the sentence "Failed to invoke the predict_fn with …" its output, and gives
# that to the scorers. The record that an optimizer gets has this text as `outputs` and an ordinary score beside it, no error.
# The sentence holds the row's inputs, so scorers that look for words of the input, for length or for "is not empty" reward it.
# Why it matters: a rate limit or a bug on some rows moves the score that decides between prompts, in either direction; a judge is
# asked which of two "answers" is better of which one is a crash. Raise nothing in predict_fn, or look for that sentence.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export MLFLOW_DISABLE_TELEMETRY=true MLFLOW_TRACKING_URI="sqlite:///$folder/mlflow.db"
python3 -m venv venv
venv/bin/pip install -q 'mlflow==3.17.2'

cat > check.py <<'PY'
import logging
from importlib.metadata import version

import mlflow
from mlflow.genai.optimize import BasePromptOptimizer, PromptOptimizerOutput
from mlflow.genai.scorers import scorer

logging.disable(logging.ERROR)
seen = []


class Looks(BasePromptOptimizer):
    """Evaluates the prompt as it is, and keeps what it gets."""

    def optimize(self, eval_fn, train_data, target_prompts, enable_tracking=True):
        seen.extend(eval_fn(target_prompts, train_data))
        return PromptOptimizerOutput(optimized_prompts=target_prompts)


@scorer
def mentions_the_city(outputs, inputs):
    """A usual check: does the answer speak of what was asked?"""
    return float(inputs["city"] in outputs)


prompt = mlflow.genai.register_prompt(name="guide", template="Tell me of {{city}}.")


def predict(city: str) -> str:
    mlflow.genai.load_prompt("prompts:/guide/1").format(city=city)
    if city == "Oslo":
        raise TimeoutError("the model did not answer")
    return f"{city} is worth a visit."


mlflow.genai.optimize_prompts(
    predict_fn=predict,
    train_data=[{"inputs": {"city": city}, "expectations": {"expected_response": ""}} for city in ("Rome", "Oslo")],
    prompt_uris=[prompt.uri],
    optimizer=Looks(),
    scorers=[mentions_the_city],
)
print("mlflow", version("mlflow"))
for record in seen:
    print(f"{record.inputs['city']}: score {record.score}, outputs {record.outputs!r}")
crashed = next(record for record in seen if record.inputs["city"] == "Oslo")
if not isinstance(crashed.outputs, str) or "did not answer" not in crashed.outputs or crashed.score != 1.0:
    raise SystemExit("changed: a predict_fn that raises is no longer scored by its error's text")
print("still so: the row that raised has an answer, and full marks")
PY
venv/bin/python check.py

#!/usr/bin/env bash
# mlflow 3.17.2: optimize_prompts registers a new version of every prompt, also of those that the optimizer left as they were.
#
# Expected: a version in the registry stands for a text; a prompt that comes back unchanged keeps the version it had.
# Happens: each run adds a version to each prompt it was given, with the same text, whatever the optimizer changed.
# Nothing in the new version says that it equals the one before.
# Why it matters: "which prompt changed?" can no longer be read from versions; aliases and reviews go by version, and a team
# of ten prompts of which one improved asks for ten reviews at each run. Compare texts, not versions.
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

logging.disable(logging.WARNING)


class ChangesOne(BasePromptOptimizer):
    """Rewrites the prompt of the solver and leaves that of the critic alone."""

    def optimize(self, eval_fn, train_data, target_prompts, enable_tracking=True):
        return PromptOptimizerOutput(optimized_prompts={**target_prompts, "solver": target_prompts["solver"] + " Be brief."})


first = {name: mlflow.genai.register_prompt(name=name, template=f"{name}: {{{{q}}}}") for name in ("solver", "critic")}


def predict(q: str) -> str:
    return " ".join(mlflow.genai.load_prompt(f"prompts:/{name}/1").format(q=q) for name in first)


result = mlflow.genai.optimize_prompts(
    predict_fn=predict,
    train_data=[{"inputs": {"q": "one?"}, "expectations": {"expected_response": "one"}}],
    prompt_uris=[prompt.uri for prompt in first.values()],
    optimizer=ChangesOne(),
)
print("mlflow", version("mlflow"))
after = {prompt.name: prompt for prompt in result.optimized_prompts}
for name, prompt in first.items():
    print(f"{name}: version {prompt.version} {prompt.template!r} -> version {after[name].version} {after[name].template!r}")
critic = after["critic"]
if critic.template != first["critic"].template or critic.version == first["critic"].version:
    raise SystemExit("changed: a prompt that was left alone keeps its version")
print("still so: a new version of the same text")
PY
venv/bin/python check.py

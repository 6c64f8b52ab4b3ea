#!/usr/bin/env bash
# dspy 3.4.1: the COPRO optimizer without a metric measures nothing and hands back a program with other instructions.
#
# Expected: COPRO(metric=None), which is also what COPRO() means, either says at once that it needs a metric, or returns the
# program as it was, since nothing that it tried was found to be better.
# Happens: every evaluation raises inside (None is called), the error is logged and counted as a score of 0.0, and among
# candidates that all have 0.0 one that the model proposed is chosen. compile() returns normally.
# Why it matters: the log line drowns among hundreds; what comes back looks optimized, has cost two to three digits of calls,
# and differs from the original for no reason at all.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export DSPY_CACHEDIR="$folder/cache" LITELLM_LOCAL_MODEL_COST_MAP=True
python3 -m venv venv
venv/bin/pip install -q 'dspy==3.4.1'

cat > check.py <<'PY'
import logging
from importlib.metadata import version

import dspy
from dspy.teleprompt import COPRO

calls = 0


class Model(dspy.BaseLM):
    """Stands in for a model: proposes instructions when asked to, answers "42" otherwise."""

    def __init__(self):
        super().__init__(model="stand-in")

    def __call__(self, prompt=None, messages=None, **kwargs):
        global calls
        calls += 1
        asked = str(messages)
        if "proposed_instruction" in asked:
            fields = {"proposed_instruction": f"Proposal {calls}.", "proposed_prefix_for_output_field": "Answer:"}
        else:
            fields = {"answer": "42"}
        text = "".join(f"[[ ## {name} ## ]]\n{value}\n\n" for name, value in fields.items()) + "[[ ## completed ## ]]"
        return [text] * kwargs.get("n", 1)


class Errors(logging.Handler):
    def __init__(self):
        super().__init__()
        self.texts = []

    def emit(self, record):
        self.texts.append(record.getMessage().splitlines()[0])


errors = Errors()
logging.getLogger("dspy.utils.parallelizer").addHandler(errors)
dspy.configure(lm=Model())
program = dspy.Predict(dspy.Signature("question -> answer", "Answer with a number."))
rows = [dspy.Example(question=f"{n} x 7?", answer="42").with_inputs("question") for n in range(3)]
print("dspy", version("dspy"))
try:
    settings = {"num_threads": 1, "display_progress": False}
    optimized = COPRO(metric=None, breadth=3, depth=2).compile(program, trainset=rows, eval_kwargs=settings)
except Exception as error:
    raise SystemExit(f"changed: compile raises {error!r}") from error
before, after = program.signature.instructions, optimized.signature.instructions
print("instructions before:", before)
print("instructions after: ", after)
print("calls of the model:", calls, "- evaluations that raised:", len(errors.texts))
print("first of their lines:", errors.texts[0] if errors.texts else None)
print("scores of all candidates:", sorted({one["score"] for one in getattr(optimized, "candidate_programs", [])}))
if after == before or not errors.texts:
    raise SystemExit("changed: the program comes back as it was, or the evaluations no longer raise")
print("still so: other instructions, chosen by nothing")
PY
venv/bin/python check.py

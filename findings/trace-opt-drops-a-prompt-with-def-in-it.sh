#!/usr/bin/env bash
# trace-opt (OpenTrace) 0.1.3.8: a new prompt that has the letters "def" in it ("define", "undefined") is dropped, or rewritten.
#
# Expected: a text that the model suggests for a trainable node becomes the node's value as written. Values are texts; only nodes
# of traced code are told to the model as "(code)".
# Happens: OptoPrime takes every suggested text that contains "def" for Python and hands it to the formatter black. A sentence
# is no Python, so the suggestion is dropped with a warning, and the node keeps its old value; a text that happens to be Python
# comes back with other quotes and white space. The call is paid, and the next step asks about the same prompt again.
# Why it matters: "define each symbol", "by default", "a clearly defined plan" are what good prompts say. A search never gets
# past them: it looks as if the model had suggested nothing.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export LITELLM_LOCAL_MODEL_COST_MAP=True   # or importing it asks an address for prices
python3 -m venv venv
# Its metadata names XGBoost and others, of which this needs none: 0.1 GB in place of 1.4.
venv/bin/pip install -q --no-deps 'trace-opt==0.1.3.8'
venv/bin/pip install -q 'black==26.10.1' 'graphviz==0.21' 'litellm==1.110.2'

cat > check.py <<'PY'
import json
import types
import warnings
from importlib.metadata import version

from opto.optimizers import OptoPrime
from opto.trace import node

warnings.simplefilter("ignore")


def after_a_step(suggested: str) -> str:
    """Return the value of a prompt after a step in which the model suggests a text for it."""
    prompt = node("Solve the task.", name="prompt", trainable=True)
    reply = json.dumps({"reasoning": "", "answer": "", "suggestion": {prompt.py_name: suggested}})
    choice = types.SimpleNamespace(message=types.SimpleNamespace(content=reply))
    optimizer = OptoPrime([prompt], llm=lambda **_: types.SimpleNamespace(choices=[choice]))
    answer = prompt + " "
    optimizer.zero_feedback()
    optimizer.backward(answer, "The answer is wrong.")
    optimizer.step()
    return prompt.data


plain = "Solve the task and name each symbol."
define = "Solve the task and define each symbol."
python = "default = 'none'   # say so"
print("trace-opt", version("trace-opt"))
for suggested in (plain, define, python):
    print(f"suggested {suggested!r}: the prompt is now {after_a_step(suggested)!r}")
if after_a_step(plain) != plain:
    raise SystemExit("changed: no suggestion is taken")
if after_a_step(define) == define:
    raise SystemExit("changed: the suggestion is taken as written")
print("still so: the text with 'define' was dropped")
PY
venv/bin/python check.py

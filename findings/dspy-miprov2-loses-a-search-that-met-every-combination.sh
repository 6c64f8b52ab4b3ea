#!/usr/bin/env bash
# dspy 3.4.1: MIPROv2 raises at its end, and the paid search is lost, once it has met every combination in full.
#
# Expected: with more trials than there are combinations, compile() returns the best program that it has found; there is
# nothing left to try, and the best is known.
# Happens: after every fifth minibatch trial the best combination that was not yet met in full is met on all rows. When none is
# left, ValueError ("No valid program found in param_score_dict") ends compile(); the best program is not returned.
# Why it matters: small programs have few combinations (one predictor with two instructions: two), all evaluations are paid by
# then, a better program was found, and the message speaks of no valid program.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export DSPY_CACHEDIR="$folder/cache" LITELLM_LOCAL_MODEL_COST_MAP=True
python3 -m venv venv
venv/bin/pip install -q 'dspy==3.4.1' 'optuna==5.0.0'

cat > check.py <<'PY'
import logging
from importlib.metadata import version

import dspy
from dspy.teleprompt import MIPROv2

logging.getLogger("dspy").setLevel(logging.ERROR)
logging.getLogger("optuna").setLevel(logging.CRITICAL)
calls = 0


class Model(dspy.BaseLM):
    """Stands in for a model: proposes an instruction when asked to; answers right only under that instruction."""

    def __init__(self):
        super().__init__(model="stand-in")

    def __call__(self, prompt=None, messages=None, **kwargs):
        global calls
        calls += 1
        asked = str(messages)
        answer = "42" if "Multiply" in asked else "41"
        names = ("proposed_instruction", "observations", "summary", "answer")
        wanted = [name for name in names if f"[[ ## {name} ## ]]" in asked] or ["answer"]
        values = {"proposed_instruction": "Multiply, then answer.", "answer": answer}
        text = "".join(f"[[ ## {name} ## ]]\n{values.get(name, 'Sums.')}\n\n" for name in wanted)
        return [text + "[[ ## completed ## ]]"] * kwargs.get("n", 1)


dspy.configure(lm=Model())
program = dspy.Predict(dspy.Signature("question -> answer", "Answer with a number."))
rows = [dspy.Example(question=f"{n} x 7?", answer="42").with_inputs("question") for n in range(12)]
print("dspy", version("dspy"))


def metric(example, found, trace=None):
    return float(example.answer == found.answer)


def compiled(trials):
    optimizer = MIPROv2(metric, auto=None, num_candidates=2, max_bootstrapped_demos=0, max_labeled_demos=0, num_threads=1)
    settings = {"minibatch_size": 4, "minibatch_full_eval_steps": 5, "program_aware_proposer": False}
    return optimizer.compile(program, trainset=rows, valset=rows, num_trials=trials, **settings)


short = compiled(4)
print("4 trials: instruction", repr(short.signature.instructions), "score", short.score)
before = calls
try:
    long = compiled(20)
except ValueError as error:
    print("20 trials:", repr(error), "after", calls - before, "calls")
    if "No valid program" not in str(error):
        raise SystemExit("changed: another error") from error
    raise SystemExit(0 if short.score == 100 else "changed: the short search does not find the better instruction")
raise SystemExit(f"changed: 20 trials return a program with score {long.score}")
PY
# Progress bars and the log of Optuna go into a file.
venv/bin/python check.py 2> errors.txt || { tail -n 1 errors.txt; exit 1; }
echo "still so: the search is lost"

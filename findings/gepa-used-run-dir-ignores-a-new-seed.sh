#!/usr/bin/env bash
# gepa 0.1.4: a run folder that was used before wins over the prompt one asks to have optimized, without a word.
#
# Expected: gepa.optimize(seed_candidate=NEW, run_dir=FOLDER), where FOLDER holds a finished run that started from another
# prompt, starts anew from NEW, or says that the folder belongs to another seed.
# Happens: NEW is evaluated on the validation rows, the result is thrown away, and the saved state is taken up as if the seeds
# were equal. NEW is not among the candidates of the result, and the best prompt returned descends from the old one. No
# exception, no warning; one line of the log says that a state was loaded. (Pull request 454 upstream, merged since, takes NEW
# in as a further candidate; 0.1.4 is the newest release.)
# Why it matters: whoever edits the prompt of an agent by hand and starts the same command again gets an optimized version of
# the text just thrown away, with a score beside it. Comparing the seed with the saved first candidate is up to the caller.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q 'gepa==0.1.4'

cat > check.py <<'PY'
from importlib.metadata import version

import gepa

OLD, NEW = "Answer in one word.", "Answer in French."
evaluated: set[str] = set()
said: list[str] = []


class Logger:
    def log(self, message: str) -> None:
        said.append(message)


class Lengths(gepa.GEPAAdapter):
    """The longer a prompt, the better: no model is needed to see which prompts are evaluated."""

    propose_new_texts = None

    def evaluate(self, batch, candidate, capture_traces=False):
        evaluated.add(candidate["agent"])
        scores = [min(len(candidate["agent"]) / 100, 1.0)] * len(batch)
        return gepa.EvaluationBatch(outputs=list(batch), scores=scores, trajectories=list(batch) if capture_traces else None)

    def make_reflective_dataset(self, candidate, eval_batch, components_to_update):
        return {name: [{"Inputs": "q", "Generated Outputs": "a", "Feedback": "longer"}] for name in components_to_update}


def run(seed: str, calls: int):
    evaluated.clear()
    said.clear()
    longer = iter(f"```\n{seed} {'And explain. ' * n}```" for n in range(1, 1000))
    return gepa.optimize(
        seed_candidate={"agent": seed},
        trainset=["one", "two", "three"],
        valset=["four", "five"],
        adapter=Lengths(),
        reflection_lm=lambda prompt: next(longer),
        max_metric_calls=calls,
        run_dir="run",
        logger=Logger(),
        seed=0,
    )


run(OLD, 20)
second = run(NEW, 40)
texts = [candidate["agent"] for candidate in second.candidates]
print("gepa", version("gepa"))
print("seed asked for in the second run:", NEW)
print("first candidate of its result:   ", texts[0])
print("new seed evaluated:", NEW in evaluated, "- among the candidates of the result:", NEW in texts)
print("what the log says before the first iteration:", said[: said.index(next(line for line in said if "Iteration" in line))])
if texts[0] != OLD or any(text.startswith(NEW) for text in texts):
    raise SystemExit("changed: the result of the second run knows the new seed")
print("still so: the run went on from the old seed")
PY
venv/bin/python check.py

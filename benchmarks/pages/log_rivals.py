"""Log a search of about 5,000 calls into MLflow and GEPA, for ``first_render.mjs`` to open their pages beside ours.

python -m venv rivals && rivals/bin/pip install mlflow gepa
rivals/bin/python benchmarks/pages/log_rivals.py FOLDER

MLflow gets what a user of its tracking logs: settings, eight metrics at each of 160 moments, the prompts and the
hold-out as artifacts, and a trace of four spans for each of 500 inputs. GEPA's page is made by its own function from
trees of 60 and of 140 candidates of five prompts. With --gepa-alone nothing is logged to MLflow.
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path
from typing import Any

TEXT = "The train leaves at 9:40 and takes 2 h 35 min; its speed is 84 km/h, so the way is 217 km. " * 3
AGENTS = ("reader", "algebra", "geometry", "critic", "writer")
MOMENTS, TRACES, INPUTS = 160, 500, 200
CANDIDATES = (60, 140)
"""Of GEPA's trees: what a search of ours keeps for the demo, and for 5,000 calls."""


def main(out: Path) -> None:
    """Write both."""
    out.mkdir(parents=True, exist_ok=True)
    for candidates in CANDIDATES:
        (out / f"gepa{candidates}.html").write_text(gepa_page(candidates), encoding="utf-8")
    if "--gepa-alone" in sys.argv:
        return
    (out / "mlflow.json").write_text(json.dumps(log_to_mlflow(out)), encoding="utf-8")


def prompts(number: int) -> dict[str, str]:
    """Return the prompts of a candidate: about 400 characters each."""
    return {name: f"You are {name}. {TEXT} Variant {number}." for name in AGENTS}


def gepa_page(candidates: int) -> str:
    """Return the page that GEPA makes of a search."""
    from gepa.visualization import candidate_tree_html_from_data

    chance = random.Random(0)
    parents: list[list[int | None]] = [[None]]
    for place in range(1, candidates):
        parents.append([chance.randrange(place)])
    scores = [0.4 + 0.005 * place + 0.02 * chance.random() for place in range(candidates)]
    fronts = {row: {chance.randrange(candidates) for _ in range(3)} for row in range(INPUTS)}
    page: str = candidate_tree_html_from_data([prompts(n) for n in range(candidates)], parents, scores, fronts)
    return page


def log_to_mlflow(out: Path) -> dict[str, Any]:
    """Log a run with its traces; return what leads to its pages."""
    import mlflow
    from mlflow.entities import Metric, SpanType

    mlflow.set_tracking_uri(f"sqlite:///{out / 'mlflow.db'}")
    experiment = mlflow.create_experiment("search", artifact_location=(out / "artifacts").as_uri())
    mlflow.set_experiment(experiment_id=experiment)
    with mlflow.start_run(run_name="search") as run:
        mlflow.log_params({f"setting_{n}": n for n in range(30)})
        mlflow.log_dict(prompts(0), "prompts.json")
        rows = [{"input": f"input-{n}", "before": TEXT, "after": TEXT, "outcome": "won"} for n in range(INPUTS)]
        mlflow.log_dict({"rows": rows}, "holdout.json")
        names = ("accuracy", "net", "calls", "tokens_in", "tokens_out", "usd", "in_flight", "losses")
        moments = [(name, moment) for name in names for moment in range(MOMENTS)]
        metrics = [Metric(name, 1.5 * moment, 1_790_000_000_000 + 1000 * moment, moment) for name, moment in moments]
        for begin in range(0, len(metrics), 500):
            mlflow.MlflowClient().log_batch(run.info.run_id, metrics=metrics[begin : begin + 500])
        for number in range(TRACES):
            with mlflow.start_span(name=f"input-{number}", span_type=SpanType.CHAIN) as whole:
                whole.set_inputs({"input": TEXT})
                for agent in AGENTS[:3]:
                    with mlflow.start_span(name=agent, span_type=SpanType.LLM) as span:
                        span.set_inputs({"prompt": TEXT})
                        span.set_outputs({"text": TEXT})
                whole.set_outputs({"answer": TEXT})
        mlflow.flush_trace_async_logging()
    return {"experiment": experiment, "run": run.info.run_id, "mlflow": mlflow.__version__}


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())

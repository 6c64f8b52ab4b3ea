"""What hardening takes from clean answers, said before anything is paid: inputs on which a fault is met tell of others.

Of the inputs of a search under stress only the rest says what becomes of clean answers. With the calls of a search
without faults these get worse, with 1 / (1 − share) times as many they do not (docs/design/0046-worst-case.md).
"""

from __future__ import annotations

from maspo.optimizers.base import OptimizerConfig
from maspo.optimizers.race.settings import CALLS_PER_AGENT, AnchorRaceConfig
from maspo.runners.base import PROMPT_GRAPH
from maspo.study.job import Job

STRESS = "runner.options.stress"


def remarks_on_hardening(job: Job, search: OptimizerConfig) -> list[str]:
    """Return which plan keeps clean answers where a search meets faults; none where it meets none, or has a plan set.

    ``search`` is the search as it is planned, by who decides.
    """
    own = job.config.search
    share = job.config.runner.options.get("stress", 0) if job.config.runner.kind == PROMPT_GRAPH else 0
    if not share or not isinstance(search, AnchorRaceConfig) or not isinstance(own, AnchorRaceConfig):
        return []
    if own.calls is not None or own.calls_per_agent is not None:
        return []
    if share == 1:
        return [f"{STRESS}: a fault is met on every input, so nothing shows what becomes of clean answers"]
    calls = round((search.calls_per_agent or CALLS_PER_AGENT) / (1 - float(share)))
    return [
        f"{STRESS}: a fault is met on {share:.0%} of the inputs, and only the others tell of clean answers. With the "
        "usual plan these got a little worse on simulated worlds, and stayed as good with --set "
        f"search.calls_per_agent={calls}"
    ]

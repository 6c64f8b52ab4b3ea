"""What a record or a settings file asks for that reaches beyond it: where calls and keys go, who works, what is read.

A record may come from somebody else. What it holds is data, and what it asks for is done only after its user has agreed
(``maspo.study.trust``). Whatever is not known to be harmless is asked about, so a new setting is, until somebody says
otherwise here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from maspo.config import RunConfig
from maspo.optimizers.registry import OPTIMIZERS
from maspo.scoring.registry import SCORERS
from maspo.study.evaluation.job import EXACT, JUDGE, Evaluation
from maspo.study.job import Job
from maspo.team import System
from maspo.team.app import App

SETTINGS_FILE = "a settings file"
AN_APP = "an app"
_HARMLESS = frozenset(
    {"profile", "seed", "labels", "focus", "holdout", "caps", "search"}
    | {"proposer.length_budget", "proposer.shown_characters", "proposer.fallback"}
    | {"models.agent", "models.judge", "models.proposer", "models.prices", "models.max_tokens"}
    | {"models.agent_temperature", "models.judge_temperature", "models.proposer_temperature"}
    | {"models.reasoning_tokens", "models.effort", "models.context", "judge.rubric", "judge.plain_pairs"}
    | {"models.concurrency", "models.timeout", "models.deadline", "models.attempts"}
)
"""Settings, and groups of them, that a settings file may choose: they neither send anything anywhere nor run anything.
What they cost is in the plan that a command shows first."""
_OF_A_ROLE = frozenset({"models.agent", "models.judge", "models.proposer"})
"""The name of a model, or a table of what holds for this role: its address, key and headers among it."""
_HARMLESS_OF_A_ROLE = frozenset({"model", "reasoning_tokens", "effort", "context"})
_ALWAYS = ("models.base_url", "models.api_key_env")
"""Told also when they are the defaults."""
_OF_EARLIER_VERSIONS = frozenset({"proposer.fallback", "models.form"})
"""What a record of an earlier version says by saying nothing: it goes on as it began."""
_NOT_THERE = object()
_LONGEST = 200
"""Characters of a value that are shown."""


@dataclass(frozen=True)
class Reach:
    """What somebody asks for, by setting; ``whose`` is the id of a run, ``SETTINGS_FILE`` or ``AN_APP``."""

    whose: str
    settings: Mapping[str, object]

    @property
    def fingerprint(self) -> str:
        """What stands for exactly these settings, of this run."""
        text = json.dumps([self.whose, sorted(self.settings.items())], sort_keys=True)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]  # 128 bits: no two meet

    @property
    def lines(self) -> tuple[tuple[str, str], ...]:
        """The settings and their values, for people."""
        shown = ((name, json.dumps(value, ensure_ascii=False)) for name, value in sorted(self.settings.items()))
        return tuple((name, text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…") for name, text in shown)


def of_job(job: Job, run: str) -> Reach:
    """Return what a recorded run asks for: all that decides where calls go, what they cost, and who answers.

    A simulated world asks nobody.
    """
    config = job.config.model_dump(mode="json", by_alias=True)
    default = dict(flat(RunConfig().model_dump(mode="json", by_alias=True)))
    given = {name: value for name, value in flat(config) if name in _ALWAYS or default.get(name, _NOT_THERE) != value}
    found = {name: value for name, value in given.items() if _tells_of_a_run(name, job, given)}
    for agent in job.system.agents:
        if agent.model and job.world is None:
            found[f"agents.{agent.name}.model"] = agent.model
    found |= {f"reads {name}": path for name, path in job.sources.items()}
    return Reach(run, {**found, **of_system(job.system).settings})


def of_evaluation(evaluation: Evaluation, run: str) -> Reach:
    """Return what a recorded evaluation asks for."""
    reach = of_job(evaluation.job, run)
    kind, _, argument = evaluation.scorer.partition(":")
    scorer = {"scorer": evaluation.scorer} if argument or kind not in (JUDGE, EXACT, *SCORERS.own) else {}
    return Reach(run, {**reach.settings, **scorer})


def of_app(app: App) -> Reach:
    """Return what running an app asks for."""
    return Reach(AN_APP, {"app.run": app.run, "app.python": app.interpreter(""), "app.folder": app.folder})


def of_system(system: System) -> Reach:
    """Return what a system file asks for: the programs that it names are started here, or are sent the rows."""
    found: dict[str, object] = {} if system.app is None else {**of_app(system.app).settings}
    for agent in system.agents:
        if agent.tools:
            found[f"agents.{agent.name}.tools"] = [f"{tool.run} in {tool.folder}" for tool in agent.tools]
    return Reach(AN_APP, found)


def of_file(given: Mapping[str, object]) -> Reach:
    """Return what settings of a file ask for; those that an option or a variable replaces are not given here."""
    found = {
        name: value
        for name, value in given.items()
        if not _is_harmless(name, value) or (name == "search.method" and value not in OPTIMIZERS.own)
    }
    return Reach(SETTINGS_FILE, found)


def flat(value: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Yield each single setting by its place, such as ``models.base_url``; prices and options stay tables."""
    for name, item in value.items():
        path = f"{prefix}{name}"
        if isinstance(item, Mapping) and not prefix:
            yield from flat(item, f"{path}.")
        else:
            yield path, item


def _tells_of_a_run(name: str, job: Job, given: Mapping[str, object]) -> bool:
    group = name.partition(".")[0]
    if name in _OF_EARLIER_VERSIONS:
        return False
    if group == "models":
        return job.world is None
    if group == "search":  # a search of ours asks for nothing; one of another package may
        return given.get("search.method", "race") not in OPTIMIZERS.own
    return group not in ("profile", "seed", "labels", "focus", "holdout") and not (job.world and group == "caps")


def _is_harmless(name: str, value: object) -> bool:
    if name in _OF_A_ROLE and isinstance(value, Mapping):
        return value.keys() <= _HARMLESS_OF_A_ROLE
    return name in _HARMLESS or name.partition(".")[0] in _HARMLESS

"""What the record of a run tells beside its events, for its document."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from maspo.core.verdict import Verdict
from maspo.events import Decided, Event, Recorded
from maspo.report.document import model
from maspo.report.holdout import HoldoutLine
from maspo.store.codec import RecordedResult

RecordEntry: TypeAlias = Recorded[Event | RecordedResult]
"""An entry of the record: an event, or a result of a request."""
_KEY = re.compile(r"\b[0-9a-f]{16}\b")
"""The content address of an input, which is its name where a row has none."""
_MOST_BEGINNING = 40
"""Characters of an input in place of a name: enough to tell it from its neighbours."""


@dataclass(frozen=True)
class CallRule:
    """What decides whether and how often an agent is called, see ``maspo.team.flow``."""

    words: str = ""
    when: str = ""
    each: str = ""
    rounds: int = 1
    same_prompt_as: str = ""
    late: tuple[str, ...] = ()
    """Whom it reads as they wrote the round before."""
    answers: bool = False
    """Whether what it writes is the answer on some inputs."""


@dataclass(frozen=True)
class Spending:
    """What single calls tell: by agent and model, how long they took, and how it added up."""

    agents: tuple[model.Spent, ...]
    models: tuple[model.Spent, ...]
    latency: tuple[model.Latency, ...]
    burn: tuple[model.Burn, ...]
    in_flight: int
    seconds: float | None
    """From the first call to the last."""


@dataclass(frozen=True)
class Extras:
    """What the record of a run tells beside its events; empty of a run of which only events are known."""

    folder: str = ""
    written: float = 0.0
    damage: str = ""
    entries: Sequence[RecordEntry] = ()
    output: str = ""
    """The agent that gives the final answer."""
    placeholders: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    called: Mapping[str, CallRule] = field(default_factory=dict)
    noted: Sequence[tuple[float, Decided]] = ()
    """What a person decided and the run has not acted on, with the time."""
    lines: Sequence[HoldoutLine] = ()
    """The hold-out, input by input."""
    line_traces: Mapping[str, str] = field(default_factory=dict)
    """The keys of their comparisons by the ids of inputs."""
    traces: Mapping[str, model.Compared] = field(default_factory=dict)
    compared_cases: Mapping[int, RecordedResult] = field(default_factory=dict)
    """The comparisons behind cases, by the place of the case."""
    blind: Mapping[str, Verdict] = field(default_factory=dict)
    """What a person said of cases, seen from the candidate, without knowing which output was whose: by the key of the
    comparison, or the id of the case."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Names of inputs by their keys."""
    spending: Spending | None = None
    caps: tuple[float | None, int | None, float | None] = (None, None, None)
    """Money, calls, minutes."""
    planned_calls: int | None = None
    part_of: model.PartOf = ""
    prompt_files: model.PromptFiles = "known"


def name_input(label: str, text: str) -> str:
    """Return a name of an input that says something: where it has no id of its own, how its text begins."""
    if not _KEY.fullmatch(label):
        return label
    # Of a text of any length no more than could be shown is looked at.
    flat = " ".join(text[: 20 * _MOST_BEGINNING].split())
    return f"“{flat}”" if len(flat) <= _MOST_BEGINNING else f"“{flat[:_MOST_BEGINNING].rstrip()} …”"


def with_names(line: str, labels: Mapping[str, str]) -> str:
    """Return a line in which inputs without an id of their own are named by how they begin."""
    return _KEY.sub(lambda found: labels.get(found[0], found[0]), line)

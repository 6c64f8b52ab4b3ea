"""What a log says of events: names and figures of those that matter, and of no event a text."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maspo.core.plain import plain
from maspo.events import Event, PromptChanged, PromptKept, SearchEnded, StepStarted
from maspo.events.base import registered
from maspo.events.search import LevelAgreement
from maspo.report.logged import Rounds, entry_of

KINDS = [kind for kind in registered() if kind.__module__.startswith("maspo.events.")]
NAMES = {"system", "profile", "method", "version", "models", "model", "agent", "agents", "purpose", "step"}
NAMES |= {"cap", "action", "left_out"}
"""Fields of events that hold names, which a log may tell."""
PASSED_OVER = frozenset(
    {"candidate_scored", "case_found", "case_shown", "draft_rejected", "drafts_screened", "influence_measured"}
    | {"left_out", "prompt_kept", "proxy_told", "step_started"}
)
"""Kinds that are steps of the search or figures of the report; rounds are told as wholes."""
DOCS = Path(__file__).resolve().parents[2] / "docs" / "scale.md"


def marked(event: Event) -> Event:
    """Return an event each text of which is the name of its field in angle brackets."""
    hints = get_type_hints(type(event))
    texts: dict[str, object] = {}
    for name in (one.name for one in fields(event) if one.name != "kind"):
        mark = f"<{name}>"
        values = {str: mark, Mapping[str, str]: {"name": mark}, tuple[str, ...]: (mark,), tuple[str, str]: (mark, mark)}
        if hints[name] in values:
            texts[name] = values[hints[name]]
    return replace(event, **texts)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_lg01_each_kind_is_told_by_names_and_figures_alone_or_passed_over(kind: type[Event]) -> None:
    @settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.from_type(kind))
    def check(event: Event) -> None:
        event = marked(event)
        entry = entry_of(event)
        assert (entry is None) == (event.kind in PASSED_OVER)
        if entry is not None:
            told = json.dumps(plain(entry.fields))
            assert entry.event == event.kind and set(re.findall(r"<(\w+)>", told)) <= NAMES, told

    check()


def test_lg02_the_docs_name_every_event() -> None:
    _, _, section = DOCS.read_text(encoding="utf-8").partition("\n## Logs\n")
    section, _, _ = section.partition("\n## ")
    rows = {name for line in section.splitlines() for name in re.findall(r"`(\w+)`", line.partition(" | ")[0])}
    for kind in KINDS:
        if (name := next(one.default for one in fields(kind) if one.name == "kind")) not in PASSED_OVER:
            assert name in rows, name


def test_lg03_a_round_is_told_once_with_what_it_decided() -> None:
    rounds, ended = Rounds(), []
    for number in (1, 2):
        for agent in ("a", "b"):
            ended.append(rounds.see(StepStarted(f"r{number}/{agent}", agent, number, 1, 5, 1)))
        ended.append(rounds.see(PromptKept("", "a", "why")))
        ended.append(rounds.see(PromptChanged("", "b", "x", "y", "why")))
    ended.append(rounds.see(SearchEnded("why", LevelAgreement(), LevelAgreement())))
    ended.append(rounds.see(SearchEnded("why", LevelAgreement(), LevelAgreement())))
    told = [one.fields for one in ended if one is not None]
    assert told == [{"round": number, "at_most": 5, "changed": 1, "kept": 1} for number in (1, 2)]


def test_lg04_a_prompt_is_told_by_its_id() -> None:
    entry = entry_of(PromptChanged("r1/a", "a", "before", "after", "why"))
    assert entry is not None and entry.fields == {"agent": "a", "step": "r1/a", "prompt": "f39592393ef0"}

"""The integration for MAS-PromptBench, against stand-ins for what it takes of the benchmark."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

FILE = Path(__file__).parents[2] / "examples/mas_promptbench/integration.py"
ROLES = {"planner": "You plan.", "writer": "You write the answer."}


@dataclass(frozen=True)
class Bundle:
    roles: Mapping[str, str]
    demos: tuple[object, ...] = ()
    metadata: Mapping[str, object] = field(default_factory=dict)


@dataclass
class Session:
    """Runs teams whose writer answers right where its prompt has a good word, or the number of the row is even."""

    cell: Any
    runner: Any
    budget: Any
    seed_bundle: Bundle
    spent: int = 0

    def __post_init__(self) -> None:
        self.roles = dict(self.seed_bundle.roles)
        self.pacing = SimpleNamespace(remaining=lambda: self.budget.maximum - self.spent)

    def set_context(self, *, iteration: int, event: str) -> None:
        assert iteration > 0 and event

    def set_prompt(self, role: str, text: str) -> None:
        assert text.strip() and role in self.roles
        self.roles[role] = text

    def run_records(self, rows: Sequence[Mapping[str, Any]]) -> list[SimpleNamespace]:
        self.spent += len(rows)
        assert self.spent <= self.budget.maximum
        return [self._run(row) for row in rows]

    def _run(self, row: Mapping[str, Any]) -> SimpleNamespace:
        right = "good" in self.roles["writer"] or row["id"] % 2 == 0
        answer = "right" if right else f"wrong {row['id']}"
        messages = [{"source": "planner", "content": self.roles["planner"]}, {"source": "writer", "content": answer}]
        return SimpleNamespace(messages=messages, final_output=answer, score=float(right))


@dataclass
class Journal:
    method: str
    cell: Any
    session: Session
    events: list[str] = field(default_factory=list)

    def observe(self, *, native_event: str, **_: object) -> None:
        self.events.append(native_event)

    def finalize_curve(self) -> None:
        self.events.append("curve")

    def artifact(self, **given: Any) -> SimpleNamespace:
        return SimpleNamespace(method=self.method, events=self.events, spent=self.session.spent, **given)


@dataclass
class Backend:
    """The reflection model: writes a better prompt, and sees no difference between two outputs."""

    asked: list[str] = field(default_factory=list)

    def complete(self, prompt: str, *, request_seed: int, phase: str, **_: object) -> str:
        self.asked.append(phase)
        if phase == "proposer":
            return f"<prompt>You write a good answer, {len(self.asked)}.</prompt>"
        return "<verdict>tie</verdict>"


@pytest.fixture
def integration(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module of the integration, with stand-ins in the place of the benchmark."""
    parts: dict[str, dict[str, object]] = {
        "reflection": {"REFLECTION_MAX_OUTPUT_TOKENS": 100},
        "seeding": {"reflection_seed": lambda cell, **asked: hash(tuple(asked.values())) % 2**31},
        "journal": {"LifecycleJournal": Journal},
        "rollouts": {"native_role_order": lambda cell, roles: roles},
        "schema": {
            "PromptBundle": Bundle,
            "StopReason": SimpleNamespace(BUDGET="budget", NATIVE_RETURN="native_return"),
            "example_id": lambda row, place: str(row["id"]),
        },
        "session": {"RunnerSession": Session},
    }
    for name in ("optimizers", "optimizers.protocol"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    for name, holds in parts.items():
        module = ModuleType(f"optimizers.protocol.{name}")
        for key, value in holds.items():
            setattr(module, key, value)
        monkeypatch.setitem(sys.modules, module.__name__, module)
    spec = importlib.util.spec_from_file_location("mas_promptbench_integration", FILE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    return module


def optimized(integration: Any, budget: int) -> tuple[SimpleNamespace, Backend]:
    backend = Backend()
    method = integration.MaspoDefault(seed_bundle=Bundle(ROLES), reflection=backend)
    cell = SimpleNamespace(topology="sequential", optimizer_seed=0)
    rows = [{"id": number, "question": f"Question {number}?"} for number in range(40)]
    found: SimpleNamespace = method.optimize(cell, None, SimpleNamespace(maximum=budget), rows, [])
    return found, backend


def test_h01_it_finds_what_the_scores_favour_within_the_rollouts_and_counts_what_is_not_charged(
    integration: Any,
) -> None:
    found, backend = optimized(integration, 300)
    assert found.spent <= 300 and "good" in found.incumbent_bundle.roles["writer"]
    assert found.metadata["uncharged_model_calls"] == {
        kind: backend.asked.count(kind) for kind in ("proposer", "judge")
    }
    assert found.metadata["uncharged_model_calls"]["proposer"] > 0
    assert found.events[0] == "initial_state" and found.events[-2:] == ["final_state", "curve"]


def test_h02_where_the_rollouts_end_it_returns_what_it_has(integration: Any) -> None:
    found, _ = optimized(integration, 12)
    assert found.spent <= 12 and found.stop_reason == "budget" and set(found.incumbent_bundle.roles) == set(ROLES)


def test_h03_who_reads_whom_follows_the_topology(integration: Any) -> None:
    assert integration.team_of("centralized", ["manager", "w1", "w2"]).successors == {
        "w1": ("manager",),
        "w2": ("manager",),
        "manager": (),
    }
    assert integration.team_of("sequential", ["a", "b", "c"]).successors == {"a": ("b",), "b": ("c",), "c": ()}
    assert integration.team_of("decentralized", ["all"]).output == "all"
    with pytest.raises(ValueError, match="one shared role"):
        integration.team_of("independent", ["a", "b"])


def test_h04_who_wrote_a_message_is_read_from_autogen_and_from_langchain(integration: Any) -> None:
    messages = [
        {"source": "planner", "role": "assistant", "content": "a plan"},
        {"name": "writer", "role": "assistant", "type": "ai", "content": "a text"},
    ]
    assert [integration.speaker(one) for one in messages] == ["planner", "writer"]
    assert integration.speaker({"role": "manager", "content": ""}) == "manager" and integration.speaker({}) == ""

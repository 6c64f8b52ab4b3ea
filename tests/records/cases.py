"""Which records of commit 84bce21 and of earlier ones are kept, by what command each was made, and how it ended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from tests.records.endpoint import ADDRESS

REFERENCE = "84bce21"
FIRST_RACE = "e83d597"
LAST_OF_FORMAT_1 = "4f5ab4c"
FIRST_OF_FORMAT_2 = "473b300"

End: TypeAlias = Literal["done", "killed", "interrupted", "refused"]
"""``killed`` by SIGKILL, ``interrupted`` by SIGINT, ``refused`` by the endpoint; ``done`` also when a cap was met."""

BASE = ("--seed", "8")
CONFLICTS = ("--seed", "12", "--conflicts")
"""Options of the worlds."""


@dataclass(frozen=True)
class Case:
    """One record: the arguments of the command that made it, and when and how that ended."""

    name: str
    command: tuple[str, ...]
    ends: End = "done"
    after: int = 0
    """Requests, or for a demo recorded calls, after which it ended."""
    world: tuple[str, ...] = BASE
    caps: tuple[str, ...] = ()
    """Of the command; going on drops them."""
    higher: tuple[str, ...] = ()
    """Caps with which it goes on."""
    commit: str = REFERENCE
    goes_on_until: int = 0
    """A second process went on with it and was killed after so many further requests."""


def _set(*settings: str) -> tuple[str, ...]:
    return tuple(word for setting in settings for word in ("--set", setting))


_CALLS = _set(
    "models.concurrency=4",
    "models.allow_http=true",
    "models.use_proxy=true",
    'models.prices={"maspo-world": [0.4, 1.6], "maspo-other": [0.1, 0.2]}',
)
_ENDPOINT = ("--base-url", ADDRESS, "--agent-model", "maspo-world", "--yes", *_CALLS)


def optimize(*more: str, team: str = "team.yaml", rows: str = "rows.jsonl") -> tuple[str, ...]:
    """Return the arguments of a search."""
    return ("optimize", team, "--inputs", rows, *_ENDPOINT, *more)


def evaluate(*more: str) -> tuple[str, ...]:
    """Return the arguments of an evaluation."""
    return ("evaluate", "team.yaml", "--inputs", "rows.jsonl", "--prompts", "better.json", *_ENDPOINT, *more)


def judge_check(*more: str) -> tuple[str, ...]:
    """Return the arguments of a judge check."""
    return ("judge-check", "team.yaml", "--inputs", "rows.jsonl", *_ENDPOINT, *more)


RACE = _set(
    "search.passes=2", "search.drafts=1", "search.stages=[3,6]", "search.shared_inputs=6", "search.union_inputs=6"
)
PAPER = ("--profile", "paper", *_set("search.passes=2", "search.generations=1", "search.batch=4"))
LOCAL = _set(
    "search.weights.local=1", "search.weights.lookahead=0", "search.weights.global=0", "search.hard_negatives=0"
)
ASCENT = _set(
    "search.method=ascent",
    "search.passes=2",
    "search.generations=1",
    "search.batch=3",
    "search.drafts=1",
    "search.promotion=[3,6]",
)
EVERYTHING = _set(
    "search.passes=3",
    "search.drafts=2",
    "search.stages=[12]",
    "search.shared_inputs=8",
    "search.union_inputs=8",
    "search.screen=5",
    "search.interventions=2",
    "search.removals=true",
)
FEW = _set("search.calls_per_agent=100")


def _everything() -> tuple[str, ...]:
    return optimize("--seed", "8", *EVERYTHING, rows="rows12.jsonl")


def _finished() -> Iterator[Case]:
    yield Case("default", optimize(*FEW))
    yield Case("cheap", optimize("--profile", "cheap", "--judge-model", "maspo-other", *_set("search.calls=150")))
    yield Case("thorough", optimize("--profile", "thorough", *FEW))
    yield Case("paper", optimize(*PAPER))
    yield Case("local-only", optimize(*PAPER, *LOCAL))
    yield Case("ascent", optimize(*ASCENT))
    yield Case("labels", optimize("--labels", "use", *FEW))
    yield Case("labels-paper", optimize("--labels", "use", *PAPER))
    yield Case(
        "improved",
        optimize(
            "--seed",
            "2",
            *_set(
                "search.passes=2",
                "search.drafts=2",
                "search.stages=[20]",
                "search.shared_inputs=12",
                "search.union_inputs=10",
            ),
            rows="rows40.jsonl",
        ),
    )
    yield Case("everything", _everything(), world=CONFLICTS)
    yield Case("worse", optimize("--seed", "44", *RACE, rows="rows40.jsonl"), world=(*BASE, "--coin-flip"))
    yield Case("hierarchical", optimize(*RACE, team="four.yaml"))
    yield Case("templated", optimize("--focus", "critic", "--ship-if", "proven", *RACE, team="templated.yaml"))
    yield Case("lost-calls", optimize(*RACE, *_set("models.attempts=1")), world=(*BASE, "--error-rate", "0.08"))
    yield Case("demo", ("demo", "--inputs", "6"))


def _unfinished() -> Iterator[Case]:
    yield Case("race-killed-early", optimize(*RACE), "killed", 30)
    yield Case("race-killed-late", optimize(*RACE), "killed", 140)
    yield Case("race-killed-twice", optimize(*RACE), "killed", 40, goes_on_until=30)
    yield Case("race-interrupted", optimize(*RACE), "interrupted", 60)
    yield Case("race-refused", optimize(*RACE), "refused", 50)
    yield Case("race-capped", optimize(*RACE), caps=("--max-calls", "90"), higher=("--max-calls", "100000"))
    yield Case(
        "race-capped-usd",
        optimize(*RACE, *_set("models.max_tokens=400")),
        caps=("--max-usd", "0.012"),
        higher=("--max-usd", "10"),
    )
    yield Case("paper-killed", optimize(*PAPER), "killed", 120)
    yield Case("paper-interrupted", optimize(*PAPER), "interrupted", 70)
    yield Case("paper-capped", optimize(*PAPER), caps=("--max-calls", "120"), higher=("--max-calls", "100000"))
    yield Case("ascent-killed", optimize(*ASCENT), "killed", 70)
    yield Case("local-only-killed", optimize(*PAPER, *LOCAL), "killed", 90)
    yield Case("labels-killed", optimize("--labels", "use", *RACE), "killed", 90)
    yield Case("everything-killed", _everything(), "killed", 200, world=CONFLICTS)
    yield Case("hierarchical-interrupted", optimize(*RACE, team="four.yaml"), "interrupted", 150)
    yield Case("demo-killed", ("demo", "--inputs", "6"), "killed", 300)


def _evaluations() -> Iterator[Case]:
    yield Case("evaluation", evaluate("--scorer", "exact"))
    yield Case("evaluation-judge", evaluate("--scorer", "judge"))
    yield Case("evaluation-rubric", evaluate("--against", "none", "--rubric", "rubric.txt"))
    yield Case("evaluation-killed", evaluate("--scorer", "exact"), "killed", 30)
    yield Case("evaluation-interrupted", evaluate("--scorer", "judge"), "interrupted", 40)
    yield Case(
        "evaluation-capped", evaluate("--scorer", "exact"), caps=("--max-calls", "40"), higher=("--max-calls", "1000")
    )
    yield Case("judge-check", judge_check("--prompts", "better.json", "--pairs", "6"))
    yield Case("judge-check-repeats", judge_check("--pairs", "4"))
    yield Case("judge-check-killed", judge_check("--prompts", "better.json", "--pairs", "6"), "killed", 30)
    yield Case(
        "judge-check-capped", judge_check("--prompts", "better.json", "--pairs", "6"), caps=("--max-calls", "50")
    )
    yield Case("judge-check-interrupted", judge_check("--prompts", "better.json", "--pairs", "6"), "interrupted", 40)


def _older() -> Iterator[Case]:
    demo = ("demo", "--inputs", "6")
    yield Case("older/first-race", demo, commit=FIRST_RACE)
    yield Case("older/format-1", demo, commit=LAST_OF_FORMAT_1)
    yield Case("older/format-1-killed", demo, "killed", 200, commit=LAST_OF_FORMAT_1)
    yield Case("older/format-2", demo, commit=FIRST_OF_FORMAT_2)
    yield Case("older/format-2-killed", demo, "killed", 200, commit=FIRST_OF_FORMAT_2)
    for name, command in (
        ("evaluation", evaluate("--scorer", "exact")),
        ("judge-check", judge_check("--prompts", "better.json", "--pairs", "6")),
    ):
        yield Case(f"older/{name}", command, commit=FIRST_OF_FORMAT_2)


CASES = (*_finished(), *_unfinished(), *_evaluations(), *_older())

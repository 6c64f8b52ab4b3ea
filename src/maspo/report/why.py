"""Why a prompt is as it is: of each change what asked for it, where it helped and hurt, and what happens without. Pure.

Everything is read from what a run recorded: its events, and the comparisons by which a change was accepted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from maspo.core.prompts import prompt_id, prompts_id
from maspo.core.spoilt import called
from maspo.core.verdict import Comparison, Verdict
from maspo.events import CandidateScored, LevelCounts, PromptChanged
from maspo.report.often import often

if TYPE_CHECKING:
    from maspo.report.fold import AgentView, RunView, StepView
    from maspo.store import RecordedResult

_MOST_NAMED = 5
"""Inputs that a line names: enough to look at some, and still one line."""


_NO_TURN: Mapping[str, str] = {
    "carried": "found by an earlier run",
    "prune": "sentences that the search had added left out",
    "decided": "decided by a person",
}
"""What asked for a change that no draft was written for, by the beginning of its step."""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """The comparisons by which a change was accepted: inputs won and lost by name, of how many."""

    won: tuple[str, ...]
    lost: tuple[str, ...]
    inputs: int


def tried_by_step(
    changes: Sequence[PromptChanged], results: Iterable[RecordedResult], labels: Mapping[str, str]
) -> dict[str, Acceptance]:
    """Return by step on which inputs its change was won and lost, as it went into the prompts.

    In a race all changes of a round are tried together, so they are won and lost together.
    """
    together: dict[str, dict[str, str]] = {}
    for change in changes:
        together.setdefault(change.step.partition("/")[0], {})[change.agent] = change.after
    wanted: dict[str, list[tuple[str, str]]] = {}
    """By the beginning of a request: what stands within it, and the step of the change that was tried by it."""
    for change in changes:
        number = change.step.partition("/")[0]
        wanted.setdefault(f"{number}/unite/", []).append((f"/{prompts_id(together[number])}/", change.step))
        wanted.setdefault(f"{change.step}/promote/", []).append((f"/{prompt_id(change.after)}/", change.step))
    met: dict[str, dict[str, Verdict]] = {}
    for recorded in results:
        result = recorded.result
        if not isinstance(result, Comparison) or result.failed:
            continue
        for beginning in _beginnings(recorded.request):
            for middle, step in wanted.get(beginning, ()):
                if middle in recorded.request:
                    met.setdefault(step, {})[result.input_key] = result.glob
    return {
        step: Acceptance(
            won=tuple(called(key, labels) for key, verdict in found.items() if verdict is Verdict.WIN),
            lost=tuple(called(key, labels) for key, verdict in found.items() if verdict is Verdict.LOSS),
            inputs=len(found),
        )
        for step, found in met.items()
    }


def _beginnings(request: str) -> Iterable[str]:
    """Return what a request begins with, up to each of its slashes."""
    return (request[: place + 1] for place, letter in enumerate(request) if letter == "/")


def may_have_tried(recorded: RecordedResult) -> bool:
    """Return whether a result is of a comparison by which a change may have been accepted, see ``tried_by_step``."""
    return "/unite/" in recorded.request or "/promote/" in recorded.request


def reasons(view: RunView, agent: AgentView) -> tuple[str, ...]:
    """Return of each change of an agent's prompt one line, and at the end what happens without all of them."""
    return (*changes(view, agent), *_without(view, agent.name)) if agent.rewritten else ()


def changes(view: RunView, agent: AgentView, latest: int | None = None) -> tuple[str, ...]:
    """Return of each change of an agent's prompt one line, or of the latest changes only."""
    found = [(step, step.decision) for step in view.steps if step.agent == agent.name]
    changed = [(step, decision) for step, decision in found if isinstance(decision, PromptChanged)]
    return tuple(_change(view, step, decision) for step, decision in changed[-latest if latest else None :])


def _change(view: RunView, step: StepView, decision: PromptChanged) -> str:
    where = "by decision" if decision.ruled else f"round {step.label}" if step.by_rounds else f"step {step.label}"
    parts = [_find_evidence(view, step), _levels(step, decision)]
    if (tried := view.tried.get(step.step)) is not None:
        parts.append(f"tried {_trial(view, step, tried)}")
    return f"{where}: {'; '.join(part for part in parts if part)}"


def _trial(view: RunView, step: StepView, tried: Acceptance) -> str:
    """Return how a change did when it was tried: together with whom, on how many inputs, and on which it was felt."""
    others = together(view, step)
    with_whom = f"together with {_names(others)} " if others else ""
    better = _inputs(tried.won) if tried.won else "none"
    worse = _inputs(tried.lost) if tried.lost else "none"
    tried_on = "1 input" if tried.inputs == 1 else f"{tried.inputs} inputs"
    return f"{with_whom}on {tried_on}: the final answer was better on {better}, worse on {worse}"


def _find_evidence(view: RunView, step: StepView) -> str:
    """Return the evidence that led the proposer: cases of the agent and of whom it reads, found before; or traces."""
    if step.started is None and (told := _NO_TURN.get(step.label.partition("-")[0])):
        return told
    before: list[str] = []
    reads = next((agent.reads for agent in view.agents if agent.name == step.agent), ())
    for other in view.steps:
        if other.step == step.step:
            break
        if step.by_rounds and other.step.partition("/")[0] == step.step.partition("/")[0]:
            continue  # of this round: found with drafts that were written as early as these
        if other.agent == step.agent or other.agent in reads:
            before += [case.input_key for case in other.cases]
    count = len(dict.fromkeys(before))
    if not count:
        return "written after a look at ordinary runs"
    cases = "1 misalignment case" if count == 1 else f"the newest of {count} misalignment cases"
    return f"written after a look at {cases} and ordinary runs"


def _levels(step: StepView, decision: PromptChanged) -> str:
    """Return the verdicts by level on the candidates that were merged into the prompt."""
    after = prompt_id(decision.after)
    kept = [one for one in step.candidates if one.kept or one.candidate == after]
    if not kept:
        return ""
    names = [("its own output", "local"), ("what its readers wrote", "lookahead"), ("the final answer", "glob")]
    if not _decided(kept, "lookahead") and all(one.local == one.glob for one in kept):
        del names[0]  # of the agent that gives the answer: one comparison, not two
    told = [f"{name} {_counted(kept, level)}" for name, level in names if _decided(kept, level)]
    return f"drafts against the prompt before: {', '.join(told)}" if told else ""


def _decided(kept: Sequence[CandidateScored], level: str) -> int:
    return sum(_counts(one, level).wins + _counts(one, level).losses for one in kept)


def _counted(kept: Sequence[CandidateScored], level: str) -> str:
    wins, losses = (sum(getattr(_counts(one, level), what) for one in kept) for what in ("wins", "losses"))
    return f"better {often(wins)} and worse {often(losses)}"


def _counts(one: CandidateScored, level: str) -> LevelCounts:
    found: LevelCounts = getattr(one, level)
    return found


def together(view: RunView, step: StepView) -> list[str]:
    """Return the other agents whose changes went into the prompts with one, and were tried with it."""
    if not step.by_rounds and step.started is not None:
        return []
    number = step.step.partition("/")[0]
    return [
        other.agent
        for other in view.steps
        if other.step != step.step
        and other.step.partition("/")[0] == number
        and isinstance(other.decision, PromptChanged)
    ]


def _without(view: RunView, agent: str) -> list[str]:
    return [
        f"without it, on {found.inputs} hold-out inputs: {_inputs(found.helped) if found.helped else 'none'} would be "
        f"worse, {_inputs(found.hurt) if found.hurt else 'none'} better"
        for found in view.left_out
        if found.agent == agent
    ]


def _inputs(labels: Sequence[str]) -> str:
    return f"{len(labels)} ({_names(labels)})"


def _names(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")

"""The state of a run as a fold over its events, and what follows from it. Pure; works at any moment of a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, TypeAlias, TypeVar

from maspo.core.prompts import prompt_id
from maspo.core.sums import add_up
from maspo.events import (
    ApprovalAsked,
    BudgetStopped,
    CallLost,
    CallUnsettled,
    CandidateScored,
    CaseFound,
    CaseShown,
    ConflictFound,
    ControlTokensDefused,
    Decided,
    DidNotFit,
    DraftRejected,
    DraftsReplaced,
    DraftsScreened,
    EndpointAdapted,
    Event,
    FaultsWeighed,
    FocusNarrowed,
    InfluenceMeasured,
    JudgeChecked,
    LeftOut,
    Paused,
    PromptChanged,
    PromptKept,
    ProxyTold,
    RerunCompared,
    RunFinished,
    RunStarted,
    SearchEnded,
    StepStarted,
    Usage,
    Warned,
    standing,
)
from maspo.proposers.asked import NOTHING_ASKED, Asked
from maspo.proposers.brought import brought
from maspo.proposers.foreign import remarks
from maspo.report.why import Acceptance

_remarks = lru_cache(1024)(remarks)
_brought = lru_cache(1024)(brought)
"""Takes some milliseconds for a long prompt, and a page that follows a run asks for the same ones every second."""
State: TypeAlias = Literal["empty", "running", "stopped", "paused", "finished"]
"""``stopped``: not finished, and no process works on it, which the record's lock tells and its events cannot."""
_Kind = TypeVar("_Kind", bound=Event)
_StepEvent: TypeAlias = StepStarted | CandidateScored | DraftRejected | CaseFound | PromptKept | PromptChanged


@dataclass(frozen=True, slots=True)
class AgentView:
    """One agent's prompt before and after.

    ``winner`` is what the search ended with, or stands at now; ``shipped`` is None until the run has finished.
    """

    name: str
    reads: tuple[str, ...]
    seed: str
    winner: str
    shipped: str | None
    times_changed: int
    asked: Asked = field(default=NOTHING_ASKED, repr=False, compare=False)
    """The inputs of the run, of which a new prompt may tell something."""

    @property
    def rewritten(self) -> bool:
        """Whether the search found another prompt for this agent, shipped or not."""
        return self.winner != self.seed

    @property
    def changed(self) -> bool:
        """Whether the shipped prompt differs from the seed prompt."""
        return self.shipped is not None and self.shipped != self.seed

    @property
    def suspicious(self) -> tuple[str, ...]:
        """What in the new prompt, and not in the seed prompt, speaks to other systems: to be looked at twice."""
        return _remarks(self.winner, self.seed) if self.rewritten else ()

    @property
    def brought(self) -> tuple[str, ...]:
        """What the new prompt brings along beside plain words: names, figures, quotations, to run the eye over."""
        return _brought(self.winner, self.seed, self.asked) if self.rewritten else ()


@dataclass(frozen=True, slots=True)
class StepView:
    """One step of the search: an agent's candidates and what became of them."""

    step: str
    agent: str
    started: StepStarted | None
    candidates: tuple[CandidateScored, ...]
    """The latest score of each candidate, in order of first appearance."""
    rejected: tuple[DraftRejected, ...]
    cases: tuple[CaseFound, ...]
    decision: PromptKept | PromptChanged | None
    by_rounds: bool = False
    """Whether it is an agent's part in a round of the race."""

    @property
    def label(self) -> str:
        """The round of a race, ``2``; else pass and generation, ``2.1``, where generation 0 is Beam Refresh.

        What is no turn of the search, such as leaving out what is not missed, is called as its step: ``prune``.
        """
        if self.started is None:
            return self.step.partition("/")[0] if "/" in self.step else "?"
        return f"{self.started.pass_}" if self.by_rounds else f"{self.started.pass_}.{self.started.generation}"

    @property
    def best(self) -> CandidateScored | None:
        """The candidate with the highest expected worth in a race, else with the highest reward."""
        return max(self.candidates, key=lambda one: one.score if self.by_rounds else one.reward, default=None)

    @property
    def compared(self) -> int:
        """Inputs on which candidates were compared, summed over the candidates."""
        return sum(candidate.inputs for candidate in self.candidates)

    @property
    def misaligned(self) -> int:
        """Misalignment cases (Eq. 6) among the compared inputs."""
        return sum(candidate.misaligned for candidate in self.candidates)


@dataclass(frozen=True, slots=True)
class JudgeTally:
    """What a record tells of its judge: replies without a verdict, and pairs on which it contradicted itself."""

    unreadable: int = 0
    contradicted: int = 0
    tested: tuple[int, int] = (0, 0)
    """Of the last final test: pairs on which it contradicted itself, and pairs that it was asked in both orders."""


@dataclass(frozen=True, slots=True)
class RunView:
    """Everything that a report says of a run."""

    state: State
    started: RunStarted | None
    finished: RunFinished | None
    agents: tuple[AgentView, ...]
    steps: tuple[StepView, ...]
    cases: tuple[CaseShown, ...]
    budget_stops: tuple[BudgetStopped, ...]
    """Caps that ended the search; none once it has gone on under a higher cap."""
    lost_calls: tuple[CallLost, ...]
    defused: tuple[ControlTokensDefused, ...]
    pauses: tuple[Paused, ...]
    unsettled: tuple[CallUnsettled, ...] = ()
    adapted: tuple[str, ...] = ()
    """How endpoints want to be asked, as it was learned."""
    """Calls in flight when a process of the run died: possibly billed twice."""
    ended: SearchEnded | None = None
    """The end of the search, when it came by itself."""
    influence: InfluenceMeasured | None = None
    """Who matters, as the search saw it."""
    faults: tuple[FaultsWeighed, ...] = ()
    """What faults cost before each round, and how often they were met in it, where the worst case was asked for."""
    focus: tuple[FocusNarrowed, ...] = ()
    """After which rounds it was looked who is worth rewriting, and whom that left out."""
    screenings: tuple[DraftsScreened, ...] = ()
    """What the proxy did with drafts, agent by agent; none when it was not used."""
    proxy: ProxyTold | None = None
    """What the proxy saved, and how often it was right."""
    conflicts: tuple[ConflictFound, ...] = ()
    """Agents whose changes won alone and lost together."""
    judge: JudgeChecked | None = None
    """What the judge said of pairs on which labels decided."""
    rerun: RerunCompared | None = None
    """How far two runs of the seed prompts differed."""
    warnings: tuple[Warned, ...] = ()
    """What was said early about parts of the run that are of little use."""
    decided: tuple[Decided, ...] = ()
    """What a person decided, in order."""
    approval: ApprovalAsked | None = None
    """The question whether new prompts may ship, as long as it is open."""
    replaced: tuple[DraftsReplaced, ...] = ()
    """Proposals for which plain edits stood in."""
    shortened: tuple[DidNotFit, ...] = ()
    """Requests of judge and proposer that were asked with less, if at all."""
    usage: Mapping[str, Usage] = field(default_factory=dict)
    """What calls cost so far, by purpose."""
    judged: JudgeTally = JudgeTally()
    """What the record tells of the judge beyond its events."""
    left_out: tuple[LeftOut, ...] = ()
    """What happens without the changes of single agents, where that was tried."""
    tried: Mapping[str, Acceptance] = field(default_factory=dict)
    """By step, on which inputs its change was won and lost when it was accepted."""
    seconds: float | None = None

    @property
    def held(self) -> bool:
        """Whether a person has paused a run that is still under way."""
        last = next((one.action for one in reversed(self.decided) if one.action in ("pause", "resume")), "")
        return self.state == "running" and last == "pause"

    @property
    def simulated(self) -> bool:
        """Whether the simulated world stood in for language models."""
        return self.started is not None and self.started.simulated

    @property
    def by_rounds(self) -> bool:
        """Whether the search was a race."""
        return any(step.by_rounds for step in self.steps)

    @property
    def rejected(self) -> tuple[DraftRejected, ...]:
        """All drafts that could not be used, in order."""
        return tuple(draft for step in self.steps for draft in step.rejected)

    @property
    def prompt_ids(self) -> Mapping[str, frozenset[str]]:
        """By agent, the ids of the prompts that it has had in this run or that were tried for it."""
        texts = {one.name: {one.seed, one.winner} for one in self.agents}
        for step in self.steps:
            texts.setdefault(step.agent, set()).update(one.text for one in step.candidates)
            if isinstance(step.decision, PromptChanged):
                texts[step.agent].add(step.decision.after)
        return {name: frozenset(map(prompt_id, found)) for name, found in texts.items() if name}

    @property
    def hint(self) -> str:
        """What looks wrong with the wiring, or nothing."""
        return self.influence.hint if self.influence else ""

    @property
    def cases_found(self) -> int:
        """How many misalignment cases the run met; not all of them are shown."""
        return max(len(self.cases), sum(len(step.cases) for step in self.steps))


def fold(
    events: Iterable[Event],
    usage: Mapping[str, Usage] | None = None,
    judged: JudgeTally | None = None,
    tried: Mapping[str, Acceptance] | None = None,
    asked: Asked = NOTHING_ASKED,
) -> RunView:
    """Return what is known of a run after these events.

    ``usage`` is the cost so far of a run that has not finished; a finished run carries its own. ``judged`` and
    ``tried`` are what the record tells beside the events, and ``asked`` are its inputs.
    A run that goes on after it had finished (resumed with a larger cap) counts as running again.
    """
    seen = tuple(standing(events))
    started = _last(seen, RunStarted)
    pauses = _all(seen, Paused)
    end = next((event for event in reversed(seen) if isinstance(event, RunFinished | RunStarted | StepStarted)), None)
    finished = end if isinstance(end, RunFinished) else None
    state: State = "running"
    if not seen:
        state = "empty"
    elif finished:
        state = "finished"
    elif isinstance(seen[-1], Paused):
        state = "paused"
    search = StepStarted | CandidateScored | PromptKept | PromptChanged | SearchEnded
    went_on = max((index for index, event in enumerate(seen) if isinstance(event, search)), default=-1)
    return RunView(
        state=state,
        started=started,
        finished=finished,
        agents=_agents(started, finished, _all(seen, PromptChanged), asked) if started else (),
        steps=_steps(seen, started),
        cases=_all(seen, CaseShown),
        budget_stops=_all(seen[went_on + 1 :], BudgetStopped),
        lost_calls=_all(seen, CallLost),
        defused=_all(seen, ControlTokensDefused),
        pauses=pauses,
        unsettled=_all(seen, CallUnsettled),
        shortened=_all(seen, DidNotFit),
        adapted=tuple(event.what for event in _all(seen, EndpointAdapted)),
        ended=_last(seen, SearchEnded),
        influence=_last(seen, InfluenceMeasured),
        faults=_all(seen, FaultsWeighed),
        focus=_all(seen, FocusNarrowed),
        screenings=_all(seen, DraftsScreened),
        proxy=_last(seen, ProxyTold),
        conflicts=_all(seen, ConflictFound),
        judge=_last(seen, JudgeChecked),
        rerun=_last(seen, RerunCompared),
        left_out=tuple({one.agent: one for one in _all(seen, LeftOut)}.values()),
        tried=dict(tried or {}),
        warnings=_all(seen, Warned),
        decided=_all(seen, Decided),
        approval=_open_question(seen),
        replaced=_all(seen, DraftsReplaced),
        usage=dict(finished.usage if finished else usage or {}),
        judged=judged or JudgeTally(contradicted=finished.holdout.contradicted if finished else 0),
        seconds=finished.seconds if finished else (pauses[-1].seconds if pauses else None),
    )


def _open_question(events: Sequence[Event]) -> ApprovalAsked | None:
    """Return the last question for approval, unless the run has gone on since."""
    kinds = ApprovalAsked | RunFinished | StepStarted
    last = next((event for event in reversed(events) if isinstance(event, kinds)), None)
    return last if isinstance(last, ApprovalAsked) else None


def _all(events: Sequence[Event], kind: type[_Kind]) -> tuple[_Kind, ...]:
    return tuple(event for event in events if isinstance(event, kind))


def _last(events: Sequence[Event], kind: type[_Kind]) -> _Kind | None:
    return next((event for event in reversed(events) if isinstance(event, kind)), None)


def _agents(
    started: RunStarted, finished: RunFinished | None, changes: Sequence[PromptChanged], asked: Asked
) -> tuple[AgentView, ...]:
    current = {**started.seed_prompts, **{change.agent: change.after for change in changes}}
    if finished:
        current.update(finished.winners)
    times = [change.agent for change in changes if not change.ruled]
    return tuple(
        AgentView(
            name=name,
            reads=started.reads.get(name, ()),
            seed=started.seed_prompts.get(name, ""),
            winner=current.get(name, ""),
            shipped=finished.prompts.get(name, started.seed_prompts.get(name, "")) if finished else None,
            times_changed=times.count(name),
            asked=asked,
        )
        for name in started.agents
    )


def _steps(events: Sequence[Event], run: RunStarted | None) -> tuple[StepView, ...]:
    groups: dict[str, list[_StepEvent]] = {}
    for event in events:
        if isinstance(event, _StepEvent):
            groups.setdefault(event.step, []).append(event)
    steps = []
    for step, group in groups.items():
        started = _last(group, StepStarted)
        decisions = [event for event in group if isinstance(event, PromptKept | PromptChanged)]
        steps.append(
            StepView(
                step=step,
                agent=group[0].agent,
                started=started,
                candidates=tuple({one.candidate: one for one in _all(group, CandidateScored)}.values()),
                rejected=_all(group, DraftRejected),
                cases=_all(group, CaseFound),
                decision=decisions[-1] if decisions else None,
                by_rounds=started is not None and by_rounds(started, run),
            )
        )
    return tuple(steps)


def by_rounds(step: StepStarted, run: RunStarted | None = None) -> bool:
    """Return whether a step belongs to a round of the race rather than to a pass of Algorithm 1.

    In runs that do not name their method: a round has one generation, and the profile ``paper`` has passes only.
    """
    if run is not None and run.method:
        return run.method == "race"
    return step.generation == step.generations == 1 and (run is None or run.profile != "paper")


@dataclass(frozen=True, slots=True)
class Gain:
    """What an agent's new prompts were worth in the search's own scores, summed; no proof, and not causal.

    ``share`` is the agent's part of the worth of all agents; None when there is nothing to share out.
    """

    worth: float = 0.0
    share: float | None = None


def estimate_gains(view: RunView) -> Mapping[str, Gain]:
    """Return the gain of every agent by name."""
    worth = {agent.name: 0.0 for agent in view.agents}
    standing = {(agent.name, agent.seed): 0.0 for agent in view.agents}
    """What an agent's prompts had come to when it had this one: a person may have set it back to that."""
    seen: dict[tuple[str, str], CandidateScored] = {}
    for step in view.steps:
        seen |= {(step.agent, candidate.candidate): candidate for candidate in step.candidates}
        if isinstance(step.decision, PromptChanged):
            place = step.agent, step.decision.after
            if step.decision.ruled and place in standing:
                worth[step.agent] = standing[place]
                continue
            winner = seen.get((step.agent, prompt_id(step.decision.after)))
            # A new prompt that no candidate was is merged from those that were kept.
            accepted = [winner] if winner else [candidate for candidate in step.candidates if candidate.kept]
            worth[step.agent] = worth.get(step.agent, 0.0) + add_up(candidate.score for candidate in accepted)
            standing[place] = worth[step.agent]
    total = add_up(worth.values())
    return {name: Gain(value, value / total if total > 0 else None) for name, value in worth.items()}


def rank_conflict(found: ConflictFound) -> list[tuple[str, float]]:
    """Return both agents of a conflict, each with the mean score of its change alone, from −½ to ½.

    The first is the one whose change was kept: the better one, and of equal ones the first, as the race decides.
    """
    return sorted(zip(found.agents, found.alone, strict=True), key=lambda one: -one[1])

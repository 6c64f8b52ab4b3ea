"""A document from what is known of a run: the fold of its events, and what its record tells beside them. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from maspo.core.prompts import prompt_id
from maspo.core.usage import Usage, total
from maspo.core.verdict import Comparison, Level, Reading, Verdict
from maspo.events import (
    BudgetStopped,
    CallLost,
    CallUnsettled,
    CandidateScored,
    CaseShown,
    ConflictFound,
    Decided,
    Event,
    LeftOut,
    LevelCounts,
    Paused,
    PromptChanged,
    Recorded,
    RunFinished,
    StepStarted,
    Warned,
)
from maspo.report import phrases
from maspo.report.document import model
from maspo.report.document.room import Room, fitted, short
from maspo.report.fold import AgentView, RunView, StepView, estimate_gains, rank_conflict
from maspo.report.holdout import HoldoutLine
from maspo.report.lines import TOPICS, told_of, words_of
from maspo.report.questions import answers
from maspo.report.result import agreement_of, calibration_of, effect_of, holdout_of
from maspo.report.text import judge_figures
from maspo.report.visible import clipped, visible
from maspo.report.why import changes
from maspo.stats.paired import net_win_interval
from maspo.store.codec import RecordedResult
from maspo.study.evaluation.calibration import Agreement, Calibration, agreement, calibrate

# What a default report holds: together with the page itself it stays below a megabyte.
_PROMPTS = 190_000
"""Bytes for prompts; a run of a few agents takes some 30,000."""
_CASES = 70_000
_INPUTS = 110_000
_REJECTED = 30_000
_WHY = 30_000
_LOG = 60_000
_LARGEST = 780_000
"""Bytes of a document; the page around it takes some 160,000."""
_DROPPED = (
    "comparisons",
    "log",
    "traces",
    "steps",
    "edges",
    "prompts",
    "inputs",
    "agents",
    "cases",
    "conflicts",
    "remarks",
)
"""Parts that are halved, the largest first, where a document is larger all the same."""
_MOST_PROMPT = 20_000
"""Characters of a prompt: longer than any that a person wrote."""
_MOST_TEXT = 3_000
"""Characters of an output or an input where it stands beside another: two screens."""
_MOST_REASON = 300
_MOST_AGENTS = 400
_MOST_EDGES = 1_200
_MOST_STEPS = 600
"""The latest ones."""
_MOST_CANDIDATES = 1_200
_MOST_REJECTED = 6
"""Drafts of a step that are told with their text."""
_MOST_CASES = 20
_MOST_NAMED = 12
"""Inputs of a conflict that are named: a line or two."""
_MOST_SCREENED = 100
_MOST_INPUTS = 400
_MOST_COMPARISONS = 500
_MOST_LINES = 500
_MOST_CALLS = 60
_MOST_LOST_NAMES = 12
_MOST_CHANGES = 12
"""Of an agent's changes those that are told with their reasons, the latest ones."""
_MOST_DECIDED = 60

T = TypeVar("T")


@dataclass(frozen=True)
class Called:
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
class Extras:
    """What the record of a run tells beside its events; empty of a run of which only events are known."""

    folder: str = ""
    written: float = 0.0
    damage: str = ""
    entries: Sequence[Recorded[Event | RecordedResult]] = ()
    output: str = ""
    """The agent that gives the final answer."""
    placeholders: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    called: Mapping[str, Called] = field(default_factory=dict)
    noted: Sequence[tuple[float, Decided]] = ()
    """What a person decided and the run has not acted on, with the time."""
    lines: Sequence[HoldoutLine] = ()
    """The hold-out, input by input."""
    line_traces: Mapping[str, str] = field(default_factory=dict)
    """The keys of their comparisons by the ids of inputs."""
    traces: Mapping[str, model.Compared] = field(default_factory=dict)
    case_traces: Mapping[int, str] = field(default_factory=dict)
    """The keys of the comparisons behind cases, by the place of the case."""
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


_KEY = re.compile(r"\b[0-9a-f]{16}\b")
"""The content address of an input, which is its name where a row has none."""
_MOST_BEGINNING = 40
"""Characters of an input in place of a name: enough to tell it from its neighbours."""


def document_of(view: RunView, extras: Extras | None = None) -> model.Document:
    """Return the document of a run at any moment of it."""
    known = extras or Extras()
    view = _sharing(view, known)
    started, finished = view.started, view.finished
    judge = _judge(view, known.lines)
    lost = [short(named(line.id, line.input)) for line in known.lines if line.outcome == "lost"]
    steps = view.steps[-_MOST_STEPS:]
    prompts = _prompts(view, steps)
    cases = _cases(view, known)
    screened = _screened(view)
    comparisons = [one for one in known.entries if _is_comparison(one.item)]
    whole = model.Document(
        format=model.FORMAT,
        kind="run",
        id=short(started.run) if started else "",
        name=short(started.system) if started else "",
        folder=short(known.folder),
        state=view.state,
        seq=known.entries[-1].seq if known.entries else 0,
        written=known.written,
        damage=short(known.damage),
        held=view.held,
        approval=_approval(view),
        decided=_decided(view, known)[-_MOST_DECIDED:],
        decided_count=len(view.decided) + len(known.noted),
        simulated=view.simulated,
        truth=finished.truth if finished and finished.truth else None,
        label=_label(view),
        headline=phrases.headline(view),
        why=clipped(visible(finished.why), _MOST_TEXT) if finished else "",
        verdict=finished.verdict if finished else None,
        shipped=finished.shipped if finished else None,
        progress=_progress(view),
        remarks=_remarks(view, known),
        questions=tuple(
            type(one)(one.question, visible(one.answer), one.page)
            for one in answers(view, lost[:_MOST_LOST_NAMES], judge)
        ),
        holdout=_holdout(view),
        more=tuple(visible(line) for line in phrases.describe_end(view)),
        prompts=prompts,
        agents=_agents(view, known),
        edges=_edges(view, known),
        hint=clipped(visible(view.hint), _MOST_TEXT),
        steps=_steps(steps, known),
        steps_count=len(view.steps),
        conflicts=tuple(_conflict(one, view, cases) for one in view.conflicts[-_MOST_CASES:]),
        conflicts_count=len(view.conflicts),
        cases=cases,
        cases_count=view.cases_found,
        inputs=_inputs(known),
        inputs_count=len(known.lines) or (finished.holdout.n if finished else 0),
        traces=known.traces,
        comparisons=tuple(_comparison(one, known.labels) for one in _telling(comparisons)),
        comparisons_count=len(comparisons),
        proxy=phrases.describe_proxy(view.proxy) if view.proxy else (),
        screened=screened[:_MOST_SCREENED],
        screened_count=len(screened),
        judge=_judge_figures(view, judge, _people(cases, known.blind)),
        cost=_cost(view, known),
        settings=_settings(view),
        log=_log(known.entries, view),
        log_count=sum(not isinstance(one.item, RecordedResult) for one in known.entries),
        part_of=known.part_of,
    )
    return fitted(whole, _LARGEST, _DROPPED)


def row_of(view: RunView, id_: str, folder: str = "", written: float = 0.0, begun: float | None = None) -> model.RunRow:
    """Return a run as a list of runs shows it, under the id by which the list names it.

    ``begun`` and ``written`` are when it was recorded first and last: the time of a run that has not told its own.
    """
    finished, whole = view.finished, total(view.usage.values())
    holdout = finished.holdout if finished and finished.holdout.n else None
    return model.RunRow(
        id=id_,
        name=short(view.started.system) if view.started else "",
        folder=short(folder),
        state=view.state,
        label=_label(view),
        headline=phrases.headline(view),
        verdict=finished.verdict if finished else None,
        shipped=finished.shipped if finished else None,
        net=phrases.net_win_rate(holdout) if holdout else None,
        interval=holdout.interval if holdout else None,
        n=holdout.n if holdout else 0,
        wins=holdout.wins if holdout else 0,
        losses=holdout.losses if holdout else 0,
        calls=whole.calls,
        usd=whole.usd,
        money=phrases.money_spent(whole, view.simulated),
        seconds=view.seconds if begun is None or view.seconds is not None else max(0.0, written - begun),
        written=written,
        simulated=view.simulated,
    )


def named(label: str, text: str) -> str:
    """Return a name of an input that says something: where it has no id of its own, how its text begins."""
    if not _KEY.fullmatch(label):
        return label
    # Of a text of any length no more than could be shown is looked at.
    flat = " ".join(text[: 20 * _MOST_BEGINNING].split())
    return f"“{flat}”" if len(flat) <= _MOST_BEGINNING else f"“{flat[:_MOST_BEGINNING].rstrip()} …”"


# ── the verdict ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _label(view: RunView) -> str:
    if view.finished:
        return phrases.VERDICT_NAMES[view.finished.verdict]
    if view.approval is not None:
        return "Awaiting approval"
    if view.held:
        return "Paused"
    names = {"empty": "Nothing yet", "paused": "Interrupted", "stopped": "Stopped"}
    return names.get(view.state, "Running")


def _progress(view: RunView) -> str:
    if view.finished or not view.steps:
        return ""
    steps = phrases.plural(len(view.steps), "step")
    candidates = phrases.plural(sum(len(step.candidates) for step in view.steps), "candidate")
    changes = phrases.plural(sum(agent.times_changed for agent in view.agents), "prompt change")
    return f"So far: {steps}, {candidates} scored, {changes}."


def _remarks(view: RunView, known: Extras) -> tuple[model.Remark, ...]:
    found: list[tuple[model.Tone, str]] = [("bad", f"The record is damaged: {known.damage}.")] if known.damage else []
    found += [("bad", f"A cap ended the search before its plan was done: {one.cap}.") for one in view.budget_stops[-1:]]
    interrupted = view.state == "paused" and view.approval is None
    found += [("note", f"Interrupted: {pause.reason}") for pause in view.pauses[-1:] if interrupted]
    found += [("note", phrases.STOPPED)] if view.state == "stopped" else []
    if view.lost_calls:
        lost = phrases.plural(len(view.lost_calls), "call")
        found.append(("bad", f"{lost} failed for good; what depended on them is counted as undecided or lost."))
    if view.unsettled:
        found.append(("bad", f"{phrases.describe_all_unsettled(view.unsettled)}."))
    found += [
        ("bad", f"Look twice: the new prompt of {agent.name} {what}.")
        for agent in view.agents
        for what in agent.suspicious
    ]
    found += [("note", f"{line[0].upper()}{line[1:]}.") for line in phrases.describe_health(view)]
    if view.hint:
        found.append(("note", f"Hint: {view.hint}"))
    return tuple(model.Remark(tone, clipped(visible(text), 2 * _MOST_REASON)) for tone, text in found[:_MOST_CALLS])


def _holdout(view: RunView) -> model.Holdout | None:
    if view.finished is None or not view.finished.holdout.n:
        return None
    holdout = view.finished.holdout
    p_value, direction = phrases.sign_test(view.finished)
    noise = phrases.describe_rerun(view)
    found = phrases.holdout_file(holdout)
    lines = (
        f"{found[0].upper()}{found[1:]}.",
        phrases.looks(holdout.look, holdout.level),
        phrases.inputs_needed(view),
        f"Noise: {noise}." if noise else "",
    )
    return model.Holdout(
        figures=holdout_of(holdout),
        net=phrases.net_win_rate(holdout),
        inputs=phrases.holdout_inputs(holdout),
        counts=phrases.holdout_counts(holdout),
        test=f"{p_value} for {direction}",
        lines=tuple(line for line in lines if line),
    )


# ── what a person decided ────────────────────────────────────────────────────────────────────────────────────────────


def _approval(view: RunView) -> model.Approval | None:
    asked = view.approval
    if asked is None:
        return None
    said = {(one.agent, one.text) for one in view.decided if one.action in ("approve", "reject")}
    waiting = [name for name in asked.agents if (name, asked.winners[name]) not in said][:_MOST_AGENTS]
    return model.Approval(
        agents=tuple(short(name) for name in waiting),
        prompts=tuple(prompt_id(asked.winners[name]) for name in waiting),
        why=clipped(visible(asked.why), _MOST_TEXT),
        net=phrases.net_win_rate(asked.holdout),
        figures=holdout_of(asked.holdout),
    )


def _decided(view: RunView, known: Extras) -> tuple[model.Ruling, ...]:
    moments = {one.item.id: one.at for one in known.entries if isinstance(one.item, Decided)}
    taken = [_ruling(one, moments.get(one.id), True) for one in view.decided]
    return (*taken, *(_ruling(one, at, False) for at, one in known.noted))


def _ruling(one: Decided, at: float | None, taken: bool) -> model.Ruling:
    return model.Ruling(
        at=at,
        action=short(one.action),
        agent=short(one.agent),
        prompt=prompt_id(one.text) if one.text else "",
        reason=clipped(visible(one.reason), _MOST_REASON),
        text=clipped(visible(words_of(one)), 2 * _MOST_REASON),
        taken=taken,
    )


# ── the team and its prompts ─────────────────────────────────────────────────────────────────────────────────────────


def _prompts(view: RunView, steps: Sequence[StepView]) -> dict[str, str]:
    """Return the texts of prompts by id: what ends the search first, then seeds, then the latest candidates."""
    room, found = Room(_PROMPTS), dict[str, str]()
    changed = [agent for agent in view.agents if agent.rewritten]
    ordered = [text for agent in changed for text in (agent.winner, agent.seed)]
    ordered += [agent.seed for agent in view.agents]
    ordered += [text for one in view.cases[-_MOST_CASES:] for text in (one.candidate_prompt, one.reference_prompt)]
    for step in reversed(steps):
        if isinstance(step.decision, PromptChanged):
            ordered += [step.decision.after, step.decision.before]
        ordered += [one.text for one in step.candidates]
    fair = max(400, _PROMPTS // max(1, 3 * len(changed)))
    for text in ordered:
        if prompt_id(text) in found:
            continue
        if room.full():
            break
        found[prompt_id(text)] = room.fit(text, min(_MOST_PROMPT, fair))
    return found


def _sharing(view: RunView, known: Extras) -> RunView:
    """Return a run in which agents that share a prompt stand as the one whose prompt it is, while it works, too."""
    by_name = {agent.name: agent for agent in view.agents}

    def standing(agent: AgentView) -> AgentView:
        leader = by_name.get(known.called.get(agent.name, Called()).same_prompt_as)
        if leader is None or view.finished is not None:
            return agent
        return replace(agent, winner=leader.winner, times_changed=leader.times_changed)

    return replace(view, agents=tuple(map(standing, view.agents)))


def _agents(view: RunView, known: Extras) -> tuple[model.Agent, ...]:
    gains = estimate_gains(view)
    influence = {one.agent: one.rewritten for one in view.influence.agents} if view.influence else {}
    read = {name for agent in view.agents for name in agent.reads}
    calls, repeated = _calls_in(known.traces.values())
    traces = 2 * len(known.traces)
    left_out = {one.agent: one for one in view.left_out}
    room = Room(_WHY)

    def told(agent: AgentView) -> model.Agent:
        effect = influence.get(agent.name)
        counts = calls.get(agent.name, [])
        called = known.called.get(agent.name, Called())
        without = left_out.get(agent.name)
        return model.Agent(
            name=short(agent.name),
            reads=tuple(short(name) for name in agent.reads),
            output=called.answers or (agent.name == known.output if known.output else agent.name not in read),
            seed=prompt_id(agent.seed),
            winner=prompt_id(agent.winner),
            shipped="" if agent.shipped is None else prompt_id(agent.shipped),
            changed=agent.rewritten,
            times_changed=agent.times_changed,
            placeholders=known.placeholders.get(agent.name, ()),
            suspicious=tuple(clipped(visible(what), _MOST_REASON) for what in agent.suspicious),
            worth=gains[agent.name].worth,
            share=gains[agent.name].share,
            influence=effect_of(effect) if effect and effect.compared else None,
            calls_mean=sum(counts) / traces if counts else None,
            calls_most=max(counts, default=0),
            repeated=repeated[agent.name],
            why=tuple(
                room.fit(_with_names(line, known.labels), 2 * _MOST_REASON)
                for line in _reasons(view, agent)
                if not room.full()
            ),
            left_out=_left_out(without) if without else None,
            called=clipped(visible(called.words), _MOST_REASON),
            when=short(called.when),
            each=short(called.each),
            rounds=called.rounds,
            same_prompt_as=short(called.same_prompt_as),
        )

    return tuple(told(agent) for agent in view.agents[:_MOST_AGENTS])


def _reasons(view: RunView, agent: AgentView) -> tuple[str, ...]:
    return changes(view, agent)[-_MOST_CHANGES:] if agent.rewritten else ()


def _with_names(line: str, labels: Mapping[str, str]) -> str:
    """Return a line in which inputs without an id of their own are named by how they begin."""
    return _KEY.sub(lambda found: labels.get(found[0], found[0]), line)


def _left_out(found: LeftOut) -> model.LeftOut:
    worse, better = (tuple(short(name) for name in names[:_MOST_NAMED]) for names in (found.helped, found.hurt))
    return model.LeftOut(found.inputs, worse, len(found.helped), better, len(found.hurt))


def _calls_in(traces: Iterable[model.Compared]) -> tuple[dict[str, list[int]], Counter[str]]:
    """Return for each agent its calls per run, and how many of these wrote what an earlier one of the run did."""
    calls, repeated = dict[str, list[int]](), Counter[str]()
    for compared in traces:
        candidate = [compared.reference[one] if isinstance(one, int) else one for one in compared.candidate]
        for run in (compared.reference, candidate):
            for name, count in Counter(call.agent for call in run).items():
                calls.setdefault(name, []).append(count)
            repeated.update(name for name, _ in [(one.agent, one.output) for one in run])
            repeated.subtract(name for name, _ in {(one.agent, one.output) for one in run})
    return calls, repeated


def _edges(view: RunView, known: Extras) -> tuple[model.Edge, ...]:
    measured = {(one.source, one.reader): one for one in view.influence.edges} if view.influence else {}
    found = []
    for agent in view.agents:
        late = known.called.get(agent.name, Called()).late
        for source in agent.reads:
            one = measured.get((source, agent.name))
            found.append(
                model.Edge(
                    source=short(source),
                    reader=short(agent.name),
                    wins=one.wins if one else 0,
                    losses=one.losses if one else 0,
                    ties=one.ties if one else 0,
                    agreed=one.agreement.agreed if one else 0,
                    disagreed=one.agreement.disagreed if one else 0,
                    withheld=effect_of(one.withheld) if one and one.withheld.compared else None,
                    late=source in late,
                )
            )
    return tuple(found[:_MOST_EDGES])


# ── the search ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _steps(steps: Sequence[StepView], known: Extras) -> tuple[model.Step, ...]:
    begun = {one.item.step: one.at for one in known.entries if isinstance(one.item, StepStarted)}
    tried = dict[str, dict[str, Counter[Verdict]]]()
    for one in known.entries:
        if isinstance(one.item, RecordedResult) and isinstance(one.item.result, Comparison):
            tried.setdefault(one.item.within, {}).setdefault(one.item.purpose, Counter())[one.item.result.glob] += 1
    room = Room(_REJECTED)
    told, candidates = list[model.Step](), 0
    for step in reversed(steps):
        shown = step.candidates if candidates < _MOST_CANDIDATES else ()
        candidates += len(shown)
        told.append(
            model.Step(
                id=short(step.step),
                label=short(step.label),
                agent=short(step.agent),
                at=begun.get(step.step),
                candidates=tuple(_candidate(one) for one in shown),
                rejected=tuple(
                    model.Rejected(room.fit(one.text, _MOST_TEXT), clipped(visible(one.reason), _MOST_REASON))
                    for one in step.rejected[:_MOST_REJECTED]
                    if not room.full()
                ),
                rejected_count=len(step.rejected),
                cases=len(step.cases),
                tried=tuple(
                    model.Tried(short(purpose), _counts(found)) for purpose, found in tried.get(step.step, {}).items()
                ),
                decision=_decision(step),
            )
        )
    return tuple(reversed(told))


def _candidate(one: CandidateScored) -> model.Candidate:
    n = one.glob.wins + one.glob.losses + one.glob.ties
    return model.Candidate(
        id=prompt_id(one.text),
        parent=short(one.parent),
        reward=one.reward,
        score=one.score,
        interval=net_win_interval(one.glob.wins, one.glob.losses, n) if n else None,
        kept=one.kept,
        inputs=one.inputs,
        misaligned=one.misaligned,
        local=one.local,
        lookahead=one.lookahead,
        glob=one.glob,
    )


def _counts(found: Mapping[Verdict, int]) -> LevelCounts:
    ties = found.get(Verdict.TIE, 0) + found.get(Verdict.CONTRADICTED, 0)
    return LevelCounts(found.get(Verdict.WIN, 0), found.get(Verdict.LOSS, 0), ties, found.get(Verdict.UNDECIDED, 0))


def _decision(step: StepView) -> model.Decision | None:
    decided = step.decision
    if decided is None:
        return None
    reason = clipped(visible(decided.reason), _MOST_REASON)
    if isinstance(decided, PromptChanged):
        return model.Decision(True, prompt_id(decided.before), prompt_id(decided.after), reason)
    return model.Decision(False, "", "", reason)


def _screened(view: RunView) -> tuple[model.Screened, ...]:
    """Return what the proxy did with drafts, summed for each agent."""
    found = dict[str, list[int]]()
    for one in view.screenings:
        sums = found.setdefault(one.agent, [0, 0, 0, 0])
        for place, count in enumerate((one.asked, one.kept, one.dropped, one.audited)):
            sums[place] += count
    return tuple(model.Screened(short(agent), *sums) for agent, sums in found.items())


def _conflict(found: ConflictFound, view: RunView, cases: Sequence[model.Case]) -> model.Conflict:
    """Return a conflict; an input leads to the case of the agent whose change was dropped in that step."""
    labels = {case.input_key: case.label for case in view.cases if case.label}
    dropped = short(rank_conflict(found)[1][0])
    step = short(found.step)
    known = {
        case.input_key: case.id
        for case in cases
        if case.agent == dropped and (case.step == step or case.step.startswith(f"{step}/"))
    }
    one, other = found.agents
    return model.Conflict(
        step=short(found.step),
        agents=(short(one), short(other)),
        alone=found.alone,
        together=found.together,
        inputs=tuple((short(labels.get(key, key)), known.get(short(key), "")) for key in found.inputs[:_MOST_NAMED]),
        inputs_count=len(found.inputs),
        text=visible(phrases.describe_conflict(found)),
    )


def _is_comparison(item: Event | RecordedResult) -> bool:
    return isinstance(item, RecordedResult) and isinstance(item.result, Comparison) and item.within != "holdout"


def _telling(found: Sequence[Recorded[Event | RecordedResult]]) -> list[Recorded[Event | RecordedResult]]:
    """Return the latest comparisons that fit, those that say something before ties, in order."""
    decided = [one for one in found if isinstance(one.item, RecordedResult) and _says(one.item)]
    if len(decided) < _MOST_COMPARISONS:
        rest = [one for one in found if isinstance(one.item, RecordedResult) and not _says(one.item)]
        decided += rest[len(rest) - min(len(rest), _MOST_COMPARISONS - len(decided)) :]
    return sorted(decided[-_MOST_COMPARISONS:], key=lambda one: one.seq)


def _says(item: RecordedResult) -> bool:
    return isinstance(item.result, Comparison) and (
        item.result.misaligned or item.result.glob not in (Verdict.TIE, Verdict.UNDECIDED)
    )


def _comparison(one: Recorded[Event | RecordedResult], labels: Mapping[str, str]) -> model.ComparisonRow:
    item = one.item
    assert isinstance(item, RecordedResult) and isinstance(item.result, Comparison)  # noqa: S101 (what was picked)
    result = item.result
    return model.ComparisonRow(
        key=item.request,
        purpose=short(item.purpose),
        step=short(item.within),
        input_key=short(result.input_key),
        label=short(labels.get(result.input_key, "")),
        local=result.local.value,
        lookahead=tuple((short(name), verdict.value) for name, verdict in result.lookahead),
        glob=result.glob.value,
        misaligned=result.misaligned,
        kept=len(item.runs) == 2,
    )


# ── cases and inputs ─────────────────────────────────────────────────────────────────────────────────────────────────


def _cases(view: RunView, known: Extras) -> tuple[model.Case, ...]:
    """Return the cases of the latest steps first."""
    place = {step.step: number for number, step in enumerate(view.steps)}
    ordered = sorted(enumerate(view.cases), key=lambda one: (-place.get(one[1].step, -1), one[0]))[:_MOST_CASES]
    room = Room(_CASES)
    return tuple(_case(number, case, known, room) for number, case in ordered)


def _case(number: int, case: CaseShown, known: Extras, room: Room) -> model.Case:
    key = known.case_traces.get(number, "")
    names = list(dict.fromkeys((*case.reference_outputs, *case.candidate_outputs)))[:12]
    return model.Case(
        id=f"case-{number + 1}",
        agent=short(case.agent),
        input_key=short(case.input_key),
        label=short(case.label or case.input_key),
        input=room.fit(case.input_text, _MOST_TEXT),
        step=short(case.step),
        candidate=prompt_id(case.candidate_prompt),
        reference=prompt_id(case.reference_prompt),
        outputs=tuple(
            (
                short(name),
                room.fit(case.reference_outputs.get(name, ""), _MOST_TEXT),
                room.fit(case.candidate_outputs.get(name, ""), _MOST_TEXT),
            )
            for name in names
        ),
        lost=tuple(short(name) for name in case.lost[:12]),
        loss=visible(phrases.describe_loss(case.lost)),
        said=known.traces[key].said if key in known.traces else (),
        trace=key,
    )


def _inputs(known: Extras) -> tuple[model.InputRow, ...]:
    room = Room(_INPUTS)
    return tuple(
        model.InputRow(
            id=short(line.id),
            outcome=line.outcome,
            input=room.fit(line.input, _MOST_TEXT),
            before=None if line.answer_before is None else room.fit(line.answer_before, _MOST_TEXT),
            after=None if line.answer_after is None else room.fit(line.answer_after, _MOST_TEXT),
            verdicts=line.verdicts,
            reason=room.fit(line.reason, _MOST_TEXT),
            trace=known.line_traces.get(line.id, ""),
        )
        for line in known.lines[:_MOST_INPUTS]
    )


# ── the judge ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _judge(view: RunView, lines: Sequence[HoldoutLine]) -> Calibration | None:
    """Return the judge's record: against labels where it was measured, else what both orders of the hold-out tell."""
    if view.judge is not None:
        return calibrate(view.judge.readings)
    readings = [
        Reading(line.id, Verdict(line.verdicts[0]), Verdict(line.verdicts[1]), None)
        for line in lines
        if len(line.verdicts) == 2
    ]
    return calibrate(readings) if readings else None


def _people(cases: Sequence[model.Case], blind: Mapping[str, Verdict]) -> Agreement | None:
    """Return how far the judge agrees with a person on the cases that the person judged blind; None without any."""
    pairs = list[tuple[Verdict, Verdict]]()
    for case in cases:
        said = blind.get(case.trace) or blind.get(case.id)
        judged = _judged_last(case)
        if said is not None and judged is not None:
            pairs.append((said, judged))
    found = agreement(pairs)
    return found if found.rate.n else None


def _judged_last(case: model.Case) -> Verdict | None:
    """Return what the judge said of the outputs that a person is shown, the last ones; None where it was not asked."""
    if not case.outputs:
        return None
    last = case.outputs[-1][0]
    said = [one for one in case.said if one.agent == last]
    ordered = sorted(said, key=lambda one: one.level != Level.GLOBAL.value)
    return Verdict(ordered[0].verdict) if ordered else None


def _judge_figures(view: RunView, judge: Calibration | None, people: Agreement | None) -> model.JudgeFigures:
    source: model.JudgeSource = "none" if judge is None else "labels" if view.judge else "holdout"
    ended = view.ended
    levels = (("local", ended.local), ("lookahead", ended.lookahead)) if ended else ()
    return model.JudgeFigures(
        source=source,
        figures=calibration_of(judge) if judge else None,
        words=tuple((name.strip(), words) for name, words in judge_figures(judge)) if judge else (),
        agreement=tuple((name, one.agreed, one.disagreed) for name, one in levels),
        unreadable=view.judged.unreadable,
        contradicted=view.judged.contradicted,
        people=agreement_of(people) if people else None,
    )


# ── cost, settings, log ──────────────────────────────────────────────────────────────────────────────────────────────


def spent(name: str, usage: Usage) -> model.Spent:
    """Return what calls cost under a name."""
    return model.Spent(
        name=short(name),
        calls=usage.calls,
        cached=usage.cached,
        failed=usage.failed,
        tokens_in=usage.tokens_in,
        tokens_out=usage.tokens_out,
        usd=usage.usd,
        unmetered=usage.unmetered,
    )


def _cost(view: RunView, known: Extras) -> model.Cost:
    whole, spending = total(view.usage.values()), known.spending
    caps: dict[str, float | None] = dict(zip(("usd", "calls", "minutes"), known.caps, strict=True))
    caps |= _raised(known.entries)
    usd, calls, minutes = caps["usd"], caps["calls"], caps["minutes"]
    return model.Cost(
        total=spent("total", whole),
        purposes=tuple(spent(phrases.purpose(name), one) for name, one in view.usage.items()),
        agents=spending.agents if spending else (),
        models=spending.models if spending else (),
        latency=spending.latency if spending else (),
        burn=spending.burn if spending else (),
        seconds=view.seconds if view.seconds is not None else spending.seconds if spending else None,
        in_flight=spending.in_flight if spending and view.state == "running" else 0,
        cap_usd=usd,
        cap_calls=None if calls is None else int(calls),
        cap_minutes=minutes,
        money=phrases.money_spent(whole, view.simulated),
        thoughts=phrases.thoughts(whole),
        health=tuple(clipped(visible(line), 2 * _MOST_REASON) for line in phrases.describe_health(view)),
        lost=tuple(_lost_call(one) for one in view.lost_calls[::-1][:_MOST_CALLS]),
        lost_count=len(view.lost_calls),
        unsettled=tuple(_unsettled(one) for one in view.unsettled[::-1][:_MOST_CALLS]),
        unsettled_count=len(view.unsettled),
        unsettled_bound=phrases.unsettled_bound(view.unsettled),
        planned_calls=known.planned_calls,
    )


def _raised(entries: Sequence[Recorded[Event | RecordedResult]]) -> dict[str, float | None]:
    """Return the caps that a person has raised for the process that works, or worked last; a new one begins without."""
    raised, rests = dict[str, float | None](), False
    for one in entries:
        if isinstance(one.item, RecordedResult):
            continue
        if rests:
            raised.clear()
        rests = isinstance(one.item, Paused)
        if isinstance(one.item, Decided) and one.item.action == "raise-cap" and one.item.value is not None:
            raised[one.item.cap] = one.item.value
    return raised


def _lost_call(one: CallLost) -> model.LostCall:
    reason = clipped(visible(one.reason), _MOST_REASON)
    return model.LostCall(short(phrases.purpose(one.purpose)), short(one.agent), one.attempts, one.outcome, reason)


def _unsettled(one: CallUnsettled) -> model.UnsettledCall:
    return model.UnsettledCall(short(phrases.purpose(one.purpose)), short(one.agent), short(one.model), one.usd)


def _settings(view: RunView) -> model.Settings:
    started = view.started
    if started is None:
        return model.Settings((), ())
    search, held_out = phrases.number(started.search_inputs), phrases.number(started.holdout_inputs)
    values = (
        ("run", started.run),
        ("profile", started.profile),
        ("search method", started.method or "not recorded"),
        ("decided by", started.decided_by),
        ("seed", str(started.seed)),
        ("inputs", f"{search} for the search, {held_out} held out"),
        *((f"model: {purpose}", name) for purpose, name in started.models.items()),
        ("maspo version", started.version),
    )
    return model.Settings(
        values=tuple((short(name), clipped(visible(value), _MOST_REASON)) for name, value in values),
        notes=tuple(clipped(visible(note), 2 * _MOST_REASON) for note in started.notes[:_MOST_CALLS]),
    )


def _log(entries: Sequence[Recorded[Event | RecordedResult]], view: RunView) -> tuple[model.LogLine, ...]:
    """Return what happened, the latest last; of results of requests only the search's own account of them."""
    room, told = Room(_LOG), list[model.LogLine]()
    for one in reversed(entries):
        if isinstance(one.item, RecordedResult):
            continue
        if len(told) == _MOST_LINES or room.full():
            break
        kind, text = one.item.kind, told_of(one.item, view.started)
        about = TOPICS.get(kind, "other")
        told.append(model.LogLine(one.seq, one.at, kind, about, _tone(one.item), room.fit(text, _MOST_REASON)))
    return tuple(reversed(told))


def _tone(happened: Event) -> model.Tone:
    match happened:
        case PromptChanged():
            return "good"
        case RunFinished():
            return "good" if happened.verdict == "improved" else "bad" if happened.verdict == "worse" else "note"
        case CallLost() | CallUnsettled() | BudgetStopped() | ConflictFound():
            return "bad"
        case Warned() | Paused():
            return "note"
        case _:
            return "plain"

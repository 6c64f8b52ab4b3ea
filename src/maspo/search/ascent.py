"""The joint search: evolutionary beams, coordinate ascent, Beam Refresh (Algorithm 1). Pure.

``begin`` → ``ask`` → ``tell`` → ``ask`` → … until ``ask`` returns nothing. A visit of an agent runs through phases:

    refresh (Eq. 8) → T × [ propose (Eq. 4) → score (Eq. 5, 6, 7) ] → promote → next agent

Every wave is a function of the state and every state of (setting, results), so a search can be replayed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from maspo.events import Event, PromptChanged, PromptKept, StepStarted
from maspo.prompts import Prompts, prompt_id
from maspo.search import waves
from maspo.search.ascent_state import Member, Phase, State
from maspo.search.draw import rank, shuffled
from maspo.search.misalignment import hard_negatives, new_cases, remembered
from maspo.search.record import case_events, rejected_events, scored_event, tally
from maspo.search.reward import global_scores, reward
from maspo.search.setting import Setting
from maspo.search.work import Case, Compare, Drafts, Propose, Result, Work
from maspo.stats.sequential import Decision, decide
from maspo.verdict import Comparison, Level


def begin(setting: Setting, seed_prompts: Prompts) -> State:
    """Return the first state: every beam holds its seed prompt alone."""
    beams = {name: (Member(text, text, 0.0),) for name, text in seed_prompts.items()}
    state = State(setting, seed_prompts, beams, Phase.DONE)
    return _visit(state) if state.schedule else state


def ask(state: State) -> tuple[Work, ...]:
    """Return the work of the wave that has no result yet; empty when the search is done."""
    return waves.unanswered(state)


def tell(state: State, results: Mapping[str, Result]) -> State:
    """Return the state after some results of the wave, in any number and order.

    Raises:
        KeyError: a result belongs to no work of the wave.

    """
    return waves.moved(waves.taken(state, results), lambda current: _AFTER[current.phase](current))


# ── a visit ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _visit(state: State) -> State:
    """Turn to the next agent; survivors of its last visit are refreshed first (Eq. 8)."""
    plan = state.setting.plan
    if state.visit >= plan.passes * len(state.schedule):
        return replace(state, phase=Phase.DONE, wave=(), told={})
    now = state.prompts[state.agent]
    stale = tuple(member for member in state.beams[state.agent] if member.text != now)
    if not (plan.refresh and stale):
        return _generation(replace(state, generation=1))
    state = _started(replace(state, generation=0))
    return _compare(replace(state, phase=Phase.REFRESH, batch=_batch(state)), stale, against=lambda _: now)


def _after_refresh(state: State) -> State:
    """Eq. 8: J(p) = R(p, p_best; B), centred; scores from before the peers changed are discarded."""
    now = state.prompts[state.agent]
    best = Member(now, now, 0.0)
    centre = 0.5 if state.setting.plan.scoring == "indicator" else 0.0
    refreshed = [
        replace(member, score=_reward(state, comparisons) - centre)
        for member, comparisons in zip(state.contenders, _compared(state), strict=True)
    ]
    beam = _best(state, [best, *refreshed])
    return _generation(_record(state, refreshed, beam, generation=1))


def _generation(state: State) -> State:
    """Eq. 4: each survivor's traces are split into K_sub mini-batches; the proposer writes one draft from each."""
    plan, agent = state.setting.plan, state.agent
    state = _started(replace(state, phase=Phase.PROPOSE, batch=_batch(state)))
    cases = _hard_negatives(state)
    wave = [
        Propose(
            id=f"{state.step}/propose/{parent}.{part}",
            agent=agent,
            prompts={**state.prompts, agent: member.text},
            inputs=state.batch[part :: plan.drafts],
            cases=cases,
            count=1,
        )
        for parent, member in enumerate(state.beams[agent])
        for part in range(plan.drafts)
    ]
    return replace(state, wave=tuple(wave), told={})


def _after_proposals(state: State) -> State:
    """Drafts that break no rule and are not known yet meet their reference on one shared batch."""
    known = {prompt_id(member.text) for member in state.beams[state.agent]} | {prompt_id(state.prompts[state.agent])}
    contenders: list[Member] = []
    rejected: list[Event] = []
    for work, result in waves.answers(state):
        assert isinstance(work, Propose) and isinstance(result, Drafts)  # noqa: S101 - the wave holds nothing else
        fresh, events = rejected_events(state.step, state.agent, result, known)
        contenders += [Member(text, work.prompts[state.agent], 0.0) for text in fresh]
        rejected += events
    state = replace(state, events=(*state.events, *rejected), phase=Phase.SCORE)
    now = state.prompts[state.agent]
    anchored = state.setting.plan.reference == "anchor"
    return _compare(state, contenders, against=lambda member: now if anchored else member.parent)


def _after_scores(state: State) -> State:
    """Eq. 7: J(p') = R(p', p; B) + J(p), p the reference; the top K survive."""
    beam = state.beams[state.agent]
    anchored = state.setting.plan.reference == "anchor"
    before = {member.text: 0.0 if anchored else member.score for member in beam}
    scored = [
        replace(member, score=_reward(state, comparisons) + before[member.parent])
        for member, comparisons in zip(state.contenders, _compared(state), strict=True)
    ]
    survivors = _best(state, [*beam, *scored])
    last = state.generation >= state.setting.plan.generations
    state = _record(state, scored, survivors, generation=state.generation if last else state.generation + 1)
    return _finish_visit(state) if last else _generation(state)


# ── the end of a visit ───────────────────────────────────────────────────────────────────────────────────────────────


def _finish_visit(state: State) -> State:
    """Write the beam's best into the joint system, at once or after a sequential test against the prompt now there."""
    now = state.prompts[state.agent]
    beam = state.beams[state.agent]
    if not state.setting.plan.promotion:
        return _decided(state, beam[0], "best of the beam")
    better = tuple(member for member in beam if member.text != now and member.score > 0)
    return _promotion(replace(state, contenders=better, stage=0, evidence=()))


def _promotion(state: State) -> State:
    """Let the first contender meet the prompt now in the system on the next stage of inputs."""
    if not state.contenders:
        return _decided(state, None, "no candidate was better")
    stages, inputs = state.setting.plan.promotion, state.setting.inputs
    order = shuffled(inputs, state.setting.seed, "promotion", state.pass_, state.agent)
    met = {comparison.input_key for comparison in state.evidence}
    batch = tuple(key for key in order[: stages[state.stage]] if key not in met)
    state = replace(state, phase=Phase.PROMOTE, batch=batch)
    now = state.prompts[state.agent]
    contenders = state.contenders
    # Only the global verdict decides, so only that one is paid for.
    state = _compare(state, contenders[:1], against=lambda _: now, levels=(Level.GLOBAL,))
    return replace(state, contenders=contenders)


def _after_promotion(state: State) -> State:
    """Drop, continue or accept the first contender; when it is dropped the next one is tried."""
    plan = state.setting.plan
    (comparisons,) = _compared(state, state.contenders[:1])
    evidence = (*state.evidence, *comparisons)
    last = state.stage + 1 >= len(plan.promotion) or len(evidence) >= len(state.setting.inputs)
    decision = decide(global_scores(evidence), last)
    if decision is Decision.CONTINUE:
        return _promotion(replace(state, stage=state.stage + 1, evidence=evidence))
    if decision is Decision.ACCEPT:
        return _decided(state, state.contenders[0], tally(evidence))
    return _promotion(replace(state, contenders=state.contenders[1:], stage=0, evidence=()))


def _decided(state: State, winner: Member | None, reason: str) -> State:
    """Write the winner into the joint system, or keep the prompt that is there, and turn to the next agent."""
    agent, now = state.agent, state.prompts[state.agent]
    event: Event
    if winner is None or winner.text == now:
        event = PromptKept(state.step, agent, reason)
    else:
        event = PromptChanged(state.step, agent, now, winner.text, reason)
        state = replace(state, prompts={**state.prompts, agent: winner.text})
    beam = state.beams[agent]
    if all(member.text != state.prompts[agent] for member in beam):
        # The prompt in the system stays in its beam: it is what the agent's survivors are refreshed against.
        beam = (*beam[: state.setting.plan.beam_width - 1], Member(now, now, 0.0))
    state = replace(state, beams={**state.beams, agent: beam}, events=(*state.events, event))
    return _visit(replace(state, visit=state.visit + 1, contenders=(), evidence=(), stage=0))


# ── parts ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _started(state: State) -> State:
    plan = state.setting.plan
    event = StepStarted(state.step, state.agent, state.pass_, state.generation, plan.passes, plan.generations)
    return replace(state, events=(*state.events, event))


def _hard_negatives(state: State) -> tuple[Case, ...]:
    setting = state.setting
    return hard_negatives(state.cases, state.agent, setting.team, setting.plan.hard_negatives)


def _batch(state: State) -> tuple[str, ...]:
    """Return the shared batch B of a step: the hard negatives first, the rest drawn at random."""
    setting = state.setting
    hard = [case.input_key for case in _hard_negatives(state)]
    drawn = shuffled(setting.inputs, setting.seed, "batch", state.step)
    return tuple(dict.fromkeys([*hard, *drawn]))[: setting.plan.batch]


def _compare(
    state: State,
    contenders: Sequence[Member],
    against: Callable[[Member], str],
    levels: tuple[Level, ...] = tuple(Level),
) -> State:
    """Ask for each contender against its reference on the batch; the order of outputs is balanced and seeded."""
    agent = state.agent
    wave = []
    for number, member in enumerate(contenders):
        where = f"{state.step}/{state.phase}/{prompt_id(member.text)}"
        first = _shown_first(state, where, number)
        reference = {**state.prompts, agent: against(member)}
        wave += [
            Compare(f"{where}/{key}", agent, member.text, reference, key, key in first, levels) for key in state.batch
        ]
    return replace(state, contenders=tuple(contenders), wave=tuple(wave), told={})


def _shown_first(state: State, where: str, number: int) -> frozenset[str]:
    """Return the inputs on which the judge sees the candidate first: half of the batch, drawn by seed."""
    if state.setting.plan.judge_order == "fixed":
        return frozenset(state.batch)
    order = shuffled(state.batch, state.setting.seed, "order", where)
    # An odd batch has one input over; which side gets it is drawn as well.
    return frozenset(order[rank(state.setting.seed, "odd", where, number) % 2 :: 2])


def _compared(state: State, contenders: Sequence[Member] | None = None) -> list[list[Comparison]]:
    """Return the comparisons of the wave, one list per contender."""
    found: dict[str, list[Comparison]] = {
        member.text: [] for member in (state.contenders if contenders is None else contenders)
    }
    for work, result in waves.answers(state):
        assert isinstance(work, Compare) and isinstance(result, Comparison)  # noqa: S101 - nothing else is in the wave
        found[work.candidate].append(result)
    return list(found.values())


def _reward(state: State, comparisons: Sequence[Comparison]) -> float:
    plan = state.setting.plan
    return reward(comparisons, plan.weights, plan.scoring)


def _best(state: State, members: Sequence[Member]) -> tuple[Member, ...]:
    """Return the top K, best first; never the same prompt twice; at equal score the older one stays ahead."""
    ranked = sorted(members, key=lambda member: -member.score)
    unique = {member.text: member for member in reversed(ranked)}
    return tuple(member for member in ranked if unique[member.text] is member)[: state.setting.plan.beam_width]


def _record(state: State, scored: Sequence[Member], beam: tuple[Member, ...], generation: int) -> State:
    """Take up a scored wave: events, misalignment cases (Eq. 6) and the new beam."""
    survivors = {member.text for member in beam}
    scores = [
        scored_event(
            state.step,
            state.agent,
            member.text,
            member.parent,
            comparisons,
            (_reward(state, comparisons), member.score, member.text in survivors),
        )
        for member, comparisons in zip(scored, _compared(state), strict=True)
    ]
    cases = new_cases(waves.answers(state), lambda _: state.step)
    events: list[Event] = [*scores, *case_events(cases)]
    return replace(
        state,
        events=(*state.events, *events),
        cases=remembered(state.cases, cases),
        beams={**state.beams, state.agent: beam},
        contenders=(),
        generation=generation,
    )


_AFTER: Mapping[Phase, Callable[[State], State]] = {
    Phase.REFRESH: _after_refresh,
    Phase.PROPOSE: _after_proposals,
    Phase.SCORE: _after_scores,
    Phase.PROMOTE: _after_promotion,
}

"""The anchor race: candidates of all agents meet one common anchor in growing stages. Pure.

``begin`` → ``ask`` → ``tell`` → … as in ``ascent``. A round runs through phases:

    propose (Eq. 4, 6) → race, stage by stage (Eq. 5) → unite → the next anchor (Eq. 8, by construction)

Why this and not Algorithm 1: ``docs/design/0003-anchor-race.md``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from statistics import fmean

from maspo.events import Event, PromptChanged, PromptKept, SearchEnded, StepStarted
from maspo.prompts import Prompts, prompt_id, prompts_id
from maspo.search import waves
from maspo.search.draw import rank, shuffled
from maspo.search.merge import merged
from maspo.search.misalignment import hard_negatives, new_cases, remembered
from maspo.search.race_state import Entrant, Phase, State, standard_error
from maspo.search.record import case_events, rejected_events, scored_event, tally
from maspo.search.reward import reward
from maspo.search.setting import Setting
from maspo.search.work import Compare, Drafts, Propose, Result, Work
from maspo.verdict import Comparison, Level


def begin(setting: Setting, seed_prompts: Prompts) -> State:
    """Return the first state: the anchor is the seed prompts."""
    state = State(setting, seed_prompts)
    return _round(state) if setting.team.rewritten else state


def ask(state: State) -> tuple[Work, ...]:
    """Return the work of the wave that has no result yet; empty when the race is over."""
    return waves.unanswered(state)


def tell(state: State, results: Mapping[str, Result]) -> State:
    """Return the state after some results of the wave, in any number and order.

    Raises:
        KeyError: a result belongs to no work of the wave.

    """
    return waves.moved(waves.taken(state, results), lambda current: _AFTER[current.phase](current))


# ── propose ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _round(state: State) -> State:
    """Begin a round: every agent is rewritten from traces of the anchor and from its misalignment cases (Eq. 4)."""
    plan, team = state.setting.plan, state.setting.team
    if state.round >= plan.passes or state.idle >= plan.patience:
        return _ended(state)
    state = replace(state, round=state.round + 1, stage=0, entrants=(), out=(), block=())
    state = replace(state, phase=Phase.PROPOSE, order=_order(state))
    started = [StepStarted(_step(state, name), name, state.round, 1, plan.passes, 1) for name in team.rewritten]
    wave = [work for name in team.rewritten for work in _proposals(state, name)]
    return replace(state, events=(*state.events, *started), wave=tuple(wave), told={})


def _ended(state: State) -> State:
    plan, calibration = state.setting.plan, state.calibration
    if state.idle >= plan.patience:
        reason = f"{state.idle} rounds in a row brought no better candidate; there may be nothing left to gain"
    else:
        reason = f"all {plan.passes} rounds were done"
    event = SearchEnded(reason, calibration.local.told, calibration.lookahead.told)
    return replace(state, phase=Phase.DONE, wave=(), told={}, events=(*state.events, event))


def _proposals(state: State, agent: str) -> list[Propose]:
    plan, team = state.setting.plan, state.setting.team
    cases = hard_negatives(state.cases, agent, team, plan.hard_negatives)
    shown = shuffled(state.order[: 2 * plan.drafts * plan.traces], state.setting.seed, "traces", state.round, agent)
    return [
        Propose(
            id=f"{_step(state, agent)}/propose/{part}",
            agent=agent,
            prompts=state.prompts,
            inputs=shown[part * plan.traces : (part + 1) * plan.traces] or shown[: plan.traces],
            cases=cases,
            count=plan.edits,
        )
        for part in range(plan.drafts)
    ]


def _after_proposals(state: State) -> State:
    """Enter the drafts that break no rule and did not lose against this anchor before."""
    entrants: list[Entrant] = []
    events: list[Event] = []
    for work, result in waves.answers(state):
        assert isinstance(work, Propose) and isinstance(result, Drafts)  # noqa: S101 - the wave holds nothing else
        known = {prompt_id(entrant.text) for entrant in entrants if entrant.agent == work.agent}
        known |= {prompt_id(state.prompts[work.agent])} | state.rejected.get(work.agent, frozenset())
        fresh, refused = rejected_events(_step(state, work.agent), work.agent, result, known)
        entrants += [Entrant(work.agent, text) for text in fresh]
        events += refused
    return _stage(replace(state, entrants=tuple(entrants), events=(*state.events, *events)))


# ── race ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _stage(state: State) -> State:
    """Let every entrant meet the anchor on the inputs that this stage adds."""
    stages = state.setting.plan.stages
    inputs = state.order[stages[state.stage - 1] if state.stage else 0 : stages[state.stage]]
    state = replace(state, phase=Phase.RACE)
    wave = [work for entrant in state.entrants for work in _meetings(state, {entrant.agent: entrant.text}, inputs)]
    return replace(state, wave=tuple(wave), told={})


def _after_stage(state: State) -> State:
    """Drop who is no better than the anchor; the best of each agent go on, and are accepted after the last stage."""
    state = _learned(state)
    answers = [result for _, result in waves.answers(state) if isinstance(result, Comparison)]
    share = len(answers) // max(len(state.entrants), 1)
    met = [
        replace(entrant, evidence=(*entrant.evidence, *answers[number * share : (number + 1) * share]))
        for number, entrant in enumerate(state.entrants)
    ]
    last = _at_last_stage(state)
    standing = [entrant for entrant in met if state.expected(entrant) > 0]
    going_on = _best_per_agent(state, standing)
    fallen = tuple(entrant for entrant in met if entrant not in going_on)
    state = replace(state, entrants=going_on, out=(*state.out, *fallen))
    if last or not going_on:
        # Candidates that changed nothing may ride along with one that won; without any win the anchor stays.
        return _unite(state, going_on if any(state.mean(entrant) > 0 for entrant in going_on) else ())
    return _stage(replace(state, stage=state.stage + 1))


def _best_per_agent(state: State, entrants: Sequence[Entrant]) -> tuple[Entrant, ...]:
    """Return the K best entrants of each agent, best first; at equal score the shorter prompt is ahead."""
    ranked = sorted(entrants, key=lambda entrant: (-state.mean(entrant), len(entrant.text)))
    place: dict[str, int] = {}
    chosen = []
    for entrant in ranked:
        place[entrant.agent] = place.get(entrant.agent, 0) + 1
        if place[entrant.agent] <= state.setting.plan.beam_width:
            chosen.append(entrant)
    return tuple(chosen)


# ── unite ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _unite(state: State, accepted: tuple[Entrant, ...]) -> State:
    """Try the accepted candidates together, on the inputs that they raced on."""
    block, changes = _joined(state, accepted)
    if len(block) < 2 or not state.setting.plan.unite:
        return _next_anchor(state, block[:1], {entrant.agent: entrant.text for entrant in block[:1]})
    inputs = [comparison.input_key for comparison in block[0].evidence]
    state = replace(state, phase=Phase.UNITE, block=block)
    return replace(state, wave=tuple(_meetings(state, changes, inputs)), told={})


def _joined(state: State, accepted: Sequence[Entrant]) -> tuple[tuple[Entrant, ...], dict[str, str]]:
    """Return the candidates that go together, best first, and their joint change.

    One that does not merge with a better one of the same agent, or makes its prompt too long, stays out.
    """
    block: list[Entrant] = []
    changes: dict[str, str] = {}
    for entrant in accepted:
        base = state.prompts[entrant.agent]
        both = merged(base, changes.get(entrant.agent, base), entrant.text)
        budget = state.setting.team.length_budget.get(entrant.agent)
        if both is not None and (budget is None or len(both) <= budget):
            changes[entrant.agent] = both
            block.append(entrant)
    return tuple(block), changes


def _after_union(state: State) -> State:
    """Keep the union unless it does worse than the best alone; otherwise try its better half."""
    together = [state.score(result) for _, result in waves.answers(state) if isinstance(result, Comparison)]
    alone = [state.score(comparison) for comparison in state.block[0].evidence]
    gain = [union - best for union, best in zip(together, alone, strict=True)]
    if fmean(gain) >= -state.setting.plan.margin * standard_error(gain):
        return _next_anchor(state, *_joined(state, state.block))
    return _unite(state, state.block[: (len(state.block) + 1) // 2 if len(state.block) > 2 else 1])


def _next_anchor(state: State, accepted: tuple[Entrant, ...], changes: Prompts) -> State:
    """Write the accepted candidates into the anchor; what was rejected next to a change may be tried again."""
    team = state.setting.team
    state = _recorded(state, accepted, changes)
    rejected = dict(state.rejected)
    for entrant in (*state.out, *state.entrants):
        rejected[entrant.agent] = rejected.get(entrant.agent, frozenset()) | {prompt_id(entrant.text)}
    for entrant in accepted:
        for name in (entrant.agent, *team.neighbours(entrant.agent)):
            rejected.pop(name, None)
    prompts = {**state.prompts, **changes}
    idle = 0 if accepted else state.idle + 1
    return _round(replace(state, prompts=prompts, rejected=rejected, idle=idle))


# ── parts ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _step(state: State, agent: str) -> str:
    return f"r{state.round}/{agent}"


def _at_last_stage(state: State) -> bool:
    """Return whether this stage decides: there is no further one, or no further input for it."""
    stages = state.setting.plan.stages
    return state.stage + 1 >= len(stages) or stages[state.stage] >= len(state.order)


def _order(state: State) -> tuple[str, ...]:
    """Return the inputs in a fresh order; those whose answers differed before tend to come first."""
    setting = state.setting

    def place(key: str) -> float:
        drawn = rank(setting.seed, "order", state.round, key) / 2**64
        differed, seen = state.differed.get(key, (0, 0))
        return drawn - (differed / seen if seen and setting.plan.contested_first else 0.0)

    return tuple(sorted(setting.inputs, key=lambda key: (place(key), key)))


def _meetings(state: State, changes: Prompts, inputs: Sequence[str]) -> list[Compare]:
    """Ask for one change, or several together, against the anchor; the order of outputs is balanced and seeded."""
    plan, agent = state.setting.plan, next(iter(changes))
    doubled = plan.double_orders == "always" or (plan.double_orders == "finalists" and _at_last_stage(state))
    where = f"{_step(state, agent)}/{state.phase}/{prompts_id(changes)}"
    if plan.judge_order == "fixed":
        shown_first = frozenset(inputs)
    else:
        drawn = shuffled(inputs, state.setting.seed, "balance", where)
        shown_first = frozenset(drawn[rank(state.setting.seed, "odd", where, state.stage) % 2 :: 2])
    return [
        Compare(
            id=f"{where}/{key}",
            agent=agent,
            candidate=changes[agent],
            reference=state.prompts,
            input_key=key,
            candidate_first=key in shown_first,
            levels=tuple(Level) if always or plan.partial_differing else (Level.GLOBAL,),
            also={name: text for name, text in changes.items() if name != agent},
            orders=2 if doubled else 1,
            when_differing=not always,
        )
        for number, key in enumerate(inputs)
        for always in [state.phase is Phase.RACE and state.stage == 0 and number < plan.partial_inputs]
    ]


def _learned(state: State) -> State:
    """Take up what a stage teaches: contested inputs, misalignment cases (Eq. 6), trust in the partial levels."""
    differed = dict(state.differed)
    comparisons = [result for _, result in waves.answers(state) if isinstance(result, Comparison)]
    for comparison in comparisons:
        times, seen = differed.get(comparison.input_key, (0, 0))
        differed[comparison.input_key] = (times + (not comparison.same_answer), seen + 1)
    cases = new_cases(waves.answers(state), lambda work: _step(state, work.agent))
    total, met = state.worth
    if state.stage == 0:
        total, met = total + sum(state.score(comparison) for comparison in comparisons), met + len(comparisons)
    return replace(
        state,
        worth=(total, met),
        differed=differed,
        cases=remembered(state.cases, cases),
        calibration=state.calibration.after(comparisons),
        events=(*state.events, *case_events(cases)),
    )


def _recorded(state: State, accepted: tuple[Entrant, ...], changes: Prompts) -> State:
    """Say for each agent what its candidates came to in this round."""
    events: list[Event] = []
    for agent in state.setting.team.rewritten:
        step, now = _step(state, agent), state.prompts[agent]
        raced = [entrant for entrant in (*state.entrants, *state.out) if entrant.agent == agent]
        events += [
            scored_event(step, agent, entrant.text, now, entrant.evidence, _result(state, entrant, accepted))
            for entrant in raced
        ]
        winner = next((entrant for entrant in accepted if entrant.agent == agent), None)
        if winner is not None:
            events.append(PromptChanged(step, agent, now, changes[agent], _reason(state, winner, accepted)))
        else:
            events.append(PromptKept(step, agent, _why_kept(state, agent, raced, accepted)))
    return replace(state, events=(*state.events, *events))


def _result(state: State, entrant: Entrant, accepted: tuple[Entrant, ...]) -> tuple[float, float, bool]:
    plan = state.setting.plan
    return reward(entrant.evidence, plan.weights, "centred"), state.mean(entrant), entrant in accepted


def _reason(state: State, winner: Entrant, accepted: tuple[Entrant, ...]) -> str:
    agents = Counter(entrant.agent for entrant in accepted)
    own = agents.pop(winner.agent) - 1
    merges = f"; merged with {own} more of its drafts" if own else ""
    others = f"; kept together with the new prompt of {', '.join(agents)}" if agents else ""
    return f"{tally(winner.evidence)}, expected score {state.expected(winner):+.3f}{merges}{others}"


def _why_kept(state: State, agent: str, raced: Sequence[Entrant], accepted: tuple[Entrant, ...]) -> str:
    if not raced:
        return "no usable draft"
    left = [entrant for entrant in state.entrants if entrant.agent == agent]
    if accepted and any(state.mean(entrant) > 0 for entrant in left):
        return "won alone, but not together with the other changes of this round"
    if left:
        return f"none of {len(raced)} candidates won clearly"
    return f"none of {len(raced)} candidates was better"


_AFTER: Mapping[Phase, Callable[[State], State]] = {
    Phase.PROPOSE: _after_proposals,
    Phase.RACE: _after_stage,
    Phase.UNITE: _after_union,
}

"""The anchor race: mixtures of new prompts meet one common anchor; what is worth something goes together. Pure.

``begin`` → ``ask`` → ``tell`` → … as in ``ascent``. A round runs through phases:

    propose (Eq. 4, 6) → race: mixed runs, stage by stage (Eq. 5) → unite → the next anchor (Eq. 8, by construction)

Why this and not Algorithm 1: ``docs/design/0003-anchor-race.md`` and ``0005-mixed-runs.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from maspo.events import Event, SearchEnded, StepStarted
from maspo.prompts import Prompts, prompts_id
from maspo.search import waves
from maspo.search.conflicts import best_tried, falls_short, sides, suspects, told
from maspo.search.costs import planned_calls, wave_calls
from maspo.search.draw import rank, shuffled
from maspo.search.influence import interventions
from maspo.search.misalignment import new_cases, remembered
from maspo.search.mixture import Mixture, drawn, joined
from maspo.search.race_drafts import entered, proposals, proxy_taught
from maspo.search.race_state import Phase, Run, State, Tried, step_of
from maspo.search.race_told import recorded
from maspo.search.record import case_events
from maspo.search.setting import Setting
from maspo.search.work import Compare, Propose, Result, Work
from maspo.verdict import Comparison, Level

_ATTEMPTS = 4
"""Unions and parts of unions that are tried in a round, at most."""


def begin(setting: Setting, seed_prompts: Prompts) -> State:
    """Return the first state: the anchor is the seed prompts."""
    state = State(setting, seed_prompts, seed_prompts)
    if not setting.team.rewritten:
        return state
    asked = interventions(seed_prompts, setting.team, setting.inputs, setting.plan.interventions, setting.seed)
    return replace(state, phase=Phase.WITHHOLD, wave=asked) if asked else _round(state)


def ask(state: State) -> tuple[Work, ...]:
    """Return the work of the wave that has no result yet; empty when the race is over."""
    return waves.unanswered(state)


def tell(state: State, results: Mapping[str, Result]) -> State:
    """Return the state after some results of the wave, in any number and order.

    Raises:
        KeyError: a result belongs to no work of the wave.

    """
    return waves.moved(waves.taken(state, results), lambda current: _AFTER[current.phase](_counted(current)))


# ── propose ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _round(state: State) -> State:
    """Begin a round: every agent is rewritten from traces of the anchor and from its misalignment cases (Eq. 4)."""
    reason = _end(state)
    if reason:
        return _ended(state, reason)
    state = _opened(state)
    return replace(state, phase=Phase.PROPOSE, wave=proposals(state, state.prompts, state.round), told={})


def _end(state: State) -> str:
    """Return why no further round is begun, or nothing."""
    setting, plan = state.setting, state.setting.plan
    planned = planned_calls(plan, setting.team)
    if state.round >= plan.passes:
        return f"all {plan.passes} rounds were done"
    if state.idle >= plan.patience:
        return f"{state.idle} rounds in a row brought no better prompts; there may be nothing left to gain"
    if state.round and state.spent + _next_calls(state) / 2 + setting.reserve > planned:
        return f"another round would not fit into the {planned} calls planned (search.calls_per_agent, search.calls)"
    return ""


def _next_calls(state: State) -> float:
    """Return the calls of a further round, if all goes as in the last: it grows by its runs."""
    further = state.setting.plan.round_size(state.round + 1)
    return (state.spent - state.round_began) * further.stages[-1] / state.size.stages[-1]


def _ended(state: State, reason: str) -> State:
    events: list[Event] = [state.influence.told(state.setting.team)]
    if state.setting.plan.screen:
        events.append(state.screening.told)
    events.append(SearchEnded(reason, state.calibration.local.told, state.calibration.lookahead.told))
    return replace(state, phase=Phase.DONE, wave=(), told={}, events=(*state.events, *events))


def _opened(state: State) -> State:
    """Count a new round and draw the order of its inputs."""
    team, number = state.setting.team, state.round + 1
    passes = state.setting.plan.passes
    started = [StepStarted(step_of(number, name), name, number, 1, passes, 1) for name in team.rewritten]
    return replace(
        state,
        round=number,
        stage=0,
        attempt=0,
        order=_order(state, number),
        candidates=(),
        fallen=frozenset(),
        runs=(),
        worth=(),
        parts=(),
        tried=(),
        gave_way=frozenset(),
        round_began=state.spent,
        events=(*state.events, *started),
    )


def _after_proposals(state: State) -> State:
    """Enter the drafts, and what may be removed from the anchor."""
    return _race(entered(state))


# ── race ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _race(state: State) -> State:
    """Let mixtures of the candidates of each block of agents meet the anchor."""
    plan, setting = state.setting.plan, state.setting
    state = replace(state, phase=Phase.RACE)
    inputs = state.order[: state.size.shared_inputs]
    before = state.size.stages[state.stage - 1] if state.stage else 0
    runs = state.size.stages[state.stage] - before
    pool = state.pool
    wave: list[Work] = []
    members: dict[str, tuple[int, ...]] = {}
    for number, block in enumerate(_blocks(state)):
        pools = {name: pool[name] for name in block if name in pool}
        where = f"r{state.round}/{number}/race/{state.stage}"
        held = list(drawn(pools, runs, plan.mixed, setting.seed, where)) if pools else []
        mixtures = [joined(state.prompts, state.candidates, chosen, setting.team) for chosen in held]
        tried = [(mixture.changes, inputs[(before + run) % len(inputs)]) for run, mixture in enumerate(mixtures)]
        met = _meetings(state, where, tried)
        wave += met
        by_id = {_name(where, *pair): mixture for pair, mixture in zip(tried, mixtures, strict=True)}
        members |= {work.id: by_id[work.id].members for work in met}
    state = replace(state, wave=tuple(wave), members=members, told={})
    return state if wave else _round(_anchored(state, Mixture((), {}), ()))


def _blocks(state: State) -> list[tuple[str, ...]]:
    """Return the agents in blocks of topological neighbours; in a small team each is a block of its own."""
    agents, most = state.setting.team.rewritten, state.setting.plan.blocks
    size = -(-len(agents) // most)
    return [agents[start : start + size] for start in range(0, len(agents), size)]


def _after_stage(state: State) -> State:
    """Estimate what every candidate is worth; who is worth nothing is in no further mixture."""
    state = _learned(state)
    runs = _runs(state)
    state = replace(state, runs=(*state.runs, *runs))
    state = replace(state, drafted=_drafted(state, runs), worth=state.estimated(), stage=state.stage + 1)
    if state.stage == len(state.size.stages):
        state = proxy_taught(state)
    good = [number for number, worth in enumerate(state.worth) if worth > 0 and number not in state.fallen]
    if state.stage < len(state.size.stages) and good:
        return _race(replace(state, fallen=frozenset(range(len(state.candidates))) - frozenset(good)))
    return _unite(state, [tuple(good)])


def _runs(state: State) -> list[Run]:
    """Return the runs of the wave that is over; those of a block of agents, and all unions, share their noise."""
    return [
        Run(state.members[work.id], work.id.split("/")[1], result)
        for work, result in waves.answers(state)
        if isinstance(work, Compare) and isinstance(result, Comparison)
    ]


def _drafted(state: State, runs: Sequence[Run]) -> tuple[float, float]:
    """Take up what the drafts of some runs were worth together."""
    total, weight = state.drafted
    for run in runs:
        size = sum(not state.candidates[member].removal for member in run.members)
        total, weight = total + size * state.score(run.comparison), weight + size * size
    return total, weight


# ── unite ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _unite(state: State, blocks: Sequence[Sequence[int]]) -> State:
    """Try candidates together, each block of them for itself, on the inputs that they raced on."""
    parts = tuple(part for part in (_part(state, block) for block in blocks) if part.changes)
    if not parts or state.attempt >= _ATTEMPTS:
        return _round(_anchored(state, Mixture((), {}), ()))
    state = replace(state, phase=Phase.UNITE, parts=parts, attempt=state.attempt + 1)
    inputs = state.order[: state.size.union_inputs]
    where = f"r{state.round}/unite/{state.attempt}"
    wave: list[Work] = []
    members: dict[str, tuple[int, ...]] = {}
    for number, part in enumerate(parts):
        met = _meetings(state, f"{where}/{number}", [(part.changes, key) for key in inputs])
        wave += met
        members |= {work.id: part.members for work in met}
    if state.attempt == 1 and state.setting.plan.ahead and not _end(state):
        wave += proposals(state, {**state.prompts, **parts[0].changes}, state.round + 1)
    return replace(state, wave=tuple(wave), members=members, told={})


def _part(state: State, block: Sequence[int]) -> Mixture:
    """Return candidates joined, the best first; at equal worth the shorter prompt is ahead."""
    best_first = sorted(block, key=lambda number: (-state.worth[number], len(state.candidates[number].text)))
    return joined(state.prompts, state.candidates, _strongest(state, best_first), state.setting.team)


def _strongest(state: State, ranked: Sequence[int]) -> list[int]:
    """Return the K best of each agent."""
    place: dict[str, int] = {}
    chosen = []
    for number in ranked:
        agent = state.candidates[number].agent
        place[agent] = place.get(agent, 0) + 1
        if place[agent] <= state.setting.plan.beam_width:
            chosen.append(number)
    return chosen


def _after_union(state: State) -> State:
    """Keep the best of what was tried unless the anchor did better; otherwise try the parts of it."""
    state = _met(state)
    apart = sides(state, state.parts[0])
    if state.attempt == 1 and all(apart) and falls_short(state):
        return _unite(state, apart)
    pairs = suspects(state)
    if pairs == [state.tried[0].part.members]:
        state = told(state, state.tried[:1])
    elif pairs:
        return replace(_unite(state, pairs), phase=Phase.PAIRS)
    return _best_of(state)


def _after_pairs(state: State) -> State:
    """Try the union without what clashes with something better in it."""
    state = _met(state)
    state = told(state, state.tried[-len(state.parts) :])
    mended = [number for number in state.tried[0].part.members if number not in state.gave_way]
    known = any(set(mended) == set(item.part.members) for item in state.tried)
    return _best_of(state) if known else _unite(state, [mended])


def _met(state: State) -> State:
    """Take up how the parts did that were tried."""
    state = _learned(state)
    runs = _runs(state)
    met = [tuple(run.comparison for run in runs if run.members == part.members) for part in state.parts]
    return replace(state, runs=(*state.runs, *runs), tried=(*state.tried, *map(Tried, state.parts, met)))


def _best_of(state: State) -> State:
    """Make the best of what was tried the anchor unless it did worse; then the parts of the last best are tried."""
    best = best_tried(state)
    if state.mean(best.met) >= 0 and _ever_won(state, best.part):
        return _go_on(state, best)
    last = max(state.tried[-len(state.parts) :], key=lambda item: state.mean(item.met))
    return _unite(replace(state, worth=state.estimated()), _split(state, last.part.members))


def _ever_won(state: State, part: Mixture) -> bool:
    """Return whether any run of this round with a candidate of a part was won: without a win the anchor stays."""
    members = set(part.members)
    return any(state.score(run.comparison) > 0 for run in state.runs if not members.isdisjoint(run.members))


def _split(state: State, members: Sequence[int]) -> list[tuple[int, ...]]:
    """Return the parts of a union that lost: its agents in two groups, or the better half of one agent's candidates."""
    agents = [name for name in state.setting.team.order if any(state.candidates[m].agent == name for m in members)]
    if len(agents) > 1:
        early = set(agents[: len(agents) // 2])
        halves = [tuple(m for m in members if (state.candidates[m].agent in early) is side) for side in (True, False)]
        return [half for half in halves if half]
    ranked = sorted((m for m in members if state.worth[m] > 0), key=lambda m: -state.worth[m])
    return [tuple(ranked[: len(members) // 2])]


def _go_on(state: State, best: Tried) -> State:
    """Make a part the anchor, and begin the next round; its drafts are here when they were asked for ahead."""
    ahead = tuple(work for work in state.wave if isinstance(work, Propose))
    told = state.told
    state = _anchored(state, best.part, best.met)
    if not ahead or _end(state):
        return _round(state)
    return _after_proposals(replace(_opened(state), wave=ahead, told={work.id: told[work.id] for work in ahead}))


def _anchored(state: State, part: Mixture, met: Sequence[Comparison]) -> State:
    """Write a part into the anchor; what was rejected next to a change may be tried again."""
    state = recorded(state, part, met)
    rejected = dict(state.rejected)
    for number, candidate in enumerate(state.candidates):
        if number not in part.members:
            rejected[candidate.agent] = (*rejected.get(candidate.agent, ()), candidate.text)
    for agent in part.changes:
        for name in (agent, *state.setting.team.neighbours(agent)):
            rejected.pop(name, None)
    return replace(
        state,
        prompts={**state.prompts, **part.changes},
        anchored=frozenset(item.input_key for item in met) if part.changes else state.anchored,
        rejected=rejected,
        idle=0 if part.changes else state.idle + 1,
    )


# ── parts ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _order(state: State, number: int) -> tuple[str, ...]:
    """Return the inputs in a fresh order; those whose answers differed before tend to come first."""
    setting = state.setting

    def place(key: str) -> float:
        at = rank(setting.seed, "order", number, key) / 2**64
        differed, seen = state.differed.get(key, (0, 0))
        return at - (differed / seen if seen and setting.plan.contested_first else 0.0)

    return tuple(sorted(setting.inputs, key=lambda key: (place(key), key)))


def _name(where: str, changes: Prompts, key: str) -> str:
    return f"{where}/{prompts_id(changes)}/{key}"


def _meetings(state: State, where: str, tried: Sequence[tuple[Prompts, str]]) -> list[Compare]:
    """Ask for changed prompts against the anchor, each on its input; the order of outputs is balanced and seeded."""
    plan, seed = state.setting.plan, state.setting.seed
    by_name = {_name(where, changes, key): (changes, key) for changes, key in tried if changes}
    shown = shuffled(by_name, seed, "balance", where)
    first = frozenset(shown if plan.judge_order == "fixed" else shown[rank(seed, "odd", where) % 2 :: 2])
    return [
        _meeting(state, name, *pair, candidate_first=name in first, always=number < plan.partial_inputs)
        for number, (name, pair) in enumerate(by_name.items())
    ]


def _meeting(state: State, name: str, changes: Prompts, key: str, *, candidate_first: bool, always: bool) -> Compare:
    plan, agent = state.setting.plan, next(iter(changes))
    always = always and state.phase is not Phase.UNITE
    partial = len(changes) == 1 and (plan.partial_differing or always)
    doubled = plan.double_orders == "always" or (plan.double_orders == "unions" and state.phase is Phase.UNITE)
    return Compare(
        id=name,
        agent=agent,
        candidate=changes[agent],
        reference=state.prompts,
        input_key=key,
        candidate_first=candidate_first,
        levels=tuple(Level) if partial else (Level.GLOBAL,),
        also={other: text for other, text in changes.items() if other != agent},
        orders=2 if doubled else 1,
        when_differing=not always,
    )


def _learned(state: State) -> State:
    """Take up what a wave teaches: contested inputs, misalignment cases (Eq. 6), trust in the partial levels."""
    differed = dict(state.differed)
    results = (result for _, result in waves.answers(state))
    comparisons = [result for result in results if isinstance(result, Comparison) and not result.failed]
    for comparison in comparisons:
        times, seen = differed.get(comparison.input_key, (0, 0))
        differed[comparison.input_key] = (times + (not comparison.same_answer), seen + 1)
    cases = new_cases(waves.answers(state), lambda work: step_of(state.round, work.agent))
    return replace(
        state,
        differed=differed,
        cases=remembered(state.cases, cases),
        calibration=state.calibration.after(comparisons),
        events=(*state.events, *case_events(cases)),
    )


def _counted(state: State) -> State:
    calls, anchored = wave_calls(waves.answers(state), state.setting, state.anchored)
    influence = state.influence.after(waves.answers(state))
    return replace(state, spent=state.spent + calls, anchored=anchored, influence=influence)


_AFTER: Mapping[Phase, Callable[[State], State]] = {
    Phase.WITHHOLD: _round,
    Phase.PROPOSE: _after_proposals,
    Phase.RACE: _after_stage,
    Phase.UNITE: _after_union,
    Phase.PAIRS: _after_pairs,
}

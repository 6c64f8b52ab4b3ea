"""The drafts of a race: which are asked for, which may take part, and which a proxy keeps out. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from maspo.events import Event
from maspo.prompts import Prompts, prompts_id
from maspo.search import waves
from maspo.search.draw import rank, shuffled
from maspo.search.merge import without_added
from maspo.search.misalignment import hard_negatives
from maspo.search.mixture import Candidate
from maspo.search.proxy import Edit, Example, Screened, screen
from maspo.search.race_state import State, step_of
from maspo.search.record import rejected_events
from maspo.search.similar import Near
from maspo.search.work import Drafts, Propose, Work


def proposals(state: State, prompts: Prompts, number: int) -> tuple[Work, ...]:
    """Ask for the drafts of a round, led by traces on inputs on which these prompts are run anyway (Eq. 4)."""
    setting, plan = state.setting, state.setting.plan
    known = state.order[: state.size.union_inputs if number > state.round else state.size.shared_inputs]
    parents = prompts_id(prompts)
    wave = []
    for agent in setting.team.rewritten:
        cases = hard_negatives(state.cases, agent, setting.team, plan.hard_negatives)
        shown = shuffled(known[: 2 * plan.drafts * plan.traces], setting.seed, "traces", number, agent)
        wave += [
            Propose(
                id=f"{step_of(number, agent)}/propose/{parents}/{part}",
                agent=agent,
                prompts=prompts,
                inputs=shown[part * plan.traces : (part + 1) * plan.traces] or shown[: plan.traces],
                cases=cases,
                count=plan.screen or plan.edits,
            )
            for part in range(plan.drafts)
        ]
    return tuple(wave)


def entered(state: State) -> State:
    """Enter the drafts that break no rule and are no copy of what lost against this anchor, and what may be removed."""
    drafts: dict[str, list[str]] = {}
    events: list[Event] = []
    known = {name: Near([text, *state.rejected.get(name, ())]) for name, text in state.prompts.items()}
    for work, result in waves.answers(state):
        if isinstance(work, Propose) and isinstance(result, Drafts):
            fresh, refused = rejected_events(step_of(state.round, work.agent), work.agent, result, known[work.agent])
            drafts.setdefault(work.agent, []).extend(fresh)
            events += refused
    state = replace(state, events=(*state.events, *events))
    if state.setting.plan.screen:
        state, drafts = _screened(state, drafts)
    found = [Candidate(agent, text) for agent, texts in drafts.items() for text in texts]
    if state.setting.plan.removals:
        found += _removals(state, known)
    return replace(state, candidates=tuple(found))


def _removals(state: State, known: dict[str, Near]) -> Iterator[Candidate]:
    """Yield, per agent, the anchor's prompt without one sentence that the search added."""
    for agent in state.setting.team.rewritten:
        options = without_added(state.seed_prompts[agent], state.prompts[agent])
        fresh = [text for text in options if not known[agent].refusal(text)]
        if fresh:
            yield Candidate(agent, fresh[rank(state.setting.seed, "removal", state.round, agent) % len(fresh)], True)


# ── the proxy ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _screened(state: State, drafts: dict[str, list[str]]) -> tuple[State, dict[str, list[str]]]:
    """Keep the drafts that the proxy thinks most of, as many as would be asked for without it."""
    plan, seed = state.setting.plan, state.setting.seed
    kept: dict[str, Screened] = {}
    for agent, texts in drafts.items():
        edits = [Edit(agent, state.prompts[agent], text) for text in texts]
        kept[agent] = screen(state.proxy, edits, plan.edits * plan.drafts, seed, step_of(state.round, agent))
    told = [screened.told(step_of(state.round, agent), agent) for agent, screened in kept.items()]
    state = replace(state, screened=tuple(kept.values()), events=(*state.events, *told))
    return state, {agent: [item.edit.draft for item in screened.tried] for agent, screened in kept.items()}


def proxy_taught(state: State) -> State:
    """Let the proxy learn what the drafts of this round are worth, and count how often it was right."""
    if not state.setting.plan.screen:
        return state
    screening, examples = state.screening, list[Example]()
    runs, met_by = state.size.stages[-1] // 2, state.evidence()
    for screened in state.screened:
        drafts = {item.edit.draft: item.edit for item in screened.tried}
        found = {
            candidate.text: (state.worth[number], len(met_by[number]))
            for number, candidate in enumerate(state.candidates)
            if candidate.text in drafts and candidate.agent == drafts[candidate.text].agent
        }
        examples += [Example(drafts[text], worth, met) for text, (worth, met) in found.items()]
        screening = screening.after(screened, {text: worth for text, (worth, met) in found.items() if met}, runs)
    return replace(state, proxy=state.proxy.after(examples), screening=screening)

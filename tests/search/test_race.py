"""What the race keeps of its own (numbered invariants)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import pytest

from maspo.events import ConflictFound, InfluenceMeasured, PromptChanged, ProxyTold, SearchEnded
from maspo.prompts import Prompts
from maspo.search import race
from maspo.search.costs import planned_calls, reach
from maspo.search.methods import METHODS
from maspo.search.mixture import Candidate
from maspo.search.race_state import State
from maspo.search.setting import Setting
from maspo.search.work import Compare, Draft, Drafts, Propose, Result, Team, Withhold, Work
from maspo.testing.search import Oracle, final_state, play
from maspo.verdict import Comparison, Verdict

Settings = Callable[..., Setting]
PAIR = Team(order=("a", "b"), successors={"a": ("b",), "b": ()}, output="b")
SEED = {"a": "Seed of a.", "b": "Seed of b."}


@dataclass(frozen=True)
class Judged:
    """Drafts add one sentence each; a changed system wins or loses as the sentences in it say, on every input."""

    verdict: Callable[[Prompts], Verdict]
    sentences: Mapping[str, tuple[str, ...]]

    def answer(self, work: Work) -> Result:
        """Return the result of one piece of work."""
        if isinstance(work, Propose):
            lines = self.sentences.get(work.agent, ())
            held = work.prompts[work.agent]
            return Drafts(tuple(Draft(f"{held}\n{line}") for line in lines if line not in held))
        assert isinstance(work, Compare)
        verdict = self.verdict(work.changed)
        return Comparison(work.input_key, verdict, (), verdict, same_answer=verdict is Verdict.TIE)


def ended(setting: Setting, seed_prompts: Prompts, judged: Judged) -> State:
    state = race.begin(setting, seed_prompts)
    while wave := race.ask(state):
        state = race.tell(state, {work.id: judged.answer(work) for work in wave})
    return state


def pair_of(settings: Settings, **plan: object) -> Setting:
    return settings(team=PAIR, **plan)


def test_r01_a_reason_names_each_other_agent_once_and_never_its_own(settings: Settings, prompts: Prompts) -> None:
    named = []
    for seed in range(8):
        setting = settings(seed)
        end = final_state(METHODS["race"], race.begin(setting, prompts), Oracle(setting.team.successors, seed))
        for event in end.events:
            if isinstance(event, PromptChanged) and "tried together with " in event.reason:
                others = event.reason.split("tried together with ")[1].split(": ")[0].split(", ")
                assert len(others) == len(set(others))
                assert event.agent not in others
                named.append(others)
    assert named, "a search that never joins candidates would prove nothing"


def test_r02_good_sentences_are_told_from_bad_ones_in_the_same_mixtures(settings: Settings) -> None:
    def verdict(prompts: Prompts) -> Verdict:
        good = sum("good" in line for line in prompts["b"].splitlines())
        bad = sum("bad" in line for line in prompts["b"].splitlines())
        return Verdict.WIN if good > bad else Verdict.LOSS if bad > good else Verdict.TIE

    judged = Judged(verdict, {"b": ("One good line.", "One bad line.", "Two good lines.", "Two bad lines.")})
    end = ended(pair_of(settings, stages=(16,), passes=1), SEED, judged)
    assert "One good line." in end.prompts["b"]
    assert "Two good lines." in end.prompts["b"]
    assert "bad" not in end.prompts["b"]


def test_r03_two_changes_that_win_alone_and_lose_together_are_a_conflict_and_lead_the_next_rewrite(
    settings: Settings,
) -> None:
    def verdict(prompts: Prompts) -> Verdict:
        changed = ("left" in prompts["a"]) + ("right" in prompts["b"])
        return {0: Verdict.TIE, 1: Verdict.WIN, 2: Verdict.LOSS}[changed]

    judged = Judged(verdict, {"a": ("Keep left.",), "b": ("Keep right.",)})
    setting = pair_of(settings, passes=2, ahead=False)
    state, proposals = race.begin(setting, SEED), []
    while wave := race.ask(state):
        proposals += [work for work in wave if isinstance(work, Propose)]
        state = race.tell(state, {work.id: judged.answer(work) for work in wave})
    (found,) = [event for event in state.events if isinstance(event, ConflictFound)]
    assert set(found.agents) == {"a", "b"}
    assert min(found.alone) > 0 > found.together
    changed = [event.agent for event in state.events if isinstance(event, PromptChanged)]
    assert len(changed) == 1, "one of the two is kept"
    (other,) = set(found.agents) - set(changed)
    led = [case for work in proposals for case in work.cases if case.agent == other]
    assert led, "the other agent is rewritten with the conflict in view"
    assert all(case.reference[changed[0]] == state.prompts[changed[0]] for case in led)


def test_r04_the_race_stays_within_the_calls_planned(settings: Settings, prompts: Prompts) -> None:
    for calls in (100, 300, 900):
        setting = replace(settings(3, passes=50, patience=50, calls=calls), reserve=20)
        end = final_state(METHODS["race"], race.begin(setting, prompts), Oracle(setting.team.successors, 3))
        spent = [0]
        for state in play(METHODS["race"], race.begin(setting, prompts), Oracle(setting.team.successors, 3)):
            if state.round_began != spent[-1]:
                spent.append(state.round_began)
        dearest = max(after - before for before, after in zip(spent, [*spent[1:], end.spent], strict=True))
        assert end.round == 1 or end.spent + setting.reserve <= planned_calls(setting.plan, setting.team) + dearest
        assert any(isinstance(event, SearchEnded) and "planned" in event.reason for event in end.events)


def test_r05_a_removal_takes_out_what_an_earlier_round_added(settings: Settings) -> None:
    def verdict(prompts: Prompts) -> Verdict:
        lines = prompts["b"].splitlines()
        if len(lines) == 1:
            return Verdict.WIN if "late" in lines else Verdict.TIE
        return Verdict.WIN

    setting = pair_of(settings, passes=4, removals=True, edits=1)
    state = race.begin(setting, SEED)
    judged = Judged(verdict, {"b": ("First line.", "Second line.")})
    removed = []
    while wave := race.ask(state):
        removed += [candidate.text for candidate in state.candidates if candidate.removal]
        state = race.tell(state, {work.id: judged.answer(work) for work in wave})
    assert removed
    assert all(text.startswith("Seed of b.") for text in removed), "the seed prompt's own sentences stay"


@pytest.mark.parametrize("most", [1, 2, 5])
def test_r06_a_mixed_run_changes_agents_of_one_block_alone(settings: Settings, prompts: Prompts, most: int) -> None:
    setting = settings(2, blocks=most)
    rewritten = setting.team.rewritten
    size = -(-len(rewritten) // most)
    blocks = [set(rewritten[start : start + size]) for start in range(0, len(rewritten), size)]
    oracle = Oracle(setting.team.successors, 2)
    runs = [
        work
        for state in play(METHODS["race"], race.begin(setting, prompts), oracle)
        for work in race.ask(state)
        if isinstance(work, Compare) and "/race/" in work.id
    ]
    assert runs
    assert all(any({work.agent, *work.also} <= block for block in blocks) for work in runs)


def test_r07_rounds_need_the_same_number_of_waves_whatever_the_number_of_agents(settings: Settings) -> None:
    def waves(agents: int) -> int:
        names = tuple(f"a{number:02d}" for number in range(agents))
        team = Team(names, {name: (names[-1],) if name != names[-1] else () for name in names}, names[-1])
        setting = settings(1, team=team, passes=2)
        judged = Judged(lambda _: Verdict.WIN, dict.fromkeys(names, ("A line.", "Another.")))
        state, count = race.begin(setting, {name: f"Seed of {name}." for name in names}), 0
        while wave := race.ask(state):
            count += 1
            state = race.tell(state, {work.id: judged.answer(work) for work in wave})
        return count

    assert waves(4) == waves(40)


def test_r08_an_option_that_is_on_tells_what_it_found(settings: Settings, prompts: Prompts) -> None:
    setting = settings(1, interventions=2, screen=6)
    oracle = Oracle(setting.team.successors, 1)
    states = list(play(METHODS["race"], race.begin(setting, prompts), oracle))
    assert all(isinstance(work, Withhold) for work in race.ask(states[0]))
    kinds = {type(event) for event in states[-1].events}
    assert {InfluenceMeasured, ProxyTold, SearchEnded} <= kinds


def test_r09_reach_counts_an_agent_and_all_that_lies_downstream(settings: Settings) -> None:
    team = settings().team
    assert reach(team, ["a"]) == 4
    assert reach(team, ["b"]) == 2
    assert reach(team, ["b", "c"]) == 3
    assert reach(team, ["d"]) == 1


def test_r30_of_two_drafts_of_which_nothing_is_known_the_shorter_is_expected_to_be_better(settings: Settings) -> None:
    state = race.begin(settings(PAIR), SEED)
    short, long = (Candidate("a", f"{SEED['a']}\n{'Check it. ' * times}") for times in (2, 40))
    worth = replace(state, candidates=(long, short)).estimated()
    assert worth[1] > worth[0]
    priceless = replace(state.setting, plan=state.setting.plan.model_copy(update={"length_price": 0.0}))
    equal = replace(state, setting=priceless, candidates=(long, short)).estimated()
    assert equal[0] == equal[1]


TRIO = Team(order=("a", "b", "c"), successors={"a": ("c",), "b": ("c",), "c": ()}, output="c")


def trio_verdict(prompts: Prompts) -> Verdict:
    held = {name for name, word in (("a", "left"), ("b", "fine"), ("c", "right")) if word in prompts[name]}
    return Verdict.LOSS if {"a", "c"} <= held else Verdict.WIN if held else Verdict.TIE


def trio(settings: Settings, **plan: object) -> State:
    judged = Judged(trio_verdict, {"a": ("Keep left.",), "b": ("All is fine.",), "c": ("Keep right.",)})
    setting = settings(team=TRIO, passes=1, ahead=False, **plan)
    return ended(setting, {name: f"Seed of {name}." for name in TRIO.order}, judged)


def test_r11_of_three_changed_agents_the_pair_that_clashes_is_found_and_the_third_change_stays(
    settings: Settings,
) -> None:
    end = trio(settings)
    found = [event.agents for event in end.events if isinstance(event, ConflictFound)]
    assert found == [("a", "c")]
    changed = {event.agent for event in end.events if isinstance(event, PromptChanged)}
    assert "b" in changed
    assert len(changed) == 2, "one of the two that clash gives way"


def test_r12_conflicts_are_not_looked_for_when_that_is_switched_off(settings: Settings) -> None:
    end = trio(settings, conflicts=False)
    assert not [event for event in end.events if isinstance(event, ConflictFound)]


def test_r13_a_union_that_keeps_its_promise_is_tried_once_and_one_that_falls_short_against_its_sides(
    settings: Settings,
) -> None:
    """Alone each change wins everywhere; together they win, or are a tie, on every input."""
    tries = {}
    for together in (Verdict.WIN, Verdict.TIE):

        def verdict(prompts: Prompts, both: Verdict = together) -> Verdict:
            changed = ("left" in prompts["a"]) + ("right" in prompts["b"])
            return {0: Verdict.TIE, 1: Verdict.WIN, 2: both}[changed]

        judged = Judged(verdict, {"a": ("Keep left.",), "b": ("Keep right.",)})
        end = ended(pair_of(settings, passes=1, ahead=False), SEED, judged)
        tries[together] = [set(item.part.changes) for item in end.tried]
        changed = {event.agent for event in end.events if isinstance(event, PromptChanged)}
        assert len(changed) == (2 if together is Verdict.WIN else 1)
    assert tries == {Verdict.WIN: [{"a", "b"}], Verdict.TIE: [{"a", "b"}, {"a"}, {"b"}]}

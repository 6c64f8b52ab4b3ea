"""The union of a round: what is tried together, split, found to clash, and kept (numbered invariants)."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maspo.core.seeded import rank
from maspo.core.verdict import Comparison, Verdict
from maspo.events import ConflictFound, PromptChanged
from maspo.optimizers.anchor_race import _Race
from maspo.optimizers.base import Answers, Ask, Case, Compare, Problem, Propose, Request, Results
from maspo.optimizers.parts.reward import value_of
from maspo.optimizers.race.estimate import Estimator
from maspo.optimizers.race.judged import JudgedAnswers
from maspo.optimizers.race.mixture import Candidate, MixedRun, Mixture
from maspo.optimizers.race.proof import AT_THE_END, Proof, in_errors, prove
from maspo.optimizers.race.round import NO_TRIAL, Round, Trial
from maspo.optimizers.race.settings import AnchorRaceConfig
from maspo.optimizers.race.union import unite as union_of
from maspo.team.graph import Team
from maspo.testing.optimizers import played
from tests.optimizers.landscape import Landscape
from tests.optimizers.small import DIAMOND, problem_of, small

WIN, LOSS, TIE = Verdict.WIN, Verdict.LOSS, Verdict.TIE
INPUTS = tuple(f"i{number}" for number in range(6))
CHAIN = Team(("a", "b", "c", "d"), {"a": ("b",), "b": ("c",), "c": ("d",), "d": ()}, "d")

Judge = Callable[[frozenset[int], str], Verdict]
"""What candidates come to together on an input."""


class _MeanAlone(Estimator):
    """Estimates by the runs of each candidate alone."""

    def score(self, comparison: Comparison) -> float:
        """Return what the final answers say."""
        return value_of(comparison.glob)

    def effects(self, candidates: Sequence[Candidate], runs: Sequence[MixedRun]) -> tuple[float, ...]:
        """Return the mean score of the runs of each candidate alone."""
        found = [[self.score(run.comparison) for run in runs if run.members == (n,)] for n in range(len(candidates))]
        return tuple(sum(scores) / len(scores) if scores else 0.0 for scores in found)


class Table(_Race):
    """A race whose runs are looked up: candidates ``members`` on an input do what ``judge`` says."""

    def __init__(self, judge: Judge, agents: str, team: Team) -> None:
        self.judge = judge
        self.tried: list[tuple[str, list[tuple[int, ...]]]] = []
        prompts = {name: f"Seed of {name}." for name in team.order}
        config = AnchorRaceConfig(ahead=False, weighting="global", conflict_inputs=0)
        super().__init__(config, Problem(team, prompts, INPUTS, 0))
        self.round = Round(1, prompts, _MeanAlone(config, "global"), config.round_size(1), INPUTS)
        self.round.candidates = tuple(
            Candidate(name, f"{prompts[name]}\nRule {number}.", prompts[name]) for number, name in enumerate(agents)
        )
        for number in range(len(agents)):
            self.round.runs += [MixedRun((number,), "alone", self.met(frozenset({number}), key)) for key in INPUTS]
        self.round.effects = self.round.estimate(self.round.runs)

    def try_each(
        self, purpose: str, tried: Mapping[str, Mixture], inputs: Sequence[str], ahead: Sequence[Propose] = ()
    ) -> Generator[Ask, Results, list[Trial]]:
        """Look up what candidates come to together."""
        yield from ()
        assert not ahead and list(inputs) == list(INPUTS)
        self.tried.append((purpose, [part.members for part in tried.values()]))
        return [Trial(part, tuple(self.met(frozenset(part.members), key) for key in inputs)) for part in tried.values()]

    def ask(self, requests: Sequence[Request], ahead: Sequence[Request] = ()) -> Generator[Ask, Results, Answers]:
        """Look up how candidates together do beside some of them."""
        yield from ()
        found: list[tuple[Request, Comparison]] = []
        for request in requests:
            assert isinstance(request, Compare) and request.purpose == "prove"
            both, alone = (
                value_of(self.met(self.held_in(prompts), request.input_key).glob)
                for prompts in ({**request.reference, **request.changes}, request.reference)
            )
            verdict = WIN if both > alone else LOSS if both < alone else TIE
            found.append((request, Comparison(request.input_key, verdict, (), verdict, verdict is TIE)))
        return found

    def held_in(self, prompts: Mapping[str, str]) -> frozenset[int]:
        """Return the candidates that some prompts hold."""
        numbers = range(len(self.round.candidates))
        return frozenset(n for n in numbers if f"Rule {n}." in prompts[self.round.candidates[n].agent])

    def met(self, members: frozenset[int], key: str) -> Comparison:
        """Return the comparison of candidates together on an input."""
        verdict = self.judge(members, key)
        return Comparison(key, verdict, (), verdict, verdict is TIE)

    @property
    def told(self) -> list[tuple[ConflictFound, tuple[Case, ...]]]:
        """The conflicts that were found, each with its cases, the oldest first."""
        conflicts = [event for event in self.events if isinstance(event, ConflictFound)]
        return [(event, tuple(case for case in self.cases[::-1] if case.agent in event.agents)) for event in conflicts]


def table(judge: Judge, agents: str, team: Team = CHAIN) -> Table:
    """Return the table of a round with one candidate for each letter, each run alone on every input before."""
    return Table(judge, agents, team)


def unite(found: Table, good: Sequence[int] | None = None, width: int = 8, **more: object) -> Trial:
    """Return what a union comes to when its race asks nothing of anyone."""
    numbers = range(len(found.round.candidates)) if good is None else good
    config = found.config.model_copy(update={"beam_width": width, "audited_rounds": 0, **more})
    found.config = found.conflicts.config = config
    with pytest.raises(StopIteration) as end:
        next(union_of(found, found.round, tuple(numbers), width, found.conflicts))
    best: Trial = end.value.value
    return best


def all_of(*good: int) -> Judge:
    """Return a judge to whom candidates win when they are all among the good ones."""
    return lambda members, _: WIN if members <= set(good) else LOSS


def test_u01_a_union_that_wins_is_tried_once_and_kept() -> None:
    found = table(all_of(0, 1, 2), "abc")
    assert unite(found).part.members == (0, 1, 2)
    assert found.tried == [("union", [(0, 1, 2)])]


def test_u02_without_anything_good_nothing_is_tried() -> None:
    found = table(all_of(0), "ab")
    assert unite(found, ()) is NO_TRIAL
    assert found.tried == []


def test_u03_a_union_that_loses_is_split_into_early_and_late_agents_and_the_better_side_kept() -> None:
    found = table(lambda members, _: WIN if max(members) < 2 else LOSS, "abcd")
    best = unite(found, conflicts=False)
    assert best.part.members == (0, 1)
    assert found.tried == [("union", [(0, 1, 2, 3)]), ("parts", [(0, 1), (2, 3)])]


def test_u04_one_agents_union_that_loses_keeps_the_better_half_of_its_candidates() -> None:
    def judge(members: frozenset[int], key: str) -> Verdict:
        if len(members) > 2:
            return LOSS
        return WIN if key in INPUTS[: 5 - max(members)] else TIE

    found = table(judge, "aaaa")
    best = unite(found)
    assert found.tried[0] == ("union", [(0, 1, 2, 3)])
    assert found.tried[1] == ("parts", [(0, 1)])
    assert best.part.members == (0, 1)
    assert {*best.part.changes} == {"a"}


def test_u05_what_goes_on_losing_is_given_up_after_four_attempts() -> None:
    found = table(lambda members, _: WIN if len(members) == 1 else LOSS, "ab" * 16)
    assert unite(found, width=99, conflicts=False) is NO_TRIAL
    assert [purpose for purpose, _ in found.tried] == ["union", "parts", "parts", "parts"]
    assert len(found.round.attempts) == 4
    sizes = [max(len(part) for part in parts) for _, parts in found.tried]
    assert sizes == sorted(sizes, reverse=True)


def test_u06_without_a_single_win_the_anchor_stays() -> None:
    found = table(lambda members, key: TIE, "ab")
    assert unite(found) is NO_TRIAL
    assert len(found.tried) > 1, "parts are tried first: one of them might win"
    once = table(lambda members, key: WIN if members == {0} and key == "i0" else TIE, "ab")
    assert unite(once).part.members == (0, 1), "no worse than the anchor, and one of them won on its own"


def test_u07_the_best_k_of_an_agent_are_joined_and_of_equals_the_shorter() -> None:
    found = table(lambda members, key: WIN if key in INPUTS[: 6 - 2 * min(members)] else TIE, "aaab")
    assert found.round.effects[:3] == (3 / 6, 2 / 6, 1 / 6)
    assert unite(found, width=2).part.members == (0, 1, 3)
    equal = table(all_of(0, 1, 2), "aaa")
    long = Candidate("a", f"{equal.round.candidates[0].text}\nAnd more.", equal.round.anchor["a"])
    equal.round.candidates = (long, *equal.round.candidates[1:])
    assert unite(equal, width=2).part.members == (1, 2)


def clashing(*pairs: set[int]) -> Judge:
    """Return a judge to whom candidates win unless a pair that clashes is among them; more of 0 than of others."""

    def judge(members: frozenset[int], key: str) -> Verdict:
        if any(pair <= members for pair in pairs):
            return LOSS
        return WIN if 0 in members or key != "i0" else TIE

    return judge


def test_u08_of_two_that_clash_the_lesser_is_withdrawn_and_leads_the_next_rewrite() -> None:
    found = table(clashing({0, 1}), "ab")
    assert unite(found).part.members == (0,)
    assert found.tried == [("union", [(0, 1)]), ("sides", [(0,), (1,)])]
    assert found.round.withdrawn == {1}
    ((event, cases),) = found.told
    assert event.agents == ("a", "b")
    assert event.alone[0] > event.alone[1] > 0 > event.together
    assert event.inputs == INPUTS
    assert [(case.input_key, case.agent, case.lost) for case in cases] == [(key, "b", ("global",)) for key in INPUTS]
    assert {case.reference["a"] for case in cases} == {found.round.candidates[0].text}, "beside the change that stays"


def test_u09_the_pair_that_clashes_is_found_among_several_and_the_rest_mended() -> None:
    found = table(clashing({1, 2}), "abcd")
    best = unite(found)
    assert best.part.members == (0, 1, 3)
    assert [purpose for purpose, _ in found.tried] == ["union", "sides", "pairs", "union"]
    assert found.tried[2][1] == [(0, 1), (1, 2), (2, 3)], "only agents that read one another"
    assert [event.agents for event, _ in found.told] == [("b", "c")]


def test_u10_no_conflict_is_looked_for_when_that_is_switched_off_or_one_agent_changed() -> None:
    for found, conflicts in ((table(clashing({0, 1}), "ab"), False), (table(clashing({0, 1}), "aa"), True)):
        unite(found, conflicts=conflicts)
        assert found.told == []
        assert "sides" not in {purpose for purpose, _ in found.tried}


def test_u11_inputs_that_a_side_loses_alone_make_no_conflict() -> None:
    found = table(lambda members, key: WIN if key < "i4" and len(members) == 1 else LOSS if key >= "i4" else TIE, "ab")
    unite(found)
    assert [purpose for purpose, _ in found.tried][:2] == ["union", "sides"]
    assert found.told == []


@given(seed=st.integers(0, 10**6), agents=st.text("abcd", min_size=1, max_size=7), luck=st.integers(0, 6))
def test_u12_whatever_the_runs_say_what_is_kept_was_tried_and_nothing_withdrawn_is_in_it(
    seed: int, agents: str, luck: int
) -> None:
    def judge(members: frozenset[int], key: str) -> Verdict:
        if len(members) > 1 and rank(seed, "clash", *sorted(members)[:2]) % 2:
            return LOSS
        return WIN if rank(seed, "run", *sorted(members), key) % 7 < luck else TIE

    found = table(judge, agents)
    best = unite(found)
    assert 1 <= len(found.round.attempts) <= 4
    assert found.round.withdrawn.isdisjoint(best.part.members)
    tried = [part for _, parts in found.tried for part in parts]
    assert best is NO_TRIAL or best.part.members in tried
    if best is not NO_TRIAL:
        assert sum(value_of(met.glob) for met in best.comparisons) >= 0
        held = set(best.part.members)
        runs = [run for run in found.round.runs if not held.isdisjoint(run.members)]
        assert any(run.comparison.glob is WIN for run in runs)


def test_u14_a_pair_is_suspected_where_nothing_seems_wrong_only_when_that_is_asked_for() -> None:
    for rounds in (0, 1):
        found = table(all_of(0, 1, 2), "abd")
        unite(found, audited_rounds=rounds, conflict_inputs=6)
        pairs = [(one.told.agents, set(one.changes), inputs) for one, inputs in found.conflicts.suspected]
        assert [agents for agents, _, _ in pairs] == ([("a", "b")] if rounds else []), "those that read one another"
        assert all(set(agents) == changed and set(inputs) == set(INPUTS) for agents, changed, inputs in pairs)
        assert len(found.conflicts.looked_at) == len(pairs), "and it was looked at before the union was kept"
        assert not found.told and not found.round.withdrawn


def test_u18_what_is_about_to_be_kept_by_luck_and_clashes_is_told_and_mended() -> None:
    def judge(members: frozenset[int], key: str) -> Verdict:
        if {0, 1} <= members:  # wins seldom, where either alone wins
            return WIN if key in INPUTS[:2] else TIE
        return TIE if members == {1} and key == INPUTS[-1] else WIN

    assert unite(table(judge, "ab"), conflict_inputs=6).part.members == (0, 1)
    found = table(judge, "ab")
    best = unite(found, conflict_inputs=6, audited_rounds=1)
    assert [purpose for purpose, _ in found.tried] == ["union", "union"] and best.part.members == (0,)
    ((event, cases),) = found.told
    assert event.agents == ("a", "b") and event.inputs == INPUTS[2:5]
    assert {case.agent for case in cases} == {"b"} and len(found.conflicts.looked_at) == 1
    assert unite(table(judge, "ab"), conflict_inputs=6, audited_rounds=1, conflicts=False).part.members == (0, 1)


def test_u15_what_clashes_is_withdrawn_at_once_and_told_when_it_is_proven() -> None:
    found = table(clashing({0, 1}), "ab")
    assert unite(found, conflict_inputs=6).part.members == (0,)
    assert found.told == [] and found.round.withdrawn == {1}
    ((suspicion, _),) = found.conflicts.suspected
    lost = {name: [found.met(frozenset({0, 1}), key) for key in INPUTS] for name in "ab"}
    proof = Proof(lost, JudgedAnswers())
    assert proof.holds() and suspicion.proven(proof) == suspicion.told
    assert suspicion.round.anchor == found.prompts and set(suspicion.changes) == {"a", "b"}


def test_u17_of_a_pair_that_nothing_seemed_wrong_with_the_proof_is_told() -> None:
    found = table(all_of(0, 1), "ab")
    unite(found, audited_rounds=1, conflict_inputs=6)
    ((suspicion, _),) = found.conflicts.suspected
    keys = {"a": INPUTS[:4], "b": INPUTS[2:]}
    seen = {name: [Comparison(key, LOSS, (), LOSS, False) for key in lost] for name, lost in keys.items()}
    event = suspicion.proven(Proof(seen, JudgedAnswers()))
    assert event.inputs == INPUTS[2:4] and event.together < min(event.alone) and event.agents == ("a", "b")


class Together:
    """Answers a proof by two functions of the place of an input, one for each agent's change beside the other's."""

    def __init__(self, verdicts: dict[str, Callable[[int], Verdict]]) -> None:
        self.verdicts, self.asked = verdicts, list[Compare]()

    def ask(self, requests: Sequence[Request], ahead: Sequence[Request] = ()) -> Generator[Ask, Results, Answers]:
        yield from ()
        found: list[tuple[Request, Comparison]] = []
        for request in requests:
            assert isinstance(request, Compare)
            self.asked.append(request)
            verdict = self.verdicts[request.agent](int(request.input_key))
            found.append((request, Comparison(request.input_key, verdict, (), verdict, False)))
        return found


@pytest.mark.parametrize(
    ("a", "b", "holds", "looked"),
    [
        (lambda _: LOSS, lambda _: LOSS, True, 8),
        (lambda _: LOSS, lambda n: LOSS if n % 4 == 0 else TIE, True, 16),
        (lambda _: LOSS, lambda n: LOSS if n % 2 else WIN, False, 32),
        (lambda _: LOSS, lambda n: LOSS if n % 8 else WIN, True, 8),
        (lambda _: LOSS, lambda n: LOSS if n % 4 == 1 else WIN if n == 0 else TIE, True, 24),
        (lambda _: LOSS, lambda _: WIN, False, 8),
    ],
)
def test_u16_a_conflict_is_proven_where_both_changes_together_lose_against_either_alone(
    a: Callable[[int], Verdict], b: Callable[[int], Verdict], holds: bool, looked: int
) -> None:
    search = Together({"a": a, "b": b})
    anchor, changes = {"a": "A", "b": "B", "c": "C"}, {"a": "A1", "b": "B1"}
    proof = Proof({"a": [], "b": []}, JudgedAnswers())
    with pytest.raises(StopIteration):
        next(prove(search, "r1", anchor, changes, tuple(map(str, range(32))), proof, "balanced", 0))
    assert proof.holds() is holds and len(proof.added["a"]) == len(proof.added["b"]) == looked
    for one in search.asked:
        assert {**one.reference, **one.changes} == {**anchor, **changes}
        assert one.reference[one.agent] == anchor[one.agent], "beside the other's change, against it alone"
    assert len({one.id for one in search.asked}) == len(search.asked)


@pytest.mark.parametrize(
    ("added", "spared", "looked"),
    [
        (lambda _: WIN, 0, 8),
        (lambda n: WIN if n in {0, 8} else TIE, 0, 16),
        (lambda _: TIE, 0, 32),
        (lambda _: TIE, 1, 24),
        (lambda _: TIE, 2, 16),
        (lambda _: TIE, 9, 8),
        (lambda n: LOSS if n == 0 else TIE, 2, 40),
    ],
)
def test_u19_the_other_change_is_not_added_any_more_where_the_first_one_helps(
    added: Callable[[int], Verdict], spared: int, looked: int
) -> None:
    search = Together({"b": added, "a": lambda _: LOSS})
    anchor, changes = {"a": "A", "b": "B"}, {"b": "B1", "a": "A1"}
    proof = Proof({"b": [], "a": []}, JudgedAnswers(), spared)
    with pytest.raises(StopIteration):
        next(prove(search, "r1", anchor, changes, [*map(str, range(40))], proof, "balanced", 0))
    assert not proof.holds() and len(proof.added["b"]) == looked
    assert len(proof.added["a"]) == (40 if looked == 40 else looked - 8)


def test_u13_withdrawn_changes_are_never_shipped_in_whole_searches() -> None:
    conflicts = 0
    for seed in range(12):
        race = small("race", passes=4, stages=(16,), conflict_inputs=0)
        whole = played(race, problem_of(seed), Landscape(DIAMOND, seed, clashes=2))
        for ask in whole.asks:
            found = [event for event in ask.events if isinstance(event, ConflictFound)]
            changed = {event.agent: event.after for event in ask.events if isinstance(event, PromptChanged)}
            for conflict in found:
                conflicts += 1
                # The prompts of the pair as it was tried together when the conflict was found.
                (first, second), step = conflict.agents, conflict.step
                pairs = [
                    request.changes
                    for request in whole.requests
                    if isinstance(request, Compare)
                    and request.id.startswith(f"{step}/unite/")
                    and set(request.changes) == {first, second}
                ]
                assert pairs
                together = [all(changed.get(name) == pair[name] for name in (first, second)) for pair in pairs]
                assert not all(together), "one of the two gives way"
    assert conflicts > 3


def met(key: str, verdict: Verdict, *answers: str, settled: bool = False) -> Comparison:
    """Return a comparison of two known final answers."""
    assert len(answers) == 2
    return Comparison(key, verdict, (), verdict, answers=(answers[0], answers[1]), settled=settled)


@pytest.mark.parametrize(
    ("one", "other", "at_a_look", "at_the_end"),
    [
        ((3, 0), (3, 0), True, True),
        ((3, 0), (2, 0), False, True),
        ((4, 1), (1, 0), False, True),
        ((9, 0), (1, 1), False, False),
        ((2, 0), (0, 0), False, False),
        ((2, 1), (2, 1), False, False),
    ],
)
def test_u20_both_tests_have_to_hold_and_strictly_as_one(
    one: tuple[int, int], other: tuple[int, int], at_a_look: bool, at_the_end: bool
) -> None:
    def seen(lost: int, won: int) -> list[Comparison]:
        return [Comparison(str(number), said, (), said) for number, said in enumerate([LOSS] * lost + [WIN] * won)]

    proof = Proof({"a": seen(*one), "b": seen(*other)}, JudgedAnswers())
    assert proof.holds() is at_a_look and proof.holds(AT_THE_END) is at_the_end


def test_u21_what_the_judge_says_of_the_same_answers_elsewhere_counts_in_a_proof() -> None:
    known = JudgedAnswers()
    lost, tied = met("i", LOSS, "good", "bad"), met("i", TIE, "good", "bad")
    known.learn(tied)
    assert known.gain(tied) == 0, "nothing is known of them"
    known.learn(lost)
    once = known.gain(tied)
    assert once == known.gain(lost) < 0, "whatever this comparison itself said"
    known.learn(met("i", WIN, "bad", "good"))
    assert known.gain(lost) < once, "twice the same, seen from either side"
    assert known.gain(met("i", TIE, "bad", "good")) == -known.gain(lost)
    known.learn(met("i", LOSS, "good", "third"))
    assert known.gain(met("i", TIE, "bad", "third")) == pytest.approx(0.0, abs=0.2)
    assert known.gain(met("i", TIE, "good", "third")) < 0
    before = known.gain(lost)
    known.learn(met("i", WIN, "good", "bad", settled=True))
    known.learn(met("other", WIN, "good", "bad"))
    known.learn(replace(lost, glob=WIN, same_answer=True))
    assert known.gain(lost) == before, "settled verdicts are no new ones, other inputs have answers of their own"


def test_u22_a_slip_about_an_answer_is_outvoted() -> None:
    known = JudgedAnswers()
    for verdict in (WIN, LOSS, LOSS):
        known.learn(met("i", verdict, "good", "bad"))
    assert known.gain(met("i", WIN, "good", "bad")) < 0


@given(st.lists(st.sampled_from([-0.5, 0.0, 0.5]), max_size=40))
def test_u23_where_nothing_else_is_known_a_proof_is_a_sign_test(gains: list[float]) -> None:
    lost, won = gains.count(-0.5), gains.count(0.5)
    assert in_errors(gains) == pytest.approx((won - lost) / (won + lost) ** 0.5 if won + lost else 0.0)


def test_u24_what_could_not_be_proven_in_its_round_is_told_when_enough_is_known_at_the_end() -> None:
    found = table(all_of(0, 1), "ab")
    unite(found, audited_rounds=1, conflict_inputs=6)
    ((_, proof, _),) = found.conflicts.unproven
    assert {one.input_key for one in proof.added["b"]} == set(INPUTS) and not found.told
    for key in INPUTS[:5]:  # what a round with other candidates says of these answers
        for name in "ab":
            proof.added[name] = [met(one.input_key, TIE, "good", "bad") for one in proof.added["a"]]
        proof.known.learn(met(key, LOSS, "good", "bad"))
    found.conflicts.suspected.clear()
    with pytest.raises(StopIteration):
        next(found.conflicts.tell())
    ((event, _),) = found.told
    assert event.agents == ("a", "b") and event.inputs == INPUTS[:5] and not found.conflicts.unproven


def test_u25_a_proof_that_ended_by_bad_luck_goes_on_where_it_stands_and_asks_nothing_twice() -> None:
    search = Together({"b": lambda n: WIN if n < 3 else LOSS, "a": lambda _: LOSS})
    anchor, changes, inputs = {"a": "A", "b": "B"}, {"b": "B1", "a": "A1"}, tuple(map(str, range(40)))
    proof = Proof({"b": [], "a": []}, JudgedAnswers(), 9)

    def go_on() -> list[str]:
        before = len(search.asked)
        with pytest.raises(StopIteration):
            next(prove(search, "r1", anchor, changes, inputs, proof, "balanced", 0))
        return [one.id for one in search.asked[before:]]

    proof.added["b"] += [Comparison(str(number), TIE, (), TIE) for number in range(8)]
    assert proof.is_hopeless and len(proof.added["a"]) == 0
    proof.added["b"][:] = [Comparison(str(number), LOSS, (), LOSS) for number in range(3)]
    assert not proof.is_hopeless, "by what the judge has said since"
    asked = go_on()
    assert proof.holds() and len(set(asked)) == len(asked) == 8 - 3 + 8
    assert go_on() == [], "and there it ends"

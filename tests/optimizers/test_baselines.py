"""Methods to compare with: the decision that defines each, and the plan that all of them keep (numbered invariants)."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from maspo.core.prompts import prompt_id
from maspo.core.verdict import Comparison, Level, Verdict
from maspo.events import CandidateScored
from maspo.optimizers.base import (
    FALLBACK,
    Answered,
    AskModel,
    CallCount,
    Compare,
    Draft,
    Drafts,
    Problem,
    Propose,
    Request,
    Result,
    Vet,
)
from maspo.optimizers.baselines.cantante import contrasts
from maspo.optimizers.baselines.mapro import max_product
from maspo.optimizers.baselines.planned import Scored
from maspo.optimizers.baselines.promptbreeder import Promptbreeder, PromptbreederConfig, Unit
from maspo.optimizers.baselines.shapley import shapley_values
from maspo.optimizers.registry import OPTIMIZERS, make_config, make_optimizer
from maspo.testing.optimizers import Oracle, Played, check_optimizer, played
from tests.optimizers.small import DIAMOND, PROMPTS, needs_package, problem_of, small

JUDGED_BY_FINAL_ANSWERS = (
    *("best-of-n", "naive-joint", "opro", "promptbreeder", "spo"),
    *("random-edits", "shapley", "cantante", "tpe", "gepa", "mipro", "opentrace"),
)
BASELINES = (*JUDGED_BY_FINAL_ANSWERS, "mapro")
"""Those with a plan; ``local-only`` is Algorithm 1 as printed, which has none."""
LARGE_STEPS = {"shapley": 3, "cantante": 4, "mapro": 3}
"""Inputs of a score, for methods whose first step is larger than a plan of 400 calls else."""


@dataclass
class Told:
    """Answers with drafts that are numbered, and with verdicts that somebody chooses by the changed prompts."""

    wins: frozenset[str] = frozenset()
    """Texts that make the team better; all others make it worse."""
    written: Iterator[int] = field(default_factory=lambda: iter(range(10**6)))
    answers: list[str] | None = None
    """What a model says that is asked in a method's own words, then that nothing shall change; None: each example."""

    def answer(self, request: Request) -> Result:
        """Return the result of one request."""
        if isinstance(request, Propose):
            return Drafts(tuple(Draft(f"{request.agent} {next(self.written)}") for _ in range(request.count)))
        if isinstance(request, AskModel):
            if self.answers is None:
                return Answered(request.example)
            return Answered(self.answers.pop(0) if self.answers else "TERMINATE")
        if isinstance(request, Vet):
            return Drafts(tuple(Draft(text, "refused" if "refused" in text else "") for text in request.texts))
        assert isinstance(request, Compare)
        good = any(text in self.wins for text in request.changes.values())
        verdict = Verdict.WIN if good else Verdict.LOSS
        readers = DIAMOND.successors[request.agent]
        return Comparison(request.input_key, verdict, tuple((name, verdict) for name in readers), verdict)


def search(method: str, told: Told, problem: Problem | None = None, **settings: object) -> Played:
    return played(small(method, **settings), problem or problem_of(), told)


def proposals(found: Played) -> list[Propose]:
    return [request for request in found.requests if isinstance(request, Propose)]


def comparisons(found: Played) -> list[Compare]:
    return [request for request in found.requests if isinstance(request, Compare)]


def test_v01_all_baselines_are_here() -> None:
    assert {*BASELINES, "local-only"} == set(OPTIMIZERS.own) - {"race", "ascent"}


@pytest.mark.parametrize("method", BASELINES)
@pytest.mark.parametrize("planned", [50, 120, 400])
@pytest.mark.parametrize("labelled", [0, 12])
def test_v02_a_baseline_keeps_its_plan_with_the_holdout_in_it(method: str, planned: int, labelled: int) -> None:
    needs_package(method)
    problem = problem_of(reserve=30)
    problem = Problem(problem.team, PROMPTS, problem.inputs, 0, 30, frozenset(problem.inputs[:labelled]))
    oracle, count = Oracle(DIAMOND, 1), CallCount(problem)
    batch = {"batch": LARGE_STEPS[method]} if method in LARGE_STEPS else {}
    more = {"rewarded": 2, "pool": 2} if method == "mapro" else {}
    optimizer = make_optimizer(make_config({"method": method, "calls": planned, **batch, **more}))
    found = played(optimizer, problem, oracle)
    for request in found.requests:
        count.add(request.price(problem, oracle.answer(request)))
    assert count.total + problem.reserve <= planned
    if planned == 400:
        assert count.total > 200, "a plan that is hardly used is no comparison at equal calls"


@pytest.mark.parametrize("method", JUDGED_BY_FINAL_ANSWERS)
def test_v03_a_baseline_is_judged_by_final_answers_alone(method: str) -> None:
    needs_package(method)
    found = search(method, Told())
    assert comparisons(found)
    assert {level.value for request in comparisons(found) for level in request.levels} == {"global"}
    assert not any(request.cases for request in proposals(found)), "misalignment cases are ours"
    for step in {request.id.rsplit("/", 1)[0] for request in comparisons(found)}:
        first = [request.candidate_first for request in comparisons(found) if request.id.startswith(f"{step}/")]
        assert abs(sum(first) - len(first) / 2) <= 0.5, "each output is shown first equally often"


def test_v04_naive_joint_rewrites_everybody_at_once_and_keeps_all_or_nothing() -> None:
    found = search("naive-joint", Told(frozenset({"c 1"})), rounds=2)
    first, second = comparisons(found)[0], comparisons(found)[-1]
    assert first.changes == {"a": "a 0", "c": "c 1", "d": "d 2"}, "the frozen agent is left alone"
    assert second.reference == {**PROMPTS, **first.changes}, "one good rewrite carries the two beside it"
    assert found.end.prompts == second.reference, "the second rewrite of all lost"


def test_v05_best_of_n_learns_nothing_from_one_set_for_the_next() -> None:
    found = search("best-of-n", Told(frozenset({"d 5"})), sets=4)
    assert {tuple(request.prompts.items()) for request in proposals(found)} == {tuple(PROMPTS.items())}
    assert {tuple(request.reference.items()) for request in comparisons(found)} == {tuple(PROMPTS.items())}
    assert found.end.prompts == {**PROMPTS, "a": "a 3", "c": "c 4", "d": "d 5"}, "the second set"


def test_v06_spo_compares_one_rewrite_with_the_best_so_far_on_three_inputs_in_both_orders() -> None:
    found = search("spo", Told(frozenset({"a 1"})), iterations=3, passes=1)
    assert [request.prompts["a"] for request in proposals(found) if request.agent == "a"] == ["seed a", "seed a", "a 1"]
    by_step = {request.id.rsplit("/", 1)[0]: request for request in comparisons(found)}
    assert len(comparisons(found)) == 3 * len(by_step) == 3 * 9
    assert all(request.orders == 2 and len(request.changes) == 1 for request in comparisons(found))
    assert all(request.form == "spo" and not request.history and request.count == 1 for request in proposals(found))
    for asked in proposals(found):
        met = {request.input_key for request in comparisons(found) if request.id.startswith(asked.id[:-7])}
        assert set(asked.inputs) == met, "the outputs that lead the rewrite are those that it is compared with"
    assert found.end.prompts == {**PROMPTS, "a": "a 1"}


def test_v07_opro_shows_the_trajectory_with_scores_in_ascending_order() -> None:
    found = search("opro", Told(frozenset({"a 1"})), steps=4, drafts=3, history=3)
    first, *_, again = [request for request in proposals(found) if request.agent == "a"]
    assert [(one.prompt, one.score) for one in first.history] == [("seed a", 0.5)]
    assert [(one.prompt, one.score) for one in again.history] == [("a 2", 0.0), ("seed a", 0.5), ("a 1", 1.0)]
    assert again.form == "opro"
    assert again.count == 3
    assert {tuple(request.reference.items()) for request in comparisons(found)} == {tuple(PROMPTS.items())}
    assert found.end.prompts["a"] == "a 1"


def test_v08_promptbreeder_mutates_its_mutation_prompts_and_lets_the_fitter_of_two_take_the_others_place() -> None:
    found = search("promptbreeder", Told(), tournaments=80)
    asked = {request.form: request for request in proposals(found)}
    assert set(asked) == {"mutate", "hypermutate"}
    hyper = [request for request in proposals(found) if request.rewrites == "instruction"]
    assert hyper
    written = [text for request in hyper for text in [request.instruction] if text.split(" ")[0] in DIAMOND.order]
    assert written, "an instruction that hyper-mutation wrote was handed down, and is mutated again"
    assert all(request.parent == request.instruction for request in hyper)
    named = {request.id.split("/")[2] for request in proposals(found)}
    assert named == {"zero-order", "first-order", "estimation", "lamarckian", "hyper-mutation", "then"}
    assert found.end.prompts == PROMPTS, "nobody was fitter than the seed prompts"


def test_v27_in_a_population_of_two_the_fitter_one_stays_and_is_mutated_again() -> None:
    first = frozenset(f"{agent} {number}" for agent in DIAMOND.order for number in range(2))  # 0 may be an instruction
    found = search("promptbreeder", Told(first), population=2, tournaments=40)
    won = next(place for place, one in enumerate(found.requests) if isinstance(one, Compare))
    later = [one for one in found.requests[won:] if isinstance(one, Propose) and "/zero-order" not in one.id]
    assert len(later) > 10
    assert all(first & {*one.prompts.values()} for one in later), "a mutated copy took the place of the less fit unit"


def test_v50_any_unit_of_the_population_may_be_the_mate_whose_prompt_of_one_agent_crossover_takes_over() -> None:
    method = Promptbreeder.Method(PromptbreederConfig(population=5), problem_of())
    method.population = [
        Unit(Scored({name: f"{name} of {number}" for name in DIAMOND.order}, number / 10), f"mutate as {number}")
        for number in range(5)
    ]
    parent, mates = method.population[3], Counter[str]()
    for number in range(200):
        mutating = method.mutate(number, "crossover", method.mutation("s", "crossover", "c", parent), parent)
        with pytest.raises(StopIteration) as end:  # no model is asked
            next(mutating)
        child, mutation_prompt = end.value.value
        assert {**child, "c": "c of 3"} == parent.tried.prompts, "all but one prompt are the parent's"
        assert mutation_prompt == "mutate as 3", "and the mutation prompt"
        mates[child["c"]] += 1
    assert set(mates) == {f"c of {number}" for number in range(5)}
    assert min(mates.values()) >= 25, "each is as likely as the others: 40 on average, give or take 6"


def test_v09_promptbreeder_ends_with_the_fittest_that_it_met() -> None:
    told = Told(frozenset(f"{agent} {number}" for agent in DIAMOND.order for number in range(0, 90, 7)))
    found = search("promptbreeder", told, tournaments=40)
    assert found.end.prompts != PROMPTS
    assert any(text in told.wins for text in found.end.prompts.values())


def test_v10_local_only_is_the_paper_judged_by_nothing_but_the_agents_own_output() -> None:
    config = make_config({"method": "local-only"})
    paper = make_config({"method": "ascent", "scoring": "indicator", "reference": "parent", "promotion": ()})
    same = {"weights", "hard_negatives", "method"}
    assert config.model_dump(exclude=same) == paper.model_dump(exclude=same)
    assert config.model_dump(by_alias=True)["weights"] == {"local": 1.0, "lookahead": 0.0, "global": 0.0}
    assert config.model_dump()["hard_negatives"] == 0
    assert not any(request.cases for request in proposals(search("local-only", Told())))


def test_v11_random_edits_ask_no_model_and_look_at_nothing_and_the_best_is_edited_next() -> None:
    found = search("random-edits", Told(frozenset({f"{name} 0" for name in DIAMOND.order})), edits=4)
    assert {request.purpose for request in proposals(found)} == {FALLBACK}
    assert not any(request.inputs for request in proposals(found))
    first, second, *_ = proposals(found)
    assert second.prompts == {**PROMPTS, first.agent: f"{first.agent} 0"}
    assert all(len(request.changes) <= 2 for request in comparisons(found))


def test_v12_the_agent_whose_rewrite_adds_least_is_rewritten_next_and_known_coalitions_are_not_run_again() -> None:
    found = search("shapley", Told(frozenset({"a 0", "d 2"})), cycles=2, batch=4)
    first, second = ([one for one in proposals(found) if one.id.startswith(f"s{number}/")] for number in (1, 2))
    assert [one.agent for one in first] == ["a", "c", "d"]
    assert [one.agent for one in second] == ["c"], "the bottleneck alone"
    met = [tuple(sorted(request.changes.items())) for request in comparisons(found)]
    assert len(set(met)) * 4 == len(met), "every coalition is run once"
    assert len(set(met)) == 7 + 4, "all coalitions, then those with the bottleneck"


def test_v13_shapley_values_are_exact_over_all_orders_and_add_up() -> None:
    values = {frozenset("a"): 0.6, frozenset("b"): 0.5, frozenset("ab"): 0.9}
    worth = shapley_values([("a", "b"), ("b", "a")], values)
    assert worth == pytest.approx({"a": (0.1 + 0.4) / 2, "b": (0.0 + 0.3) / 2})
    assert sum(worth.values()) == pytest.approx(0.9 - 0.5)


def test_v14_mapro_rewards_agents_by_their_outputs_and_edges_by_their_readers_and_mutates_who_is_to_blame() -> None:
    found = search("mapro", Told(frozenset({"a 0", "d 4"})), rounds=2)
    rewards = [request for request in comparisons(found) if request.purpose == "reward"]
    assert {level for request in rewards for level in request.levels} == {Level.LOCAL, Level.LOOKAHEAD}
    pairs = [request for request in rewards if request.reference != PROMPTS and request.id.startswith("s1/")]
    assert pairs, "a draft is also met beside the drafts of its readers"
    assert found.end.prompts["a"] == "a 0"
    blamed = {one.agent for one in proposals(found) if one.id.startswith("s2/")}
    assert "c" in blamed
    assert "d" not in blamed, "a chosen prompt that is better than even, for itself and for readers, stays"


def test_v15_max_product_finds_the_best_joint_choice_of_a_tree_also_against_the_best_of_each() -> None:
    nodes = {"a": [0.5, 0.6], "b": [0.5, 0.6], "c": [0.5, 0.6]}
    clash = [[0.5, 0.5], [0.5, 0.1]]
    edges = {("a", "b"): clash, ("b", "c"): clash}
    assert max_product(nodes, edges) == {"a": 1, "b": 0, "c": 1}
    assert max_product(nodes, {}) == {"a": 1, "b": 1, "c": 1}
    assert max_product({"a": [0.5, 0.5]}, {}) == {"a": 0}, "the present prompt when level"


def test_v16_a_prompt_is_credited_by_contrast_with_all_configurations_on_the_same_input() -> None:
    def met(prompts: dict[str, str], *verdicts: Verdict) -> Scored:
        told = tuple(Comparison(f"i{place}", verdict, (), verdict) for place, verdict in enumerate(verdicts))
        return Scored(prompts, 0.0, told)

    good, bad = met({"a": "x", "b": "u"}, Verdict.WIN), met({"a": "y", "b": "u"}, Verdict.LOSS)
    found = contrasts([good, bad], ["a", "b"])
    assert ("a", "x", 0.5) in found
    assert ("a", "y", -0.5) in found
    assert sum(gained for name, _, gained in found if name == "b") == 0, "what all hold has no credit"
    level = met({"a": "y", "b": "u"}, Verdict.WIN)
    assert {gained for *_, gained in contrasts([good, level], ["a", "b"])} == {0.0}, "an input that is easy for all"


def test_v17_cantante_lets_several_configurations_meet_on_the_same_inputs_and_renews_the_worst_prompt() -> None:
    found = search("cantante", Told(frozenset({"a 1"})), rounds=2, pool=3, batch=4)
    first = [request for request in comparisons(found) if request.id.startswith("s1/")]
    assert len({tuple(request.changes.items()) for request in first}) >= 2
    assert len({request.input_key for request in first}) == 4
    assert [one.count for one in proposals(found)] == [2] * 3 + [1] * 3
    second = [one for one in proposals(found) if one.id.startswith("s2/") and one.agent == "a"]
    assert second[0].prompts["a"] == "a 1", "the credited prompt is rewritten"
    again = [request for request in comparisons(found) if request.id.startswith("s2/")]
    assert any(request.changes.get("a") == "a 1" for request in again), "and stays: the worst one made room"


def test_v18_tpe_proposes_at_the_beginning_alone_and_searches_combinations() -> None:
    found = search("tpe", Told(frozenset({"c 7"})), trials=30)
    assert {one.id.split("/")[0] for one in proposals(found)} == {"s0"}
    assert [one.count for one in proposals(found)] == [6, 6, 6]
    met = [tuple(sorted(request.changes.items())) for request in comparisons(found)]
    assert len(set(met)) > 10
    assert max(map(met.count, met)) == 4, "a combination that is known is not run again"
    assert found.end.prompts["c"] == "c 7"


def test_v28_tpe_comes_back_to_what_did_well() -> None:
    found = search("tpe", Told(frozenset({"c 7"})), trials=60)
    met = list(dict.fromkeys(tuple(sorted(request.changes.items())) for request in comparisons(found)))
    later = met[15:]  # the first ten are drawn evenly
    assert len(later) > 20
    assert sum(("c", "c 7") in one for one in later) > len(later) / 4, "of seven prompts of c: drawn evenly a seventh"


def test_v19_gepa_rewrites_by_minibatch_and_scores_only_accepted_children_on_the_pareto_inputs() -> None:
    found = search("gepa", Told(frozenset({"a 0", "d 2"})), calls=900)
    first, second, *_ = proposals(found)
    assert (first.agent, second.agent) == ("a", "c"), "agents take turns"
    assert len(first.inputs) == 3
    assert found.end.prompts["a"] == "a 0"
    pareto = [request.input_key for request in comparisons(found) if request.changes == {"a": "a 0"}]
    assert len(pareto) == len(set(pareto)) >= 3 + 4
    losing = [request for request in comparisons(found) if request.changes.get("c") == "c 1"]
    assert len(losing) == 3, "who does not win on the minibatch goes no further"
    told = {event.text: event for event in found.events if isinstance(event, CandidateScored)}
    assert (told["a 0"].inputs, told["a 0"].kept, told["a 0"].parent) == (3 + 4, True, prompt_id("seed a"))
    assert (told["c 1"].inputs, told["c 1"].kept, told["c 1"].glob.wins) == (3, False, 3), "no better than its parent"
    drafts = {text for request in comparisons(found) for text in request.changes.values()}
    assert drafts == told.keys(), "what meets anything is told of, the last child as well"


def test_v20_a_gepa_search_that_is_given_up_ends_its_thread() -> None:
    import threading

    before = threading.active_count()
    given_up = small("gepa").search(problem_of())
    next(given_up)
    assert threading.active_count() == before + 1
    given_up.close()
    assert threading.active_count() == before


def test_v21_mipro_tries_combinations_on_minibatches_and_only_one_met_in_full_can_be_the_best() -> None:
    needs_package("mipro")
    found = search("mipro", Told(frozenset({"c 4"})), drafts=3, trials=20, batch=8, minibatch=2, full_every=4)
    assert {one.id.split("/")[0] for one in proposals(found)} == {"s0"}, "the pool is written first"
    assert [one.count for one in proposals(found)] == [3, 3, 3]
    steps: dict[str, list[Compare]] = {}
    for request in comparisons(found):
        steps.setdefault(request.id.split("/")[0], []).append(request)
    first = [len(step) for step in list(steps.values())[:4]]
    assert first == [2, 2, 2, 2], "minibatches"
    met: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for request in comparisons(found):
        met.setdefault(tuple(sorted(request.changes.items())), []).append(request.input_key)
    assert all(len(keys) == len(set(keys)) for keys in met.values()), "what is known is not asked again"
    best = tuple((name, text) for name, text in sorted(found.end.prompts.items()) if text != PROMPTS[name])
    assert found.end.prompts["c"] == "c 4" and len(met[best]) == 8, "what it ends with was met in full"
    assert any(len(keys) < 8 for keys in met.values())


def test_v24_gepa_reflects_in_its_own_words_and_what_it_writes_is_vetted() -> None:
    answers = ["```\na better\n```", "no block", "```\nrefused\n```", "```\na best\n```"]
    found = search("gepa", Told(frozenset({"a better", "a best"}), answers=list(answers)), calls=900, words="own")
    asked = [request for request in found.requests if isinstance(request, AskModel)]
    assert not proposals(found) and len(asked) > 4
    assert [request.agent for request in asked[:4]] == ["a", "c", "d", "a"], "agents take turns"
    assert all(len(request.shown) == 3 * 3 for request in asked), (
        "input, what it read and what it wrote, on a minibatch"
    )
    text = asked[0].messages[0][1]
    assert "seed a" in text and "[[output 0 of a]]" in text and "as good as with the first prompts" in text
    assert "better than with the first prompts" in asked[3].messages[0][1], "of the child that was accepted"
    drafts = {text for request in comparisons(found) for text in request.changes.values()}
    assert {"a better", "no block"} <= drafts and "refused" not in drafts
    assert found.end.prompts["a"] in ("a better", "a best")


def test_v25_mipro_writes_its_pool_in_its_own_words() -> None:
    needs_package("mipro")
    found = search("mipro", Told(), drafts=3, trials=20, batch=8, minibatch=2, full_every=4, words="own")
    asked = [request for request in found.requests if isinstance(request, AskModel)]
    assert not proposals(found)
    summaries = [request for request in asked if request.shown]
    assert summaries and all(one.what == "input" for request in summaries for one in request.shown.values())
    written = [request for request in asked if "proposed_instruction" in request.messages[-1][1]]
    assert len(written) == 3 * (3 + 1), "one more for each agent, which the package throws away"
    assert any("seed c" in request.messages[-1][1] for request in written)
    drafts = {text for request in comparisons(found) for text in request.changes.values()}
    assert 3 <= len(drafts) <= 9 and all(text.startswith("Instruction ") for text in drafts)


@pytest.mark.parametrize("method", ["gepa", "mipro"])
def test_v26_a_search_in_the_words_of_its_package_keeps_the_contract(method: str) -> None:
    needs_package(method)
    for seed in range(2):
        check_optimizer(small(method, words="own"), problem_of(seed))


def suggesting(**texts: str) -> str:
    named = {f"{name}_{'abcd'.index(name)}_prompt0": text for name, text in texts.items()}
    return json.dumps({"reasoning": "", "answer": "", "suggestion": named})


def test_v22_opentrace_shows_the_traced_team_and_takes_what_is_suggested_better_or_not() -> None:
    needs_package("opentrace")
    words = "a, and define what is not defined"
    answers = [
        suggesting(a=words),
        suggesting(b="b is frozen", d="d worse"),
        suggesting(c="c refused"),
        "no JSON",
        suggesting(c="c last"),
    ]
    found = search("opentrace", Told(frozenset({words}), answers=list(answers)), steps=5, batch=4, traces=2)
    asked = [request for request in found.requests if isinstance(request, AskModel)]
    assert len(asked) == 5 and all(len(request.messages) == 2 for request in asked)
    first = asked[0].messages[1][1]
    assert (
        "(str) a_0_prompt0=seed a" in first and "d_3(prompt=d_3_prompt0, question=question1, b_1=b_1_output1" in first
    )
    assert len(asked[0].shown) == 2 * (1 + 4), "the input, and what each agent wrote"
    assert set(asked[0].shown) <= set(re.findall(r"\[\[.*?\]\]", first))
    assert all(request.shown.keys() == asked[0].shown.keys() for request in asked[1:]), "no count goes on"
    assert "0: The final answer is as good as with the first prompts" in first
    assert "0: The final answer is better than" in asked[1].messages[1][1]
    assert "d_3_prompt0=d worse" in asked[2].messages[1][1], "what is suggested is taken, better or not"
    met = [{**PROMPTS, **request.changes} for request in comparisons(found)]
    candidates = [dict(one) for one in dict.fromkeys(tuple(one.items()) for one in met)]
    assert candidates == [
        {**PROMPTS, "a": words},
        {**PROMPTS, "a": words, "d": "d worse"},
        {**PROMPTS, "a": words, "c": "c last", "d": "d worse"},
    ], "what is refused or of no use is never met"
    assert found.end.prompts == {**PROMPTS, "a": words}, "of candidates that are level the first one"


def test_v23_opentrace_asks_the_same_in_every_process_and_ends_when_nothing_is_suggested() -> None:
    needs_package("opentrace")
    one, other = (search("opentrace", Told(answers=[suggesting(a="a new")])) for _ in range(2))
    assert one == other
    assert sum(isinstance(request, AskModel) for request in one.requests) == 1 + 5

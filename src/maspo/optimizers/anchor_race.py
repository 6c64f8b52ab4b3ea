"""The anchor race: mixtures of candidates meet one common anchor; what adds something goes together. Pure.

``_Race.run`` is the method; its own parts stand in ``maspo.optimizers.race``, its settings in ``race/settings.py``.
Why this and not Algorithm 1: ``docs/design/0003-anchor-race.md`` and ``0005-mixed-runs.md``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, pairwise
from typing import Literal, TypeAlias

from maspo.core.prompts import Prompts, prompts_id
from maspo.core.seeded import rank, shuffled
from maspo.core.verdict import Comparison, Level
from maspo.events import FocusNarrowed, SearchEnded, StepStarted
from maspo.optimizers.base import Answers, Asking, Compare, Drafts, Problem, Propose, Rollout, Search
from maspo.optimizers.parts.balance import shown_first
from maspo.optimizers.parts.merge import without_added
from maspo.optimizers.parts.misalignment import hard_negatives
from maspo.optimizers.parts.outcomes import Outcomes
from maspo.optimizers.parts.record import rejected_events, step_of
from maspo.optimizers.parts.similar import KnownPrompts
from maspo.optimizers.parts.state import SearchState
from maspo.optimizers.race.conflicts import Conflicts, expected_calls, most_calls
from maspo.optimizers.race.estimate import Estimator
from maspo.optimizers.race.events import round_events
from maspo.optimizers.race.focus import AnswerMoves, in_focus
from maspo.optimizers.race.head_start import LOOK, meet
from maspo.optimizers.race.influence import Influence, edge_ablations
from maspo.optimizers.race.inputs import InputOrder, observations
from maspo.optimizers.race.levelled import has_levelled_off
from maspo.optimizers.race.mixture import (
    Candidate,
    MixedRun,
    Mixture,
    by_agent,
    calls_of_run,
    deal_mixtures,
    draw_mixtures,
    join,
    mixtures_of_an_input,
    share_of_runs,
    split_blocks,
)
from maspo.optimizers.race.proof import PROVE
from maspo.optimizers.race.proxy import Screening
from maspo.optimizers.race.pruning import calls_of_pruning, prune, sentences_left_out
from maspo.optimizers.race.round import Round, Trial
from maspo.optimizers.race.settings import AnchorRaceConfig
from maspo.optimizers.race.spent import CallsSpent
from maspo.optimizers.race.union import unite

PlannedRun: TypeAlias = tuple[Compare, Mixture]
"""A comparison, and the mixture of candidates that meets the anchor in it."""


class AnchorRace:
    """Rounds of proposals, mixed runs against the anchor, a union, and the next anchor; rounds grow."""

    Config = AnchorRaceConfig

    def __init__(self, config: AnchorRaceConfig) -> None:
        self.config = config

    def search(self, problem: Problem) -> Search:
        """Begin a search: the first anchor is the seed prompts."""
        # What was carried over stands for the first rounds, and was not measured with smaller ones.
        return _Race(self.config if problem.carried else self.config.for_team(problem.team), problem).run()

    def rounds(self) -> int:
        """Return how many rounds there are at most."""
        return self.config.passes

    def largest_round(self) -> AnchorRace:
        """Return a race of the same settings whose first round is the largest; it plans no calls."""
        config = self.config
        changes = {"first_round": config.share_of(config.passes), "growth": 0.0, "passes": 2}
        changes["audited_rounds"] = 0  # counted apart (calls_beyond_plan)
        changes["carried_net"] = config.carried_inputs + 2  # never ahead enough to end sooner
        return AnchorRace(config.model_copy(update={**changes, "calls": None, "calls_per_agent": 10**9}))  # no limit

    def dearest_outcomes(self) -> tuple[frozenset[str], ...]:
        """Return what is lost in a round at its dearest; all mixed runs win, so that everything is united.

        The union then loses in whatever parts it is tried; or its two sides win, and pairs are tried for conflicts.
        """
        lost = frozenset({"union", "pairs", "parts", PROVE})
        return lost | {"sides"}, lost

    def calls_beyond_plan(self, problem: Problem) -> int:
        """Return the calls that proofs of conflicts take at most: they come on top, so that a search loses no round."""
        return most_calls(self.config, problem.team)

    def calls_expected_beyond_plan(self, problem: Problem) -> int:
        """Return the calls that the proofs of a run take on average."""
        return expected_calls(self.config, problem.team)

    def takes_rulings(self) -> Literal[True]:
        """Take what a person rules while it runs: before the next round, or before it ends."""
        return True


class _Race(SearchState):
    """One search: the anchor (its ``prompts``), the round that it is in, and what it has learned so far."""

    def __init__(self, config: AnchorRaceConfig, problem: Problem) -> None:
        super().__init__(problem)
        self.config = config
        self.by_team = config.by_team(problem.team)
        self.inputs = InputOrder(problem, self.by_team.contested)
        self.estimator = Estimator(config, self.by_team.weighting)
        self.conflicts = Conflicts(self, config, problem)
        self.influence = Influence()
        self.outcomes = Outcomes(problem.seed)
        self.screening = Screening()
        self.moves = AnswerMoves()
        """Runs of this search, for the shares of agents in what moves final answers."""
        self.left_out: tuple[str, ...] = ()
        """Agents that are not rewritten any more, since their changes hardly move a final answer."""
        self.planned_calls = config.planned_calls(problem.team)
        self.spent = CallsSpent(problem)
        self.round = Round(0, self.prompts, self.estimator, config.round_size(1))
        self.rounds_ahead = 0
        """Rounds that what was carried over stands for: early ones are small, as most drafts help then."""
        self.won: list[float] = []
        """The mean score of what each round put into the anchor; 0 where that was nothing."""
        self.rounds_unchanged = 0
        self.rejected: dict[str, tuple[str, ...]] = {}
        """Per agent, prompts that lost against an anchor whose neighbourhood has not changed since."""
        self.met_carried = False
        """Whether what an earlier run found has met the seed prompts, so that it is no candidate any more."""
        self.drafts_ahead: tuple[Propose, ...] = ()
        """Proposals for the next round that were begun beside the union of this one."""
        self.objected = False
        """A person has vetoed something since the last round began, so there is one more, whatever is planned."""
        self.prunings = 0
        """How often it was asked what can be left out."""

    def run(self) -> Search:
        """Run the race: each round begins from the anchor that the last one left."""
        if not self.team.rewritten:
            return self.make_ask()
        yield from self.look_around()
        ahead: Sequence[Propose] = ()
        while True:
            while not (reason := self.why_end()):
                round_ = yield from self.open_round()
                if ahead:
                    drafts = yield from self.collect(ahead, self.references())
                else:
                    drafts = yield from self.ask(self.proposals(self.prompts, round_.number))  # Eq. 4, 6
                round_.candidates = self.enter(drafts)
                good = list(range(len(round_.candidates)))
                for before, after in pairwise((0, *round_.size.stages)):  # one stage, unless settings say more
                    runs = yield from self.run_mixtures(good, before, after)
                    good = self.estimate(good, runs, after)  # Eq. 5
                best = yield from unite(self, round_, good, self.config.beam_width, self.conflicts)
                self.move_anchor(best)  # Eq. 8, by construction: nothing is carried across an anchor change
                self.narrow()
                ahead = self.still_wanted(self.drafts_ahead) if best.comparisons else ()
                if self.obey():
                    ahead = ()  # They were written for other prompts, or for an agent that keeps its own.
                if not ahead:
                    self.spent.count_ahead(())  # what is asked for anew is counted again
            if self.config.prune:
                yield from self.prune()
            yield from self.conflicts.tell()
            if not self.obey():
                break
            ahead = ()
        self.end(self.why_end() or reason)  # with what proofs took
        return self.make_ask()

    # ── before the first round ───────────────────────────────────────────────────────────────────────────────────────

    def look_around(self) -> Asking[None]:
        """Look what edges are good for and who is called, where that is asked for; begin with what was carried over."""
        inputs, seed = self.problem.inputs, self.problem.seed
        ablations = edge_ablations(self.prompts, self.team, inputs, self.config.interventions, seed)
        if ablations:
            yield from self.ask(ablations)
        looks = observations(self.prompts, self.team, inputs, self.planned_calls, seed)
        if looks:
            yield from self.ask(looks)
        yield from self.take_over()

    def take_over(self) -> Asking[None]:
        """Let what an earlier run found meet the seed prompts, and begin with it where it wins."""
        config = self.config
        carried = {name: self.problem.carried.get(name, self.prompts[name]) for name in self.team.rewritten}
        changes = {name: text for name, text in carried.items() if text != self.prompts[name]}
        most = min(config.carried_inputs, self.calls_left() // (2 * self.team.calls_of(self.team.everyone) + 2))
        if not changes or most < LOOK:
            return
        inputs = self.inputs.draw(self.inputs.of_round(1), tuple(changes), most)
        met = yield from meet(self, changes, inputs, config.carried_net)
        self.events += met.events(self.prompts)
        if met.taken_over:
            self.change_anchor(changes, {agent: [text] for agent, text in changes.items()})
            self.spent.by_anchor = {one.input_key for one in met.comparisons}
            self.rounds_ahead = config.carried_rounds
        self.met_carried = True

    # ── rounds: whether there is one more, and how it begins ─────────────────────────────────────────────────────────

    def why_end(self) -> str:
        """Return why no further round is begun, or nothing."""
        config, round_ = self.config, self.round
        if not self.team.rewritten:
            return "a person pinned every prompt"
        if self.objected:
            return ""
        if round_.number >= config.passes:
            return f"all {config.passes} rounds were done"
        if self.rounds_unchanged >= config.patience:
            unchanged = f"{self.rounds_unchanged} rounds in a row brought no better prompts"
            return f"{unchanged}; there may be nothing left to gain"
        pruning = config.prune * calls_of_pruning(self.sentences_left_out(), self.team)
        needed, left = self.needed_for_another(self.spent.calls) + pruning, self.calls_left()
        if round_.number and needed > left:
            return (
                f"another round would not fit into the {self.planned_calls:,} calls planned{self.in_focus()} "
                f"(search.calls_per_agent, search.calls){self.on_top()}"
            )
        if has_levelled_off(self.won) and needed > left - (1 - self.by_team.enough) * self.planned_calls:
            return (
                f"the last two rounds brought less than a third of all that was won, so {self.by_team.enough:.0%} of "
                f"the {self.planned_calls:,} calls planned{self.in_focus()} were enough (search.enough){self.on_top()}"
            )
        return ""

    def needed_for_another(self, spent: int) -> float:
        """Return what has to be left for another round once a search has taken so many calls: half of what it costs.

        It costs as much as the last, more by its runs.
        """
        round_ = self.round
        runs, last = self.config.round_size(round_.number + 1 + self.rounds_ahead).stages[-1], round_.size.stages[-1]
        return (spent - round_.calls_before) * runs / last / 2

    def is_last(self, union: Mapping[str, Sequence[Compare]]) -> bool:
        """Say whether no round can follow this one, whatever comes of its union: the least that it takes is too much.

        Nobody knows the least where agents are not called alike on all inputs.
        """
        if any(run.comparison.calls for run in self.round.runs):
            return False
        least = self.spent.least([*chain.from_iterable(union.values())], self.team)
        return self.needed_for_another(self.spent.calls + least) > self.calls_left() - least

    def calls_left(self) -> int:
        """Return the calls that are planned and not taken, without those of the hold-out test."""
        return self.planned_calls - self.spent.calls - self.problem.reserve

    def in_focus(self) -> str:
        """Return for how many agents the calls are planned, where some were left out."""
        kept = len(self.team.rewritten)
        return f" for {kept} of {kept + len(self.left_out)} agents (--focus auto)" if self.left_out else ""

    def on_top(self) -> str:
        """Return how many calls went into proofs beside those planned; nothing where none did."""
        calls = self.conflicts.spent.total
        return f"; about {calls:,} more went into proofs of conflicts (search.audited_rounds)" if calls else ""

    def open_round(self) -> Asking[Round]:
        """Begin a round: look what faults cost, if any are met, and draw the order of its inputs."""
        number = self.round.number + 1
        if looks := self.inputs.looks_at_faults(self.prompts, number):
            cost = yield from self.ask(looks)
            self.events.append(self.inputs.weigh_faults(cost, number))
        self.objected = False
        size, inputs = self.config.round_size(number + self.rounds_ahead), self.inputs.of_round(number)
        self.round = Round(number, self.prompts, self.estimator, size, inputs, self.spent.calls)
        self.events += [
            StepStarted(step_of(number, name), name, number, 1, self.config.passes, 1) for name in self.team.rewritten
        ]
        return self.round

    def end(self, reason: str) -> None:
        """Tell who mattered and why the search ends."""
        self.events.append(self.influence.event(replace(self.team, frozen=self.team.frozen.difference(self.left_out))))
        if self.config.screen:
            self.events.append(self.screening.tally.event)
        seen = self.estimator.reliability
        self.events.append(SearchEnded(reason, seen.local, seen.lookahead))

    # ── propose (Eq. 4, 6) ───────────────────────────────────────────────────────────────────────────────────────────

    def proposals(self, prompts: Prompts, number: int) -> tuple[Propose, ...]:
        """Ask for the drafts of a round, led by traces on inputs on which these prompts are run anyway (Eq. 4)."""
        config, seed, round_, parents = self.config, self.problem.seed, self.round, prompts_id(prompts)
        most = round_.size.union_inputs if number > round_.number else round_.size.shared_inputs
        requests = []
        for agent in self.team.rewritten:
            cases = hard_negatives(self.cases, agent, self.team, config.hard_negatives)
            known = self.inputs.draw(round_.inputs, (agent,), most)
            shown = shuffled(known[: 2 * config.drafts * config.traces], seed, "traces", number, agent)
            requests += [
                Propose(
                    id=f"{step_of(number, agent)}/propose/{parents}/{part}",
                    agent=agent,
                    prompts=prompts,
                    inputs=shown[part * config.traces : (part + 1) * config.traces] or shown[: config.traces],
                    cases=cases,
                    count=config.screen or config.edits,
                )
                for part in range(config.drafts)
            ]
            if self.problem.examples:
                name = f"{step_of(number, agent)}/examples/{parents}"
                shown_too = self.outcomes.proposal(name, agent, prompts, self.problem.examples)
                requests += [shown_too] if shown_too else []
        return tuple(requests)

    def enter(self, answers: Answers) -> tuple[Candidate, ...]:
        """Return as candidates the drafts that break no rule and are no near-copy of what lost against this anchor."""
        config, number, drafts = self.config, self.round.number, dict[str, list[Candidate]]()
        known = {name: KnownPrompts([text, *self.rejected.get(name, ())]) for name, text in self.prompts.items()}
        for request, result in answers:
            if isinstance(request, Propose) and isinstance(result, Drafts):
                agent = request.agent
                fresh, refused = rejected_events(step_of(number, agent), agent, result, known[agent])
                drafts.setdefault(agent, []).extend(Candidate(agent, text, self.prompts[agent]) for text in fresh)
                self.events += refused
        if config.screen:
            drafts, screened = self.screening.screen(drafts, config.edits * config.drafts, self.problem.seed, number)
            self.events += screened
        removals = self.removals(known) if config.removals else ()
        carried = self.carried(known) if number == 1 and not self.met_carried else ()
        return (*carried, *chain.from_iterable(drafts.values()), *removals)

    def carried(self, known: Mapping[str, KnownPrompts]) -> Iterator[Candidate]:
        """Yield what an earlier run found for each agent, where no draft says the same."""
        for agent in self.team.rewritten:
            text = self.problem.carried.get(agent, self.prompts[agent])
            if not known[agent].refusal(text):
                yield Candidate(agent, text, self.prompts[agent])

    def removals(self, known: Mapping[str, KnownPrompts]) -> Iterator[Candidate]:
        """Yield, per agent, the anchor's prompt without one sentence that the search added."""
        for agent in self.team.rewritten:
            options = without_added(self.problem.seed_prompts[agent], self.prompts[agent])
            fresh = [text for text in options if not known[agent].refusal(text)]
            if fresh:
                drawn = rank(self.problem.seed, "removal", self.round.number, agent) % len(fresh)
                yield Candidate(agent, fresh[drawn], self.prompts[agent], removal=True)

    # ── mixed runs and their estimate (Eq. 5) ────────────────────────────────────────────────────────────────────────

    def references(self) -> Iterator[Rollout]:
        """Yield the runs of the anchor that the first mixed runs of a round meet, if as many drafts come as usual."""
        config, round_ = self.config, self.round
        blocks = split_blocks(self.team.rewritten, config.blocks)
        drafts = {"": range(config.drafts * config.edits)}  # of an agent
        on_an_input = mixtures_of_an_input(drafts, config.mixed) if config.design == "dealt" else 1
        keys = dict[str, None]()
        for agents in blocks:
            inputs = self.inputs.draw(round_.inputs, agents, round_.size.shared_inputs)
            count = self.runs_of(agents, blocks, round_.size.stages[0])
            keys |= dict.fromkeys(inputs[: -(-count // on_an_input)])
        yield from (Rollout(self.prompts, key, self.team.everyone) for key in keys)

    def runs_of(self, block: Sequence[str], blocks: Sequence[Sequence[str]], most: int) -> int:
        """Return how many mixed runs a block gets of a number that those get which get all."""
        return max(1, round(most * share_of_runs(block, blocks, self.team, self.config.far_share)))

    def run_mixtures(self, good: Sequence[int], before: int, after: int) -> Asking[list[MixedRun]]:
        """Let mixtures of the candidates of each block of agents meet the anchor; return what came of it.

        They are the runs of a stage: from number ``before`` to ``after`` of a block that gets all of its runs.
        """
        config, round_ = self.config, self.round
        own = by_agent(good, round_.candidates)
        stage = round_.size.stages.index(after)
        asked: list[tuple[PlannedRun, str]] = []
        blocks = split_blocks(self.team.rewritten, config.blocks)
        for block, agents in enumerate(blocks):
            pools = {name: own[name] for name in agents if name in own}
            if not pools:
                continue
            inputs = self.inputs.draw(round_.inputs, agents, round_.size.shared_inputs)
            where = f"r{round_.number}/{block}/race/{stage}"
            count = self.runs_of(agents, blocks, after - before)
            mix_up, on_an_input = draw_mixtures, 1
            if config.design == "dealt":
                mix_up, on_an_input = deal_mixtures, mixtures_of_an_input(pools, config.mixed)
            drawn = mix_up(pools, count, config.mixed, self.problem.seed, where)
            mixtures = [join(self.prompts, round_.candidates, chosen, self.team) for chosen in drawn]
            places = ((before + run // on_an_input) % len(inputs) for run in range(count))
            tried = [(mix, inputs[place]) for mix, place in zip(mixtures, places, strict=True)]
            asked += [(planned, str(block)) for planned in self.compare("mixed", where, tried)]
        if not asked:
            return []
        answers = yield from self.ask([request for (request, _), _ in asked])
        runs = [
            MixedRun(mixture.members, group, result)
            for ((_, mixture), group), (_, result) in zip(asked, answers, strict=True)
            if isinstance(result, Comparison)
        ]
        round_.runs += runs
        return runs

    def estimate(self, good: Sequence[int], runs: Sequence[MixedRun], after: int) -> list[int]:
        """Estimate what candidates add, now that a stage brought more runs; return the good ones that add something."""
        round_, stages = self.round, self.round.size.stages
        if not runs:
            return []
        round_.effects = round_.estimate(round_.runs)
        self.estimator.learn_drafts(round_.candidates, runs)
        if self.config.screen and after == stages[-1]:
            evidence = [len(comparisons) for comparisons in round_.evidence()]
            self.screening.learn(round_.candidates, round_.effects, evidence, stages[-1] // 2)
        return [number for number in good if round_.effects[number] > 0]

    # ── unite, and the next anchor (Eq. 8) ───────────────────────────────────────────────────────────────────────────

    def try_together(self, purpose: str, parts: Sequence[Mixture]) -> Asking[None]:
        """Let mixtures of candidates meet the anchor on the inputs of the union; the first time, begin drafts too."""
        round_, attempt = self.round, len(self.round.attempts) + 1
        # The inputs of the union, also for its parts: conflicts are told by inputs that both met.
        whole = [trial.part for trial in round_.trials[:1]] or parts
        changed = tuple(dict.fromkeys(name for part in whole for name in part.changes))
        inputs = self.inputs.draw(round_.inputs, changed, round_.size.union_inputs)
        tried = {f"r{round_.number}/unite/{attempt}/{place}": part for place, part in enumerate(parts)}
        ahead: tuple[Propose, ...] = ()
        if attempt == 1 and self.config.ahead and not self.why_end():
            ahead = self.proposals({**self.prompts, **parts[0].changes}, round_.number + 1)
        self.spent.count_ahead(ahead)
        if ahead and self.is_last(self.meetings(purpose, tried, inputs)):
            ahead = ()
        # Those of a union that parts are tried of are led by what it was; they are dropped, and asked for anew.
        self.drafts_ahead = ahead
        round_.add(purpose, (yield from self.try_each(purpose, tried, inputs, ahead)))

    def inputs_ahead(self, agents: Sequence[str]) -> tuple[str, ...]:
        """Return the inputs of this round, those first that its union does not meet when it changes some agents.

        In the order of the next round: what is run on them of a union that is kept is not paid again as its anchor.
        """
        round_ = self.round
        met = self.inputs.draw(round_.inputs, agents, round_.size.union_inputs)
        ahead = self.inputs.draw(self.inputs.of_round(round_.number + 1), agents, len(round_.inputs))
        return (*(key for key in ahead if key not in met), *met)

    def move_anchor(self, best: Trial) -> None:
        """Write what was accepted into the anchor; what was rejected next to a change may be tried again."""
        round_, changes, members = self.round, best.part.changes, best.part.members
        self.estimator.remember(round_.candidates, round_.runs)
        self.events += round_events(round_, best, self.team.rewritten, self.config.weights)
        accepted: dict[str, list[str]] = {}
        for number, one in enumerate(round_.candidates):
            if number in members:
                accepted.setdefault(one.agent, []).append(one.text)
            else:
                self.rejected[one.agent] = (*self.rejected.get(one.agent, ()), one.text)
        self.forget_rejected(changes)
        self.change_anchor(changes, accepted)
        self.won.append(round_.mean(best) if changes else 0.0)
        self.rounds_unchanged = 0 if changes else self.rounds_unchanged + 1
        if changes:
            self.spent.by_anchor = {comparison.input_key for comparison in best.comparisons}

    def change_anchor(self, changes: Prompts, made_of: Mapping[str, Sequence[str]]) -> None:
        """Take new prompts into the anchor, made of these candidates of each agent."""
        for agent, text in changes.items():
            self.history.add(agent, text, made_of.get(agent, ()))
        self.prompts = {**self.prompts, **changes}

    def forget_rejected(self, changed: Iterable[str]) -> None:
        """Forget what lost beside the old prompts of some agents: beside the new ones it may win."""
        for agent in changed:
            for name in (agent, *self.team.neighbours(agent)):
                self.rejected.pop(name, None)

    def narrow(self) -> None:
        """Leave out agents whose changes hardly move a final answer, and of the calls that are left their part.

        Few agents, each of whom is a block of its own, all stay (docs/design/0045-focus.md).
        """
        agents, number = self.team.rewritten, self.round.number
        if number > self.config.narrowed_rounds or len(agents) <= self.config.blocks:
            return
        shares = self.moves.shares({name: calls_of_run((name,), self.team) for name in agents})
        kept = in_focus(shares)
        gone = tuple(name for name in agents if name not in kept)
        if gone:
            self.left_out += gone
            self.team = replace(self.team, frozen=self.team.frozen.union(gone))
            left = max(0, self.calls_left())
            self.planned_calls = self.spent.calls + round(left * len(kept) / len(agents)) + self.problem.reserve
        self.events.append(FocusNarrowed(f"r{number}", shares, self.moves.runs_of(agents), gone, self.planned_calls))

    def still_wanted(self, proposals: Sequence[Propose]) -> Sequence[Propose]:
        """Return proposals that were begun ahead without those for agents that were left out meanwhile."""
        return [one for one in proposals if one.agent in self.team.rewritten]

    def obey(self) -> bool:
        """Do what a person ruled since the last time; return whether that was anything."""
        rulings, changed = self.take_rulings(f"decided-{self.round.number}")
        self.forget_rejected(one.agent for one in changed)
        if changed:
            self.spent.by_anchor.clear()
        self.objected |= any(one.says == "veto" for one in rulings)
        return bool(rulings)

    # ── leave-one-out ────────────────────────────────────────────────────────────────────────────────────────────────

    def sentences_left_out(self) -> tuple[Candidate, ...]:
        """Return the anchor's prompts without each of the sentences that the search added; none if nothing may go."""
        return sentences_left_out(self.problem.seed_prompts, self.prompts, self.team) if self.config.prune else ()

    def prune(self) -> Asking[None]:
        """Drop the sentences that were added and are not missed, on as many inputs as the plan allows."""
        inputs, added = self.problem.inputs, self.sentences_left_out()
        paid = self.calls_left() // calls_of_pruning(added, self.team) if added else 0
        size = min(self.config.prune, len(inputs), paid)
        if size < 1:
            return
        self.prunings += 1
        where = "prune" if self.prunings == 1 else f"prune-{self.prunings}"
        drawn = shuffled(inputs, self.problem.seed, "prune")[:size]
        self.change_anchor((yield from prune(self, where, added, drawn)), {})

    # ── comparisons, and what is learned from answers ────────────────────────────────────────────────────────────────

    def compare(self, purpose: str, where: str, tried: Sequence[tuple[Mixture, str]]) -> list[PlannedRun]:
        """Let mixtures meet the anchor, each on its input; the order of outputs is balanced and seeded."""
        config, seed, union = self.config, self.problem.seed, purpose != "mixed"
        by_name = {f"{where}/{prompts_id(mix.changes)}/{key}": (mix, key) for mix, key in tried if mix.changes}
        first = shown_first(by_name, config.judge_order, seed, ("balance", where), (where,))
        doubled = config.double_orders == "always" or (config.double_orders == "unions" and union)
        asked: list[PlannedRun] = []
        for number, (name, (mixture, key)) in enumerate(by_name.items()):
            always = number < config.partial_inputs and not union
            alone, readers = len(mixture.changes) == 1, self.by_team.weighting == "readers"
            partial = alone and (config.partial_differing or always)
            levels = tuple(Level) if partial else (Level.GLOBAL,)
            if readers and alone and not always:
                levels = (Level.LOOKAHEAD, Level.GLOBAL)
            request = Compare(
                id=name,
                reference=self.prompts,
                changes=mixture.changes,
                input_key=key,
                candidate_first=name in first,
                levels=levels,
                orders=2 if doubled else 1,
                when_differing=not (always or readers),
                purpose=purpose,
                settled=self.estimator.verdicts.known_verdicts(key),
            )
            asked.append((request, mixture))
        return asked

    def try_each(
        self, purpose: str, tried: Mapping[str, Mixture], inputs: Sequence[str], ahead: Sequence[Propose] = ()
    ) -> Asking[list[Trial]]:
        """Let each of some changes, by the place it is tried at, meet the anchor on all of some inputs.

        What is begun ahead is asked for in the next round.
        """
        asked = self.meetings(purpose, tried, inputs)
        answers = yield from self.ask([*chain.from_iterable(asked.values())], ahead)
        met = {request.id: result for request, result in answers if isinstance(result, Comparison)}
        return [Trial(part, tuple(met[one.id] for one in asked[where])) for where, part in tried.items()]

    def meetings(
        self, purpose: str, tried: Mapping[str, Mixture], inputs: Sequence[str]
    ) -> Mapping[str, Sequence[Compare]]:
        """Return what is asked for each change, by the place it is tried at: that it meets the anchor on all inputs."""
        return {
            where: [request for request, _ in self.compare(purpose, where, [(part, key) for key in inputs])]
            for where, part in tried.items()
        }

    def learn(self, answers: Answers) -> None:
        """Learn from answers: calls, who matters, contested inputs, cases (Eq. 6), how far the levels agree."""
        self.influence = self.influence.after(answers)
        self.conflicts.learn(answers)
        # A search is the same with proofs as without, except where something is proven.
        answers = [one for one in answers if one[0].purpose != PROVE]
        self.spent.count(answers, self.team)
        self.inputs.learn(answers)
        self.moves = self.moves.after(answers, "mixed")
        if self.problem.examples:
            self.outcomes.learn(answers)
        self.estimator.learn(answers)
        self.remember_cases(answers, lambda request: step_of(self.round.number, request.agent))

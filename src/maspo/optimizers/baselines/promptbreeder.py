"""Promptbreeder: a population of prompts evolves, and so do the instructions by which it is mutated. Pure.

Fernando et al., ICML 2024, arXiv 2309.16797. Its defining decisions: binary tournaments (two units meet, a mutated copy
of the fitter one takes the place of the other), mutation operators drawn evenly, and mutation prompts that are mutated
themselves ("hyper-mutation"). It was published for one task prompt and labelled accuracy: in a team a unit is a whole
set of prompts, a mutation is of one agent drawn at random, and fitness is the share of inputs on which the team does
better than under the seed prompts. The first population are the seed prompts, each with another mutation prompt; in the
paper a model writes it from a description of the problem, before anything is scored. In crossover any unit may be the
mate, the parent itself too, and then nothing is changed; in the paper it is another one, the fitter the likelier.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from pydantic import Field

from maspo.core.prompts import Prompts
from maspo.core.seeded import rank
from maspo.optimizers.base import Asking, Problem, Propose, Search, Tried
from maspo.optimizers.baselines.planned import EVEN, Baseline, BaselineConfig, Meeting, PlannedSearch, Scored

MUTATION_PROMPTS = (
    "Say the same in other words, and add one thing that is missing.",
    "Make it shorter: keep only what changes the result.",
    "Turn it into numbered steps that are easy to follow.",
    "Add a check that the member makes before it answers.",
    "Say more exactly what a good result looks like.",
    "Name the mistakes that are easy to make here, and how to avoid them.",
    "Write it for somebody who has never done this before.",
    "Solve the task of the member in a quite different way, and write the prompt for that.",
)
"""The first mutation prompts, in our own words; hyper-mutation writes further ones."""
_AFRESH = "Set this prompt aside. Write a new one for what the member is there for."
_CONTINUE = "The tried prompts above are sorted: the later, the better. Write the one that would come next."
_FROM_OUTPUTS = "Write the prompt that would have led to the best of the outputs above."
Operator: TypeAlias = Literal["zero-order", "first-order", "estimation", "lamarckian", "hyper-mutation", "crossover"]
OPERATORS: tuple[Operator, ...] = (
    *("zero-order", "first-order", "estimation", "lamarckian", "hyper-mutation", "crossover"),
)
"""One of each class of the paper's section 3.2, and its crossover; each is equally likely."""


class PromptbreederConfig(BaselineConfig):
    """The settings of Promptbreeder; the population is smaller than the paper's, which no small plan could score."""

    method: Literal["promptbreeder"] = "promptbreeder"
    population: int = Field(default=10, ge=2, description="units in the population (50 in the paper)")
    tournaments: int = Field(default=500, ge=1, description="binary tournaments, at most")


@dataclass(frozen=True, slots=True)
class Unit:
    """A member of the population: a set of prompts with its fitness, and the mutation prompt that changes it."""

    tried: Scored
    mutation_prompt: str


class _Promptbreeder(PlannedSearch[PromptbreederConfig]):
    def __init__(self, config: PromptbreederConfig, problem: Problem) -> None:
        super().__init__(config, problem)
        self.best = Scored(self.prompts, EVEN)
        first = self.draw(len(MUTATION_PROMPTS), "first mutation prompt")
        self.population = [
            Unit(self.best, MUTATION_PROMPTS[(first + place) % len(MUTATION_PROMPTS)])
            for place in range(config.population)
        ]

    def run(self) -> Search:
        config, agents, seeds = self.config, self.team.rewritten, self.problem.seed_prompts
        for number in self.steps(config.tournaments):
            agent = agents[self.draw(len(agents), number, "agent")]
            operator = OPERATORS[self.draw(len(OPERATORS), number, "operator")]
            winner, loser = self.hold_tournament(number)
            parent = self.population[winner]
            asked = self.mutation(f"s{number}/{agent}", operator, agent, parent)
            dearest = [asked, asked]  # hyper-mutation asks twice
            if not self.fits(dearest, Meeting(seeds, parent.tried.prompts, (agent,), self.sample)):
                return self.end_of_plan()
            self.open_step([agent], number, config.tournaments)
            child, mutation_prompt = yield from self.mutate(number, operator, asked, parent)
            if child == parent.tried.prompts:
                continue
            (met,) = yield from self.meet(seeds, [child], self.sample, f"s{number}/{agent}")
            self.population[loser] = Unit(met, mutation_prompt)
            self.best = max(self.best, met, key=lambda tried: tried.score)  # the earlier one when they are level
            self.tell(number, agent, met, parent.tried.prompts[agent], self.best.prompts)
            self.take(number, self.best.prompts, f"the fittest so far: {self.best.score:.0%} won")
        return self.end(f"all {config.tournaments} tournaments were held")

    def hold_tournament(self, number: int) -> tuple[int, int]:
        """Draw two units; return the place of the fitter one, then that of the other."""
        size = self.config.population
        one = self.draw(size, number, "one")
        other = (one + 1 + self.draw(size - 1, number, "other")) % size
        if self.population[other].tried.score > self.population[one].tried.score:
            return other, one
        return one, other

    def mutate(self, number: int, operator: Operator, asked: Propose, parent: Unit) -> Asking[tuple[Prompts, str]]:
        """Return a mutated copy of a set of prompts, with the mutation prompt that it hands down."""
        agent, prompts, mutation_prompt = asked.agent, parent.tried.prompts, parent.mutation_prompt
        if operator == "crossover":
            mate = self.population[self.draw(len(self.population), number, "mate")]
            return {**prompts, agent: mate.tried.prompts[agent]}, mutation_prompt
        if operator == "hyper-mutation":
            ((*written,),) = yield from self.propose([asked], number)
            mutation_prompt = written[0] if written else mutation_prompt
            asked = self.mutation(f"s{number}/{agent}/then", "first-order", agent, Unit(parent.tried, mutation_prompt))
        ((*drafts,),) = yield from self.propose([asked], number)
        return ({**prompts, agent: drafts[0]} if drafts else prompts), mutation_prompt

    def mutation(self, where: str, operator: Operator, agent: str, parent: Unit) -> Propose:
        """Return what the proposer is asked for; crossover asks for nothing, and is priced like the others."""
        name, prompts, now = f"{where}/{operator}", parent.tried.prompts, parent.mutation_prompt
        match operator:
            case "zero-order":
                seeds = self.problem.seed_prompts
                return Propose(name, agent, seeds, (), (), 1, form="mutate", instruction=_AFRESH)
            case "estimation":
                ranked = sorted((unit.tried for unit in self.population), key=lambda tried: tried.score)
                history = {tried.prompts[agent]: Tried(tried.prompts[agent], tried.score) for tried in ranked}
                known = tuple(history.values())
                return Propose(name, agent, prompts, (), (), 1, form="mutate", history=known, instruction=_CONTINUE)
            case "lamarckian":
                traces = self.draw_traces(where)
                return Propose(name, agent, prompts, traces, (), 1, form="mutate", instruction=_FROM_OUTPUTS)
            case "hyper-mutation":
                return Propose(
                    name, agent, prompts, (), (), 1, form="hypermutate", instruction=now, rewrites="instruction"
                )
            case _:
                return Propose(name, agent, prompts, (), (), 1, form="mutate", instruction=now)

    def draw(self, below: int, *where: object) -> int:
        """Return a number below another, drawn evenly."""
        return rank(self.problem.seed, "promptbreeder", *where) % below


class Promptbreeder(Baseline[PromptbreederConfig]):
    """Let units meet in pairs; a mutated copy of the fitter one takes the place of the other."""

    Config = PromptbreederConfig
    Method = _Promptbreeder

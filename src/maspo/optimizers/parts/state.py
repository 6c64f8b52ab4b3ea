"""What every search of ours holds: the prompts that it would end with, what it has not told yet, its cases. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from maspo.core.prompts import Prompts
from maspo.events import PromptChanged, SearchEvent
from maspo.optimizers.base import Answers, Ask, Asking, Case, Compare, Problem, Request, Rollout, Ruling, Sent
from maspo.optimizers.parts.misalignment import new_cases, remember
from maspo.optimizers.parts.record import case_events
from maspo.optimizers.parts.rulings import History, obey


class SearchState:
    """A search under way; it begins with the seed prompts."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.team = problem.team
        self.prompts: Prompts = dict(problem.seed_prompts)
        """The joint prompts P (Eq. 2) that it would end with now."""
        self.cases: tuple[Case, ...] = ()
        """The misalignment buffer (Eq. 6), newest first."""
        self.events: list[SearchEvent] = []
        """What happened since it asked the last time."""
        self.rulings: list[Ruling] = []
        """What a person ruled, and the search has not obeyed yet."""
        self.history = History(self.prompts)
        """How the prompts came about, so that a vetoed one leaves with all that was made of it."""

    def ask(self, requests: Sequence[Request], ahead: Sequence[Request] = ()) -> Asking[Answers]:
        """Ask, and tell what happened since the last time; what is asked for later may be begun ``ahead``."""
        return (yield from self._learn_from(self.make_ask(requests, ahead)))

    def collect(self, requests: Sequence[Request], rollouts: Iterable[Rollout] = ()) -> Asking[Answers]:
        """Ask for what was begun ahead; runs that are needed next may be begun meanwhile."""
        ask = replace(self.make_ask(requests), begun=True, rollouts=tuple(rollouts))
        return (yield from self._learn_from(ask))

    def _learn_from(self, ask: Ask) -> Asking[Answers]:
        sent: Sent = yield ask
        self.rulings += [one for one in sent if isinstance(one, Ruling)]
        results = [one for one in sent if not isinstance(one, Ruling)]
        answers = list(zip(ask.requests, results, strict=True))
        self.learn(answers)
        return answers

    def learn(self, answers: Answers) -> None:
        """Learn from answers, as soon as they are there; by default nothing is."""

    def make_ask(self, requests: Sequence[Request] = (), ahead: Sequence[Request] = ()) -> Ask:
        """Return where the search stands, with what it asks for; without requests it is the end."""
        events, self.events = tuple(self.events), []
        return Ask(self.prompts, tuple(requests), events, self.cases, tuple(ahead))

    def remember_cases(self, answers: Answers, step: Callable[[Compare], str]) -> None:
        """Put the misalignment cases among some comparisons into the buffer (Eq. 6); ``step`` says where they arose."""
        cases = new_cases(answers, step)
        self.cases = remember(self.cases, cases)
        self.events += case_events(cases)

    def take_rulings(self, step: str) -> tuple[list[Ruling], list[PromptChanged]]:
        """Keep to what a person ruled since the last time; return it, and which prompts it changed."""
        rulings, self.rulings = self.rulings, []
        self.prompts, self.team, changed = obey(rulings, self.prompts, self.team, self.history, step)
        self.events += changed
        return rulings, changed

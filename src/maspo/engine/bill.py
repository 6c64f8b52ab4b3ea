"""What a search asks for at most: it is played, pure as it is, against the answers that make it ask for the most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field, replace

from maspo.engine.job import Job
from maspo.engine.plan_search import setting_of, split_of
from maspo.graph import System
from maspo.prompts import Prompts, prompts_id
from maspo.search import race
from maspo.search.costs import planned_calls
from maspo.search.methods import METHODS
from maspo.search.setting import Setting
from maspo.search.work import Compare, Draft, Drafts, Propose, Result, Withhold, Work
from maspo.verdict import Comparison, Level, Verdict

_UNBOUNDED = 10**9
_NO_UNION = ("/unite/",)
_ONLY_SIDES = ("/unite/1/", "/unite/3/", "/unite/4/")


@dataclass(slots=True)
class Bill:
    """Counts of the calls that a play needs, each run of a system counted once."""

    system: System
    setting: Setting
    lost: Collection[str] = _NO_UNION
    """What loses, by parts of ids of work; everything else wins."""
    agent: Counter[str] = field(default_factory=Counter)
    """Calls by agent."""
    judge: int = 0
    proposer: int = 0
    texts_shown: int = 0
    """Outputs of agents that the proposer is shown, over all its calls."""
    _runs: set[tuple[str, str]] = field(default_factory=set)

    @property
    def total(self) -> int:
        """All calls."""
        return self.agent.total() + self.judge + self.proposer

    def put(self, work: Work) -> Result:
        """Put work on the bill; return the answer that makes the search ask for the most."""
        if isinstance(work, Propose):
            return self._proposed(work)
        if isinstance(work, Withhold):
            return self._withheld(work)
        return self._compared(work)

    def put_proof(self, winners: Prompts, keys: Collection[str]) -> None:
        """Put the final test on the bill: both systems on every hold-out input, judged in both orders."""
        self._run(self.system.prompts, keys, self.system.order)
        self._run(winners, keys, self.system.order)
        self.judge += 2 * sum(key not in self.setting.labelled for key in keys)

    def _run(self, prompts: Prompts, keys: Collection[str], again: Collection[str]) -> None:
        """Count runs in which some agents have to answer again, except those that are known."""
        whole = prompts_id(prompts)
        for address in ((whole, key) for key in keys):
            if address not in self._runs:
                self._runs.add(address)
                self.agent.update(again)

    def _reached(self, changed: Collection[str]) -> frozenset[str]:
        return frozenset[str]().union(*(self.system.downstream[name] for name in changed))

    def _proposed(self, work: Propose) -> Drafts:
        self._run(work.prompts, work.inputs, self.system.order)
        self.proposer += 1
        self.texts_shown += (len(work.inputs) + 3 * len(work.cases)) * 2
        parent = work.prompts[work.agent]
        return Drafts(tuple(Draft(f"{parent}\n{work.id} {number}.") for number in range(work.count)))

    def _withheld(self, work: Withhold) -> Comparison:
        self._run(work.prompts, (work.input_key,), self.system.order)
        self.agent.update(self.system.downstream[work.reader])
        self.judge += 2
        return Comparison(work.input_key, Verdict.LOSS, (), Verdict.LOSS)

    def _compared(self, work: Compare) -> Comparison:
        again = self._reached((work.agent, *work.also))
        self._run(work.reference, (work.input_key,), self.system.order)
        self._run(work.changed, (work.input_key,), again)
        readers = self.system.successors[work.agent]
        asked = {Level.LOCAL: 1, Level.LOOKAHEAD: len(readers), Level.GLOBAL: self._global(work)}
        if work.agent == self.system.output:
            asked |= {Level.LOCAL: 0, Level.LOOKAHEAD: 0}
        self.judge += sum(asked[level] for level in work.levels)
        if "/promote/" in work.id:
            self._promoted_instead(work, again)
        verdict = Verdict.LOSS if any(part in work.id for part in self.lost) else Verdict.WIN
        return Comparison(work.input_key, verdict, tuple((reader, verdict) for reader in readers), verdict)

    def _promoted_instead(self, work: Compare, again: Collection[str]) -> None:
        """Count the other candidates that may have to be tried on the same input when this one falls."""
        for other in range(self.setting.plan.beam_width - 1):
            self._run({**work.changed, work.agent: f"{work.candidate} {other}"}, (work.input_key,), again)
            self.judge += self._global(work)

    def _global(self, work: Compare) -> int:
        return 0 if work.input_key in self.setting.labelled else work.orders


@dataclass(frozen=True, slots=True)
class Bound:
    """Upper bounds of the calls of a run: of each purpose alone, and of all together.

    ``most`` may be far less than the sum of the others: a race that asks for all it can of one purpose ends sooner.
    """

    agent: dict[str, int]
    judge: int
    proposer: int
    texts_shown: int
    """Outputs shown in one proposer call, on average."""
    planned: int
    """The calls that a race plans for; without such a plan the same as ``most``."""
    most: int


def bound_of(job: Job) -> Bound:
    """Return the upper bounds of a job's calls, the final test included."""
    setting, holdout = setting_of(job), split_of(job).holdout
    if job.config.search.method == "race":
        return _bound_of_race(job, setting, holdout)
    bill = Bill(job.system, setting)
    method = METHODS[job.config.search.method]
    state = method.begin(setting, job.system.prompts)
    while wave := method.ask(state):
        state = method.tell(state, {work.id: bill.put(work) for work in wave})
    bill.put_proof(state.prompts, holdout)
    return _bound([bill], bill.total, bill.total)


def _bound_of_race(job: Job, setting: Setting, holdout: Collection[str]) -> Bound:
    """Return what a race can ask for: it begins a round only while its planned calls last, and ends it.

    So all that can exceed the plan is one round at its dearest, and the proof beyond what is reserved for it.
    """
    proof = Bill(job.system, setting)
    proof.put_proof({name: f"{text}\n" for name, text in job.system.prompts.items()}, holdout)
    dearest = _dearest_round(job, setting)
    planned = planned_calls(setting.plan, setting.team)
    within_plan = dearest.total + max(0, planned - setting.reserve)
    most = proof.total + min(within_plan, setting.plan.passes * dearest.total)
    return _bound([proof, *[dearest] * setting.plan.passes], min(planned, most), most)


def _dearest_round(job: Job, setting: Setting) -> Bill:
    """Return the dearer bill of a round of the largest size in which everything wins until it is united.

    What is united then loses every time it is tried in other parts; or its two sides win, and the pairs of agents
    between them are tried for conflicts.
    """
    largest = setting.plan.model_copy(update={"first_round": setting.plan.share_of(setting.plan.passes), "growth": 0.0})
    plan = largest.model_copy(update={"passes": 2, "calls": None, "calls_per_agent": _UNBOUNDED})
    bills = [Bill(job.system, setting, lost) for lost in (_NO_UNION, _ONLY_SIDES)]
    for bill in bills:
        state = race.begin(replace(setting, plan=plan, reserve=0), job.system.prompts)
        while state.round <= 1 and (wave := race.ask(state)):
            state = race.tell(state, {work.id: bill.put(work) for work in wave})
    return max(bills, key=lambda bill: bill.total)


def _bound(bills: Collection[Bill], planned: int, most: int) -> Bound:
    agent: Counter[str] = sum((bill.agent for bill in bills), Counter())
    proposer = sum(bill.proposer for bill in bills)
    texts = sum(bill.texts_shown for bill in bills)
    return Bound(
        agent={name: min(calls, most) for name, calls in agent.items()},
        judge=min(sum(bill.judge for bill in bills), most),
        proposer=min(proposer, most),
        texts_shown=texts // max(proposer, 1),
        planned=planned,
        most=most,
    )

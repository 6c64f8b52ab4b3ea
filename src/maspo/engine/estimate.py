"""What a run would cost at most: the pure search is played against answers that make it ask for the most."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from maspo.engine.job import Estimate, Job
from maspo.engine.plan_search import Split, check_task, proof_calls, setting_of, split_of
from maspo.graph import System
from maspo.models.prices import PriceBook
from maspo.prompts import Prompts, prompts_id
from maspo.runtime.messages import MessageBuilder, check_inputs
from maspo.search.methods import METHODS
from maspo.search.plan import Plan
from maspo.search.work import Compare, Draft, Drafts, Propose, Result, Withhold, Work
from maspo.verdict import Comparison, Level, Verdict

REPLY_TOKENS = 300
"""Assumed length of an agent's output and of a draft."""
VERDICT_TOKENS = 120
CHARACTERS_PER_TOKEN = 4
_FRAME_TOKENS = 350
"""About what our own judge and proposer prompts hold besides the texts they show."""


@dataclass(slots=True)
class _Bill:
    """Counts of the calls that a play of the search needs, each run of a system counted once."""

    system: System
    plan: Plan
    runs: set[tuple[str, str]] = field(default_factory=set)
    agent: dict[str, int] = field(default_factory=dict)
    judge: int = 0
    proposer: int = 0
    proposer_tokens: int = 0

    def run(self, prompts: Prompts, key: str, changed: Collection[str] = ()) -> None:
        address = (prompts_id(prompts), key)
        if address in self.runs:
            return
        self.runs.add(address)
        reached = (self.system.downstream[name] for name in changed)
        for name in frozenset[str]().union(*reached) or self.system.order:
            self.agent[name] = self.agent.get(name, 0) + 1


def estimate(job: Job) -> Estimate:
    """Return an upper bound of calls, and of tokens and money under stated lengths, without any call.

    Raises:
        UsageError: the inputs do not fit the system, or there is nothing to optimize.

    """
    check_task(job)
    notes = check_inputs(job.system, job.inputs)
    parts = split_of(job)
    bill = _played(job, parts)
    tokens_in, tokens_out, usd, unpriced = _money(job, bill)
    return Estimate(
        calls={"agent": sum(bill.agent.values()), "judge": bill.judge, "proposer": bill.proposer},
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        usd=usd,
        unpriced=unpriced,
        search_inputs=len(parts.search),
        holdout_inputs=len(parts.holdout),
        notes=(*notes, *_focus_notes(job), *_size_notes(parts)),
    )


def holdout_calls(job: Job) -> int:
    """Return the calls that the final test needs at most: both systems run, and a judgment in both orders."""
    return len(split_of(job).holdout) * proof_calls(job.system)


def _played(job: Job, parts: Split) -> _Bill:
    bill = _Bill(job.system, job.config.search)
    search = METHODS[job.config.search.method]
    state = search.begin(setting_of(job), job.system.prompts)
    while wave := search.ask(state):
        state = search.tell(state, {work.id: _costliest(work, bill) for work in wave})
    for key in parts.holdout:
        bill.run(job.system.prompts, key)
        bill.run(state.prompts, key)
        bill.judge += 2
    return bill


def _costliest(work: Work, bill: _Bill) -> Result:
    """Return the answer that makes the search ask for the most, and put the work on the bill."""
    if isinstance(work, Propose):
        for key in work.inputs:
            bill.run(work.prompts, key)
        bill.proposer += 1
        bill.proposer_tokens += (len(work.inputs) + 3 * len(work.cases)) * 2 * REPLY_TOKENS
        parent = work.prompts[work.agent]
        return Drafts(tuple(Draft(f"{parent}\n{work.id} {number}.") for number in range(work.count)))
    if isinstance(work, Withhold):
        return _costliest_edge(work, bill)
    return _costliest_comparison(work, bill)


def _costliest_comparison(work: Compare, bill: _Bill) -> Comparison:
    changed = (work.agent, *work.also)
    bill.run(work.reference, work.input_key)
    bill.run(work.changed, work.input_key, changed)
    for other in range(_others(work, bill)):
        bill.run({**work.changed, work.agent: f"{work.candidate} {other}"}, work.input_key, changed)
        bill.judge += work.orders
    readers = bill.system.successors[work.agent]
    asked = {Level.LOCAL: 1, Level.LOOKAHEAD: len(readers), Level.GLOBAL: work.orders}
    if work.agent == bill.system.output:
        asked |= {Level.LOCAL: 0, Level.LOOKAHEAD: 0}
    bill.judge += sum(asked[level] for level in work.levels)
    # A union that loses is tried again in parts, so that is the dearest answer to it.
    verdict = Verdict.LOSS if "/unite/1/" in work.id else Verdict.WIN
    return Comparison(work.input_key, verdict, tuple((reader, verdict) for reader in readers), verdict)


def _costliest_edge(work: Withhold, bill: _Bill) -> Comparison:
    bill.run(work.prompts, work.input_key)
    for name in bill.system.downstream[work.reader]:
        bill.agent[name] = bill.agent.get(name, 0) + 1
    bill.judge += 2
    return Comparison(work.input_key, Verdict.LOSS, (), Verdict.LOSS)


def _others(work: Compare, bill: _Bill) -> int:
    """Return how many other candidate systems may have to be tried on the same inputs when this one falls."""
    plan, phase = bill.plan, work.id.split("/")[-3]
    return plan.beam_width - 1 if phase == "promote" else 0


def _money(job: Job, bill: _Bill) -> tuple[int, int, float | None, tuple[str, ...]]:
    models = job.config.models
    prices = PriceBook(models.prices, models.base_url)
    input_tokens = _mean_input_tokens(job)
    lines: list[tuple[str, int, int]] = [
        (
            agent.model or models.agent,
            bill.agent.get(agent.name, 0)
            * (len(agent.prompt) // CHARACTERS_PER_TOKEN + input_tokens + len(agent.reads) * REPLY_TOKENS),
            bill.agent.get(agent.name, 0) * REPLY_TOKENS,
        )
        for agent in job.system.agents
    ]
    judged = _FRAME_TOKENS + input_tokens + 2 * REPLY_TOKENS
    lines.append((models.for_judge(), bill.judge * judged, bill.judge * VERDICT_TOKENS))
    written = bill.proposer * (_FRAME_TOKENS + input_tokens) + bill.proposer_tokens
    lines.append((models.for_proposer(), written, bill.proposer * REPLY_TOKENS))
    total, unpriced = _priced(lines, prices)
    return sum(line[1] for line in lines), sum(line[2] for line in lines), total, unpriced


def _priced(lines: list[tuple[str, int, int]], prices: PriceBook) -> tuple[float | None, tuple[str, ...]]:
    known: Mapping[str, object] = {model: prices.price(model) for model, _, _ in lines}
    unpriced = tuple(sorted(model for model, price in known.items() if price is None))
    if unpriced:
        return None, unpriced
    total = 0.0
    for model, tokens_in, tokens_out in lines:
        price = prices.price(model)
        if price is not None:
            total += tokens_in * price.token_in + tokens_out * price.token_out
    return total, ()


def _mean_input_tokens(job: Job) -> int:
    builder = MessageBuilder(job.system, job.inputs.columns)
    lengths = [len(builder.input_text(row)) for row in job.inputs.rows]
    return sum(lengths) // len(lengths) // CHARACTERS_PER_TOKEN


def _focus_notes(job: Job) -> list[str]:
    focus = job.config.focus
    return [f"only {', '.join(focus)} {'is' if len(focus) == 1 else 'are'} rewritten (--focus)"] if focus else []


def _size_notes(parts: Split) -> list[str]:
    if len(parts.holdout) >= 20:
        return []
    return [f"only {len(parts.holdout)} hold-out inputs: small gains cannot be proven; 20 or more are better"]

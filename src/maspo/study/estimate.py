"""From a bound of calls to tokens and money, before anything is paid."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from maspo.models.prices import PriceBook
from maspo.runners.messages import MessageBuilder
from maspo.study.bound import Bound
from maspo.study.job import Estimate, Job

REPLY_TOKENS = 300
"""Assumed length of an agent's output and of a draft."""
VERDICT_TOKENS = 120
CHARACTERS_PER_TOKEN = 4
_ENOUGH_HELD_OUT = 20
_FRAME_TOKENS = 350
"""About what our own judge and proposer prompts hold besides the texts they show."""


@dataclass(frozen=True, slots=True)
class _Line:
    """Calls of one kind: whose model answers them, how many there are at most, and the tokens of one."""

    model: str
    calls: int
    tokens_in: int
    tokens_out: int


def estimate(job: Job, bound: Bound, prices: PriceBook, sizes: tuple[int, int], notes: Sequence[str]) -> Estimate:
    """Return what a bound of calls comes to in tokens and money, under stated lengths.

    ``sizes`` are how many inputs are searched on and held out; ``notes`` are remarks made before.
    """
    lines = _lines(job, bound)
    usd, unpriced = _priced(lines, bound.most, prices)
    return Estimate(
        calls={
            "agent": min(sum(bound.agent.values()), bound.most),
            "judge": bound.judge,
            "proposer": bound.proposer,
        },
        most=bound.most,
        planned=bound.planned,
        tokens_in=int(_dearest(lines, bound.most, lambda line: line.tokens_in)),
        tokens_out=int(_dearest(lines, bound.most, lambda line: line.tokens_out)),
        usd=usd,
        unpriced=unpriced,
        search_inputs=sizes[0],
        holdout_inputs=sizes[1],
        notes=(*notes, *_focus_notes(job), *_size_notes(sizes[1])),
    )


def _lines(job: Job, bound: Bound) -> list[_Line]:
    models = job.config.models
    shown = _mean_input_tokens(job)
    lines = [
        _Line(
            agent.model or models.agent,
            bound.agent.get(agent.name, 0),
            len(agent.prompt) // CHARACTERS_PER_TOKEN + shown + len(agent.reads) * REPLY_TOKENS,
            REPLY_TOKENS,
        )
        for agent in job.system.agents
    ]
    written = _FRAME_TOKENS + shown + bound.texts_shown * REPLY_TOKENS
    return [
        *lines,
        _Line(models.for_judge(), bound.judge, _FRAME_TOKENS + shown + 2 * REPLY_TOKENS, VERDICT_TOKENS),
        _Line(models.for_proposer(), bound.proposer, written, bound.drafts * REPLY_TOKENS),
    ]


def _dearest(lines: Sequence[_Line], most: int, worth: Callable[[_Line], float]) -> float:
    """Return what ``most`` calls come to when as many of them as possible are of the dearest kinds."""
    total, left = 0.0, most
    for line in sorted(lines, key=worth, reverse=True):
        calls = min(line.calls, left)
        total, left = total + calls * worth(line), left - calls
    return total


def _priced(lines: Sequence[_Line], most: int, prices: PriceBook) -> tuple[float | None, tuple[str, ...]]:
    found = {line.model: prices.price(line.model) for line in lines}
    known = {model: price for model, price in found.items() if price is not None}
    unpriced = tuple(sorted(found.keys() - known.keys()))
    if unpriced:
        return None, unpriced

    return _dearest(lines, most, lambda line: known[line.model].of(line.tokens_in, line.tokens_out)), ()


def _mean_input_tokens(job: Job) -> int:
    builder = MessageBuilder(job.system, job.inputs.columns)
    lengths = [len(builder.input_text(row)) for row in job.inputs.rows]
    return sum(lengths) // len(lengths) // CHARACTERS_PER_TOKEN


def _focus_notes(job: Job) -> list[str]:
    focus = job.config.focus
    return [f"only {', '.join(focus)} {'is' if len(focus) == 1 else 'are'} rewritten (--focus)"] if focus else []


def _size_notes(holdout: int) -> list[str]:
    if holdout >= _ENOUGH_HELD_OUT:
        return []
    return [f"only {holdout} hold-out inputs: small gains cannot be proven; 20 or more are better"]

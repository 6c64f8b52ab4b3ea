"""Finding a judge that is a coin before much is spent on it: a few questions whose answer leaves no doubt.

A dull judge misses small differences, and so cannot be told from a coin by the comparisons of a search before some
hundred calls. That a team's output is better than an empty text the dullest sees.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from maspo.core.seeded import shuffled
from maspo.core.verdict import Verdict
from maspo.optimizers.base import Ask, AskModel, Calibrate, Problem, Propose, Request, Search
from maspo.stats.share import at_most

_SHARE = 0.02
"""Of the planned calls that the questions may take; a shorter plan goes without, since fewer could tell nothing."""
_USEFUL = 0.9
"""Share of such questions that a judge of any use answers rightly, at least."""
_FEWEST = 8
"""Answers that it takes: noise may stay with a pair when the order is turned, so one or two pairs prove nothing."""
_LEVEL = 0.02
"""How often such a judge may be called a coin. Of 16 answers 11 or fewer are right: of a coin in 96 of 100 cases."""


def pairs_asked(wanted: int, inputs: int, planned: int | None) -> int:
    """Return how many pairs are put to the judge, each in both orders; None planned calls are as many as are asked."""
    pairs = min(wanted, inputs)
    return pairs if planned is None or 2 * pairs <= _SHARE * planned else 0


def with_calibration(search: Search, problem: Problem, pairs: int) -> Search:
    """Return a search whose first requests the questions to the judge go along with; it does not see the answers.

    The outputs are those of the seed prompts, and inputs come first whose runs the search asks for at once anyway.
    """
    try:
        ask = next(search)
        while not ask.requests:  # it tells where it stands
            ask = search.send((yield ask))
        shown = _inputs_run_anyway(ask.requests)
        inputs = dict.fromkeys((*shown, *shuffled(problem.inputs, problem.seed, "calibrate")))
        question = Calibrate("calibrate", problem.seed_prompts, tuple(inputs)[:pairs])
        sent = (yield replace(ask, requests=(question, *ask.requests)))[1:]
        while True:
            sent = yield search.send(sent)
    except StopIteration as stop:
        end: Ask = stop.value
        return end


def _inputs_run_anyway(requests: Iterable[Request]) -> tuple[str, ...]:
    """Return the inputs that are run anyway, for texts that models are shown."""
    proposed = [key for request in requests if isinstance(request, Propose) for key in request.inputs]
    asked = [one for request in requests if isinstance(request, AskModel) for one in request.shown.values()]
    return (*proposed, *(one.input_key for one in asked if one.what != "input"))


def answers(verdicts: Sequence[Verdict]) -> tuple[int, int]:
    """Return how many answers preferred one of the two texts, and how many of these the team's output.

    Opposite preferences in the two orders are one of each.
    """
    right = 2 * verdicts.count(Verdict.WIN) + verdicts.count(Verdict.CONTRADICTED)
    return right + 2 * verdicts.count(Verdict.LOSS) + verdicts.count(Verdict.CONTRADICTED), right


def is_coin(verdicts: Sequence[Verdict]) -> bool:
    """Tell whether a judge that is right in nine of ten such answers would hardly ever answer like this.

    The exact binomial test of that share, one-sided.
    """
    given, right = answers(verdicts)
    return given >= _FEWEST and at_most(right, given, _USEFUL) <= _LEVEL

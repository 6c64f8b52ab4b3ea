"""Who matters: the influence of agents and edges on the final answer, from comparisons that a search made. Pure.

Comparisons in which one agent alone was rewritten cost nothing extra. They say what its rewrites did, on inputs that
the search chose. Cutting edges (``edge_ablations``) costs calls, and says what each edge is good for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from maspo.core.prompts import Prompts
from maspo.core.seeded import shuffled
from maspo.core.verdict import Comparison, Verdict
from maspo.events import AgentInfluence, EdgeInfluence, Effect, InfluenceMeasured, LevelAgreement
from maspo.optimizers.base import AblateEdge, Compare, Request, Result
from maspo.optimizers.race.agreement import UNSEEN, count_agreement
from maspo.stats.paired import SIGNIFICANT, sign_test
from maspo.stats.share import share_interval
from maspo.team.graph import Team

Edge: TypeAlias = tuple[str, str]
"""Source and reader."""
_HARDLY = 0.1
"""Something hardly matters when the final answer differs without it in less than this share, as far as one
can tell: a line drawn by hand, and the upper end of a 95 % interval has to stay below it."""
_NOTHING = Effect()
_MOST_NAMED = 3
"""Edges that a hint names, of each kind: it is one paragraph of a report."""


def count_effect(seen: Effect, comparison: Comparison) -> Effect:
    """Return an effect after one more comparison, still without its interval; failed runs teach nothing."""
    if comparison.failed:
        return seen
    return Effect(
        seen.compared + 1,
        seen.differed + (not comparison.same_answer),
        seen.wins + (comparison.glob is Verdict.WIN),
        seen.losses + (comparison.glob is Verdict.LOSS),
    )


def with_interval(seen: Effect) -> Effect:
    """Return an effect with the 95 % interval of the share of comparisons in which the final answer differed."""
    return replace(seen, interval=share_interval(seen.differed, seen.compared))


@dataclass(frozen=True, slots=True)
class LookaheadTally:
    """What a direct reader made of rewritten outputs: its lookahead verdicts, and how far the global one agreed."""

    wins: int = 0
    losses: int = 0
    ties: int = 0
    agreement: LevelAgreement = UNSEEN

    def after(self, verdict: Verdict, glob: Verdict) -> LookaheadTally:
        """Return what was seen after one more verdict; an undecided one teaches nothing."""
        return LookaheadTally(
            self.wins + (verdict is Verdict.WIN),
            self.losses + (verdict is Verdict.LOSS),
            self.ties + (verdict in (Verdict.TIE, Verdict.CONTRADICTED)),
            count_agreement(self.agreement, verdict, glob),
        )


@dataclass(frozen=True, slots=True)
class Influence:
    """What a search has seen so far of who matters."""

    every: Effect = _NOTHING
    """All comparisons of rewritten prompts, of one agent or of several."""
    rewritten: Mapping[str, Effect] = field(default_factory=dict)
    """By agent, comparisons in which only its prompt differed."""
    lookaheads: Mapping[Edge, LookaheadTally] = field(default_factory=dict)
    ablated: Mapping[Edge, Effect] = field(default_factory=dict)
    """By edge, the team without it against the team with it."""

    def after(self, answers: Sequence[tuple[Request, Result]]) -> Influence:
        """Return what is known after more work with its results; proposals teach nothing."""
        every, rewritten = self.every, dict(self.rewritten)
        lookaheads, ablated = dict(self.lookaheads), dict(self.ablated)
        for request, result in answers:
            if not isinstance(result, Comparison):
                continue
            if isinstance(request, AblateEdge):
                edge = (request.source, request.reader)
                ablated[edge] = count_effect(ablated.get(edge, _NOTHING), result)
            elif isinstance(request, Compare):
                every = count_effect(every, result)
                if len(request.changes) == 1:
                    rewritten[request.agent] = count_effect(rewritten.get(request.agent, _NOTHING), result)
                    for reader, verdict in result.lookahead:
                        edge = (request.agent, reader)
                        lookaheads[edge] = lookaheads.get(edge, LookaheadTally()).after(verdict, result.glob)
        return Influence(every, rewritten, lookaheads, ablated)

    def event(self, team: Team) -> InfluenceMeasured:
        """Return the influence of every agent that may be rewritten, and of every edge of which anything was seen."""
        agents = tuple(
            AgentInfluence(name, with_interval(self.rewritten.get(name, _NOTHING))) for name in team.rewritten
        )
        edges = [(source, reader) for source in team.order for reader in team.successors[source]]
        seen = tuple(self._edge(edge) for edge in edges if edge in self.lookaheads or edge in self.ablated)
        return InfluenceMeasured(agents, seen, hint(self))

    def _edge(self, edge: Edge) -> EdgeInfluence:
        seen = self.lookaheads.get(edge, LookaheadTally())
        ablated = self.ablated.get(edge, _NOTHING)
        return EdgeInfluence(*edge, seen.wins, seen.losses, seen.ties, seen.agreement, with_interval(ablated))


def edge_ablations(
    prompts: Prompts, team: Team, inputs: Sequence[str], number: int, seed: int
) -> tuple[AblateEdge, ...]:
    """Return work that withholds each edge's output on ``number`` inputs, the same inputs for all edges.

    Edges whose reader cannot reach the output are left out. Ids are unique within a search that asks once.
    """
    chosen = shuffled(inputs, seed, "withhold")[:number]
    return tuple(
        AblateEdge(f"withhold/{source}/{reader}/{key}", prompts, key, source, reader)
        for source in team.order
        for reader in team.successors[source]
        if team.reaches_output(reader)
        for key in chosen
    )


# ── the hint ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def hint(influence: Influence) -> str:
    """Return what looks like a trouble of the wiring, as far as the numbers support it; empty when nothing does."""
    # Many edges are looked at, so each has to be that much clearer.
    level = SIGNIFICANT / max(len(influence.ablated), 1)
    every, harmful, unused = influence.every, list[str](), list[str]()
    for (source, reader), tally in influence.ablated.items():
        if sign_test(tally.wins, tally.losses) <= level:
            harmful.append(
                f"The team does better when {reader} does not get the output of {source} ({tally.wins} wins, "
                f"{tally.losses} losses on {tally.compared} inputs): look at the wiring, and at what {source} writes."
            )
        elif _hardly_matters(tally):
            unused.append(_unused(source, reader, tally, influence.rewritten.get(source, _NOTHING)))
    nothing = ""
    if not every.differed and _hardly_matters(every):
        nothing = (
            f"No rewrite of any agent changed a final answer, in {every.compared} comparisons: look at the wiring, and "
            "at how the final answer is read."
        )
    return " ".join(filter(None, (nothing, _first(harmful), _first(list(filter(None, unused))))))


def _hardly_matters(tally: Effect) -> bool:
    return with_interval(tally).interval[1] <= _HARDLY


def _unused(source: str, reader: str, tally: Effect, rewritten: Effect) -> str:
    """Say that an edge carries nothing; empty when rewrites of its source prove that it can.

    An output that is not missed may only be poor: what a better one could do is seen from rewrites alone.
    """
    if rewritten.differed > _HARDLY * rewritten.compared:
        return ""
    seen = (
        f"{reader} reads {source}, but the final answer hardly depends on it (without it, it changed on "
        f"{tally.differed} of {tally.compared} inputs; 95% interval up to {with_interval(tally).interval[1]:.0%})"
    )
    if _hardly_matters(rewritten):
        return (
            f"{seen}, nor on how {source} is prompted (its rewrites changed {rewritten.differed} of "
            f"{rewritten.compared} answers): a better prompt of {source} can hardly help; look at the wiring."
        )
    return f"{seen}: {reader} does not use it, or it is of little use as {source} writes now; look at the wiring."


def _first(sentences: Sequence[str]) -> str:
    more = len(sentences) - _MOST_NAMED
    rest = [f"The same holds for {more} more edge{'s' * (more > 1)}."] if more > 0 else []
    return " ".join([*sentences[:_MOST_NAMED], *rest])

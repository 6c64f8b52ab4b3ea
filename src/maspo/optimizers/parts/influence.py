"""Who matters: the influence of agents and edges on the final answer, from comparisons that a search made. Pure.

Comparisons in which one agent alone was rewritten cost nothing extra. They say what its rewrites did, on inputs that
the search chose. Cutting edges (``edge_ablations``) costs calls, and says what each edge is good for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from maspo.core.prompts import Prompts
from maspo.core.seeded import shuffled
from maspo.core.verdict import Comparison, Verdict
from maspo.events import AgentInfluence, EdgeInfluence, Effect, InfluenceMeasured
from maspo.optimizers.base import AblateEdge, Compare, Request, Result
from maspo.optimizers.parts.agreement import Agreement
from maspo.stats.paired import SIGNIFICANT, sign_test
from maspo.stats.share import share_interval
from maspo.team.graph import Team

Edge: TypeAlias = tuple[str, str]
"""Source and reader."""
_HARDLY = 0.1
"""Something hardly matters when the final answer differs without it in less than this share, as far as one can tell."""
_MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of the final answer over comparisons that changed one thing."""

    compared: int = 0
    differed: int = 0
    wins: int = 0
    losses: int = 0

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the share of comparisons in which the final answer differed."""
        return share_interval(self.differed, self.compared)

    @property
    def event(self) -> Effect:
        """The counts as an event tells them."""
        return Effect(self.compared, self.differed, self.wins, self.losses, self.interval)

    def after(self, comparison: Comparison) -> Tally:
        """Return the tally after one more comparison; one whose runs failed teaches nothing."""
        if comparison.failed:
            return self
        return Tally(
            self.compared + 1,
            self.differed + (not comparison.same_answer),
            self.wins + (comparison.glob is Verdict.WIN),
            self.losses + (comparison.glob is Verdict.LOSS),
        )


@dataclass(frozen=True, slots=True)
class LookaheadTally:
    """What a direct reader made of rewritten outputs: its lookahead verdicts, and how far the global one agreed."""

    wins: int = 0
    losses: int = 0
    ties: int = 0
    agreement: Agreement = field(default_factory=Agreement)

    def after(self, verdict: Verdict, glob: Verdict) -> LookaheadTally:
        """Return what was heard after one more verdict; an undecided one teaches nothing."""
        return LookaheadTally(
            self.wins + (verdict is Verdict.WIN),
            self.losses + (verdict is Verdict.LOSS),
            self.ties + (verdict in (Verdict.TIE, Verdict.CONTRADICTED)),
            self.agreement.after(verdict, glob),
        )


@dataclass(frozen=True, slots=True)
class Influence:
    """What a search has seen so far of who matters."""

    every: Tally = field(default_factory=Tally)
    """All comparisons of rewritten prompts, of one agent or of several."""
    rewritten: Mapping[str, Tally] = field(default_factory=dict)
    """By agent, comparisons in which only its prompt differed."""
    heard: Mapping[Edge, LookaheadTally] = field(default_factory=dict)
    withheld: Mapping[Edge, Tally] = field(default_factory=dict)
    """By edge, the team without it against the team with it."""

    def after(self, answers: Sequence[tuple[Request, Result]]) -> Influence:
        """Return what is known after more work with its results; proposals teach nothing."""
        every, rewritten, heard, withheld = self.every, dict(self.rewritten), dict(self.heard), dict(self.withheld)
        for request, result in answers:
            if not isinstance(result, Comparison):
                continue
            if isinstance(request, AblateEdge):
                edge = (request.source, request.reader)
                withheld[edge] = withheld.get(edge, Tally()).after(result)
            elif isinstance(request, Compare):
                every = every.after(result)
                if len(request.changes) == 1:
                    rewritten[request.agent] = rewritten.get(request.agent, Tally()).after(result)
                    for reader, verdict in result.lookahead:
                        edge = (request.agent, reader)
                        heard[edge] = heard.get(edge, LookaheadTally()).after(verdict, result.glob)
        return Influence(every, rewritten, heard, withheld)

    def event(self, team: Team) -> InfluenceMeasured:
        """Return the influence of every agent that may be rewritten, and of every edge of which anything was seen."""
        agents = tuple(AgentInfluence(name, self.rewritten.get(name, Tally()).event) for name in team.rewritten)
        edges = [(source, reader) for source in team.order for reader in team.successors[source]]
        seen = tuple(self._edge(edge) for edge in edges if edge in self.heard or edge in self.withheld)
        return InfluenceMeasured(agents, seen, hint(self))

    def _edge(self, edge: Edge) -> EdgeInfluence:
        heard = self.heard.get(edge, LookaheadTally())
        withheld = self.withheld.get(edge, Tally())
        return EdgeInfluence(*edge, heard.wins, heard.losses, heard.ties, heard.agreement.event, withheld.event)


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
    level = SIGNIFICANT / max(len(influence.withheld), 1)
    harmful, idle = [], []
    for edge, tally in influence.withheld.items():
        if sign_test(tally.wins, tally.losses) <= level:
            harmful.append(_harmful(edge, tally))
        elif _hardly_matters(tally):
            idle.append(_idle(edge, tally, influence.rewritten.get(edge[0], Tally())))
    nothing = _nothing_changes(influence.every)
    return " ".join(filter(None, (nothing, _first(harmful), _first([sentence for sentence in idle if sentence]))))


def _hardly_matters(tally: Tally) -> bool:
    return tally.interval[1] <= _HARDLY


def _nothing_changes(every: Tally) -> str:
    if every.differed or not _hardly_matters(every):
        return ""
    return (
        f"No rewrite of any agent changed a final answer, in {every.compared} comparisons: look at the wiring, and at "
        "how the final answer is read."
    )


def _harmful(edge: Edge, tally: Tally) -> str:
    source, reader = edge
    return (
        f"The team does better when {reader} does not get the output of {source} ({tally.wins} wins, {tally.losses} "
        f"losses on {tally.compared} inputs): look at the wiring, and at what {source} writes."
    )


def _idle(edge: Edge, tally: Tally, rewritten: Tally) -> str:
    """Say that an edge carries nothing; empty when rewrites of its source prove that it can.

    An output that is not missed may only be poor: what a better one could do is seen from rewrites alone.
    """
    if rewritten.differed > _HARDLY * rewritten.compared:
        return ""
    source, reader = edge
    seen = (
        f"{reader} reads {source}, but the final answer hardly depends on it (without it, it changed on "
        f"{tally.differed} of {tally.compared} inputs; 95% interval up to {tally.interval[1]:.0%})"
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

"""The proxy: a cheap guess at what a draft is worth, before anything is run for it. Pure.

It learns within a run, from drafts that a race has measured. The model is ridge regression on what an edit does to the
prompt that it was written from: which words it adds and removes (for all agents, and for its agent alone), how many
sentences, how many characters. With N(0, 1) short for the normal distribution,

    worth ~ mean + Σ coefficient · feature + noise / √runs,      coefficient ~ spread · N(0, 1),

so without examples every draft is worth the same, and what was seen once counts little. Drafts that look bad are
dropped; about one in five of them is tried all the same, as an audit of the proxy.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby
from math import copysign, log1p, sqrt

from maspo.core.seeded import rank
from maspo.core.sums import add_up
from maspo.events import DraftsScreened, ProxyTold
from maspo.optimizers.parts.similar import END, normalize
from maspo.optimizers.race.effects import SCORE_VARIANCE
from maspo.optimizers.race.mixture import Candidate
from maspo.stats.ridge import ridge
from maspo.stats.share import share_interval

_SPREAD = 0.05
"""How much the worth of drafts is expected to differ (standard deviation): set by hand, twice the race's ``spread``."""
_MEAN_RUNS = 50
"""Runs that the expectation of a worth of 0 weighs as much as: set by hand, about a round of one block of agents."""
_MOST_EXAMPLES = 1000
"""Examples that are learned from: set by hand, far more than a run of a small team has; it bounds the time of a fit."""
_CLOSE_ENOUGH = 1e-5
"""No coefficient is told more exactly: worths differ by about 0.05, and thousands of words share that."""
_AUDIT_ONE_IN = 5
"""One in so many drafts is tried against the advice: a share set by hand, enough to see whether the proxy is right."""
_WORDS, _OWN_WORDS, _SHAPE = 0.5, 0.3, 0.2
"""Shares of the expected variance, set by hand: words whatever the agent, words of this agent, length and agent."""


@dataclass(frozen=True, slots=True)
class Example:
    """What a race measured of a draft: its worth in scores from −½ to ½, over this many runs."""

    draft: Candidate
    worth: float
    runs: float


@dataclass(frozen=True, slots=True)
class Proxy:
    """What a run has learned of drafts so far; the newest thousand examples count."""

    examples: tuple[Example, ...] = ()
    mean: float = 0.0
    """What a draft is worth on average, shrunk to 0."""
    coefficients: Mapping[str, float] = field(default_factory=dict)

    def after(self, examples: Iterable[Example]) -> Proxy:
        """Return the proxy that has learned from more examples; those without any run teach nothing."""
        known = (*self.examples, *(item for item in examples if item.runs > 0))[-_MOST_EXAMPLES:]
        runs = add_up(item.runs for item in known)
        mean = add_up(item.runs * item.worth for item in known) / (runs + _MEAN_RUNS)
        return Proxy(known, mean, _fit(known, mean))

    def predict(self, draft: Candidate) -> float:
        """Return the expected worth of a draft; the same for every draft while nothing is known."""
        return self.mean + add_up(self.coefficients.get(name, 0.0) * value for name, value in features(draft).items())


@lru_cache(maxsize=4096)  # drafts: more than a run of a small team has
def features(draft: Candidate) -> Mapping[str, float]:
    """Return what a draft changes in its parent prompt, by name; the squares of the values sum to at most 1."""
    before, after = normalize(draft.parent), normalize(draft.text)
    added, removed = Counter(after.counts), Counter(before.counts)
    words = [f"+{word}" for word in added - removed] + [f"-{word}" for word in removed - added]
    shape = {
        f"agent {draft.agent}": 1.0,
        "characters": _squeeze(draft.added_characters / 200),  # 200: a sentence or two
        "sentences added": _squeeze((_sentences(after.order) - _sentences(before.order)).total()),
        "sentences removed": _squeeze((_sentences(before.order) - _sentences(after.order)).total()),
    }
    each = 1 / sqrt(len(words) or 1)
    return {
        **{name: sqrt(_SHAPE / len(shape)) * value for name, value in shape.items()},
        **{word: sqrt(_WORDS) * each for word in words},
        **{f"{word} in {draft.agent}": sqrt(_OWN_WORDS) * each for word in words},
    }


def _sentences(order: Sequence[str]) -> Counter[tuple[str, ...]]:
    return Counter(tuple(words) for end, words in groupby(order, key=lambda word: word == END) if not end)


def _squeeze(value: float) -> float:
    """Return a number from −1 to 1 that grows ever more slowly."""
    return copysign(min(1.0, log1p(abs(value)) / 2), value)  # ±1 from about six on


def _fit(examples: Sequence[Example], mean: float) -> Mapping[str, float]:
    """Return the posterior mean of every coefficient."""
    columns: dict[str, list[tuple[int, float]]] = {}
    for number, item in enumerate(examples):
        for name, value in features(item.draft).items():
            columns.setdefault(name, []).append((number, value))
    found = ridge(
        list(columns.values()),
        [item.worth - mean for item in examples],
        [item.runs / SCORE_VARIANCE for item in examples],
        1 / _SPREAD**2,
        _CLOSE_ENOUGH,
    )
    return dict(zip(columns, found, strict=True))


# ── screening ────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Forecast:
    """What the proxy said of a draft, and what it expected of drafts on average, before anything was run."""

    draft: Candidate
    predicted: float
    average: float


@dataclass(frozen=True, slots=True)
class ScreenedDrafts:
    """The drafts of one agent after screening, each in one of three parts, the most promising first."""

    kept: tuple[Forecast, ...]
    dropped: tuple[Forecast, ...]
    audited: tuple[Forecast, ...]
    """Let through against the advice of the proxy, to see whether it is right."""

    @property
    def tried(self) -> tuple[Forecast, ...]:
        """The drafts that go into the race."""
        return (*self.kept, *self.audited)

    def event(self, step: str, agent: str) -> DraftsScreened:
        """Return the event of this screening."""
        kept, dropped, audited = len(self.kept), len(self.dropped), len(self.audited)
        return DraftsScreened(step, agent, kept + dropped + audited, kept, dropped, audited)


def screen(proxy: Proxy, drafts: Sequence[Candidate], keep: int, seed: int, step: str) -> ScreenedDrafts:
    """Keep the most promising drafts of one agent, and about one in five of the others as an audit.

    Drafts that the proxy cannot tell apart are taken in a drawn order; the draw depends on seed, step and draft alone.
    """
    forecasts = [Forecast(draft, proxy.predict(draft), proxy.mean) for draft in drafts]

    def place(item: Forecast) -> tuple[float, int]:
        return -item.predicted, _draw(seed, "screen", step, item)

    ordered = sorted(forecasts, key=place)
    others = ordered[keep:]
    audited = [item for item in others if _draw(seed, "audit", step, item) % _AUDIT_ONE_IN == 0]
    return ScreenedDrafts(tuple(ordered[:keep]), tuple(item for item in others if item not in audited), tuple(audited))


def _draw(seed: int, purpose: str, step: str, item: Forecast) -> int:
    return rank(seed, purpose, step, item.draft.agent, item.draft.id)


# ── was it right? ────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class ScreeningTally:
    """What screening saved in a run, and how often the proxy was right about drafts that were tried all the same."""

    kept: int = 0
    dropped: int = 0
    audited: int = 0
    runs_saved: int = 0
    agreed: int = 0
    """Drafts that the proxy put on the same side of the average as the race did."""
    disagreed: int = 0
    worth_kept: tuple[float, ...] = ()
    """What the race found, of each kept draft."""
    worth_audited: tuple[float, ...] = ()

    def after(self, screened: ScreenedDrafts, worth: Mapping[str, float], runs: int) -> ScreeningTally:
        """Return the tally after a race.

        ``worth`` holds, by draft text, what the race found, drafts without a run left out; ``runs`` is what a draft
        would have cost.
        """
        right = [agreed for item in screened.tried for agreed in _compare_with_race(item, worth)]
        return ScreeningTally(
            kept=self.kept + len(screened.kept),
            dropped=self.dropped + len(screened.dropped),
            audited=self.audited + len(screened.audited),
            runs_saved=self.runs_saved + runs * len(screened.dropped),
            agreed=self.agreed + sum(right),
            disagreed=self.disagreed + len(right) - sum(right),
            worth_kept=(*self.worth_kept, *_find_worths(screened.kept, worth)),
            worth_audited=(*self.worth_audited, *_find_worths(screened.audited, worth)),
        )

    @property
    def event(self) -> ProxyTold:
        """The totals as an event tells them."""
        return ProxyTold(
            asked=self.kept + self.dropped + self.audited,
            kept=self.kept,
            dropped=self.dropped,
            audited=self.audited,
            runs_saved=self.runs_saved,
            agreed=self.agreed,
            disagreed=self.disagreed,
            interval=share_interval(self.agreed, self.agreed + self.disagreed),
            worth_kept=_mean_or_none(self.worth_kept),
            worth_audited=_mean_or_none(self.worth_audited),
        )


def _compare_with_race(item: Forecast, worth: Mapping[str, float]) -> Iterator[bool]:
    """Yield whether forecast and race agree; nothing when either does not say more than the average."""
    found = worth.get(item.draft.text)
    if found is not None and item.average not in (item.predicted, found):
        yield (item.predicted > item.average) == (found > item.average)


def _find_worths(items: Sequence[Forecast], worth: Mapping[str, float]) -> Iterator[float]:
    return (worth[item.draft.text] for item in items if item.draft.text in worth)


def _mean_or_none(found: Sequence[float]) -> float | None:
    return add_up(found) / len(found) if found else None


@dataclass(slots=True)
class Screening:
    """The proxy of a run: what it has learned, what it made of the drafts of this round, how often it was right."""

    proxy: Proxy = field(default_factory=Proxy)
    tally: ScreeningTally = field(default_factory=ScreeningTally)
    screened: list[ScreenedDrafts] = field(default_factory=list)

    def screen(
        self, drafts: Mapping[str, Sequence[Candidate]], keep: int, seed: int, number: int
    ) -> tuple[dict[str, list[Candidate]], list[DraftsScreened]]:
        """Return the drafts of each agent that the proxy thinks most of, and an event for each agent."""
        steps = {agent: f"r{number}/{agent}" for agent in drafts}
        found = {agent: screen(self.proxy, own, keep, seed, steps[agent]) for agent, own in drafts.items()}
        self.screened = list(found.values())
        tried = {agent: [item.draft for item in one.tried] for agent, one in found.items()}
        return tried, [one.event(steps[agent], agent) for agent, one in found.items()]

    def learn(self, candidates: Sequence[Candidate], effects: Sequence[float], met: Sequence[int], runs: int) -> None:
        """Learn what the drafts of a round add, and count how often the proxy was right.

        ``met`` are the runs that each candidate was in; ``runs`` is what a draft would have taken part in.
        """
        learned = [Example(*one) for one in zip(candidates, effects, met, strict=True)]
        examples: list[Example] = []
        for screened in self.screened:
            tried = {item.draft for item in screened.tried}
            own = [example for example in learned if example.draft in tried]
            worth = {example.draft.text: example.worth for example in own if example.runs}
            self.tally = self.tally.after(screened, worth, runs)
            examples += own
        self.proxy = self.proxy.after(examples)

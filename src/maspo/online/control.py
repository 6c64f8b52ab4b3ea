"""What a watch does next, as a function of what it has seen: a generator that asks, and is sent what was found. Pure.

    look ──▶ window by window, until evidence of a change ──▶ (roll back) ──▶ search ──▶ canary ──▶ promote or keep

Why: ``docs/design/0031-watching.md``.
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal, NoReturn, TypeAlias

from maspo.core.prompts import Prompts
from maspo.core.seeded import rank
from maspo.online.plan import BETS, Costs, Plan
from maspo.online.record import SearchEnded, WindowSeen
from maspo.stats.drift import Detector, Streams, bets_on_losses, evidence_for, evidence_in_reach

State: TypeAlias = Literal["learning", "in control", "drifting", "optimizing", "rolled back"]
STREAMS: Final[Mapping[str, bool]] = {
    "lengths": True,
    "words": True,
    "replies": True,
    "anchor": True,
    "model": False,
    "judge": False,
}
"""What is watched, and whether smaller values than before are a change, too: lengths of inputs, how unexpected their
words are, lengths of replies, verdicts against the anchor, how far replies to earlier inputs differ from the earlier
ones, whether the judge contradicts its earlier verdicts."""
MEANS: Final[Mapping[str, str]] = {
    "lengths": "inputs are longer or shorter",
    "words": "inputs speak of other things",
    "replies": "replies are longer or shorter",
    "anchor": "the shipped prompts do better or worse against the anchor",
    "model": "the model answers earlier inputs differently",
    "judge": "the judge contradicts its earlier verdicts",
    "worse": "the shipped prompts lose against the anchor",
}
JUDGE, WORSE = "judge", "worse"
_CALM = 0.1
"""Share of the evidence of an alarm below which nothing seems to change; a judge above it is asked after before its
verdicts decide anything."""
_LEARNED = 3
"""Windows after which "in control" is said: before, there is little that something could be unlike."""
_TOLD = 0.2
"""Share of the evidence from which on a stream is named as a reason."""


@dataclass(frozen=True, slots=True)
class Told:
    """Something that the watch decided, in one sentence, with the state that it is in from then on."""

    window: int
    """After which window."""
    state: State
    what: str


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a watch stands: all that one screen shows."""

    state: State
    windows: int
    shipped: Prompts
    anchor: Prompts
    candidate: Prompts | None
    evidence: float
    """That something has changed; an alarm rings at ``Plan.windows_per_alarm``."""
    shares: Mapping[str, float]
    """What each stream adds to it."""
    canary: tuple[int, int]
    """Inputs that the candidate won and lost, those of its search's hold-out included."""
    month: str
    calls: int
    """In this month."""
    usd: float | None
    waiting: str
    """What it waits for, besides inputs; empty mostly."""
    told: tuple[Told, ...]
    simulated: bool = False
    """A simulated world has answered, so what it found is no evidence of real models."""


@dataclass(frozen=True, slots=True)
class Look:
    """Take the next window. Whatever is None or 0 is not to be run; what needs no call is looked at always."""

    standing: Standing
    number: int
    reference: int = 0
    """The window whose runs and pairs are repeated; 0: none."""
    anchor: Prompts | None = None
    candidate: Prompts | None = None
    measured: bool = True
    """Whether models may be asked."""


@dataclass(frozen=True, slots=True)
class Search:
    """Search on the inputs of some windows, first to last, with so many calls at most."""

    standing: Standing
    number: int
    start: Prompts
    """The prompts to start from: the shipped ones, or the anchor where these did worse in the latest windows."""
    windows: tuple[int, int]
    calls: int | None
    usd: float | None


Ask: TypeAlias = Look | Search
Found: TypeAlias = WindowSeen | SearchEnded
Watching: TypeAlias = Generator[Ask, Found, NoReturn]


def watching(plan: Plan, costs: Costs, shipped: Prompts, anchor: Prompts) -> Watching:
    """Watch prompts that are in use: yield what to do next, and be sent what was found; this never ends."""
    return _Watch(plan, costs, shipped, anchor).run()


@dataclass(slots=True)
class _Spending:
    """What was spent, month by month."""

    month: str = ""
    calls: int = 0
    usd: float | None = 0.0
    searches: int = 0
    """Searches of this month."""
    of_windows: tuple[int, float | None] = (0, 0.0)
    """All calls and money of windows, in all months."""
    others: dict[str, tuple[int, float | None, int]] = field(default_factory=dict)
    """Calls, money and searches of other months: a clock that is set back finds what its month has spent."""

    def turn(self, month: str) -> None:
        if month != self.month:
            self.others[self.month] = (self.calls, self.usd, self.searches)
            self.month = month
            self.calls, self.usd, self.searches = self.others.get(month, (0, 0.0, 0))

    def add(self, calls: int, usd: float | None) -> None:
        self.calls += calls
        self.usd = None if usd is None or self.usd is None else self.usd + usd


@dataclass
class _Watch:
    plan: Plan
    costs: Costs
    shipped: Prompts
    anchor: Prompts
    candidate: Prompts | None = None
    state: State = "learning"
    waiting: str = ""
    windows: int = 0
    searches: int = 0
    reference: int = 0
    """The window that later ones are held against; 0 until there is one."""
    watched: Streams = field(init=False)
    worse: Detector = field(default_factory=Detector)
    calm: int = 0
    """The latest window after which there was no evidence of a change to speak of."""
    searched: int = 0
    """The latest window whose inputs a search was given."""
    met: dict[int, tuple[int, int]] = field(default_factory=dict)
    """By window, wins less losses of the shipped prompts against the anchor, and on how many inputs."""
    canary: tuple[int, int] = (0, 0)
    ahead: tuple[Prompts, tuple[int, int]] | None = None
    """A candidate that was given up while it was ahead, and the inputs that it won and lost."""
    spent: _Spending = field(default_factory=_Spending)
    told: list[Told] = field(default_factory=list)
    simulated: bool = False

    def __post_init__(self) -> None:
        self.watched = Streams(STREAMS, BETS[self.plan.bets])

    def run(self) -> Watching:
        while True:
            while not self.alarm():
                yield from self.look()
            if self.judges_otherwise():
                yield from self.hold()
            else:
                self.ring()
            if (yield from self.answer_change()):
                self.start_anew()

    def answer_change(self) -> Generator[Ask, Found, bool]:
        """Search, and try what is found; return False where another change shows before a search can be paid."""
        for attempt in range(self.plan.searches):
            if attempt and not self.may_find_more():
                break
            while self.missing() or not self.pays(self.costs.search):
                if self.pays(self.costs.search):
                    yield from self.gather()
                elif not (yield from self.wait_for_means()):
                    return False
            start = self.start(attempt)
            ended = yield from self.search(start)
            worth = self.worth_trying(ended)
            if not worth and self.ahead is not None and self.plan.again != "always":
                ended, worth = replace(ended, winners=self.ahead[0]), True
            if worth and (yield from self.try_candidate(ended, start)):
                break
        return True

    # ── windows ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def look(self) -> Generator[Ask, Found, None]:
        """Take a window, and tell where nothing has changed."""
        yield from self.weigh(self.pays(self.costs.look, kept_for_search=True))
        if not self.reference or self.reference == self.windows:
            return
        if self.seems_calm():
            self.calm = self.windows
        if self.state == "learning" and self.windows - self.reference >= _LEARNED:
            self.tell("in control", "nothing has changed so far")

    def weigh(self, measured: bool) -> Generator[Ask, Found, None]:
        """Take a window, and weigh what it shows against the first of its stretch that was measured."""
        # The anchor tells nothing where it is what is shipped.
        anchor = self.anchor if self.anchor != self.shipped else None
        asked = Look(self.standing(), self.windows + 1, self.reference, anchor, measured=measured)
        seen = yield from self.seen(asked)
        if not self.reference:
            if measured:
                self.reference = seen.number
            return
        self.watched.step(seen.scores, self.chances(seen.number))
        self.met[seen.number] = sum(seen.against_anchor), len(seen.against_anchor)
        self.worse = self.worse.after(bets_on_losses(seen.against_anchor) if seen.against_anchor else ())

    def seen(self, asked: Look) -> Generator[Ask, Found, WindowSeen]:
        found = yield asked
        if not isinstance(found, WindowSeen):
            raise TypeError(f"a window was asked for; got {found!r:.200}")
        before_calls, before_usd = self.spent.of_windows
        self.windows = found.number
        self.simulated = self.simulated or found.simulated
        calls, money = found.budget
        self.plan = replace(self.plan, calls=calls, usd=money, follow_judge=found.follow_judge)
        self.spent.turn(found.month)
        usd = None if found.usd is None or before_usd is None else found.usd - before_usd
        self.spent.add(found.calls - before_calls, usd)
        self.spent.of_windows = (found.calls, found.usd)
        return found

    def chances(self, window: int) -> Iterator[float]:
        """Yield uniform numbers that belong to a window."""
        number = 0
        while True:
            yield (rank(self.plan.seed, "tie", window, number) + 0.5) / 2**64
            number += 1

    # ── alarm and roll-back ──────────────────────────────────────────────────────────────────────────────────────────

    def evidence(self) -> float:
        """Return the evidence of a change: both halves together ring falsely as seldom as the plan says."""
        return (self.watched.evidence() + self.worse.evidence) / 2

    def shares(self) -> dict[str, float]:
        shares = {name: share / 2 for name, share in self.watched.shares().items()}
        return {**shares, WORSE: self.worse.evidence / 2}

    def seems_calm(self) -> bool:
        return self.evidence() < _CALM * self.plan.windows_per_alarm

    def alarm(self) -> bool:
        return self.evidence() >= self.plan.windows_per_alarm

    def ring(self) -> None:
        """Tell what has changed; where the shipped prompts lose against what was before them, go back to it."""
        self.tell("drifting", self.reasons())
        if self.worse.evidence >= self.plan.windows_per_alarm:
            self.shipped, self.anchor = self.anchor, self.shipped
            self.met = {window: (-net, count) for window, (net, count) in self.met.items()}
            # What showed that was about the others, and so was what was found beside them.
            self.worse, self.ahead = Detector(), None
            self.tell("rolled back", "the prompts that were shipped before are in use again; a search follows")

    def reasons(self) -> str:
        total = self.evidence()
        causes = sorted(self.shares().items(), key=lambda item: -item[1])
        named = "; ".join(MEANS[name] for name, share in causes if share >= _TOLD * total)
        return f"{named} (evidence {total:,.0f}, alarm at {self.plan.windows_per_alarm:,})"

    def judges_otherwise(self) -> bool:
        """Return whether the judge seems to have changed, so that its verdicts prove nothing until somebody says so."""
        judge = self.watched.detectors.get(JUDGE, Detector())
        return not self.plan.follow_judge and judge.evidence >= _CALM * self.plan.windows_per_alarm

    def hold(self) -> Generator[Ask, Found, None]:
        """Keep the prompts, and look only at what needs no judge, until somebody lets the judge decide again."""
        self.tell("drifting", self.reasons())
        self.tell("drifting", "the judge contradicts itself, so nothing is searched or rolled back by its verdicts")
        self.waiting = "look at the judge; where it is right, or right again, --follow-judge goes on with it"
        while not self.plan.follow_judge:
            yield from self.seen(Look(self.standing(), self.windows + 1, measured=False))
        self.waiting = ""

    def start_anew(self) -> None:
        """Take what comes from now on for normal."""
        self.candidate, self.canary, self.ahead, self.waiting = None, (0, 0), None, ""
        self.worse, self.met = Detector(), {}
        self.measure_anew()
        self.calm = self.windows
        self.state = "learning"

    def measure_anew(self) -> None:
        """Hold what comes from now on against the next window."""
        self.reference, self.watched = 0, Streams(STREAMS, BETS[self.plan.bets])

    # ── search ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def missing(self) -> int:
        """Return how many windows of inputs a search still waits for, which have come since the change."""
        return max(0, self.plan.fresh_windows - (self.windows - max(self.calm, self.searched)))

    def gather(self) -> Generator[Ask, Found, None]:
        """Wait until enough inputs have come since the change, and compare on them what a search may start from."""
        while (missing := self.missing()) and self.pays(self.costs.search):
            self.waiting = f"a search follows on new inputs, after {missing} more of their windows"
            anchor = self.anchor if self.anchor != self.shipped else None
            measured = anchor is not None and self.pays(self.costs.look + self.costs.search)
            seen = yield from self.seen(Look(self.standing(), self.windows + 1, anchor=anchor, measured=measured))
            self.met[seen.number] = sum(seen.against_anchor), len(seen.against_anchor)
        self.waiting = ""

    def wait_for_means(self) -> Generator[Ask, Found, bool]:
        """Wait until the month can pay a search, and measure meanwhile; return False where something changes again.

        What the search is about is told already, so what comes now is held against how things are now.
        """
        self.measure_anew()
        calm = self.windows
        while not self.pays(self.costs.search):
            self.waiting = f"a search may take {self.costs.search:,} calls, more than is left of {self.spent.month}"
            yield from self.weigh(self.pays(self.costs.look))
            if self.alarm():
                self.calm, self.waiting = calm, ""
                return False
            if self.seems_calm():
                calm = self.windows
        self.waiting = ""
        if self.judges_otherwise():
            yield from self.hold()
        return True

    def search(self, start: Prompts) -> Generator[Ask, Found, SearchEnded]:
        """Search on the latest windows."""
        self.searches += 1
        self.state = "optimizing"
        first = max(1, self.windows - self.plan.search_windows + 1)
        calls = None if self.plan.calls is None else self.plan.calls - self.spent.calls
        usd = None if self.plan.usd is None else self.plan.usd - (self.spent.usd or 0.0)
        found = yield Search(self.standing(), self.searches, start, (first, self.windows), calls, usd)
        self.searched = self.windows
        if not isinstance(found, SearchEnded):
            raise TypeError(f"a search was asked for; got {found!r:.200}")
        self.spent.turn(found.month)
        self.spent.add(found.calls, found.usd)
        self.spent.searches += 1
        return found

    def start(self, attempt: int) -> Prompts:
        """Return the prompts that a search starts from, which ships nothing.

        These are the shipped ones, or the anchor where they have lost more than half of their lead over it: what
        is amiss in them now is not easily found one by one. Where nothing came of the one, the other; where a candidate
        was ahead, but not far enough, that candidate.
        """
        if self.ahead is not None:
            return self.ahead[0]
        return self.anchor if self.lost_its_lead() != bool(attempt % 2) else self.shipped

    def may_find_more(self) -> bool:
        """Return whether another search may find what one did not.

        One from a candidate that was ahead may, or from the shipped prompts, or on newer inputs where these are the
        anchor. One from an anchor that is as far behind them as before would have to make up for that first.
        """
        start_is_behind = self.shipped != self.anchor and not self.lost_its_lead()
        return self.plan.again == "always" or self.ahead is not None or not start_is_behind

    def lost_its_lead(self) -> bool:
        """Return whether the shipped prompts have lost more than half of their lead over the anchor."""
        since = self.before_change()
        return self.lead(since + 1) < max(0.0, self.lead(0, since)) / 2

    def before_change(self) -> int:
        """Return the last window that counts as one before the change."""
        return min(self.calm, self.windows - self.plan.search_windows)

    def fallback(self, promoted: Prompts) -> Prompts:
        """Return what promoted prompts are held against from then on, and rolled back to.

        That are the prompts which they replace, or the anchor where that did better than those since the change. A
        search from the anchor that finds nothing may bring the anchor itself: then there are only those to go back to.
        """
        anchor_did_better = self.plan.fallback == "better" and self.lead(self.before_change() + 1) < 0
        return self.anchor if anchor_did_better and promoted != self.anchor else self.shipped

    def lead(self, first: int, last: int = sys.maxsize) -> float:
        """Return the net win rate of the shipped prompts against the anchor in some windows."""
        met = [one for window, one in self.met.items() if first <= window <= last]
        return sum(net for net, _ in met) / max(1, sum(count for _, count in met))

    def worth_trying(self, found: SearchEnded) -> bool:
        """Return whether what a search found may meet new inputs: it differs, and may still show that it is better."""
        if found.winners == self.shipped:
            self.tell("in control", "the search found nothing better; the shipped prompts stay")
            return False
        if found.losses > found.wins and not self.may_show_it(found):
            counts = f"{found.wins} won, {found.losses} lost"
            self.tell("in control", f"what the search found lost on its hold-out ({counts}); the shipped prompts stay")
            return False
        return True

    def may_show_it(self, found: SearchEnded) -> bool:
        """Return whether a candidate that has lost on its hold-out may be tried: as if it had been a part of the trial.

        Not beside a candidate that was ahead, whose trial goes on instead.
        """
        if not found.tested or self.ahead is not None:
            return False
        trial = self.plan.canary_windows * self.plan.in_canary / found.tested
        return evidence_in_reach(found.wins, found.losses, trial) >= 1 / self.plan.level

    # ── canary ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def try_candidate(self, found: SearchEnded, start: Prompts) -> Generator[Ask, Found, bool]:
        """Run a candidate beside the shipped prompts on new inputs until it is promoted, or not; return whether."""
        # Against other prompts than the shipped ones its hold-out is no evidence.
        held_out = (found.wins, found.losses) if start == self.shipped else (0, 0)
        if self.ahead is not None and found.winners == self.ahead[0]:  # its trial goes on
            held_out = self.ahead[1]
        self.candidate, self.canary = found.winners, held_out
        share = f"{100 * self.plan.canary:.0f}% of new inputs"
        self.tell("optimizing", f"a candidate runs beside the shipped prompts on {share}")
        met, enough, in_reach = 0, 1 / self.plan.level, True
        while met < self.plan.canary_windows and in_reach:
            measured = self.pays(self.costs.canary)
            self.waiting = "" if measured else f"nothing is left of {self.spent.month}"
            candidate = self.candidate if measured else None
            asked = Look(self.standing(), self.windows + 1, candidate=candidate, measured=measured)
            seen = yield from self.seen(asked)
            if not seen.canary:
                continue
            met += 1
            won, lost = self.canary[0] + seen.canary.count(1), self.canary[1] + seen.canary.count(-1)
            self.canary = won, lost
            if evidence_for(lost, won) >= enough:
                self.drop(f"the candidate is worse ({won} won, {lost} lost); it is dropped")
                return False
            if (evidence := evidence_for(won, lost)) >= enough:
                self.shipped, self.anchor = found.winners, self.fallback(found.winners)
                counts = f"{won} won, {lost} lost; evidence {evidence:,.0f} of {enough:,.0f}"
                self.tell("in control", f"the candidate is promoted ({counts})")
                return True
            if self.plan.hopeless == "early":
                new, further = (won - held_out[0], lost - held_out[1]), self.plan.canary_windows / met - 1
                in_reach = evidence_in_reach(*new, further, held_out) >= enough
        won, lost = self.canary
        if self.plan.from_candidate and evidence_for(won, lost) >= 1:
            self.ahead = found.winners, self.canary
        showed = "did not show" if in_reach else "is not going to show"
        self.drop(f"the candidate {showed} that it is better ({won} won, {lost} lost); it is dropped")
        return False

    def drop(self, why: str) -> None:
        self.candidate, self.canary = None, (0, 0)
        self.tell("in control", why)

    # ── parts ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def pays(self, calls: int, kept_for_search: bool = False) -> bool:
        """Return whether the rest of the month pays so many calls, and the first search of the month on top."""
        plan, spent = self.plan, self.spent
        kept = kept_for_search and not spent.searches
        if plan.calls is not None and spent.calls + calls + kept * self.costs.search > plan.calls:
            return False
        if plan.usd is None:
            return True
        # Half of the money is kept for the first search, since what one costs is not known before.
        return spent.usd is not None and spent.usd < plan.usd * (0.5 if kept else 1.0)

    def tell(self, state: State, what: str) -> None:
        self.state = state
        self.told.append(Told(self.windows, state, what))

    def standing(self) -> Standing:
        return Standing(
            state=self.state,
            windows=self.windows,
            shipped=self.shipped,
            anchor=self.anchor,
            candidate=self.candidate,
            evidence=self.evidence(),
            shares=self.shares(),
            canary=self.canary,
            month=self.spent.month,
            calls=self.spent.calls,
            usd=self.spent.usd,
            waiting=self.waiting,
            told=tuple(self.told),
            simulated=self.simulated,
        )

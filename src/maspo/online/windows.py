"""Looking at one window: the team runs on some of its inputs, the judge compares, and what is seen becomes numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from maspo.core.concurrency import together
from maspo.core.errors import CallFailed
from maspo.core.prompts import Prompts
from maspo.core.seeded import rank, shuffled
from maspo.core.trace import Trace
from maspo.core.verdict import Level, Verdict
from maspo.data.inputs import Input, input_text
from maspo.judges.base import JUDGES, Judge, Question, compare_both_orders, task_shown
from maspo.online.control import Look
from maspo.online.measures import Vocabulary, distance, length, text_of
from maspo.online.plan import Plan
from maspo.scoring.answers import same_answer
from maspo.study.resolve import chosen_part
from maspo.study.session import Redrawn, Session

_Run: TypeAlias = tuple[Input, Trace | None]
_Pair: TypeAlias = tuple[Input, Trace, Trace]
_NET = {Verdict.WIN: 1, Verdict.LOSS: -1}


@dataclass(frozen=True)
class Window:
    """The inputs of a window, by number from 1, and which of them the shipped prompts are run on."""

    number: int
    rows: tuple[Input, ...]
    fresh: tuple[Input, ...]
    """Those that no earlier window was run on, each once, in the order in which they are taken."""

    def run(self, plan: Plan, look: Look) -> tuple[Input, ...]:
        """Return the inputs on which models are asked.

        There are more of them in the first window of a stretch, which later ones are held against.
        """
        if not look.measured:
            return ()
        if look.candidate is not None:
            return self.fresh[: plan.in_canary]
        return self.fresh[: compared_in(plan, look.reference)]

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """What each input says."""
        return tuple(text_of(row.columns) for row in self.rows)


def compared_in(plan: Plan, reference: int) -> int:
    """Return on how many inputs of a window the shipped prompts run, by the number of the window behind it."""
    return plan.compared if reference else min(plan.window, 2 * plan.compared)


def paired_in(plan: Plan, kinds: int) -> int:
    """Return to how many inputs of the reference there are pairs of replies, of so many kinds."""
    return min(compared_in(plan, 0), -(-plan.pairs // kinds))


def window_of(number: int, rows: Sequence[Input], known: frozenset[str] | set[str], seed: int) -> Window:
    """Return a window; ``known`` are the keys of inputs that models were asked about before."""
    new = {row.key: row for row in rows if row.key not in known}
    return Window(number, tuple(rows), tuple(new[key] for key in shuffled(new, seed, "window", number)))


@dataclass(frozen=True, slots=True)
class Sights:
    """What a window showed."""

    scores: dict[str, tuple[float, ...]]
    against_anchor: tuple[int, ...]
    canary: tuple[int, ...]


@dataclass(frozen=True)
class Sight:
    """Looks at a window. ``session`` knows its inputs, and those of the reference."""

    session: Session
    plan: Plan
    look: Look
    window: Window
    reference: Window | None
    """The window that this one is held against, with the look that was taken at it."""

    async def measure(self) -> Sights:
        """Run, judge and measure."""
        shipped, look = self.look.standing.shipped, self.look
        rows = self.window.run(self.plan, look)
        runs = list(zip(rows, await self._runs(shipped, rows), strict=True))
        anchor = await self._met(shipped, look.anchor, runs)
        canary = await self._met(look.candidate, shipped, runs, turned=True)
        scores: dict[str, tuple[float, ...]] = {}
        if self.reference is not None and look.candidate is None:
            vocabulary = Vocabulary(self.reference.texts)
            scores["words"] = tuple(vocabulary.surprise(text) for text in self.window.texts)
            scores["lengths"] = tuple(length(text) for text in self.window.texts)
            scores["replies"] = tuple(length(run.output) for _, run in runs if run is not None)
            scores["anchor"] = tuple(float(one) for one in anchor)
            if look.measured:
                scores["model"] = await self._changed_replies(self.reference)
                scores["judge"] = await self._changed_verdicts(self.reference)
        return Sights({name: found for name, found in scores.items() if found}, anchor, canary)

    async def _runs(self, prompts: Prompts, rows: Sequence[Input], repeat: int = 0) -> list[Trace | None]:
        async def one(row: Input) -> Trace | None:
            try:
                return await self.session.runner(repeat).run(prompts, row.key)
            except CallFailed:
                return None

        return await together(map(one, rows))

    async def _met(
        self, first: Prompts | None, second: Prompts | None, runs: Sequence[_Run], turned: bool = False
    ) -> tuple[int, ...]:
        """Return how the first prompts do against the second; ``runs`` are those of one of them, by ``turned``."""
        if first is None or second is None:
            return ()
        others = await self._runs(first if turned else second, [row for row, _ in runs])
        pairs = [
            (row, other, run) if turned else (row, run, other) for (row, run), other in zip(runs, others, strict=True)
        ]
        return tuple(one for one in await together(self._net(*pair) for pair in pairs) if one is not None)

    async def _net(self, row: Input, one: Trace | None, other: Trace | None) -> int | None:
        """Return how a run does against another; a team that brings no answer has lost against one that does."""
        if one is None or other is None:
            return None if one is other or other is None else -1
        verdict = await self._verdict(self.session.judge, row, one, other)
        return None if verdict is Verdict.UNDECIDED else _NET.get(verdict, 0)

    async def _verdict(self, judge: Judge, row: Input, one: Trace, other: Trace) -> Verdict:
        if same_answer(self.session.job.system.final_answer, one.output, other.output):
            return Verdict.TIE
        return await self._preferred(judge, row, one, other)

    async def _preferred(self, judge: Judge, row: Input, one: Trace, other: Trace) -> Verdict:
        """Return what a judge says of two replies, also where their answers are the same."""
        system = self.session.job.system
        role, rubric = system.by_name[system.output].description, self.session.job.config.judge.rubric
        read = task_shown(input_text(row), rubric)
        try:
            return await compare_both_orders(
                judge, Question(Level.GLOBAL, system.output, role, read, one.output, other.output, candidate_first=True)
            )
        except CallFailed:
            return Verdict.UNDECIDED

    # ── what is repeated: the calls of the reference are answered from the record ────────────────────────────────────

    async def _changed_replies(self, reference: Window) -> tuple[float, ...]:
        """Return how far replies to earlier inputs are now from what they were."""
        shipped = self.look.standing.shipped
        rows = self._drawn(reference)[: self.plan.repeated]
        before = await self._runs(shipped, rows)
        now = await self._runs(shipped, rows, repeat=self.look.number)
        spec = self.session.job.system.final_answer
        return tuple(
            distance(spec, one.output, other.output)
            for one, other in zip(before, now, strict=True)
            if one is not None and other is not None
        )

    async def _changed_verdicts(self, reference: Window) -> tuple[float, ...]:
        """Return for some pairs of the reference whether the judge now says something else: 1, or 0."""
        settled = await self._settled(reference)
        number = self.look.number
        order = sorted(range(len(settled)), key=lambda place: rank(self.plan.seed, "pairs", number, place))
        drawn = [settled[place] for place in order[: self.plan.judged]]
        again = self._judge_again(number)
        found = await together(self._preferred(again, *pair) for pair, _ in drawn)
        return tuple(
            float(before is not now)
            for (_, before), now in zip(drawn, found, strict=True)
            if now is not Verdict.UNDECIDED
        )

    async def _settled(self, reference: Window) -> list[tuple[_Pair, Verdict]]:
        """Return the pairs of the reference of which the judge said twice the same, with what it said.

        What it cannot decide it would contradict later, too, and each such pair would hide a change of taste.
        """
        pairs = await self._pairs(reference)
        again = self._judge_again(reference.number)
        found = await together(
            together([self._preferred(self.session.judge, *pair), self._preferred(again, *pair)]) for pair in pairs
        )
        return [
            (pair, one)
            for pair, (one, other) in zip(pairs, found, strict=True)
            if one is other and one is not Verdict.UNDECIDED
        ]

    async def _pairs(self, reference: Window) -> list[_Pair]:
        """Return pairs of replies to the inputs of the reference, by turns of two kinds, as far as the plan has them.

        Two replies of the shipped prompts differ in luck alone, so that small things decide: these show a change of
        taste which the second kind, shipped prompts against the anchor, is too clear to show.
        """
        shipped, anchor = self.look.standing.shipped, self.look.anchor
        rows = reference.fresh[: paired_in(self.plan, 1 if anchor is None else 2)]
        asked = [self._runs(shipped, rows), self._runs(shipped, rows, repeat=reference.number)]
        runs = await together([*asked, self._runs(anchor, rows)] if anchor is not None else asked)
        pairs = [
            (row, one, other)
            for row, first, *others in zip(rows, *runs, strict=True)
            for one, other in ((first, second) for second in others)
            if one is not None and other is not None and one.output != other.output
        ]
        return pairs[: self.plan.pairs]

    def _drawn(self, reference: Window) -> list[Input]:
        """Return the inputs of the reference in an order drawn for this window."""
        rows = {row.key: row for row in reference.fresh[: compared_in(self.plan, 0)]}
        return [rows[key] for key in shuffled(rows, self.plan.seed, "again", self.look.number)]

    def _judge_again(self, repeat: int) -> Judge:
        """Return the judge, asked anew: only what it replied in this repeat counts."""
        session = self.session
        config = session.job.config
        kind = chosen_part(session.parts.judge, config.judge.kind)
        model = Redrawn(session.model, repeat)
        made: Judge = JUDGES.make(kind, model, config.models.of_judge(), config.seed, **config.judge.options)
        return made

"""What is alternated, and what each turn may spend: one budget over all, and one test at the end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal, TypeAlias

from maspo.config import Caps
from maspo.core.errors import ConfigInvalid
from maspo.core.sums import add_up
from maspo.core.usage import Usage
from maspo.data.inputs import Input
from maspo.data.tasks.task import Task, TaskRow
from maspo.optimizers.structure.base import Method, StructurePlan
from maspo.runners.base import RUNNERS, most_calls, runner_kind
from maspo.study.evaluation.job import JUDGE, Evaluation
from maspo.study.job import Job, Split
from maspo.study.record import JsonForm, differences_between
from maspo.study.resolve import split_of, team_of
from maspo.team import System

Turn: TypeAlias = Literal["prompts", "structure"]
TURNS: tuple[Turn, ...] = ("prompts", "structure", "prompts")
"""Under seed prompts nobody adds much, and a team loses members whom it later lacks: prompts come first (0034)."""
SHARES = (0.5, 0.2, 0.3)
"""The part of the budget that each turn may use, of what the test leaves; what one leaves over goes to those after it.
Half for the first prompts, since the structure is judged under them; greedy removal takes some hundred calls."""
_PLANNED_OF_A_SHARE = 0.9
"""A search may end its last round beyond its plan (0018)."""
_FEWEST = 100
"""The smallest plan of our own search."""
_FEWEST_HELD_OUT = 20
"""As of a run of prompts alone: with fewer, five wins without a loss are rare."""
_MOST_OF_A_CAP = 0.5
"""Part of a cap that is kept for the test, at most: as of a single run."""
_LEAST = 1e-9
"""What a turn gets where nothing is left: a cap that no call fits under."""


@dataclass(frozen=True)
class Alternation:
    """Everything that determines an alternation: a job as ``optimize`` has it, and what may change of the structure."""

    job: Job
    plan: StructurePlan = field(default_factory=StructurePlan)
    method: Method = "greedy"

    @property
    def calls(self) -> int:
        """The calls of everything: those that the settings plan for prompts alone, or a cap below them.

        Raises:
            ConfigInvalid: neither is told.

        """
        caps, planned = self.job.config.caps.calls, self.job.config.search.planned_calls(team_of(self.job))
        known = [calls for calls in (caps, planned) if calls is not None]
        if not known:
            raise ConfigInvalid(
                f"--optimize prompts,structure: search.method={self.job.config.search.method} makes no plan of calls; "
                "give --max-calls, which is shared out among the turns"
            )
        return min(known)

    @cached_property
    def calls_of_a_run(self) -> int:
        """The calls of one run of the given team, at most."""
        system, runner = self.job.system, self.job.config.runner
        often = most_calls(RUNNERS.get(runner_kind(system, runner.kind)), system, runner.options)
        return sum(often.get(name, 1) for name in system.order)

    @cached_property
    def split(self) -> Split:
        """What the turns may see, and what is held out of all of them."""
        most = max(_FEWEST_HELD_OUT, self.calls // self.job.config.holdout.one_in // self._test_of_an_input)
        given = self.job.config.holdout.most
        holdout = self.job.config.holdout.model_copy(update={"most": most if given is None else min(most, given)})
        return split_of(replace(self.job, config=self.job.config.model_copy(update={"holdout": holdout})))

    @property
    def _test_of_an_input(self) -> int:
        """Three teams run, as given, with new prompts, and with new prompts and structure; two of them judged."""
        return 3 * self.calls_of_a_run + 2 * 2

    @property
    def test_calls(self) -> int:
        """Upper bound of the calls of the test."""
        return len(self.split.holdout) * self._test_of_an_input

    @property
    def planned(self) -> Mapping[str, int]:
        """About how many calls each turn gets, by its name, if those before it use theirs."""
        left = self.calls - self.test_calls
        return {
            f"{place} {turn}": int(left * share)
            for place, (turn, share) in enumerate(zip(TURNS, SHARES, strict=True), 1)
        }

    def check(self) -> None:
        """Check that every turn can begin, and that all that is asked for can be kept.

        Raises:
            ConfigInvalid: the budget is too small, or a setting is one that turns cannot keep.

        """
        if (unkept := next(self._unkept(), None)) is not None:
            setting, why = unkept
            raise ConfigInvalid(f"--optimize prompts,structure: {setting} cannot be kept here: {why}")
        of_prompts = add_up(share for share, turn in zip(SHARES, TURNS, strict=True) if turn == "prompts")
        needed = self.test_calls + int(TURNS.count("prompts") * _FEWEST / _PLANNED_OF_A_SHARE / of_prompts) + 1
        if self.calls < needed:
            raise ConfigInvalid(
                f"--optimize prompts,structure: {self.calls:,} calls in all, of which the test on "
                f"{len(self.split.holdout)} held-out inputs takes {self.test_calls:,} at most; give {needed:,} or more "
                "(search.calls, --max-calls), or optimize prompts alone"
            )

    def _unkept(self) -> Iterator[tuple[str, str]]:
        """Yield settings that would change nothing, each with why and what to do."""
        config = self.job.config
        if config.holdout.approve != "none":
            yield (
                "--approve each",
                "the turns go on without a person. Leave it out, and look at report.md before you use system.yaml; "
                "nothing of yours is changed. Or optimize prompts alone, where each of them is asked for",
            )
        if config.holdout.ship_if == "better":
            yield "--ship-if better", "system.yaml is a team that is proven; leave it out"
        if config.focus:
            yield "--focus", "a member in focus may turn out not to be needed; leave it out, or optimize prompts alone"
        for name in ("rerun", "leave_one_out"):
            if getattr(config.holdout, name):
                yield f"holdout.{name}", "the test at the end has no such part; leave it out, or optimize prompts alone"

    def rows(self, keys: Sequence[str]) -> tuple[Input, ...]:
        """Return inputs by their keys."""
        of = {row.key: row for row in self.job.inputs.rows}
        return tuple(of[key] for key in keys)

    def prompts_job(self, system: System, number: int, spent: Usage, seconds: float) -> Job:
        """Return the job of a turn that rewrites prompts; what it holds out is one input, so that its test is none."""
        config = self.job.config
        share = self._share(number, spent.calls)
        search = config.search
        if hasattr(search, "calls"):
            search = search.model_copy(update={"calls": max(_FEWEST, int(_PLANNED_OF_A_SHARE * share))})
        if hasattr(search, "audited_rounds"):  # proofs come on top of a plan, and a share has nothing on top
            search = search.model_copy(update={"audited_rounds": 0})
        caps = self._caps(number, spent, seconds)
        if not hasattr(search, "calls"):  # it makes no plan, so that its share is a cap
            caps = caps.model_copy(update={"calls": share})
        holdout = config.holdout.model_copy(
            update={"most": 1, "approve": "none", "rerun": 0, "leave_one_out": False, "ship_if": "proven"}
        )
        made = config.model_copy(update={"search": search, "caps": caps, "holdout": holdout})
        inputs = replace(self.job.inputs, rows=self.rows(self.split.search))
        carried = self.job.carried if number == 0 else {}
        return replace(self.job, system=system, inputs=inputs, config=made, sources={}, carried=carried)

    def evaluation(self, system: System, keys: Sequence[str], caps: Caps) -> Evaluation:
        """Return what lets teams meet on some of the inputs, under some caps."""
        rows = tuple(TaskRow(row.columns, row.label, row.answer) for row in self.rows(keys))
        task = Task(name=self.job.system.name, test_rows=rows)
        config = self.job.config.model_copy(update={"caps": caps})
        return Evaluation(system, task, config, system.prompts, scorer=JUDGE, world=self.job.world)

    def structure_caps(self, number: int, spent: Usage, seconds: float) -> Caps:
        """Return the caps of a turn that changes the structure, which makes no plan: its share is one."""
        return self._caps(number, spent, seconds).model_copy(update={"calls": self._share(number, spent.calls)})

    def test_caps(self, spent: Usage, seconds: float) -> Caps:
        """Return what the turns have left of the caps."""
        caps = self.job.config.caps
        return Caps(
            calls=None if caps.calls is None else max(1, caps.calls - spent.calls),
            usd=None if caps.usd is None else max(_LEAST, caps.usd - (spent.usd or 0.0)),
            minutes=None if caps.minutes is None else max(_LEAST, caps.minutes - seconds / 60),
        )

    def _share(self, number: int, spent: int) -> int:
        """Return the calls of a turn: its part of what the turns before it and the test leave."""
        left = self.calls - self.test_calls - spent
        return max(1, int(left * SHARES[number] / add_up(SHARES[number:])))

    def _caps(self, number: int, spent: Usage, seconds: float) -> Caps:
        caps, part = self.job.config.caps, SHARES[number] / add_up(SHARES[number:])
        kept = min(_MOST_OF_A_CAP, self.test_calls / self.calls)
        return Caps(
            # A search that plans its share may go beyond it, as far as there is anything left of the cap over all.
            calls=None if caps.calls is None else max(1, caps.calls - self.test_calls - spent.calls),
            usd=None if caps.usd is None else max(_LEAST, part * ((1 - kept) * caps.usd - (spent.usd or 0.0))),
            minutes=None if caps.minutes is None else max(_LEAST, part * ((1 - kept) * caps.minutes - seconds / 60)),
        )


ALTERNATION = JsonForm(Alternation, "the record of prompts and structure")


def differences(before: Alternation, now: Alternation) -> tuple[str, ...]:
    """Return one line for each thing that differs; caps and paths do not count, as far as turns keep their calls."""
    lines = list(differences_between(before.job, now.job))
    if (before.plan, before.method) != (now.plan, now.method):
        lines.append("structure: differs")
    if before.calls != now.calls:
        lines.append(f"calls in all: was {before.calls:,}, is {now.calls:,}")
    return tuple(lines)

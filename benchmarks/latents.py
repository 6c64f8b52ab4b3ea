"""Whole searches on the latents of simulated worlds: what `maspo arena` plays, in a tenth of its time.

    .venv-dev/bin/python benchmarks/latents.py --graphs reflect,chain5 --worlds base,poor [--first 100] [--seeds 20]
        [--profile default] [--labels use] [--without search.memory=0]... [--inputs 120]

No texts, record or calls in flight: the search is driven by what the world knows of agents, judge and proposer. Draws
of judge and proposer are others than those of a run that reads texts, so single runs differ from the arena's. Searches
end about 0.02 higher than with texts, whatever the method; differences between them agree (docs/baselines.md).
With `--without SETTING` each row is followed by the search with that setting, paired on the same worlds.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import fmean, stdev
from typing import TypeAlias

from maspo.arena.programme import WORLDS
from maspo.cli.arena import rivals
from maspo.config import RunConfig
from maspo.core.prompts import Prompts
from maspo.core.verdict import Comparison, Level, Verdict
from maspo.data.inputs import make_inputs
from maspo.events import HoldoutResult
from maspo.judges.base import combined
from maspo.models.base import RoleSettings
from maspo.optimizers.base import (
    Ask,
    AskModel,
    Compare,
    Draft,
    Drafts,
    Problem,
    Propose,
    Request,
    Result,
    ShownText,
    Vet,
)
from maspo.optimizers.registry import make_optimizer
from maspo.optimizers.structure.base import Meet
from maspo.study.asking import Asker
from maspo.study.holdout import Conclusion, conclude, ends_with, parts_of_test, result_of
from maspo.study.job import Job
from maspo.study.resolve import holdout_calls_of_an_input, planned_search, split_of, team_of
from maspo.team import System
from maspo.world import World
from maspo.world.catalogue import on_lines_of_their_own
from maspo.world.catalogue import split as parts_of
from maspo.world.judge import LEANINGS
from maspo.world.latents import Turn, at_odds
from maspo.world.noise import logistic, unit
from maspo.world.outputs import USABLE_ENOUGH, Symptoms, encode
from maspo.world.proposer import TOLERANCE, Evidence, Writer

Asked: TypeAlias = tuple[Level, object, object]
"""What a judge is asked: the level, for whom, and what else it is shown."""


@dataclass(frozen=True, slots=True)
class Output:
    """What an agent wrote, as far as judge, readers and proposer see it."""

    turn: Turn
    missed: tuple[str, ...]
    manners: tuple[str, ...]
    hard_to_use: int
    """Outputs that it could hardly use."""

    @property
    def content(self) -> tuple[object, ...]:
        """All that tells it from another output: noise hangs on it."""
        turn = self.turn
        told = (turn.key, turn.answer, turn.quality, turn.appeal, turn.usable, turn.form)
        return (*told, self.missed, self.manners, self.hard_to_use)


@dataclass(frozen=True, slots=True)
class Played:
    """What one run came to."""

    seed: float
    shipped: float
    calls: int
    waves: int
    improved: bool


@dataclass(frozen=True, slots=True)
class Ended:
    """What a search ended with, and the inputs that it did not see."""

    prompts: Prompts
    holdout: Sequence[str]
    waves: int


@dataclass
class Latent:
    """A world that answers requests of a search; calls are counted, what was asked before costs nothing."""

    world: World
    graph: str
    labels: bool
    calls: Counter[str] = field(default_factory=Counter)
    given: System | None = None
    """The team, where its structure or prompts are no longer those that the world gives."""
    _outputs: dict[object, Output] = field(default_factory=dict)
    _verdicts: dict[object, Verdict] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.system = self.given or self.world.system(self.graph)
        self.latents, self.spec = self.world.latents, self.world.spec

    def run(self, prompts: Prompts, key: str, team: System | None = None) -> dict[str, Output]:
        """Run the team, or one of another structure, on an input."""
        found: dict[str, Output] = {}
        team = team or self.system
        for name in team.order:
            read = [found[other] for other in team.by_name[name].reads]
            known = (name, prompts[name], key, tuple(read))
            if known not in self._outputs:
                self.calls["agent"] += 1
                profile = self.latents.profile(*parts_of(prompts[name]))
                turn = self.latents.turn(profile, key, [one.turn for one in read])
                hard = sum(one.turn.usable < USABLE_ENOUGH for one in read)
                missed = tuple(self.latents.missed(profile, key))
                self._outputs[known] = Output(turn, missed, profile.manners, hard)
            found[name] = self._outputs[known]
        return found

    def answer(self, request: Request) -> Result:
        """Return what a search asked for."""
        match request:
            case Propose():
                return self.propose(request)
            case Compare():
                return self.compare(request)
            case AskModel():
                self.calls["proposer"] += 1
                shown = {mark: self.shown(text) for mark, text in request.shown.items()}
                return asyncio.run(Asker(self.world, RoleSettings("world")).ask(request, shown))
            case Vet():  # the world writes nothing that a rule for drafts refuses
                return Drafts(tuple(map(Draft, request.texts)))
            case _:
                raise SystemExit(f"latents: nothing is known of {type(request).__name__}")

    def shown(self, text: ShownText) -> str:
        """Return a text of a run as far as an answer to a method's own question hangs on it."""
        if text.what == "input":
            return text.input_key
        found = self.run(text.prompts, text.input_key)[text.agent or self.system.output]
        return encode(found.turn, Symptoms((), found.missed, found.manners, found.hard_to_use))

    def compare(self, request: Compare) -> Comparison:
        """Let changed prompts meet a reference on an input."""
        key, output, agent = request.input_key, self.system.output, request.agent
        before, after = self.run(request.reference, key), self.run(request.changed, key)
        same = before[output].turn.answer == after[output].turn.answer
        answers = (before[output].turn.answer, after[output].turn.answer)
        settled = not (same or self.labels) and answers in dict(request.settled)
        if agent == output:
            verdict = self.of_answers(request, before[output], after[output])
            return Comparison(key, verdict, (), verdict, same, answers=answers, settled=settled)
        levels = (Level.GLOBAL,) if request.when_differing and same else request.levels
        first, local, glob = request.candidate_first, Verdict.UNDECIDED, Verdict.UNDECIDED
        if Level.LOCAL in levels:
            read = tuple(after[name].content for name in self.system.by_name[agent].reads)
            local = self.judge((Level.LOCAL, agent, read), before[agent], after[agent], first)
        if Level.GLOBAL in levels:
            glob = self.of_answers(request, before[output], after[output])
        readers = self.system.successors[agent] if Level.LOOKAHEAD in levels else ()
        ahead = tuple(
            (name, self.judge((Level.LOOKAHEAD, name, ""), before[name], after[name], first)) for name in readers
        )
        return Comparison(key, local, ahead, glob, same, answers=answers, settled=settled)

    def meet(self, meet: Meet) -> Verdict:
        """Let the final answers of two teams meet on an input, in both orders."""
        key, output = meet.input_key, self.system.output
        before, after = (self.run(team.prompts, key, team)[output] for team in (meet.reference, meet.candidate))
        return self.of_answers(Compare("meet", {}, {}, key, True, (Level.GLOBAL,), 2), before, after)

    def of_answers(self, request: Compare, before: Output, after: Output) -> Verdict:
        """Return the global verdict: equal answers are a tie without a call."""
        if before.turn.answer == after.turn.answer:
            return Verdict.TIE
        if self.labels:
            truth = self.latents.input(request.input_key).truth
            won = {(True, False): Verdict.WIN, (False, True): Verdict.LOSS}
            return won.get((after.turn.answer == truth, before.turn.answer == truth), Verdict.TIE)
        if (said := dict(request.settled).get((before.turn.answer, after.turn.answer))) is not None:
            return said
        orders = (request.candidate_first, not request.candidate_first)[: request.orders]
        task = self.system.by_name[self.system.output].prompt
        found = [self.judge((Level.GLOBAL, task, ""), before, after, first) for first in orders]
        return found[0] if len(found) == 1 else combined(*found)

    def judge(
        self, asked: tuple[Level, object, object], before: Output, after: Output, candidate_first: bool
    ) -> Verdict:
        """Return what the judge says of two outputs in one order."""
        if before == after:
            return Verdict.TIE
        shown = (after, before) if candidate_first else (before, after)
        if (asked, shown) not in self._verdicts:
            self.calls["judge"] += 1
            self._verdicts[asked, shown] = self.decide(asked, *shown)
        verdict = self._verdicts[asked, shown]
        if verdict in (Verdict.WIN, Verdict.LOSS) and not candidate_first:
            return Verdict.LOSS if verdict is Verdict.WIN else Verdict.WIN
        return verdict

    def decide(self, asked: Asked, first: Output, second: Output) -> Verdict:
        """Return whether the first output wins: ``maspo.world.judge`` on outputs instead of texts."""
        spec, leaning = self.spec, LEANINGS[self.spec.judge_temper]
        draw, texts = (*asked, first.content, second.content), (repr(first.content), repr(second.content))
        if unit(spec.seed, "unreadable", draw) < spec.unreadable:
            return Verdict.UNDECIDED
        if spec.coin_flip:
            return Verdict.WIN if unit(spec.seed, "coin", draw) < 0.5 else Verdict.LOSS
        pair = sorted(texts)
        noise = logistic(spec.seed, "request", draw)
        if unit(spec.seed, "shared", *pair) < leaning.shared_noise:
            noise = logistic(spec.seed, "pair", *pair) * (1 if texts[0] == pair[0] else -1)
        one, other = first.turn, second.turn
        if asked[0] is not Level.GLOBAL:
            better = leaning.appeal * (one.appeal - other.appeal) + leaning.quality * (one.quality - other.quality)
            score = spec.judge_sharpness * better + spec.judge_bias + noise
            if abs(score) < leaning.undecided_band:
                return Verdict.TIE
        else:
            truth = self.latents.input(one.key).truth
            right = (one.answer == truth) - (other.answer == truth)
            ties = leaning.equal_ties * min(1.0, spec.judge_sharpness)
            if not right and unit(spec.seed, "equal", *pair) < ties:
                return Verdict.TIE
            better = leaning.right * right + leaning.equal_appeal * (one.appeal - other.appeal)
            score = spec.judge_sharpness * better + spec.judge_bias + noise
        return Verdict.WIN if score > 0 else Verdict.LOSS

    def propose(self, request: Propose) -> Drafts:
        """Return drafts by what the proposer would have read."""
        self.calls["proposer"] += 1
        agent, prompt = request.agent, request.prompts[request.agent]
        readers, reads = self.system.successors[agent], self.system.by_name[agent].reads
        hard = {case.input_key for case in request.cases}
        missed: Counter[str] = Counter()
        for key in [key for key in request.inputs if key not in hard] or request.inputs:
            missed.update(self.run(request.prompts, key)[agent].missed)
        blamed, clashed, lost = set[str](), set[str](), 0
        for case in request.cases:
            before = self.run(case.reference, case.input_key)
            after = self.run({**case.reference, case.agent: case.candidate}, case.input_key)
            missed.update(before[agent].missed)
            blamed.update(after[agent].manners)
            clashed |= at_odds(after[agent].turn.form, "".join(after[name].turn.form for name in (*reads, *readers)))
            fell = (after[name].turn.quality < before[name].turn.quality - TOLERANCE for name in readers)
            lost += any(after[name].hard_to_use for name in readers) or any(fell)
        evidence = Evidence(tuple(sorted(missed.items())), frozenset(blamed), lost, frozenset(clashed))
        writer = Writer(
            self.latents, repr((prompt, evidence.missed, tuple(sorted(blamed)), lost, request.id)), evidence
        )
        return Drafts(tuple(Draft(self.write(writer, prompt, number)) for number in range(request.count)))

    def write(self, writer: Writer, prompt: str, number: int) -> str:
        """Return one draft."""
        anew = self.spec.writing == "rewrites"
        text = on_lines_of_their_own(prompt) if anew else prompt
        if self.spec.proposer == "rubbish":
            text = writer.write_rubbish(text, number)
        else:
            text = writer.edit(text, number, led=self.spec.proposer == "good")
        return writer.rearrange(text, number) if anew else text


def searched(latent: Latent, job: Job, follow: Callable[[Ask], object]) -> Ask:
    """Let the search that a run would make go to its end; ``follow`` is shown all that it asks for, and its end.

    A cap on calls ends it where it is, less what a run sets aside for the hold-out test.
    """
    labelled = frozenset(row.key for row in job.inputs.rows) if latent.labels else frozenset[str]()
    split, team = split_of(job), team_of(job)
    reserve = sum(holdout_calls_of_an_input(team) - (2 if key in labelled else 1) for key in split.holdout)
    prompts, seed = job.system.prompts, job.config.seed
    problem = Problem(team, prompts, split.search, seed, reserve, labelled, carried=job.carried)
    searching = make_optimizer(planned_search(job)).search(problem)
    cap = job.config.caps.calls
    most = latent.calls.total() + (cap - min(reserve, cap // 2) if cap else sys.maxsize)
    try:
        ask = next(searching)
    except StopIteration as end:  # not even its first step fits into the planned calls
        ask = end.value
    follow(ask)
    known: dict[str, Result] = {}
    while ask.requests:
        for request in (*ask.requests, *ask.ahead):
            if latent.calls.total() >= most:
                return ask
            if request.id not in known:
                known[request.id] = latent.answer(request)
        try:
            ask = searching.send(tuple(known[request.id] for request in ask.requests))
        except StopIteration as end:
            ask = end.value
        follow(ask)
    return ask


def waves(asks: Sequence[Ask]) -> int:
    """Return how often a search asked for something new; the last of its asks is its end."""
    return sum(not ask.begun for ask in asks) - 1


def search(latent: Latent, config: RunConfig, inputs: int) -> Ended:
    """Let the search that a run would make go to its end."""
    job = Job(latent.system, make_inputs(latent.world.inputs(inputs)), config)
    asks: list[Ask] = []
    end = searched(latent, job, asks.append)
    return Ended(end.prompts, split_of(job).holdout, waves(asks))


def run_whole(
    latent: Latent, job: Job, follow: Callable[[Ask], object] = lambda _: None
) -> tuple[Ask, HoldoutResult, Conclusion]:
    """Play a whole run; return where its search ended, how that did on the hold-out, and what comes of it."""
    end, prompts, settings = searched(latent, job, follow), job.system.prompts, job.config.holdout
    changes = {name: text for name, text in end.prompts.items() if text != prompts[name]}
    tested: list[Comparison] = []
    result = result_of(tested)
    for part in parts_of_test(split_of(job).holdout, settings.first_part) if changes else ():
        for place, key in enumerate(part.inputs[len(tested) :], len(tested)):
            asked = Compare("test", prompts, changes, key, place % 2 == 0, (Level.GLOBAL,), 2)
            tested.append(latent.compare(asked))
        result = result_of(tested, share=part.share)
        if ends_with(result):
            break
    return end, result, conclude(result, settings.ship_if, bool(changes))


def play(graph: str, world: str, seed: int, config: RunConfig, inputs: int = 120, truth: int = 2000) -> Played:
    """Play one run, hold-out test included."""
    latent = Latent(World(replace(WORLDS[world], seed=seed)), graph, config.labels == "use")
    job = Job(latent.system, make_inputs(latent.world.inputs(inputs)), config.model_copy(update={"seed": seed}))
    asks: list[Ask] = []
    end, _, found = run_whole(latent, job, asks.append)
    before = latent.world.accuracy(latent.system, {}, truth)
    shipped = latent.world.accuracy(latent.system, end.prompts, truth) if found.shipped != "seed" else before
    return Played(before, shipped, latent.calls.total(), waves(asks), found.verdict == "improved")


def keep(row: Mapping[str, object], records: Path | None) -> None:
    """Append what was measured to the records, where they are asked for, as a line of JSON."""
    if records is not None:
        with records.open("a") as file:
            file.write(json.dumps(row) + "\n")


def error(values: Sequence[float]) -> float:
    """Return the standard error of a mean."""
    return stdev(values) / len(values) ** 0.5 if len(values) > 1 else float("nan")


def row(name: str, played: Sequence[Played], paired: Sequence[Played] = ()) -> str:
    """Return a row of the table."""
    gains = [one.shipped - one.seed for one in played]
    means = (fmean(one.seed for one in played), fmean(one.shipped for one in played))
    text = f"| {name} | {means[0]:.3f} | {means[1]:.3f} | {fmean(gains):+.3f} | {error(gains):.3f} | {min(gains):+.3f} "
    text += f"| {fmean(one.calls for one in played):.0f} | {fmean(one.waves for one in played):.1f} "
    text += f"| {sum(one.improved for one in played)} of {len(played)} |"
    lost = [whole.shipped - one.shipped for one, whole in zip(played, paired, strict=False)]
    return text + (f" worth {fmean(lost):+.3f} ± {error(lost):.3f} |" if lost else "")


def main(arguments: Iterable[str] | None = None) -> None:
    """Play and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--graphs", default="reflect")
    parser.add_argument("--worlds", default="base")
    parser.add_argument("--profile", default="default")
    parser.add_argument("--labels", default="ignore", choices=("ignore", "use"))
    parser.add_argument("--without", action="append", default=[], metavar="SETTING")
    for name, given in (("first", 100), ("seeds", 20), ("inputs", 120), ("truth", 2000)):
        parser.add_argument(f"--{name}", type=int, default=given)
    asked = parser.parse_args(None if arguments is None else list(arguments))
    print("| graph | world | search | seed | shipped | gain | SE | worst | calls | waves | improved |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for graph in asked.graphs.split(","):
        for world in asked.worlds.split(","):
            whole: list[Played] = []
            for setting in ("", *asked.without):
                config = rivals((asked.profile,), asked.labels, (setting,) if setting else ())[0].config
                seeds = range(asked.first, asked.first + asked.seeds)
                played = [play(graph, world, seed, config, asked.inputs, asked.truth) for seed in seeds]
                name = f"{graph} | {world} | {setting or asked.profile}"
                print(row(name, played, whole), flush=True)
                whole = whole or played


if __name__ == "__main__":
    main()

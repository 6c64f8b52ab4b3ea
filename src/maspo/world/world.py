"""The world behind the one protocol: agents, judge and proposer answered by purpose; its inputs, systems and truth."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from maspo.core.errors import UsageError
from maspo.core.prompts import Prompts
from maspo.core.sums import add_up
from maspo.models.base import Reply, Request
from maspo.runners.conditions import holds_quickly
from maspo.runners.flow import Answer, Rollout
from maspo.runners.flow import Turn as Call
from maspo.team import Agent, System
from maspo.team.template import placeholders
from maspo.world.asked import answer_question
from maspo.world.catalogue import Kind, add, of_kind, split
from maspo.world.judge import answer_judge
from maspo.world.latents import ROLE_NOISE, VERSION_NOISE, Latents, Profile, Turn
from maspo.world.outputs import INPUT_NAME, answer_agent, asked_tools, template_role
from maspo.world.proposer import answer_proposer
from maspo.world.signals import signals
from maspo.world.spec import WorldSpec
from maspo.world.teams import LIVING

FRESH = 1_000_000
"""Where the population begins on which true accuracy is computed; searches use inputs below it."""
_LEAST_GAIN = 1e-4
"""The least gain in expected accuracy for which a sentence is added: a fifth of an input in the 2000 of a truth."""
_SMALL = 12
"""Up to this many agents the optimum is sought by the final answer, which takes agents² × inputs × sentences."""
_HOPS, _FEW = 3, 60
"""In a larger system: how far from the output agents are improved (FADE leaves a fifth), and on how many inputs."""

_TOKENS_OF_CALL = 20
"""Tokens of a call of a tool: a name and an argument or two."""
_SOLVER = "You solve the problem and give the letter of your answer."
_CRITIC = "You review the solution that you are given and give the letter of the corrected answer."
_SYSTEMS: Mapping[str, tuple[Agent, ...]] = {
    "reflect": (Agent("solver", _SOLVER), Agent("critic", _CRITIC, reads=("solver",))),
    "hierarchical": (
        Agent("algebraist", "You are the algebra expert of the team and work on the problem with equations."),
        Agent("logician", "You are the logic expert of the team and work on the problem by cases."),
        Agent("estimator", "You are the estimation expert of the team and work on the problem with bounds."),
        Agent(
            "aggregator",
            "You read the findings of the experts and give the letter of the team's answer.",
            reads=("algebraist", "logician", "estimator"),
        ),
    ),
    "sequential4": (
        Agent("predictor", _SOLVER),
        Agent("reflector", "You look for errors in the solution and say what to change.", reads=("predictor",)),
        Agent("predictor_2", "You solve the problem again in the light of the review.", reads=("reflector",)),
        Agent("reflector_2", _CRITIC, reads=("predictor_2",)),
    ),
    "chain5": (
        Agent("reader", "You read the problem and write down what is given."),
        Agent("planner", "You lay out a way to the answer from what is given.", reads=("reader",)),
        Agent("solver", "You follow the plan and give the letter of your answer.", reads=("planner",)),
        Agent("checker", "You check the solution and give the letter that you believe in.", reads=("solver",)),
        Agent("editor", "You write the final solution and give the letter of the answer.", reads=("checker",)),
    ),
    "diamond": (
        Agent("splitter", "You split the problem into two parts for two colleagues."),
        Agent("first_worker", "You solve the first part of the problem.", reads=("splitter",)),
        Agent("second_worker", "You solve the second part of the problem.", reads=("splitter",)),
        Agent(
            "joiner",
            "You join the two parts and give the letter of the answer.",
            reads=("first_worker", "second_worker"),
        ),
    ),
}
_LAYERED: Mapping[str, tuple[int, int]] = {"layered20": (20, 4), "layered100": (100, 10), "layered300": (300, 10)}
"""Agents and the width of a layer; the first layer takes what is left over."""
TOPOLOGIES: tuple[str, ...] = (*_SYSTEMS, *_LAYERED)


def _layers(count: int, width: int) -> Iterator[Agent]:
    """Yield agents layer by layer; each reads two or three of the layer before, the last one all of the last layer."""
    before: list[str] = []
    for layer, begin in enumerate(range((count - 1) % width - width, count - 1, width)):
        names = [f"worker_{number}" for number in range(max(begin, 0), begin + width)]
        for place, name in enumerate(names):
            reads = sorted({(place + step) % len(before) for step in range(2 + place % 2)}) if before else []
            role = f"You are worker {place + 1} of stage {layer + 1} and give the letter that you believe in."
            yield Agent(name, role, reads=tuple(before[read] for read in reads))
        before = names or before
    yield Agent("closer", "You read the last stage and give the letter of the answer.", reads=tuple(before))


def world_key(number: int) -> str:
    """Return the identity of a world input."""
    return f"sim-{number:04d}"


def _keys(n: int, start: int) -> list[str]:
    return [world_key(number) for number in range(start, start + n)]


class World:
    """A seeded stand-in for every model of a run. Implements ``maspo.models.base.ModelClient``; it never fails."""

    def __init__(self, spec: WorldSpec | None = None) -> None:
        self.spec = spec or WorldSpec()
        self.latents = Latents(self.spec)

    async def complete(self, request: Request) -> Reply:
        """Answer one request."""
        return self.reply(request)

    def reply(self, request: Request) -> Reply:
        """Answer one request at once; tokens are counted as a quarter of the characters."""
        if request.purpose.startswith("judge"):
            text = answer_judge(self.latents, request)
        elif request.purpose == "proposer":
            text = answer_proposer(self.latents, request)
        elif request.purpose == "proposer.asked":
            text = answer_question(self.latents, request)
        elif request.purpose == "agent":
            if asks := asked_tools(request):
                return Reply("", tokens_in=_tokens_read(request), tokens_out=_TOKENS_OF_CALL * len(asks), asks=asks)
            text = answer_agent(self.latents, request)
        else:
            text = "ok (simulated)"
        return Reply(text=text, tokens_in=_tokens_read(request), tokens_out=-(-len(text) // 4))

    def inputs(self, n: int, start: int = 0) -> list[Mapping[str, object]]:
        """Return n rows for ``maspo.data.inputs.make_inputs``, labelled with the truth of this world."""
        rows: list[Mapping[str, object]] = []
        for number in range(start, start + n):
            question = f"Simulated problem number {number}: which of A, B, C, D and E is right? "
            text = question + INPUT_NAME.format(number=number)
            key = world_key(number)
            rows.append({"id": key, "input": text, "answer": self.latents.input(key).truth})
        return rows

    def system(self, topology: str = "reflect") -> System:
        """Return a system with short seed prompts, by its name in ``TOPOLOGIES`` or ``LIVING``.

        Raises:
            UsageError: unknown topology.

        """
        known = {**_SYSTEMS, **LIVING}
        if topology not in known and topology not in _LAYERED:
            raise UsageError(f"topology {topology!r}: expected one of {', '.join((*TOPOLOGIES, *LIVING))}")
        agents = known[topology] if topology in known else tuple(_layers(*_LAYERED[topology]))
        return System(agents, name=f"simulated-{topology}", final_answer="tag:answer")

    def accuracy(self, system: System, prompts: Prompts, n: int = 2000, start: int = FRESH) -> float:
        """Return the true accuracy of prompts on n inputs, by default ones that no search has seen.

        Any prompts can be given; agents that ``prompts`` does not name keep theirs.
        """
        return Simulation(self.latents, system).accuracy(prompts, _keys(n, start))

    def best_prompts(self, system: System, n: int = 150) -> Prompts:
        """Return nearly optimal prompts, found greedily with the truth of n inputs of their own."""
        return Simulation(self.latents, system).best_prompts(_keys(n, 2 * FRESH))

    def best_accuracy(self, system: System, n: int = 2000) -> float:
        """Return the true accuracy of nearly optimal prompts: a lower bound of what the catalogue allows."""
        return self.accuracy(system, self.best_prompts(system), n)


def _tokens_read(request: Request) -> int:
    return -(-sum(len(message.content) for message in request.messages) // 4)


_Team: TypeAlias = Mapping[str, tuple[Profile, tuple[str, ...]]]
"""What agents do with their prompts and whose outputs they are shown, in topological order."""
_Run: TypeAlias = Mapping[str, Turn]


class Simulation:
    """Runs a system on the latents alone: the same mechanics as the texts, a hundred times faster."""

    def __init__(self, latents: Latents, system: System) -> None:
        self._latents = latents
        self._system = system

    def accuracy(self, prompts: Prompts, keys: Sequence[str]) -> float:
        """Return the share of inputs whose final answer is right."""
        if not self._system.is_plain:
            return sum(self._answers(prompts, keys)) / len(keys)
        team = self._team(prompts)
        right = 0
        for key in keys:
            turns: dict[str, Turn] = {}
            for name, (profile, shown) in team.items():
                turns[name] = self._latents.turn(profile, key, [turns[other] for other in shown])
            right += turns[self._system.output].answer == self._latents.input(key).truth
        return right / len(keys)

    def expected(self, prompts: Prompts, keys: Sequence[str]) -> float:
        """Return the expected accuracy over the noise: smooth, so that a search on it is not misled by luck."""
        if not self._system.is_plain:
            return self._expected_of_a_flow(prompts, keys)
        runs = self._run_expected(self._team(prompts), keys, [{} for _ in keys])
        return self._value(self._system.output, keys, runs)

    def best_prompts(self, keys: Sequence[str], passes: int = 2) -> dict[str, str]:
        """Return nearly optimal prompts: sentence by sentence, agent by agent.

        In a small system the chance of a right final answer is what counts. In a large one each agent gives its
        readers as much as it can, in one pass over some of the inputs; those far from the output hardly matter.
        """
        system = self._system
        prompts = dict(system.prompts)
        movable = [name for name in system.order if not system.by_name[name].frozen]
        if not system.is_plain:
            return self._best_of_a_flow(keys, passes)
        if len(system.agents) <= _SMALL:
            for name in movable * passes:
                prompts = self._add_sentences(prompts, keys, name, judged=system.output)
            return prompts
        near = {system.output}
        for _ in range(_HOPS):
            near |= {read for name in near for read in system.by_name[name].reads}
        for name in movable:
            if name in near:
                prompts = self._add_sentences(prompts, keys[:_FEW], name, judged=name)
        return prompts

    # ── teams that loop, branch, share and map ───────────────────────────────────────────────────────────────────────

    def right_on(self, prompts: Prompts, keys: Sequence[str]) -> Mapping[str, bool]:
        """Return on which inputs the final answer is right."""
        return dict(zip(keys, self._answers(prompts, keys), strict=True))

    def _answers(self, prompts: Prompts, keys: Sequence[str]) -> Iterator[bool]:
        for key in keys:
            last = self._run_flow(prompts, key, noisy=True)
            yield last is not None and last.answer == self._latents.input(key).truth

    def _expected_of_a_flow(self, prompts: Prompts, keys: Sequence[str]) -> float:
        found = [self._run_flow(prompts, key, noisy=False) for key in keys]
        return add_up(self._chance(key, turn) for key, turn in zip(keys, found, strict=True) if turn) / len(keys)

    def _best_of_a_flow(self, keys: Sequence[str], passes: int) -> dict[str, str]:
        system, prompts = self._system, dict(self._system.prompts)
        movable = [agent.name for agent in system.agents if not (agent.frozen or agent.same_prompt_as)]
        best = self.expected(prompts, keys)
        for name in movable * passes:
            while True:
                drafts = [add(prompts[name], sentence) for sentence in of_kind(Kind.FIX, Kind.HANDOFF)]
                scored = [(self.expected({**prompts, name: draft}, keys), -place) for place, draft in enumerate(drafts)]
                score, place = max(scored)
                if score < best + _LEAST_GAIN:
                    break
                best, prompts = score, {**prompts, name: drafts[-place]}
        return dict(system.with_shared(prompts))

    def _run_flow(self, prompts: Prompts, key: str, noisy: bool) -> Turn | None:
        """Return the turn whose output is the team's answer; None when nobody's is."""
        system, latents = self._system, self._latents
        texts, where = {**system.prompts, **prompts}, latents.input(key)
        run = Rollout(system).run()
        turns: list[Turn] = []
        said: list[Answer] | None = None
        while True:
            try:
                wanted = next(run) if said is None else run.send(said)
            except StopIteration as stop:
                return None if stop.value is None else turns[int(stop.value.rpartition("#")[2])]
            said = []
            for one in wanted:
                if not isinstance(one, Call):
                    said.append(bool(holds_quickly(one.condition, one.text)))
                    continue
                role, sentences = split(texts[system.by_name[one.agent].prompt_of])
                profile = latents.profile(role, sentences)
                read = [turns[place] for place in one.read_places]
                if noisy:
                    turn = latents.turn(profile, key, read)
                else:
                    quality = latents.expected_quality(profile, where, read)
                    turn = Turn(key, "", quality, 0.0, profile.usable, profile.form)
                lines = signals(role, latents.spec.seed, key, turn.quality, "")
                said.append("\n".join((*lines, f"#{len(turns)}")))
                turns.append(turn)

    def _add_sentences(self, prompts: dict[str, str], keys: Sequence[str], name: str, judged: str) -> dict[str, str]:
        """Add the best sentence to an agent's prompt until none helps; ``judged`` is the agent whose value counts."""
        reached = [other for other in self._system.order if other in self._system.downstream[name]]
        scope = reached if judged != name else [name]
        known = self._run_expected(self._team(prompts), keys, [{} for _ in keys])
        best = self._value(judged, keys, known)
        while True:
            drafts = [add(prompts[name], sentence) for sentence in of_kind(Kind.FIX, Kind.HANDOFF)]
            scored = []
            for place, draft in enumerate(drafts):
                changed = self._team({**prompts, name: draft}, only=scope)
                scored.append((self._value(judged, keys, self._run_expected(changed, keys, known)), -place))
            score, place = max(scored)
            if score < best + _LEAST_GAIN:
                return prompts
            best, prompts = score, {**prompts, name: drafts[-place]}

    def _team(self, prompts: Prompts, only: Sequence[str] = ()) -> _Team:
        """Return, in topological order, what each agent does with its prompt and whose outputs it is shown.

        As on the wire, a template's role is the agent's name, and it is shown only what its placeholders name.
        """
        texts = {**self._system.prompts, **prompts}
        team: dict[str, tuple[Profile, tuple[str, ...]]] = {}
        for name in only or self._system.order:
            reads = self._system.by_name[name].reads
            role, sentences = split(texts[name])
            named = placeholders(texts[name], {"input", "context", *reads})
            if named:
                role = template_role(name)
            if named and "context" not in named:
                reads = tuple(read for read in reads if read in named)
            team[name] = self._latents.profile(role, sentences), reads
        return team

    def _run_expected(self, team: _Team, keys: Sequence[str], known: Sequence[_Run]) -> list[_Run]:
        """Run a team, or a part of one, on each input without noise; ``known`` is what the other agents write."""
        runs: list[_Run] = []
        for key, others in zip(keys, known, strict=True):
            where = self._latents.input(key)
            turns = dict(others)
            for name, (profile, shown) in team.items():
                quality = self._latents.expected_quality(profile, where, [turns[other] for other in shown])
                turns[name] = Turn(key, "", quality, 0.0, profile.usable, profile.form)
            runs.append(turns)
        return runs

    def _value(self, name: str, keys: Sequence[str], runs: Sequence[_Run]) -> float:
        """Return an agent's mean value: the chance of a right answer at the output, else what it passes on."""
        turns = [turns[name] for turns in runs]
        if name != self._system.output:
            return add_up(turn.passed_on for turn in turns) / len(turns)
        return add_up(self._chance(key, turn) for key, turn in zip(keys, turns, strict=True)) / len(turns)

    def _chance(self, key: str, turn: Turn) -> float:
        """Return the chance of a right answer over the noise."""
        noise = math.hypot(ROLE_NOISE, VERSION_NOISE) * math.sqrt(2)
        return 0.5 + 0.5 * math.erf((turn.quality - self._latents.input(key).difficulty) / noise)

"""OpenTrace by its own package: the team as a traced program, and one model that is shown all of it at once.

Cheng et al., NeurIPS 2024, arXiv 2406.16218; the package is ``trace-opt``. What defines it is its own code, run in a
thread: the program of a minibatch (who read what, in calls of functions), its values, and the feedback at its end
become one question by OptoPrime (section 4 of the paper), and what the answer suggests is the next value of every
prompt that it names, better or not. What it asks goes through this port, with marks in place of texts, so that the
call is recorded, counted and capped like everybody's. Here a candidate is met on the sample against the seed prompts;
the feedback tells, input by input, how it did, and the best one that was met is what the search ends with.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Literal

from pydantic import Field

from maspo.core.errors import ConfigInvalid
from maspo.core.prompts import Prompts
from maspo.core.seeded import shuffled
from maspo.core.turns import Done, Say, Turns
from maspo.optimizers.base import Answered, Asking, AskModel, Problem, Search, ShownText
from maspo.optimizers.baselines.planned import EVEN, FEEDBACK, Baseline, BaselineConfig, Meeting, PlannedSearch, Scored
from maspo.optimizers.parts.reward import value_of
from maspo.team.graph import Team

_MOST_IDLE = 5
"""Steps in a row that change no prompt, after which none will: each shows another minibatch."""


class OpenTraceConfig(BaselineConfig):
    """The settings of OpenTrace; ``traces`` inputs are a minibatch."""

    method: Literal["opentrace"] = "opentrace"
    memory: int = Field(default=0, ge=0, description="earlier prompts with their feedback that are shown (memory_size)")
    steps: int = Field(default=100, ge=1, description="suggestions that are asked for, at most")
    traces: int = Field(default=3, ge=1, description="inputs whose whole runs are shown in one question")


@dataclass(frozen=True, slots=True)
class _Question:
    """OptoPrime wants to ask a model."""

    system: str
    user: str
    variables: Mapping[str, str]
    """By agent, what its prompt is called in the question."""
    most_tokens: int


@dataclass(frozen=True, slots=True)
class _Step:
    """What OptoPrime is shown: the prompts, the runs on a minibatch as marks, and the feedback on each."""

    team: Team
    prompts: Prompts
    inputs: Sequence[Mapping[str, str]]
    """For each input, by agent, the mark of what it wrote; the mark of the input under the empty name."""
    feedback: Sequence[str]
    memory: Any
    """What OptoPrime remembers of steps before, in its own form."""


class _OpenTrace(PlannedSearch[OpenTraceConfig]):
    def __init__(self, config: OpenTraceConfig, problem: Problem) -> None:
        super().__init__(config, problem)
        self.best = Scored(self.prompts, EVEN)
        self.told: dict[str, float] = {}
        """How the present prompts did on the sample; the seed prompts are level with themselves."""

    def run(self) -> Search:
        config, agents, seeds = self.config, self.team.rewritten, self.problem.seed_prompts
        package, now, idle = _package() if agents else None, dict(seeds), 0
        memory = package.buffers.FIFOBuffer(config.memory) if package else None
        for number in self.steps(config.steps):
            if idle == _MOST_IDLE:
                return self.end(f"{idle} questions in a row brought no new prompt")
            if not self.fits((), Meeting(seeds, now, agents, self.sample), more=1):
                return self.end_of_plan()
            self.open_step(agents, number, config.steps)
            suggested = yield from self.suggest(package, number, now, memory)
            new = yield from self.vet(number, now, suggested)
            idle = 0 if new else idle + 1
            if not new:
                continue
            before, now = now, {**now, **new}
            (met,) = yield from self.meet(seeds, [now], self.sample, f"s{number}")
            self.told = {one.input_key: EVEN + value_of(one.glob) for one in met.comparisons}
            self.best = max(self.best, met, key=lambda one: one.score)  # the earlier one when they are level
            for name in new:
                self.tell(number, name, met, before[name], self.best.prompts)
            self.take(number, self.best.prompts, f"the highest score so far: {self.best.score:.0%}")
        return self.end(f"all {config.steps} steps were done")

    def suggest(self, package: Any, number: int, now: Prompts, memory: Any) -> Asking[Mapping[str, str]]:
        """Return what OptoPrime would have as prompts, by agent."""
        keys = shuffled(self.sample, self.problem.seed, "minibatch", number)[: self.config.traces]
        shown: dict[str, ShownText] = {}
        inputs = []
        for place, key in enumerate(keys):
            marks = {"": f"[[text {place}]]", **{name: f"[[text {place} of {name}]]" for name in self.team.order}}
            shown |= {mark: ShownText(now, key, "output" if name else "input", name) for name, mark in marks.items()}
            inputs.append(marks)
        feedback = [FEEDBACK[self.told.get(key, EVEN)] for key in keys]
        step = _Step(self.team, now, inputs, feedback, memory)
        with Turns(lambda say: _optimize(package, step, say)) as turns:
            while not isinstance(said := turns.hear(), Done):
                assert isinstance(said, _Question)  # noqa: S101 - nothing else is said
                example = {name: f"{now[agent]}\n- {number}." for agent, name in said.variables.items()}
                asked = AskModel(
                    id=f"s{number}/ask",
                    messages=(("system", said.system), ("user", said.user)),
                    shown={mark: text for mark, text in shown.items() if mark in said.user},
                    purpose="optoprime",
                    max_tokens=said.most_tokens,
                    example=json.dumps({"reasoning": "", "answer": "", "suggestion": example}),
                )
                ((_, answer),) = yield from self.ask([asked])
                turns.answer(answer.text if isinstance(answer, Answered) else "")
        found: Mapping[str, str] = said.value
        return found


class OpenTrace(Baseline[OpenTraceConfig]):
    """Ask what to change in the traced team; take it, and ask again."""

    Config = OpenTraceConfig
    Method = _OpenTrace


def _package() -> Any:
    # Else importing it, or rather LiteLLM, asks an address of its own for prices.
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # it greets
            from opto import optimizers
            from opto.optimizers import buffers, optoprime  # noqa: F401 - reached by the names of their package
    except ImportError as error:
        raise ConfigInvalid(
            "search.method=opentrace needs the package trace-opt; without what it asks for and does not use: "
            f"pip install --no-deps trace-opt, and pip install black graphviz litellm ({error})"
        ) from error
    return optimizers


def _optimize(package: Any, step: _Step, say: Say) -> dict[str, str]:
    """Let OptoPrime look at a traced minibatch once; return the texts that it would have as prompts, by agent."""
    from opto.trace import GRAPH, node
    from opto.trace.nodes import MessageNode

    class Reading(package.OptoPrime):  # type: ignore[misc]
        """OptoPrime, but a suggested text is taken as it is, and what it is shown has an order of its own.

        It would drop texts with "def" in them (findings/), and order values by where they lie in memory: the same
        search would ask in other words each time.
        """

        def summarize(self) -> Any:
            """Return what is shown, sorted by name."""
            found = super().summarize()
            for part in ("variables", "inputs", "others", "output", "documentation"):
                setattr(found, part, dict(sorted(getattr(found, part).items())))
            return found

        def construct_update_dict(self, suggestion: Mapping[str, Any]) -> dict[Any, Any]:
            """Return the new values by parameter."""
            found = {one: suggestion.get(one.py_name) for one in self.parameters}
            return {one: text for one, text in found.items() if isinstance(text, str) and text.strip()}

    GRAPH.clear()  # names of variables are counted in it, over everything that this process has traced
    names = {agent: f"{re.sub(r'[^0-9A-Za-z_]', '_', agent)}_{place}" for place, agent in enumerate(step.team.order)}
    parameters = {
        agent: node(
            step.prompts[agent],
            name=f"{names[agent]}_prompt",
            trainable=agent in step.team.rewritten,
            description=f"What the agent {agent} is told to do.",
        )
        for agent in step.team.order
    }
    ends = []
    for marks in step.inputs:
        question, outputs = node(marks[""], name="question"), dict[str, Any]()
        for agent in step.team.order:
            read = [writer for writer in outputs if agent in step.team.successors[writer]]
            given = {"prompt": parameters[agent], "question": question, **{names[one]: outputs[one] for one in read}}
            outputs[agent] = MessageNode(
                marks[agent],
                inputs=given,
                description=f"[{names[agent]}] A language model that does what its prompt says, with what it reads.",
                name=f"{names[agent]}_output",
                info={"fun_name": names[agent]},
            )
        ends.append(outputs[step.team.output])
    batch = MessageNode(
        "\n".join(f"{place}: {end.data}" for place, end in enumerate(ends)),
        inputs={f"answer_{place}": end for place, end in enumerate(ends)},
        description="[all_answers] The final answers of the team, question by question.",
        name="answers",
        info={"fun_name": "all_answers"},
    )
    variables = {agent: parameters[agent].py_name for agent in step.team.rewritten}

    def answer_question(messages: Sequence[Mapping[str, str]], max_tokens: int, **_: object) -> Any:
        system, user = (str(message["content"]) for message in messages)
        text = say(_Question(system, user, variables, max_tokens))
        return SimpleNamespace(choices=[SimpleNamespace(message=SimpleNamespace(content=text))])

    optimizer = Reading([parameters[agent] for agent in step.team.rewritten], llm=answer_question, log=False)
    optimizer.memory = step.memory
    optimizer.zero_feedback()
    optimizer.backward(batch, "\n".join(f"{place}: {said}" for place, said in enumerate(step.feedback)))
    optimizer.step()
    return {agent: str(parameters[agent].data) for agent in step.team.rewritten}

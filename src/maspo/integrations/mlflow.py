"""maspo as an MLflow prompt optimizer: registered prompts of a team, rewritten jointly and without scorers.

::

    from maspo.integrations.mlflow import MaspoPromptOptimizer

    mlflow.genai.optimize_prompts(
        predict_fn=answer, train_data=rows, prompt_uris=[scout.uri, author.uri],
        optimizer=MaspoPromptOptimizer(judge_model="…", proposer_model="…", max_calls=2000),
    )

A registered prompt is an agent; ``predict_fn`` on one input is one call of the record. What each agent wrote is read
out of MLflow's own trace: have ``predict_fn`` traced (``@mlflow.trace``), and the calls of its models
(``mlflow.openai.autolog()`` and the like). Expectations and scores are not looked at; judge and proposer are asked at
the endpoints of maspo's settings. Only prompts that changed come back, so only these get a new version.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

try:
    from mlflow.genai.optimize.optimizers import BasePromptOptimizer
    from mlflow.genai.optimize.types import PromptOptimizerOutput
except ImportError as error:
    needed = "maspo.integrations.mlflow needs MLflow 3 or newer: pip install --upgrade mlflow"
    raise ImportError(needed, name="mlflow") from error

from maspo.api import Lookout, Result
from maspo.config import RunConfig
from maspo.core.errors import InputsInvalid
from maspo.core.prompts import Prompts
from maspo.core.running import run
from maspo.data.inputs import as_text, make_inputs
from maspo.gateway.attribution import Team
from maspo.gateway.dialects.base import Asked as Request
from maspo.gateway.wire import Role, WireAgent, WireText
from maspo.integrations.programs import Batched, Rollout, Wanted, optimize_program
from maspo.team.template import values_of

_VARIABLE = re.compile(r"\{\{[ \t]*\w+[ \t]*\}\}")
_CRASHED = "Failed to invoke the predict_fn with "
"""How MLflow 3 begins the text that it takes for the answer of a ``predict_fn`` that raised an error."""
_MODELS = frozenset({"CHAT_MODEL", "LLM"})
"""Types of spans that are calls of a model."""
_ROLES: Mapping[str, Role] = {
    **{"system": "system", "developer": "developer", "user": "user", "assistant": "assistant", "tool": "tool"},
    "model": "assistant",
}


class MaspoPromptOptimizer(BasePromptOptimizer):  # type: ignore[misc] # MLflow has no types
    """Rewrites all target prompts jointly; a judge compares outputs, and a hold-out decides.

    ``out`` is the run folder; one that holds a run already is gone on with. ``config``, ``progress`` and settings by
    name (``max_calls``, ``profile``, ``base_url``, …) are those of ``maspo.optimize``. ``result`` is how the last run
    ended.
    """

    def __init__(
        self,
        out: str | Path | None = None,
        config: RunConfig | None = None,
        progress: Lookout | None = "auto",
        **settings: Any,
    ) -> None:
        self.out = None if out is None else Path(out)
        self.config = config
        self.progress = progress
        self.settings = settings
        self.result: Result | None = None

    def optimize(
        self,
        eval_fn: Any,
        train_data: Sequence[Mapping[str, Any]],
        target_prompts: Mapping[str, str],
        enable_tracking: bool = True,
    ) -> Any:
        """Return the prompts to use that differ from the target prompts: none where those did no worse.

        Raises what ``maspo.optimize`` raises.
        """
        del enable_tracking  # MLflow logs what comes back; the run folder holds the evidence
        if not train_data:
            raise InputsInvalid("train_data: empty; maspo needs inputs to run the team on, without labels")
        forms = {name: Form.of(template) for name, template in target_prompts.items()}
        rows = [dict(record["inputs"]) for record in train_data]
        records = {make_inputs([row]).rows[0].key: dict(one) for row, one in zip(rows, train_data, strict=True)}
        program = MlflowProgram(eval_fn, forms, records)
        wanted = Wanted("mlflow", self.out, self.config, self.progress, self.settings)
        self.result = run(optimize_program(program, make_inputs(rows, "train_data"), wanted))
        shipped = {name: forms[name].template_of(prompt) for name, prompt in self.result.prompts.items()}
        changed = {name: one for name, one in shipped.items() if self.result.prompts[name] != forms[name].prompt}
        return PromptOptimizerOutput(optimized_prompts=changed)


@dataclass(frozen=True)
class Form:
    """A prompt of the registry as maspo sees it: its variables are values, and of a chat one message is rewritten."""

    prompt: str
    """With ``{value}``, ``{value2}``, … in place of ``{{ variables }}``."""
    variables: tuple[str, ...]
    """What stands in their places, as it is written."""
    chat: tuple[Mapping[str, Any], ...] = ()
    place: int = 0
    """Of a chat prompt: the messages, and which of them is rewritten."""

    @classmethod
    def of(cls, template: str) -> Form:
        """Return the form of a template: text, or a chat as MLflow hands it over, a list of messages as JSON."""
        messages = _chat_in(template)
        if not messages:
            return cls(*_with_values(template))
        place = next((n for n, one in enumerate(messages) if one["role"] in ("system", "developer")), 0)
        return cls(*_with_values(messages[place]["content"]), tuple(messages), place)

    def template_of(self, prompt: str) -> str:
        """Return a prompt as the registry has it."""
        for number, written in enumerate(self.variables):
            prompt = prompt.replace(_value(number), written)
        if not self.chat:
            return prompt
        messages = [dict(one) for one in self.chat]
        messages[self.place]["content"] = prompt
        return json.dumps(messages, ensure_ascii=False)


def _chat_in(template: str) -> list[dict[str, Any]]:
    try:
        found = json.loads(template)
    except ValueError:
        return []
    is_chat = isinstance(found, list) and all(
        isinstance(one, dict) and one.get("role") in _ROLES and isinstance(one.get("content"), str) for one in found
    )
    return found if is_chat else []


def _with_values(text: str) -> tuple[str, tuple[str, ...]]:
    variables = tuple(dict.fromkeys(_VARIABLE.findall(text)))
    for number, written in enumerate(variables):
        text = text.replace(written, _value(number))
    return text, variables


def _value(number: int) -> str:
    return "{value}" if not number else f"{{value{number + 1}}}"


class MlflowProgram:
    """A ``predict_fn`` as a team: its registered prompts are agents, one evaluation of a row is a call."""

    def __init__(self, eval_fn: Any, forms: Mapping[str, Form], records: Mapping[str, dict[str, Any]]) -> None:
        self.eval_fn = eval_fn
        self.forms = forms
        self.records = records
        self.prompts: Prompts = {name: form.prompt for name, form in forms.items()}
        self._batched = Batched(self._evaluated)  # MLflow patches its prompts while it evaluates: one set at a time

    async def play(self, rollout: Rollout) -> str:
        """Evaluate the rollout's prompts on its row."""
        shown = self._templates(rollout.prompts)
        return await self._batched.play(rollout, "predict_fn", shown, self.records[rollout.row.key])

    def _templates(self, prompts: Prompts) -> dict[str, str]:
        return {name: form.template_of(prompts[name]) for name, form in self.forms.items()}

    def _evaluated(self, prompts: Prompts, records: Sequence[dict[str, Any]]) -> list[str]:
        """Return what a batch comes to: of each row the answer, and what each agent was shown and wrote."""
        found = self.eval_fn(self._templates(prompts), list(records))
        agents = Team(WireAgent(name, prompt, values_of(prompt)) for name, prompt in prompts.items())
        return [self._pack_output(agents, one) for one in found]

    def _pack_output(self, agents: Team, result: Any) -> str:
        answer = as_text(result.outputs)
        failed = answer if isinstance(result.outputs, str) and answer.startswith(_CRASHED) else ""
        calls = [] if result.trace is None else list(_calls(agents, result.trace))
        # Where the calls are not traced, each agent is judged by the answer.
        calls = calls or [(name, "", answer) for name in self.forms]
        return json.dumps({"answer": answer, "calls": calls, "failed": failed})


def _calls(agents: Team, trace: Any) -> Iterator[tuple[str, str, str]]:
    """Yield, of each traced call that holds an agent's prompt, whose it is, what it was shown, and what it wrote."""
    for span in sorted(trace.data.spans, key=lambda one: one.start_time_ns):
        if span.span_type in _MODELS:
            texts = tuple(_texts(span.inputs))
            agent = agents.attribute(Request(model="", texts=texts, offered=(), streamed=False)).agent
            if agent is not None:
                yield agent, "\n".join(text.text for text in texts), _said(span.outputs)


def _texts(inputs: Any) -> Iterator[WireText]:
    """Yield the texts of a request in any of the forms in which libraries trace theirs."""
    given = inputs if isinstance(inputs, Mapping) else {"input": inputs}
    for name in ("system", "instructions"):
        if given.get(name):
            yield WireText(None, "system", as_text(given[name]))
    messages = next((given[name] for name in ("messages", "input", "contents", "prompt") if given.get(name)), ())
    for one in messages if isinstance(messages, list) else [messages]:
        said = one if isinstance(one, Mapping) else {"content": one}
        yield WireText(None, _ROLES.get(str(said.get("role")), "user"), _said(said.get("content", said.get("parts"))))


def _said(value: Any) -> str:
    """Return the text in a reply, or in the content of a message."""
    match value:
        case str():
            return value
        case {"choices": [{"message": message}, *_]}:
            return _said(message)
        case {"content": content}:
            return _said(content)
        case {"output": output}:
            return _said(output)
        case {"candidates": [candidate, *_]}:
            return _said(candidate)
        case {"text": text}:
            return _said(text)
        case {"parts": parts}:
            return _said(parts)
        case {"message": message}:
            return _said(message)
        case list():
            return "\n".join(filter(None, (_said(one) for one in value)))
    return "" if value is None else as_text(value)

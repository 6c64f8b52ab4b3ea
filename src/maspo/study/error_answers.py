"""Telling that what agents answered reads as an error of a gateway, also where its tokens were counted.

Some gateways write “upstream connect error” as an answer and count its tokens, so that nothing in the reply shows it.
An agent that says one and the same error on many inputs, and in most of its calls, is told of, and nothing else is
done: a team may be asked about errors.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from maspo.core.trace import Trace
from maspo.models.layers.error_texts import beginning, common_part, is_error_shaped

_FEWEST: Final = 5
"""Inputs with the same error: as many as are asked of one whose tokens nobody counted."""


@dataclass
class _Outputs:
    """What one agent wrote so far."""

    calls: set[tuple[str, str]] = field(default_factory=set)
    """Each call once: its input, with its content address or, where it has none, what it wrote."""
    errors: defaultdict[str, set[tuple[str, str]]] = field(default_factory=lambda: defaultdict(set))
    """The calls that were answered by an error, by what such errors share."""
    shown: dict[str, str] = field(default_factory=dict)


class ErrorAnswers:
    """Looks at what agents wrote; what a label asks for is no error."""

    def __init__(self, labels: Collection[str | None] = ()) -> None:
        self._right = {common_part(label) for label in labels if label is not None}
        self._agents: defaultdict[str, _Outputs] = defaultdict(_Outputs)

    def see(self, trace: Trace) -> None:
        """Take note of one run of the team; the same call is counted once, in however many runs it stands."""
        for call in trace.calls:
            self.see_output(call.agent, trace.input_key, call.key or call.output, call.output)

    def see_output(self, name: str, input_key: str, call: str, output: str) -> None:
        """Take note of what an agent wrote in a call on an input."""
        agent, one = self._agents[name], (input_key, call)
        agent.calls.add(one)
        if is_error_shaped(output) and (kind := common_part(output)) not in self._right:
            agent.errors[kind].add(one)
            agent.shown.setdefault(kind, beginning(output))

    def describe(self) -> str:
        """Return which agent mostly answers with the same error, in words for people; empty where none does."""
        for name, agent in self._agents.items():
            for kind, calls in agent.errors.items():
                inputs = {key for key, _ in calls}
                if len(inputs) >= _FEWEST and 2 * len(calls) > len(agent.calls):
                    return (
                        f"what {len(calls)} of {len(agent.calls)} calls of {name} answered, on {len(inputs)} inputs, "
                        f"looks like an error message: “{agent.shown[kind]}”. It counts as an answer, since its tokens "
                        "were counted or others had none either: see what stands between here and the model"
                    )
        return ""

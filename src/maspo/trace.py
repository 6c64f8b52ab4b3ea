"""Traces: what each agent of a system read and wrote on one input."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """One agent's turn (Eq. 1: o_i = f_i(p_i, q, C_i)).

    The agent read the input and the whole outputs of the agents that ``reads`` names. ``tokens_in`` and
    ``tokens_out`` are None when the endpoint reports no usage; ``seconds`` is the time of the call that wrote the
    output, also when it came from the run's record.
    """

    agent: str
    reads: tuple[str, ...]
    output: str
    tokens_in: int | None
    tokens_out: int | None
    seconds: float
    call: str
    """The content address of the model call."""


@dataclass(frozen=True, slots=True)
class Trace:
    """One run of a system on one input; ``steps`` are keyed by agent, in topological order."""

    input_key: str
    steps: Mapping[str, Step]
    output_agent: str

    @property
    def output(self) -> str:
        """The final output (Eq. 2: o_glob = Φ(G, P, q))."""
        return self.steps[self.output_agent].output

    def read_by(self, agent: str) -> Mapping[str, str]:
        """Return the outputs that an agent read, keyed by who wrote them (C_i of Eq. 1)."""
        return {name: self.steps[name].output for name in self.steps[agent].reads}

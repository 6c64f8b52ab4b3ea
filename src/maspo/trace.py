"""Traces: what each agent of a system read and wrote on one input."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """One agent's turn: what it read and wrote (Eq. 1: o_i = f_i(p_i, q, C_i)).

    ``tokens_in`` and ``tokens_out`` are None when the endpoint reports no usage; ``seconds`` is the time of the
    call that produced the output, also when it was served from the cache.
    """

    agent: str
    read: str
    output: str
    tokens_in: int | None
    tokens_out: int | None
    seconds: float
    call: str
    """The content address of the model call that wrote the output."""


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

"""maspo for whatever has a GEPA adapter: the same components and inputs, rewritten jointly and without its scores.

::

    from maspo.integrations.gepa import optimize

    result = optimize(seed_candidate, trainset, adapter, judge_model="…", proposer_model="…", max_calls=2000)
    result.prompts  # {"component": "text", …}

An evaluation of the adapter on one input is one call: recorded, counted, capped, never repeated. Its scores are not
looked at. What each component wrote is taken from the adapter's own reflective dataset, where it tells so; judge and
proposer are asked at the endpoints of maspo's settings. The other way round, GEPA's package searches the prompts of a
maspo team with ``search.method: gepa``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeAlias, TypeVar

from maspo.api import Lookout, Result
from maspo.config import RunConfig
from maspo.core.errors import ConfigInvalid, InputsInvalid
from maspo.core.prompts import Prompts
from maspo.core.running import run
from maspo.data.inputs import as_text, make_inputs
from maspo.integrations.programs import Batched, Rollout, Wanted, optimize_program

D = TypeVar("D")
Row: TypeAlias = str | Mapping[str, object]
_WROTE = ("Generated Outputs", "generated_outputs", "outputs", "output")
_READ = ("Inputs", "inputs", "input")
"""How adapters name, in a reflective dataset, what a component wrote and what it was given; the first is GEPA's own."""


class Adapter(Protocol):
    """What GEPA asks of a system (``gepa.core.adapter.GEPAAdapter``), as far as maspo uses it."""

    def evaluate(self, batch: list[Any], candidate: dict[str, str], capture_traces: bool = False) -> Any:
        """Run a candidate on a batch."""
        ...

    def make_reflective_dataset(
        self, candidate: dict[str, str], eval_batch: Any, components_to_update: list[str]
    ) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """Return what each component did on a batch."""
        ...


def optimize(
    seed_candidate: Mapping[str, str],
    trainset: Sequence[D],
    adapter: Adapter,
    valset: Sequence[D] | None = None,
    row_of: Callable[[D], Row] | None = None,
    out: str | Path | None = None,
    config: RunConfig | None = None,
    progress: Lookout | None = "auto",
    **settings: Any,
) -> Result:
    """Rewrite the components of a candidate jointly; ``result.prompts`` is the candidate to use.

    ``trainset`` and ``valset`` are inputs alike: maspo draws its hold-out itself. ``row_of`` returns what of an
    instance judge and proposer may see, by default all of a mapping but its ``answer``, or the inputs of a DSPy
    example. A folder ``out`` that holds a run already is gone on with. Other arguments are those of ``maspo.optimize``.

    Raises what ``maspo.optimize`` raises.
    """
    instances: dict[str, D] = {}
    rows: list[Row] = []
    for one in [*trainset, *(valset or ())]:
        rows.append((row_of or _row)(one))
        instances.setdefault(make_inputs(rows[-1:]).rows[0].key, one)
    program = GepaProgram(dict(seed_candidate), adapter, instances)
    wanted = Wanted(type(adapter).__name__, None if out is None else Path(out), config, progress, settings)
    return run(optimize_program(program, make_inputs(rows, "trainset"), wanted))


def _row(instance: object) -> Row:
    if isinstance(instance, str | Mapping):
        return instance
    if callable(inputs := getattr(instance, "inputs", None)):
        return dict(inputs().items())
    raise InputsInvalid(
        f"trainset: {type(instance).__name__} is no text and no mapping; give row_of=, which returns what of an "
        "instance may be shown to judge and proposer"
    )


class GepaProgram:
    """A system behind a GEPA adapter as a team: its components are agents, an evaluation of one instance is a call."""

    def __init__(self, prompts: Prompts, adapter: Adapter, instances: Mapping[str, Any]) -> None:
        self.prompts = prompts
        self.adapter = adapter
        self.instances = instances
        self._batched = Batched(self._evaluated)

    async def play(self, rollout: Rollout) -> str:
        """Evaluate the rollout's prompts on its input."""
        name, shown = type(self.adapter).__name__, self._candidate(rollout.prompts)
        return await self._batched.play(rollout, name, shown, self.instances[rollout.row.key])

    def _candidate(self, prompts: Prompts) -> dict[str, str]:
        """Return prompts in the order in which the components came."""
        return {name: prompts[name] for name in self.prompts}

    def _evaluated(self, prompts: Prompts, instances: Sequence[Any]) -> list[str]:
        """Return what a batch comes to: of each instance the answer, and what each component read and wrote."""
        candidate = self._candidate(prompts)
        batch = self.adapter.evaluate(list(instances), candidate, capture_traces=True)
        if len(batch.outputs) != len(instances):
            raise ConfigInvalid(f"the adapter gives {len(batch.outputs)} outputs for {len(instances)} instances")
        return [self._pack_output(candidate, batch, place) for place in range(len(instances))]

    def _pack_output(self, candidate: dict[str, str], batch: Any, place: int) -> str:
        answer = _text(batch.outputs[place])
        traces = None if batch.trajectories is None else batch.trajectories[place : place + 1]
        alone = type(batch)(outputs=batch.outputs[place : place + 1], scores=batch.scores[place : place + 1])
        alone.trajectories = traces
        calls = [
            (name, _text(_first(record, _READ)), _text(_first(record, _WROTE)))
            for name in candidate
            for record in self._records(candidate, alone, name)
        ]
        # An adapter that tells nothing of its components: each of them is judged by the answer.
        calls = calls or [(name, "", answer) for name in candidate]
        return json.dumps({"answer": answer, "calls": calls})

    def _records(self, candidate: dict[str, str], batch: Any, name: str) -> Sequence[Mapping[str, Any]]:
        if batch.trajectories is None:
            return ()
        try:
            found = self.adapter.make_reflective_dataset(candidate, batch, [name]).get(name, ())
        except Exception:  # adapters raise where a component did nothing on an instance
            return ()
        return [one for one in found if _first(one, _WROTE) is not None]


def _first(record: Mapping[str, Any], names: Sequence[str]) -> Any:
    return next((record[name] for name in names if name in record), None)


def _text(value: Any) -> str:
    """Return what an adapter gives as text: the only value of a mapping by itself, everything else as it is."""
    if isinstance(value, Mapping) and len(value) == 1:
        value = next(iter(value.values()))
    if isinstance(value, list | dict):
        return json.dumps(value, default=str, ensure_ascii=False)
    return "" if value is None else as_text(value if isinstance(value, str | int | float) else str(value))

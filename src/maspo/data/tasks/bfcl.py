"""Function calling: the four single-turn parts of BFCL v3 that are checked by syntax tree, split as in MAS-PromptBench.

A row asks something and gives functions; right is a list of calls (``maspo.scoring.calls``). Questions and accepted
calls are in files of their own, as the leaderboard publishes them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from maspo.core.errors import InputsInvalid
from maspo.data.records import Record, read_records
from maspo.data.tasks.mas_bench import splits
from maspo.data.tasks.task import Task, TaskOptions, TaskRow, without_overlap

_PARTS = ("simple", "multiple", "parallel", "parallel_multiple")
_FILE = "BFCL_v3_{part}.json"
_ANSWERS = "possible_answer"
"""The folder of the accepted calls; its files have the names of those with the questions."""
_ADDRESS = "https://huggingface.co/datasets/gorilla-llm/Berkeley-Function-Calling-Leaderboard"
_SOURCE = "BFCL v3 (Patil et al. 2025), Apache 2.0; splits of MAS-PromptBench"
_ASKED = (
    "Answer with the calls that are needed and nothing else, as a JSON list in a code fence: "
    '[{"name": "the function", "arguments": {"parameter": "value"}}].'
)


class Bfcl:
    """The task ``mas-bench-bfcl``: 100 questions to be scored on, 200 others as the pool."""

    name = "mas-bench-bfcl"

    def load(self, data: Path | None, options: TaskOptions) -> Task:
        """Read the task from the folder that holds its eight files.

        Raises:
            InputsInvalid: there is no such folder, or a file or row misses something; says how to get it.

        """
        if data is None or not data.is_dir():
            raise InputsInvalid(
                f"{self.name}: give the folder that holds {_FILE.format(part='simple')}, the same of "
                f"{', '.join(_PARTS[1:])}, and their {_ANSWERS}/ (--data FOLDER or MASPO_DATA), as at {_ADDRESS}; its "
                f"files have no columns in common, so that they are not fetched from here. {_SOURCE}"
            )
        rows = {row.id: row for part in _PARTS for row in _read(data, part)}
        ids = splits()["bfcl"]
        test, pool = _chosen(rows, ids["test"]), _chosen(rows, [*ids["train"], *ids["validation"]])
        if options.drop_overlap:
            pool = without_overlap(pool, test)
        task = Task(self.name, test, pool, "calls", "none", _SOURCE)
        return task.split(options.split) if options.split else task


MAS_BENCH_BFCL = Bfcl()


def _chosen(rows: Mapping[str, TaskRow], ids: Sequence[str]) -> tuple[TaskRow, ...]:
    return tuple(rows[f"bfcl_{one}"] for one in ids if f"bfcl_{one}" in rows)


def _read(folder: Path, part: str) -> list[TaskRow]:
    name = _FILE.format(part=part)
    questions, answers = folder / name, folder / _ANSWERS / name
    for file in (questions, answers):
        if not file.is_file():
            raise InputsInvalid(f"{file}: no such file; mas-bench-bfcl takes it as {_ADDRESS} has it")
    accepted = {str(record.get("id")): record for record in read_records(answers)}
    rows = []
    for number, record in enumerate(read_records(questions), start=1):
        try:
            rows.append(_row(record, accepted[str(record["id"])]))
        except (KeyError, TypeError, ValueError) as error:
            raise InputsInvalid(
                f"{questions}, row {number}: {error} is missing or cannot be read; give the rows, and their "
                f"{_ANSWERS}, as they are published"
            ) from None
    return rows


def _row(record: Record, answer: Record) -> TaskRow:
    """Read a row with ``question`` (turns of messages) and ``function``, and its ``ground_truth``."""
    question = _question(record["question"])
    functions = json.dumps(record["function"], indent=2, ensure_ascii=False)
    calls = answer["ground_truth"]
    if not (isinstance(calls, list) and calls and all(isinstance(call, dict) for call in calls)):
        raise TypeError(f"ground_truth: a list of calls is expected, not {calls!r:.60}")
    plain = [{"name": name, "arguments": _first(values)} for call in calls for name, values in call.items()]
    return TaskRow(
        columns={
            "input": f"{question}\n\nThese functions can be called:\n{functions}\n\n{_ASKED}",
            "question": question,
            "functions": functions,
        },
        id=f"bfcl_{record['id']}",
        tests=tuple(json.dumps(call) for call in calls),
        gold=f"```json\n{json.dumps(plain)}\n```",
    )


def _question(turns: object) -> str:
    """Return what is asked: the messages of the only turn, a role named where it is not the user's."""
    if not (isinstance(turns, list) and turns and isinstance(turns[0], list)):
        raise TypeError(f"question: turns of messages are expected, not {turns!r:.60}")
    said = [(str(message["role"]), str(message["content"]).strip()) for message in turns[0]]
    return "\n\n".join(text if role == "user" else f"{role}: {text}" for role, text in said)


def _first(values: Mapping[str, list[object]]) -> dict[str, object]:
    """Return arguments that are right: of each parameter the first accepted value, left out where it may be."""
    return {name: _value(some[0]) for name, some in values.items() if some and "" not in some}


def _value(accepted: object) -> object:
    """Return one value of those that a field accepts; a mapping within holds lists of accepted ones."""
    if isinstance(accepted, dict):
        return {name: _value(one[0]) for name, one in accepted.items() if one and "" not in one}
    return [_value(one) for one in accepted] if isinstance(accepted, list) else accepted

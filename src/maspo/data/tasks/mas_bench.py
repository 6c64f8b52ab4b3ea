"""Tasks of MAS-PromptBench with its splits by id: MATH (Precalculus, level 5), GPQA, HotpotQA, APPS, LiveCodeBench.

An id is a digest of the question, or the data set's own, so that rows are found in any copy of the data. The splits are
those of the benchmark's repository (fm8995610-ops/MAS-PromptBench, MIT licence, commit 6aaae89): ``test`` is what it
reports, its training and validation rows together are the pool. Ids alone are kept here; rows are had like those of
other tasks.
"""

from __future__ import annotations

import base64
import hashlib
import json
import pickletools
import random
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from importlib import resources

from maspo.core.plain_files import MEGABYTE
from maspo.data.published import Hub, Part, PublishedRows
from maspo.data.records import Record
from maspo.data.tasks.aqua import LETTERS, with_options
from maspo.data.tasks.gpqa import WRONG
from maspo.data.tasks.task import TaskRow
from maspo.scoring.answers import final_answer

_DIGITS = 10
"""Hexadecimal digits of the MD5 digest that an id has."""
_SHUFFLED = 0
"""The seed by which the benchmark orders options: it makes up the seed of a row together with its id."""


@cache
def splits() -> Mapping[str, Mapping[str, Sequence[str]]]:
    """Return the ids of each data set by part: ``train``, ``validation``, ``test``."""
    text = resources.files(__package__).joinpath("mas_bench_splits.json").read_text(encoding="utf-8")
    return {data: {part: ids.split() for part, ids in parts.items()} for data, parts in json.loads(text).items()}


def id_of(question: str) -> str:
    """Return the id of a question, without the name of its data set."""
    return hashlib.md5(question.strip().encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()[:_DIGITS]


def _in(data: str, known_as: Callable[[Record], str], *parts: str) -> Part:
    """Return where the rows of some parts are, and which they are by the id that a row is known as."""
    names, hub = _PLACES[data]

    def keep(record: Record) -> bool:
        return known_as(record) in {one for part in parts for one in splits()[data][part]}

    return Part(names, hub, keep)


def _digest(column: str) -> Callable[[Record], str]:
    return lambda record: id_of(str(record.get(column) or ""))


def _own_id(record: Record) -> str:
    """Return the id of a row of HotpotQA: ``_id`` in the file of its authors, ``id`` on the Hub."""
    return str(record.get("_id") or record.get("id") or "")


_PLACES: Mapping[str, tuple[tuple[str, ...], Hub]] = {
    "math": (("competition_math", "math"), Hub("qwedsacf/competition_math", "train")),
    "gpqa": (
        ("gpqa_diamond", "gpqa/gpqa_diamond", "dataset/gpqa_diamond"),
        Hub("Idavidrein/gpqa", "train", "gpqa_diamond", gated=True),
    ),
    "lcb": (
        ("code_generation_lite", "livecodebench", "lcb"),
        Hub("livecodebench/code_generation_lite", "test", "release_latest"),
    ),
    "apps": (
        ("apps_test", "apps/test", "apps", "test"),
        Hub("codeparrot/apps", "test", "interview"),
    ),
    "hotpotqa": (
        ("hotpot_dev_distractor_v1", "hotpotqa", "hotpot_qa"),
        Hub("hotpotqa/hotpot_qa", "validation", "distractor"),
    ),
}


def _math_row(record: Record) -> TaskRow:
    """Read a row with ``problem`` and ``solution``; the last box of the solution is the label."""
    problem, solution = str(record["problem"]).strip(), str(record["solution"]).strip()
    return TaskRow({"input": problem}, f"math_{id_of(problem)}", final_answer("boxed", solution), gold=solution)


def _gpqa_row(record: Record) -> TaskRow:
    """Read an official row; its options stand in the order that the benchmark draws from the row's id."""
    question = str(record["Question"]).strip()
    answers = [str(record[name]).strip() for name in ("Correct Answer", *WRONG)]
    order = list(range(len(answers)))
    name = f"gpqa_{id_of(question)}"
    random.Random(f"{_SHUFFLED}|{name}").shuffle(order)  # noqa: S311 - as the benchmark does it
    letter = LETTERS[order.index(0)]
    columns = with_options(question, [answers[place] for place in order])
    return TaskRow(columns, name, letter, gold=f"The answer is {letter}.")


def _hotpotqa_row(record: Record) -> TaskRow:
    """Read a row with ``question``, ``answer`` and ``context``: ten paragraphs, of which two hold the answer."""
    question, answer = str(record["question"]).strip(), str(record["answer"]).strip()
    paragraphs = "\n\n".join(f"{title}: {text}" for title, text in _paragraphs(record["context"]))
    return TaskRow(
        {"input": f"{question}\n\n{paragraphs}", "question": question, "paragraphs": paragraphs},
        f"hotpotqa_{_own_id(record)}",
        answer,
        gold=f"<answer>{answer}</answer>",
    )


def _paragraphs(context: object) -> Iterator[tuple[str, str]]:
    """Yield titles and texts: the file of the authors has pairs, the Hub has one list of either."""
    if isinstance(context, Mapping):
        context = list(zip(context["title"], context["sentences"], strict=True))
    if not isinstance(context, list):
        raise TypeError(f"context: paragraphs are expected, not {context!r:.60}")
    for title, sentences in context:
        yield str(title), "".join(map(str, sentences)).strip()


_MOST_TESTS = 20
"""Tests of a program that count: the first of up to thousands. The benchmark reports APPS by as many, LiveCodeBench by
all of its hidden ones, and compares optimizers by three of either."""


def _apps_id(record: Record) -> str:
    """Return the number of a problem: ``problem_id`` on the Hub, the name of its folder in the official archive."""
    return str(int(str(record["problem_id"] if "problem_id" in record else record["id"])))


def _apps_row(record: Record) -> TaskRow:
    """Read a row with ``question``, ``input_output``, ``starter_code`` and ``solutions``; the first solution is gold.

    A problem names a function that is called, or its program reads standard input.
    """
    question, starter = str(record["question"]).strip(), str(record.get("starter_code") or "")
    cases = json.loads(str(record["input_output"]))
    pairs = list(zip(cases["inputs"], cases["outputs"], strict=True))[:_MOST_TESTS]
    name = cases.get("fn_name")
    if name:
        if not str(name).isidentifier():
            raise ValueError(f"fn_name {name!r:.60} is no name of a function")
        target = f"Solution().{name}" if "class Solution" in starter else str(name)
        # What is returned stands there as it is, or as the only item of a list.
        both = (
            (given, [wanted, wanted[0]] if isinstance(wanted, list) and wanted else [wanted]) for given, wanted in pairs
        )
        tests = tuple(_call_test(target, given, accepted) for given, accepted in both)
        asked = f"Complete this code:\n{starter}" if starter.strip() else f"Write the function {name}."
    else:
        tests = tuple(_printed_test(_joined(given), _joined(wanted)) for given, wanted in pairs)
        asked = _WHOLE_PROGRAM
    solutions = json.loads(str(record.get("solutions") or "[]"))
    return TaskRow(
        columns={"input": f"{question}\n\n{asked}", "question": question, "starter_code": starter},
        id=f"apps_{_apps_id(record)}",
        tests=tests,
        setup=_TYPING if name else "",
        gold=f"```python\n{solutions[0].rstrip()}\n```" if solutions else "",
    )


_TYPING = "from typing import *\nimport collections, math, heapq, bisect, itertools, functools, string, re"
"""What the sites of these problems give to a program that only defines a function."""


_WHOLE_PROGRAM = "Write a whole program that reads standard input and prints to standard output."


def _printed_test(given: str, wanted: str) -> str:
    return json.dumps({"stdin": given, "stdout": wanted})


def _call_test(target: str, arguments: list[object], accepted: list[object]) -> str:
    """Return a statement that calls a function, which must return one of what is accepted."""
    # A tuple is as good as a list, as in the benchmark. As JSON also what has no literal, such as Infinity: a bare name
    # would be the program's to define.
    given, plain = _as_json(arguments), "json.loads(json.dumps(_returned))"
    return f"import json\n_returned = {target}(*{given})\nassert {plain} in {_as_json(accepted)}, repr(_returned)[:200]"


def _as_json(value: object) -> str:
    return f"json.loads({json.dumps(value)!r})"


def _joined(text: object) -> str:
    return "\n".join(map(str, text)) if isinstance(text, list) else str(text)


def _lcb_id(record: Record) -> str:
    return str(record["question_id"])


def _lcb_row(record: Record) -> TaskRow:
    """Read a row with ``question_content``, ``starter_code``, ``metadata`` and ``private_test_cases``.

    With starter code a method is called, each argument a line of JSON; else a program reads standard input.
    """
    question, starter = str(record["question_content"]).strip(), str(record.get("starter_code") or "").strip()
    cases = _private_tests(str(record["private_test_cases"]))[:_MOST_TESTS]
    if starter:
        name = str(json.loads(str(record["metadata"]))["func_name"])
        if not name.isidentifier():
            raise ValueError(f"func_name {name!r:.60} is no name of a function")
        tests = tuple(
            _call_test(
                f"Solution().{name}", [json.loads(line) for line in given.strip().split("\n")], [json.loads(wanted)]
            )
            for given, wanted in cases
        )
        asked = f"Complete this code:\n{starter}"
    else:
        tests, asked = tuple(_printed_test(given, wanted) for given, wanted in cases), _WHOLE_PROGRAM
    return TaskRow(
        columns={"input": f"{question}\n\n{asked}", "question": question, "starter_code": starter},
        id=f"lcb_{_lcb_id(record)}",
        tests=tests,
        setup=_TYPING if starter else "",
    )


def _private_tests(packed: str) -> list[tuple[str, str]]:
    """Return what each hidden test gives and expects: JSON, or as published a pickled text of it in zlib in base64.

    A pickle can run what it likes when it is loaded. This one is one text, so its opcodes are read and none is obeyed.
    """
    if not packed.lstrip().startswith("["):
        unpacking = zlib.decompressobj()
        try:
            raw = unpacking.decompress(base64.b64decode(packed, validate=True), _MOST_UNPACKED)
        except zlib.error as error:
            raise ValueError(f"private_test_cases: {error}") from None
        if unpacking.unconsumed_tail:
            raise ValueError(f"private_test_cases: more than {_MOST_UNPACKED // MEGABYTE} MB, unpacked")
        packed = next((text for _, text, _ in pickletools.genops(raw) if isinstance(text, str)), "")
    return [(str(case["input"]), str(case["output"])) for case in json.loads(packed)]


_MOST_UNPACKED = 512 * MEGABYTE
"""Bytes of the hidden tests of one problem, of which the largest have some hundred megabytes."""


MAS_BENCH_MATH = PublishedRows(
    name="mas-bench-math",
    row=_math_row,
    test=_in("math", _digest("problem"), "test"),
    pool=_in("math", _digest("problem"), "train", "validation"),
    scorer="math",
    final_answer="boxed",
    source="MATH (Hendrycks et al. 2021), Precalculus of level 5, MIT licence; splits of MAS-PromptBench",
    size=100,
)

MAS_BENCH_GPQA = PublishedRows(
    name="mas-bench-gpqa",
    row=_gpqa_row,
    test=_in("gpqa", _digest("Question"), "test"),
    pool=_in("gpqa", _digest("Question"), "train", "validation"),
    scorer="choice",
    final_answer="choice",
    source="GPQA Diamond (Rein et al. 2023), CC-BY-4.0, off the web; splits of MAS-PromptBench",
    size=100,
)

MAS_BENCH_HOTPOTQA = PublishedRows(
    name="mas-bench-hotpotqa",
    row=_hotpotqa_row,
    test=_in("hotpotqa", _own_id, "test"),
    pool=_in("hotpotqa", _own_id, "train", "validation"),
    scorer="exact",
    source="HotpotQA (Yang et al. 2018), distractor setting, CC-BY-SA-4.0; splits of MAS-PromptBench",
    size=100,
)

MAS_BENCH_APPS = PublishedRows(
    name="mas-bench-apps",
    row=_apps_row,
    test=_in("apps", _apps_id, "test"),
    pool=_in("apps", _apps_id, "train", "validation"),
    scorer="code",
    final_answer="none",
    source="APPS (Hendrycks et al. 2021), interview problems of its test set, MIT licence; splits of MAS-PromptBench. "
    "Its repository on the Hub holds a script, for which newer versions of the datasets library fetch nothing: then "
    "give its file test.jsonl",
    size=50,
)

MAS_BENCH_LCB = PublishedRows(
    name="mas-bench-lcb",
    row=_lcb_row,
    test=_in("lcb", _lcb_id, "test"),
    pool=_in("lcb", _lcb_id, "train", "validation"),
    scorer="code",
    final_answer="none",
    source="LiveCodeBench (Jain et al. 2024), code_generation_lite, whose card names as licence «cc», which of them it "
    "does not say: all of them allow use as it is, that is named and earns nothing; the problems are those of contest "
    "sites. Splits of MAS-PromptBench. Its repository on the Hub holds a script, for which newer versions of the "
    "datasets library fetch nothing: then give the folder of its files test.jsonl to test6.jsonl",
    size=50,
)

NOT_HERE: Mapping[str, str] = {
    "mas-bench-swe": "a row of SWE-bench Verified needs a container image of its own, 67 GB in all",
    "mas-bench-apibank": "API-Bank scores a call by programs that come with the data, and a search for a tool by an "
    "embedding model, and maspo runs no program of a data set",
    "mas-bench-toolhop": "agents on ToolHop call tools that come with the data as programs, and maspo runs no program "
    "of a data set",
}
"""The other data sets of MAS-PromptBench by the names that their tasks would have, and why there are none."""

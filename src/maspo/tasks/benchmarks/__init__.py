"""The six benchmarks of the paper, by name. A new one is one module with a ``Published`` and a line here."""

from __future__ import annotations

from collections.abc import Mapping

from maspo.tasks.benchmarks.aqua import AQUA
from maspo.tasks.benchmarks.code import HUMANEVAL_ET, MBPP
from maspo.tasks.benchmarks.gpqa import GPQA_DIAMOND
from maspo.tasks.benchmarks.math import AGIEVAL_MATH, MATH_500
from maspo.tasks.published import Published

BENCHMARKS: Mapping[str, Published] = {
    benchmark.name: benchmark for benchmark in (MATH_500, AGIEVAL_MATH, AQUA, GPQA_DIAMOND, MBPP, HUMANEVAL_ET)
}

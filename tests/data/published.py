"""The benchmarks of the paper, as their registry has them."""

from __future__ import annotations

from collections.abc import Mapping

from maspo.data.published import Published
from maspo.data.tasks.registry import TASKS


def _published(name: str) -> Published:
    found = TASKS.get(name)
    assert isinstance(found, Published)
    return found


BENCHMARKS: Mapping[str, Published] = {name: _published(name) for name in TASKS.own if not name.startswith("mas-bench")}

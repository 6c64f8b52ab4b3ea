"""The benchmarks of the paper, as their registry has them."""

from __future__ import annotations

from collections.abc import Mapping

from maspo.data.published import PublishedRows
from maspo.data.tasks.registry import TASKS


def _published(name: str) -> PublishedRows:
    found = TASKS.get(name)
    assert isinstance(found, PublishedRows)
    return found


BENCHMARKS: Mapping[str, PublishedRows] = {
    name: _published(name) for name in TASKS.own if not name.startswith("mas-bench")
}

"""Several tests at once: p-values so that any false claim among them is rare. Pure."""

from __future__ import annotations

from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> list[float]:
    """Return each p-value as adjusted for all, in their order: to claim what is at most α errs once in 1/α families.

    The smallest of m counts m times, the next m − 1 times, and none less than one before it. It needs no independence:
    prompts that are tested on the same inputs may depend on each other in any way.
    Source: Holm (1979), a simple sequentially rejective multiple test procedure.
    """
    found = [0.0] * len(p_values)
    before = 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=lambda place: p_values[place])):
        before = max(before, min(1.0, (len(p_values) - rank) * p_values[place]))
        found[place] = before
    return found

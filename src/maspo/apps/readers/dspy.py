"""DSPy (tried with 3.4.1): predictors of a program, by their places in it; a module with one is a part of it."""

from __future__ import annotations

from typing import Any

KINDS = (("dspy", "Module"),)


def tell(module: Any) -> list[dict[str, Any]]:
    """Return what the predictors of a program are called and told."""
    found = module.named_predictors()
    if len(found) < 2:
        return []
    return [
        {"name": name.removesuffix(".predict"), "passages": [one.signature.instructions], "hands_over_to": []}
        for name, one in found
    ]

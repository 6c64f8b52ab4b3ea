"""What the contract kits share: a rule that is kept or broken, and the errors that a model may raise."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from maspo.core.errors import BudgetReached, CallFailed, Interrupted, MaspoError, ProviderError
from maspo.models.scripted import ScriptedModel

LOST = CallFailed("one call failed for good")
"""After it the work goes on without this call."""
ENDS: tuple[MaspoError, ...] = (
    ProviderError("refused"),
    BudgetReached("--max-calls"),
    Interrupted("Stopped as asked."),
)
"""After them no further call can be made: whoever stands between must let them pass."""


def rule(kept: bool, text: str) -> None:
    """Name a rule that is broken.

    Raises:
        AssertionError: it is.

    """
    if not kept:
        raise AssertionError(text)


async def check_ends_pass(what: str, work: Callable[[ScriptedModel], Coroutine[Any, Any, object]]) -> None:
    """Check that the end of all calls is not swallowed, by whoever asks the model at all.

    Raises:
        AssertionError: it is; ``what`` says by whom.

    """
    for error in ENDS:
        model = ScriptedModel(lambda _, error=error: error)  # type: ignore[misc]
        try:
            await work(model)
        except Exception as raised:
            rule(raised is error, f"{what} lets {type(error).__name__} pass as it is, and does not raise {raised!r}")
        else:
            rule(not model.requests, f"{what} lets {type(error).__name__} pass: no further call can be made after it")

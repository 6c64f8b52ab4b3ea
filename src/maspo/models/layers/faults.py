"""What can go wrong with one attempt, told so that the retry owner and the ledger can decide."""

from __future__ import annotations

from enum import StrEnum

from maspo.core.errors import CallFailed


class Stage(StrEnum):
    """How far an attempt came; decides what it may have cost."""

    UNREACHED = "unreached"
    """No connection was made: nothing was sent."""
    REFUSED = "refused"
    """The endpoint answered with an error: nothing is charged."""
    LIMITED = "limited"
    """The endpoint answered that calls come too fast: nothing is charged."""
    LOST = "lost"
    """It was sent and no usable answer came back: it may have been charged."""


class Transient(CallFailed):
    """An attempt failed in a way that may pass: worth another attempt.

    Any client may raise it. ``Retried`` alone sends again; ``Limited`` learns its pace from it. ``retry_after`` and
    ``seconds`` are seconds: how long the endpoint asks to wait, and how long the attempt took.
    """

    def __init__(self, reason: str, stage: Stage, retry_after: float | None = None, seconds: float = 0.0) -> None:
        super().__init__(reason)
        self.stage = stage
        self.retry_after = retry_after
        self.seconds = seconds
        self.usd: float | None = 0.0
        """What the ledger charged for the attempt; None when that is unknown."""


class Adapted(Transient):
    """The endpoint refused a parameter and the client has learned it: send again, now in its dialect."""


class Unusable(Transient):
    """A reply came and is paid for, but holds no answer: asked for once more, then the call has failed."""

    def __init__(self, reason: str, usd: float | None, seconds: float = 0.0) -> None:
        super().__init__(reason, Stage.LOST, seconds=seconds)
        self.usd = usd

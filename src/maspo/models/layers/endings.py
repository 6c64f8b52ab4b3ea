"""How a reply ended: one that the endpoint calls an error, a refusal or filtered is no answer, whatever its text."""

from __future__ import annotations

from maspo.models.base import Refused, Reply, Request, Stage, Transient


def check_ending(request: Request, reply: Reply) -> None:
    """Check that a reply ended as an answer ends; cut at the limit of tokens it is one, and is counted as cut.

    Raises:
        Refused: the model or a filter declined to answer.
        Transient: the endpoint failed while it wrote; another attempt may not.

    """
    if reply.refused_by:
        raise Refused(
            f"{request.model}: refused by {reply.refused_by} ({request.purpose}); "
            "see whether input or prompt is what the provider does not allow"
        )
    if reply.broken:
        failure = Transient(
            f"{request.model}: the endpoint ended the reply with an error ({reply.missing or 'finish_reason: error'})",
            Stage.LOST,
            seconds=reply.seconds,
        )
        failure.usd = reply.usd
        raise failure

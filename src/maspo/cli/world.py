"""``maspo world serve``: the simulated world as an OpenAI-compatible endpoint."""

from __future__ import annotations

from typing import Annotated

import typer


def serve() -> None:
    """Serve the simulated world over the OpenAI protocol until Ctrl-C."""

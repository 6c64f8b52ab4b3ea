"""The loop that a command runs on."""

from __future__ import annotations

import asyncio
import sys
from types import SimpleNamespace

import pytest

from maspo.cli.looping import run_fast


async def loop() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()


class Fast(asyncio.SelectorEventLoop):
    """Stands for uvloop's."""


def test_uvloop_is_taken_where_it_is_installed_and_asyncio_where_it_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)
    assert not isinstance(run_fast(loop()), Fast)
    monkeypatch.setitem(sys.modules, "uvloop", SimpleNamespace(new_event_loop=Fast))
    found = run_fast(loop())
    assert isinstance(found, Fast) and found.is_closed()

"""Small apps, written into a folder of their own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from maspo.team.app import App

WriteApp = Callable[..., App]


@pytest.fixture
def app(tmp_path: Path) -> WriteApp:
    """Write ``team.py`` and return the app ``team:answer``."""

    def write(code: str, **options: Any) -> App:
        (tmp_path / "team.py").write_text(dedent(code), encoding="utf-8")
        return App(**{"run": "team:answer", "folder": str(tmp_path), "seconds": 20.0, **options})

    return write

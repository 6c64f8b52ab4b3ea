from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.soak.children import Endpoint, Team


@pytest.fixture
async def team(tmp_path: Path) -> AsyncIterator[Team]:
    """A team whose runs are processes of their own; the run ``whole`` is done already, undisturbed."""
    async with Endpoint().listening() as endpoint:
        made = Team(tmp_path, endpoint)
        made.write()
        code, said = await (await made.go("whole")).ended()
        assert code == 0, said
        yield made

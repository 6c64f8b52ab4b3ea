from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.soak.children import Endpoint, Team


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that nobody disturbed."""
    folder = tmp_path_factory.mktemp("undisturbed")

    async def run() -> tuple[int, str]:
        async with Endpoint().listening() as endpoint:
            made = Team(folder, endpoint)
            made.write()
            return await (await made.go("whole")).ended()

    code, said = asyncio.run(run())
    assert code == 0, said
    return folder / "whole"


@pytest.fixture
async def team(whole: Path, tmp_path: Path) -> AsyncIterator[Team]:
    """A team whose runs are processes of their own; the run ``whole`` is done already, undisturbed."""
    shutil.copytree(whole, tmp_path / "whole")
    async with Endpoint().listening() as endpoint:
        made = Team(tmp_path, endpoint)
        made.write()
        yield made

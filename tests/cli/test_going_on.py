"""What is told of work that an endpoint has ended: how to go on with it, where that is of use."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from maspo.cli.running import run_watched
from maspo.core.errors import ProviderError
from maspo.study.fruitless import NothingLearned
from maspo.study.job import Watcher


@pytest.mark.parametrize(
    ("error", "told"), [(ProviderError("no credit"), True), (NothingLearned("no answer in 12 of 12 runs"), False)]
)
def test_of_a_run_that_learned_nothing_none_is_told_to_go_on_with_it(
    error: ProviderError, told: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = tmp_path / "run.db"
    record.touch()

    async def begin(_: Watcher, __: asyncio.Event) -> None:
        raise error

    with pytest.raises(ProviderError):
        run_watched(begin, record)
    assert ("maspo resume" in capsys.readouterr().err) is told

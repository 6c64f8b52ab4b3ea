"""``Result.report``: a page is replaced whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from maspo.api import Result
from maspo.core.errors import StoreError
from maspo.testing.runs import begin, world_job


async def test_a01_the_page_is_whole_or_the_old_one_is_kept(tmp_path: Path) -> None:
    outcome = await begin(world_job("reflect", 6), tmp_path / "run")
    assert outcome.finished is not None
    result = Result(outcome.finished, tmp_path / "run")
    page = result.report(tmp_path / "page.html")
    assert page.read_text(encoding="utf-8").endswith("</html>\n")
    (tmp_path / "page.html.partial").mkdir()  # nothing can be written beside it
    page.write_text("the old one")
    with pytest.raises(StoreError, match="cannot be written"):
        result.report(page)
    assert page.read_text() == "the old one"

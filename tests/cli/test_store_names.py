"""Names and addresses of stores on the command line: others write the names, and addresses may be misspelt."""

from __future__ import annotations

from pathlib import Path

import pytest

from maspo.cli.stores import copy_store
from maspo.core.errors import MaspoError
from maspo.report.folder import JOURNAL as DATABASE
from maspo.store.records import folder_name


@pytest.mark.parametrize("name", ["..", ".", "", "a/../../b", "/etc/x", "\x00nul", "\x1b[31mred", "x" * 400, "\udcff"])
def test_n01_a_name_in_a_store_is_that_of_a_folder_here_at_most(name: str, tmp_path: Path) -> None:
    made = tmp_path / "listed" / folder_name(name)
    made.mkdir(parents=True)
    assert made.resolve().parent == tmp_path / "listed" and made.name.isprintable()


@pytest.mark.parametrize(
    "url",
    [
        "POSTGRES://me:s3cret@127.0.0.1:1/db",
        "postgres:/me:s3cret@127.0.0.1:1/db",
        " Postgresql://me:s3cret@127.0.0.1:1/db#x",
    ],
)
def test_n02_a_misspelt_address_is_no_folder_and_not_shown(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / DATABASE).touch()
    for given in ((url, "there"), ("run", url)):
        with pytest.raises(MaspoError) as told:
            copy_store(*given, as_json=False)
        assert "s3cret" not in str(told.value)
    assert not [one for one in tmp_path.iterdir() if "postgres" in one.name.lower() or one.name == "there"]

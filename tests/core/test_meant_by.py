"""A file that is not there is answered with the one beside it that was probably meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from maspo.core.errors import InputsInvalid, SystemInvalid
from maspo.core.plain_files import meant_by
from maspo.data.records import read_records
from maspo.team.load import load_system


def test_f01_the_nearest_file_of_the_same_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "team.yaml").write_text("")
    (tmp_path / "questions.jsonl").write_text("")
    with pytest.raises(SystemInvalid, match=r"team\.yml: no such file; did you mean .*team\.yaml\?"):
        load_system(tmp_path / "team.yml")
    with pytest.raises(InputsInvalid, match=r"question\.json: no such file; did you mean .*questions\.jsonl\?"):
        read_records(tmp_path / "question.json")


def test_f02_where_none_is_near_or_the_folder_is_not_there_nothing_is_said(tmp_path: Path) -> None:
    (tmp_path / "team.yaml.d").mkdir()
    assert meant_by(tmp_path / "team.yaml") == ""
    assert meant_by(tmp_path / "gone" / "team.yaml") == ""

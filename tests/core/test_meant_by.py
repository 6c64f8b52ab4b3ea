"""A file that is not there is answered with the one beside it that was probably meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from maspo.core.errors import InputsInvalid, SystemInvalid
from maspo.core.plain_files import folders_meant, meant_by
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


def test_f03_a_folder_without_a_run_is_answered_with_those_that_have_one(tmp_path: Path) -> None:
    for name in ("first", "second", "third", "fourth"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.db").write_text("")
    (tmp_path / "thirty").mkdir()
    assert folders_meant(tmp_path / "thrd", "run.db") == f"did you mean {tmp_path / 'third'}?"
    assert folders_meant(tmp_path / "elsewhere", "run.db") == folders_meant(tmp_path / "gone" / "first", "run.db") == ""
    assert folders_meant(tmp_path / "thirty", "run.db") == folders_meant(tmp_path, "watch.db") == ""
    first = " or ".join(str(tmp_path / name) for name in ("first", "fourth", "second"))
    assert folders_meant(tmp_path, "run.db") == f"did you mean {first}?"

"""A quotation mark that nobody closes takes in the rows below: the error names the line where it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from maspo.core.errors import InputsInvalid
from maspo.data.records import read_records


@pytest.mark.parametrize(
    ("text", "line", "to"),
    [
        ('input,answer\na,b\n"What is,2\nx,3\ny,4\n', 3, "the end of the file"),
        ('input,answer\na,b\n"What is,2\nx,3\n"y, q",4\n', 3, "line 5"),
        ('input,answer\n"two\nlines","open,2\nx,3\n', 3, "the end of the file"),
        ('input,answer\n"two\nlines",b\n\n"open,2\nx,3\n', 5, "the end of the file"),
        ('input;answer\n"a ""quoted"" word";b\nc;"open\nd;e\n', 3, "the end of the file"),
        ('input,answer\n"' + "x,1\n" * 400, 2, "the end of the file"),
        ('"input,answer\na,b\n', 1, "the end of the file"),
    ],
)
def test_q01_the_line_is_named_where_the_text_opens_and_how_far_it_goes(
    tmp_path: Path, text: str, line: int, to: str
) -> None:
    (tmp_path / "rows.csv").write_text(text)
    with pytest.raises(InputsInvalid) as caught:
        read_records(tmp_path / "rows.csv")
    assert f"rows.csv, line {line}: a quotation mark opens a text that goes on to {to}; close it" in str(caught.value)


def test_q02_a_mark_within_a_text_is_told_in_its_own_line(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text('input,answer\na,b\n"What is" it,2\nx,3\n')
    with pytest.raises(InputsInvalid, match=r"line 3: not CSV .*; write a quotation mark within a text twice"):
        read_records(tmp_path / "rows.csv")

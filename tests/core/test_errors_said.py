"""What errors of other libraries say to people."""

from __future__ import annotations

import shlex

import pytest

from maspo.core.errors import said_of, typed

IN_THE_CLEAR = "what answers there speaks no TLS; write http:// if that is meant"
UNREACHED = "Cannot connect to host 10.0.0.1:80"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (FileNotFoundError(2, "No such file or directory", "gone"), "No such file or directory"),
        (OSError(f"{UNREACHED} ssl:default [refused]"), f"{UNREACHED} [refused]"),
        (OSError("larger than a file of texts may be"), "larger than a file of texts may be"),
        (ValueError("[Errno of mine"), "[Errno of mine"),
        (TimeoutError(), "TimeoutError"),
        (OSError("[SSL: WRONG_VERSION_NUMBER]"), f"{IN_THE_CLEAR} ([SSL: WRONG_VERSION_NUMBER])"),
        (OSError("[SSL: RECORD_LAYER_FAILURE]"), f"{IN_THE_CLEAR} ([SSL: RECORD_LAYER_FAILURE])"),
    ],
)
def test_n01_numbers_and_marks_of_a_library_are_left_out(error: Exception, said: str) -> None:
    assert said_of(error) == said


def test_n02_a_folder_in_a_command_that_is_told_is_quoted_only_where_a_shell_needs_it() -> None:
    plain = ("maspo-runs/team-1", "../büro/läufe.2", "/tmp/a@b:c,d+e=f%")
    assert [typed(path) for path in plain] == list(plain)
    for path in ("my run", "it's", "a;b", "$HOME", "~", "", "-", "a\nb"):
        assert shlex.split(typed(path)) == [path]

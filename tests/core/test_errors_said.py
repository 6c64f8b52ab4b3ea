"""What errors of other libraries say to people."""

from __future__ import annotations

import pytest

from maspo.core.errors import said_of

UNREACHED = "Cannot connect to host 10.0.0.1:80"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (FileNotFoundError(2, "No such file or directory", "gone"), "No such file or directory"),
        (OSError(f"{UNREACHED} ssl:default [refused]"), f"{UNREACHED} [refused]"),
        (OSError("larger than a file of texts may be"), "larger than a file of texts may be"),
        (ValueError("[Errno of mine"), "[Errno of mine"),
        (TimeoutError(), "TimeoutError"),
    ],
)
def test_n01_numbers_and_marks_of_a_library_are_left_out(error: Exception, said: str) -> None:
    assert said_of(error) == said

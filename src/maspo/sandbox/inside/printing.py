"""Programs that read standard input and print: each is a function from what it reads to what it prints.

Like all that is inside, this runs in the untrusted process; nothing here is out of the program's reach.
"""

from __future__ import annotations

import builtins
import io
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType
from typing import Any, Final

PRINTED: Final = "printed"
"""The name by which tests call it."""
_INPUT, _OUTPUT = 0, 1
"""The descriptors that a program may open by number instead of using ``sys.stdin`` and ``sys.stdout``."""


def printed_by(program: CodeType) -> Callable[[str], str]:
    """Return the function that runs a program on a text and returns what it printed."""

    def printed(given: str) -> str:
        with _connected(given.encode("utf-8", "surrogatepass")) as shown:
            try:
                exec(program, {"__name__": "__main__", "exit": sys.exit, "quit": sys.exit})  # noqa: S102 - this process is shut in for it
            except SystemExit as left:
                if left.code not in (None, 0):
                    raise RuntimeError(f"the program ended with {left.code!r:.100}") from None
        return shown().decode("utf-8", "replace")

    return printed


@contextmanager
def _connected(given: bytes) -> Iterator[Callable[[], bytes]]:
    """Put a text where a program reads, and take what it prints; all is put back afterwards."""
    before = sys.stdin, sys.stdout, sys.stderr, builtins.open
    starting = threading.Thread.start, threading.Thread.join
    output = _Kept()
    entered = io.TextIOWrapper(io.BytesIO(given), encoding="utf-8", errors="surrogateescape")
    printed = io.TextIOWrapper(output, encoding="utf-8", errors="surrogateescape", write_through=True)

    def opened(file: Any, mode: str = "r", *rest: Any, **named: Any) -> Any:
        if file not in (_INPUT, _OUTPUT) or isinstance(file, bool):
            return before[3](file, mode, *rest, **named)
        stream = entered if file == _INPUT else printed
        return stream.buffer if "b" in mode else stream

    sys.stdin, sys.stdout, sys.stderr = entered, printed, io.StringIO()
    builtins.open = opened
    # No thread may be started here. Programs that recurse deeply start one for its larger stack: it runs in place.
    threading.Thread.start, threading.Thread.join = threading.Thread.run, _been_run  # type: ignore[method-assign,assignment]
    try:
        yield lambda: bytes(output.all)
    finally:
        sys.stdin, sys.stdout, sys.stderr, builtins.open = before
        threading.Thread.start, threading.Thread.join = starting  # type: ignore[method-assign]


def _been_run(_: threading.Thread, timeout: float | None = None) -> None:
    """Stand for waiting for a thread that has been run."""


class _Kept(io.BytesIO):
    """What was printed, also when the program closed its output."""

    def __init__(self) -> None:
        super().__init__()
        self.all = bytearray()

    def write(self, more: Any) -> int:
        self.all += more
        return len(more)

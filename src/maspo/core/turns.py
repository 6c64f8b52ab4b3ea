"""A program of another package that calls us, turned round: it runs in a thread, and we hear what it asks, in turns.

One of the two speaks at a time, so whoever uses it stays a function of what it is told.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, TypeAlias

Say: TypeAlias = Callable[[object], Any]
"""Called by the program: says something, and returns the answer."""


@dataclass(frozen=True, slots=True)
class Done:
    """The program came to its end, with what it returned."""

    value: Any


@dataclass(frozen=True, slots=True)
class _Failed:
    error: BaseException


class _Closed(BaseException):
    """Nobody listens any more; unwinds the program. No ``Exception``, which it might take for a failed step."""


class Turns:
    """A program under way, as a context; leaving it ends the program at its next question."""

    def __init__(self, program: Callable[[Say], Any]) -> None:
        self._program = program
        self._said: queue.Queue[object] = queue.Queue()
        self._answers: queue.Queue[object] = queue.Queue()
        self._thread = threading.Thread(target=self._run, name="program in turns", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._answers.put(_Closed)
        self._thread.join()

    def hear(self) -> object:
        """Return what the program says next, at last ``Done``; raises what the program raised."""
        said = self._said.get()
        if isinstance(said, _Failed):
            raise said.error
        return said

    def answer(self, answer: object) -> None:
        """Answer what the program said last."""
        self._answers.put(answer)

    def _say(self, said: object) -> Any:
        self._said.put(said)
        answer = self._answers.get()
        if answer is _Closed:
            raise _Closed
        return answer

    def _run(self) -> None:
        try:
            self._said.put(Done(self._program(self._say)))
        except _Closed:
            return
        except BaseException as error:  # whatever it is, it is raised where the program is heard
            self._said.put(_Failed(error))

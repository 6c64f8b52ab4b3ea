"""What one program may use."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that a program and its tests may use, each in its own process.

    ``cpu_seconds`` are whole seconds of computing, ``wall_seconds`` is the time until everything is ended,
    ``memory_mb`` the address space, ``value_mb`` the size of one value that a program returns.
    """

    cpu_seconds: int = 10
    wall_seconds: float = 30.0
    memory_mb: int = 512
    value_mb: int = 16
    open_files: int = 32

    def __post_init__(self) -> None:
        least = min(self.cpu_seconds, self.wall_seconds, self.memory_mb, self.value_mb)
        if least <= 0 or self.open_files < 8:
            raise ValueError(f"{self}: every limit must be above 0, and open_files at least 8")

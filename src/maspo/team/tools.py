"""Tools that agents may call: Python functions and servers of the Model Context Protocol, by name. Plain data."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import Literal

ToolKind = Literal["function", "mcp"]
_FUNCTION = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")
_MCP = "mcp:"
CALLS = 4
"""Calls in one turn of an agent unless told otherwise: a lookup, a second one, a sum and a check. All count in the
bound of what a run costs, since each may take a reply of the model of its own."""
SECONDS = 30.0
"""Of one call unless told otherwise: a request over the network and a retry of it."""
LENGTH = 20_000
"""Bytes of one result unless told otherwise: some pages of text, which a model reads for each further reply."""
MOST_CALLS = 50
"""Calls in one turn at most, whatever the file says."""


@dataclass(frozen=True)
class Tool:
    """A tool, or all tools of a server, and the limits under which it is called.

    ``run`` is ``module:function``, imported in the process of the search, or ``mcp:COMMAND``, a server that is started
    there and speaks on standard input and output.
    """

    run: str
    calls: int = CALLS
    """In one turn of an agent, at most; the smallest number counts where tools of one agent differ."""
    seconds: float = SECONDS
    """Of one call, at most."""
    length: int = LENGTH
    """Bytes of one result; what is longer is cut, and says so."""
    folder: str = ""
    """Where modules are looked for and servers are started: the folder of the system file, as an absolute path."""

    @property
    def kind(self) -> ToolKind:
        """What ``run`` is."""
        return "mcp" if self.run.startswith(_MCP) else "function"

    @property
    def command(self) -> tuple[str, ...]:
        """The words of a server's command; no shell reads it."""
        return tuple(shlex.split(self.run.removeprefix(_MCP)))

    def problems(self, place: str) -> list[str]:
        """Return what cannot be, one line each with its place and the fix."""
        found = []
        if self.kind == "mcp":
            try:
                if not self.command:
                    found.append(f"{place}: {self.run!r} names no command; write mcp: and the server's command")
            except ValueError as error:
                found.append(f"{place}: {self.run!r} is no command ({error}); close its quotes")
        elif not _FUNCTION.fullmatch(self.run):
            found.append(f"{place}: {self.run!r} is given; expected module:function, or mcp: and a server's command")
        if not 1 <= self.calls <= MOST_CALLS:
            found.append(f"{place}.calls: {self.calls} is given; expected 1 to {MOST_CALLS}")
        if self.seconds <= 0:
            found.append(f"{place}.seconds: {self.seconds:g} is given; expected above 0")
        if self.length < 1:
            found.append(f"{place}.length: {self.length} is given; expected 1 or more")
        return found

"""An app: a team that is run as it is, in an environment of its own, instead of being described agent by agent."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

AppKind = Literal["callable", "command", "url"]
_CALLABLE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
_FUNCTION_OF_FILE = re.compile(r"(?P<file>\S+\.py):(?P<function>[A-Za-z_][\w.]*)")
"""A function named by the file it stands in, as test runners and servers take it; Python imports modules by name."""
ROWS = 5
"""On which an app is looked at by default: enough to tell values from fixed passages, and to meet some branches."""
_RUNS = {".py": "python", **dict.fromkeys((".js", ".mjs", ".cjs"), "node"), ".ts": "npx tsx", ".sh": "sh"}
"""What runs the files of a language."""
_URL = re.compile(r"https?://", re.IGNORECASE)


@dataclass(frozen=True)
class App:
    """How an app is run on one row.

    ``run`` is a Python callable ``module:function`` that takes a row and returns the answer, a command that reads a row
    of JSON from standard input and prints the answer, or a URL that takes a row by POST.
    """

    run: str
    python: str = ""
    """The interpreter of a callable, such as ``.venv/bin/python``; empty: the one that runs maspo."""
    workers: int = 4
    """Rollouts side by side."""
    keep_alive: bool = False
    """One process answers row after row, instead of one process a rollout."""
    replay_tools: bool = False
    """Calls of tools that the app lets maspo answer (``maspo_tools``) are carried out once an input."""
    dialects: tuple[str, ...] = ()
    """The dialects that it speaks to models, as ``maspo discover`` saw them; empty: any."""
    whole_prompts: bool = False
    """``maspo discover`` saw nothing beside its agents' prompts where they stand: what stands there was added since."""
    seconds: float = 300.0
    """Of one rollout, at most: an agent that thinks for minutes is done by then, a loop without an end is not."""
    calls: int = 100
    """Model calls of one rollout, at most: some frameworks retry structured outputs and tools without any limit."""
    usd: float | None = None
    """US dollars of one rollout, at most."""
    folder: str = ""
    """Where it is started, as an absolute path: the folder of the system file, if that names no other."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "dialects", tuple(self.dialects))
        object.__setattr__(self, "run", self._by_module() or self.run)

    @property
    def kind(self) -> AppKind:
        """What ``run`` is."""
        if _URL.match(self.run):
            return "url"
        return "callable" if _CALLABLE.fullmatch(self.run) else "command"

    @property
    def command(self) -> tuple[str, ...]:
        """The words of a command; no shell reads it."""
        return tuple(shlex.split(self.run))

    def problems(self) -> list[str]:
        """Return what cannot be, one line each with its place and the fix."""
        found = []
        if not self.run.strip():
            found.append("app.run: empty; give module:function, a command, or a URL")
        elif by_file := self._function_by_file():
            found.append(by_file)
        elif self.kind == "command":
            try:
                shlex.split(self.run)
                found += self._problems_of_script()
            except ValueError as error:
                found.append(f"app.run: {self.run!r} is no command ({error}); close its quotes")
        for name, least in (("workers", 1), ("seconds", 0.001), ("calls", 1)):
            if getattr(self, name) < least:
                found.append(f"app.{name}: {getattr(self, name)}; expected {'1 or more' if least == 1 else 'above 0'}")
        if self.usd is not None and self.usd <= 0:
            found.append(f"app.usd: {self.usd}; expected above 0, or leave it out")
        if self.python and self.kind != "callable":
            found.append("app.python: only a callable (module:function) has an interpreter; leave it out")
        return found

    def _by_module(self) -> str:
        """Return ``team:answer`` for ``team.py:answer`` where such a file is below the folder; empty else."""
        named = _FUNCTION_OF_FILE.fullmatch(self.run)
        if named is None or not Path(self.folder, named["file"]).is_file():
            return ""
        inside = Path(os.path.normpath(named["file"])).with_suffix("")
        found = f"{'.'.join(inside.parts)}:{named['function']}"
        return found if _CALLABLE.fullmatch(found) else ""

    def _function_by_file(self) -> str:
        """Return what to do where a function is named by a file that cannot be imported from here; empty else."""
        named = _FUNCTION_OF_FILE.fullmatch(self.run)
        if named is None:
            return ""
        if not Path(self.folder, named["file"]).is_file():
            return f"app.run: {self.run}: no such file; give module:FUNCTION, a command, or a URL"
        inside = Path(named["file"])
        if not inside.stem.isidentifier():
            return (
                f"app.run: {self.run} is in a file that Python cannot import by its name; call it {_importable(inside)}"
            )
        return (
            f"app.run: {self.run} is not below this folder; go to its folder and give {inside.stem}:{named['function']}"
        )

    def _problems_of_script(self) -> list[str]:
        """Return that a file of a language is named as if it were a program, where it is none."""
        script = next(iter(self.command), "")
        runs = _RUNS.get(Path(script).suffix)
        if runs is None:
            return []
        file = Path(self.folder, script)
        if os.access(file, os.X_OK) if "/" in script else shutil.which(script):
            return []
        if not file.is_file():
            return [f"app.run: {script}: no such file; give module:FUNCTION, a command, or a URL"]
        function = f"{Path(script).stem}:FUNCTION, which takes a row and returns the answer, or "
        by_function = function if runs == "python" else ""
        return [f"app.run: {self.run!r} is a file and no command; give {by_function}`{runs} {self.run}`"]

    def interpreter(self, default: str) -> str:
        """Return the path of the interpreter, as it would be typed in the app's folder.

        Links are kept: the name by which an environment's interpreter is started says which environment it is.
        """
        if not self.python:
            return default
        path = Path(self.folder or ".") / Path(self.python).expanduser()
        return os.path.abspath(path)  # noqa: PTH100 - resolving would leave the environment


def _importable(file: Path) -> str:
    return re.sub(r"\W", "_", file.stem) + file.suffix


def names_app(given: Path) -> bool:
    """Return whether what stands in the place of a system file is an app: ``module:function``, or meant as one."""
    meant = _FUNCTION_OF_FILE.fullmatch(str(given)) is not None
    # A text that is no path may be too long for one.
    return (meant or App(str(given)).kind == "callable") and not os.path.exists(given)  # noqa: PTH110

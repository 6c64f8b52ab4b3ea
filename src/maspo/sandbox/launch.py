"""The command that starts a fork server at a level: what it sees of this machine, and nothing else."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Literal, TypeAlias, get_args

import maspo

Level: TypeAlias = Literal["full", "prelude", "unsafe"]
"""``full``: bubblewrap's namespaces and the prelude. ``prelude``: limits, Landlock and seccomp alone. ``unsafe``:
limits alone, so a program can do what its user can; only when asked for by name."""
LEVELS: tuple[Level, ...] = get_args(Level)

_START = (
    "import sys; sys.path.insert(0, sys.argv[1]); from maspo.sandbox.inside.zygote import main; "
    "del sys.path[0]; main(sys.argv[2])"
)
_ENVIRONMENT = {"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1", "LANG": "C.UTF-8"}
"""All of it. A fixed hash seed, so that the order of a set is the same in every run."""
_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64")
_ZONES = "/usr/share/zoneinfo"
_FOREIGN = ("site-packages", "dist-packages")
"""Installed packages: not a part of Python, and nobody's business inside."""


def command(level: Level) -> list[str]:
    """Return the command of a fork server. Raises FileNotFoundError for ``full`` without bubblewrap."""
    settings = json.dumps({"confined": level != "unsafe", "readable": _readable()})
    start = [str(_interpreter()), "-s", "-S", "-P", "-c", _START, str(_source()), settings]
    return [*_bubblewrap(), *start] if level == "full" else start


def environment() -> dict[str, str]:
    """Return the whole environment of a fork server: no variable of this process is in it."""
    return dict(_ENVIRONMENT)


def _interpreter() -> Path:
    return Path(sys.executable).resolve()


def _source() -> Path:
    """Return the folder that holds the package maspo."""
    return Path(str(maspo.__file__)).parents[1]


def _standard_library() -> list[Path]:
    """Return the folders of the standard library; extension modules may have one of their own."""
    home = Path(os.__file__).parent
    dynamic = [Path(place) for place in sys.path if Path(place).name == "lib-dynload"]
    return [home, *(place for place in dynamic if not place.is_relative_to(home))]


def _shared_libraries() -> list[Path]:
    """Return the shared libraries that came with this Python (``libpython`` and what modules need)."""
    return sorted((Path(sys.base_prefix) / "lib").glob("lib*.so*"))


def _readable() -> list[str]:
    """Return what a program may open: Python's own files, without installed packages."""
    home, *dynamic = _standard_library()
    own = [entry for entry in sorted(home.iterdir()) if entry.name not in _FOREIGN]
    return [*map(str, [*own, *dynamic, *_shared_libraries()]), *_LIBRARIES, _ZONES]


def _bubblewrap() -> list[str]:
    program = shutil.which("bwrap")
    if program is None:
        raise FileNotFoundError("bwrap is not installed (the package is called bubblewrap)")
    package = Path(str(maspo.__file__)).parent
    seen = [*map(Path, _LIBRARIES), Path(_ZONES), Path("/etc/ld.so.cache"), _interpreter(), *_standard_library()]
    seen += [*_shared_libraries(), package / "__init__.py", package / "__about__.py"]
    seen += [package / "sandbox" / "__init__.py", package / "sandbox" / "inside"]
    words = [
        program,
        "--unshare-all",
        "--die-with-parent",
        "--new-session",
        "--cap-drop",
        "ALL",
        "--hostname",
        "sandbox",
    ]
    for path in seen:
        words += ["--ro-bind-try", str(path), str(path)]
    for folder in (home / name for home in _standard_library() for name in _FOREIGN if (home / name).is_dir()):
        words += ["--tmpfs", str(folder)]
    return [*words, "--dev", "/dev", "--remount-ro", "/", "--chdir", "/"]

"""The command that starts a fork server at a level: what it sees of this machine, and nothing else."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Literal, TypeAlias, get_args

import maspo
from maspo.sandbox.packages import NO_PACKAGES, Packages

Level: TypeAlias = Literal["full", "prelude", "unsafe"]
"""``full``: bubblewrap's namespaces and the prelude. ``prelude``: limits, Landlock and seccomp alone. ``unsafe``:
limits alone, so a program can do what its user can; only when asked for by name."""
LEVELS: tuple[Level, ...] = get_args(Level)

_START = (
    "import sys; sys.path.insert(0, sys.argv[1]); from maspo.sandbox.inside.zygote import main; "
    "del sys.path[0]; main(sys.argv[2])"
)
ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONUTF8": "1",
    "LANG": "C.UTF-8",
}
"""The whole environment of a fork server: no variable of this process is in it.

A fixed hash seed, so that the order of a set is the same in every run; one thread, because a fork keeps one.
"""
_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64")
_ZONES = "/usr/share/zoneinfo"
_FOREIGN = ("site-packages", "dist-packages")
"""Installed packages: not a part of Python, and nobody's business inside."""


def command(level: Level, packages: Packages = NO_PACKAGES) -> list[str]:
    """Return the command of a fork server. Raises FileNotFoundError for ``full`` without bubblewrap."""
    interpreter = Path(sys.executable).resolve()
    package = Path(str(maspo.__file__)).parent
    home = Path(os.__file__).parent
    # Extension modules may have a folder of their own, and this Python its own shared libraries.
    dynamic = [Path(place) for place in sys.path if Path(place).name == "lib-dynload"]
    dynamic = [place for place in dynamic if not place.is_relative_to(home)]
    shared = sorted((Path(sys.base_prefix) / "lib").glob("lib*.so*"))
    # What a program may open: Python's own files, without installed packages.
    own = [entry for entry in sorted(home.iterdir()) if entry.name not in _FOREIGN]
    readable = [*map(str, [*own, *dynamic, *shared, *packages.places]), *_LIBRARIES, _ZONES]
    settings = json.dumps(
        {
            "confined": level != "unsafe",
            "readable": readable,
            "packages": packages.names,
            "folders": packages.folders,
        }
    )
    start = [str(interpreter), "-s", "-S", "-P", "-c", _START, str(package.parent), settings]
    if level != "full":
        return start
    program = shutil.which("bwrap")
    if program is None:
        raise FileNotFoundError("bwrap is not installed (the package is called bubblewrap)")
    words = [program, "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    words += ["--hostname", "sandbox"]
    seen = [*map(Path, _LIBRARIES), Path(_ZONES), Path("/etc/ld.so.cache"), interpreter, home, *dynamic, *shared]
    seen += [package / "__init__.py", package / "__about__.py"]
    seen += [package / "sandbox" / "__init__.py", package / "sandbox" / "inside"]
    for path in seen:
        words += ["--ro-bind-try", str(path), str(path)]
    for folder in (library / name for library in (home, *dynamic) for name in _FOREIGN if (library / name).is_dir()):
        words += ["--tmpfs", str(folder)]
    for place in packages.places:
        words += ["--ro-bind", str(place), str(place)]
    return [*words, "--dev", "/dev", "--remount-ro", "/", "--chdir", "/", *start]

"""A real Postgres server for tests: Debian's package, started on a socket in a folder of its own, by another user."""

from __future__ import annotations

import atexit
import functools
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from maspo.store.address import StoreAddress, named
from tests.going_on import lives, wait_until, worked

SKIPPED = "POSTGRES IS NOT INSTALLED: the store on Postgres is not tested here (apt install postgresql)"
_numbers = itertools.count(1)


def programs() -> Path | None:
    """Return where initdb and postgres are; the newest, or None."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    if found:
        return found[-1].parent
    here = shutil.which("initdb")
    return Path(here).parent if here else None


class Server:
    """A server that can be killed and started again; it listens on a socket only."""

    def __init__(self, folder: Path, bin_folder: Path) -> None:
        self.folder = folder
        self._bin = bin_folder
        self._process: subprocess.Popen[bytes] | None = None
        # The server refuses to work for root.
        self._user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        options = ["-A", "trust", "-U", "maspo", "--no-sync", "--locale", "C", "-E", "UTF8"]
        self._run(str(self._bin / "initdb"), "-D", str(folder / "data"), *options)

    def start(self) -> None:
        """Start, and return when it answers: after a kill it repairs itself first, for as long as it gets on with that.

        It is a child of these tests and ends with them, however they end.
        """
        data, log = str(self.folder / "data"), self.folder / "log"
        settings = ["listen_addresses=", f"unix_socket_directories={self.folder}", "max_connections=120"]
        options = [part for each in settings for part in ("-c", each)]
        command = [*_dying_with_us(), str(self._bin / "postgres"), "-D", data, *options]
        with log.open("ab") as said:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, **self._who)
        process = self._process

        def answers() -> bool:
            assert process.poll() is None, log.read_text(encoding="utf-8")
            return self._run(str(self._bin / "pg_isready"), "-q", "-h", str(self.folder), check=False)

        wait_until(answers, lambda: (log.stat().st_size, worked(process.pid)))

    def kill(self) -> None:
        """End it and its children at once, as a machine that fails does; returns when all are gone."""
        assert self._process is not None
        pid = self._process.pid
        os.kill(pid, signal.SIGSTOP)  # else it could begin another child meanwhile
        children = [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        for each in (*children, pid):
            with suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)
        self._process.wait()
        # What is left of them holds the shared memory, and no server starts beside it.
        wait_until(lambda: not any(map(lives, children)), lambda: sum(map(lives, children)))

    def stop(self) -> None:
        """End it."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)  # at once: nothing in it is kept
            self._process.wait()

    def database(self) -> StoreAddress:
        """Make a database; return where it is."""
        name = f"test{next(_numbers)}"
        self._run(str(self._bin / "createdb"), "-h", str(self.folder), "-U", "maspo", name)
        return named(f"postgresql://maspo@/{name}?host={self.folder}")

    @property
    def _who(self) -> dict[str, Any]:
        """Who the programs of the server run as, where, and with what environment."""
        user = self._user if os.geteuid() == 0 else None
        groups: list[str] | None = [] if user else None
        environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
        return {"user": user, "group": user, "extra_groups": groups, "cwd": "/", "env": environment}

    def _run(self, *command: str, check: bool = True) -> bool:
        done = subprocess.run(command, capture_output=True, text=True, check=False, **self._who)
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done.returncode == 0


def _dying_with_us() -> list[str]:
    """Return what begins a command that ends when the process ends that started it (Linux, PR_SET_PDEATHSIG)."""
    found = shutil.which("setpriv")
    return [found, "--pdeathsig", "QUIT"] if found else []


@contextmanager
def server() -> Iterator[Server]:
    """Make and start a server for a while; skip the test where none is installed."""
    found = programs()
    if found is None:
        pytest.skip(SKIPPED)
    folder = Path(tempfile.mkdtemp(prefix="maspo-pg-"))  # the path of a socket has at most 107 bytes
    made = Server(folder, found)
    try:
        made.start()
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder, ignore_errors=True)


@functools.cache
def shared() -> Server:
    """Return one server for all tests of a process, stopped at its end."""
    found = programs()
    if found is None:
        pytest.skip(SKIPPED)
    opened = server()
    made = opened.__enter__()
    atexit.register(opened.__exit__, None, None, None)
    return made

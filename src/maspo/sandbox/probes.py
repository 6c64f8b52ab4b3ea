"""Attacks on the sandbox that harm nothing: its self-test sends this file in as a program and asks what succeeded.

Only the text of this module is used; nothing here is called outside of a sandbox.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

_PTRACE_SEIZE = 0x4206
"""linux/ptrace.h. Unlike an attachment, it does not stop the process that is traced: this one, where nothing holds."""
_CLONE_NEWUSER = 0x10000000
"""linux/sched.h."""
_LOOPBACK = "127.0.0.1"


def probe(canary: str, folder: str, port: int, victim: int) -> list[str]:
    """Return the names of the attacks that succeeded.

    ``canary`` is a file with a secret, ``folder`` can be written, somebody listens on ``port``, and ``victim`` is the
    number of a process of the same user.
    """
    attacks: dict[str, Callable[[], Any]] = {
        "read a file": lambda: Path(canary).read_text(encoding="utf-8"),
        "list a folder": lambda: os.listdir(folder),  # noqa: PTH208 - the shortest way is the attack
        "write a file": lambda: Path(folder, "written").write_text("x", encoding="utf-8"),
        "write over a file": lambda: os.open(canary, os.O_WRONLY),
        "remove a file": lambda: os.unlink(canary),  # noqa: PTH108
        "make a link": lambda: Path(folder, "link").symlink_to(canary),
        "connect": lambda: socket.create_connection((_LOOPBACK, port), 1),
        "send a datagram": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", (_LOOPBACK, port)),
        "open a local socket": lambda: socket.socket(socket.AF_UNIX),
        "start a process": _fork,
        "run a command": lambda: subprocess.run(["/bin/true"], check=True),
        "start a thread": lambda: threading.Thread(target=int).start(),
        "reach a process": lambda: os.kill(victim, 0),
        "read a process": lambda: Path(f"/proc/{victim}/environ").read_bytes(),
        "trace a process": lambda: _libc("ptrace", _PTRACE_SEIZE, victim, None, None),
        "make a file in memory": lambda: os.memfd_create("x"),
        "get a new namespace": lambda: _libc("unshare", _CLONE_NEWUSER),
    }
    succeeded = []
    for name, attack in attacks.items():
        with contextlib.suppress(Exception):
            attack()
            succeeded.append(name)
    return succeeded


def _fork() -> None:
    if os.fork() == 0:
        os._exit(0)


def _libc(name: str, *values: Any) -> None:
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*values) < 0:
        raise OSError(ctypes.get_errno(), name)

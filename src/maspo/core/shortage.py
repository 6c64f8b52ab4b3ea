"""What a machine has too little of when something fails: files that may be open, memory, threads, room on a disk."""

from __future__ import annotations

import errno
import os
import resource

_FEWEST_FILES = 64
"""Files that may be open at once, below which an unexplained failure to open one is told with that limit."""
_NEEDED = 12
"""Files that a run opens besides its connections: loop, record with its log and index, lock, streams."""
_FILES = (errno.EMFILE, errno.ENFILE)
_ROOM = (errno.ENOSPC, errno.EDQUOT)
_MEMORY_WORDS = ("cannot allocate memory", "failed to map segment", "can't start new thread", "out of memory")


def shortage(error: BaseException) -> str:
    """Return what was too little and what helps, when that is why something failed; else empty."""
    seen: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in seen:
        seen.append(link)
        number = link.errno if isinstance(link, OSError) else None
        if number in _FILES:
            return f"too many files are open ({files_allowed()}); raise the limit, for example: ulimit -n 1024"
        if number in _ROOM:
            return f"no room is left on the disk ({link}); free some space and try again"
        # Where no memory is left, CPython 3.11.2 was seen to lose the error itself while it compiles an annotation.
        lost = isinstance(link, SystemError) and "without exception set" in str(link)
        if isinstance(link, MemoryError) or lost or number == errno.ENOMEM or _tells_of_memory(link):
            return (
                f"too little memory, or too few threads ({type(link).__name__}: {link}); end other programs, or raise "
                "the limits that ulimit -v and ulimit -u show"
            )
        link = link.__cause__ or link.__context__
    return ""


def files_allowed() -> str:
    """Return how many files this process may have open, in words."""
    return f"{resource.getrlimit(resource.RLIMIT_NOFILE)[0]} are allowed at once"


def few_files() -> str:
    """Return a remark when so few files may be open that this explains why one could not be; else empty."""
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return f"; {files_allowed()}, which is too few: ulimit -n 1024" if 0 <= allowed < _FEWEST_FILES else ""


def check_files() -> None:
    """Check that as many files can be opened as a run needs at least.

    Raises:
        OSError: they cannot.

    """
    opened: list[int] = []
    try:
        for _ in range(_NEEDED):
            opened.append(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
    finally:
        for handle in opened:
            os.close(handle)


def _tells_of_memory(error: BaseException) -> bool:
    text = str(error).lower()
    return isinstance(error, RuntimeError | ImportError | OSError) and any(word in text for word in _MEMORY_WORDS)

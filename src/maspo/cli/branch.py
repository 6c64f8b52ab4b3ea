"""A branch with one commit for each new prompt, made beside the user's checkout, which stays as it is.

Git does the work in a worktree of its own that goes afterwards. Nothing is pushed, and no hook runs.
"""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from maspo.core.errors import UsageError
from maspo.core.plain_files import is_plain

_ALONE: Final = ("-c", "core.hooksPath=/dev/null", "-c", "commit.gpgsign=false", "-c", "core.fsmonitor=false")
"""For every command: making a worktree or naming a branch has hooks, too."""
_SECONDS: Final = 120.0
"""For one command of git, on a large repository and a slow disk."""


@dataclass(frozen=True)
class Commit:
    """One commit: what it says, and the new content of files by their path below the repository."""

    message: str
    sources: Mapping[str, str]


def repository_of(folder: Path) -> Path:
    """Return the top of the repository that holds a folder.

    Raises:
        UsageError: it is in none.

    """
    return Path(_git(folder, "rev-parse", "--show-toplevel")).resolve()


def check_clean(repository: Path, branch: str) -> None:
    """Check that a branch can be made: nothing tracked is changed, and the name is good and free.

    Raises:
        UsageError: it cannot.

    """
    _git(repository, "check-ref-format", "--branch", branch)
    if _git(repository, "status", "--porcelain", "--untracked-files=no"):
        raise UsageError(f"{repository}: has changes that are not committed; commit or stash them, then try again")
    if _git(repository, "for-each-ref", f"refs/heads/{branch}"):
        raise UsageError(f"--branch {branch}: there is one already; give another name")


def is_tracked(repository: Path, file: Path) -> bool:
    """Say whether a file is under version control."""
    return bool(_git(repository, "ls-files", "--", str(file)))


@contextlib.contextmanager
def checkout(repository: Path) -> Iterator[Path]:
    """Give a checkout of the present commit, beside the user's own, for the block."""
    with tempfile.TemporaryDirectory(prefix="maspo-") as folder:
        place = Path(folder).resolve() / "checkout"
        _git(repository, "worktree", "add", "--quiet", "--detach", str(place), "HEAD")
        try:
            yield place
        finally:
            with contextlib.suppress(UsageError):
                _git(repository, "worktree", "remove", "--force", str(place))


def commit(place: Path, one: Commit) -> None:
    """Write and commit files in a checkout.

    Raises:
        UsageError: git refuses, for example because it does not know who commits.

    """
    for name, text in one.sources.items():
        file = place / name
        if not is_plain(file):
            raise UsageError(f"{name}: is not under version control; commit it first, or write it without --branch")
        file.write_bytes(text.encode("utf-8"))
    _git(place, "add", "--", *one.sources)
    _git(place, "commit", "--quiet", "--no-verify", "--message", one.message)


def name_branch(place: Path, branch: str) -> None:
    """Give what a checkout holds now the name of a branch."""
    _git(place, "branch", "--no-track", branch, "HEAD")


def _git(folder: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 (git, with arguments that begin with none of the user's)
            ["git", "-C", str(folder), *_ALONE, *arguments],  # noqa: S607 (the user's own git)
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UsageError(f"git cannot be run ({error}); `maspo apply` without --branch writes files") from error
    if done.returncode:
        raise UsageError(f"git {arguments[0]}: {done.stderr.strip() or 'refused'}")
    return done.stdout.strip()

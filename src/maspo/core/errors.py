"""The errors of maspo, each attributed to one boundary.

::

    MaspoError                     exit 1
    ├── UsageError                 exit 2   the user can fix it; nothing was paid
    │   ├── SystemInvalid                   the system file or object
    │   ├── InputsInvalid                   the inputs file or rows
    │   ├── ConfigInvalid                   settings, flags, environment
    │   └── RunChanged                      a run folder whose config or inputs changed
    ├── BudgetReached              exit 4   a hard cap would be overshot by the next call
    ├── ProviderError              exit 5   unreachable, or refuses every call (key, model)
    │   └── CallFailed                      one call failed for good; the run can go on without it
    │       └── EmptyReply                  the model wrote nothing; recorded, so it is not asked again
    ├── Interrupted                exit 130 somebody asked the run to stop; it can be resumed
    ├── StoreError                 exit 1   the run's database
    │   └── RecordMissing          exit 2   there is none in this folder
    ├── AppChanged                 exit 1   an app no longer sends the prompts of its system file
    └── SandboxRefused, SandboxFailed  exit 1   untrusted programs cannot be shut in here (maspo.sandbox)

Every message says what was given, what was expected and how to fix it.
"""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Iterable
from typing import Literal

EXIT_OK = 0
EXIT_ERROR = 1
EXIT_USAGE = 2
EXIT_APPROVAL = 3
EXIT_BUDGET = 4
EXIT_PROVIDER = 5
EXIT_INTERRUPTED = 130
"""0 to 2 as shells and click use them, 130 as shells tell Ctrl-C (128 + SIGINT); 3 to 5 are ours."""
_IN_THE_CLEAR = re.compile(r"WRONG_VERSION_NUMBER|RECORD_LAYER_FAILURE")
"""What OpenSSL calls a first reply that is no TLS: the latter from 3.2 on."""
_NO_CERTIFICATE = re.compile(r"certificate verify failed: (.{1,200}?)(?: \(_ssl|'\)|$)", re.DOTALL)
"""What Python's TLS says of a certificate that it does not accept, within the marks of its libraries."""
_PLAIN_WORD = re.compile(r"[\w@%+=:,./-]+")
"""What no shell reads as anything else; letters of any language, unlike those of ``shlex``."""


class MaspoError(Exception):
    """The root of all errors that maspo raises on purpose."""

    exit_code = EXIT_ERROR


class UsageError(MaspoError):
    """What was given cannot be used; nothing was paid."""

    exit_code = EXIT_USAGE

    def _render_traceback_(self) -> list[str]:
        """Return what a notebook shows: what to mend is in the message, not in the lines of ours that found it."""
        return [f"{type(self).__name__}: {self}"]


class SystemInvalid(UsageError):
    """A system that cannot be run; the message names the file, the place and the fix."""


class InputsInvalid(UsageError):
    """Inputs that cannot be used; the message names the file, the row and the fix."""


class ConfigInvalid(UsageError):
    """A setting, flag or environment variable that cannot be used."""


class RunChanged(UsageError):
    """A run folder that does not match what is asked for now.

    ``differences`` holds one line per field: ``field: was X, is Y``.
    """

    def __init__(self, message: str, differences: tuple[str, ...] = ()) -> None:
        super().__init__("\n".join([message, *(f"  {line}" for line in differences)]))
        self.differences = differences


class BudgetReached(MaspoError):
    """The next call could overshoot a hard cap, so it was not sent."""

    exit_code = EXIT_BUDGET


class ProviderError(MaspoError):
    """The endpoint cannot be reached, or refuses every call of this kind."""

    exit_code = EXIT_PROVIDER


class CallFailed(ProviderError):
    """One call failed for good after its retries; the run can go on without its reply."""

    attempts: int = 1
    """Calls that were sent for it."""
    outcome: Literal["failed", "refused", "empty"] = "failed"
    """What came instead of a reply: nothing that can be used, a refusal to answer, or replies without text."""


class EmptyReply(CallFailed):
    """The model answered and wrote nothing: the outcome of this call, and no fault of the endpoint."""

    outcome = "empty"


class Interrupted(MaspoError):
    """Somebody asked the run to stop, so the next call was not sent."""

    exit_code = EXIT_INTERRUPTED


class StoreError(MaspoError):
    """The run's database cannot be read, written or locked."""


class AppChanged(MaspoError):
    """An app no longer sends a prompt of its system file, so what is tried in its place would reach nobody."""


class RecordMissing(StoreError):
    """There is no record where one was expected: another folder was meant."""

    exit_code = EXIT_USAGE


def nearest(given: str, known: Iterable[str]) -> str:
    """Return which of the known names somebody may have meant who typed another one; empty when none is near."""
    return next(iter(difflib.get_close_matches(given, sorted(known), n=1)), "")


def typed(path: object) -> str:
    """Return a path as it is typed in a shell, for commands that are told: in quotes only where it needs them."""
    text = str(path)
    return text if _PLAIN_WORD.fullmatch(text) else shlex.quote(text)


def said_of(error: BaseException) -> str:
    """Return what an error says to people, without numbers and marks that only its library reads."""
    text = str(error).replace(" ssl:default", "")  # aiohttp says so of addresses without TLS, too
    if isinstance(error, OSError) and error.strerror and text.startswith("[Errno"):
        text = error.strerror
    if found := _NO_CERTIFICATE.search(text):
        text = f"its certificate is not accepted ({found[1]})"
    if _IN_THE_CLEAR.search(text):
        text = f"what answers there speaks no TLS; write http:// if that is meant ({text})"
    return text or type(error).__name__

"""Where a store is: its address without secrets, the file in a run folder that names it, and whom this user knows.

A run folder is passed around, so an address in one is data of somebody else: it is followed only when this user has
named that store on this machine. What lets somebody in is never written into a folder, a record or a message.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from maspo.core.errors import ConfigInvalid, StoreError, typed
from maspo.core.plain_files import is_plain, read_plain
from maspo.store.state import note, state_folder

VARIABLE = "MASPO_STORE"
"""Holds the address of a store, with its password if there is one: what is typed as an option is seen by all users."""
_HEAD = "maspo store 1"
_MOST_BYTES = 2048
"""Of the file that names a store. A database of SQLite has more, so none is opened to see that it is none: to close it
again would take away SQLite's locks."""
_QUERY = frozenset({"host", "sslmode", "sslrootcert"})
"""Parameters that are taken: where a socket lies, and how the server proves itself. Others of libpq name files that
hold secrets, or change what is asked for."""
_HOST = re.compile(r"[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]")
_TOKEN = re.compile(r"[0-9a-f]{32}")
_EXAMPLE = "expected e.g. postgresql://me@db.example.com/maspo"

_named: dict[str, str] = {}
"""Passwords of the stores that this process was given, by their addresses."""


@dataclass(frozen=True, slots=True)
class StoreAddress:
    """A database on a Postgres server. ``shown`` is its address without password; empty parts are libpq's to choose."""

    shown: str
    host: str
    port: int | None
    user: str
    database: str
    options: tuple[tuple[str, str], ...] = ()
    password: str = field(default="", repr=False)

    @property
    def without_password(self) -> StoreAddress:
        """The same, to be sent to another machine, which has its own way in."""
        return replace(self, password="")

    @property
    def fingerprint(self) -> str:
        """What stands for exactly this address."""
        return hashlib.sha256(self.shown.encode()).hexdigest()[:32]  # 128 bits: no two meet


@dataclass(frozen=True, slots=True)
class Pointer:
    """What a run folder says instead of a record: the store that it is in, and which one of it."""

    address: StoreAddress
    token: str


def parse(url: str) -> StoreAddress:
    """Return the store that an address names.

    Raises:
        ConfigInvalid: it is none, or asks for more than where the store is. Never shows a password.

    """
    try:
        parts = urlsplit(url)
        port, query = parts.port, dict(parse_qsl(parts.query, keep_blank_values=True))
    except ValueError:
        raise ConfigInvalid(f"--store: not an address; {_EXAMPLE}") from None
    if "://" not in url:  # what follows may hold a password all the same
        raise ConfigInvalid(f"--store: not an address; {_EXAMPLE}")
    if parts.scheme not in ("postgresql", "postgres"):
        raise ConfigInvalid(f"--store {re.sub(r'.*@', '…@', url)[:80]!r}: {_EXAMPLE}")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    database = unquote(parts.path.removeprefix("/"))
    if parts.fragment or not query.keys() <= _QUERY:
        raise ConfigInvalid(f"--store: of its query only {', '.join(sorted(_QUERY))} are taken; {_EXAMPLE}")
    socket = query.pop("host", "")
    if socket and not (socket.startswith("/") and not parts.hostname):
        raise ConfigInvalid("--store: host=… names the folder of a socket, beside no other host")
    host = parts.hostname or ""
    if not database or (host and not _HOST.fullmatch(host if ":" not in host else f"[{host}]")):
        raise ConfigInvalid(f"--store: a host of letters, digits, dots, hyphens and a database are needed; {_EXAMPLE}")
    if any(not text.isprintable() for text in (user, database, socket, *query.values())):
        raise ConfigInvalid(f"--store: holds characters that no address has; {_EXAMPLE}")
    place = f"[{host}]" if ":" in host else host
    shown = (
        f"postgresql://{quote(user)}{'@' if user else ''}{place}{'' if port is None else f':{port}'}/{quote(database)}"
    )
    options = tuple(sorted(query.items()))
    more = (*((("host", socket),) if socket else ()), *options)
    shown += f"?{urlencode(more, safe='/')}" if more else ""
    return StoreAddress(shown, socket or host, port, user, database, options, password)


def named(url: str) -> StoreAddress:
    """Return the store that this user names: from now on, folders that say the same are followed on this machine.

    Raises:
        ConfigInvalid: as ``parse``.

    """
    address = parse(url)
    _named[address.shown] = address.password or _named.get(address.shown, "")
    remember(address)
    return address


def let_in(address: StoreAddress) -> None:
    """Keep the password of a store for this process: one that works for another which was given it."""
    _named[address.shown] = address.password


def remember(address: StoreAddress) -> None:
    """Remember that a store may be followed. Where nothing can be remembered, it is asked about again."""
    folder = _folder()
    if folder is not None and not _is_known(address):
        note(folder, address.fingerprint, f"{address.shown}\n")


def pointer_text(address: StoreAddress, token: str) -> str:
    """Return what a run folder holds in the place of a record that lies in a store."""
    return f"{_HEAD}\n{address.shown}\n{token}\n"


def pointer_in(file: Path) -> Pointer | None:
    """Return where the record of a run folder lies, when it lies in a store; None of any other file, or none.

    Raises:
        StoreError: the file names a store in a way that none is named.

    """
    if not is_plain(file) or not 0 < file.lstat().st_size <= _MOST_BYTES:
        return None
    try:
        text = read_plain(file, _MOST_BYTES).decode("utf-8", "replace")
    except OSError:
        return None
    head, *rest = text.split("\n")
    if head != _HEAD:
        return None
    try:
        url, token, end = rest
        address = parse(url)
    except (ValueError, ConfigInvalid) as error:
        raise StoreError(f"{file}: names no store that can be asked ({error}); no maspo wrote it") from None
    if address.shown != url or end or not _TOKEN.fullmatch(token):
        raise StoreError(f"{file}: names no store that can be asked; no maspo wrote it")
    return Pointer(address, token)


def agreed(pointer: Pointer, file: Path, allowed: str = "") -> StoreAddress:
    """Return the store that a folder names, with the password that this process was given for it.

    ``allowed`` are fingerprints that the user allows, with commas.

    Raises:
        StoreError: this user has not named it on this machine; nothing was asked.

    """
    address = pointer.address
    if own := os.environ.get(VARIABLE):
        with contextlib.suppress(ConfigInvalid):
            if parse(own).shown == address.shown:
                named(own)
    if address.fingerprint in allowed.split(","):
        remember(address)
        _named.setdefault(address.shown, "")
    if address.shown not in _named and not _is_known(address):
        raise StoreError(
            f"{file}: its record lies in {address.shown}, a store that you have not named on this machine; nothing was "
            f"asked there. If you know it, name it yourself with --store {address.shown} (or {VARIABLE}), or allow it "
            f"with: maspo resume {typed(file.parent)} --trust {address.fingerprint}"
        )
    return with_password(address)


def with_password(address: StoreAddress) -> StoreAddress:
    """Return an address with the password that this process was given for it; libpq finds others by itself."""
    known = address.password or _named.get(address.shown, "")
    parts = (address.shown, address.host, address.port, address.user, address.database, address.options)
    return StoreAddress(*parts, known)


def _is_known(address: StoreAddress) -> bool:
    folder = _folder()
    with contextlib.suppress(OSError):
        return folder is not None and (folder / address.fingerprint).lstat().st_uid == os.geteuid()
    return False


def _folder() -> Path | None:
    state = state_folder()
    return None if state is None else state / "stores"

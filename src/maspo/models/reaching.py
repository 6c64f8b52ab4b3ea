"""The way from this machine to an endpoint: the proxy, and whom a server's certificate is believed.

Where no connection is made, the address is seldom the reason in a company: its proxy, and its own authority, are.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Final, TypeGuard
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from maspo.models.endpoint import is_loopback

_OTHERS_BUNDLES: Final = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
"""Variables by which other programs are told of authorities; Python's own TLS reads none of them."""
_TIMES: Final = frozenset({9, 10})
_NAMES: Final = frozenset({62, 64})
"""What OpenSSL says (``x509_vfy.h``) of a certificate that is not valid yet or any more, and of one for another name
or address. Whatever else it says, nobody who is trusted has signed it."""
_WHO: Final = 407
"""What a proxy answers that wants to know who asks (RFC 9110)."""


def environment_proxy(url: str) -> str | None:
    """Return the proxy that the environment names for an address; one named without ``http://`` speaks HTTP."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if is_loopback(host) or proxy_bypass(host):
        return None
    found = getproxies().get(parts.scheme)
    return f"http://{found}" if found and "://" not in found else found or None


def how_to_reach(error: BaseException, url: str, proxy: str | None) -> str:
    """Return what helps where no connection to an address was made, through a proxy or without one."""
    code = next((one.verify_code for one in _behind(error) if _tells_why(one)), None)
    if code is not None:
        return _how_to_trust(code)
    if proxy is not None:
        variable = f"{urlsplit(url).scheme.upper()}_PROXY"
        asked = f"it is asked through the proxy {shown_proxy(proxy)} that {variable} names"
        status = getattr(error, "status", 0)
        if status == _WHO:
            return f"{asked}: give name and password there, {variable}=http://NAME:PASSWORD@host:port"
        what = "have it let this host through" if status else "check that it runs"
        return f"{asked}: {what}, or leave the host out with NO_PROXY"
    fix = "check --base-url and that the endpoint runs"
    if environment_proxy(url) is not None:
        fix += "; the proxy of the environment is used only with models.use_proxy=true (--set, or in maspo.toml)"
    return fix


def shown_proxy(proxy: str) -> str:
    """Return a proxy's address without the name and password that may stand in it."""
    parts = urlsplit(proxy)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _tells_why(error: BaseException) -> TypeGuard[ssl.SSLCertVerificationError]:
    """Say whether an error is what OpenSSL said of a certificate; a library's own of that kind has no code."""
    return isinstance(error, ssl.SSLCertVerificationError) and hasattr(error, "verify_code")


def _how_to_trust(code: int) -> str:
    if code in _TIMES:
        return "it has run out or is not valid yet: have it renewed, and look at this machine's clock"
    if code in _NAMES:
        return "it is for another host: check the host in --base-url"
    bundle = os.environ.get("SSL_CERT_FILE", "")
    if bundle and not Path(bundle).is_file():
        return f"SSL_CERT_FILE names {bundle}, which is no file"
    if bundle:
        return (
            f"SSL_CERT_FILE names {bundle}, which does not hold who signed it: add that authority, or name another file"
        )
    other = next((name for name in _OTHERS_BUNDLES if os.environ.get(name)), "")
    named = f" as {other} does (which is not read here)" if other else ""
    return f"where an authority of your own has signed it, name a file with that one{named}: SSL_CERT_FILE=/path/ca.pem"


def _behind(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what caused it, also where a library keeps that under a name of its own."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        cause = seen.__cause__ or getattr(seen, "os_error", None) or getattr(seen, "certificate_error", None)
        seen = cause if isinstance(cause, BaseException) and cause is not seen else None

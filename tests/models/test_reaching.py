"""Where no connection is made, what is said names the reason: a certificate, a proxy, or the address."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from maspo.cli.doctor import Place, probe_all
from maspo.core.errors import said_of
from maspo.models.base import AGENT, Message, Request, Transient
from maspo.models.chat_completions import ChatClient
from maspo.models.endpoint import Endpoint
from maspo.models.reaching import how_to_reach

ASK = Request("m", (Message("user", "Hello"),), purpose=AGENT)
URL = "https://models.example/v1"
VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*VARIABLES, "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def refused(code: int, message: str) -> aiohttp.ClientConnectorCertificateError:
    """Return what the HTTP library raises for a certificate of which OpenSSL says this."""
    why = ssl.SSLCertVerificationError(
        1, f"[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {message} (_ssl.c:1006)"
    )
    why.verify_code = code
    key = aiohttp.client_reqrep.ConnectionKey("models.example", 443, True, True, None, None, None)
    return aiohttp.ClientConnectorCertificateError(key, why)


@pytest.mark.parametrize("code", [18, 19, 20, 21])
def test_a_certificate_of_an_unknown_authority_names_the_variable_that_python_reads(
    code: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    error = refused(code, "unable to get local issuer certificate")
    assert "SSL_CERT_FILE=" in how_to_reach(error, URL, None)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/etc/company.pem")
    assert "REQUESTS_CA_BUNDLE does (which is not read here): SSL_CERT_FILE=" in how_to_reach(error, URL, None)
    bundle = tmp_path / "ca.pem"
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    assert how_to_reach(error, URL, None) == f"SSL_CERT_FILE names {bundle}, which is no file"
    bundle.touch()
    assert "which does not hold who signed it" in how_to_reach(error, URL, None)


@pytest.mark.parametrize(
    ("code", "words"), [(10, "has run out"), (9, "clock"), (62, "another host"), (64, "--base-url")]
)
def test_a_certificate_that_is_out_of_date_or_for_another_name_is_no_matter_of_trust(code: int, words: str) -> None:
    found = how_to_reach(refused(code, "x"), URL, None)
    assert words in found
    assert "SSL_CERT_FILE" not in found


def test_what_is_said_of_a_certificate_has_no_marks_of_libraries() -> None:
    words = said_of(refused(20, "unable to get local issuer certificate"))
    assert words == "its certificate is not accepted (unable to get local issuer certificate)"


def test_the_proxy_of_the_environment_is_named_where_it_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    error = OSError("Name or service not known")
    assert how_to_reach(error, URL, None) == "check --base-url and that the endpoint runs"
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    assert "models.use_proxy=true" in how_to_reach(error, URL, None)


@asynccontextmanager
async def proxy_that_says(status: str) -> AsyncIterator[str]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"http://me:secret-word@127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize(
    ("status", "words"),
    [("407 Proxy Authentication Required", "give name and password there"), ("403 Forbidden", "let this host through")],
)
async def test_a_proxy_that_refuses_is_named_without_its_password_and_with_what_helps(
    status: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with proxy_that_says(status) as proxy:
        monkeypatch.setenv("https_proxy", proxy)
        endpoint = Endpoint(URL, use_proxy=True)
        async with ChatClient(endpoint) as client:
            with pytest.raises(Transient) as caught:
                await client.complete(ASK)
        place = Place("configured", URL, "", seconds=20.0)
        (probe,) = await probe_all([replace(place, use_proxy=True)])
    for said in (str(caught.value), probe.detail):
        assert f"HTTP {status[:3]}" in said
        assert words in said
        assert "proxy http://127.0.0.1:" in said
        assert "secret-word" not in said


async def test_a_proxy_that_is_not_there_is_named_and_not_the_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    async with proxy_that_says("200 OK") as proxy:
        pass
    monkeypatch.setenv("https_proxy", proxy)
    async with ChatClient(Endpoint(URL, use_proxy=True)) as client:
        with pytest.raises(Transient, match="HTTPS_PROXY names: check that it runs") as caught:
            await client.complete(ASK)
    assert "--base-url" not in str(caught.value)

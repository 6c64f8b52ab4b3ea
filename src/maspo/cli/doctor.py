"""``maspo doctor``: what this machine has and which endpoints answer. Keys are found by name, never shown."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import platform
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

import aiohttp
import typer

from maspo.__about__ import __version__
from maspo.cli.agreeing import agree_to_file
from maspo.cli.asked import Lesson, lessons
from maspo.cli.prepare import key_missing, retired_models
from maspo.cli.settings import CONFIG_FILE, LoadedSettings, Sources, load_settings
from maspo.cli.terminal import note, print_json, say, table
from maspo.cli.world import PORT
from maspo.config import DEFAULT_MODEL, ModelSettings
from maspo.core.errors import EXIT_PROVIDER, ConfigInvalid, nearest, said_of
from maspo.core.excerpts import on_one_line
from maspo.core.plain import Dumped
from maspo.core.running import run
from maspo.models.base import CHAT
from maspo.models.bounded import read_at_most
from maspo.models.endpoint import Endpoint, is_secret
from maspo.models.pages import described, is_page
from maspo.models.prices import HOW_TO_PRICE
from maspo.models.reaching import environment_proxy, how_to_reach
from maspo.models.refusals import READ_OF_ERROR, excerpt
from maspo.report.phrases import plural
from maspo.sandbox.selftest import SandboxRefused, choose_level, find_means
from maspo.study.connections import price_book, servers_of, shown_of
from maspo.study.trust import NotTrusted
from maspo.world.serve import MODEL

_PACKAGES = ("aiohttp", "pydantic", "pyyaml", "rich", "typer", "genai-prices")
_SECONDS = 5.0
"""For the endpoint of the settings, which may be far away."""
_LOCAL_SECONDS = 0.5
"""For one on this machine: it answers at once or not at all."""
_LONGEST_REPLY = 2_000_000
"""Bytes of a list of models: thousands of them; more is something else."""
_LONGEST_WHY = 90
"""Characters of what an endpoint says that lets nobody in: a line of a terminal."""
_MODELS_SHOWN = 3
"""As examples, on one line."""
_CONFIGURED = "configured"
"""The name of the endpoint of the settings; a dead one is what the exit code tells of."""
_HAS_NO_LIST = frozenset({404, 405, 501})
"""What ``GET /models`` says where there is none."""
_UNDERSTANDS = frozenset({400, 422})
"""What a chat endpoint says to a request without a model and messages, which costs nothing."""
_HUNG_UP = 0
"""In place of the status of an answer that did not come."""
_NOT_LET_IN = frozenset({401, 403})
"""Unauthorized and Forbidden (RFC 9110)."""
Answer = Literal["answers", "refuses the key", "unexpected", "unreachable"]


@dataclass(frozen=True)
class Place:
    """An endpoint to ask: its name for people, its base URL, the key to show it, and how many seconds it gets.

    ``allow_http``, ``use_proxy`` and ``headers`` are those of the settings.
    """

    name: str
    base_url: str
    api_key: str = ""
    seconds: float = _LOCAL_SECONDS
    allow_http: bool = False
    use_proxy: bool = False
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Probe:
    """What an endpoint said. ``detail`` is for people."""

    place: Place
    answer: Answer
    detail: str
    models: tuple[str, ...] = ()
    ends: Mapping[str, str] = field(default_factory=dict)
    """The dates on which models are shut down, where the list tells them."""
    key_tried: bool = True
    """Whether the endpoint has looked at the key, if one was shown to it."""

    @property
    def is_ours(self) -> bool:
        """Whether it is the endpoint of the settings, or a server of it."""
        return self.place.name == _CONFIGURED

    @property
    def shown(self) -> str:
        """The base URL for people, without a password."""
        return Endpoint(self.place.base_url).shown

    @property
    def given(self) -> str:
        """The same as it is to be given: with a sign for its version, where it needs one."""
        return f"{self.shown}?api-version=…" if "?" in self.place.base_url else self.shown


LOCAL_PLACES = (
    Place("Ollama", "http://127.0.0.1:11434/v1"),
    Place("llama.cpp", "http://127.0.0.1:8080/v1"),
    Place("vLLM", "http://127.0.0.1:8000/v1"),
    Place("LM Studio", "http://127.0.0.1:1234/v1"),
    Place("maspo world serve", f"http://127.0.0.1:{PORT}/v1"),
)
"""Servers on this machine, at the port that each takes by default."""


@dataclass(frozen=True)
class DoctorOptions:
    """What ``maspo doctor`` looks at beside the machine: ``local`` servers, and models that are to be asked."""

    local: bool = True
    ask: bool = False


def examine_machine(
    flags: Mapping[str, str | None], config: Path | None, allowed: str, at: DoctorOptions, as_json: bool
) -> None:
    """Print versions, keys, the sandbox that holds, and which endpoints answer; ``flags`` are those of settings.

    Raises:
        ConfigInvalid: the settings cannot be used, so no endpoint is asked; what the machine has is printed before.

    """
    try:
        settings = load_settings(Sources(flags, file=config))
    except ConfigInvalid:
        _say_machine(_versions(), _keys())  # what the machine has does not hang on settings
        raise
    for remark in settings.notes:
        note(f"note: {remark}")
    models = settings.config.models
    keys = _keys(models.api_key_env)
    unasked = _why_unasked(settings, allowed)
    probes = run(probe_all(_places([] if unasked else _configured(models), at.local)))
    versions = _versions()
    sandbox = _say_machine(versions, keys)
    say()
    if unasked:
        say(f"Not asked: {shown_of(models)}, because {unasked}.")
    if probes:
        rows = [(probe.place.name, probe.shown, probe.answer, probe.detail) for probe in probes]
        say(table(("endpoint", "base URL", "", ""), rows))
    remarks = [remark for probe in probes for remark in remarks_on(probe, models)]
    taught: list[Lesson] = []
    if at.ask and not unasked:
        asked, unnamed = _named(models, probes)
        remarks += unnamed
        taught = run(lessons(asked)) if asked is not None else []
    heard = {lesson.base_url for lesson in taught}
    silent = {lesson.base_url for lesson in taught if not lesson.answers}
    remarks += _say_ready(probes, models, heard, silent)
    remarks += retired_models(
        models, told={name: end for one in probes if one.is_ours for name, end in one.ends.items()}
    )
    _say_lessons(taught)
    for remark in remarks:
        note(f"note: {remark}")
    if as_json:
        endpoints = tuple(
            _EndpointFound(one.place.name, one.shown, one.answer, one.detail, one.models) for one in probes
        )
        print_json(_Found(versions, sandbox, keys, endpoints, tuple(remarks), tuple(taught)))
    if silent or any(one.is_ours and one.answer != "answers" and one.shown not in heard for one in probes):
        raise typer.Exit(EXIT_PROVIDER)


def _why_unasked(settings: LoadedSettings, allowed: str) -> str:
    """Return why the endpoint of the settings is not asked; empty when it is."""
    models = settings.config.models
    try:
        agree_to_file(settings, allowed)
    except NotTrusted as error:
        return str(error)
    return f"{models.api_key_env} is not set" if key_missing(models) else ""


def _configured(models: ModelSettings) -> list[Place]:
    """Return the endpoint of the settings, each of its servers for itself."""
    return [
        Place(_CONFIGURED, one.base_url, one.api_key, _SECONDS, one.allow_http, one.use_proxy, one.more_headers)
        for one in servers_of(models)[""]
    ]


def _places(configured: Sequence[Place], local: bool) -> list[Place]:
    """Return what is to be asked: what is configured, and local servers beside it; none is asked twice."""
    ours = {Endpoint(place.base_url).shown for place in configured}
    return [*configured, *(place for place in LOCAL_PLACES if local and place.base_url not in ours)]


def _say_lessons(taught: Sequence[Lesson]) -> None:
    """Print how the models answered that were asked, and what was learned of how they want to be."""
    for lesson in taught:
        say(f"Asked {lesson.model} ({', '.join(lesson.roles)}): {'answers' if lesson.answers else 'no answer'}")
        for line in lesson.told:
            say(f"           {line}")


def _keys(*more: str) -> dict[str, bool]:
    """Return whether the variable of OpenAI's key, and more of them, are set."""
    return {name: bool(os.environ.get(name)) for name in dict.fromkeys(["OPENAI_API_KEY", *more])}


def _versions() -> dict[str, str]:
    """Return the versions of maspo, of Python and of the packages that it asks."""
    versions = {"maspo": __version__, "Python": platform.python_version()}
    for name in _PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = "not installed"
    return versions


def _say_machine(versions: Mapping[str, str], keys: Mapping[str, bool]) -> _SandboxFound:
    """Print what is installed, which keys are set, and the sandbox that holds; return the latter."""
    means = find_means()
    level, tried = "none", "code of models is not run"
    try:
        level, tried = choose_level(), "attacks were tried and none got out"
    except SandboxRefused as error:
        note(str(error))
    say("Versions   " + ", ".join(f"{name} {text}" for name, text in versions.items()))
    say("Keys       " + ", ".join(f"{name} {'set' if found else 'not set'}" for name, found in keys.items()))
    say(f"Settings   {CONFIG_FILE if Path(CONFIG_FILE).exists() else f'no {CONFIG_FILE} here'}")
    say(f"Sandbox    {level}; {tried}")
    landlock = f"version {means.landlock}" if means.landlock else "no"
    bubblewrap, seccomp = ("yes" if found else "no" for found in (means.bubblewrap, means.seccomp))
    say(f"           found: bubblewrap {bubblewrap}, Landlock {landlock}, seccomp {seccomp}")
    return _SandboxFound(level, means.bubblewrap, means.landlock, means.seccomp)


def _say_ready(
    probes: Sequence[Probe], models: ModelSettings, heard: Collection[str], silent: Collection[str]
) -> list[str]:
    """Print with what a run can be begun; return what is to be said of keys that were not tried.

    ``heard`` are the base URLs whose models were asked a question, ``silent`` those where one did not answer. Whoever
    answers a question answers, whatever becomes of its list of models.
    """
    remarks: list[str] = []
    answering = [
        probe for probe in probes if (probe.answer == "answers" or probe.shown in heard) and probe.shown not in silent
    ]
    for probe in answering:
        model = f" --agent-model {probe.models[0]}" if probe.models else ""
        unseen = not probe.key_tried and probe.shown not in heard
        ready = "Ready, but for the key, which was not tried" if unseen else "Ready"
        world = " (a simulated world: no language model)" if probe.models == (MODEL,) else ""
        say(f"{ready}: --base-url {probe.given}{model}{world}")
        remarks += [_key_not_tried(probe, models)] if unseen else []
    together = [probe for probe in answering if probe.is_ours]
    if len(together) > 1:
        shared = [name for name in together[0].models if all(name in probe.models for probe in together)]
        model = f" --agent-model {shared[0]}" if shared else ""
        say(f"Ready: --base-url {','.join(probe.given for probe in together)}{model}")
    if not answering and not silent:
        say(f"{_why_none(probes, models)} `maspo demo` needs none.")
    return remarks


def _why_none(probes: Sequence[Probe], models: ModelSettings) -> str:
    """Say why a run can be begun with no endpoint: one that lets nobody in does answer."""
    ours = [probe for probe in probes if probe.is_ours]
    if shut := [probe.shown for probe in ours if probe.answer == "refuses the key"]:
        return f"{' and '.join(shut)}: the key in {models.api_key_env} is refused; set one that is let in."
    if odd := [probe.shown for probe in ours if probe.answer == "unexpected"]:
        return f"{' and '.join(odd)}: something answers there, and not as an endpoint of chats does."
    return "No endpoint answers."


def _named(models: ModelSettings, probes: Sequence[Probe]) -> tuple[ModelSettings | None, list[str]]:
    """Return the models that are to be asked, None where none can be; and what to say of one that nobody has named.

    Where the endpoint lists one alone it is asked, and where it lists none it is asked for whatever it has.
    """
    if models.agent != DEFAULT_MODEL or models.client != CHAT:
        return models, []
    listed = next((probe.models for probe in probes if probe.is_ours and probe.models), ())
    if not listed:
        return models, []
    if len(listed) == 1:
        return models.model_copy(update={"agent": listed[0]}), []
    few = f"{', '.join(listed[:_MODELS_SHOWN])}{' and others' if len(listed) > _MODELS_SHOWN else ''}"
    return None, [f"--ask: no model is named, so none was asked; name one with --agent-model (there are {few})"]


def _key_not_tried(probe: Probe, models: ModelSettings) -> str:
    return (
        f"whether the key in {models.api_key_env} is right was not seen: {probe.shown} looks at none for its list of "
        "models; `maspo doctor --ask` tries it with one short call"
    )


def remarks_on(probe: Probe, models: ModelSettings) -> list[str]:
    """Return what is worth knowing of the models that the settings name for the endpoint of all."""
    if not probe.is_ours:
        return []
    names = {"agent": models.agent, "judge": models.for_judge(), "proposer": models.for_proposer()}
    here = dict.fromkeys(name for role, name in names.items() if name and role not in models.addresses())
    found = []
    for name in here:
        if name == DEFAULT_MODEL:  # nobody has named one
            continue
        if probe.models and name not in probe.models:
            meant = nearest(name, probe.models)
            why = f"did you mean {meant}?" if meant else "it may be retired, or have another name there"
            listed = plural(len(probe.models), "model")
            found.append(f"{name} is not among the {listed} that {probe.shown} lists: {why}")
        at_home = Endpoint(probe.place.base_url).is_near
        prices = price_book(models)
        if not at_home and prices.price(name) is None:
            found.append(f"no price is known for {name}: {HOW_TO_PRICE}")
    return found


@dataclass(frozen=True, slots=True)
class _SandboxFound(Dumped):
    level: str
    bubblewrap: bool
    landlock: int
    seccomp: bool


@dataclass(frozen=True, slots=True)
class _EndpointFound(Dumped):
    name: str
    base_url: str
    answer: str
    detail: str
    models: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Found(Dumped):
    """What ``--json`` prints."""

    versions: Mapping[str, str]
    sandbox: _SandboxFound
    keys: Mapping[str, bool]
    """Whether the variable of this name is set."""
    endpoints: tuple[_EndpointFound, ...]
    notes: tuple[str, ...]
    asked: tuple[Lesson, ...]
    """What each model taught, with ``--ask``."""


# ── asking endpoints: ``GET /models``, side by side, with short time limits ──────────────────────────────────────────


async def probe_all(places: Sequence[Place]) -> list[Probe]:
    """Ask all places at once; a place that does not answer is a finding, never an error."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        return await asyncio.gather(*(_probe(session, place) for place in places))


async def _probe(session: aiohttp.ClientSession, place: Place) -> Probe:
    """Ask one place, and where no chats are found as the address is given, under ``/v1``."""
    endpoint = Endpoint(place.base_url, place.api_key, allow_http=place.allow_http, more_headers=place.headers)
    endpoint.check_private()
    found = await _ask(session, place, endpoint)
    if found.answer != "unexpected" or endpoint.under_v1 is None:
        return found
    other = await _ask(session, replace(place, base_url=endpoint.under_v1.base_url), endpoint.under_v1)
    if other.answer not in ("answers", "refuses the key"):
        return found
    return replace(other, detail=f"{other.detail} (under /v1, not at {endpoint.shown})")


async def _ask(session: aiohttp.ClientSession, place: Place, endpoint: Endpoint) -> Probe:
    ask = _Questions(session, place, endpoint)
    try:
        status, body = await ask.models()
        if status in _HAS_NO_LIST:
            said, why = await ask.chat()
            if said in _UNDERSTANDS:
                told = "lists no models; the one to use is named by --agent-model"
                return replace(Probe(place, "answers", told), key_tried=await ask.key_is_seen(said))
            return _read(place, *((said, why) if said in _NOT_LET_IN else (status, body)), endpoint)
        found = _read(place, status, body, endpoint)
        if found.answer != "answers" or not ask.shows_key:
            return found
        if (await ask.models(with_key=False))[0] in _NOT_LET_IN:
            return found
        # Its list is for everybody, so nothing is told of the key.
        said, why = await ask.chat()
        if said in _NOT_LET_IN:
            return _read(place, said, why, endpoint)
        return replace(found, key_tried=await ask.key_is_seen(said))
    except TimeoutError:
        return Probe(place, "unreachable", f"no answer within {place.seconds:g} s")
    except aiohttp.ClientConnectorError as error:
        if ask.proxy is None and error.os_error.errno == errno.ECONNREFUSED:
            return Probe(place, "unreachable", "nothing listens there")
        reason = f"{said_of(error.os_error)}; {how_to_reach(error, endpoint.url, ask.proxy)}"
        return Probe(place, "unreachable", reason)
    except aiohttp.ClientHttpProxyError as error:
        return Probe(place, "unreachable", f"HTTP {error.status}; {how_to_reach(error, endpoint.url, ask.proxy)}")
    except (aiohttp.ClientError, OSError, ValueError) as error:
        return Probe(place, "unreachable", endpoint.without_key(str(error), shortest=1) or type(error).__name__)


class _Questions:
    """What an endpoint can be asked for nothing."""

    def __init__(self, session: aiohttp.ClientSession, place: Place, endpoint: Endpoint) -> None:
        self._session = session
        self._url = endpoint.url
        self._headers = endpoint.headers_of_key()
        self.shows_key = place.api_key.strip() != "" or any(map(is_secret, place.headers))
        self._without = {name: text for name, text in place.headers.items() if not is_secret(name)}
        self._timeout = aiohttp.ClientTimeout(total=place.seconds)
        self.proxy = environment_proxy(endpoint.url) if place.use_proxy else None

    async def models(self, with_key: bool = True) -> tuple[int, bytes]:
        """Ask for the list of models; return the status and the body."""
        address, _, query = self._url.partition("?")
        url = address.removesuffix("/chat/completions") + "/models" + (f"?{query}" if query else "")
        async with self._session.get(
            url,
            headers=self._headers if with_key else self._without,
            timeout=self._timeout,
            proxy=self.proxy,
            allow_redirects=False,
        ) as response:
            return response.status, await read_at_most(response, _LONGEST_REPLY)

    async def chat(self, with_key: bool = True) -> tuple[int, bytes]:
        """Ask for a chat without a model and messages; return status and body, 0 where none comes.

        Servers that lists are had from have hung up on such a request.
        """
        try:
            async with self._session.post(
                self._url,
                json={},
                headers=self._headers if with_key else self._without,
                timeout=self._timeout,
                proxy=self.proxy,
                allow_redirects=False,
            ) as response:
                return response.status, await read_at_most(response, READ_OF_ERROR)
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
            return _HUNG_UP, b""

    async def key_is_seen(self, said: int) -> bool:
        """Return whether the key was looked at: without it another thing is said than with it, or none was shown."""
        return not self.shows_key or (said in _UNDERSTANDS and (await self.chat(with_key=False))[0] in _NOT_LET_IN)


def _read(place: Place, status: int, body: bytes, endpoint: Endpoint) -> Probe:
    if status in _NOT_LET_IN:
        why = on_one_line(excerpt(endpoint.redacted(body, shortest=1)), _LONGEST_WHY) if place.api_key else "no key"
        return Probe(place, "refuses the key", f"HTTP {status}: {why or 'wrong key'}")
    if status != 200:
        page = f" with {described(endpoint.redacted(body, shortest=1))}" if is_page(body) else ""
        return Probe(place, "unexpected", f"HTTP {status} to GET /models{page}; the base URL usually ends in /v1")
    try:
        listed = json.loads(body)["data"]
        names = [endpoint.without_key(str(entry["id"])) for entry in listed]
        ends = {str(one["id"]): one["shutdown_date"] for one in listed if isinstance(one.get("shutdown_date"), str)}
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        came = described(endpoint.redacted(body, shortest=1))
        return Probe(place, "unexpected", f"answers with {came}, not with a list of models; is it OpenAI-compatible?")
    return Probe(place, "answers", f"models: {', '.join(names[:_MODELS_SHOWN])}", tuple(names), ends)

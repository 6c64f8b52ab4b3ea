"""``maspo doctor``: what this machine has and which endpoints answer. Keys are found by name, never shown."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from maspo.cli.options import BaseUrl, Config, Json
from maspo.cli.terminal import note, print_json, say, table
from maspo.core.plain import Dumped

if TYPE_CHECKING:
    from maspo.cli.probes import Place, Probe
    from maspo.config import ModelSettings
    from maspo.sandbox.selftest import Means

_PACKAGES = ("aiohttp", "pydantic", "pyyaml", "rich", "typer", "genai-prices")
_SECONDS = 5.0


def doctor(
    base_url: BaseUrl = None,
    config: Config = None,
    local: Annotated[bool, typer.Option("--local/--no-local", help="Look for endpoints on this machine.")] = True,
    as_json: Json = False,
) -> None:
    """Look at this machine and at endpoints.

    Versions, the sandbox level that holds, keys (by name only), and which endpoints answer, also local ones.
    """
    import asyncio

    from maspo.cli.probes import LOCAL_PLACES, probe_all
    from maspo.cli.settings import Sources, load_settings
    from maspo.sandbox.selftest import find_means

    settings = load_settings(Sources({"base-url": base_url}, file=config))
    for remark in settings.notes:
        note(f"note: {remark}")
    models = settings.config.models
    keys = {name: bool(os.environ.get(name)) for name in dict.fromkeys(["OPENAI_API_KEY", models.api_key_env])}
    configured = _configured(models)
    probes = asyncio.run(probe_all([*([configured] if configured else []), *(LOCAL_PLACES if local else ())]))
    versions, means, level = dict(_versions()), find_means(), _level()
    _say_machine(versions, keys)
    _say_sandbox(means, level)
    _say_endpoints(models, probes, configured is not None)
    if as_json:
        print_json(_Found(versions, _sandbox(means, level), keys, _endpoints(probes)))


def _configured(models: ModelSettings) -> Place | None:
    """Return the endpoint of the settings; none when it is the default one and there is no key to ask it with."""
    from maspo.cli.prepare import key_missing
    from maspo.cli.probes import Place

    if key_missing(models):
        return None
    key = os.environ.get(models.api_key_env, "")
    return Place("configured", models.base_url, key, _SECONDS, models.allow_http, models.use_proxy)


def _versions() -> Iterator[tuple[str, str]]:
    import platform
    from importlib.metadata import PackageNotFoundError, version

    from maspo.__about__ import __version__

    yield "maspo", __version__
    yield "Python", platform.python_version()
    for name in _PACKAGES:
        try:
            yield name, version(name)
        except PackageNotFoundError:
            yield name, "not installed"


def _say_machine(versions: dict[str, str], keys: dict[str, bool]) -> None:
    say("Versions   " + ", ".join(f"{name} {text}" for name, text in versions.items()))
    say("Keys       " + ", ".join(f"{name} {'set' if found else 'not set'}" for name, found in keys.items()))
    toml = Path("maspo.toml")
    say(f"Settings   {toml if toml.exists() else 'no maspo.toml here'}")


def _level() -> str:
    """Return the level of the sandbox that attacks did not get out of just now, or ``none``."""
    from maspo.sandbox.selftest import SandboxRefused, choose_level

    try:
        return choose_level()
    except SandboxRefused as error:
        note(str(error))
        return "none"


def _say_sandbox(means: Means, level: str) -> None:
    tried = "code of models is not run" if level == "none" else "attacks were tried and none got out"
    say(f"Sandbox    {level}; {tried}")
    landlock = f"version {means.landlock}" if means.landlock else "no"
    say(f"           found: bubblewrap {_yes(means.bubblewrap)}, Landlock {landlock}, seccomp {_yes(means.seccomp)}")


def _say_endpoints(models: ModelSettings, probes: list[Probe], asked: bool) -> None:
    from maspo.models.endpoint import Endpoint

    say()
    if not asked:
        say(f"Not asked: {Endpoint(models.base_url).shown}, because {models.api_key_env} is not set.")
    rows = [(probe.place.name, Endpoint(probe.place.base_url).shown, probe.answer, probe.detail) for probe in probes]
    if rows:
        say(table(("endpoint", "base URL", "", ""), rows))
    for probe in probes:
        if probe.answer == "answers":
            model = f" --agent-model {probe.models[0]}" if probe.models else ""
            say(f"Ready: --base-url {Endpoint(probe.place.base_url).shown}{model}")
    if not any(probe.answer == "answers" for probe in probes):
        say("No endpoint answers. `maspo demo` needs none.")


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


def _sandbox(means: Means, level: str) -> _SandboxFound:
    return _SandboxFound(level, means.bubblewrap, means.landlock, means.seccomp)


def _endpoints(probes: list[Probe]) -> tuple[_EndpointFound, ...]:
    from maspo.models.endpoint import Endpoint

    return tuple(
        _EndpointFound(
            name=probe.place.name,
            base_url=Endpoint(probe.place.base_url).shown,
            answer=probe.answer,
            detail=probe.detail,
            models=tuple(probe.models),
        )
        for probe in probes
    )


def _yes(found: bool) -> str:
    return "yes" if found else "no"

"""From settings to endpoints: that of all roles, and those of roles that have one of their own."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence, Set
from typing import Any
from urllib.parse import urlsplit

from maspo.config import DEFAULT_MODEL, ROLES, ModelSettings, RunConfig
from maspo.core.errors import ConfigInvalid
from maspo.models.base import CHAT
from maspo.models.endpoint import Endpoint, is_secret
from maspo.models.prices import PriceBook
from maspo.models.storing import share_of_storing
from maspo.team import System

_MANY = frozenset({"api.openai.com"})
"""Hosts that are known to answer no request for a model without a name of theirs."""
_PROVIDERS = _MANY | {
    "api.anthropic.com",
    "generativelanguage.googleapis.com",
    "openrouter.ai",
    "api.groq.com",
    "api.mistral.ai",
    "api.deepseek.com",
    "api.together.xyz",
    "api.fireworks.ai",
    "api.x.ai",
    "api.cerebras.ai",
    "openai.azure.com",
}
"""Hosts of providers, each with keys of its own, which nobody else is to get; theirs are the hosts below them, too."""
_OURS = frozenset({"model", "messages"})
"""Parameters that a request cannot do without, and that no setting replaces."""
_WORK = (1 << 14, 8, 1)
"""Of scrypt (RFC 7914): some 50 ms, so that a short key cannot be tried out by who reads the store."""


def endpoints_of(models: ModelSettings, environ: Mapping[str, str] = os.environ) -> dict[str, Endpoint]:
    """Return the endpoint of all roles (``""``) and those of roles with one of their own, by ``Request.endpoint``.

    Of an endpoint with several servers it is the first of them; all are checked.

    Raises:
        ConfigInvalid: an address, a key, a header or a parameter that cannot be used; plain http to another machine.

    """
    return {role: servers[0] for role, servers in servers_of(models, environ=environ).items()}


def servers_of(
    models: ModelSettings, run: str = "", environ: Mapping[str, str] = os.environ
) -> dict[str, tuple[Endpoint, ...]]:
    """Return all servers of the endpoint of all roles, and of those of roles with one of their own.

    Raises:
        ConfigInvalid: what ``endpoints_of`` raises; or a provider beside servers of others, which would get its key.

    """
    found = {}
    for role in ("", *(one for one in ROLES if models.has_own(one))):
        addresses = models.servers_of(role)
        found[role] = tuple(_endpoint(models, role, address, run, environ) for address in addresses)
        hosts = {_name_of(address) for address in addresses}
        if len(hosts) > 1 and (known := sorted(host for host in hosts if _is_of(host, _PROVIDERS))):
            raise ConfigInvalid(
                f"--base-url: {known[0]} stands beside other hosts; several addresses are servers of the same models, "
                "and all get the same key: give servers of your own, or this one alone"
            )
        for endpoint in found[role]:
            endpoint.check_private()
    return found


def scope_of(models: ModelSettings) -> str:
    """Return what stands for the endpoints of a run and the keys that they are asked with; empty where nobody knows.

    Who asks other endpoints, or with another key, is not shown what these have answered. No key can be read off it.
    """
    if models.client != CHAT:
        return ""
    asked = [
        [role, one.url, one.api_key, sorted(one.more_headers.items()), sorted(one.extra.items())]
        for role, servers in sorted(servers_of(models).items())
        for one in servers
    ]
    n, r, p = _WORK
    return hashlib.scrypt(json.dumps(asked, default=str).encode(), salt=b"maspo calls", n=n, r=r, p=p, dklen=16).hex()


def require_model(models: ModelSettings, system: System) -> None:
    """Check that a model is named wherever the endpoint offers many: providers retire theirs, so no default is safe.

    Other endpoints, such as a server at home with one model, are asked for ``DEFAULT_MODEL``, and say what they make
    of it.

    Raises:
        ConfigInvalid: nobody has named one; says how.

    """
    if models.client != CHAT or models.agent != DEFAULT_MODEL:
        return
    roles = {"judge": models.judge, "proposer": models.proposer}
    unnamed = [agent.name for agent in system.agents if not agent.model and offers_many(models.base_url_of("agent"))]
    unnamed += [role for role, model in roles.items() if not model and offers_many(models.base_url_of(role))]
    if unnamed:
        raise ConfigInvalid(
            f"--agent-model: no model is named for {', '.join(unnamed)}; give one with --agent-model NAME, "
            'MASPO_AGENT_MODEL=NAME, `agent = "NAME"` under [models] in maspo.toml, or agent_model= in Python '
            "(`maspo doctor` lists what an endpoint offers)"
        )


def with_models_of(system: System, config: RunConfig) -> RunConfig:
    """Return the settings with the model that an app's agents call, where no other is named for judge and proposer."""
    if system.app is None or config.models.agent != ModelSettings().agent:
        return config
    called = [agent.model for agent in system.agents if agent.model]
    if not called:
        return config
    models = config.models.model_copy(update={"agent": max(called, key=called.count)})
    return config.model_copy(update={"models": models})


def offers_many(address: str) -> bool:
    """Say whether an address is known to answer no request for a model without a name of theirs."""
    return _is_of(_name_of(address), _MANY)


def key_variable(models: ModelSettings, role: str) -> str:
    """Return the name of the variable that holds a role's key; empty when none is sent.

    The key of one provider is not shown to another: an address of a role's own gets the key of all only where that is
    not the key of somewhere else.
    """
    own = models.roles.of(role) if role in ROLES else None
    if own is None or own.key_env:
        return own.key_env if own else models.api_key_env
    everybody = models.servers_of("")
    same = set(map(_host, models.servers_of(role))) <= set(map(_host, everybody))
    if not own.base_url or same or all(Endpoint(address).is_near for address in everybody):
        return models.api_key_env
    return ""


def price_book(models: ModelSettings, others: Sequence[str] = ()) -> PriceBook:
    """Return what models cost where they are asked; ``others`` are addresses that answer beside those of all roles."""
    first, *more = models.servers_of("")
    storing = {role: share_of_storing(json.dumps(_extra(models, role)).encode()) for role in ("", *models.addresses())}
    return PriceBook(models.prices, first, models.addresses(), (*more, *others), storing)


def remarks_on_addresses(models: ModelSettings) -> tuple[str, ...]:
    """Return what is left out of base URLs that end in the path of a request."""
    if models.client != CHAT:
        return ()
    addresses = dict.fromkeys(address for role in ("", *ROLES) for address in models.servers_of(role))
    return tuple(
        f"--base-url {one.shown}{one.left_out}: {one.left_out} is left out, for maspo adds the path of a request "
        f"itself; give {one.shown}"
        for one in map(Endpoint, addresses)
        if one.left_out
    )


def key_unset(models: ModelSettings) -> tuple[str, ...]:
    """Return where a key is probably needed and there is none; nothing where one is set, or all servers are near."""
    remarks = []
    for role in ("", *models.addresses()):
        far = [one for one in models.servers_of(role) if not Endpoint(one).is_near]
        name = key_variable(models, role)
        if models.client == CHAT and far and not os.environ.get(name, "") and not has_key_header(models, role):
            what, fix = key_wanted(name, role)
            remarks.append(f"{what}, so {shown_of(models, role)} is asked without a key; {fix} if it wants one")
    return tuple(remarks)


def key_wanted(variable: str, role: str) -> tuple[str, str]:
    """Return that a role has no key, and how to give it one: in its ``variable``, where one is named."""
    if variable:
        return f"{variable} is not set", f"set {variable}"
    return f"no key is named for the {role}", f"name its variable with --set models.{role}.key_env=…"


def answers_nobody(address: str) -> bool:
    """Say whether an address is known to answer nobody without a key; of others that is not known."""
    return _is_of(_name_of(address), _PROVIDERS)


def has_key_header(models: ModelSettings, role: str) -> bool:
    """Say whether a header of the settings lets somebody in, such as Azure's ``api-key``."""
    own = models.roles.of(role).headers if role in ROLES else {}
    return any(is_secret(name) for name in {**models.headers, **own})


def shown_of(models: ModelSettings, role: str = "") -> str:
    """Return the addresses that answer a role, for people; of a client of another package its name, too.

    Such a client may ask elsewhere, or nobody: the usual address would be told as one that is asked and is not.
    """
    addresses = ", ".join(Endpoint(address).shown for address in models.servers_of(role))
    if models.client == CHAT:
        return addresses
    given = models.servers_of(role) != (ModelSettings.model_fields["base_url"].default,)
    return f"the model client {models.client}" + (f", given {addresses}" if given else "")


def _endpoint(models: ModelSettings, role: str, address: str, run: str, environ: Mapping[str, str]) -> Endpoint:
    own = models.roles.of(role) if role in ROLES else None
    extra = _extra(models, role)
    effort = (own.effort if own else "") or models.effort
    if effort:
        extra = {"reasoning_effort": effort, **extra}
    for name in _OURS.intersection(extra):
        raise ConfigInvalid(f"models.extra.{name}: maspo sets it itself; leave it out")
    headers = {**models.headers, **(own.headers if own else {})}
    return Endpoint(
        base_url=address,
        api_key=environ.get(key_variable(models, role), ""),
        run=run,
        attribution=models.attribution,
        timeout=models.timeout,
        allow_http=models.allow_http,
        use_proxy=models.use_proxy,
        more_headers={name: _value(name, value, environ) for name, value in headers.items()},
        extra=extra,
        stream=models.stream,
        context=(own.context if own else 0) or models.context,
    )


def _extra(models: ModelSettings, role: str) -> dict[str, Any]:
    """Return the further parameters of each request of a role, or of all."""
    own = models.roles.of(role).extra if role in ROLES else {}
    return {**models.extra, **own}


def _value(name: str, value: str, environ: Mapping[str, str]) -> str:
    """Return the value of a header: as it is given, or of the variable that it names.

    Raises:
        ConfigInvalid: the variable is not set, or a secret is written out, where it would be recorded with the run.

    """
    if value.startswith("$"):
        found = environ.get(value[1:], "")
        if not found:
            raise ConfigInvalid(f"models.headers.{name}: the variable {value[1:]} is not set; set it, or leave it out")
        return found
    if is_secret(name):
        raise ConfigInvalid(
            f"models.headers.{name}: a secret is written out, and settings are recorded; name a variable that holds "
            f"it, such as $AZURE_OPENAI_API_KEY"
        )
    return value


def _name_of(address: str) -> str:
    """Return the name of the host, without the dot that may end it (RFC 1034, 3.1)."""
    return (urlsplit(address).hostname or "").rstrip(".")


def _is_of(host: str, known: Set[str]) -> bool:
    """Say whether a host is one of these, or below one (``eu.api.openai.com``)."""
    return any(host == one or host.endswith(f".{one}") for one in known)


def _host(address: str) -> str:
    return urlsplit(address).netloc

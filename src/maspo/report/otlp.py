"""OTLP in JSON, as collectors take it over HTTP: values, attributes and who tells. Pure.

Source: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from maspo.__about__ import __version__

Json: TypeAlias = dict[str, Any]
NANO: Final = 1_000_000_000
SCOPE: Final[Mapping[str, str]] = {"name": "maspo", "version": __version__}


def nanoseconds(at: float) -> str:
    """Return a time in seconds since 1970 as OTLP writes it."""
    return str(int(at * NANO))


def resource_of(instance: str) -> Json:
    """Return who tells: maspo, and the id of the run or of the work."""
    found = {"service.name": "maspo", "service.version": __version__, "service.instance.id": instance}
    return {"attributes": attributes_of(found)}


def attributes_of(found: Mapping[str, object]) -> list[Json]:
    """Return names and values as a list of attributes."""
    return [{"key": key, "value": value_of(value)} for key, value in found.items()]


def value_of(value: object) -> Json:
    """Return a value as OTLP writes it; whole numbers are text, since JSON's lose digits."""
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case list():
            return {"arrayValue": {"values": [value_of(one) for one in value]}}
    return {"stringValue": str(value)}

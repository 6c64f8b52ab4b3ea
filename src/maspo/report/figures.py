"""Figures of work while it goes on, for monitors: one list, which Prometheus and OpenTelemetry both are told. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from maspo.core.usage import Usage
from maspo.report.otlp import SCOPE, Json, attributes_of, nanoseconds, resource_of
from maspo.study.job import Progress

_CUMULATIVE: Final = 2
"""AGGREGATION_TEMPORALITY_CUMULATIVE of OTLP: each value counts from the beginning."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its values by labels. A counter only grows; anything else is as it is now."""

    name: str
    """As OpenTelemetry writes names; Prometheus has underscores for the dots."""
    tells: str
    unit: str
    """By the Unified Code for Units of Measure; things that are counted stand in braces."""
    counts: bool
    values: Sequence[tuple[Mapping[str, str], float]]
    labels: tuple[str, ...] = ()


def figures_of(now: Progress, simulated: bool) -> Iterator[Figure]:
    """Yield the figures of work, without what is unknown and the money of a simulated world; no label holds a text."""
    usage = sorted(now.usage.items())

    def by_purpose(name: str, tells: str, unit: str, values: Mapping[str, float]) -> Figure:
        told = [({"purpose": purpose}, value) for purpose, value in values.items()]
        return Figure(name, tells, unit, True, told, ("purpose",))

    calls = {purpose: one.calls for purpose, one in usage}
    yield by_purpose("maspo.calls", "Model calls that were sent, each attempt counted.", "{call}", calls)
    failed = {purpose: one.failed for purpose, one in usage}
    yield by_purpose("maspo.calls.failed", "Attempts that brought no answer.", "{call}", failed)
    cached = {purpose: one.cached for purpose, one in usage}
    yield by_purpose("maspo.calls.cached", "Questions answered from the record, at no cost.", "{call}", cached)
    tokens = [
        ({"purpose": purpose, "kind": kind}, count) for purpose, one in usage for kind, count in _tokens(one).items()
    ]
    yield Figure("maspo.tokens", "Tokens, as endpoints tell them.", "{token}", True, tokens, ("purpose", "kind"))
    usd = {purpose: float(one.usd) for purpose, one in usage if one.usd is not None and not simulated}
    yield by_purpose("maspo.cost.usd", "US dollars charged.", "USD", usd)

    def alone(name: str, tells: str, unit: str, value: float, counts: bool = False) -> Figure:
        return Figure(name, tells, unit, counts, [({}, value)])

    yield alone("maspo.work.seconds", "Seconds of work, pauses left out.", "s", now.seconds, counts=True)
    yield alone("maspo.calls.in_flight", "Calls that are sent and not answered.", "{call}", now.in_flight)
    yield alone("maspo.calls.planned", "Calls of the whole run, about.", "{call}", now.calls_planned)
    queue = max(now.wave - now.done, 0)
    yield alone("maspo.queue", "Pieces of work of this wave that are not done.", "{piece}", queue)
    waits = float(bool(now.waiting))
    yield alone("maspo.endpoint.waits", "1 while no call is sent, such as in an outage.", "1", waits)
    if now.leased is not None:
        held = [({"unit": "usd"}, now.leased.usd), ({"unit": "calls"}, float(now.leased.calls))]
        yield Figure("maspo.lease", "Held of a shared budget, spent or not.", "1", False, held, ("unit",))
        share = now.leased.share
        yield alone("maspo.budget.share", "Share of the shared budget that all runs are charged.", "1", share)


def _tokens(usage: Usage) -> dict[str, int]:
    kinds = {"in": usage.tokens_in, "out": usage.tokens_out}
    return kinds | {"in_cached": usage.tokens_cached, "out_thought": usage.tokens_thought}


def metrics_request(now: Progress, simulated: bool, instance: str, since: float, at: float) -> Json:
    """Return the figures as a request of OTLP: those above, and tokens by the GenAI conventions.

    ``instance`` is the id of the run or of the work, ``since`` when it began and ``at`` the time of the figures, both
    in seconds since 1970. A figure without a value is left out.
    """
    span = {"startTimeUnixNano": nanoseconds(since), "timeUnixNano": nanoseconds(at)}
    told = [_metric(one, span) for one in figures_of(now, simulated) if one.values]
    if not simulated:
        told += _by_conventions(now, span)
    scopes = [{"scope": dict(SCOPE), "metrics": told}]
    return {"resourceMetrics": [{"resource": resource_of(instance), "scopeMetrics": scopes}]}


def _metric(figure: Figure, span: Json) -> Json:
    points = []
    for labels, value in figure.values:
        named = {f"maspo.{name}": text for name, text in labels.items()}
        points.append({**span, "attributes": attributes_of(named), **_number(value)})
    summed = {"dataPoints": points, "aggregationTemporality": _CUMULATIVE, "isMonotonic": True}
    kind = {"sum": summed} if figure.counts else {"gauge": {"dataPoints": points}}
    return {"name": figure.name, "description": figure.tells, "unit": figure.unit, **kind}


def _number(value: float) -> Json:
    return {"asInt": str(value)} if isinstance(value, int) else {"asDouble": value}


def _by_conventions(now: Progress, span: Json) -> list[Json]:
    """Return ``gen_ai.client.token.usage``, a histogram: of its one bucket, sum and count are what is known here.

    Source: https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-metrics/
    """
    points = []
    for purpose, usage in sorted(now.usage.items()):
        told = max(usage.calls - usage.failed - usage.unmetered, 0)
        for kind, tokens in (("input", usage.tokens_in), ("output", usage.tokens_out)):
            attributes = {
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": "openai",  # the dialect, as in spans
                "gen_ai.token.type": kind,
                "maspo.purpose": purpose,
            }
            point = {**span, "attributes": attributes_of(attributes), "count": str(told), "sum": float(tokens)}
            points.append({**point, "bucketCounts": [str(told)], "explicitBounds": []})
    if not points:
        return []
    found = {"dataPoints": points, "aggregationTemporality": _CUMULATIVE}
    name, tells = "gen_ai.client.token.usage", "Number of input and output tokens used."
    return [{"name": name, "description": tells, "unit": "{token}", "histogram": found}]

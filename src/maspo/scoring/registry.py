"""Scorers by name: ours, and those that installed packages offer under the entry point group ``maspo.scorers``."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from maspo.errors import ConfigInvalid
from maspo.scoring.base import Scorer

GROUP = "maspo.scorers"
"""An entry point names a callable that is given what follows the colon of ``name:argument`` and returns a scorer."""

CODE = "code"
UNSAFE_CODE = f"{CODE}:unsafe"


def scorer_of(name: str) -> Scorer:
    """Return a new scorer.

    ``name`` is ``exact``, ``choice``, ``math``, ``code``, ``regex:PATTERN``, ``json-schema:FILE``, or an installed one.
    ``code:unsafe`` runs programs without a sandbox.

    Raises:
        ConfigInvalid: any other name, or an argument that cannot be used.
        SandboxRefused: code is to be run, and no sandbox holds here.

    """
    kind, _, argument = name.partition(":")
    if name != UNSAFE_CODE and bool(argument) != (kind in _ARGUMENTS) and kind in _SCORERS:
        wanted = _ARGUMENTS.get(kind)
        raise ConfigInvalid(f"scorer {name!r}: write {kind}:{wanted}" if wanted else f"scorer {name!r}: write {kind}")
    if kind in _SCORERS:
        return _SCORERS[kind](argument)
    installed = _installed()
    if kind in installed:
        return installed[kind](argument)
    raise ConfigInvalid(f"unknown scorer {name!r}; there are {', '.join(scorer_names())}")


def scorer_names() -> tuple[str, ...]:
    """Return how the scorers that exist here are written."""
    ours = [f"{name}:{_ARGUMENTS[name]}" if name in _ARGUMENTS else name for name in _SCORERS]
    return (*ours, *sorted(_installed()))


def _installed() -> Mapping[str, Callable[[str], Scorer]]:
    from importlib.metadata import entry_points

    return {point.name: _loaded(point.name, point.load) for point in entry_points(group=GROUP)}


def _loaded(name: str, load: Callable[[], Callable[[str], Scorer]]) -> Callable[[str], Scorer]:
    def make(argument: str) -> Scorer:
        try:
            return load()(argument)
        except ConfigInvalid:
            raise
        except Exception as error:
            raise ConfigInvalid(f"scorer {name}: its package cannot be used: {error}; update or remove it") from error

    return make


def _exact(_: str) -> Scorer:
    from maspo.scoring.labelled import exact

    return exact()


def _choice(_: str) -> Scorer:
    from maspo.scoring.labelled import choice

    return choice()


def _math(_: str) -> Scorer:
    from maspo.scoring.mathematics.scorer import MathScorer

    return MathScorer()


def _code(level: str) -> Scorer:
    from maspo.sandbox.selftest import choose_level
    from maspo.scoring.code import CodeScorer

    return CodeScorer(level=choose_level("unsafe" if level else None))


def _regex(pattern: str) -> Scorer:
    from maspo.scoring.structured import regex_scorer

    return regex_scorer(pattern)


def _json_schema(file: str) -> Scorer:
    from maspo.scoring.structured import json_schema_scorer

    return json_schema_scorer(file)


_SCORERS: Mapping[str, Callable[[str], Scorer]] = {
    "exact": _exact,
    "choice": _choice,
    "math": _math,
    CODE: _code,
    "regex": _regex,
    "json-schema": _json_schema,
}
_ARGUMENTS: Mapping[str, str] = {"regex": "PATTERN", "json-schema": "FILE"}

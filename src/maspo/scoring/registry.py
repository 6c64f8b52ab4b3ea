"""Scorers by name: ours, and those that installed packages offer under the entry point group ``maspo.scorers``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from maspo.core.errors import ConfigInvalid, nearest
from maspo.core.registry import Registry
from maspo.scoring.base import Scorer

CODE = "code"
UNSAFE_CODE = f"{CODE}:unsafe"
CALLS = "calls"

SCORERS: Registry[Callable[..., Scorer]] = Registry(
    group="maspo.scorers",
    what="scorer",
    own={
        "exact": "maspo.scoring.labelled:exact",
        "choice": "maspo.scoring.labelled:choice",
        "math": "maspo.scoring.mathematics.scorer:MathScorer",
        CODE: "maspo.scoring.code:code_scorer",
        CALLS: "maspo.scoring.calls:CallScorer",
        "regex": "maspo.scoring.structured:regex_scorer",
        "json-schema": "maspo.scoring.structured:json_schema_scorer",
    },
    method="score",
)
"""Each makes a scorer. One of another package is called with what follows the colon of ``name:argument``, which may be
nothing; ours, only when something does."""

_ARGUMENTS: Mapping[str, str] = {"regex": "PATTERN", "json-schema": "FILE"}


def scorer_of(name: str, besides: Sequence[str] = ()) -> Scorer:
    """Return a new scorer.

    ``name`` is ``exact``, ``choice``, ``math``, ``calls``, ``code``, ``regex:PATTERN``, ``json-schema:FILE``, or an
    installed one. ``code:numpy,pandas`` lets programs import these packages; ``code:unsafe`` runs programs without a
    sandbox. ``besides`` are names that mean something else where one is asked for: an error tells them, too.

    Raises:
        ConfigInvalid: any other name, or an argument that cannot be used.
        SandboxRefused: code is to be run, and no sandbox holds here.

    """
    kind, _, argument = name.partition(":")
    ours = kind in SCORERS.own
    if kind != CODE and ours and bool(argument) != (kind in _ARGUMENTS):
        wanted = _ARGUMENTS.get(kind)
        raise ConfigInvalid(f"scorer {name!r}: write {kind}:{wanted}" if wanted else f"scorer {name!r}: write {kind}")
    if kind not in SCORERS.names():
        near = nearest(kind, (*SCORERS.names(), *besides))
        meant = f"did you mean {near!r}? " if near else ""
        raise ConfigInvalid(f"unknown scorer {name!r}; {meant}there are {', '.join((*scorer_names(), *besides))}")
    scorer: Scorer = SCORERS.make(kind, *([argument] if argument or not ours else []))
    return scorer


def scorer_names() -> tuple[str, ...]:
    """Return how the scorers that exist here are written."""
    return tuple(f"{name}:{_ARGUMENTS[name]}" if name in _ARGUMENTS else name for name in SCORERS.names())

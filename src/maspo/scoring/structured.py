"""Scorers of structured output: a pattern, or a JSON schema, matched in worker processes under a time limit."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from maspo.core.errors import ConfigInvalid, said_of
from maspo.core.patterns import compiled
from maspo.core.plain_files import MOST_TEXT, read_named
from maspo.scoring.answers import equal_answers
from maspo.scoring.base import Sample, Score
from maspo.scoring.json_values import last_json
from maspo.scoring.limits import Limits
from maspo.scoring.pool import Pool, Reply, Skill
from maspo.scoring.readable import last_found, without_thinking


@dataclass(frozen=True, slots=True)
class PooledScorer:
    """Asks a worker process about each output and turns its reply into a score."""

    pool: Pool
    judged: Callable[[Sample, Reply], Score]
    """The score of a sample, given what the worker found."""

    async def score(self, samples: Sequence[Sample]) -> Sequence[Score]:
        """Return one score for each sample, in their order."""
        replies = await self.pool.ask_all([(without_thinking(sample.output),) for sample in samples])
        return [self._score(sample, reply) for sample, reply in zip(samples, replies, strict=True)]

    def close(self) -> None:
        """End the worker processes; they end by themselves with the program."""
        self.pool.close()

    def _score(self, sample: Sample, reply: Reply) -> Score:
        if reply.broken:
            return Score(sample.id, "failed", why=reply.broken)
        if reply.lost:
            return Score(sample.id, "unread", why=f"reading it {reply.lost}")
        return self.judged(sample, reply)


def regex_scorer(pattern: str, limits: Limits | None = None) -> PooledScorer:
    """Return the scorer that reads the last match of a pattern: its first group where it has one, else all of it.

    With a label the match must equal it; without one an output is right when the pattern occurs. Raises
    ``ConfigInvalid`` when the pattern is not a regular expression.
    """
    try:
        compiled(pattern)
    except ValueError as error:
        raise ConfigInvalid(
            f"scorer regex:{pattern}: not a regular expression: {error}; give a Python pattern"
        ) from None
    return PooledScorer(Pool(Skill("regex", pattern), limits), _matched)


def json_schema_scorer(file: str, limits: Limits | None = None) -> PooledScorer:
    """Return the scorer that checks the JSON of an output against a schema, and against the label where there is one.

    The JSON is the whole output, the last object or list that begins a line, or what its last code fence holds.
    Raises ``ConfigInvalid`` when the file holds no JSON schema or the package ``jsonschema`` is missing.
    """
    try:
        text = read_named(Path(file), MOST_TEXT).decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigInvalid(f"scorer json-schema:{file}: cannot be read ({said_of(error)}); give a JSON file") from None
    try:
        _validator(text)
    except ImportError:
        raise ConfigInvalid("scorer json-schema needs jsonschema: pip install 'maspo[json-schema]'") from None
    except Exception as error:
        line = str(error).partition("\n")[0]
        raise ConfigInvalid(
            f"scorer json-schema:{file}: not a JSON schema: {line}; see https://json-schema.org"
        ) from None
    return PooledScorer(Pool(Skill("json-schema", text), limits), _valid)


def last_match(pattern: str, text: str) -> str | None:
    """Return the last match of a pattern (its first group); None when there is none. For worker processes."""
    found = last_found(pattern, text)
    if found is None:
        return None
    return found.group(1) or "" if found.re.groups else found.group(0)


def first_fault(schema: str, text: str) -> list[str] | None:
    """Return the JSON of a text and the first place where it breaks a schema ("" when valid); None without JSON.

    For worker processes: patterns of a schema may take for ever on hostile text.
    """
    value = last_json(text)
    if value is None:
        return None
    errors = sorted(_validator(schema).iter_errors(value[0]), key=lambda error: list(map(str, error.absolute_path)))
    # A message repeats the value, which is anybody's text; the place and the rule say enough.
    fault = f"{errors[0].json_path}: breaks {errors[0].validator!r}" if errors else ""
    return [json.dumps(value[0], sort_keys=True), fault]


@lru_cache(maxsize=4)
def _validator(schema: str) -> Any:
    """Return the validator of a schema; references to other documents are never fetched."""
    from jsonschema.validators import validator_for
    from referencing import Registry

    value = json.loads(schema)
    kind = validator_for(value)
    kind.check_schema(value)
    return kind(value, registry=Registry())


def _matched(sample: Sample, reply: Reply) -> Score:
    found = reply.value if isinstance(reply.value, str) else None
    if sample.answer is None:
        return Score(sample.id, "wrong" if found is None else "correct", found)
    if found is None:
        return Score(sample.id, "unread", why="the pattern does not occur")
    return Score(sample.id, "correct" if equal_answers(found, sample.answer) else "wrong", found)


def _valid(sample: Sample, reply: Reply) -> Score:
    if not isinstance(reply.value, list):
        return Score(sample.id, "unread", why="the output holds no JSON")
    read, fault = map(str, reply.value)
    if fault:
        return Score(sample.id, "wrong", read, fault)
    if sample.answer is None:
        return Score(sample.id, "correct", read)
    try:
        right = json.dumps(json.loads(sample.answer), sort_keys=True) == read
    except (ValueError, RecursionError):
        return Score(sample.id, "failed", read, "the label is not JSON")
    return Score(sample.id, "correct" if right else "wrong", read, "" if right else "valid, but not the label")

"""Conditions on what an agent wrote, and lists in it. Texts of models are searched in bounded time.

A pattern of which nothing repeats is searched here, in time that grows with the text alone. Any other goes to a worker
process with a limit of CPU time (``maspo.scoring.pool``): a text that needs longer does not match.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Final

from maspo.core.patterns import compiled
from maspo.scoring.json_values import objects_of
from maspo.scoring.limits import Limits
from maspo.scoring.marked import tagged_answer
from maspo.scoring.pool import Pool, Skill
from maspo.team.flow import Condition

LONGEST: Final = 20_000
"""Characters from the end of an output in which a pattern is looked for: the end is where decisions stand."""
_CHOICES: Final = 10
"""Optional parts and alternatives of a pattern that is searched here: each may double the work at a place."""
_ESCAPED = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
"""Escapes and sets: signs in them stand for themselves."""
_AROUND = " \t\r\n.*`\"'"
_LIST = re.compile(r"(?m)^[ \t]*\[|```(?:json)?[ \t]*\n[ \t]*\[")
_MOST_LISTS: Final = 50
"""Brackets at which a list is looked for."""


def is_quick(pattern: str) -> bool:
    """Return whether a pattern repeats nothing and has few choices, so that no text can make it take long."""
    rest = _ESCAPED.sub("x", pattern).replace("(?", "(")
    return not any(sign in rest for sign in "*+{") and rest.count("?") + rest.count("|") <= _CHOICES


def holds_quickly(condition: Condition, text: str) -> bool | None:
    """Return whether a condition holds; None where its pattern has to be looked for with a limit of time."""
    if condition.equals:
        return _equals(condition.equals, text)
    if not is_quick(condition.matches):
        return None
    return _compiled(condition.matches).search(text[-LONGEST:]) is not None


class Conditions:
    """Looks at conditions; worker processes start when the first pattern needs one."""

    def __init__(self) -> None:
        self._pools: dict[str, Pool] = {}
        self._known: dict[tuple[str, str], bool] = {}

    async def holds(self, condition: Condition, text: str) -> bool:
        """Return whether a condition holds for what its agent wrote.

        Raises:
            OSError: no worker process can be started.

        """
        found = holds_quickly(condition, text)
        if found is not None:
            return found
        pattern, shown = condition.matches, text[-LONGEST:]
        if (pattern, shown) not in self._known:
            if pattern not in self._pools:
                self._pools[pattern] = Pool(Skill("occurs", pattern), Limits(workers=1))
            (reply,) = await self._pools[pattern].ask_all([(shown,)])
            if reply.broken:
                raise OSError(reply.broken)
            self._known[(pattern, shown)] = reply.value is True
        return self._known[(pattern, shown)]

    def close(self) -> None:
        """End the worker processes."""
        for pool in self._pools.values():
            pool.close()
        self._pools.clear()


def entries(text: str, path: str) -> list[str]:
    """Return the entries of the last JSON list under a path of an output; of one that holds none, all of it as one."""
    places = path.split(".") if path else []
    found: list[object] = []
    for value in _values(text, bool(places)):
        inner = _under(value, places)
        if isinstance(inner, list):
            found = inner
    listed = [one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in found]
    return [one for one in listed if one.strip()] or [text]


def _values(text: str, inside: bool) -> list[object]:
    if inside:
        return list(objects_of(text))
    found: list[object] = []
    end = 0
    for begin in list(_LIST.finditer(text))[-_MOST_LISTS:]:
        if begin.end() > end:
            try:
                value, end = json.JSONDecoder().raw_decode(text, begin.end() - 1)
            except (ValueError, RecursionError):
                continue
            found.append(value)
    return found


def _under(value: object, path: list[str]) -> object:
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _equals(wanted: str, text: str) -> bool:
    lines = text.strip().rsplit("\n", 1)
    said = (text, lines[-1], tagged_answer(text) or "")
    return _bare(wanted) in {_bare(one) for one in said}


def _bare(text: str) -> str:
    return text.strip(_AROUND).casefold()


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> re.Pattern[str]:
    return compiled(pattern)

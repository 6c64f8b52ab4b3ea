"""Traces as they are kept: no text twice, and no more than a bound.

What an agent wrote is the reply to a call, which the record holds under its content address, and the run of a candidate
takes over most calls of the run of its reference. So a trace is kept as a list of

- ``[from, to]``: the calls of another trace (``base``) in these places, as they are there;
- ``[agent, key, reads]``: a call whose text and figures are those of the recorded call with this key;
- ``[agent, key, reads, {…}]``: a call of which something is not so, and what: its text when no reply holds it, …

A whole trace without any lookup is the same with every text in it. Formats before kept one object a call.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeAlias

from maspo.core.plain import plain
from maspo.core.quoting import shortened
from maspo.core.trace import Call, ToolUse, Trace
from maspo.events.base import reader
from maspo.store.codec import strange

MOST_BYTES = 64 * 1024
"""Of one kept trace: a team of about 900 agents whose replies are recorded, at 70 bytes a call."""
_CUTS = (8000, 2000, 500, 100, 20)
"""Characters that are left of each text that no reply holds, tried in turn until the trace fits into its bound."""
_JSON = json.JSONEncoder(separators=(",", ":"))
LOST_TEXT = "[lost with a damaged part of the record]"
"""Stands for a text whose recorded call is gone."""


@dataclass(frozen=True, slots=True)
class Written:
    """What the record holds of a call: the reply's text and figures, as they are in a trace."""

    output: str
    tokens_in: int | None
    tokens_out: int | None
    seconds: float


FindCall: TypeAlias = Callable[[str], Written | None]
"""Returns what is recorded of a call by its key."""
FindTrace: TypeAlias = Callable[[str], Trace | None]
"""Returns a kept trace of the same input by its address."""

_FIGURES = tuple(one.name for one in fields(Written))
_UNSAID: Mapping[str, Any] = {
    **{"nth": 0, "tokens_in": None, "tokens_out": None, "seconds": 0.0},
    **{"tools": (), "item": "", "replies": None},
}
"""What a call has where neither the trace nor the record says otherwise; its text is said by one of them."""


def encode_trace(trace: Trace, find: FindCall = lambda _: None, base: tuple[str, Trace] | None = None) -> str | None:
    """Return a trace as JSON text of at most ``MOST_BYTES``; None when it does not fit, however much is cut.

    ``find`` tells what need not be said, since the record does; ``base`` is the address of a kept trace, and the trace.
    Texts that no reply holds are cut, and say so; who was called, by which key, and who read whom is always whole.
    """
    for cut in (None, *_CUTS):
        body = _body(trace, find, base, cut)
        if len(body) <= MOST_BYTES:  # JSON text is ASCII: a character is a byte
            return body
    return None


def _body(trace: Trace, find: FindCall, base: tuple[str, Trace] | None, cut: int | None) -> str:
    known = base[1].calls if base else ()
    calls: list[Any] = []
    for place, call in enumerate(trace.calls):
        if place < len(known) and (call is known[place] or call == known[place]):
            if calls and isinstance(calls[-1][0], int) and calls[-1][1] == place:
                calls[-1][1] = place + 1
            else:
                calls.append([place, place + 1])
        else:
            calls.append(_call_body(call, find(call.key) if call.key else None, cut))
    places = [place for place, call in enumerate(trace.calls) if call.output == trace.output]
    found: dict[str, Any] = {"input_key": trace.input_key, "calls": calls}
    found["output"] = places[-1] if places else _shortened(trace.output, cut)
    return _JSON.encode({**found, "base": base[0]} if base else found)


def _call_body(call: Call, written: Written | None, cut: int | None) -> list[Any]:
    if written is not None and _says_all(written, call):
        return [call.agent, call.key, call.reads]
    given = {**_UNSAID, **({name: getattr(written, name) for name in _FIGURES} if written else {"output": None})}
    own = {name: value for name in given if (value := getattr(call, name)) != given[name]}
    if "output" in own:
        own["output"] = _shortened(call.output, cut)
    if "tools" in own:
        shown = (ToolUse(use.name, _shortened(use.arguments, cut), _shortened(use.result, cut)) for use in call.tools)
        own["tools"] = plain(tuple(shown))
    if "item" in own:
        own["item"] = _shortened(call.item, cut)
    return [call.agent, call.key, call.reads, own]


def _says_all(written: Written, call: Call) -> bool:
    figures = (written.tokens_in, written.tokens_out, written.seconds) == (
        call.tokens_in,
        call.tokens_out,
        call.seconds,
    )
    plain_turn = call.replies is None and not (call.nth or call.tools or call.item)
    return figures and written.output == call.output and plain_turn


def _shortened(text: str, cut: int | None) -> str:
    return text if cut is None else shortened(text, cut)


def decode_trace(body: str, find: FindCall = lambda _: None, find_trace: FindTrace = lambda _: None) -> Trace:
    """Return the trace that JSON text holds.

    Raises:
        StoreError: it cannot be read, or what it is based on is gone.

    """
    try:
        found = json.loads(body)
        if "steps" in found:
            return _read(_as_calls(found))
        if any(isinstance(call, dict) for call in found["calls"]):
            return _read(found)
        base = find_trace(found["base"]) if "base" in found else None
        calls = [one for call in found["calls"] for one in _calls_of(call, base, find)]
        output = found["output"]
        text = calls[output]["output"] if isinstance(output, int) else output
        return _read({"input_key": found["input_key"], "calls": calls, "output": text})
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise strange("a trace", error) from error


def _read(found: Mapping[str, Any]) -> Trace:
    trace: Trace = reader(Trace).validate_python(found)
    return trace


def _calls_of(kept: Sequence[Any], base: Trace | None, find: FindCall) -> Iterator[Mapping[str, Any]]:
    """Return the calls that one part of a kept trace stands for, each with all its fields."""
    if isinstance(kept[0], int):
        if base is None:
            raise ValueError("the trace that it is based on is not there")
        for call in base.calls[kept[0] : kept[1]]:
            yield plain(call)
        return
    agent, key, reads, *own = kept
    said = own[0] if own else {}
    written = find(key) if key else None
    figures = {name: getattr(written, name) for name in _FIGURES} if written else {}
    yield {"agent": agent, "key": key, "reads": reads, "output": LOST_TEXT, **_UNSAID, **figures, **said}


def _as_calls(old: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a trace of formats 1 and 2, which held each agent exactly once, as a list of calls."""
    steps = old["steps"]
    place = {name: number for number, name in enumerate(steps)}
    calls = [
        {
            "agent": name,
            "output": step["output"],
            "reads": [place[read] for read in step["reads"]],
            "tokens_in": step["tokens_in"],
            "tokens_out": step["tokens_out"],
            "seconds": step["seconds"],
            "key": step["call"],
        }
        for name, step in steps.items()
    ]
    return {"input_key": old["input_key"], "calls": calls, "output": steps[old["output_agent"]]["output"]}

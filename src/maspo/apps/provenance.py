"""Who read whom: what one call wrote, found in the request of another. Pure.

A framework passes texts on in its own way: whole, quoted among others, as a value of a JSON object, as the argument or
the result of a tool, indented, escaped, cut. So texts are compared in a canonical form, and an output counts as read
when it stands in a request whole, or a large enough share of its passages does. What stands in the input or in the
reader's own prompt anyway tells nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from maspo.gateway.wire import WireCall
from maspo.runners.messages import NO_OUTPUT

_ESCAPED = re.compile(r"\\(u[0-9a-fA-F]{4}|[\"\\/nrt])")
_PLAIN: Mapping[str, str] = {"n": "\n", "r": "\n", "t": " ", '"': '"', "\\": "\\", "/": "/"}
_BLANKS = re.compile(r"\s+")
_PASSAGE = re.compile(r"[^\n.!?;]+[.!?;]*")
_PART = re.compile(r"<(\w+)>(.*?)</\1>|\[\[ ## \w+ ## \]\](.*?)(?=\[\[ ## |\Z)", re.DOTALL)
"""Parts of a text that have names of their own: tags, and the sections that DSPy asks for."""
SHORT = 20
"""Characters below which a text stands in others by chance: it counts only where it stands by itself."""
_SHARE = 0.4
"""Share of an output's passages that has to stand in a request: a summary or a cut text keeps about half."""
_MANY = 200
"""Characters of passages that are enough, whatever their share: no two texts share three lines by chance."""
_TAKEN = "\0"


def canonical(text: str) -> str:
    """Return a text without what passing it on changes: escapes of JSON, indentation, runs of white space."""

    def unescaped(match: re.Match[str]) -> str:
        code = match.group(1)
        return chr(int(code[1:], 16)) if code[0] == "u" else _PLAIN[code]

    return _BLANKS.sub(lambda run: "\n" if "\n" in run[0] else " ", _ESCAPED.sub(unescaped, text)).strip()


def find_reads(reader: WireCall, earlier: Sequence[WireCall], known: Iterable[str]) -> frozenset[int]:
    """Return the places among earlier calls of those whose outputs the reader was shown, oldest first.

    ``known`` are texts that it would have been shown anyway: the input and its own prompt. What a call wrote in turn
    from another one's words counts for the later of the two, unless the words stand there once more.
    """
    shown = [canonical(text.text) for text in reader.texts]
    said = [canonical(text) for text in known]
    found = set()
    for place in reversed(range(len(earlier))):
        taken = [_take(text, shown, said) for text in written_by(earlier[place])]  # all of them, not the first alone
        if any(taken):
            found.add(place)
    return frozenset(found)


def written_by(call: WireCall) -> Iterator[str]:
    """Return what a call wrote, in the pieces in which a program may pass it on."""
    yield from _pieces(call.output)
    for tool in call.tools:
        yield from _pieces(tool.arguments)
        if tool.result is not None:
            yield tool.result


def stands_in(text: str, written: WireCall, known: Iterable[str] = ()) -> bool:
    """Return whether a text, such as the app's answer, holds what a call wrote.

    That may be the arguments of a tool that nobody ran: several frameworks ask for a structured answer so.
    """
    shown, said = [canonical(text)], [canonical(one) for one in known]
    texts = [written.output, *(tool.arguments for tool in written.tools if tool.result is None)]
    if any(_take(piece, shown, said) for one in texts for piece in _pieces(one)):
        return True
    # An app may read its answer out of what an agent wrote.
    return _take(text, [canonical(one) for one in texts], said)


def _pieces(text: str) -> list[str]:
    """Return a text, and those of its parts that a program may read out of it: values of JSON, tags, sections."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        parts = [found[found.lastindex or 0] for found in _PART.finditer(text)]
        return [one for one in (text, *parts) if one.strip()]
    return [text, *_strings(value)] if isinstance(value, dict | list) else [text]


def _strings(value: object) -> Iterator[str]:
    match value:
        case str():
            if value.strip():
                yield value
        case dict():
            for one in value.values():
                yield from _strings(one)
        case list():
            for one in value:
                yield from _strings(one)


def _take(text: str, shown: list[str], known: Sequence[str]) -> bool:
    """Say whether a text stands in what is shown, and take it out, so that it is found once."""
    whole = canonical(text)
    if not whole:
        return False
    if len(whole) < SHORT:
        alone = _alone(whole)
        return not any(alone.search(one) for one in known) and _take_first(alone, shown)
    if any(whole in one for one in known):
        return False
    for place, one in enumerate(shown):
        if whole in one:
            shown[place] = one.replace(whole, _TAKEN, 1)
            return True
    passages = [one.strip() for one in _PASSAGE.findall(whole) if len(one.strip()) >= SHORT]
    passages = [one for one in passages if not any(one in other for other in known)]
    held = [one for one in passages if any(one in other for other in shown)]
    size, total = sum(map(len, held)), sum(map(len, passages))
    if not total or (size < _SHARE * total and size < _MANY):
        return False
    for passage in held:
        for place, one in enumerate(shown):
            if passage in one:
                shown[place] = one.replace(passage, _TAKEN, 1)
                break
    return True


def _alone(text: str) -> re.Pattern[str]:
    """Return what finds a short text where it stands by itself: as a line, after a colon, between quotes or tags."""
    before, after = r"(?:^|[\n:>\"'\[(,])[ \n]*", r"[ \n]*(?=$|[\n<\"'\])}])"
    return re.compile(before + re.escape(text) + after)


def _take_first(pattern: re.Pattern[str], shown: list[str]) -> bool:
    for place, one in enumerate(shown):
        found, number = pattern.subn(_TAKEN, one, count=1)
        if number:
            shown[place] = found
            return True
    return False


def without_outputs(text: str, written: Iterable[WireCall]) -> str:
    """Return a text with a short note in place of what some calls wrote."""
    for call in written:
        for piece in sorted(written_by(call), key=len, reverse=True):
            text = _withheld(text, piece)
    return text


def _withheld(text: str, piece: str) -> str:
    """Return a text without a piece, as it stands or as JSON has it; of one that was cut, without its passages."""
    words = piece.split()
    if not words:
        return text
    if len(piece.strip()) < SHORT:
        return _alone(piece.strip()).sub(lambda found: found[0].replace(piece.strip(), NO_OUTPUT), text)
    for variant in (piece, json.dumps(piece)[1:-1], json.dumps(piece, ensure_ascii=False)[1:-1]):
        pattern = re.compile(r"\s+".join(map(re.escape, variant.split())))
        if pattern.search(text):
            return pattern.sub(lambda _: NO_OUTPUT, text)
    for passage in _PASSAGE.findall(piece):
        if len(passage.strip()) >= SHORT:
            pattern = re.compile(r"\s+".join(map(re.escape, passage.split())))
            text = pattern.sub(lambda _: NO_OUTPUT, text)
    return text

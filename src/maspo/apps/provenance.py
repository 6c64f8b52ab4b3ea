"""Who read whom: what one call wrote, found in the request of another. Pure.

A framework passes texts on in its own way: whole, quoted among others, as a value of a JSON object, as the argument or
the result of a tool, indented, escaped, cut. So texts are compared in a canonical form, and an output counts as read
when it stands in a request whole, or a large enough share of its passages does. What stands in the input or in the
reader's own prompt anyway tells nothing.

What stands there whole tells more than a part: a short answer, or a phrase, is what many agents write, and belongs to
another one only where nobody who was read whole has written it.
"""

from __future__ import annotations

import json
import re
from collections import Counter
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
    before, found, rest = tuple(shown), set[int](), list[tuple[int, str]]()
    own = [continues(reader, call) for call in earlier]
    texts = [(True, place, pieces) for place, call in enumerate(earlier) for pieces in _said_by(call)]
    # What others got from tools comes last: an agent beside it may have asked the same tool, and got the same.
    texts += [(own[place], place, [told]) for place, call in enumerate(earlier) for told in _told_to(call)]
    for _, place, pieces in sorted(texts, key=lambda one: one[:2], reverse=True):
        whole = [_take_whole(piece, shown, said) for piece in pieces]  # all of them, not the first alone
        if any(whole):
            found.add(place)
        if not whole[0]:
            rest += [(place, piece) for piece, is_taken in zip(pieces, whole, strict=True) if not is_taken]
    found.update([place for place, piece in rest if _take_part(piece, shown, said, before)])
    return frozenset(found)


def continues(call: WireCall, before: WireCall) -> bool:
    """Return whether a call brings its agent the results of the tools that a call before asked for."""
    if call.agent != before.agent or not before.tools:
        return False
    brought = Counter(canonical(text.text) for text in call.texts if text.role == "tool")
    asked = Counter(canonical(tool.result or "") for tool in before.tools)
    return all(tool.result is not None for tool in before.tools) and asked <= brought


def written_by(call: WireCall) -> Iterator[str]:
    """Return what a call wrote, in the pieces in which a program may pass it on."""
    for pieces in _said_by(call):
        yield from pieces
    yield from _told_to(call)


def _said_by(call: WireCall) -> Iterator[list[str]]:
    """Return each text of a call's own, followed by its parts."""
    for text in (call.output, *(tool.arguments for tool in call.tools)):
        if pieces := _pieces(text):
            yield pieces


def _told_to(call: WireCall) -> Iterator[str]:
    """Return what the tools of a call answered."""
    return (tool.result for tool in call.tools if tool.result is not None)


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
    return _take_whole(text, shown, known) or _take_part(text, shown, known, tuple(shown))


def _take_whole(text: str, shown: list[str], known: Sequence[str]) -> bool:
    """Say whether a text that is long enough stands there as it is, and take it out."""
    whole = canonical(text)
    if len(whole) < SHORT or any(whole in one for one in known):
        return False
    for place, one in enumerate(shown):
        if whole in one:
            shown[place] = one.replace(whole, _TAKEN, 1)
            return True
    return False


def _take_part(text: str, shown: list[str], known: Sequence[str], before: Sequence[str]) -> bool:
    """Say whether a short text stands there by itself, or enough passages of a long one, and take them out.

    ``before`` is what was shown before anything was taken out: a text that was cut may hold another one whole. Some
    passage has to be left, or all of them are another one's.
    """
    whole = canonical(text)
    if not whole:
        return False
    if len(whole) < SHORT:
        alone = _alone(whole)
        return not any(alone.search(one) for one in known) and _take_first(alone, shown)
    passages = [one.strip() for one in _PASSAGE.findall(whole) if len(one.strip()) >= SHORT]
    passages = [one for one in passages if not any(one in other for other in known)]
    size = sum(len(one) for one in passages if any(one in other for other in before))
    total, left = sum(map(len, passages)), [one for one in passages if any(one in other for other in shown)]
    if not left or (size < _SHARE * total and size < _MANY):
        return False
    for passage in left:
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

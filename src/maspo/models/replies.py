"""Reading replies: a chat completion, whole or as a stream of pieces, becomes a ``Reply``.

A reply without any text says why in ``missing``, one that is no answer in fields of its own.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import Any

from maspo.core.invisible import without_invisible
from maspo.models.base import BrokeOff, NoCompletion, Reply, Stage, ToolAsked, Transient, whole_characters
from maspo.models.pages import described, is_page
from maspo.models.refusals import READ_OF_ERROR, excerpt
from maspo.models.thoughts import said_and_thought, told_thoughts
from maspo.models.tokens import later_usage, read_tokens, usage_in

# What ``finish_reason`` says of a reply that is none, or not whole: the protocol's words, and those of other providers.
_BROKEN = re.compile(
    r"error|fail|abort|cancel|interrupt|exception|time_?(?:out|limit)|timed_out|overload|unavailable|rate_limit"
    r"|insufficient_system_resource|malformed|unexpected_tool_call|disconnect|preempt|evict|^(?:other|language)$"
)
"""OpenRouter, vLLM, DeepSeek, Zhipu, Google, Cohere, gateways: a text, if there is any, is not what was to be said."""
_CUT = re.compile(
    r"^(?:model_|max_)?length$|max_(?:\w+_)?tokens?|tokens?_limit|error_limit|context_(?:window|length)|truncat|^incomplete$"
    r"|^pause(?:_turn|d)?$"
)
"""OpenAI, Anthropic (also of a turn that is to be gone on with), Google, Mistral, Cohere, gateways."""
_WORD_BEGINS = re.compile(r"(?<=[a-z])(?=[A-Z])")
"""Where a word begins within one such as ``MaxTokens``."""
_FILTERED = re.compile(
    r"filter|safety|recitation|blocklist|blocked|prohibited|spii|sensitive|guardrail|toxic|moderation|inspection|flagged"
)
_DECLINED = frozenset({"refusal"})
_TOOLS = frozenset({"tool_calls", "function_call"})
_TELLS_OF_FAILURE = ("message", "detail", "msg", "error_msg", "errors")
"""Fields of a piece that is none of a reply: what gateways call their words."""
_WAITING = frozenset(
    {"queued", "queue", "pending", "waiting", "in_queue", "starting", "loading", "processing", "in_progress", "running"}
)
"""States of a request that is not refused, in pieces of gateways that keep a queue."""
_CODES = ("code", "status", "statusCode", "status_code", "error_code")
_TELLING = frozenset({401, 402, 403, 404, 429})
"""Statuses that say what helps, in whatever field; of the others a body with HTTP 200 tells no more than its words."""
_FAILED = re.compile(rf"{_BROKEN.pattern}|{_FILTERED.pattern}")
_PAGE_WITHIN = re.compile(rb"^[ \t]*<(?:!doctype\s{1,9}html|html)\b", re.IGNORECASE | re.MULTILINE)
"""A web page in the middle of a stream: of a gateway whose server fell silent."""
_LENIENT = json.JSONDecoder(strict=False)
_SHOWS = re.compile(r"[!-~]")
"""A character that every reader sees: most texts have one at once, and need no further look."""
DONE = b"[DONE]"
"""The last piece of a stream."""
_GLUED = re.compile(rb"(?<=\})\s*(?:data:)?\s*\[DONE\]\Z", re.IGNORECASE)
"""The same behind the piece before, in one line."""
_NOTHING = frozenset({b"null", b"true", b"false", b'""'})
"""Pieces that say nothing, with which some gateways keep a connection open."""
_RECORD = b"\x1e"
"""What stands before each text in a sequence of texts of JSON."""
_OTHERWISE = frozenset({b"\xff", b"\xfe", _RECORD})
"""How a body begins that is not plain UTF-8."""
_BOM = b"\xef\xbb\xbf"
"""A byte order mark, which may stand before a stream and means nothing."""
_OTHERS = (
    ('"candidates"', "Gemini's own address", "/v1beta/openai"),
    ('"output"', "the address of responses", "/v1, to which /chat/completions is added"),
    ('"response.', "the address of responses", "/v1, to which /chat/completions is added"),
    ('"stop_reason"', "Anthropic's own address", "/v1"),
    ('"message_start"', "Anthropic's own address", "/v1"),
    ('"done"', "Ollama's own address", "/v1"),
)
"""Other protocols, told by a name in their replies: whose they are, and how the address of this one ends there."""
_BARE_PIECE = (b'"delta"', b'"chat.completion.chunk"')
"""What tells a piece of a stream from a completion."""
_DATA = re.compile(rb"\s{0,9}data\s?:", re.IGNORECASE)
"""How a line begins that holds a piece, or a part of one: some servers set blanks around the name."""
_FIELDS = (b":", b"event:", b"id:", b"retry:")
"""How lines of a stream begin that hold no piece."""
_BEGINS = (b"data:", b"data :", *_FIELDS)
_BARE_BEGINS = 20_000
"""Bytes within which the second piece begins: the first one holds a role, or some letters."""
_DEEPEST_ENVELOPE = 2
"""Envelopes within envelopes of gateways (Cloudflare's, DashScope's, RunPod's, AWS Lambda's, those of companies)."""
_ANOTHERS_PIECE = re.compile(
    r'"type"\s*:\s*"(?:response\.|message_start|content_block|text-(?:start|delta)")|"candidates"\s*:|"done"\s*:'
    r'|"event"\s*:\s*"(?:agent_)?message"'
)
"""What tells a piece of a stream of another protocol: OpenAI's responses, Anthropic's messages, Google's, Ollama's,
Dify's, that of Vercel's AI SDK."""
_FILLERS = "\0 \t\r\n"
"""What some servers write behind a whole object."""
_FILTERS = "content_filter_results"
"""The field in which Azure says of each of its filters whether it took a text."""
_BLOCKED = ("prompt_feedback", "promptFeedback")
"""Fields in which Google's gateways say why they wrote nothing."""
_CUMULATIVE = 3
"""Different pieces, each beginning with all of the one before, that are the text so far rather than what is new."""


_MESSAGE = frozenset({"role", "content", "refusal", "tool_calls", "function_call", "annotations", "audio", "name"})
"""Fields of a message of this protocol."""
_TWICE = 8
"""Pieces that come in pairs of the same: fewer may be a text that says so."""


def is_done(data: bytes) -> bool:
    """Say whether a piece is the last of a stream, in small letters or in quotes as well."""
    return data.strip(b'"').upper() == DONE


def is_stream(body: bytes | bytearray) -> bool:
    """Say whether a body is a stream of server-sent events, whatever its headers say."""
    if body[:1] == b"{":  # most are whole
        return _is_bare(body)
    begins = body[:200].removeprefix(_BOM).lstrip().lower()
    return begins.startswith(_BEGINS) or _is_bare(body)


def _is_bare(body: bytes | bytearray) -> bool:
    """Say whether a body is a stream whose pieces are lines without ``data:``."""
    begin, first = len(_BOM) if body.startswith(_BOM) else 0, True
    while (end := body.find(b"\n", begin, _BARE_BEGINS)) >= 0 or not first:
        line = body[begin : end if end >= 0 else _BARE_BEGINS].strip().lower()
        if line and not line.startswith(_FIELDS):
            if not first:
                return line.startswith((b"{", DONE.lower()))
            if not (line[:1] == b"{" and line[-1:] == b"}" and any(name in line for name in _BARE_PIECE)):
                return False
            first = False
        if end < 0:
            return False
        begin = end + 1
    return False


def read_reply(body: bytes, seconds: float, place: str, kind: str = "") -> Reply:
    """Read a completion, whole or streamed; ``kind`` is the type that its headers name.

    Raises:
        NoCompletion: the body is not a chat completion.
        Transient: it is a stream that was broken off, or tells of an error.

    """
    if body[:1] in _OTHERWISE:
        body = _plain(body)
    if is_stream(body):
        return _read_stream(body, seconds, place)
    try:
        found = _read_json(body)
        found = _unwrapped(found)
        if failure := _failure_in(found):
            reason = f"{place}: the endpoint failed while it wrote ({failure})"
            raise Transient(reason, Stage.LOST, seconds=seconds)
        return reply_of(found, seconds)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise _no_completion(body, seconds, place, kind) from None


def _plain(body: bytes) -> bytes:
    """Return a body in UTF-8 that tells itself to be UTF-16, or a sequence of texts of JSON (RFC 7464), as lines."""
    if body[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) and body[2:4] != b"\0\0":
        with suppress(UnicodeDecodeError):
            return body.decode("utf-16").encode()
    return body.replace(_RECORD, b"") if body.startswith(_RECORD) else body


def _unwrapped(found: Any, deep: int = 0) -> Any:
    """Return the completion that a gateway has put into an envelope of its own, which may be a text of JSON."""
    if isinstance(found, list) and len(found) == 1:
        found = found[0]
    if isinstance(found, str) and deep and '"choices"' in found[:_BARE_BEGINS]:
        with suppress(ValueError, RecursionError):
            found = json.loads(found)
    if not isinstance(found, dict) or "choices" in found or deep > _DEEPEST_ENVELOPE:
        return found
    told = {"usage": found["usage"]} if "usage" in found else {}
    inner = (_unwrapped(one, deep + 1) for one in found.values())
    return next((told | one for one in inner if isinstance(one, dict) and "choices" in one), found)


def _no_completion(body: bytes, seconds: float, place: str, kind: str) -> NoCompletion:
    """Return the error of a body that is no chat completion; a web page comes from somebody who charges nothing."""
    came = excerpt(body) if body.lstrip()[:1] in (b"{", b"[") else described(body, kind)
    stage = Stage.REFUSED if is_page(body) else Stage.LOST
    return NoCompletion(f"{place}: the reply is no chat completion ({came}); {_expected(body)}", stage, seconds=seconds)


def _expected(body: bytes) -> str:
    """Say what was expected of a body, and what helps where it is a web page or in the form of another protocol."""
    if is_page(body):
        return (
            "a website, a proxy or the login page of a network answers there: open the address in a browser, sign in "
            "where it asks to, and check that --base-url ends as the provider says (often /v1)"
        )
    text = body[:READ_OF_ERROR].decode("utf-8", "replace")
    for name, whose, end in _OTHERS:
        if name in text and '"choices"' not in text:
            return f"this is the form of {whose}; give a --base-url that ends as the provider says ({end})"
    return "expected choices[0].message.content"


def reply_of(found: Any, seconds: float) -> Reply:
    """Return what a completion says, thinks and ends with.

    Raises:
        ValueError, LookupError, TypeError, AttributeError: it is none.

    """
    if not found["choices"] and (why := _blocked(found)):
        found = {**found, "choices": [{"message": {"content": ""}, "finish_reason": f"blocked: {why}"}]}
    # They may come in any order; the first of them is the one of index 0.
    choice = next((one for one in found["choices"] if one.get("index") in (0, "0")), found["choices"][0])
    # A delta where nothing is streamed comes from gateways; a text, without roles, from older servers.
    message = choice.get("message") or choice.get("delta") or {"content": choice["text"]}
    said, thoughts = said_and_thought(_content_of(message))
    said = _inner_message(said)
    refusal = _text_or_nothing(message.get("refusal")) or _refusal_part(message.get("content"))
    text = "" if _is_blank(said or refusal) else (said or refusal).removeprefix("\ufeff")
    tokens = read_tokens(usage_in(found))
    told = "content_filter" if not said and _takes_text(_filters_of(choice)) else _ending(choice)
    ended = _End.of(told)
    # As it came: where letters are changed or left out, nobody finds a key in it any more.
    missing = f"finish_reason: {whole_characters(told)}" if ended.broken else ""
    if not ended.broken and not text:
        asks_for_tool = ended.word in _TOOLS or message.get("tool_calls") or message.get("function_call")
        missing = (
            "it asks for a tool instead; give a model that answers in text" if asks_for_tool else "the content is empty"
        )
    return Reply(
        text=whole_characters(text),
        thoughts=whole_characters(told_thoughts(message) + thoughts),
        tokens_in=tokens.read,
        tokens_out=tokens.written,
        tokens_cached=tokens.cached,
        tokens_stored=tokens.stored,
        storing=tokens.storing,
        tokens_thought=tokens.thought,
        seconds=seconds,
        truncated=ended.cut,
        simulated=found.get("system_fingerprint") == "simulated",
        model=whole_characters(_text_or_nothing(found.get("model"))),
        missing=missing,
        refused_by=_refused_by(ended, refusal),
        broken=ended.broken,
        asks=tuple(_read_tool_calls(message.get("tool_calls"))),
    )


def _content_of(message: Mapping[str, Any]) -> object:
    """Return the content of a message, or of a piece of one; gateways call it ``text``."""
    said = message.get("content")
    return message.get("text") if said is None else said


def _inner_message(said: str) -> str:
    """Return the content of a whole message that a gateway has sent as JSON in the place of its content."""
    if not said.startswith('{"role"'):
        return said
    try:
        found = json.loads(said)
    except (ValueError, RecursionError):
        return said
    is_message = isinstance(found, dict) and found.get("role") == "assistant" and found.keys() <= _MESSAGE
    return found["content"] if is_message and isinstance(found.get("content"), str) else said


def _read_tool_calls(found: object) -> Iterator[ToolAsked]:
    """Yield the tools that a message asks for; where a call has no id, its place is one."""
    for place, one in enumerate(found if isinstance(found, list) else ()):
        function = one.get("function") or {}
        arguments = function.get("arguments")
        if not isinstance(arguments, str):  # some servers send the object itself
            arguments = json.dumps(arguments or {}, ensure_ascii=False)
        name = _text_or_nothing(function.get("name"))
        if name:
            yield ToolAsked(_text_or_nothing(one.get("id")) or f"call-{place}", name, whole_characters(arguments))


@dataclass
class _Pieces:
    """What the pieces of a stream have told so far."""

    said: list[str] = field(default_factory=list)
    thought: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    asked: dict[int, dict[str, str]] = field(default_factory=dict)
    """Tools that are asked for, by their index: each piece adds to the arguments."""
    index: str = "0"
    """Of the choice that is read."""
    others: set[str] = field(default_factory=set)
    """Indices of further choices."""
    ended: object = None
    native: object = None
    usage: object = None
    fingerprint: object = None
    model: object = None
    filtered: object = None
    any: bool = False
    by_delta: bool = False
    """Text came in deltas, as it should."""

    def add_usage(self, piece: Mapping[str, Any]) -> None:
        """Take what a piece tells of tokens."""
        self.usage = later_usage(self.usage, usage_in(piece))

    def add(self, piece: Mapping[str, Any]) -> None:
        """Add what a piece tells of the first choice."""
        self.add_usage(piece)
        self.fingerprint = piece.get("system_fingerprint") or self.fingerprint
        self.model = piece.get("model") or self.model
        for choice in piece.get("choices") or ():
            if (index := str(choice.get("index") or 0)) != self.index:
                self.others.add(index)
                continue
            self.any = True
            # Some send the whole message beside its pieces, or after them: it is read where there are no pieces.
            message = choice.get("delta") or ({} if self.by_delta else choice.get("message")) or {}
            said, thought = said_and_thought(_content_of({"content": choice.get("text")} | message))
            self.by_delta = self.by_delta or bool(said and choice.get("delta"))
            self.said.append("" if not choice.get("delta") and said == "".join(self.said) else said)
            self.thought.append(told_thoughts(message) + thought)
            self.refused.append(_text_or_nothing(message.get("refusal")))
            if pieces := message.get("tool_calls"):
                self._add_asked(pieces)
            self.ended = choice.get("finish_reason") or self.ended
            self.native = choice.get("native_finish_reason") or self.native
            if _takes_text(filters := _filters_of(choice)):
                self.filtered = filters

    def _add_asked(self, pieces: Sequence[Mapping[str, Any]]) -> None:
        for place, piece in enumerate(pieces):
            index, function = piece.get("index"), piece.get("function") or {}
            if index is None:  # sent whole, one after the other
                index = len(self.asked) if piece.get("id") or function.get("name") else max(self.asked, default=place)
            asked = self.asked.setdefault(index, {"id": "", "name": "", "arguments": ""})
            asked["id"] = asked["id"] or _text_or_nothing(piece.get("id"))
            asked["name"] = asked["name"] or _text_or_nothing(function.get("name"))
            more = function.get("arguments")
            asked["arguments"] += more if isinstance(more, str) else json.dumps(more) if more else ""

    def completion(self) -> dict[str, Any]:
        """Return the completion that the pieces make."""
        refusal = "".join(self.refused)
        message = {
            "content": _joined(self.said),
            "reasoning_content": "".join(self.thought),
            "refusal": refusal or None,
            "tool_calls": [
                {"id": one["id"], "function": {"name": one["name"], "arguments": one["arguments"]}}
                for _, one in sorted(self.asked.items())
            ],
        }
        choice = {"message": message, "finish_reason": self.ended, "native_finish_reason": self.native}
        choice[_FILTERS] = self.filtered
        told = {"usage": self.usage, "system_fingerprint": self.fingerprint, "model": self.model}
        return {"choices": [choice], **told}


def _blocked(found: Mapping[str, Any]) -> str:
    """Return why a prompt was blocked, where a completion without any choice tells it; else nothing."""
    told = next((one for name in _BLOCKED if isinstance(one := found.get(name), dict)), {})
    return _text_or_nothing(told.get("block_reason") or told.get("blockReason"))


def _filters_of(choice: Mapping[str, Any]) -> object:
    """Return what Azure's filters tell of a choice, or of a piece of one; nothing where they tell nothing."""
    message, delta = choice.get("message") or {}, choice.get("delta") or {}
    return choice.get(_FILTERS) or message.get(_FILTERS) or delta.get(_FILTERS)


def _takes_text(filters: object) -> bool:
    """Say whether filters tell that they took a text, whatever the choice says of its end."""
    told = filters.values() if isinstance(filters, dict) else ()
    return any(isinstance(one, dict) and one.get("filtered") is True for one in told)


def told_failure(body: bytes) -> tuple[int, bytes] | None:
    """Return the HTTP status that a body of 200 names for its failure, 0 if none, and its words; None if it is another.

    Of a stream it is the first piece: after a part of a reply, nobody knows what was charged.
    """
    try:
        found = next((json.loads(data) for data in _events(body) if data[:1] == b"{"), None)
        found = _read_json(body) if found is None else found
    except (ValueError, LookupError, RecursionError):
        return None
    if not isinstance(found, dict) or found.get("choices"):
        return None
    inner = [one for name in ("error", "base_resp") if isinstance(one := found.get(name), dict)]
    codes = [one.get(name) for one in (*inner, found) for name in _CODES]
    status = next((status for one in codes for status in _TELLING if str(one) == str(status)), 0)
    return status, json.dumps(found, ensure_ascii=False).encode("utf-8", "replace")


def _failure_in(found: Mapping[str, Any]) -> str:
    """Return what a body or a piece that was sent with HTTP 200 says of a failure; empty when it tells of none."""
    choices = found.get("choices") or [{}]
    failure = found.get("error") or choices[0].get("error")
    return excerpt(json.dumps({"error": failure}).encode()) if failure else ""


def _joined(pieces: Sequence[str]) -> str:
    """Return the text of pieces; where each repeats all that came before, the last of them."""
    found = [piece for piece in pieces if piece]
    if len(found) >= _TWICE and found[::2] == found[1::2] and len(set(found)) >= _CUMULATIVE:
        return "".join(found[::2])
    if all(later.startswith(one) for one, later in pairwise(found)) and len(set(found)) >= _CUMULATIVE:
        return found[-1]
    return "".join(found)


def _read_stream(body: bytes, seconds: float, place: str, index: str = "0") -> Reply:
    pieces, done, data = _Pieces(index=index), False, b""
    try:
        for data in _events(body):
            if is_done(data):
                done = True
                continue
            if data in _NOTHING:
                continue
            if not (pieces.any and not pieces.ended) and data[:1] not in (b"{", b"[", b'"'):
                continue  # Words of a gateway before the reply, such as a place in a queue, or after its end.
            glued = _GLUED.search(data)
            done = done or glued is not None
            for piece in _objects(data[: glued.start()] if glued else data):
                if done and glued is None:
                    pieces.add_usage(piece)
                    continue
                if failure := _failure_in(piece) or _failure_beside(piece):
                    reason = f"{place}: the endpoint failed while it wrote ({failure})"
                    raise Transient(reason, Stage.LOST, seconds=seconds)
                pieces.add(piece)
        if not pieces.any and _ANOTHERS_PIECE.search(_text_of(body[:READ_OF_ERROR])):
            raise LookupError("another protocol")
        if not pieces.ended and (not done or _PAGE_WITHIN.search(body)):
            raise BrokeOff(f"{place}: the stream of the reply broke off", Stage.LOST, seconds=seconds)
        if not pieces.any and pieces.others and index not in pieces.others:
            return _read_stream(body, seconds, place, min(pieces.others))
        if not pieces.any:
            raise LookupError("no choices")
        return reply_of(pieces.completion(), seconds)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        came = f"{excerpt(body)}; its piece {excerpt(data)!r} is none" if pieces.any else excerpt(body)
        expected = "expected choices[0].delta.content" if pieces.any else _expected(body)
        reason = f"{place}: the reply is no chat completion ({came}); {expected}"
        raise NoCompletion(reason, Stage.LOST, seconds=seconds) from None


def text_so_far(body: bytes) -> str:
    """Return the text in a stream that is still being written: what cannot be read yet, or at all, tells nothing."""
    pieces = _Pieces()
    for data in _events(body):
        with suppress(ValueError, LookupError, TypeError, AttributeError, RecursionError):
            for piece in _objects(data):
                pieces.add(piece)
    return _joined(pieces.said)


def _events(body: bytes) -> Iterator[bytes]:
    """Yield the data of server-sent events (WHATWG HTML, 9.2), without comments.

    A line that is a whole object is a piece: some servers leave out the blank line between events. What begins
    otherwise goes on until there is one.
    """
    begun, bare = list[bytes](), _is_bare(body)
    whole = body.removeprefix(_BOM).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    for line in (*whole.split(b"\n"), b""):
        named = _DATA.match(line)
        data = line[named.end() :].strip() if named else line.strip() if bare else b""
        if bare and not begun and data[:1] != b"{" and not is_done(data):
            continue
        if data and (begun or (data[:1] == b"{" and data[-1:] != b"}")):
            begun.append(data)
        elif data:
            yield data
        elif begun and not line:
            yield b"\n".join(begun)
            begun = []


def _read_json(body: bytes) -> Any:
    """Read JSON as servers write it: with line breaks within its texts, and with bytes that are no character."""
    text = _text_of(body)
    begin = len(text) - len(text.lstrip())
    found, end = _LENIENT.raw_decode(text, begin)
    if text[end:].lstrip(_FILLERS)[:1] not in ("", "<"):  # Proxies write their marks behind what they pass on.
        raise ValueError("something stands behind it")
    return found


def _text_of(body: bytes) -> str:
    is_plain = body[:1] in (b"{", b"[") and b"\0" not in body[:4]
    try:
        return body.decode("utf-8" if is_plain else json.detect_encoding(body), "surrogatepass")
    except UnicodeDecodeError:
        return body.decode("utf-8", "replace")


def _objects(data: bytes) -> Iterator[Mapping[str, Any]]:
    """Yield the objects of a piece: one, or several that a gateway has sent at once.

    Raises:
        ValueError: it holds something else.

    """
    text, begin = _text_of(data).strip(), 0
    while begin < len(text):
        found, end = _LENIENT.raw_decode(text, begin)
        yield json.loads(found) if isinstance(found, str) and found[:1] == "{" else found
        begin = next((place for place in range(end, len(text)) if not text[place].isspace()), len(text))


def _failure_beside(piece: Mapping[str, Any]) -> str:
    """Return what a piece that is none of a reply tells of a failure; empty for a ping, or a place in a queue."""
    if "choices" in piece or "usage" in piece:
        return ""
    told = (piece.get(name) for name in ("status", "state", "event", "type"))
    states = {word.lower() for word in told if isinstance(word, str)}
    if states & _WAITING:
        return ""
    failed = _FAILED.search(" ".join(states)) or any(piece.get(name) for name in _TELLS_OF_FAILURE)
    return excerpt(json.dumps(piece).encode()) if failed else ""


def _is_blank(text: str) -> bool:
    """Tell whether a text shows nothing: white space, and characters without a shape."""
    if _SHOWS.search(text):
        return False
    return not any(one.isprintable() and not one.isspace() for one in without_invisible(text))


def _text_or_nothing(found: object) -> str:
    return found if isinstance(found, str) else ""


@dataclass(frozen=True, slots=True)
class _End:
    """What a reason to end says."""

    word: str
    """It as one word in lower case, however it is written."""
    cut: bool
    filtered: bool
    broken: bool

    @staticmethod
    @lru_cache(maxsize=64)
    def of(reason: str) -> _End:
        """Read a reason; every reply of an endpoint ends for one of a few."""
        word = _WORD_BEGINS.sub("_", reason).lower().replace("-", "_")
        cut, filtered = _CUT.search(word) is not None, _FILTERED.search(word) is not None
        return _End(word, cut, filtered, not cut and not filtered and _BROKEN.search(word) is not None)


def _ending(choice: Mapping[str, Any]) -> str:
    """Return how a choice ended: what a gateway says, unless the model behind it tells of less than an answer."""
    native = _reason(choice.get("native_finish_reason"))
    told = _End.of(native)
    return native if told.cut or told.filtered or told.broken else _reason(choice.get("finish_reason"))


def _reason(found: object) -> str:
    """Return a reason to end, which SGLang's own form has as the ``type`` of an object; empty for what is none."""
    return _text_or_nothing(found.get("type") if isinstance(found, dict) else found).strip()


def _refusal_part(content: object) -> str:
    """Return the refusal in a list of parts; empty when there is none."""
    parts = content if isinstance(content, list) else []
    told = (part for part in parts if isinstance(part, dict) and part.get("type") == "refusal")
    return "".join(_text_or_nothing(part.get("refusal")) for part in told)


def _refused_by(ended: _End, refusal: str) -> str:
    """Return who declined to answer; empty when nobody did."""
    if ended.filtered:
        return "a content filter"
    return "the model" if refusal.strip() or ended.word in _DECLINED else ""

"""How much a model can read and write: the sizes that endpoints name when a request does not fit."""

from __future__ import annotations

import re
from dataclasses import dataclass

from maspo.core.late import late
from maspo.models.counts import with_plain_numbers

_NUMBER = r"[`'\"\[(]?(\d[\d,]{0,12})"
# Of local servers: llama.cpp, vLLM, SGLang, LM Studio, TGI. Of providers: OpenAI, Azure, Anthropic, Google, Mistral,
# Cohere, xAI, Moonshot, Qwen, DeepSeek, Groq, Cerebras, Fireworks, OpenRouter, Bedrock, watsonx, Databricks.
_CONTEXT = late(
    rf"maximum context length (?:is|of) {_NUMBER}|{_NUMBER} maximum context"
    rf"|available context size \({_NUMBER}|maximum (?:model|prompt) length (?:is|of) {_NUMBER}"
    rf"|exceed context limit: [\d,]+ \+ [\d,]+ > {_NUMBER}|\+ \W{{0,2}}max_new_tokens\W{{1,3}} ?must be <= {_NUMBER}"
    rf"|must have less than {_NUMBER} tokens|prompt cannot exceed {_NUMBER}|input length should be \[\d+, {_NUMBER}"
    rf"|model token limit: {_NUMBER}|limit is {_NUMBER}|\(tpm\): limit {_NUMBER}"
    # Not by how much it is exceeded (Ollama), nor the code of an error (MiniMax).
    rf"|context (?:length|window|size)(?! by | exceeds limit \()\D{{0,40}}{_NUMBER}"
    rf"|tokens > {_NUMBER} maximum|maximum number of (?:input )?tokens allowed \(?{_NUMBER}"
    rf"|exceeds?\D{{0,60}}context(?!\D{{0,20}} by )\D{{0,40}}{_NUMBER}|limit(?: is|:| of) {_NUMBER} tokens"
    rf"|max(?:imum)? size: {_NUMBER} tokens|only supports up to {_NUMBER}|max_seq_len(?: of|:)? {_NUMBER}"
    rf"|token count of [\d,]+ exceeds the limit of {_NUMBER}|maximum context is {_NUMBER}"
    rf"|最大上下文长度\D{{0,9}}{_NUMBER}"
    rf"|max_seq_len\D{{0,12}}{_NUMBER}|maximum of {_NUMBER} (?:input|prompt|context) tokens"
    rf"|total tokens limit {_NUMBER}|maximum input length \({_NUMBER}|input token limit\W[^.]{{0,40}}limit {_NUMBER}"
)
_TOLD = late(rf"\"n_ctx\"\s*:\s*{_NUMBER}")
"""The context as a field of its own, as llama.cpp tells it beside its words."""
_PROMPT = late(
    rf"(?<!maximum of )(?<![\d,]){_NUMBER}"
    r" (?:input tokens|in (?:the messages|your prompt)|tokens? (?:in|from) the (?:input|messages|prompt))"
    rf"|{_NUMBER} of text input|exceed context limit: {_NUMBER} \+"
    rf"|(?:messages|prompt|input) (?:resulted in|contains?(?: at least)?|has) {_NUMBER}"
    rf"|\"n_prompt_tokens\"\s*:\s*{_NUMBER}|(?:request|input) \({_NUMBER} tokens\)|too long: {_NUMBER}"
    rf"|token count \(?{_NUMBER}|(?:passed|your request has|request contains) {_NUMBER}"
    rf"|token count (?:of|is) {_NUMBER}|当前\D{{0,5}}{_NUMBER}"
    rf"|number of input tokens {_NUMBER}|prompt length \(?{_NUMBER}|got {_NUMBER} tokens|\(got {_NUMBER}\)"
    rf"|prompt tokens \({_NUMBER}|given: {_NUMBER}|prompt \(length {_NUMBER}\)|the first {_NUMBER} tokens"
    rf"|received {_NUMBER}|input length:? (?:of |is )?{_NUMBER}|input tokens\W{{1,2}}got {_NUMBER}"
    rf"|requested tokens \({_NUMBER}"
    r"|(?:current length is|requested:?) (\d[\d,]{0,12}+)(?! tokens)"
)
_TOTAL = late(rf"(?:you )?requested (?:about )?{_NUMBER} tokens")
_TOO_LONG = late(
    r"context_length_exceeded|exceed_context_size|maximum context|prompt is too long|input token count"
    r"|context (?:length|window|size)[^.]{0,80}(?:exceed|large|long|maximum|not enough)"
    r"|(?:exceed|larger? than|longer than|greater than|too (?:large|long))[^.]{0,80}context"
    r"|(?:too long|too large) for (?:the|this|requested) model|longer than the maximum (?:model|prompt) length"
    r"|reduce the length of (?:the (?:messages|prompt|input)|either one)|reduce your (?:message size|prompt)"
    r"|maximum prompt length|input length should be|exceeded model token limit|prompt cannot exceed"
    r"|\+ \W{0,2}max_new_tokens\W{1,3} ?must be <=|must have less than \d+ tokens"
    r"|number of input tokens \d+ cannot exceed"
    r"|prompt length \(?\d+\)? (?:exceeds|is (?:greater|larger|longer))|prompt exceeds max"
    r"|body too large for \S{1,80} model\b"
    r"|prompt token count of \d+ exceeds|最大上下文|(?:输入|提示词?)[^。]{0,9}(?:过长|超过|超出)"
    r"|exceeds?\b[^.]{0,30}\bmax_seq_len|maximum of \d+ (?:input|prompt|context) tokens"
    r"|exceeded max input token limit|max_tokens must be at least 1, got -"
)
_AT_MOST = r"(?:max(?:imum)?|most|cap|allow(?:s|ed)?)"
_WRITTEN = r"(?:output|completion|generat(?:es?|ed|ion)|writes?|written)"
_LIMIT_NAMED = late(
    r"max(?:imum)?[_ ]?(?:completion_|output[_ ]?|new_)?tokens|(?:output|completion)[ _]tokens? limit"
    r"|\b(?:num|n)_predict\b"
    # "the model's maximum output of 1,024 tokens", "can write at most 1,024 tokens"
    rf"|\b(?:{_AT_MOST}\b[^.]{{0,40}}\b{_WRITTEN}|{_WRITTEN}\b[^.]{{0,60}}\b{_AT_MOST})\b[^.]{{0,40}}"
    r"\d (?:\w+ )?tokens?\b"
    rf"|\b{_AT_MOST}\b[^.]{{0,20}}\d {_WRITTEN} tokens?\b"
    # Groq's words in a gateway that drops which parameter they are about: no other one has a bound of this size.
    r"|^(?!.*(?:temperature|seed|top_|penalty|logprob|content|messages|prompt|length|characters|size))"
    r".*must be less than or equal to \W?\d{2,}"
)
_RATE = late(r"(?:\bper[ _-]?|/ ?)(?:s|secs?|seconds?|m|mins?|minutes?|h|hours?|d|days?)\b")
"""What makes a limit none of a reply."""
_EXACT = late(
    r"max\w*tokens\W{1,3}(?:value )?(?:(?:must|should|has to) (?:be (?:set to |equal to |exactly )?|equal )"
    r"|only (?:supports?|accepts?|allows?) (?:the value )?|is fixed (?:at|to) )[`'\"\\]{0,2}(\d[\d,]{0,12}+)"
    r"(?!\W*(?:tokens? )?(?:or|and|to|at|as|max|maximum|min|minimum|less|minus|plus|in total"
    r"|including|inclusive|with|together|up|upper|lower)\b)(?![`'\"\\]{0,2} ?(?:[-~(<>=≤≥+–—…]|\.\.))"
)
"""A limit of tokens that may have a single value: no sign before it, and nothing after it that makes it a bound."""
_TOO_MANY = late(
    r"too (?:large|high|big|many)|at most|maximum|less than|smaller than|range|between|<|≤|exceed|greater than|>"
    r"|tokens? limit (?:is|of)|\d (?:tokens? )?\(?max\b|or (?:less|fewer|lower|smaller)\b|no more than|up to"
)
_BELOW = late(r"(?:<|\b(?:less|smaller|lower|fewer) than|\bbelow) ?[`'\"\\]{0,2}(\d[\d,]{0,12})")
"""A number that is itself too many."""
_SIZE = r"(\d[\d,]{0,12}(?:\.\d{1,3})?)"
_BYTES = late(
    rf"(?<![\w.,]){_SIZE}\s?(bytes?|kilobytes?|megabytes?|gigabytes?|[kmg]i?b|[kmg])\b"
    r"|\b(?:limit|max\w{0,4}|size|(?:larger|bigger|greater|more) than|exceed\w{0,3}|up to|at most|allowed)\b\D{0,30}"
    rf"(?<![\w.,]){_SIZE}(?![\w.,]|\s?(?:tok|byte|kilo|mega|giga|[kmg]i?b\b))"
)
"""A size of a body: a number of bytes or of a larger unit, or one without any that is said to be a limit."""
_SMALLEST_BODY = 500
"""Bytes: no server that reads chat completions takes less, so a smaller number is another one, such as 413."""
_UNITS = {"b": 1, "k": 2**10, "m": 2**20, "g": 2**30}
_ANY_NUMBER = late(r"\d[\d,]{0,12}")
_FEWEST = 16
"""Tokens of a reply below which a limit is no limit but another number of the message."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """What an endpoint said of a request that does not fit, in tokens; 0 is not said."""

    context: int
    prompt: int = 0


def most_bytes(words: str, sent: int) -> int:
    """Return the bytes of a request that a refusal (in lower case) of one with ``sent`` allows; 0 if it names none."""
    named = [
        int(float((number or bare).replace(",", "")) * _UNITS[(unit or "b")[0]])
        for number, unit, bare in (found.groups() for found in _BYTES.finditer(words))
    ]
    return max((size for size in named if _SMALLEST_BODY <= size < sent), default=0)


def sizes_in(words: str, limit: int) -> Sizes | None:
    """Return the sizes in a refusal (in lower case) of a request with a ``limit`` of tokens; None if it is another."""
    if not _TOO_LONG.search(words):
        return None
    words = with_plain_numbers(words)
    context = _first(_TOLD, words) or _first(_CONTEXT, words)
    prompt = _first(_PROMPT, words)
    if not prompt and (total := _first(_TOTAL, words)) > limit:
        prompt = total - limit
    return Sizes(context, prompt)


def most_written(words: str, limit: int) -> int | None:
    """Return the most tokens of a reply that a refusal (in lower case) allows instead of ``limit``; None if none."""
    words = with_plain_numbers(words)
    if _RATE.search(words) or not (_LIMIT_NAMED.search(words) and _TOO_MANY.search(words)):
        return None
    allowed = [count for found in _ANY_NUMBER.findall(words) if _FEWEST <= (count := _count(found)) < limit]
    if not allowed:
        return None
    beyond = "exclusive" in words or max(allowed) in map(_count, _BELOW.findall(words))
    return max(allowed) - beyond


def exactly_written(words: str) -> int | None:
    """Return the one limit of tokens that a refusal (in lower case) allows; None if it names none."""
    found = _EXACT.search(with_plain_numbers(words))
    return _count(found.group(1)) if found and _count(found.group(1)) >= _FEWEST else None


def _first(pattern: re.Pattern[str], words: str) -> int:
    found = pattern.search(words)
    return next((_count(text) for text in found.groups() if text), 0) if found else 0


def _count(text: str) -> int:
    return int(text.replace(",", "") or 0)

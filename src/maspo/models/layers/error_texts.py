"""Errors that a gateway writes as an answer: HTTP 200, ``finish_reason: stop``, and “upstream connect error” as text.

One such text is no proof, since a team may be asked about errors. It is asked for once more. What no model does is to
write the same one to different questions while nobody counts a token of it. A few words may be a label, which rows that
are sorted by class get one after the other; and what stands in the question was said by who asks.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field

from maspo.core.errors import ProviderError
from maspo.core.sought import sought
from maspo.models.base import Reply, Request

_LONGEST = 400
"""Characters of an error of a gateway; what is longer is an answer."""
_BEGINS = 160
"""Characters in which it says what it is."""
_SHAPE = sought(
    r"upstream (?:connect|request|error|server|service)"
    r"|connect(?:ion)? (?:error|refused|reset|closed|timed? ?out|failure)"
    r"|bad gateway|gateway time-?out|service (?:is )?(?:temporarily )?unavailable|internal server error"
    r"|(?:request|read|operation) timed out|deadline exceeded|no healthy upstream|temporarily unavailable"
    r"|(?:http|status)(?: code| error)?\W{1,3}[45]\d\d\b|\berror code\W{1,3}[45]\d\d\b"
    r"|rate limit (?:reached|exceeded)|too many requests"
    r"|exceeded your current quota|insufficient (?:quota|balance|credits)"
    r"|server (?:is )?overloaded|(?:invalid|incorrect|missing) api key|unauthorized"
    r"|(?:failed|unable) to (?:fetch|connect|reach|generate (?:a )?response|get (?:a )?response)"
    r"|an error (?:has )?occurred (?:while|when|during) (?:processing|generating|calling|communicating)"
    r"|(?:api|litellm\.\w*|openai\.\w*|http\w*|connection|timeout|ratelimit|provider) ?(?:error|exception)\b"
    r"|(?:reached|exceeded|hit) (?:your|the) (?:\w+ ){0,3}(?:limit|quota)|limit reached\b"
    r"|\bupgrade (?:your plan|to continue)"
    r"|\A\W*(?:null|undefined|\[object object\])\W*\Z"
    r"|\A\s*\{\s*[\"']error[\"']\s*:"
    r"|something went wrong|网关|服务不可用|服务器错误|请求超时",
    *("upstream", "connect", "gateway", "unavailable", "server", "timed out", "exceeded", "http", "status", "error"),
    *("limit", "too many", "quota", "insufficient", "overloaded", "api key", "unauthorized", "failed to"),
    *("unable to", "exception", "went wrong", "upgrade", "null", "undefined", "[object object]"),
)
"""Words of proxies, gateways and client libraries (Envoy, nginx, LiteLLM, one-api), near the beginning."""
_OWN = re.compile(r"\b[0-9a-f]{6,}(?:-[0-9a-f]{2,})*\b|(?<!\d)(?![45]\d\d(?!\d))\d+", re.IGNORECASE)
"""What differs from one error to the next: numbers of requests, times. Its status (RFC 9110) is what it is."""
_SAME = 3
"""Questions that were answered by one error without a count of tokens, where other replies had one."""
_MOST = 5
"""The same where no reply ever had: and then more than half of all questions. And of what may be a label."""
_A_LABEL = 6
"""Words below which a text may be one, where it never differs, and comes to agents alone, or to the judge alone."""
_IN_VAIN = 3
"""Texts that came again when they were asked for once more, before the next are taken as they are, all but a few."""


@dataclass
class _Seen:
    """What came of a model so far."""

    questions: set[int] = field(default_factory=set)
    errors: defaultdict[str, dict[int, tuple[str, int]]] = field(default_factory=lambda: defaultdict(dict))
    """Questions by the error that they were answered by, each with its purpose and the text as it was."""
    doubted: set[int] = field(default_factory=set)
    """Questions that were answered by any."""
    in_vain: int = 0
    """How often another such text came for one of them, since an answer did."""
    counted: bool = False
    """A reply came whose tokens were counted."""
    own: set[str] = field(default_factory=set)
    """Texts that read as errors and whose tokens were counted: the model writes them."""


class ErrorTexts:
    """Tells replies that are errors of a gateway, by what came of a model before."""

    def __init__(self) -> None:
        self._seen: defaultdict[tuple[str, str], _Seen] = defaultdict(_Seen)
        self._came: set[str] = set()
        """Errors that came to who did not say them: from then on they may stand in a request as an earlier reply."""

    def find_error(self, request: Request, reply: Reply) -> str:
        """Take note of a reply; return what shows that it is an error, in words for people. Empty where nothing does.

        Raises:
            ProviderError: nothing but this error ever came.

        """
        seen = self._seen[request.model, request.endpoint]
        question = hash(request.messages[-1].content if request.messages else "")
        seen.questions.add(question)
        if reply.tokens_out:
            seen.counted = True
            if is_error_shaped(reply.text):
                seen.own.add(common_part(reply.text))
            return ""
        if not self._is_doubtful(request, reply):
            seen.in_vain = 0 if question in seen.doubted else seen.in_vain
            return ""
        seen.in_vain += question in seen.doubted
        seen.doubted.add(question)
        common = common_part(reply.text)
        self._came.add(common)
        same = seen.errors[common]
        same[question] = request.purpose, hash(reply.text.strip())
        label = len(reply.text.split()) < _A_LABEL and len(set(same.values())) == 1
        most = len(same) >= _MOST and 2 * len(same) > len(seen.questions) and not label
        if common in seen.own or not (most or (seen.counted and len(same) >= (_MOST if label else _SAME))):
            return ""
        shown = beginning(reply.text)
        what = f"{len(same)} different questions were answered by the same error as text, with no tokens: “{shown}”"
        if len(same) == len(seen.questions):
            raise ProviderError(
                f"{request.model}: {what}; nothing else ever came: see what stands between here and the model, and "
                "whether that runs"
            )
        return what

    def asks_again(self, request: Request, reply: Reply) -> bool:
        """Say whether another try may bring an answer in place of an error; ever more rarely while that is in vain."""
        seen = self._seen[request.model, request.endpoint]
        if not self._is_doubtful(request, reply) or common_part(reply.text) in seen.own:
            return False
        return seen.in_vain < _IN_VAIN or len(seen.doubted).bit_count() == 1

    def _is_doubtful(self, request: Request, reply: Reply) -> bool:
        """Say whether a reply may be an error: it reads as one, has no tokens, and is not what the request says."""
        if reply.tokens_out or not is_error_shaped(reply.text):
            return False
        if common_part(reply.text) in self._came:
            return True
        said = " ".join(reply.text.lower().split()).strip("\"'`*.!“”‘’")
        return not any(said in " ".join(message.content.lower().split()) for message in request.messages)


def is_error_shaped(text: str) -> bool:
    """Say whether a text reads as an error of a proxy or gateway: short, and said at its beginning."""
    said = text.strip()
    return 0 < len(said) <= _LONGEST and _SHAPE.search(said[:_BEGINS]) is not None


def common_part(text: str) -> str:
    """Return what errors of one kind share: without what numbers the request or tells the time."""
    return _OWN.sub("#", text.strip().lower())


def beginning(text: str) -> str:
    """Return the first words of an error, as they are shown to people."""
    return "".join(one if one.isprintable() else " " for one in " ".join(text.split())[:_BEGINS])

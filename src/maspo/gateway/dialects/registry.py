"""Which dialect a request is in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from maspo.gateway.dialects.base import Dialect, Provider
from maspo.gateway.dialects.chat_completions import ChatCompletions
from maspo.gateway.dialects.generate_content import GenerateContent
from maspo.gateway.dialects.messages import Messages
from maspo.gateway.dialects.ollama_chat import OllamaChat
from maspo.gateway.dialects.other import Other
from maspo.gateway.dialects.responses import Responses

DIALECTS: Final[tuple[Dialect, ...]] = (
    ChatCompletions(),
    Responses(),
    Messages(),
    GenerateContent(),
    OllamaChat(),
)
_GEMINI: Final = re.compile(r"/(v1(alpha|beta)\d*|upload)/|/models/[^/]+:")


def dialect_of(method: str, path: str, headers: Mapping[str, str]) -> Dialect:
    """Return the dialect of a request; ``path`` is without the gateway's own prefix and without a query."""
    if method == "POST":
        for dialect in DIALECTS:
            if dialect.takes(path):
                return dialect
    return Other(_provider(path, headers))


def _provider(path: str, headers: Mapping[str, str]) -> Provider:
    """Tell whose request is meant, by path and by the headers that SDKs send."""
    if path.startswith("/api/"):
        return "ollama"
    if "anthropic-version" in headers:
        return "anthropic"
    if _GEMINI.search(path) or "x-goog-api-key" in headers:
        return "gemini"
    return "openai"

"""What a rewrite must not bring along, and what a reader should look at twice. Pure.

A prompt that is shipped works for its owner: addresses, keys and hidden characters that the seed prompt does not have
come from data or from somebody else, so the draft is refused. Words that speak to other systems can be right in a
prompt, so they are remarked on in the report and left to the reader.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

_ENDINGS = "com|org|net|edu|gov|int|io|ai|dev|app|co|info|biz|xyz|me|ru|cn|jp|de|uk|fr|eu|us|ly|to|site|online|top|test"
"""Of addresses without a scheme; a name such as Vue.js/React is none."""
_REFUSED: Mapping[str, str] = {
    "a URL": r"(?<![\w+.-])[a-z][a-z0-9+.-]{1,20}\[?:\]?//[^\s<>\"']+|(?<![\w.])www\.\w[^\s<>\"']*"
    r"|\b(?:mailto|javascript|vbscript):[^\s<>\"']+|\bdata:\w+/[^\s<>\"']+"
    rf"|(?<![\w.-])(?!asp\.)[\w-]++(?:\.[\w-]++)*\.(?:{_ENDINGS})(?::\d+)?/[^\s<>\"']+"
    r"|(?<![\w.-])(?:\d{1,3}\.){3}\d{1,3}(?::\d+|/)[^\s<>\"']*",
    "an e-mail address": r"(?<![\w.+-])[\w.+-]++@[\w-]++(?:\.[\w-]++)++",
    "a key or password": r"\b(?:sk|pk|rk)[-_](?:live_|test_|proj-|ant-)?[A-Za-z0-9_-]{16,}|\bgh[pousr]_\w{16,}"
    r"|\bgithub_pat_\w{16,}|\bglpat-[\w-]{16,}|\bxox[abeoprs]-[\w-]{10,}|\b(?:AKIA|ASIA)[A-Z0-9]{12,}"
    r"|\bAIza[\w-]{30,}|\b(?:hf|npm|pypi)[-_][A-Za-z0-9_-]{20,}|\beyJ[\w-]{8,}\.[\w-]{8,}|-----BEGIN [A-Z ]*PRIVATE KEY"
    r"|\bBearer\s+[\w.~+/-]{16,}|(?<![0-9a-f])[0-9a-f]{32,}(?![0-9a-f])"
    r"|(?:api[ _-]?key|secret|token|password|passwd|passphrase)['\"]?\s*(?:\bis\b|=|:)\s*['\"]?"
    r"(?=[^\s'\"]*\d)(?=[^\s'\"]*[a-z])[^\s'\"]{8,}",
    "a control token of a chat format": r"<[|｜][^|｜\s>]{1,40}[|｜]>|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>",
}
_REMARKED: Mapping[str, str] = {
    "tells somebody to ignore instructions": r"\b(?:ignore|disregard|forget|override|bypass)\b[^.\n]{0,40}"
    r"\b(?:instructions?|prompts?|rules|messages?|guidelines|directions|safety|everything)\b",
    "tells somebody to call a tool": r"\b(?:call|invoke|use|run|execute|trigger|open)\b[^.\n]{0,30}"
    r"\b(?:tools?|plugins?|apis?|shell|commands?|endpoints?|webhooks?|browser|function calls?)\b",
    "tells somebody to send something away": r"\b(?:send|post|upload|submit|forward|transmit|exfiltrate|leak|e-?mail)\b"
    r"[^.\n]{0,60}\b(?:https?|urls?|servers?|endpoints?|address|e-?mail|webhooks?|inbox|slack|website)\b",
    "asks for what is secret": r"\b(?:reveal|print|show|repeat|output|disclose|include|quote)\b[^.\n]{0,30}"
    r"\b(?:system prompts?|api keys?|passwords?|credentials?|secrets?|environment variables?)\b",
    "gives somebody another role": r"\byou are now\b|\bnew instructions\b|\bdeveloper mode\b|\bjailbreak"
    r"|\bact as (?:the |an? )?(?:system|admin|administrator|root|developer)\b",
    "speaks to a judge": r"</?\s*verdict|\b(?:choose|pick|prefer|vote for)\b[^.\n]{0,20}\boutput[ _]?[12]\b"
    r"|\b(?:judge|grader|evaluator|rater)s?\b[^.\n]{0,40}\b(?:must|should|choose|pick|prefer|favou?r|please)\b"
    r"|\b(?:tell|ask|convince|persuade|instruct|dear|note to|attention)\b[^.\n]{0,30}"
    r"\b(?:judge|grader|evaluator|rater)s?\b",
}
_REFUSED_PATTERNS = {what: re.compile(pattern, re.IGNORECASE) for what, pattern in _REFUSED.items()}
_REMARKED_PATTERNS = {what: re.compile(pattern, re.IGNORECASE) for what, pattern in _REMARKED.items()}
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co"})
_PLAIN = frozenset("\n\t\r\u200c\u200d")
_EXCERPT = 60
"""Characters of what was found that a reason shows: it stays on one line of a report."""


def refused(draft: str, seed_prompt: str) -> str:
    """Return why a draft may not be used: it holds what the seed prompt does not have. Empty when it may."""
    hidden = [one for one in draft if _is_hidden(one) and one not in seed_prompt]
    if hidden:
        return f"holds the invisible character U+{ord(hidden[0]):04X}"
    plain, known = _readable(draft), _readable(seed_prompt)
    for what, pattern in _REFUSED_PATTERNS.items():
        for match in pattern.finditer(plain):
            if match[0].rstrip(".,;:)") not in known:
                return f"holds {what} that the seed prompt does not have: {_excerpt(match[0])}"
    return ""


def remarks(prompt: str, seed_prompt: str) -> tuple[str, ...]:
    """Return what a reader should look at twice: instructions to other systems that the seed prompt does not give."""
    plain, known = _readable(prompt), _readable(seed_prompt)
    found = []
    for what, pattern in _REMARKED_PATTERNS.items():
        new = [match[0] for match in pattern.finditer(plain) if match[0] not in known]
        if new:
            found.append(f"{what}: {_excerpt(new[0])}")
    return tuple(found)


def _is_hidden(character: str) -> bool:
    return character not in _PLAIN and unicodedata.category(character) in _HIDDEN


def _readable(text: str) -> str:
    """Return the text as its reader sees it: compatible forms are one, lines and spaces are single spaces."""
    seen = "".join(one for one in unicodedata.normalize("NFKC", text) if not _is_hidden(one))
    return re.sub(r"[^\S\n]+", " ", seen)


def _excerpt(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _EXCERPT else f"{line[:_EXCERPT]}…"

"""The page: one file that holds its script and its style, with a document inside or asking a server for it.

``app.js`` and ``app.css`` are built from ``web/`` (``make page``) and checked in; CI builds them again and compares.
"""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from importlib import resources

from maspo.report.document import Document
from maspo.report.document.sheet import DOCUMENT_CLOSES, DOCUMENT_OPENS, Sheet
from maspo.report.visible import visible

_OFFLINE = "connect-src 'none'"
_LIVE = "connect-src 'self'"


def report_html(document: Document) -> str:
    """Return ``report.html``: the page with a document in it, which opens from a file and reaches nothing."""
    name = visible(document.name or "no run yet")
    first = _first(name, document.verdict or document.state, document.label, document.headline, document.progress)
    return _offline(f"maspo: {name}", first, document.dump())


def sheet_html(sheet: Sheet) -> str:
    """Return the page of an evaluation, an arena, a watch and so on: the same page with its document."""
    first = _first(sheet.name, sheet.tone, sheet.label, sheet.headline, "")
    return _offline(f"maspo: {sheet.name}", first, sheet.dump())


def _offline(title: str, first: str, document: object) -> str:
    return _page(title, first, f"{DOCUMENT_OPENS}{_embedded(document)}{DOCUMENT_CLOSES}", _OFFLINE)


def _first(name: str, tone: str, label: str, headline: str, progress: str) -> str:
    """Return what is painted before the script has run, and stays where no script may: the outcome, in its place."""
    lead = f'<p class="lead">{_text(progress)}</p>' if progress else ""
    return (
        f'<header class="top"><div class="brand"><span>maspo</span><span class="run-name">{_text(name)}</span></div>'
        '</header><div class="frame"><nav class="pages"></nav><main><article class="overview">'
        f'<section class="verdict {tone}"><p class="kicker">{_text(label)}</p><h1>{_text(headline)}</h1>'
        f"{lead}</section></article></main></div>"
    )


def _text(text: str) -> str:
    """Return a text that is visible already as text of a page."""
    return text.replace("&", "&amp;").replace("<", "&lt;")


def index_html() -> str:
    """Return the page of ``maspo ui``, which asks the server that it came from for runs."""
    return _page("maspo", "", "", _LIVE)


def policy_of(page: str) -> str:
    """Return the content-security policy that a page states, for a server's header."""
    return page.split('Content-Security-Policy" content="', 1)[1].split('"', 1)[0]


def _embedded(content: object) -> str:
    """Return JSON that no text in it can end: in a script element only ``<`` begins anything."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    for sign, escape in (("<", "\\u003c"), ("\u2028", "\\u2028"), ("\u2029", "\\u2029")):
        text = text.replace(sign, escape)
    return text


def _page(title: str, first: str, data: str, connections: str) -> str:
    script, style = _file("app.js"), _file("app.css")
    policy = (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; img-src data:; {connections}; "
        "base-uri 'none'; form-action 'none'"
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n<meta name="color-scheme" content="light dark">\n'
        f"<title>{_text(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n"
        f'<div id="app">{first}</div>\n'
        "<noscript>The rest of this page needs JavaScript; files beside it hold the same figures.</noscript>\n"
        # The script first: it chooses the theme before anything is painted, and begins when the document is there.
        f"<script>{script}</script>\n{data}\n</body>\n</html>\n"
    )


@cache
def _file(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


@cache
def _hash(content: str) -> str:
    digest = hashlib.sha256(content.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"

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
    name = document.name or "no run yet"
    return _offline(f"maspo: {visible(name)}", document.dump())


def sheet_html(sheet: Sheet) -> str:
    """Return the page of an evaluation, a judge check, a comparison or an arena: the same page with its document."""
    return _offline(f"maspo: {sheet.name}", sheet.dump())


def _offline(title: str, document: object) -> str:
    return _page(title, f"{DOCUMENT_OPENS}{_embedded(document)}{DOCUMENT_CLOSES}", _OFFLINE)


def index_html() -> str:
    """Return the page of ``maspo ui``, which asks the server that it came from for runs."""
    return _page("maspo", "", _LIVE)


def policy_of(page: str) -> str:
    """Return the content-security policy that a page states, for a server's header."""
    return page.split('Content-Security-Policy" content="', 1)[1].split('"', 1)[0]


def _embedded(content: object) -> str:
    """Return JSON that no text in it can end: in a script element only ``<`` begins anything."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    for sign, escape in (("<", "\\u003c"), ("\u2028", "\\u2028"), ("\u2029", "\\u2029")):
        text = text.replace(sign, escape)
    return text


def _page(title: str, data: str, connections: str) -> str:
    script, style = _file("app.js"), _file("app.css")
    policy = (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; img-src data:; {connections}; "
        "base-uri 'none'; form-action 'none'"
    )
    shown = title.replace("&", "&amp;").replace("<", "&lt;")
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n<meta name="color-scheme" content="light dark">\n'
        f"<title>{shown}</title>\n<style>{style}</style>\n</head>\n<body>\n"
        '<div id="app"></div>\n<noscript>This page needs JavaScript; result.json holds the same figures.</noscript>\n'
        f"{data}\n<script>{script}</script>\n</body>\n</html>\n"
    )


@cache
def _file(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


@cache
def _hash(content: str) -> str:
    digest = hashlib.sha256(content.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"

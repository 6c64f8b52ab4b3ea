"""The page: one file that holds its scripts and its style, with a document inside or asking a server for it.

``boot.js``, ``app.js`` and ``app.css`` are built from ``web/`` (``make page``) and checked in; CI builds them again and
compares.
"""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from importlib import resources

from maspo.report.bundle.first import first_of_run, first_of_sheet, text
from maspo.report.document import Document
from maspo.report.document.sheet import DOCUMENT_CLOSES, DOCUMENT_OPENS, Sheet
from maspo.report.visible import visible

_OFFLINE = "connect-src 'none'"
_LIVE = "connect-src 'self'"
_MOST_GROWTH = 8_000
"""Bytes that escaping a document to ASCII may cost: a page stays below a megabyte."""


def report_html(document: Document) -> str:
    """Return ``report.html``: the page with a document in it, which opens from a file and reaches nothing."""
    return _offline(f"maspo: {visible(document.name or 'no run yet')}", first_of_run(document), document.dump())


def sheet_html(sheet: Sheet) -> str:
    """Return the page of an evaluation, an arena, a watch and so on: the same page with its document."""
    return _offline(f"maspo: {sheet.name}", first_of_sheet(sheet), sheet.dump())


def _offline(title: str, first: str, document: object) -> str:
    return _page(title, first, f"{DOCUMENT_OPENS}{_embedded(document)}{DOCUMENT_CLOSES}\n", _OFFLINE)


def index_html() -> str:
    """Return the page of ``maspo ui``, which asks the server that it came from for runs."""
    return _page("maspo", "", "", _LIVE)


def policy_of(page: str) -> str:
    """Return the content-security policy that a page states, for a server's header."""
    return page.split('Content-Security-Policy" content="', 1)[1].split('"', 1)[0]


def _embedded(content: object) -> str:
    """Return JSON that no text in it can end: in a script element only ``<`` begins anything.

    A page that is ASCII alone is read by a browser as bytes, in half the memory and several milliseconds sooner. Texts
    in other scripts than Latin stay as they are: escaped they would be twice as long.
    """
    wide, text = (json.dumps(content, ensure_ascii=ascii, separators=(",", ":")) for ascii in (False, True))
    if len(text) - len(wide.encode("utf-8")) > _MOST_GROWTH:
        text = wide
    for sign, escape in (("<", "\\u003c"), ("\u2028", "\\u2028"), ("\u2029", "\\u2029")):
        text = text.replace(sign, escape)
    return text


def _page(title: str, first: str, data: str, connections: str) -> str:
    boot, script, style = _file("boot.js"), _file("app.js"), _file("app.css")
    policy = (
        f"default-src 'none'; script-src {_hash(boot)} {_hash(script)}; style-src {_hash(style)}; img-src data:; "
        f"{connections}; base-uri 'none'; form-action 'none'"
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n<meta name="color-scheme" content="light dark">\n'
        # It chooses the theme before anything is painted, and begins the script below once the first frame is there.
        f"<title>{text(title)}</title>\n<style>{style}</style>\n<script>{boot}</script>\n</head>\n<body>\n"
        f'<div id="app">{first}</div>\n'
        "<noscript>The rest of this page needs JavaScript; files beside it hold the same figures.</noscript>\n"
        f'{data}<script id="maspo-app" type="text/plain">{script}</script>\n</body>\n</html>\n'
    )


@cache
def _file(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


@cache
def _hash(content: str) -> str:
    digest = hashlib.sha256(content.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"

"""Pages in tests: their documents as data and as the text that lies in the page."""

from __future__ import annotations

import json
from typing import Any

from maspo.report.bundle import report_html
from maspo.report.document import Extras, document_of
from maspo.report.document.sheet import Sheet, read_sheet
from maspo.report.fold import RunView

_OPENING, _CLOSING = '<script id="maspo-document" type="application/json">', "</script>"


def document(view: RunView, extras: Extras | None = None) -> dict[str, Any]:
    """Return the document of a run as a browser reads it out of the page."""
    found: dict[str, Any] = json.loads(embedded(report_html(document_of(view, extras))))
    return found


def embedded(page: str) -> str:
    """Return the JSON text in a page: what stands between the tags, as a browser finds them."""
    return page.split(_OPENING, 1)[1].split(_CLOSING, 1)[0]


def told(view: RunView) -> str:
    """Return all texts of the document of a run, one a line."""
    return "\n".join(_texts(document(view)))


def sheet_in(page: str) -> Sheet:
    """Return the document of an evaluation and the like as a browser reads it: nothing in it can end its element."""
    text = embedded(page)
    assert "<" not in text
    found = read_sheet(page)
    assert found.dump() == json.loads(text)
    return found


def told_by(sheet: Sheet) -> str:
    """Return all texts of a sheet, one a line."""
    return "\n".join(_texts(sheet.dump()))


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for inner in value.values() for text in _texts(inner)]
    return [text for inner in value for text in _texts(inner)] if isinstance(value, list) else []

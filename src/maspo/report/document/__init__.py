"""The document of a run: one JSON object that the page shows, in ``report.html`` and under ``maspo ui``.

``build_document(folder)`` reads a run folder, also while the run goes on. ``document_of(view)`` is the pure part.
"""

from maspo.report.document.extras import Extras
from maspo.report.document.model import FORMAT, Compared, Document, RunRow
from maspo.report.document.of_view import document_of, row_of
from maspo.report.document.record import Reading, build_document, compared_in

__all__ = [
    "FORMAT",
    "Compared",
    "Document",
    "Extras",
    "Reading",
    "RunRow",
    "build_document",
    "compared_in",
    "document_of",
    "row_of",
]

"""What an evaluation found: a summary for the terminal, ``evaluation.json``, ``rows.jsonl``, its page's document."""

from maspo.report.evaluation.figures import calls_by_purpose, evaluation_of, rows_jsonl
from maspo.report.evaluation.page import PAGE, RESULT, ROWS, evaluation_sheet, subtitle, write_evaluation
from maspo.report.evaluation.words import headline, models_by_role, short_share, summary

__all__ = [
    "PAGE",
    "RESULT",
    "ROWS",
    "calls_by_purpose",
    "evaluation_of",
    "evaluation_sheet",
    "headline",
    "models_by_role",
    "rows_jsonl",
    "short_share",
    "subtitle",
    "summary",
    "write_evaluation",
]

"""The parts of a document, a file each; ``maspo.report.document.of_view`` puts them together."""

"""The JSON schema of a document, from the classes that it is made of.

python -m maspo.report.document.schema > docs/view.schema.json
"""

from __future__ import annotations

import json
from typing import Any

from pydantic import TypeAdapter

from maspo.report.document.model import Document, RunRow
from maspo.report.document.sheet import Sheet, SheetRow


def schema() -> dict[str, Any]:
    """Return the JSON schema of format ``maspo.view/1``; all fields are always there, ``kind`` tells which."""
    found = TypeAdapter[Document | Sheet](Document | Sheet).json_schema(mode="serialization")
    found["$defs"] |= _rows()
    found["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    for described in (found, *found["$defs"].values()):
        if described.get("type") == "object" and "properties" in described:
            described["required"] = list(described["properties"])
            described.pop("description", None)  # docstrings speak to readers of the code
    return found


def _rows() -> dict[str, Any]:
    """Return what lists of runs and of other work hold, which stand in no document."""
    return {one.__name__: TypeAdapter(one).json_schema(mode="serialization") for one in (RunRow, SheetRow)}


if __name__ == "__main__":
    print(json.dumps(schema(), indent=1, ensure_ascii=False))

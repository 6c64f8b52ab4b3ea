"""Pages and figures of work whose record lies in a store: kept in the record, too, for who brings it elsewhere."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError

from maspo.core.errors import StoreError
from maspo.core.plain_files import MOST_TEXT, is_plain, read_plain
from maspo.events.base import reader
from maspo.report.bundle import sheet_html
from maspo.report.document.sheet import Sheet, sheet_in
from maspo.report.folder import SHEETS
from maspo.store.address import pointer_in
from maspo.store.files import write_whole
from maspo.store.run_store import RunStore
from maspo.study.record import open_for_reading

_KEPT = "files"
_NAME = re.compile(r"[a-z]+(_[a-z]+)?\.(json|jsonl|md|yaml|html)")
"""Others may write to a store: no file of another name is written."""


async def keep(record: Path, names: Iterable[str]) -> None:
    """Keep files of a folder in its record, where that lies in a store; of a page the document that it shows.

    Raises:
        StoreError: the record cannot be written.

    """
    if pointer_in(record) is None:
        return
    texts = {}
    for name in names:
        file = record.parent / name
        if name in SHEETS:
            texts[name] = json.dumps(sheet_in(file).dump())
        elif is_plain(file):
            texts[name] = read_plain(file, MOST_TEXT).decode("utf-8")
    async with RunStore.open(record) as store:
        await store.append([], {_KEPT: json.dumps(texts)})


def write_kept(record: Path) -> list[Path]:
    """Write the files that a record holds beside it; return which.

    Raises:
        StoreError: the record cannot be read, or holds what no maspo kept; or the folder cannot be written.

    """
    with open_for_reading(record) as store:
        kept = store.meta().get(_KEPT, "{}")
    written = []
    try:
        for name, text in reader(dict[str, str]).validate_json(kept).items():
            if not _NAME.fullmatch(name) or (name.endswith(".html") and name not in SHEETS):
                raise StoreError(f"{record}: holds a file {name!r}, which no maspo kept")
            # A page is drawn from its document and never taken as it stands: others may write to a store.
            page = name in SHEETS
            write_whole(record.parent / name, sheet_html(reader(Sheet).validate_json(text)) if page else text)
            written.append(record.parent / name)
    except (ValidationError, RecursionError) as error:
        raise StoreError(f"{record}: the files that it holds cannot be read ({error})") from error
    return written

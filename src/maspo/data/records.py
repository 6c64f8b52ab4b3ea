"""Rows from files: JSON Lines, JSON, CSV (also with semicolons or tabs), Parquet; all but the last also with gzip."""

from __future__ import annotations

import codecs
import csv
import errno
import gzip
import io
import json
import os
import re
import zlib
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path

from maspo.core.errors import InputsInvalid, said_of
from maspo.core.plain_files import MEGABYTE, meant_by, open_plain, read_named

Record = Mapping[str, object]

SUFFIXES = (".jsonl", ".json", ".csv", ".tsv", ".parquet")
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""In this order: the mark of UTF-32 begins as that of UTF-16."""
_MOST_BYTES = 256 * MEGABYTE
"""Of a file of rows, unpacked: a million rows of a page each are less. A run reads all of them into memory."""
_SHEETS = (".xlsx", ".xls", ".xlsm", ".ods", ".numbers")
_SAID = re.compile(r'"?sep=([^\w\s"]|\t)"?\n')
"""A first line by which spreadsheets are told what parts the cells."""
_QUOTED = re.compile(r'(?<![^,;\t|\n])"(?:[^"]|"")*+("?)')
"""A cell in quotation marks, and the one that closes it, if there is one."""
_AFTER_QUOTED = ("", ",", ";", "\t", "|", "\n")
_NOT_BLANK = re.compile(r"\S")
_FORMATS = "JSON Lines, JSON, CSV or Parquet"


def read_records(file: Path, given: str = "") -> list[Record]:
    """Return the rows of a file by its suffix (``.csv``, ``.parquet``, ``.json``; any other: JSON Lines).

    ``given`` is how errors name the file: the option that named it, say.

    Raises:
        InputsInvalid: the file is missing or unreadable, or a row is no row; names file, place and fix.

    """
    said = given or str(file)
    if _suffix(file) in _SHEETS:
        raise InputsInvalid(f"{said}: a spreadsheet, which is not read; save its sheet as CSV in UTF-8 and give that")
    try:
        if _suffix(file) == ".parquet":
            return _parquet_rows(file, said)
        raw = read_named(file, _MOST_BYTES)
        if file.name.lower().endswith(".gz"):
            raw = _unpacked(raw)
        text = raw.decode(_encoding(raw)).replace("\r\n", "\n").replace("\r", "\n")
    except FileNotFoundError:
        fix = meant_by(file) or "give a JSON Lines or CSV file (or JSON, Parquet)"
        raise InputsInvalid(f"{said}: no such file; {fix}") from None
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise InputsInvalid(f"{said}: cannot be read ({said_of(error)}); give a UTF-8 {_FORMATS} file") from error
    match _suffix(file):
        case ".csv" | ".tsv":
            return _csv_rows(text, str(file))
        case ".json":
            return _json_rows(text, str(file))
        case _:
            return _jsonl_rows(text, str(file))


def _unpacked(raw: bytes) -> bytes:
    with gzip.open(io.BytesIO(raw)) as file:
        found = file.read(_MOST_BYTES + 1)
    if len(found) > _MOST_BYTES:
        raise OSError(errno.EFBIG, f"larger than {_MOST_BYTES // MEGABYTE} MB, unpacked")
    return found


def find(folder: Path, *names: str) -> Path | None:
    """Return the first file or folder of one of these names, whatever its suffix, case, hyphens and underscores.

    A name such as ``MATH/train`` is looked for in a folder below. None when there is none of them.
    """
    for name in names:
        above, _, below = name.partition("/")
        try:
            there = sorted(folder.iterdir())
        except OSError as error:
            raise InputsInvalid(f"{folder}: cannot be read ({error.strerror}); give a readable folder") from None
        fits = (path for path in there if path.is_dir() or _suffix(path) in SUFFIXES)
        found = next((path for path in fits if _simplify(_stem(path)) == _simplify(above)), None)
        if found is not None and below:
            found = find(found, below) if found.is_dir() else None
        if found is not None:
            return found
    return None


def rows_below(path: Path) -> Iterator[Record]:
    """Yield the rows of a file, or of all files below a folder; there a file that holds one JSON object is a row.

    Benchmarks have files of gigabytes, of which few rows are wanted: large JSON Lines are held row by row.
    """
    if not path.is_dir():
        yield from _rows_of(path)
        return
    for file in sorted(file for file in path.rglob("*") if file.is_file() and _suffix(file) in SUFFIXES):
        for row in _rows_of(file):
            yield {"file": file.relative_to(path).as_posix(), **row}


def _rows_of(file: Path) -> Iterator[Record]:
    """Yield the rows of one file. Raises what ``read_records`` raises."""
    large = file.name.lower().endswith(".jsonl") and file.is_file() and file.stat().st_size > _MOST_BYTES
    return _row_by_row(file) if large else iter(read_records(file))


def _row_by_row(file: Path) -> Iterator[Record]:
    """Yield the rows of JSON Lines in UTF-8, of which one may have as many bytes as a whole file else."""
    try:
        with os.fdopen(open_plain(file, links=True), "rb") as stream:
            for number in count(1):
                line = stream.readline(_MOST_BYTES + 1)
                if not line:
                    return
                if len(line) > _MOST_BYTES:
                    raise OSError(errno.EFBIG, f"line {number} is larger than {_MOST_BYTES // MEGABYTE} MB")
                if line.strip():
                    yield _jsonl_row(line.decode("utf-8-sig" if number == 1 else "utf-8"), f"{file}, line {number}")
    except (OSError, UnicodeDecodeError) as error:
        raise InputsInvalid(f"{file}: cannot be read ({said_of(error)}); give a UTF-8 {_FORMATS} file") from error


def _suffix(file: Path) -> str:
    return Path(file.name.lower().removesuffix(".gz")).suffix


def _stem(file: Path) -> str:
    return file.name if file.is_dir() else Path(file.name.lower().removesuffix(".gz")).stem


def _simplify(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "")


def _jsonl_rows(text: str, source: str) -> list[Record]:
    rows: list[Record] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            rows.append(_jsonl_row(line, f"{source}, line {number}"))
        except InputsInvalid:
            if (spread := _over_lines(text)) is None:
                raise
            return spread
    return rows


def _over_lines(text: str) -> list[Record] | None:
    """Return rows that are written over several lines, one after another, as programs print them; None if they are not.

    So OpenTelemetry's exporter to the console prints spans.
    """
    rows: list[Record] = []
    read, at = json.JSONDecoder().raw_decode, 0
    try:
        while (begins := _NOT_BLANK.search(text, at)) is not None:
            row, at = read(text, begins.start())
            rows.append(_object(row, ""))
    except (ValueError, RecursionError, InputsInvalid):
        return None
    return rows


def _jsonl_row(line: str, place: str) -> Record:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        fix = 'write one JSON object per line, such as {"input": "…"}'
        raise InputsInvalid(f"{place}: not JSON ({error}); {fix}") from None
    return _object(row, place)


def _json_rows(text: str, source: str) -> list[Record]:
    """Return the rows of a list, or the one row of an object; else the file is read as JSON Lines, as some are."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return _jsonl_rows(text, source)
    if not isinstance(content, list):
        return [_object(content, source)]
    return [_object(row, f"{source}, row {number}") for number, row in enumerate(content, start=1)]


def _object(row: object, place: str) -> Record:
    if not isinstance(row, dict):
        raise InputsInvalid(f'{place}: a {type(row).__name__}; write an object such as {{"input": "…"}}')
    return row


def _csv_rows(text: str, source: str) -> list[Record]:
    """Return the rows below the header line; blank ones, as spreadsheets leave them, are none."""
    said = _SAID.match(text)
    text = f"\n{text[said.end() :]}" if said else text
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=said[1] if said else _delimiter(text), strict=True)
    rows: list[Record] = []
    names: list[str] = []
    read = 0
    try:
        for cells in reader:
            read = reader.line_num
            if not any(cell.strip() for cell in cells):
                continue
            place = f"{source}, line {reader.line_num}"
            if names:
                rows.append(_csv_row(cells, names, place))
            else:
                names = [name.strip() for name in cells]
                _check_header(names, place)
    except csv.Error as error:
        lines = text.split("\n")[read : reader.line_num]
        raise InputsInvalid(f"{source}, {_why_no_csv(lines, read, error)}") from None
    return rows


def _why_no_csv(lines: list[str], before: int, error: csv.Error) -> str:
    """Return the place of what is no row, and the fix; ``lines`` are those of the row, after so many ``before``.

    A quotation mark that is not closed takes in the rows below, so what is wrong is where it stands.
    """
    row = "\n".join(lines)
    ends = ((one, row[one.end() : one.end() + 1]) for one in _QUOTED.finditer(row))
    opened = next((one for one, after in ends if not one[1] or after not in _AFTER_QUOTED), None)
    line = before + 1 + row.count("\n", 0, opened.start() if opened else 0)
    end = before + len(lines)
    if opened is None or (opened[1] and line == end):
        return f"line {line}: not CSV ({error}); write a quotation mark within a text twice, or give JSON Lines"
    to = f"line {end}" if opened[1] else "the end of the file"
    return (
        f"line {line}: a quotation mark opens a text that goes on to {to}; close it where the text ends, write one "
        "within a text twice, or give JSON Lines"
    )


def _csv_row(cells: list[str], names: list[str], place: str) -> Record:
    """Return a row: neither a cell too many nor one too few, by which all others might stand in the wrong column.

    A first column without a name holds row numbers, as data frames write them, and is left out.
    """
    last = max((place for place, name in enumerate(names, start=1) if name), default=0)
    if len(cells) < last:
        raise InputsInvalid(
            f"{place}: {len(cells)} {'cell' if len(cells) == 1 else 'cells'}, and {last} columns; one is missing: "
            "write what parts the cells before an empty one, too, also at the end of the line, or give JSON Lines"
        )
    padded = [*names, *[""] * len(cells)]
    if any(cell.strip() for cell, name in list(zip(cells, padded, strict=False))[1:] if not name):
        named = sum(map(bool, names))
        raise InputsInvalid(
            f"{place}: {len(cells)} cells, and {named} columns have a name; a text with a comma (or what else parts "
            "the cells) needs quotation marks around it, or give JSON Lines"
        )
    return {name: cell for name, cell in zip(names, cells, strict=False) if name}


def _check_header(names: list[str], place: str) -> None:
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise InputsInvalid(f"{place}: two columns are named {twice[0]!r}; name them apart, for only one could be read")


def _delimiter(text: str) -> str:
    """Return what parts the cells: of comma, semicolon, tab and bar the one that the header line has most of."""
    header = re.sub(r'"[^"]*"', "", next((line for line in text.split("\n") if line.strip()), ""))
    return max(",;\t|", key=header.count)


def _encoding(raw: bytes) -> str:
    """Return how a file is encoded: UTF-8, or UTF-16 and UTF-32 as spreadsheets write them, also without a mark."""
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            return encoding
    nothing = [place for place, byte in enumerate(raw[:64]) if byte == 0]
    if len(nothing) * 3 > len(raw[:64]):
        return "utf-16-le" if all(place % 2 for place in nothing) else "utf-16-be"
    return "utf-8-sig"


def _parquet_rows(file: Path, given: str) -> list[Record]:
    try:
        from pyarrow import ArrowException, parquet
    except ImportError:
        raise InputsInvalid(
            f"{given}: Parquet needs pyarrow; install it with `pip install 'maspo[parquet]'`, or give JSON Lines"
        ) from None
    # Opened here, so that a missing file fails alike for every format.
    with os.fdopen(open_plain(file, links=True), "rb") as stream:
        try:
            rows = parquet.read_table(stream).to_pylist()
            # Texts, numbers and lists only: dates, bytes and the like as text.
            return [json.loads(json.dumps(row, default=str)) for row in rows]
        except ArrowException as error:
            raise InputsInvalid(f"{given}: not Parquet ({error}); give the file again, or give JSON Lines") from None

"""Rows from files: JSON Lines, JSON, CSV, Parquet, and the first three compressed with gzip."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from collections.abc import Mapping
from pathlib import Path

from maspo.core.errors import InputsInvalid

Record = Mapping[str, object]

SUFFIXES = (".jsonl", ".json", ".csv", ".parquet")
_FORMATS = "JSON Lines, JSON, CSV or Parquet"


def read_records(file: Path, given: str = "") -> list[Record]:
    """Return the rows of a file by its suffix (``.csv``, ``.parquet``, ``.json``; any other: JSON Lines).

    ``given`` is how errors name the file: the option that named it, say.

    Raises:
        InputsInvalid: the file is missing or unreadable, or a row is no row; names file, place and fix.

    """
    said = given or str(file)
    try:
        if _suffix(file) == ".parquet":
            return _parquet_rows(file, said)
        raw = file.read_bytes()
        if file.name.lower().endswith(".gz"):
            raw = gzip.decompress(raw)
        text = raw.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except FileNotFoundError:
        raise InputsInvalid(f"{said}: no such file; give a JSON Lines or CSV file (or JSON, Parquet)") from None
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise InputsInvalid(f"{said}: cannot be read ({error}); give a UTF-8 {_FORMATS} file") from error
    match _suffix(file):
        case ".csv":
            return _csv_rows(text, str(file))
        case ".json":
            return _json_rows(text, str(file))
        case _:
            return _jsonl_rows(text, str(file))


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


def read_any(path: Path) -> list[Record]:
    """Return the rows of a file, or of all files below a folder; there a file that holds one JSON object is a row."""
    if not path.is_dir():
        return read_records(path)
    files = sorted(file for file in path.rglob("*") if file.is_file() and _suffix(file) in SUFFIXES)
    return [{"file": file.relative_to(path).as_posix(), **row} for file in files for row in read_records(file)]


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
        place = f"{source}, line {number}"
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise InputsInvalid(f"{place}: not JSON ({error}); write one JSON object per line") from None
        rows.append(_object(row, place))
    return rows


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
    reader = csv.DictReader(io.StringIO(text, newline=""))
    try:
        return [{name: value for name, value in row.items() if isinstance(name, str)} for row in reader]
    except csv.Error as error:
        raise InputsInvalid(
            f"{source}, line {reader.line_num}: not CSV ({error}); correct the line, or give JSON Lines"
        ) from None


def _parquet_rows(file: Path, given: str) -> list[Record]:
    try:
        from pyarrow import ArrowException, parquet
    except ImportError:
        raise InputsInvalid(
            f"{given}: Parquet needs pyarrow; install it with `pip install 'maspo[parquet]'`, or give JSON Lines"
        ) from None
    # Opened here, so that a missing file fails alike for every format.
    with file.open("rb") as stream:
        try:
            rows = parquet.read_table(stream).to_pylist()
            # Texts, numbers and lists only: dates, bytes and the like as text.
            return [json.loads(json.dumps(row, default=str)) for row in rows]
        except ArrowException as error:
            raise InputsInvalid(f"{given}: not Parquet ({error}); give the file again, or give JSON Lines") from None

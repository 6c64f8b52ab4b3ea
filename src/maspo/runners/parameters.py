"""What the function of an app is given of a row, as its source says: told before anything is paid. Nothing is run."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from maspo.core.errors import InputsInvalid, nearest
from maspo.data.inputs import ID_COLUMN, LABEL_COLUMN, Inputs
from maspo.team.app import App

_TEXTS = frozenset({"str", "str | None", "None | str", "Optional[str]", "typing.Optional[str]"})
"""How one says of a parameter that it takes a text; the shim of apps reads the same."""

_ROWS = frozenset(
    "row record example item sample entry case data inputs payload kwargs state d r x".split()  # noqa: SIM905
)
"""What a parameter is called that takes a row."""


@dataclass(frozen=True)
class Parameters:
    """The parameters of a function that have to be given."""

    names: tuple[str, ...]
    type: str | None
    """What the first is said to be; None where nothing is said."""
    is_read: bool
    """Whether the function reads the first as a dict."""

    @property
    def takes_row(self) -> bool:
        """Whether the only one is given the whole row, unless a column is called like it."""
        return len(self.names) == 1 and self.type not in _TEXTS


def check_parameters(app: App, inputs: Inputs) -> list[str]:
    """Check that the function of an app can be given the rows, and return remarks worth reading.

    Raises:
        InputsInvalid: none of the rows has what the function takes, as far as its source tells.

    """
    found = parameters_of(app)
    columns = frozenset[str]().union(*(row.columns for row in inputs.rows))
    missing = [] if found is None else [name for name in found.names if name not in columns]
    if found is None:
        return []
    if not missing:
        return _remarks_on_rows(app, found, inputs)
    takes = f"{inputs.source}: {app.run} takes {', '.join(found.names)}, and no row has {' or '.join(missing)}"
    if found.takes_row:
        is_meant = found.is_read or found.type is not None or missing[0] in _ROWS
        told = f"{takes}: it is given the whole row, a dict; if a text is meant, {_fix(found, missing, columns)}"
        return [] if is_meant else [told]
    if len(found.names) == 1 and ("input" in columns or len(columns) == 1):
        return []
    raise InputsInvalid(f"{takes}; {_fix(found, missing, columns)}, or let the function take the whole row (row: dict)")


def _remarks_on_rows(app: App, found: Parameters, inputs: Inputs) -> list[str]:
    """Return that some rows lack what others have and the function has to be given; none where it takes whole rows."""
    lacking = [] if found.takes_row else [row for row in inputs.rows if not row.columns.keys() >= {*found.names}]
    if len(found.names) == 1:  # it is given the input, or the only column, where none is called like it
        lacking = [row for row in lacking if "input" not in row.columns and len(row.columns) != 1]
    if not lacking:
        return []
    first = lacking[0]
    names = " and ".join(name for name in found.names if name not in first.columns)
    where = f"row {inputs.numbers[first.key]}" if first.key in inputs.numbers else first.label
    return [
        f"{inputs.source}: {len(lacking):,} of {len(inputs.rows):,} inputs bring no answer, as what {app.run} takes "
        f"is missing there (first: {where}, without {names})"
    ]


def _fix(found: Parameters, missing: Sequence[str], columns: frozenset[str]) -> str:
    if hidden := [name for name in missing if name in (ID_COLUMN, LABEL_COLUMN)]:
        return f"call the column {' or '.join(hidden)} and its parameter otherwise (apps are not shown it)"
    spare = sorted(columns.difference(found.names))
    near = nearest(missing[0], spare) or (spare[0] if len(spare) == 1 else "")
    renamed = f"call the column {near} {missing[0]}" if near else "call columns and parameters alike"
    return f"{renamed} (columns: {', '.join(sorted(columns))})"


def parameters_of(app: App) -> Parameters | None:
    """Return the parameters of an app's function that have to be given.

    None where its source does not tell: it is no function of a file below the app's folder, a decorator may have
    changed it, or it takes any number.
    """
    module, _, name = app.run.partition(":")
    if app.kind != "callable" or "." in name:
        return None
    stem = Path(app.folder or ".", *module.split("."))
    # A package goes before a module of the same name, as where it is imported.
    file = next((one for one in (stem / "__init__.py", stem.with_suffix(".py")) if one.is_file()), None)
    if file is None:
        return None
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError):
        return None
    said = [node for node in tree.body if name in _bound_by(node)]
    if len(said) != 1 or not isinstance(said[0], ast.FunctionDef | ast.AsyncFunctionDef) or said[0].decorator_list:
        return None
    return _parameters(said[0])


def _bound_by(node: ast.stmt) -> set[str]:
    """Return the names that a statement of a module may give something to."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    names = {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
    inner = (one.name for one in ast.walk(node) if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef))
    imported = (one.asname or one.name for one in ast.walk(node) if isinstance(one, ast.alias))
    return {*names, *inner, *imported}


def _parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Parameters | None:
    given = function.args
    plain = given.args[: len(given.args) - len(given.defaults)]
    plain += [one for one, default in zip(given.kwonlyargs, given.kw_defaults, strict=True) if default is None]
    if given.posonlyargs or not plain:
        return None
    kind = plain[0].annotation
    said = None if kind is None else ast.unparse(kind).strip("'\"")
    return Parameters(tuple(one.arg for one in plain), said, _is_read(function, plain[0].arg))


def _is_read(function: ast.FunctionDef | ast.AsyncFunctionDef, name: str) -> bool:
    """Say whether a function takes something out of a parameter, as of a dict."""
    read = (one for node in ast.walk(function) if (one := _read_by(node)) is not None)
    return any(isinstance(one, ast.Name) and one.id == name for one in read)


def _read_by(node: ast.AST) -> ast.AST | None:
    """Return what a part of a program takes something out of."""
    match node:
        case ast.Subscript(value=read, slice=place) if not isinstance(place, ast.Slice):
            return read
        case ast.Attribute(value=read, attr="get" | "items" | "keys" | "values"):
            return read
        case ast.keyword(arg=None, value=read) | ast.Dict(keys=[None, *_], values=[read, *_]):
            return read
    return None

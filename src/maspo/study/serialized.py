"""How a record keeps what work was begun with and what it found: one JSON text for each."""

from __future__ import annotations

import json
from functools import cached_property
from typing import Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from maspo.core.errors import StoreError

T = TypeVar("T")


class Serialized(Generic[T]):
    """Values of one type as JSON. ``what`` names them in errors; fields that stand elsewhere are left out."""

    def __init__(self, kind: type[T], what: str, *left_out: str) -> None:
        self._kind = kind
        self._what = what
        self._left_out = set(left_out)

    @cached_property
    def _adapter(self) -> TypeAdapter[T]:
        """Made at its first use: that takes milliseconds, and a command imports more records than it uses."""
        return TypeAdapter(self._kind)

    def dump(self, value: T) -> str:
        """Return a value as JSON."""
        # The standard library writes the text, because it escapes lone surrogates where pydantic refuses them.
        return json.dumps(self._adapter.dump_python(value, mode="json", by_alias=True, exclude=self._left_out))

    def load(self, text: str, **left_out: object) -> T:
        """Return the value of ``dump``, with the fields that it left out.

        Raises:
            StoreError: the text is no such value of this version.

        """
        try:
            return self._adapter.validate_python({**json.loads(text), **left_out}, context={"recorded": True})
        except (ValidationError, ValueError, TypeError) as error:
            raise StoreError(f"{self._what} cannot be read by this version of maspo: {error}") from error

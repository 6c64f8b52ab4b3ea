"""Implementations of a port by name: our own, and those that other packages offer under an entry point."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, Generic, TypeVar, cast

from maspo.core.errors import ConfigInvalid, MaspoError, nearest

T = TypeVar("T")


@dataclass(frozen=True)
class Registry(Generic[T]):
    """What can be chosen by name for one port.

    ``group`` is the entry-point group of other packages; ``own`` holds ``module:name`` by name, loaded when asked for;
    ``what`` is the setting that takes the name, such as ``judge.kind``; ``method`` is what an implementation does.

    A package is imported when one of its names is asked for, and no sooner: a broken one breaks only what uses it.
    """

    group: str
    what: str
    own: Mapping[str, str]
    method: str = ""
    arguments: int = 0
    """What an implementation is called with in a row, before the options by name."""

    def names(self) -> tuple[str, ...]:
        """Return all names, our own first."""
        others = {point.name for point in entry_points(group=self.group)} - self.own.keys()
        return (*self.own, *sorted(others))

    def get(self, name: str) -> T:
        """Return what has a name.

        Raises:
            ConfigInvalid: nothing has, or its package cannot be imported; says what there is, or what to mend.

        """
        if name in self.own:
            module, _, attribute = self.own[name].partition(":")
            return cast(T, getattr(import_module(module), attribute))
        for point in entry_points(group=self.group, name=name):
            try:
                return cast(T, point.load())
            except Exception as error:
                package = getattr(getattr(point, "dist", None), "name", "another package")
                place = f"entry point {point.name} = {getattr(point, 'value', '?')} of {self.group!r}"
                why = f"{type(error).__name__}: {error}"
                raise ConfigInvalid(
                    f"{self.what}: {point.name!r} is of the package {package}, which cannot be used ({why}; {place}); "
                    f"update or remove {package}, or choose one of {', '.join(self.own)}"
                ) from error
        raise ConfigInvalid(
            f"{self.what}: {name!r} is given; expected one of {', '.join(self.names())} (or install the package that "
            f"adds it under the entry point {self.group!r}; what a script gave as an object, it gives again as parts=…)"
        )

    def check(self, name: str) -> None:
        """Check that a name can be had; ours are not imported for it. Raises what ``get`` raises."""
        if name not in self.own:
            self.get(name)

    def check_options(self, chosen: object, options: Collection[str], *, ours: Collection[str] = ()) -> None:
        """Check that a class, a function or a name takes options by name; what is given as an object takes none.

        ``ours`` are what maspo gives itself by name, and no user. Nothing is imported where there is no option.

        Raises:
            ConfigInvalid: one is not taken; says which there are, and the one whose name is near.

        """
        if not options:
            return
        maker: Any = self.get(chosen) if isinstance(chosen, str) else chosen
        if not isinstance(maker, type) and hasattr(maker, self.method):
            return
        taken = _options_of(maker, self.arguments)
        offered = [name for name in taken or () if name not in ours]
        unknown = [name for name in options if name in ours or (taken is not None and name not in offered)]
        if not unknown:
            return
        meant = nearest(unknown[0], offered)
        hint = f"; did you mean {meant!r}?" if meant else "."
        there = f"Its options are: {', '.join(offered)}" if offered else "It takes none"
        place = f"{self.what.removesuffix('kind')}options" if self.what.endswith(".kind") else self.what
        raise ConfigInvalid(f"{place}: {name_of(chosen)!r} has no option {', '.join(map(repr, unknown))}{hint} {there}")

    def make(self, chosen: object, *arguments: Any, **options: Any) -> Any:
        """Return an implementation: one that is given as an object, or what a class, a function or a name makes.

        Raises:
            ConfigInvalid: the name is not known, an option is not taken, or what is made lacks the port's method.

        """
        maker: Any = self.get(chosen) if isinstance(chosen, str) else chosen
        if not isinstance(maker, type) and hasattr(maker, self.method):
            return maker
        name = name_of(chosen)
        self.check_options(chosen, options)
        try:
            inspect.signature(maker).bind(*arguments, **options)
        except (TypeError, ValueError) as error:
            given = ", ".join([f"{len(arguments)} arguments in a row", *options])
            raise ConfigInvalid(f"{self.what}: {name!r} does not take {given}: {error}") from error
        try:
            made = maker(*arguments, **options)
        except MaspoError:
            raise
        except Exception as error:
            if name in self.own:  # ours: a bug, to be seen as one
                raise
            raise ConfigInvalid(f"{self.what}: {name!r} cannot be made ({type(error).__name__}: {error})") from error
        if not hasattr(made, self.method):
            raise ConfigInvalid(f"{self.what}: {name!r} makes a {type(made).__name__}, which has no `{self.method}`")
        return made


def name_of(chosen: object) -> str:
    """Return what an implementation is called in a record: its name, or that of its class or function."""
    return chosen if isinstance(chosen, str) else getattr(chosen, "__name__", type(chosen).__name__)


def _options_of(maker: Any, in_a_row: int) -> list[str] | None:
    """Return what can be given by name, besides so many arguments in a row; None: anything, or nobody can tell."""
    try:
        parameters = list(inspect.signature(maker).parameters.values())
    except (TypeError, ValueError):
        return None
    if any(one.kind is one.VAR_KEYWORD for one in parameters):
        return None
    placed = [one for one in parameters if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
    by_name = [one for one in placed[in_a_row:] if one.kind is one.POSITIONAL_OR_KEYWORD]
    return [one.name for one in (*by_name, *(one for one in parameters if one.kind is one.KEYWORD_ONLY))]

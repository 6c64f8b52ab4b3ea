"""Installed packages that programs may import, because the user names them: where they are, and nothing beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from maspo.core.errors import ConfigInvalid


@dataclass(frozen=True, slots=True)
class Packages:
    """The names of packages, and the files and folders that they are made of."""

    names: tuple[str, ...] = ()
    places: tuple[Path, ...] = ()

    @property
    def folders(self) -> tuple[str, ...]:
        """The folders that they are imported from."""
        return tuple(dict.fromkeys(str(place.parent) for place in self.places))


NO_PACKAGES = Packages()


def packages_of(names: Sequence[str]) -> Packages:
    """Return installed packages by their names. Raises ConfigInvalid for what is none."""
    places: list[Path] = []
    for name in names:
        spec = find_spec(name) if name.isidentifier() else None
        if spec is None or spec.origin is None or spec.origin in ("built-in", "frozen"):
            raise ConfigInvalid(
                f"--sandbox-packages {name}: no such package is installed here; "
                "give the names by which programs import them, such as numpy, with commas between them"
            )
        origin = Path(spec.origin)
        place = origin.parent if spec.submodule_search_locations else origin
        # Wheels keep the shared libraries of a package in a folder beside it.
        places += [place, *(beside for beside in [place.with_name(f"{name}.libs")] if beside.is_dir())]
    return Packages(tuple(names), tuple(places))

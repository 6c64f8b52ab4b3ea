"""Methods by name: a profile, an optimizer with its own default settings, or a variant of either."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass

from maspo.config import PROFILES, ProfileName, method_of
from maspo.core.errors import ConfigInvalid, nearest
from maspo.optimizers.registry import OPTIMIZERS, config_class, setting_names

_OF_A_VARIANT = ("search", "proposer", "judge", "labels")
"""What a variant may set: how prompts are found. Agents, inputs, hold-out and caps are the same for all."""
_OF_ALL = {
    "search.method": "name the method behind `=`",
    "search.calls": "all runs plan as many; give it with --set, or give --max-calls",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """A method as a user asks for it: its name in the table, and settings of its own as texts of ``--set``."""

    name: str
    profile: ProfileName
    method: str
    sets: tuple[str, ...] = ()

    @property
    def settings(self) -> tuple[str, ...]:
        """All that chooses it beside its profile, as texts of ``--set``."""
        return (f"search.method={self.method}", *self.sets)

    @property
    def base(self) -> str:
        """The name of the method as it is, without settings of its own."""
        return self.method if self.method != method_of(self.profile) else self.profile

    @property
    def search_settings(self) -> frozenset[str]:
        """The settings of a search that its optimizer has."""
        return frozenset(setting_names(config_class(self.method)))


def choice_of(name: str) -> Choice:
    """Return what chooses a method: a profile, or an optimizer with its own default settings.

    Raises:
        ConfigInvalid: there is no such method.

    """
    for profile in PROFILES:
        if name == profile:
            return Choice(name, profile, method_of(profile))
    if name in OPTIMIZERS.names():
        return Choice(name, "default", name)
    known = ", ".join([*PROFILES, *OPTIMIZERS.names()])
    raise ConfigInvalid(f"--methods {name!r}: no such profile or optimizer; there are {known}")


def variant_of(text: str) -> Choice:
    """Return a method with settings of its own, of ``lean=default search.drafts=3 search.memory=false``.

    Raises:
        ConfigInvalid: it is written otherwise, there is no such method, or it sets what all have in common.

    """
    form = "expected NAME=METHOD KEY=VALUE …, such as 'lean=default search.drafts=3'"
    try:
        named, *sets = shlex.split(text)
    except ValueError:
        raise ConfigInvalid(f"--variant {text!r}: {form}") from None
    name, _, method = named.partition("=")
    if not (name and method and sets and all("=" in one for one in sets)):
        raise ConfigInvalid(f"--variant {text!r}: {form}")
    if name in (*PROFILES, *OPTIMIZERS.names()):
        raise ConfigInvalid(f"--variant {text!r}: {name} is a method as it is; give another name")
    chosen = choice_of(method)
    for key in (one.partition("=")[0].strip() for one in sets):
        group, _, setting = key.partition(".")
        if key in _OF_ALL:
            raise ConfigInvalid(f"--variant {name}: {key} is no setting of one method: {_OF_ALL[key]}")
        if group not in _OF_A_VARIANT:
            raise ConfigInvalid(
                f"--variant {name}: {key} is the same for all methods; a variant sets {', '.join(_OF_A_VARIANT)}"
            )
        if group == "search" and setting.partition(".")[0] not in chosen.search_settings:
            meant = nearest(setting, chosen.search_settings)
            fix = f"did you mean search.{meant}?" if meant else f"it has {', '.join(sorted(chosen.search_settings))}"
            raise ConfigInvalid(f"--variant {name}: {method} has no setting {key}; {fix}")
    return Choice(name, chosen.profile, chosen.method, tuple(sets))


def settings_of_others(choice: Choice, choices: Iterable[Choice]) -> frozenset[str]:
    """Return the settings of a search that other methods have and this one has not."""
    return frozenset[str]().union(*(other.search_settings for other in choices)) - choice.search_settings


def seeds_of(text: str) -> tuple[int, ...]:
    """Return the seeds of ``0-2`` or ``0,3``.

    Raises:
        ConfigInvalid: it is neither.

    """
    found: list[int] = []
    for part in text.split(","):
        first, dash, last = (piece.strip() for piece in part.partition("-"))
        if not (first.isdecimal() and (last.isdecimal() if dash else not last)):
            raise ConfigInvalid(f"--seeds {text!r}: expected whole numbers such as 0-2 or 0,3")
        found += range(int(first), int(last if dash else first) + 1)
    if not found:
        raise ConfigInvalid(f"--seeds {text!r}: names no seed; expected whole numbers such as 0-2 or 0,3")
    return tuple(dict.fromkeys(found))

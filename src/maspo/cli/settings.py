"""Settings from everywhere, the later wins: the profile, ``maspo.toml``, the environment, flags, ``--set``."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from maspo.config import RunConfig
from maspo.configure import Setting, configure, paths_by_flag
from maspo.core.errors import ConfigInvalid, nearest, said_of
from maspo.core.plain_files import MOST_SETTINGS, MOST_TEXT, is_there, meant_by, read_named, read_plain
from maspo.flags import ENV_PREFIX, FLAGS, Flag
from maspo.models.prices import PriceBook
from maspo.study.connections import key_variable, remarks_on_addresses
from maspo.study.reach import Reach, flat, of_file

CONFIG_FILE = "maspo.toml"
OTHER_VARIABLES = frozenset(
    {"MASPO_DEBUG", "MASPO_DATA", "MASPO_DOWNLOAD", "MASPO_LOG", "MASPO_METRICS", "MASPO_PROGRESS", "MASPO_STORE"}
    | {"MASPO_TOOLS"}
)
"""Variables that are no settings of a run."""


@dataclass(frozen=True)
class Sources:
    """What a command line gives: flags by name (None: not given), ``--set`` texts and ``--config``."""

    flags: Mapping[str, object]
    sets: Sequence[str] = ()
    file: Path | None = None
    models: Mapping[str, object] = field(default_factory=dict)
    """What the system file says of models, by role; everything else weighs more."""
    passed_over: frozenset[str] = frozenset()
    """Settings of a search that stand here for other methods, which are compared with this one."""


@dataclass(frozen=True)
class LoadedSettings:
    """The settings of a run, what the settings file asks for, which nobody has agreed to yet, and remarks."""

    config: RunConfig
    reach: Reach
    file: Path
    notes: tuple[str, ...] = ()


def load_settings(sources: Sources, environ: Mapping[str, str] = os.environ) -> LoadedSettings:
    """Return the settings of a run.

    Raises:
        ConfigInvalid: an unknown key or a value that cannot be used; names where it was given.

    """
    in_file, later = _given(sources, environ)
    notes = []
    known = {flag.variable for flag in FLAGS.values()} | OTHER_VARIABLES
    for name in sorted(environ):
        if name.startswith(ENV_PREFIX) and name not in known:
            meant = nearest(name, known)
            notes.append(f"{name} is set, but is no setting of maspo" + (f"; did you mean {meant}?" if meant else ""))
    config = configure([_without(one, sources.passed_over) for one in (*in_file, *later)])
    for variable in dict.fromkeys(key_variable(config.models, role) for role in ("", *config.models.addresses())):
        notes += _remarks_on_key(variable, environ.get(variable, ""))
    notes += remarks_on_addresses(config.models)
    reach = of_file(_standing(in_file, later))
    return LoadedSettings(config, reach, sources.file or Path(CONFIG_FILE), tuple(notes))


def search_settings_in(sources: Sources) -> frozenset[str]:
    """Return the names of the settings of a search that stand in the settings file or are given with ``--set``."""
    in_file, later = _given(sources, {})
    found = [".".join(setting.path) for setting in later]
    found += [name for setting in in_file for name, _ in flat({setting.path[0]: setting.value})]
    return frozenset(name.split(".")[1] for name in found if name.startswith("search."))


def _given(sources: Sources, environ: Mapping[str, str]) -> tuple[list[Setting], list[Setting]]:
    """Return what system file and settings file give, and what weighs more."""
    of_system = [Setting(("models",), sources.models, "system file: models")] if sources.models else []
    in_file = [*of_system, *_read_file(sources.file)]
    settings = []
    if environ.get("OPENAI_BASE_URL"):
        settings.append(Setting(("models", "base_url"), environ["OPENAI_BASE_URL"], "OPENAI_BASE_URL"))
    paths = paths_by_flag()
    for name, path in paths.items():
        variable = FLAGS[name].variable
        if environ.get(variable):
            settings.append(Setting(path, _said(FLAGS[name], environ[variable], variable), variable))
    for name, value in sources.flags.items():
        if value is not None:
            option = FLAGS[name].option
            settings.append(Setting(paths[name], _said(FLAGS[name], value, option), option))
    for text in sources.sets:
        key, equals, content = (part.strip() for part in text.partition("="))
        if not equals or not key:
            raise ConfigInvalid(f"--set {text!r}: expected KEY=VALUE, such as --set search.beam_width=3")
        value = content
        with suppress(ValueError, RecursionError):
            value = json.loads(content)  # such as a number or a list; anything else is the text itself
        settings.append(Setting(tuple(key.split(".")), value, f"--set {key}"))
    return in_file, settings


def _without(setting: Setting, passed_over: Collection[str]) -> Setting:
    """Return a setting, or a group of settings, without those of a search that are passed over."""
    if setting.path[0] != "search":
        return setting
    if len(setting.path) > 1:
        return Setting(("search",), {}, setting.place) if setting.path[1] in passed_over else setting
    if not isinstance(setting.value, Mapping):
        return setting
    kept = {name: value for name, value in setting.value.items() if name.partition(".")[0] not in passed_over}
    return replace(setting, value=kept)


def _remarks_on_key(variable: str, key: str) -> list[str]:
    if not key:
        return []
    from maspo.models.secret import too_short

    return [f"the key in {variable} {short}"] if (short := too_short(key)) else []


def load_prices() -> Mapping[str, tuple[float, ...]]:
    """Return the prices that the settings file of this folder names, if there is one; nothing else of it counts.

    Raises:
        ConfigInvalid: the file is no TOML, or a price cannot be used.

    """
    for setting in _read_file(None):
        if setting.path == ("models",) and isinstance(setting.value, Mapping) and "prices" in setting.value:
            place = f"{CONFIG_FILE}: models.prices"
            given = configure([Setting(("models", "prices"), setting.value["prices"], place)]).models.prices
            PriceBook(given)
            return given
    return {}


def _said(flag: Flag, value: object, place: str) -> object:
    """Return what an option or a variable gives: its value, or the text of the file that it names.

    Raises:
        ConfigInvalid: the file cannot be read, or says nothing.

    """
    if not flag.in_file:
        return value
    file = Path(str(value))
    try:
        text = read_named(file, MOST_TEXT).decode("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigInvalid(f"{place} {file}: cannot be read ({said_of(error)}); give a UTF-8 text file") from None
    if not text:
        raise ConfigInvalid(f"{place} {file}: is empty; write what counts in final answers")
    return text


def _standing(in_file: Sequence[Setting], later: Sequence[Setting]) -> dict[str, object]:
    """Return what a file sets and nothing later replaces, by place."""
    given = {name: value for setting in in_file for name, value in flat({setting.path[0]: setting.value})}
    replaced = {".".join(setting.path) for setting in later}
    return {name: value for name, value in given.items() if not {name, name.partition(".")[0]} & replaced}


def _read_file(file: Path | None) -> Iterator[Setting]:
    path = file or Path(CONFIG_FILE)
    if path == Path(os.devnull) or (file is None and not is_there(path)):
        return
    try:
        content = tomllib.loads((read_plain if file is None else read_named)(path, MOST_SETTINGS).decode("utf-8"))
    except FileNotFoundError:
        fix = meant_by(path) or f"give a TOML file such as {CONFIG_FILE}"
        raise ConfigInvalid(f"--config {path}: no such file; {fix}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigInvalid(f"{path}: not valid TOML: {error}; correct the file") from None
    except OSError as error:
        raise ConfigInvalid(f"{path}: cannot be read ({error.strerror}); give a readable TOML file") from None
    for name, value in content.items():
        yield Setting((name,), value, f"{path}: {name}")

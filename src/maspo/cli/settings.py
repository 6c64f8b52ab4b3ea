"""Settings from everywhere, as one RunConfig: defaults < profile < ``maspo.toml`` < environment < flags < ``--set``.

Each setting remembers where it was given, so that an error can name the flag, the variable or the place in the file.
"""

from __future__ import annotations

import difflib
import json
import math
import os
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from maspo.config import PROFILES, RunConfig, plan_of
from maspo.errors import ConfigInvalid

CONFIG_FILE = "maspo.toml"
ENV_PREFIX = "MASPO_"
FLAGS: Mapping[str, str] = {
    "profile": "profile",
    "seed": "seed",
    "labels": "labels",
    "focus": "focus",
    "agent-model": "models.agent",
    "judge-model": "models.judge",
    "proposer-model": "models.proposer",
    "base-url": "models.base_url",
    "api-key-env": "models.api_key_env",
    "concurrency": "models.concurrency",
    "max-usd": "caps.usd",
    "max-calls": "caps.calls",
    "max-minutes": "caps.minutes",
    "ship-if": "holdout.ship_if",
}
"""Setting by flag name. ``--max-usd`` is ``MASPO_MAX_USD`` in the environment, and so on for each of them."""
OTHER_VARIABLES = frozenset({"MASPO_DEBUG", "MASPO_DATA", "MASPO_DOWNLOAD"})
"""Variables that are no settings of a run."""

Built = TypeVar("Built", bound=BaseModel)
Path_ = tuple[str, ...]


@dataclass(frozen=True)
class Given:
    """What the user gave: flags by name (None: not given), ``--set`` texts and ``--config``."""

    flags: Mapping[str, object]
    sets: Sequence[str] = ()
    file: Path | None = None


@dataclass(frozen=True)
class Settings:
    """The settings of a run, and remarks on what was given."""

    config: RunConfig
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Setting:
    path: Path_
    value: object
    source: str


def load_settings(given: Given, environ: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings of a run.

    Raises:
        ConfigInvalid: an unknown key or a value that cannot be used; names where it was given.

    """
    found: dict[Path_, _Setting] = {}
    layers = (_from_file(given.file), _from_environment(environ), _from_flags(given.flags), _from_sets(given.sets))
    for layer in layers:
        for setting in layer:
            _known(setting)
            found[setting.path] = setting
    return Settings(_config(found), tuple(_unknown_variables(environ)))


def _from_file(file: Path | None) -> Iterator[_Setting]:
    path = file or Path(CONFIG_FILE)
    if file is None and not path.exists():
        return
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigInvalid(f"--config {path}: no such file; give a TOML file such as {CONFIG_FILE}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigInvalid(f"{path}: not valid TOML: {error}; correct the file") from None
    except OSError as error:
        raise ConfigInvalid(f"{path}: cannot be read ({error.strerror}); give a readable TOML file") from None
    for place, value in _leaves(content, ()):
        yield _Setting(place, value, f"{path}: {'.'.join(place)}")


def _from_environment(environ: Mapping[str, str]) -> Iterator[_Setting]:
    if environ.get("OPENAI_BASE_URL"):
        yield _Setting(("models", "base_url"), environ["OPENAI_BASE_URL"], "OPENAI_BASE_URL")
    for flag, setting in FLAGS.items():
        value = environ.get(_variable(flag))
        if value:
            yield _Setting(tuple(setting.split(".")), value, _variable(flag))


def _from_flags(flags: Mapping[str, object]) -> Iterator[_Setting]:
    for flag, value in flags.items():
        if value is not None:
            yield _Setting(tuple(FLAGS[flag].split(".")), value, f"--{flag}")


def _from_sets(sets: Sequence[str]) -> Iterator[_Setting]:
    for text in sets:
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise ConfigInvalid(f"--set {text!r}: expected KEY=VALUE, such as --set search.beam_width=3")
        for path, leaf in _leaves(_parse_value(value.strip()), _split(key.strip())):
            yield _Setting(path, leaf, f"--set {key.strip()}")


def _parse_value(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _leaves(value: object, path: Path_) -> Iterator[tuple[Path_, object]]:
    """Walk nested tables down to the values that are set; an empty table sets nothing."""
    if not isinstance(value, dict):
        yield path, value
        return
    for key, inner in value.items():
        yield from _leaves(inner, (*path, key))


def _split(dotted: str) -> Path_:
    """Split ``section.key``; below a table with free keys (prices by model) the rest is one key, dots and all."""
    path: list[str] = []
    names = dotted.split(".")
    section: type[BaseModel] | None = RunConfig
    for index, name in enumerate(names):
        if section is None and path:
            return (*path, ".".join(names[index:]))
        path.append(name)
        section = _section(_annotation(section, name)) if section else None
    return tuple(path)


def _known(setting: _Setting) -> None:
    """Refuse a path that no setting has, naming the nearest ones."""
    section: type[BaseModel] = RunConfig
    for depth, name in enumerate(setting.path):
        keys = _keys(section)
        if name not in keys:
            raise ConfigInvalid(_unknown_key(setting, setting.path[:depth], keys))
        annotation = _annotation(section, name)
        inner = _section(annotation)
        if inner is None:
            beyond = setting.path[depth + 1 :]
            is_table = get_origin(annotation) is Mapping
            if beyond and not is_table:
                raise ConfigInvalid(f"{setting.source}: {name!r} is a single setting; it has no key {beyond[0]!r}")
            if is_table and not beyond:
                raise ConfigInvalid(f"{setting.source}: {_shown(setting.value)} is given; expected a table")
            return
        section = inner
    where = ".".join(setting.path)
    what = f"{where!r} is a group of settings; set one of: {', '.join(_keys(section))}"
    raise ConfigInvalid(f"{setting.source}: {what}")


def _unknown_key(setting: _Setting, group: Path_, keys: Sequence[str]) -> str:
    name = setting.path[len(group)]
    everywhere = {path[-1]: ".".join(path) for path in _all_paths(RunConfig, ())}
    near = difflib.get_close_matches(name, keys, n=1) or difflib.get_close_matches(name, everywhere, n=1)
    meant = ".".join((*group, near[0])) if near and near[0] in keys else everywhere.get(near[0]) if near else None
    hint = f"did you mean {meant!r}? " if meant else ""
    where = f" under {'.'.join(group)!r}" if group else ""
    return f"{setting.source}: unknown setting {name!r}; {hint}The keys{where} are: {', '.join(keys)}"


def _all_paths(section: type[BaseModel], path: Path_) -> Iterator[Path_]:
    for name in _keys(section):
        inner = _section(_annotation(section, name))
        yield from _all_paths(inner, (*path, name)) if inner else ((*path, name),)


def _keys(section: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in section.model_fields.items()]


def _annotation(section: type[BaseModel], key: str) -> Any:
    for name, field in section.model_fields.items():
        if (field.alias or name) == key:
            return field.annotation
    return None


def _section(annotation: Any) -> type[BaseModel] | None:
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None


def _config(found: Mapping[Path_, _Setting]) -> RunConfig:
    tree: dict[str, Any] = {}
    for setting in found.values():
        if isinstance(setting.value, float) and not math.isfinite(setting.value):
            raise ConfigInvalid(f"{setting.source}: {setting.value} is given; expected a finite number")
        place = tree
        for name in setting.path[:-1]:
            place = place.setdefault(name, {})
        place[setting.path[-1]] = setting.value
    profile = tree.get("profile", "default")
    if profile not in list(PROFILES):
        source = found["profile",].source
        raise ConfigInvalid(f"{source}: {_shown(profile)} is given; expected one of: {', '.join(PROFILES)}")
    search = tree.pop("search", {})
    plan, plan_problems = _built(lambda: plan_of(profile, search), ("search",), found)
    config, config_problems = _built(lambda: RunConfig.model_validate(tree), (), found)
    if plan is None or config is None:
        raise ConfigInvalid("\n".join([*plan_problems, *config_problems]))
    return config.model_copy(update={"search": plan})


def _built(
    build: Callable[[], Built], prefix: Path_, found: Mapping[Path_, _Setting]
) -> tuple[Built | None, list[str]]:
    """Return what was built, or None and one line per problem."""
    try:
        return build(), []
    except ValidationError as error:
        problems = [_problem(detail, prefix, found) for detail in error.errors(include_url=False)]
        return None, list(dict.fromkeys(problems))


def _problem(detail: ErrorDetails, prefix: Path_, found: Mapping[Path_, _Setting]) -> str:
    path = (*prefix, *map(str, detail["loc"]))
    sources = [found[path[:end]].source for end in range(len(path), 0, -1) if path[:end] in found]
    place = sources[0] if sources else ".".join(path)
    return f"{place}: {_shown(detail['input'])} is given; expected {_expected(detail)}"


_EXPECTED = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "string": "text",
    "tuple": "a list",
    "dict": "a table",
    "mapping": "a table",
}


def _expected(detail: ErrorDetails) -> str:
    limits = detail.get("ctx", {})
    words = {"gt": "more than", "ge": "at least", "lt": "less than", "le": "at most"}
    for name, word in words.items():
        if name in limits:
            return f"{word} {limits[name]:g}"
    if detail["type"] == "literal_error":
        return str(limits["expected"])
    if detail["type"] == "value_error":
        return str(limits["error"])
    return _EXPECTED.get(detail["type"].split("_")[0], detail["msg"])


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:57] + "…"


def _unknown_variables(environ: Mapping[str, str]) -> Iterable[str]:
    known = {_variable(flag) for flag in FLAGS} | OTHER_VARIABLES
    for name in sorted(environ):
        if name.startswith(ENV_PREFIX) and name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            yield f"{name} is set, but is no setting of maspo" + (f"; did you mean {near[0]}?" if near else "")


def _variable(flag: str) -> str:
    return ENV_PREFIX + flag.upper().replace("-", "_")

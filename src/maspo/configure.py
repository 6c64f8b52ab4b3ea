"""Make a RunConfig from settings that were given one by one; an error names the place where a setting was given.

The command line and the Python API both give their settings here, in the order of their weight.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from maspo.config import PROFILES, ROLES, RunConfig, method_of
from maspo.core.errors import ConfigInvalid, nearest
from maspo.flags import Flag
from maspo.optimizers.base import OptimizerConfig
from maspo.optimizers.registry import DEFAULT, OPTIMIZERS, config_class, explain_foreign, setting_names

SettingPath = tuple[str, ...]
"""Where a setting stands in the config: ``("models", "agent")``."""


@dataclass(frozen=True)
class Setting:
    """A value for a setting or a group of settings, and where it was given: ``--max-usd``, ``maspo.toml: caps.usd``."""

    path: SettingPath
    value: object
    place: str


def configure(settings: Sequence[Setting]) -> RunConfig:
    """Return the config that settings make, over the defaults and the profile; a later one wins.

    Raises:
        ConfigInvalid: an unknown setting, one of another optimizer, or values that cannot be used: all of these, a line
            each.

    """
    problems = _wrong_choices(settings)
    if problems:  # nobody knows what a search goes by whose optimizer does not exist
        settings = [setting for setting in settings if setting.path[0] not in ("profile", "search")]
    optimizer = _choose_optimizer(settings)
    found: dict[SettingPath, Setting] = {}
    for group in map(_role_in_full, settings):
        for setting in _split_group(group, RunConfig, 0, optimizer):
            if isinstance(setting, str):
                problems.append(setting)
                continue
            # What sets the same goes, and so does a table when an entry of it is set, or an entry when the table is.
            pairs = [(path, min(len(path), len(setting.path))) for path in found]
            for path in [path for path, shared in pairs if path[:shared] == setting.path[:shared]]:
                del found[path]
            found[setting.path] = setting
    tree: dict[str, Any] = {}
    for path, setting in found.items():
        group_of = tree
        for name in path[:-1]:
            group_of = group_of.setdefault(name, {})
        group_of[path[-1]] = setting.value
    try:
        config = RunConfig.model_validate(tree)
    except ValidationError as error:
        # Pydantic adds one more error where a default could not be made because another setting is wrong.
        details = [one for one in error.errors(include_url=False) if one["type"] != "default_factory_not_called"]
        raise ConfigInvalid("\n".join(dict.fromkeys([*problems, *(_explain(one, found) for one in details)]))) from None
    if problems:
        raise ConfigInvalid("\n".join(problems))
    return config


# ── what settings there are ──────────────────────────────────────────────────────────────────────────────────────────


def list_fields(
    section: type[BaseModel], search: type[BaseModel] = OptimizerConfig, path: SettingPath = ()
) -> Iterator[tuple[SettingPath, FieldInfo]]:
    """Yield every single setting of a section and of those in it; ``search`` holds the settings of the optimizer."""
    for name, field in zip(setting_names(section), section.model_fields.values(), strict=True):
        inner = _section(field.annotation, search)
        if inner is None:
            yield (*path, name), field
        else:
            yield from list_fields(inner, search, (*path, name))


def flag_of(field: FieldInfo) -> Flag | None:
    """Return the name that a setting has of its own, if it has one."""
    return next((one for one in field.metadata if isinstance(one, Flag)), None)


def paths_by_flag() -> dict[str, SettingPath]:
    """Return where each setting with a name of its own stands, by that name."""
    return {flag.name: path for path, field in list_fields(RunConfig) if (flag := flag_of(field)) is not None}


def _section(annotation: Any, search: type[BaseModel]) -> type[BaseModel] | None:
    if annotation is OptimizerConfig:
        return search
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None


# ── what was given ───────────────────────────────────────────────────────────────────────────────────────────────────


_PROFILE: Final[SettingPath] = ("profile",)
_METHOD: Final[SettingPath] = ("search", "method")


@dataclass(frozen=True)
class _Optimizer:
    """The optimizer that is asked for, the place that asks for it, and its settings."""

    method: str
    chosen_by: str
    config: type[OptimizerConfig]


def _choose_optimizer(settings: Sequence[Setting]) -> _Optimizer:
    """Return the optimizer that is asked for by name, by the profile, or by nobody; both choices are known."""
    profile, named = _last(settings, _PROFILE), _last(settings, _METHOD)
    if named is not None:
        method, chosen_by = str(named.value), named.place
    elif profile is not None:
        method, chosen_by = method_of(profile.value), profile.place  # type: ignore[arg-type] # checked above
    else:
        method, chosen_by = DEFAULT, "default"
    return _Optimizer(method, chosen_by, config_class(method))


def _wrong_choices(settings: Sequence[Setting]) -> list[str]:
    """Return a line for a profile, and for an optimizer, that does not exist."""
    given = ((_last(settings, _PROFILE), list(PROFILES)), (_last(settings, _METHOD), OPTIMIZERS.names()))
    return [
        f"{setting.place}: {_write_value(setting.value)} is given; expected one of: {', '.join(choices)}"
        for setting, choices in given
        if setting is not None and setting.value not in choices
    ]


def _last(settings: Sequence[Setting], path: SettingPath) -> Setting | None:
    """Return what is given last for a path, by itself or in a group."""
    for setting in reversed(settings):
        value, rest = setting.value, path[len(setting.path) :]
        if (*setting.path, *rest) != path:
            continue
        for name in rest:
            value = value.get(name) if isinstance(value, Mapping) else None
        if not rest or value is not None:
            return Setting(path, value, ".".join((setting.place, *rest)))
    return None


def _split_group(
    setting: Setting, section: type[BaseModel], depth: int, optimizer: _Optimizer
) -> Iterator[Setting | str]:
    """Yield the single settings in what was given, and a line for each that is none or is a group given as one value.

    ``section`` is the group that the first ``depth`` names lead to.
    """
    if depth == len(setting.path):
        if not isinstance(setting.value, Mapping):
            what = f"{'.'.join(setting.path)!r} is a group of settings"
            yield f"{setting.place}: {what}; set one of: {', '.join(setting_names(section))}"
            return
        for one in _entries(setting, setting.value):
            yield from _split_group(one, section, depth, optimizer)
        return
    name = setting.path[depth]
    fields = dict(zip(setting_names(section), section.model_fields.values(), strict=True))
    if name not in fields:
        of_optimizer = section is optimizer.config
        foreign = explain_foreign(name, optimizer.method, optimizer.chosen_by) if of_optimizer else ""
        gone = optimizer.config.gone.get(name, "") if of_optimizer else ""
        gone = f"the setting {name!r} is no more: {gone}" if gone else ""
        unknown = _explain_unknown(setting.path[: depth + 1], section, optimizer.config)
        yield f"{setting.place}: {foreign or gone or unknown}"
        return
    annotation = fields[name].annotation
    inner = _section(annotation, optimizer.config)
    if inner is not None:
        yield from _split_group(setting, inner, depth + 1, optimizer)
    elif isinstance(origin := get_origin(annotation), type) and issubclass(origin, Mapping):  # with free keys
        yield from _split_table(setting, depth + 1, nested=get_args(annotation)[-1] is Any)
    elif len(setting.path) > depth + 1:
        beyond = setting.path[depth + 1]
        yield f"{setting.place}: {name!r} is a single setting; it has no key {beyond!r}"
    else:
        yield setting


def _role_in_full(setting: Setting) -> Setting:
    """Return a setting with what is said of a role in one table (``[models.judge]``) at the places that it is for."""
    if setting.path == ("models",) and isinstance(setting.value, Mapping):
        models: dict[str, object] = {}
        for name, value in setting.value.items():
            if name in ROLES and isinstance(value, Mapping):
                _merge(models, {"roles": {name: {key: one for key, one in value.items() if key != "model"}}})
                if "model" in value:
                    models[name] = value["model"]
            else:
                _merge(models, {name: value})
        return replace(setting, value=models)
    if setting.path[:1] == ("models",) and setting.path[1:2] and setting.path[1] in ROLES:
        role, rest = setting.path[1], setting.path[2:]
        if rest == ("model",):
            return replace(setting, path=("models", role))
        if rest:
            return replace(setting, path=("models", "roles", role, *rest))
        if isinstance(setting.value, Mapping):
            return _role_in_full(Setting(("models",), {role: setting.value}, setting.place))
    return setting


def _merge(into: dict[str, object], values: Mapping[str, object]) -> None:
    for name, value in values.items():
        known = into.get(name)
        if isinstance(known, dict) and isinstance(value, Mapping):
            _merge(known, value)
        else:
            into[name] = dict(value) if isinstance(value, Mapping) else value


def _split_table(setting: Setting, depth: int, nested: bool) -> Iterator[Setting | str]:
    """Yield the entries of a table with free keys, which the first ``depth`` names lead to, or that it is none.

    Values may be tables too where the table is ``nested``; else what follows is one key, such as ``model-1.5``.
    """
    if depth == len(setting.path):
        if not isinstance(setting.value, Mapping):
            yield f"{setting.place}: {_write_value(setting.value)} is given; expected a table"
            return
        for one in _entries(setting, setting.value):
            yield from _split_table(one, depth, nested)
    elif not nested:
        yield replace(setting, path=(*setting.path[:depth], ".".join(setting.path[depth:])))
    elif isinstance(setting.value, Mapping) and setting.value:
        for one in _entries(setting, setting.value):
            yield from _split_table(one, depth, nested)
    else:
        yield setting


def _entries(group: Setting, values: Mapping[str, object]) -> Iterator[Setting]:
    """Yield what a group that is given as a whole holds; an empty one sets nothing."""
    for key, value in values.items():
        yield Setting((*group.path, key), value, f"{group.place}.{key}")


# ── errors ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _explain_unknown(path: SettingPath, section: type[BaseModel], search: type[BaseModel]) -> str:
    """Return that there is no such setting, and the nearest one that there is, or all that could be meant."""
    *group, name = path
    keys = setting_names(section)
    everywhere = {found[-1]: ".".join(found) for found, _ in list_fields(RunConfig, search)}
    here = nearest(name, keys)
    meant = ".".join((*group, here)) if here else everywhere.get(nearest(name, everywhere), "")
    if meant:
        return f"unknown setting {name!r}; did you mean {meant!r}?"
    where = f" under {'.'.join(group)!r}" if group else ""
    return f"unknown setting {name!r}; the keys{where} are: {', '.join(keys)}"


def _explain(detail: ErrorDetails, found: Mapping[SettingPath, Setting]) -> str:
    """Return one line about a value that cannot be used: where it was given, what it is, what is expected."""
    path = tuple(map(str, detail["loc"]))
    if detail["type"] == "missing":
        return f"{'.'.join(path)}: nothing is given, and it has no default; give it, such as --set {'.'.join(path)}=…"
    places = [found[path[:end]].place for end in range(len(path), 0, -1) if path[:end] in found]
    place = places[0] if places else ".".join(path)
    return f"{place}: {_write_value(detail['input'])} is given; expected {_expected(detail)}"


_EXPECTED = {
    "int": "a whole number",
    "float": "a number",
    "finite": "a finite number",
    "bool": "true or false",
    "string": "text",
    "tuple": "a list",
    "dict": "a table",
    "mapping": "a table",
}
"""What is expected, by the first word of the type of pydantic's error."""


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


def _write_value(value: object) -> str:
    if isinstance(value, str):
        with suppress(ValueError):
            float(value)
            return value  # bare, as a number is shown that did not come as the text of a flag or variable
    text = json.dumps(value, ensure_ascii=False, default=str)
    # 60: a value on one line of a terminal of 80 columns, beside the place.
    return text if len(text) <= 60 else text[:57] + "…"

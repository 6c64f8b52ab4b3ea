"""Optimizers by name. A further one is a class with ``Config`` and ``search``, in any package, under an entry point."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from maspo.core.errors import ConfigInvalid
from maspo.core.registry import Registry
from maspo.optimizers.base import Optimizer, OptimizerClass, OptimizerConfig, UnknownConfig

OPTIMIZERS: Registry[OptimizerClass] = Registry(
    group="maspo.optimizers",
    what="search.method",
    own={
        "race": "maspo.optimizers.anchor_race:AnchorRace",
        "ascent": "maspo.optimizers.coordinate_ascent:CoordinateAscent",
        "naive-joint": "maspo.optimizers.baselines.naive_joint:NaiveJoint",
        "best-of-n": "maspo.optimizers.baselines.best_of_n:BestOfN",
        "spo": "maspo.optimizers.baselines.spo:Spo",
        "opro": "maspo.optimizers.baselines.opro:Opro",
        "promptbreeder": "maspo.optimizers.baselines.promptbreeder:Promptbreeder",
        "local-only": "maspo.optimizers.baselines.local_only:LocalOnly",
        "random-edits": "maspo.optimizers.baselines.random_edits:RandomEdits",
        "shapley": "maspo.optimizers.baselines.shapley:Shapley",
        "mapro": "maspo.optimizers.baselines.mapro:Mapro",
        "cantante": "maspo.optimizers.baselines.cantante:Cantante",
        "tpe": "maspo.optimizers.baselines.tpe:Tpe",
        "mipro": "maspo.optimizers.baselines.mipro:Mipro",
        "gepa": "maspo.optimizers.baselines.gepa:Gepa",
        "opentrace": "maspo.optimizers.baselines.opentrace:OpenTrace",
    },
    method="search",
)
DEFAULT = "race"


def config_class(method: str) -> type[OptimizerConfig]:
    """Return the settings class of a method.

    Raises:
        ConfigInvalid: there is no such method, or it says nothing of its settings.

    """
    config = getattr(OPTIMIZERS.get(method), "Config", None)
    if not (isinstance(config, type) and issubclass(config, OptimizerConfig)):
        raise ConfigInvalid(
            f"search.method: {method!r} has no class `Config` of its settings; give it one that is an OptimizerConfig "
            "(maspo.optimizers.base shows how)"
        )
    return config


def setting_names(config: type[BaseModel]) -> list[str]:
    """Return what the settings of a class are called wherever they are given."""
    return [field.alias or name for name, field in config.model_fields.items()]


def explain_foreign(setting: str, method: str, chosen_by: str) -> str:
    """Return why a setting that an optimizer does not have is refused, when another one has it; else nothing."""
    owners = [other for other in OPTIMIZERS.names() if other != method and setting in _names_of_any(other)]
    if not owners:
        return ""
    return (
        f"search.{setting} is a setting of search.method={owners[0]}, and {method} is chosen by {chosen_by}; "
        f"leave it out, or choose search.method={owners[0]}"
    )


def _names_of_any(method: str) -> list[str]:
    try:
        return setting_names(config_class(method))
    except Exception:  # another package's code; when it is broken, it must not hide the error that is explained
        return []


def make_config(settings: Mapping[str, Any], chosen_by: str = "") -> OptimizerConfig:
    """Return the settings of an optimizer from a mapping; ``method`` says whose they are.

    ``chosen_by`` is what chose the method, for errors; without it, the mapping itself or the default did.

    Raises:
        ConfigInvalid: there is no such method, or a setting is another optimizer's.
        ValidationError: a setting is none of any optimizer's, or its value cannot be used.

    """
    method = str(settings.get("method", DEFAULT))
    config = config_class(method)
    own = setting_names(config)
    for name in (name for name in settings if name not in own):
        reason = explain_foreign(name, method, chosen_by or ("search.method" if "method" in settings else "default"))
        if reason:
            raise ConfigInvalid(reason)
    return config.model_validate(dict(settings))


def _names_ever(config: type[OptimizerConfig]) -> set[str]:
    """Return the settings that an optimizer has or had."""
    return {*setting_names(config), *config.gone}


def recorded_config(settings: Mapping[str, Any], labels: str) -> OptimizerConfig:
    """Return the settings of an optimizer from a record, also of one that is not installed here.

    ``labels`` says, as recorded, whether labels decided. Formats 1 and 2 held the settings of both optimizers of their
    time, whichever ran.
    """
    try:
        config = config_class(str(settings.get("method", DEFAULT)))
    except ConfigInvalid:
        return UnknownConfig.model_validate(dict(settings))
    foreign = settings.keys() - _names_ever(config)
    if foreign:
        foreign &= {name for method in OPTIMIZERS.own for name in _names_ever(config_class(method))}
    kept = {name: value for name, value in settings.items() if name not in foreign}
    return make_config(config.of_record(kept, labels))


def make_optimizer(config: OptimizerConfig) -> Optimizer:
    """Return the optimizer that some settings are of.

    Raises:
        ConfigInvalid: there is none of that name.

    """
    optimizer: Optimizer = OPTIMIZERS.make(config.method, config)
    return optimizer

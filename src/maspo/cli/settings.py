"""Settings from everywhere, the later wins: the profile, ``maspo.toml``, the environment, flags, ``--set``."""

from __future__ import annotations

import difflib
import json
import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from maspo.config import RunConfig
from maspo.configure import Setting, configure, paths_by_flag
from maspo.core.errors import ConfigInvalid
from maspo.flags import ENV_PREFIX, FLAGS

CONFIG_FILE = "maspo.toml"
OTHER_VARIABLES = frozenset({"MASPO_DEBUG", "MASPO_DATA", "MASPO_DOWNLOAD"})
"""Variables that are no settings of a run."""


@dataclass(frozen=True)
class Sources:
    """What a command line gives: flags by name (None: not given), ``--set`` texts and ``--config``."""

    flags: Mapping[str, object]
    sets: Sequence[str] = ()
    file: Path | None = None


@dataclass(frozen=True)
class LoadedSettings:
    """The settings of a run, and remarks on what was given."""

    config: RunConfig
    notes: tuple[str, ...] = ()


def load_settings(sources: Sources, environ: Mapping[str, str] = os.environ) -> LoadedSettings:
    """Return the settings of a run.

    Raises:
        ConfigInvalid: an unknown key or a value that cannot be used; names where it was given.

    """
    settings = [*_read_file(sources.file)]
    if environ.get("OPENAI_BASE_URL"):
        settings.append(Setting(("models", "base_url"), environ["OPENAI_BASE_URL"], "OPENAI_BASE_URL"))
    paths = paths_by_flag()
    for name, path in paths.items():
        variable = FLAGS[name].variable
        if environ.get(variable):
            settings.append(Setting(path, environ[variable], variable))
    for name, value in sources.flags.items():
        if value is not None:
            settings.append(Setting(paths[name], value, FLAGS[name].option))
    for text in sources.sets:
        key, equals, content = (part.strip() for part in text.partition("="))
        if not equals or not key:
            raise ConfigInvalid(f"--set {text!r}: expected KEY=VALUE, such as --set search.beam_width=3")
        value = content
        with suppress(ValueError, RecursionError):
            value = json.loads(content)  # such as a number or a list; anything else is the text itself
        settings.append(Setting(tuple(key.split(".")), value, f"--set {key}"))
    notes = []
    known = {flag.variable for flag in FLAGS.values()} | OTHER_VARIABLES
    for name in sorted(environ):
        if name.startswith(ENV_PREFIX) and name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            notes.append(f"{name} is set, but is no setting of maspo" + (f"; did you mean {near[0]}?" if near else ""))
    return LoadedSettings(configure(settings), tuple(notes))


def _read_file(file: Path | None) -> Iterator[Setting]:
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
    for name, value in content.items():
        yield Setting((name,), value, f"{path}: {name}")

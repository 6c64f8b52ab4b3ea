"""Prompt sets of runs and of files, for comparing them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from maspo.core.errors import UsageError
from maspo.report.folder import look


def prompt_sets(folder: Path) -> Mapping[str, Mapping[str, str]]:
    """Return the prompts of a run by name: ``seed``, ``winners`` and, once it has finished, ``shipped``."""
    view = look(folder).view
    sets = {
        "seed": {agent.name: agent.seed for agent in view.agents},
        "winners": {agent.name: agent.winner for agent in view.agents},
    }
    if view.finished:
        sets["shipped"] = dict(view.finished.prompts)
    return sets


def read_prompts(path: Path) -> Mapping[str, str]:
    """Read a ``prompts.json``, or that of a run folder.

    Raises:
        UsageError: it is missing or holds something else.

    """
    file = path / "prompts.json" if path.is_dir() else path
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"{file}: no such file; give seed, shipped, winners, a run folder or a prompts.json") from None
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{file}: cannot be read ({error}); give a prompts.json") from None
    if not (isinstance(content, dict) and all(isinstance(text, str) for text in content.values())):
        raise UsageError(f'{file}: expected an object such as {{"agent": "prompt"}}')
    return content

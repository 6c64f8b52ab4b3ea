"""Rewrites full of braces, percent signs, dollars, backslashes and quotes: what the patched app makes of them."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from frameworks.endpoint import Endpoint
from frameworks.environments import Team
from frameworks.trials import ROWS

from maspo.apps.literals import Template
from maspo.apps.writeback import CannotWrite, Place, find_places, only_place, rewritten
from maspo.team.load import load_system

PIECES: Final = (
    *("{", "}", "{{", "}}", "{x}", "{{y}}", "{0}", "{ z }", "{%", "%}", "{% if a %}", "{#", "#}", "{$", "{\\"),
    *("$", "$v", "${w}", "$$", "%", "%s", "%(x)s", "%%", "\\", "\\n", "\\\\", "\\frac{a}{b}", "\\N{BULLET}", "\\x41"),
    *(
        "'",
        '"',
        "'''",
        '"""',
        "`",
        "<b>",
        "&amp;",
        "#",
        "r'",
        'f"',
        "é",
        "中文",
        "\u2028",
        "\t",
        "\r\n",
        "\n    ",
        "🙂",
        "one",
        "two",
        ", ",
        ". ",
        "\n",
    ),
)
"""What rewrites are made of: what Python, its ways of formatting, Jinja and Google ADK read as more than itself."""
LENGTH: Final = 12
"""Pieces of a rewrite."""
NUMBER: Final = 40
TEMPLATES: Final[Mapping[str, Template]] = {"haystack": "jinja"}
"""What `maspo apply` is told with --template where it asks; of the others, that nothing reads them."""


@dataclass(frozen=True)
class Returned:
    """What became of rewrites that were written into a team's source."""

    arrived: int
    refused: int
    """Those that cannot be written so that they arrive, and are not written."""
    changed: tuple[str, ...]
    """Those that arrived as something else, or not at all: there must be none."""


def rewrites(number: int) -> list[str]:
    """Return texts, the same in each run."""
    drawn = random.Random("rewrites")
    return [f"Rewrite {one}. {''.join(drawn.choices(PIECES, k=LENGTH))} The end." for one in range(number)]


def returned(team: Team, server: Endpoint, folder: Path, first: str, *, is_loose: bool) -> Returned:
    """Write each rewrite into a copy of a team that was discovered, and run that.

    ``first`` is what the prompt of its first agent holds; ``is_loose`` compares without white space.
    """
    prompts = load_system(folder / "system.yaml").prompts.values()
    old = next((one for one in prompts if first in one), first)
    source = (team.folder / team.file).read_text(encoding="utf-8")
    written, texts = dict[str, str](), rewrites(NUMBER)
    for number, text in enumerate(texts):
        try:
            place = only_place(find_places(team.file, source, old))
            patched = _patched(source, place, old, text, TEMPLATES.get(team.name, "none"))
        except CannotWrite:
            continue
        copy = folder / f"copy{number}"
        copy.mkdir()
        (copy / team.file).write_bytes(patched.encode())
        written[copy.name] = text
    server.heard.clear()
    told = team.from_folders(server.url, ROWS[0], list(written))
    heard = [one if not is_loose else "".join(one.split()) for one in server.prompts()]
    changed = [
        f"{told[copy] or 'changed'}: {text}"
        for copy, text in written.items()
        if not stands_in(text if not is_loose else "".join(text.split()), heard)
    ]
    return Returned(len(written) - len(changed), len(texts) - len(written), tuple(changed))


def _patched(source: str, place: Place, old: str, new: str, template: Template) -> str:
    """Write a rewrite as `maspo apply` does: as it tells itself, else as it is told."""
    try:
        return rewritten(source, place, old, new)
    except CannotWrite:
        if template in place.readings:
            return rewritten(source, place, old, new, template)
        raise


def stands_in(text: str, heard: Sequence[str]) -> bool:
    """Say whether a text stands in one that was heard."""
    return any(text in one for one in heard)

"""Renews the tables in docs/commands.md: of commands from their help, of settings from the fields that declare them.

make tables
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Literal, get_args, get_origin

import typer
from pydantic.fields import FieldInfo

from maspo.cli.app import SECTIONS, app
from maspo.config import RunConfig
from maspo.configure import flag_of, list_fields
from maspo.flags import FLAGS
from maspo.optimizers.registry import OPTIMIZERS, config_class

PAGE = Path(__file__).resolve().parent / "commands.md"
LONGEST = 1000
"""Characters: more than any description has."""
_BLOCK = re.compile(r"(<!-- table: ([\w-]+) -->\n)(?:\|.*\n)*(<!-- end -->)")


def main() -> None:
    """Write the tables anew."""
    PAGE.write_text(renew(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


def renew(page: str) -> str:
    """Return a page with its tables as the fields have them now."""
    return _BLOCK.sub(lambda found: found[1] + "".join(TABLES[found[2]]()) + found[3], page)


def list_commands() -> list[str]:
    """Return the commands in the order of ``--help``, with what each does."""
    commands = vars(typer.main.get_command(app))["commands"]
    rows = []
    for title, names in SECTIONS.items():
        for name in names:
            inner = getattr(commands[name], "commands", None) or {"": commands[name]}
            for word, command in inner.items():
                called = f"maspo {name} {word}".rstrip()
                link = f"[`{called}`](#{called.replace(' ', '-')})"
                rows.append((title if name == names[0] else "", link, command.get_short_help_str(LONGEST)))
    return table(("", "command", "does"), rows)


def list_options() -> list[str]:
    """Return the options of settings, in the order of ``--help``."""
    fields = {flag.name: field for _, field in list_fields(RunConfig) if (flag := flag_of(field))}
    flags = [flag for flag in FLAGS.values() if flag.commands in ("models", "search")]
    rows = [(f"`{flag.option}`", _means(fields[flag.name]), _default(fields[flag.name])) for flag in flags]
    return table(("option", "means", "default"), rows)


def list_settings() -> list[str]:
    """Return every setting but those of optimizers, with all the names that it has."""
    fields = [(path, field) for path, field in list_fields(RunConfig) if path[0] != "search"]
    rows = [(f"`{'.'.join(path)}`", _names(field), _means(field), _default(field)) for path, field in fields]
    return table(("setting", "names", "means", "default"), rows)


def list_search(method: str) -> list[str]:
    """Return every setting of an optimizer but its name."""
    fields = [(path, field) for path, field in list_fields(config_class(method)) if path != ("method",)]
    rows = [(f"`search.{'.'.join(path)}`", _means(field), _default(field)) for path, field in fields]
    return table(("setting", "means", "default"), rows)


TABLES: Mapping[str, Callable[[], list[str]]] = {
    "commands": list_commands,
    "options": list_options,
    "settings": list_settings,
    **{method: partial(list_search, method) for method in OPTIMIZERS.own},
}
"""How each table of the page is written, by the name in the comment above it."""


def table(headers: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    """Return the lines of a table in Markdown."""
    lines = [headers, ("---",) * len(headers), *rows]
    return ["| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |\n" for line in lines]


def _means(field: FieldInfo) -> str:
    """Return what a setting means, and its choices where the words do not name them."""
    flag = flag_of(field)
    words = flag.means if flag else field.description or ""
    choices = get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
    if all(re.search(rf"\b{one}\b", words) for one in choices):
        return words
    return f"{words}: {', '.join(f'`{one}`' for one in choices)}"


def _names(field: FieldInfo) -> str:
    """Return the option, the variable and the keyword of a setting."""
    flag = flag_of(field)
    if flag is None:
        return ""
    names = [flag.variable, f"{flag.keyword}="]
    return ", ".join(f"`{name}`" for name in ([] if flag.commands == "none" else [flag.option]) + names)


def _default(field: FieldInfo) -> str:
    flag = flag_of(field)
    value = field.get_default(call_default_factory=True)
    if flag is not None and flag.default:
        return flag.default
    if value is None or value in ({}, ""):
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return f"`{list(value)}`"
    return f"`{value}`" if isinstance(value, str) else f"{value:g}"


if __name__ == "__main__":
    main()

"""``maspo import-prompts``: a system file from an export of a builder that goes away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from maspo.cli.terminal import lay_out, note, print_json, say, table
from maspo.core.errors import SystemInvalid, UsageError, said_of, typed
from maspo.core.plain import Dumped
from maspo.core.plain_files import MOST_TEXT, read_named
from maspo.store.files import write_whole
from maspo.team.flow import describe_calls

if TYPE_CHECKING:
    from maspo.data.agent_builder import ImportedTeam


def run_import(file: Path, out: Path, as_json: bool) -> None:
    """Write the system file of the team in an export, and say what the export does not tell."""
    from maspo.data.agent_builder import read_export
    from maspo.team.load import dump_system

    if out.exists():
        raise UsageError(f"--out {out}: is there already; give another name, or delete it")
    try:
        text = read_named(file, MOST_TEXT).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SystemInvalid(
            f"{file}: cannot be read ({said_of(error)}); give the Python export as a UTF-8 file"
        ) from None
    found = read_export(text, file.stem)
    write_whole(out, dump_system(found.system))
    for one in found.notes:
        note(f"note: {one}")
    rows = [(one.name, ", ".join(one.reads) or "the input", describe_calls(one)) for one in found.system.agents]
    say(table(("agent", "reads", "called"), rows))
    say()
    say(
        lay_out(
            ("answer", f"written by {found.system.output}"),
            ("file", str(out)),
            ("next", f"maspo check {typed(out)} --inputs FILE"),
        )
    )
    if as_json:
        print_json(_figures(found, out))


@dataclass(frozen=True, slots=True)
class _Figures(Dumped):
    """What ``--json`` prints."""

    system: str
    agents: Sequence[str]
    output: str
    notes: Sequence[str]


def _figures(found: ImportedTeam, out: Path) -> _Figures:
    return _Figures(str(out), found.system.order, found.system.output, found.notes)

"""The commands that show runs."""

from pathlib import Path
from typing import Annotated

import typer

from maspo.cli.options import (
    Json,
    RunFolder,
    Store,
)


def ui(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="DIR", help="Run folders, or folders that hold some [default: maspo-runs].", show_default=False
        ),
    ] = None,
    port: Annotated[int, typer.Option("--port", metavar="N", min=0, max=65535, help="0: one that is free.")] = 0,
    allow_actions: Annotated[
        bool, typer.Option("--allow-actions", help="Let whoever has the printed address decide about the runs.")
    ] = False,
    store: Store = "",
    as_json: Json = False,
) -> None:
    """Show runs in a browser, live.

    Listens on this machine only, reads the records, and prints the address to open. Ctrl-C ends it.
    """
    from maspo.cli.ui import run_ui

    run_ui(folders or [], port, allow_actions, as_json, store)


def runs(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to look for run folders.")] = Path(),
    store: Store = "",
    as_json: Json = False,
) -> None:
    """List the runs, evaluations and judge checks below a folder, or the runs of a store, newest first."""
    from maspo.cli.runs import list_runs, list_stored

    if store:
        list_stored(store, as_json)
    else:
        list_runs(folder, as_json)


def report(
    folder: RunFolder,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE", help="Write the page of a run here; its folder is only read.", show_default=False
        ),
    ] = None,
    store: Store = "",
    as_json: Json = False,
) -> None:
    """Write the report of a run or an evaluation again from the record.

    Works while a run goes on and after an interruption, too.
    """
    from maspo.cli.runs import report_elsewhere, report_folder

    if out is not None:
        report_elsewhere(folder, out, as_json, store)
    else:
        report_folder(folder, as_json, store)


def diff(
    folder: RunFolder,
    before: Annotated[
        str, typer.Argument(metavar="A", help="seed, shipped, winners, a run folder or a prompts.json.")
    ] = "seed",
    after: Annotated[str, typer.Argument(metavar="B", help="The same, to compare with.")] = "shipped",
    as_json: Json = False,
) -> None:
    """Show how two sets of prompts differ.

    By default the seed prompts and what was shipped; [-removed-] and {+added+} words.
    """
    from maspo.cli.runs import compare_prompts

    compare_prompts(folder, before, after, as_json)


def spans(
    folder: RunFolder,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write them as OTLP JSON.", show_default=False)
    ] = None,
    to: Annotated[
        str,
        typer.Option(
            "--to",
            metavar="URL",
            help="Send them to a collector [default: OTEL_EXPORTER_OTLP_ENDPOINT, where no --out is given].",
            show_default=False,
        ),
    ] = "",
    content: Annotated[
        bool, typer.Option("--content", help="With prompts, inputs and replies, which are left out otherwise.")
    ] = False,
    store: Store = "",
    as_json: Json = False,
) -> None:
    """Tell the calls of a run as OpenTelemetry spans, by the GenAI conventions."""
    from maspo.cli.spans import tell_spans

    tell_spans(folder, out, to, content, store, as_json)


COMMANDS = (ui, runs, report, diff, spans)

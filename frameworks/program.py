"""A program that a framework ships, run as an app: its source as it stands, then asked for one row.

This file is copied beside ``program.json``, which says what is run, and imported in the framework's own environment.
"""

from __future__ import annotations

import ast
import asyncio
import inspect
import io
import json
import linecache
import os
import re
import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

_BLOCK = re.compile(r"^[ \t]*```(?:py|python)\b[^\n]*\n(.*?)^[ \t]*```", re.MULTILINE | re.DOTALL)
_MAGIC = re.compile(r"^[ \t]*[%!].*$", re.MULTILINE)
"""What a notebook asks of its shell."""


def blocks_of(path: Path) -> list[str]:
    """Return the code that a file shows: a notebook's cells, a page's blocks of Python, or the file itself."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        cells = [one for one in json.loads(text)["cells"] if one["cell_type"] == "code"]
        return [_MAGIC.sub("pass", "".join(one["source"])) for one in cells]
    return _BLOCK.findall(text) if path.suffix in (".md", ".mdx") else [text]


def program_of(told: Mapping[str, Any]) -> ast.Module:
    """Return the statements that are run: those of the chosen blocks, up to where the program asks something itself."""
    found = blocks_of(Path(told["path"]))
    source = "\n".join(found[place] for place in told["blocks"] or range(len(found)))
    for old, new in told["models"]:
        if old not in source:
            raise ValueError(f"{told['path']}: no {old!r} in it; the shipped program has changed")
        source = source.replace(old, new)
    # Frameworks read a tool's source, which stands at other lines than those of a page.
    linecache.cache[told["path"]] = (len(source), None, source.splitlines(keepends=True), told["path"])
    module = ast.parse(source)
    if told["until"]:
        begins = (one.lineno for one in module.body if told["until"] in (ast.get_source_segment(source, one) or ""))
        line = next(begins)
        module.body = [one for one in module.body if one.lineno < line]
    return module


TOLD = json.loads(Path(__file__).with_name("program.json").read_text(encoding="utf-8"))
os.chdir(TOLD["folder"])
sys.path[:0] = [TOLD["folder"], str(Path(TOLD["path"]).parent)]
# By this key an endpoint knows requests of one process, which answers one row, whatever they show.
os.environ.update(dict.fromkeys(("OPENAI_API_KEY", "GEMINI_API_KEY"), f"process {os.getpid()}"))
# Tools that look into the web find a proxy which refuses at once: what is out there is another thing each time, and on
# a machine without a way out look-ups of names may wait longer than some frameworks wait for an agent.
for name in ("http_proxy", "https_proxy", "all_proxy"):
    os.environ.update(dict.fromkeys((name, name.upper()), "http://127.0.0.1:9"))
os.environ.update(dict.fromkeys(("no_proxy", "NO_PROXY"), "127.0.0.1,localhost"))
NAMES: dict[str, Any] = {"__name__": "shipped", "__file__": TOLD["path"]}
exec(compile(TOLD["first"], "first", "exec", dont_inherit=True), NAMES)
exec(compile(program_of(TOLD), TOLD["path"], "exec", dont_inherit=True), NAMES)


def answer(row: Mapping[str, str]) -> str:
    """Return what the program answers, or prints."""
    sys.stdin = io.StringIO(TOLD["typed"].replace("{input}", row["input"]))
    with redirect_stdout(io.StringIO()) as printed:
        try:
            said = asyncio.run(asked(row)) if TOLD["awaits"] else eval(TOLD["call"], NAMES, {"row": row})
        except SystemExit as error:
            if error.code:
                raise
            said = None
    return printed.getvalue() if said is None else str(said)


async def asked(row: Mapping[str, str]) -> Any:
    """Ask in an event loop, and wait for the answer."""
    said = eval(TOLD["call"], NAMES, {"row": row})
    return await said if inspect.isawaitable(said) else said

"""Settings and resumed runs as Python names them, where texts name options and commands: ``max_calls=500``."""

from __future__ import annotations

import re
import shlex
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from maspo.core.errors import MaspoError
from maspo.flags import FLAGS

_ARGUMENTS: Final = {
    **{name: flag.keyword for name, flag in FLAGS.items()},
    "start-from": "start_from",
    "inputs": "inputs",
    "out": "out",
    "state": "state",
}
"""Options of commands by the name of the argument that gives the same in Python."""
_WORDS: Final = frozenset(word for flag in FLAGS.values() for word in flag.metavar.split("|") if word.islower())
"""Values that are words, such as ``auto``: what follows an option and is none of them is text of the sentence."""
_OPTION: Final = re.compile(rf"--({'|'.join(_ARGUMENTS)})(?![\w-])(?: (\d[\d.]*\b|'[^']*'|[a-z]+\b))?")
_SET: Final = re.compile(r"--set ([a-z_]+)\.([a-z_]+)=('[^']*'|…|[^\s;,)]*[^\s;,).])?")
_SET_ALONE: Final = re.compile(r"--set(?![\w-])")
_COMMAND: Final = re.compile(r"`[^`]*`")
"""A command to type stays as it is typed."""
_RESUME: Final = re.compile(
    r"(?P<before>`|(?<=: ))maspo resume"
    r"(?: (?P<folder>'[^']*'|[^\s`'-][^\s`']*)(?P<options>(?: --(?:max-usd|max-calls|max-minutes|trust) [^\s`]+)*))?"
    r"(?P<after>`|$)",
    re.MULTILINE,
)
"""The one command that Python has a function for which goes on with the same folder."""


def in_python(text: str) -> str:
    """Return a text with options of the command line as arguments of Python, and ``--set`` as a part of the config."""
    text = _RESUME.sub(_resumed, text)
    end, found = 0, ""
    for command in _COMMAND.finditer(text):
        found += _translated(text[end : command.start()]) + _kept_or_translated(command[0])
        end = command.end()
    return found + _translated(text[end:])


@asynccontextmanager
async def told_in_python() -> AsyncIterator[None]:
    """Let errors of an async function name settings as whoever calls from Python gave them."""
    try:
        yield
    except MaspoError as error:
        error.args = (in_python(str(error)), *error.args[1:])
        raise


def _resumed(found: re.Match[str]) -> str:
    """Return how Python goes on with a run: ``maspo.resume('my-run', max_calls=N)``."""
    call = "maspo.resume"
    if folder := found["folder"]:
        words = found["options"].split()
        given = [repr(shlex.split(folder)[0])]
        for option, value in zip(words[::2], words[1::2], strict=True):
            name = option.removeprefix("--").replace("-", "_")
            given.append(f"{name}={value!r}" if name == "trust" else f"{name}={value}")
        call += f"({', '.join(given)})"
    return f"{found['before']}{call}{found['after']}"


def _kept_or_translated(quoted: str) -> str:
    """Return what stands between backticks: a command as it is, an option alone as an argument."""
    return _translated(quoted) if quoted.startswith("`--") else quoted


def _translated(text: str) -> str:
    text = _SET.sub(_of_config, text)
    text = _SET_ALONE.sub("config", text)
    return _OPTION.sub(_of_argument, text)


def _of_config(found: re.Match[str]) -> str:
    group, name, value = found.groups()
    value = (value or "…").strip("'")
    bare = re.fullmatch(r"…|[\d.]+|\[.*\]|\{.*\}|true|false|N", value)
    written = {"true": "True", "false": "False"}.get(value, value) if bare else repr(value)
    return f"config=RunConfig({group}={{'{name}': {written}}})"


def _of_argument(found: re.Match[str]) -> str:
    name, value = _ARGUMENTS[found[1]], found[2]
    if value is None:
        return name
    if value[0].isdigit() or value[0] == "'":
        return f"{name}={value}"
    return f"{name}={value!r}" if value in _WORDS else f"{name} {value}"

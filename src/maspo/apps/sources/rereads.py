"""What a script does to a text after its shell has read it: runs it, prints it as a form, parts it into words. Pure.

A prompt that is written into quotes is data for the shell, but not for ``eval``, ``ssh`` or ``sed``, which read it once
more as a program. What such a script is given holds words alone, or is refused: a prompt is never run.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

_OPTIONS: Final = r"(?:[ \t]+-[^\s;|&]+)*"
_UP_TO_A_VALUE: Final = r"(?:'[^']*'|\\.|[^|;&\n\"'$`\\])*(?:\"(?:[^\"\\$`]|\\.)*)?[$`]"
"""The rest of a command up to the first value in it, quoted or not."""
_TO_A_SCRIPT: Final = r"[> \t]\"?[^\s;|&<>\"]*\.(?:sh|bash|zsh|py|js|mjs|ts|pl|rb|php|env)\b"
"""A file that is one of a program, by its name."""
_PROGRAMS: Final = re.compile(
    r"eval(?![ \t]+\"?\$\([^$`()<\"']*\)\"?[ \t]*(?:[\n;&|]|\Z))(?![\w.=-])"
    r"|(?:ssh|xargs|envsubst|parallel|su|runuser|pssh|sshpass|alias|let|m4|bc|expect|tmux|screen)(?![\w.=/-])"
    rf"|[\w/]*\b(?:sh|bash|dash|ash|zsh|ksh|mksh|fish|pwsh)\b[^\n;|&\"'$]*[ \t](?:-\w*[cs]\b|-(?=\s|\Z))"
    rf"|[\w/]*\b(?:sh|bash|dash|ash|zsh|ksh|mksh|fish){_OPTIONS}[ \t]*(?=[\n;|&)<]|\Z)"
    rf"|(?:cat|tee)(?=[^\n]*<<-?[ \t]*\w)(?=[^\n;|&]*?{_TO_A_SCRIPT})"
    rf"|(?:echo|printf)(?=[^\n]*[$`])(?=[^\n;|&]*?(?:{_TO_A_SCRIPT}|\|[ \t]*tee[ \t][^\n]*{_TO_A_SCRIPT}))"
    r"|(?:source|\.)[ \t]+(?:/dev/stdin|/dev/fd|<\()"
    rf"|[\w/]*\b(?:python[\d.]*|node|deno|bun|perl|ruby|php|osascript|lua|tclsh|Rscript)\b[^\n;|&\"'$]*"
    r"[ \t]-\w*[cerEpn]\b"
    rf"[^\n]*?(?=\"|\$){_UP_TO_A_VALUE}"
    rf"|[\w/]*\b(?:python[\d.]*|node|deno|bun|perl|ruby|php|psql|mysql|sqlite3)\b[^\n;|&]*<<-?[ \t]*[\w<]"
    rf"|(?:sed|gsed|awk|gawk|mawk|perl|make|adb|ed|ex|psql|mysql|sqlite3|duckdb)(?![\w.=/-]){_UP_TO_A_VALUE}"
    r"|(?:script|flock|watch)(?![\w.=/-])[^\n;|&]*[ \t]-\w*c\b"
    r"|trap[ \t]+\"(?:[^\"\\]|\\.)*?[$`]"
    r"|\"?\$\{?(?:SHELL|BASH)\b\}?\"?[ \t]+-\w*[cs]\b",
    re.DOTALL,
)
"""Commands that read what they are given as a program, and those whose program a script puts together from values."""
_RUN: Final = re.compile(r"\$\{[^{}\n]*@[PE]\}")
"""A value that the shell reads once more."""
_FORMS: Final = re.compile(r"printf[ \t]+(?:-v[ \t]+\w+[ \t]+)?(?:--[ \t]+)?(?:\"[^\"\n]*?)?\$[^\n;|&]*")
_WORDS: Final = re.compile(r"(?:echo|printf)\b(?:\"(?:[^\"\\]|\\.)*\"|'[^']*'|[^\n;|&\"'()])*?[ \t]\$\{?\w[^\n;|&]*")
_ARGUMENTS: Final = re.compile(r"(?<=[ \t(])(?:\$[A-Za-z_]\w*|\$\{[A-Za-z_]\w*\})(?=[\s;|&)]|\Z)", re.ASCII)
_LINES: Final = re.compile(
    r"read(?=[ \t<])(?:(?![^\n;|&]*[ \t]-[a-z]*r)|(?![^\n;|&]*[ \t]-[a-z]*d)(?=[^\n;|&]*<<))[^\n;|&]*"
)
_IN_JQ: Final = re.compile(
    r"jq(?:[ \t\\\n]+(?:--(?:arg|argjson|rawfile|slurpfile)[ \t]+\S+[ \t]+(?:\"[^\"]*\"|'[^']*'|[^\s\"']+)|-[\w-]+))*"
    r"[ \t\\\n]+\"(?:[^\"\\$]|\\.)*\$[^\n;|&]*",
    re.DOTALL,
)
_NO_WORDS: Final = re.compile(r"[^\w .,-]|  |\n|^-|_", re.MULTILINE)
"""What may mean something to one program or another."""


_MOST_LOOKED_AT: Final = 10_000_000
"""Characters up to the ends of their lines, over all commands: a second or two; people write a thousandth of it."""


@dataclass(frozen=True, slots=True)
class _Way:
    """A way of reading a text once more."""

    command: re.Pattern[str]
    changes: re.Pattern[str]
    """What of a text does not arrive as it is."""
    why: str


_OF_VALUES: Final = (
    _Way(_FORMS, re.compile(r"[%\\]|\A-"), "printf reads a value as the form of what it prints"),
    _Way(_WORDS, re.compile(r"\s\s|[\n\t\r*?\[\]\\]|\A-"), "a value without quotes is parted into words"),
    _Way(
        _ARGUMENTS,
        re.compile(r"\s\s|[\n\t\r*?\[\]\\]|(?:\A|\s)-"),
        "a value without quotes is parted into words, and those with a dash are options",
    ),
    _Way(
        _IN_JQ,
        re.compile(r'(?<!\\)(?:\\\\)*(?:"|\\(?!["\\/bfnrtu]))|[\x00-\x1f]'),
        "jq reads a value within its program",
    ),
    _Way(_LINES, re.compile(r"[\n\\]"), "read takes backslashes (without -r) and further lines (without -d) away"),
)
"""Ways that change some signs of the values that they name."""
_VALUE: Final = re.compile(r"\$\{?(\w+|[@*])")
_HANDED_ON: Final = re.compile(r"[0-9]+|[@*]", re.ASCII)


class Rereads:
    """What the commands of a script read once more."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._program = ""
        self._looked_at = 0
        self._values: list[tuple[_Way, frozenset[str]]] = []
        if found := _RUN.search(source):
            self._note_program(found)

    @property
    def is_too_long(self) -> bool:
        """Whether lines of the script hold more commands than can be looked at in a few seconds."""
        return self._looked_at > _MOST_LOOKED_AT

    def see(self, at: int) -> None:
        """Look at a command, or at a word of one."""
        if self.is_too_long:
            return
        end = self._source.find("\n", at)
        self._looked_at += (end if end >= 0 else len(self._source)) - at
        if not self._program and (found := _PROGRAMS.match(self._source, at)):
            self._note_program(found)
        for way in _OF_VALUES:
            if found := way.command.match(self._source, at):
                self._values.append((way, frozenset(_VALUE.findall(found[0]))))

    def refuse(self, text: str, called: Sequence[str]) -> str:
        """Return why a text that is given a name would be run or changed; nothing where it would not."""
        if self._program and _NO_WORDS.search(text):
            return (
                f"{self._program} reads texts of the script once more, as a program, which would run or change what "
                "is not words alone; write it by hand, or have the script read the prompt from a file of text"
            )
        for way, names in self._values:
            is_named = bool(names.intersection(called[:1]))
            may_be = not names or not called or any(map(_HANDED_ON.fullmatch, names))
            is_meant = is_named or (may_be and way.command is not _ARGUMENTS)
            if is_meant and way.changes.search(text):
                return f"{way.why} in the script, which would change it; write it by hand, or mend that first"
        return ""

    def _note_program(self, found: re.Match[str]) -> None:
        word = found[0].split()[0].strip("\"'")
        self._program = f"{word!r} in line {self._source.count(chr(10), 0, found.start()) + 1}"


_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\Z)', re.DOTALL)
_JSON_SIGNS: Final = re.compile(r'(?:[\s{}\[\]:,"]|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true\b|false\b|null\b)*')
_TWO_VALUES: Final = re.compile(r'"\s*"')


def may_be_json(text: str, values: Mapping[str, str]) -> bool:
    """Say whether a text is the beginning of JSON with values in it: a program has other signs outside its quotes."""
    rest = _STRING.sub('"', text)
    for name in values:
        rest = rest.replace(name, '"')
    return _JSON_SIGNS.fullmatch(rest) is not None and _TWO_VALUES.search(rest) is None

r"""Placeholders: the only braces of a prompt that mean anything.

A prompt without placeholders is a system message. A prompt with placeholders is a template. Only names that the
system knows are placeholders; every other brace is text, so ``\boxed{x}`` and JSON survive unchanged.
Rendering is one pass over the template: text that is filled in is never scanned again.

How they are written is a setting of the agent (``template`` in the system file): ``braces`` as ``{input}``, ``jinja``
as ``{{ input }}`` (also the way of Mustache, MLflow and promptfoo), ``none`` for a prompt without any.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Final

from maspo.core.excerpts import on_one_line

TEMPLATES: Final = ("braces", "jinja", "none")
BRACES, JINJA, NONE = TEMPLATES
_VALUE = re.compile(r"value\d*")
_BRACED = re.compile(r"\{([^{}\n]+)\}")
_DOUBLE = re.compile(r"\{\{[ \t]*+([^{}\n]*?[^{}\n \t])[ \t]*+\}\}")
_WRITTEN: Final = {BRACES: _BRACED, JINJA: _DOUBLE}
_JINJA_OPENS: Final = re.compile(r"\{(?=[{%#])")
STATEMENT: Final = re.compile(r"\{%.*?%\}", re.DOTALL)
"""Of Jinja: loops, conditions and the like, which are not understood here."""
_SINGLE_NAME = re.compile(r"(?<![\\\w^{])\{[ \t]*([^\W\d][\w.-]*)[ \t]*\}(?!\})")
"""What looks like a placeholder: one name in braces, which no command of LaTeX, sub- or superscript comes before."""
_EXPRESSION = re.compile(r"[#/^&>!]?\s*+[^\W\d]\w*+(?:\.\w+|\[[\w'\"]+\])*+(?:\s*\|\s*+[^\W\d]\w*+(?:\([^()]*\))?)*+")
"""What Jinja, Mustache and Handlebars write in double braces: a name, its parts, filters, the mark of a section."""
_TRIPLE = re.compile(r"\{\{\{[ \t]*+([^{}\n]*?[^{}\n \t])[ \t]*+\}\}\}")
"""Of Mustache: a value as it is, without escapes."""
_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_ELSEWHERE = re.compile(
    r"(?<!\$)\$\{[ \t]*([^\W\d]\w*)[ \t]*\}(?!\$)|%\(([^\W\d]\w*)\)s|(?<![\w$\\])\$([^\W\d]\w*+)(?!\$)"
)
"""Placeholders of JavaScript and shells, of Python's ``%`` and of ``string.Template``."""
_SPACED = re.compile(r"(?<!\{)\{[ \t]+([^{}\n]*?)[ \t]+\}(?!\})")
_NAMES_SHOWN: Final = 6
"""Of the names that a remark lists: more fill a screen."""
_SHOWN: Final = 40
"""Characters of a statement or comment that a remark shows."""
_OF_THE_INPUT: Final = frozenset(
    ("message", "problem", "prompt", "query", "question", "request", "task", "text", "user_input", "user_query")
)
"""What prompts of other tools call the input: without a column of that name, an agent would be sent the braces."""
_CLOSE: Final = 0.76
"""Likeness (of ``difflib``) from which on a name is one letter or two away: ``inptu`` has 0.8 of ``input``, and
``equation`` 0.75 of ``question``."""


def placeholders(prompt: str, known: Collection[str], template: str = BRACES) -> frozenset[str]:
    """Return the placeholders of a prompt: the braced names that ``known`` holds."""
    written = _WRITTEN.get(template)
    return frozenset(name for name in written.findall(prompt) if name in known) if written else frozenset()


def values_of(prompt: str) -> frozenset[str]:
    """Return the placeholders in an app's prompt: ``{value}``, ``{value2}``, … stand for what the app puts there."""
    return frozenset(name for name in _BRACED.findall(prompt) if _VALUE.fullmatch(name))


def render(prompt: str, values: Mapping[str, str], template: str = BRACES) -> str:
    """Fill each known placeholder in one pass; braces around unknown names stay as they are."""
    written = _WRITTEN.get(template)
    return written.sub(lambda match: values.get(match.group(1), match.group(0)), prompt) if written else prompt


def without_placeholders(text: str, template: str, found: Callable[[str], Collection[str]]) -> str:
    """Return a text of data in which nothing is filled in: its braces stand apart where they would be a placeholder.

    ``found`` returns the placeholders of a prompt. What a template language of an app would read is parted, too.
    """
    if template == JINJA:
        return _JINJA_OPENS.sub("{ ", text)
    names = found(text)
    return _BRACED.sub(lambda match: f"{{ {match[1]} }}" if match[1] in names else match[0], text)


def as_written(name: str, template: str = BRACES) -> str:
    """Return a placeholder as a prompt holds it."""
    return f"{{{{ {name} }}}}" if template == JINJA else f"{{{name}}}"


def likely_slips(prompt: str, known: Collection[str], template: str = BRACES) -> Iterator[str]:
    """Yield what in a prompt looks like a placeholder and is none, each with what is meant, in words."""
    if template == NONE:
        return
    doubled = set(_DOUBLE.findall(prompt))
    if template == BRACES and doubled & set(known):
        name = min(doubled & set(known))
        yield (
            f"{{{{{name}}}}} is filled in as {{{name}}} and keeps a pair of braces; write {{{name}}}, or "
            "`template: jinja` for this agent"
        )
    meant = meant_by_slips(prompt, known, template)
    for name in [name for name, close in meant.items() if close]:
        given = as_written(name, template)
        yield f"{given} is no placeholder and is sent as it stands; did you mean {as_written(meant[name], template)}?"
    if template == BRACES and not placeholders(prompt, known):
        for name in [name for name, close in meant.items() if name.lower() in _OF_THE_INPUT and not close]:
            yield (
                f"{{{name}}} is no placeholder, since no column has that name, and is sent as it stands; the input is "
                "{input}, and a prompt without placeholders is followed by it"
            )
    for name in sorted(name for name in doubled - set(known) if _EXPRESSION.fullmatch(name) and not meant.get(name)):
        yield (
            f"{{{{{name}}}}} looks like a placeholder of Jinja, Mustache or MLflow, and nothing of that name is "
            f"there: it is sent as it stands. Expected {_some(known, template)}; with `template: none` it is meant as "
            "text"
        )
    yield from _other_habits(prompt, known, template)
    for name in sorted(set(_SPACED.findall(prompt)) & set(known)) if template == BRACES else ():
        yield f"{{ {name} }} is no placeholder, for the spaces in it, and is sent as it stands; write {{{name}}}"


def meant_by_slips(prompt: str, known: Collection[str], template: str = BRACES) -> dict[str, str]:
    r"""Return the names in braces that are no placeholders, each with the one that is meant, empty where none is near.

    Of LaTeX, as in ``\boxed{answers}`` and ``\begin{equation}``, nothing is a name in braces.
    """
    if template == NONE:
        return {}
    found = _SINGLE_NAME.findall(prompt) if template == BRACES else sorted(set(_DOUBLE.findall(prompt)))
    return {name: _meant(name, known) for name in dict.fromkeys(found) if name not in known}


def _meant(name: str, known: Collection[str]) -> str:
    """Return the known name that is one letter or two away; empty when there is none."""
    names = {one.lower(): one for one in known}
    close = difflib.get_close_matches(name.lower(), names, n=1, cutoff=_CLOSE)
    return names[close[0]] if close else ""


def _other_habits(prompt: str, known: Collection[str], template: str) -> Iterator[str]:
    """Yield what other template languages would read: statements, comments, values between other signs."""
    for statement in STATEMENT.findall(prompt)[:1] if template == BRACES else ():
        yield f"{_begun(statement)} looks like a statement of Jinja, which are not understood: it is sent as it stands"
    for comment in _COMMENT.findall(prompt)[:1] if template == JINJA else ():
        yield f"{_begun(comment)} is a comment of Jinja, which are not left out: it is sent as it stands"
    if template == JINJA and (triple := sorted(set(_TRIPLE.findall(prompt)) & set(known))):
        given, name = f"{{{{{{{triple[0]}}}}}}}", as_written(triple[0], template)
        yield f"{given} is filled in as {name} and keeps a pair of braces; write {name}: nothing is escaped"
    for match in _ELSEWHERE.finditer(prompt):
        name = next(filter(None, match.groups()))
        if name in known:
            kept = template == BRACES and match[0] == f"${{{name}}}"
            what = "is filled in and keeps its dollar sign" if kept else "is no placeholder and is sent as it stands"
            yield f"{match[0]} {what}; write {as_written(name, template)}"
            return


def _begun(text: str) -> str:
    return on_one_line(text, _SHOWN)


def _some(known: Collection[str], template: str) -> str:
    names = sorted(known)
    shown = ", ".join(as_written(name, template) for name in names[:_NAMES_SHOWN])
    return f"{shown}, …" if len(names) > _NAMES_SHOWN else shown

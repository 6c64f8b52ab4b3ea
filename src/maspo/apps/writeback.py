"""Writing prompts back into the files that they came from: found as texts, replaced exactly, or refused. Pure.

What a source says and what arrives at the model may differ: a framework strips, dedents, or reads braces as a
template, and a program puts values in. So a prompt is found under what is known to be done to texts, a new one is
written so that the same makes it come out unchanged, and whatever cannot be told is refused with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Final

import yaml

from maspo.apps.alignment import CannotKeep, Filled, check_order, fill, keep
from maspo.apps.languages import MARKED, CannotSay, Hole, read, write
from maspo.apps.literals import Named, Template
from maspo.apps.sources import javascript, notebook, plain, python, shell
from maspo.apps.sources.base import ANY, Said, Tidy

TEXT_FILES: Final = (".txt", ".md", ".mdx", ".markdown", ".xml", ".prompt", ".prompty", ".j2", ".jinja", ".jinja2")
_JINJA: Final = (".j2", ".jinja", ".jinja2")
_YAML: Final = (".yaml", ".yml")
NOTEBOOK: Final = ".ipynb"
_JAVASCRIPT: Final = (".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx")
_SHELL: Final = (".sh", ".bash")
FILES: Final = (".py", NOTEBOOK, *_JAVASCRIPT, *_SHELL, *_YAML, ".json", ".toml", *TEXT_FILES)
"""Kinds of files in which prompts are looked for."""
_SPECIAL: Final = {"braces": ("{", "}"), "dollar signs": ("$",), "percent signs": ("%",)}
"""What template languages give a meaning."""
_SPECIAL_IN_SCRIPTS: Final = {"double quotes": ('"',), "backslashes": ("\\",), "line breaks": ("\n",)}


_IN_ORDER: Final[tuple[Named, ...]] = ("braces", "percent")
"""Languages in which holes may have no names."""


_PLAIN_WORD: Final = re.compile(r"[A-Za-z]{4,}")


class CannotWrite(Exception):
    """A prompt cannot be written back exactly; says why."""


@dataclass(frozen=True)
class Place:
    """Where a prompt stands in a file."""

    file: str
    line: int
    said: Said
    readings: Mapping[Named, tuple[Filled, ...]]
    """Languages by which the text is read as the prompt, and what then stood in its holes."""
    undone: Tidy
    """What is done to the text before it arrives: dedented, or nothing."""

    @property
    def start(self) -> int:
        """From which character of the source."""
        return self.said.start


def find_places(file: str, source: str, prompt: str, told: python.Told = MappingProxyType({})) -> list[Place]:
    """Return where a prompt stands in a file, as far as that can be read; texts as they are come before others.

    ``prompt`` is as it arrives at the model, with ``{value}`` placeholders; ``told`` says what other modules do with
    names of this one.
    """
    found = []
    words = _plain_words(prompt)
    for said in _texts(file, source, told):
        if not _has_enough(_with_constants(said), words):
            continue
        for undone in said.tidied if "\n" in said.text else said.tidied[:1]:
            readings = _readings(said, undone, prompt, said.languages)
            if readings:
                found.append(Place(file, source.count("\n", 0, said.start) + 1, said, readings, undone))
                break
    whole = [one for one in found if not MARKED.search(one.said.text)]
    return whole or found


def may_say(source: str, prompt: str) -> bool:
    """Say whether a text or a file may say a prompt: enough of its plain words stand there, whatever parts them."""
    return _has_enough(source, _plain_words(prompt))


def _plain_words(prompt: str) -> frozenset[str]:
    return frozenset(_PLAIN_WORD.findall(prompt))


def _has_enough(source: str, words: frozenset[str]) -> bool:
    if 2 * len(source) < sum(map(len, words)):
        return False
    return 2 * sum(map(source.__contains__, words)) >= len(words)


def languages_of_names(sources: Mapping[str, str]) -> python.Told:
    """Return how the modules among some files read what has a name, by that name."""
    found = dict[str, set[Named]]()
    for file, source in sources.items():
        module = source if file.endswith(".py") else notebook.module_of(source) if file.endswith(NOTEBOOK) else ""
        for name, language in python.languages_of_names(module):
            found.setdefault(name, set()).add(language)
    return {name: frozenset(languages) for name, languages in found.items()}


def _readings(said: Said, undone: Tidy, prompt: str, languages: Sequence[Named]) -> Mapping[Named, tuple[Filled, ...]]:
    """Return how a text is read as a prompt; languages that leave more holes unexplained than others are left out."""
    text = undone(_with_constants(said))
    found = dict[Named, tuple[Filled, ...]]()
    for language in languages:
        filled = fill(read(text, language, prompt), prompt)
        if filled is not None and not any(one.is_far_fetched for one in filled):
            found[language] = filled
    unexplained = {language: sum(not one.has_value for one in filled) for language, filled in found.items()}
    least = min(unexplained.values(), default=0)
    return {language: filled for language, filled in found.items() if unexplained[language] == least}


def describes_app(file: str, source: str) -> bool:
    """Say whether a file is the system file of an app, which says its prompts once more and is not read by it."""
    node = plain.composed(source) if file.endswith(_YAML) else None
    keys = {key.value for key, _ in node.value} if isinstance(node, yaml.MappingNode) else set()
    return {"app", "agents"} <= keys


def place_of_agent(file: str, source: str, agent: str, prompt: str) -> Place | None:
    """Return where a system file says the prompt of an agent; None where it says another."""
    node = plain.composed(source)
    for key in ("agents", agent, "prompt"):
        pairs = node.value if isinstance(node, yaml.MappingNode) else ()
        node = next((value for name, value in pairs if name.value == key), None)
    if node is None:
        return None
    # What stands there is what arrives: nothing fills it in.
    found = (place for place in find_places(file, source, prompt) if place.start == node.start_mark.index)
    return next((place for place in found if place.said.text.strip() == prompt.strip()), None)


def texts_in(file: str, source: str) -> Iterator[str]:
    """Yield the texts that a file says."""
    return (said.text for said in _texts(file, source))


def rewritten(source: str, place: Place, old: str, new: str, template: Template = "unknown") -> str:
    """Return a file's source with a new prompt in place of the old one.

    Raises:
        CannotWrite: it would not arrive as it is; says why, and what helps.

    """
    readings = place.readings if template == "unknown" else {template: _reading_in(place, old, template)}
    body = new.strip()
    texts, reasons = set[str](), list[str]()
    for language, filled in readings.items():
        try:
            if language in _IN_ORDER:
                check_order(filled, body)
            constants = _constants(place.said, language) if place.undone is str else ()
            pieces = keep((*filled, *constants), body, place.said.constants)
            texts.add(write(pieces, language))
        except (CannotKeep, CannotSay) as error:
            reasons.append(_as_source(str(error), place.said))
    if not texts:
        raise CannotWrite(reasons[0])
    if len(texts) > 1 or reasons:
        raise CannotWrite(
            f"the new prompt holds {_special(body, readings)}, and nothing tells how the app reads them; say so with "
            "--template: none, where it sends the text as it is, or "
            f"{' or '.join(one for one in readings if one != 'none')}"
        )
    (text,) = texts
    if reason := place.said.refuse(MARKED.sub("", text)):
        raise CannotWrite(reason)
    inner = place.undone(place.said.text)
    lead, trail = inner[: len(inner) - len(inner.lstrip())], inner[len(inner.rstrip()) :]
    whole = f"{lead}{text}{trail}"
    if place.undone is not str:
        # Unindented, so that nothing is taken away from it.
        whole = f"\n{text}\n" if place.said.text.startswith("\n") else text
        if place.undone(whole).strip() != text:
            raise CannotWrite("the new prompt has indented lines, and the app takes indentation away; write it by hand")
    literal = place.said.write(whole)
    if "\r\n" in source and "\r" not in literal:
        literal = literal.replace("\n", "\r\n")
    made = source[: place.said.start] + literal + source[place.said.end :]
    if not _is_text(made):
        raise CannotWrite("the new prompt holds half a character (a surrogate), which no file of text has")
    again = next((one for one in _texts(place.file, made) if one.start == place.start), None)
    if again is None or _as_source(place.undone(again.text), again).strip() != _as_source(text, place.said).strip():
        raise CannotWrite("it could not be read back as it is; write it by hand")
    return made


def _is_text(source: str) -> bool:
    """Say whether a source can be kept in a file."""
    try:
        source.encode()
    except UnicodeEncodeError:
        return False
    return True


def _as_source(text: str, said: Said) -> str:
    """Return a text with its expressions as in the source."""
    return MARKED.sub(lambda found: said.shown.get(found[0], ""), text)


def _reading_in(place: Place, old: str, language: Named) -> tuple[Filled, ...]:
    filled = place.readings.get(language)
    if filled is None:
        filled = _readings(place.said, place.undone, old, (language,)).get(language)
    if filled is None:
        raise CannotWrite(f"the old prompt is not what {place.file}:{place.line} says with --template {language}")
    return filled


def _with_constants(said: Said) -> str:
    """Return a text with what the file knows of its expressions."""
    if not said.constants:
        return said.text
    return MARKED.sub(lambda found: said.constants.get(found[0], found[0]), said.text)


def _constants(said: Said, language: Named) -> Iterator[Filled]:
    """Yield the constants of a text that stand in it as they are."""
    for name, text in said.constants.items():
        if read(text, language, text) == [text]:
            yield Filled((Hole(name),), text)


def _special(new: str, readings: Iterable[Named]) -> str:
    """Return what of a new prompt the languages by which its text may be read may give a meaning, in words."""
    special = _SPECIAL_IN_SCRIPTS if not {"json", "echo"}.isdisjoint(readings) else _SPECIAL
    found = [what for what, marks in special.items() if any(mark in new for mark in marks)]
    return ", ".join(found) or "signs of a template"


def _texts(file: str, source: str, told: python.Told = MappingProxyType({})) -> Sequence[Said]:
    """Return the texts that a file says."""
    return _read_once(file, source, frozenset(told.items()))


@lru_cache(maxsize=256)
def _read_once(file: str, source: str, told: frozenset[tuple[str, frozenset[Named]]]) -> Sequence[Said]:
    """Return the texts that a file says, which are looked through for each prompt of each agent."""
    return tuple(_said_in(file, source, dict(told)))


def _said_in(file: str, source: str, told: python.Told) -> Iterator[Said]:
    kind = "." + file.rpartition(".")[2]
    if kind == ".py":
        yield from python.said_in(source, told)
    elif kind == NOTEBOOK:
        yield from notebook.said_in(source, told)
    elif kind in _JAVASCRIPT:
        yield from javascript.said_in(source)
    elif kind in _SHELL:
        yield from shell.said_in(source)
    elif kind == ".json":
        yield from (_as_used(said, told) for said in plain.said_in_json(source))
    elif kind == ".toml":
        yield from (_as_used(said, told) for said in plain.said_in_toml(source))
    elif kind in _YAML:
        yield from (_as_used(said, told) for said in plain.said_in_yaml(source))
    elif kind in TEXT_FILES:
        yield from plain.said_in_text(source, ("jinja",) if kind in _JINJA else ANY)


def _as_used(said: Said, told: python.Told) -> Said:
    """Return a text of a file of data with the language by which modules read what they take out by its keys."""
    if said.languages != ANY:
        return said
    paths = [".".join(reversed(said.called[:length])) for length in range(len(said.called), 0, -1)]
    found = next((told[path] for path in paths if path in told), frozenset())
    return replace(said, languages=tuple(found)) if len(found) == 1 else said


def only_place(places: Sequence[Place]) -> Place:
    """Return the one place in which a prompt stands.

    Raises:
        CannotWrite: there is none, or there are several.

    """
    if not places:
        raise CannotWrite(
            "the old prompt stands nowhere as it arrives at the model in files of Python, JavaScript, shells, YAML, "
            "JSON, TOML or text (the app may be written in another language, read it from a database or a service, or "
            "put it together from pieces); write it by hand, or name its file with --to"
        )
    if len(places) > 1:
        where = ", ".join(f"{one.file}:{one.line}" for one in places)
        many = len({one.file for one in places}) > 1
        raise CannotWrite(
            f"the old prompt stands in several places ({where}); "
            + ("name one file with --to" if many else "write it by hand, or put it into one place")
        )
    return places[0]

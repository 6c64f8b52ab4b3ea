"""A library of changes that won: a file of JSON Lines to which runs add what they shipped, and from which others start.

An entry is one sentence that a search added to an agent's prompt, with where it won and by how much. What is taken
from a library is raced like any other candidate, so an entry is a first draft and no claim.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from maspo.core.errors import StoreError, UsageError, said_of
from maspo.core.plain_files import MOST_TEXT, read_named
from maspo.core.prompts import Prompts
from maspo.optimizers.parts.merge import merge, sentences_of
from maspo.store.files import one_at_a_time, write_whole
from maspo.study.carried import Earlier

_MOST_SENTENCES = 8
"""Sentences of a library that one agent starts with: more than a search of ours adds to a prompt, in most runs."""
_DOUBT = 20
"""Inputs without a win or loss that each entry is weighed with, so that three wins of four are less than 20 of 40."""


class Won(BaseModel):
    """A sentence that a search added to an agent's prompt and that was shipped: where, and by how much it won."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    agent: str
    role: str = ""
    """What the agent is for, as its system file describes it."""
    sentence: str
    team: str
    model: str
    """Of the agents of the run."""
    run: str
    """Its identifier: a run is added once."""
    wins: int = Field(ge=0)
    losses: int = Field(ge=0)
    n: int = Field(ge=0)
    """Hold-out inputs on which the new prompts of all agents won and lost against the seed prompts, of how many."""
    simulated: bool = False
    """Whether that was in a simulated world: it says nothing of language models."""
    missed: int | None = None
    """Hold-out inputs that are worse without this agent's changes, less those that are better; None: not tested."""

    @property
    def worth(self) -> float:
        """Net wins by input, of the agent alone where that was tested, drawn towards nothing where inputs are few."""
        net = self.wins - self.losses if self.missed is None else self.missed
        return net / (self.n + _DOUBT)


_LINE = TypeAdapter(Won)


def read_library(file: Path) -> tuple[Won, ...]:
    """Return the entries of a library.

    Raises:
        UsageError: it cannot be read, or a line is no entry.

    """
    try:
        lines = read_named(file, MOST_TEXT).decode().split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{file}: is no library ({said_of(error)}); expected JSON Lines as `maspo library FILE DIR…` writes them "
            "(first the file of the library, then folders of finished runs to add)"
        ) from error
    found = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            found.append(_LINE.validate_json(line))
        except ValidationError as error:
            first = error.errors()[0]
            if number == len(lines) and first["type"] == "json_invalid":
                raise UsageError(
                    f"{file}, line {number}: is cut off: it was being written when something ended that. "
                    "Delete that line and try again: what its run has shipped can be added again"
                ) from error
            where = ".".join(map(str, first["loc"])) or "line"
            raise UsageError(
                f"{file}, line {number}: is no entry of a library ({where}: {first['msg']}); `maspo library` writes it"
            ) from error
    return tuple(found)


def add_to_library(file: Path, entries: Iterable[Won]) -> int:
    """Add what the library does not hold yet, and return how many entries that were; a kill leaves the old or the new.

    Raises:
        UsageError: the file holds something else, or cannot be written.

    """
    place = file.resolve()  # through a link, since the user may keep the file elsewhere
    try:
        with one_at_a_time(place.parent):  # another command may add to it at this moment
            held = read_library(file) if file.exists() else ()
            known = {_place(one) for one in held}
            new = {key: one for one in entries if (key := _place(one)) not in known}
            if new or not file.exists():
                everything = (*held, *new.values())
                lines = (json.dumps(_dump(one), ensure_ascii=False) for one in everything)
                write_whole(place, "".join(f"{line}\n" for line in lines))  # whole, so that no kill leaves half a line
    except StoreError as error:
        raise UsageError(str(error)) from error
    return len(new)


def _dump(one: Won) -> dict[str, object]:
    """Return an entry as its line holds it: what is not known, and that a model was real, is left out."""
    return one.model_dump(exclude_none=True, exclude=None if one.simulated else {"simulated"})


def of_one_kind(entries: Sequence[Won]) -> tuple[Sequence[Won], str]:
    """Return what may be weighed together, and a remark: what won with language models, else of simulated worlds."""
    real = [one for one in entries if not one.simulated]
    if not real:
        return entries, "all that it holds won in simulated worlds" if entries else ""
    left = len(entries) - len(real)
    return real, f"{left} of its {len(entries)} entries won in simulated worlds and are left out" if left else ""


def _place(one: Won) -> tuple[str, str, str]:
    return one.run, one.agent, one.sentence


def sentences_added(before: str, after: str) -> tuple[str, ...]:
    """Return the sentences of a prompt that an earlier one does not hold, each once."""
    held = {one.strip() for one in sentences_of(before)}
    after = after.encode(errors="replace").decode()  # half a pair of characters, which models may write, is no text
    return tuple(dict.fromkeys(one.strip() for one in sentences_of(after) if one.strip() and one.strip() not in held))


def rank_sentences(entries: Sequence[Won]) -> list[tuple[str, float]]:
    """Return the sentences of some entries with their worth, summed over the runs that shipped them; best first."""
    worth: dict[str, float] = {}
    for one in entries:
        worth[one.sentence] = worth.get(one.sentence, 0.0) + one.worth
    return sorted(worth.items(), key=lambda item: (-item[1], item[0]))


def started_from(prompts: Prompts, roles: Mapping[str, str], entries: Sequence[Won]) -> Earlier:
    """Return the prompts with the best sentences of a library, as if an earlier run had ended with them.

    An agent takes those of agents of the same name or, where it is described, of the same description.
    """
    found = {}
    for agent, prompt in prompts.items():
        own = [one for one in entries if one.agent == agent or (one.role and one.role == roles.get(agent))]
        text = prompt
        for sentence, worth in rank_sentences(own)[:_MOST_SENTENCES]:
            if worth > 0:
                text = merge(prompt, text, f"{prompt}\n{sentence}") or text
        found[agent] = text
    return Earlier(prompts, found)

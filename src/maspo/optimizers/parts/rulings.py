"""What a person ruled, kept to: pinned prompts stay, vetoed ones are out, whatever the optimizer. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from maspo.core.prompts import Prompts
from maspo.events import PromptChanged
from maspo.optimizers.base import Drafts, Propose, Request, Result, Ruling, Vet
from maspo.optimizers.parts.merge import brings_in
from maspo.optimizers.parts.similar import KnownPrompts
from maspo.team.graph import Team

PINNED = "a person pinned the prompt of this agent"
VETOED = "a person vetoed this prompt"


@dataclass(slots=True)
class Rulings:
    """All rulings so far, in order; of two on the same prompt the last one counts."""

    made: tuple[Ruling, ...] = ()

    @property
    def pins(self) -> Prompts:
        """The prompts that stay, by agent; a veto on one lets it go."""
        found: dict[str, str] = {}
        for one in self.made:
            if one.says == "pin":
                found[one.agent] = one.text
            elif found.get(one.agent) == one.text:
                del found[one.agent]
        return found

    def vetoes(self, agent: str) -> tuple[Ruling, ...]:
        """Return the vetoes on prompts of an agent."""
        return tuple(one for one in self.made if one.says == "veto" and one.agent == agent)

    def forbids(self, request: Request) -> bool:
        """Tell whether a request asks for new prompts of an agent whose prompt stays."""
        return isinstance(request, Propose) and request.agent in self.pins

    def tell_in(self, request: Request) -> Request:
        """Return a request with the vetoes that its proposer is told of: another question, with an id of its own."""
        if not isinstance(request, Propose) or not (vetoes := self.vetoes(request.agent)):
            return request
        return replace(request, id=f"{request.id}/vetoes-{len(vetoes)}", objections=vetoes)

    def refuse(self, request: Request, result: Result) -> Result:
        """Return a result in which drafts that a ruling is against are rejected, with the reason."""
        if not (isinstance(request, Propose | Vet) and isinstance(result, Drafts) and self.made):
            return result
        if request.agent in self.pins:
            return Drafts(tuple(replace(one, rejected=one.rejected or PINNED) for one in result.drafts))
        known = KnownPrompts([one.text for one in self.vetoes(request.agent)])
        out = [not one.rejected and bool(known.refusal(one.text)) for one in result.drafts]
        drafts = zip(result.drafts, out, strict=True)
        return Drafts(tuple(replace(one, rejected=VETOED) if vetoed else one for one, vetoed in drafts))

    def hold_to(self, prompts: Prompts, seed: Prompts) -> Prompts:
        """Return prompts in which the pinned ones stand and vetoed ones are the seed prompts again."""
        out = {(one.agent, one.text) for one in self.made if one.says == "veto"}
        kept = {name: seed[name] if (name, text) in out else text for name, text in prompts.items()}
        return {**kept, **{name: text for name, text in self.pins.items() if name in kept}}


def taken_back(prompts: Prompts, seed: Prompts, changes: Iterable[PromptChanged], rulings: Iterable[Ruling]) -> Prompts:
    """Return prompts without what a person vetoed, where a search that a cap ended did not come to take it back itself.

    ``changes`` are those of the whole search. A prompt falls back to what it was before the first of its changes that
    brought the vetoed one in, be it merged with others.
    """
    lines = {name: [text] for name, text in seed.items()}
    for change in changes:
        line = lines[change.agent]
        if change.after in line:  # it was taken back before
            del line[line.index(change.after) + 1 :]
        else:
            line.append(change.after)
    told = [name for name, text in prompts.items() if lines[name][-1] == text]
    for ruling in rulings:
        line = lines.get(ruling.agent, [])
        for place, (before, after) in enumerate(pairwise(line), 1):
            if ruling.says == "veto" and (after == ruling.text or brings_in(before, after, ruling.text)):
                del line[place:]
                break
    return {name: lines[name][-1] if name in told else text for name, text in prompts.items()}


@dataclass(slots=True)
class History:
    """How each prompt of the team came about: what it said, and the candidates that it was made of."""

    seed: Prompts
    _past: dict[str, list[tuple[str, frozenset[str]]]] = field(default_factory=dict)

    def add(self, agent: str, text: str, made_of: Sequence[str] = ()) -> None:
        """Take note of a new prompt and of the candidates in it."""
        self._past.setdefault(agent, []).append((text, frozenset(made_of)))

    def without(self, agent: str, vetoed: str) -> str | None:
        """Return the prompt that stood before the vetoed one came in, and forget what came after; None: it is not in.

        A later prompt grew out of the one before, so it holds what that held.
        """
        past = self._past.get(agent, [])
        place = next((at for at, (text, made_of) in enumerate(past) if vetoed == text or vetoed in made_of), None)
        if place is None:
            return None
        del past[place:]
        return past[-1][0] if past else self.seed[agent]


def obey(
    rulings: Sequence[Ruling], prompts: Prompts, team: Team, history: History, step: str
) -> tuple[Prompts, Team, list[PromptChanged]]:
    """Return prompts and team after some rulings, and what changed: pinned agents are not rewritten any more."""
    now, events = dict(prompts), []
    for ruling, text in _new_texts(rulings, now, history):
        reason = f"{PINNED if ruling.says == 'pin' else VETOED}{f': {ruling.reason}' if ruling.reason else ''}"
        events.append(PromptChanged(f"{step}/{ruling.agent}", ruling.agent, now[ruling.agent], text, reason))
        now[ruling.agent] = text
    pinned = {one.agent for one in rulings if one.says == "pin"}
    return now, (replace(team, frozen=team.frozen | pinned) if pinned - team.frozen else team), events


def _new_texts(rulings: Sequence[Ruling], now: Prompts, history: History) -> Iterator[tuple[Ruling, str]]:
    """Yield the rulings that change a prompt, each with what it becomes."""
    for ruling in rulings:
        if ruling.says == "pin":
            if now[ruling.agent] != ruling.text:
                history.add(ruling.agent, ruling.text)
                yield ruling, ruling.text
        elif (before := history.without(ruling.agent, ruling.text)) is not None and before != now[ruling.agent]:
            yield ruling, before

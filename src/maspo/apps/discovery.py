"""Finding the team behind an app from a few of its rollouts: agents, who reads whom, tools, models. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType

from maspo.apps.beside import pattern_of, told_beside
from maspo.apps.called import names_in, places_of, shared_texts
from maspo.apps.declared import Declared, names_of, never_called
from maspo.apps.forms import Form, one_agents, said_of
from maspo.apps.frames import inside_frame, prompt_text
from maspo.apps.moments import moments_in
from maspo.apps.provenance import stands_in
from maspo.apps.templates import FEWEST_FIXED, Instruction, Template, find_templates
from maspo.apps.tracing import Known, trace_of
from maspo.apps.writeback import describes_app
from maspo.core.prompts import Prompts
from maspo.core.trace import Trace
from maspo.gateway.wire import WireCall, WireText
from maspo.team.app import App
from maspo.team.system import RESERVED_NAMES, Agent, System
from maspo.team.template import values_of

_ROLES = (
    (
        "you are|you're|act as|your role is|i am",
        "an?|the|our|my",
        "who|that|for|of|in|and|with|whose|on|to|(?:manag|lead|speciali[sz]|work|focus|help|assist)ing|focused|"
        "speciali[sz]ed in|responsible|tasked|trained|designed|able|capable|skilled",
    ),
    ("du bist|sie sind", "eine?|der|die|das|unsere?|meine?", "der|die|das|für|von|mit|und|im|in|auf|bei|zu"),
    ("tu es|vous êtes", "une?|le|la|notre|mon|ma", "qui|pour|de|du|des|et|avec|dans|en|au"),
    ("eres|usted es", "una?|el|la|nuestr[oa]|mi", "que|para|de|del|y|con|en|al"),
    ("sei|lei è", "un[oa]?|il|lo|la", "che|per|di|del|della|e|con|in|al"),
    ("você é|tu és", "uma?|o|a|nosso|nossa", "que|para|de|do|da|e|com|em"),
)
"""How most prompts begin, in English, German, French, Spanish, Italian, Portuguese: who is spoken to, articles, and the
first words that say more about the name between."""
_ROLE = re.compile(
    "|".join(
        rf"\b(?:{spoken})\s+(?:{articles})\s+([^\W\d_][\w' -]{{1,40}}?)(?=\s+(?:{more})\b|[.,;:!\n(]|$)"
        for spoken, articles, more in _ROLES
    )
    + r"|你是(?:一[个個名位])?(\w{1,15}?)(?=[，。、；：！\s]|$)|あなたは(\w{1,15}?)です",
    re.IGNORECASE,
)
"""The name that a prompt gives its agent."""
_DUTY = re.compile(r"\s*+(?:you\s++)?(?:(?:always|only|first|will|must|should|shall)\s++)*([a-z]{3,})\b", re.IGNORECASE)
"""The word by which a prompt without such a name begins: what its agent does."""
_NO_DUTY = frozenset(
    "are the your this that here have can for and given below sie vous eres sei".split()  # noqa: SIM905 - a list of words
)
_HANDOFF = re.compile(r"(?:transfer|hand_?off|handover|delegate)_(?:back_)?to_(\w+)", re.IGNORECASE)
"""How frameworks name the tools by which an agent hands over: OpenAI Agents SDK, LangGraph's, AutoGen, Strands."""
_LONGEST_NAME = 30
_SIGNS = ("Mn", "Mc")
"""Unicode categories of vowel signs and accents, which some scripts set beside letters."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A rollout that was looked at: the input, its calls as they came, and the app's answer."""

    key: str
    columns: Mapping[str, str]
    calls: tuple[WireCall, ...]
    answer: str
    seconds: float = 0.0
    import_seconds: float = 0.0
    """Of them: what importing the owner's modules took."""
    declared: tuple[Declared, ...] = ()
    """What the app's framework says of its agents, where that was read."""


@dataclass(frozen=True)
class Discovery:
    """What was found, and what could not be told."""

    system: System
    traces: tuple[Trace, ...]
    models: Mapping[str, Mapping[str, int]]
    """How often each agent called each model."""
    attributed: int
    calls: int
    """All calls of the rollouts, and those of known agents."""
    tokens_in: int
    tokens_out: int
    notes: tuple[str, ...]

    @property
    def calls_a_rollout(self) -> float:
        """Model calls of one rollout, on average."""
        return self.calls / len(self.traces)


def discover(
    app: App,
    rollouts: Sequence[Seen],
    name: str = "team",
    now: datetime | None = None,
    sources: Mapping[str, str] = MappingProxyType({}),
) -> Discovery | None:
    """Return the team behind the rollouts of an app; None when no call holds instructions that could be told.

    ``now`` is when they were made: what tells that day or time in a prompt is a value. ``sources`` are the app's own
    files, by path, in which prompts may have names.
    """
    inside = prompts_in(rollouts)
    instructions = tuple(_instructions(rollouts, inside, now))
    templates = [one for one in find_templates(instructions) if one.fixed >= FEWEST_FIXED]
    if not templates:
        return None
    told = tuple(dict.fromkeys(agent for one in rollouts for agent in one.declared))
    ones = one_agents(_forms(templates, instructions, inside, rollouts, told, sources))
    templates = [one.template for one in ones]
    owner = _owners(templates)
    places = places_of(sources, [template.prompt for template in templates])
    names = _names(templates, owner, inside, rollouts, told, names_in(places))
    named = [_with_agents(rollout, inside, owner, names) for rollout in rollouts]
    # What a prompt says in braces could not be told from its values.
    frozen = [name for name, one in zip(names, templates, strict=True) if any(values_of(text) for text in one.texts)]
    calls = [call for one in named for call in one.calls]
    prompts = {name: template.prompt for name, template in zip(names, templates, strict=True)}
    used = replace(
        app, dialects=tuple(sorted({call.dialect for call in calls})), whole_prompts=_are_whole(prompts, calls)
    )
    team = known_team(used, prompts, named, name, frozen=frozen)
    models = {name: Counter(call.model for call in calls if call.agent == name) for name in names}
    return Discovery(
        system=team.system,
        traces=team.traces,
        models=models,
        attributed=sum(call.agent is not None for call in calls),
        calls=len(calls),
        tokens_in=sum(call.tokens_in or 0 for call in calls),
        tokens_out=sum(call.tokens_out or 0 for call in calls),
        notes=(
            *_notes(named, team),
            *_moments(names, templates, instructions),
            *(said_of(name, one) for name, one in zip(names, ones, strict=True) if one.forms > 1),
            *never_called(told, templates, len(rollouts)),
            *_never_handed(named, {*names, *(_slug(agent.name) for agent in told if agent.passages)}),
            *_shared(shared_texts(sources, places, names)),
            *_nowhere([name for name, ones in zip(names, places, strict=True) if not ones], len(sources)),
        ),
    )


def _are_whole(prompts: Prompts, calls: Iterable[WireCall]) -> bool:
    """Say whether no agent was told anything beside its prompt."""
    patterns = {name: pattern_of(prompt) for name, prompt in prompts.items()}
    return not any(told_beside(call, patterns[call.agent]) for call in calls if call.agent is not None)


@dataclass(frozen=True)
class KnownTeam:
    """A team whose agents are known, as it was seen at work."""

    system: System
    traces: tuple[Trace, ...]
    is_told: bool
    """Whether some answer was the words of an agent."""


def known_team(
    app: App, prompts: Prompts, rollouts: Sequence[Seen], name: str = "team", frozen: Iterable[str] = ()
) -> KnownTeam:
    """Return the team of agents with these prompts, from rollouts whose calls say whose they are.

    ``frozen`` are those whose prompt may not be rewritten.
    """
    names = tuple(prompts)
    traces = tuple(
        trace_of(one.key, one.calls, one.answer, names, Known(tuple(one.columns.values()), prompts)) for one in rollouts
    )
    output, answering = _answering(rollouts, names)
    kept = frozenset(frozen)
    agents = tuple(
        replace(_agent(one, prompts[one], rollouts, traces), frozen=one in kept, answers=one in answering)
        for one in names
    )
    return KnownTeam(System(agents, name=name, output=output, app=app), traces, bool(answering))


def prompts_in(rollouts: Iterable[Seen]) -> Mapping[str, str]:
    """Return the prompt in each text that instructs, without what a framework is known to set around it.

    Where texts that hold the same prompt differ around it, that is all that tells their agents apart, and they are
    prompts as they are.
    """
    found = dict[str, str]()
    around = dict[str, set[str]]()
    for call in (call for one in rollouts for call in one.calls):
        text = prompt_text(call)
        if text is None or text.text in found:
            continue
        inner = inside_frame(text.text) or text.text
        found[text.text] = inner
        around.setdefault(inner, set()).add(text.text.replace(inner, "", 1))
    return {text: inner if len(around[inner]) == 1 else text for text, inner in found.items()}


def _instructions(rollouts: Iterable[Seen], prompts: Mapping[str, str], now: datetime | None) -> Iterable[Instruction]:
    for rollout in rollouts:
        for place, call in enumerate(rollout.calls):
            text = prompt_text(call)
            if text is not None:
                earlier = (one.output for one in rollout.calls[:place])
                varying = (*rollout.columns.values(), *earlier)
                prompt = prompts[text.text]
                moments = () if now is None else moments_in(prompt, now)
                given = tuple(rollout.columns.values())
                yield Instruction(prompt, rollout.key, frozenset(call.offered), varying, given, moments)


def _owners(templates: Sequence[Template]) -> dict[str, int]:
    """Return whose each text is, by the place of its prompt."""
    return {text: place for place, one in enumerate(templates) for text in one.texts}


def _forms(
    templates: Sequence[Template],
    instructions: Sequence[Instruction],
    inside: Mapping[str, str],
    rollouts: Sequence[Seen],
    told: Sequence[Declared],
    sources: Mapping[str, str],
) -> list[Form]:
    """Return prompts with what tells whether some of them are forms of one."""
    owner = _owners(templates)
    places = places_of(sources, [template.prompt for template in templates])
    named = [names_of(told, templates), _handed_over(owner, inside, rollouts)]
    return [
        Form(
            template,
            frozenset().union(*(one.offered for one in instructions if one.text in template.texts)),
            frozenset(one.row for one in instructions if one.text in template.texts),
            frozenset((one.file, one.line) for one in places[place] if not describes_app(one.file, sources[one.file])),
            frozenset(names[place] for names in named if place in names),
        )
        for place, template in enumerate(templates)
    ]


def _with_agents(rollout: Seen, prompts: Mapping[str, str], owner: Mapping[str, int], names: Sequence[str]) -> Seen:
    """Return a rollout whose calls say whose they are."""
    calls = []
    for call in rollout.calls:
        text = prompt_text(call)
        place = None if text is None else owner.get(prompts[text.text])
        calls.append(replace(call, agent=None if place is None else names[place]))
    return replace(rollout, calls=tuple(calls))


# ── names ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _names(
    templates: Sequence[Template],
    owner: Mapping[str, int],
    inside: Mapping[str, str],
    rollouts: Sequence[Seen],
    told: Sequence[Declared],
    called: Mapping[int, str],
) -> list[str]:
    """Return a name for each prompt.

    Its framework's, what a hand-over calls it, its own in the app's source, what it calls itself, or a number.
    """
    declared, handed = names_of(told, templates), _handed_over(owner, inside, rollouts)
    found: list[str] = []
    for place, template in enumerate(templates):
        role, duty = _ROLE.search(template.prompt), _DUTY.match(template.prompt)
        does = duty.group(1).lower() if duty else ""
        found.append(
            _slug(declared.get(place, ""))
            or _slug(handed.get(place, ""))
            or _slug(called.get(place, ""))
            or _slug(next(filter(None, role.groups()), "") if role else "")
            or _slug("" if does in _NO_DUTY else does)
            or f"agent{place + 1}"
        )
    return _told_apart(found, [template.prompt for template in templates])


def _told_apart(names: Sequence[str], prompts: Sequence[str]) -> list[str]:
    """Return names of which no two are the same: with the first word in which prompts differ, or with a number."""
    found = list[str]()
    for name, prompt in zip(names, prompts, strict=True):
        alike = [other.split() for one, other in zip(names, prompts, strict=True) if one == name]
        at = next((at for at, words in enumerate(zip(*alike, strict=False)) if len(set(words)) > 1), 0)
        words = {"" if "{" in one[at] else _slug(one[at]) for one in alike}
        differs = len(alike) > 1 and len(words) == len(alike) and all(words)
        told = f"{name}_{_slug(prompt.split()[at])}" if differs else name
        again = sum(other == told or other.startswith(f"{told}_") for other in found)
        found.append(f"{told}_{again + 1}" if told in found else told)
    return found


def _handed_over(owner: Mapping[str, int], inside: Mapping[str, str], rollouts: Sequence[Seen]) -> dict[int, str]:
    """Return what agents are called by the tools with which others hand over to them."""
    votes: dict[int, Counter[str]] = {}
    for calls in (one.calls for one in rollouts):
        for before, after, to in _hand_overs(calls):
            text, told = prompt_text(calls[after]), prompt_text(calls[before])
            if text is None or told is None or text.text == told.text:
                continue
            place = owner.get(inside[text.text])
            if place is not None:
                votes.setdefault(place, Counter())[to] += 1
    return {place: counted.most_common(1)[0][0] for place, counted in votes.items()}


def _hand_overs(calls: Sequence[WireCall]) -> Iterator[tuple[int, int, str]]:
    """Yield the places of calls that handed over, of those that came in by it, and what the tool calls them.

    Who comes in is shown what the tool said, or comes next: beside an agent others may work, such as a guard.
    """
    for place, call in enumerate(calls[:-1]):
        asked = [(match[1], tool.result) for tool in call.tools if (match := _HANDOFF.fullmatch(tool.name))]
        if len(asked) != 1:
            continue
        ((to, result),) = asked
        shown = (
            after
            for after, other in enumerate(calls[place + 1 :], place + 1)
            if result and any(text.role == "tool" and text.text == result for text in other.texts)
        )
        yield place, next(shown, place + 1), to


def _slug(text: str) -> str:
    """Return a name for an agent made of a text in any script; empty where the text holds none."""
    lower = unicodedata.normalize("NFC", text.lower())
    words = "".join(one if one.isalnum() or unicodedata.category(one) in _SIGNS else " " for one in lower).split()
    name = "_".join(words)[:_LONGEST_NAME].strip("_")
    return "" if not name or not name[0].isalpha() or name in RESERVED_NAMES else name


# ── the graph ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _agent(name: str, prompt: str, rollouts: Sequence[Seen], traces: Sequence[Trace]) -> Agent:
    models = Counter(call.model for one in rollouts for call in one.calls if call.agent == name)
    read: Counter[str] = Counter()
    for trace in traces:
        for call in trace.by_agent.get(name, ()):
            read.update({trace.calls[place].agent for place in call.reads} - {name})
    offered: frozenset[str] = frozenset().union(
        *(call.offered for one in rollouts for call in one.calls if call.agent == name)
    )
    return Agent(
        name,
        prompt,
        reads=tuple(sorted(read, key=lambda other: (-read[other], other))),
        model=(models.most_common(1)[0][0] or None) if models else None,
        calls=max(1, *(sum(call.agent == name for call in one.calls) for one in rollouts)),
        offered=tuple(sorted(offered)),
        steering=any(_steers(trace, name) for trace in traces),
        sometimes=any(name not in trace.by_agent for trace in traces) or _is_chosen(name, rollouts),
    )


def _is_chosen(name: str, rollouts: Sequence[Seen]) -> bool:
    """Return whether an agent came in by a hand-over of somebody who could have handed over to another.

    It is called on some inputs only, though all that were looked at called it.
    """
    for calls in (one.calls for one in rollouts):
        first = next((place for place, call in enumerate(calls) if call.agent == name), 0)
        for before, after, _ in _hand_overs(calls):
            others = [offered for offered in calls[before].offered if _HANDOFF.fullmatch(offered)]
            if after == first and len(others) > 1:
                return True
    return False


def _steers(trace: Trace, name: str) -> bool:
    """Return whether an agent wrote something that nobody read and that others came after: it decided who is called."""
    read = {place for call in trace.calls for place in call.reads}
    others_after = {
        place for place, call in enumerate(trace.calls) if any(one.agent != call.agent for one in trace.calls[place:])
    }
    return any(
        call.agent == name and place not in read and place in others_after and call.output.strip() not in trace.output
        for place, call in enumerate(trace.calls)
    )


def _answering(rollouts: Sequence[Seen], names: Sequence[str]) -> tuple[str, frozenset[str]]:
    """Return who writes the app's answer most often, and all who do; none where the answers do not tell."""
    writers: Counter[str] = Counter()
    last: Counter[str] = Counter()
    for rollout in rollouts:
        calls = [call for call in rollout.calls if call.agent is not None]
        known = tuple(rollout.columns.values())
        writer = next((call.agent for call in reversed(calls) if stands_in(rollout.answer, call, known)), None)
        if writer is not None:
            writers[writer] += 1
        if calls and calls[-1].agent is not None:
            last[calls[-1].agent] += 1
    best = (writers or last).most_common(1)
    return (best[0][0] if best else names[-1]), frozenset(writers)


def _moments(names: Sequence[str], templates: Sequence[Template], instructions: Sequence[Instruction]) -> Iterable[str]:
    """Say which parts of prompts were taken for values because they tell the time of the look, or a run."""
    agents = dict[tuple[str, ...], list[str]]()
    for name, template in zip(names, templates, strict=True):
        found = {moment: None for one in instructions if one.text in template.texts for moment in one.moments}
        shown = tuple(one for one in found if one not in template.prompt)
        if shown:
            agents.setdefault(shown[:3], []).append(name)
    for shown, whose in agents.items():
        yield (
            f"agents.{' and '.join(whose)}: {' and '.join(map(repr, shown))} in {_prompt_of(whose)} looks like the "
            "time of this look or the name of a run, so it is a value; where it is always the same, write it into the "
            "system file"
        )


def _prompt_of(agents: Sequence[str]) -> str:
    return "its prompt" if len(agents) == 1 else "their prompts"


def _shared(texts: Iterable[tuple[str, Sequence[str]]]) -> Iterable[str]:
    """Say which agents are told by one text of the app's source, before anybody pays for a search."""
    for where, names in texts:
        yield (
            f"agents.{' and '.join(names)}: one text says their prompts ({where}), so `maspo apply` cannot write a new "
            "one back; give each a text of its own, or, where they are one agent, write {value} in place of what "
            "differs, and leave the others out"
        )


def _nowhere(names: Sequence[str], files: int) -> Iterator[str]:
    """Say whose prompts no file says as one text, before anybody pays for new ones that are to be written back."""
    if names and files:
        yield (
            f"agents.{' and '.join(names)}: no file of the app ({files} read) says {_prompt_of(names)} as one text, so "
            "`maspo apply` could not write a new one back; keep each in one text (a constant, a file), or copy it"
        )


def _never_handed(rollouts: Sequence[Seen], known: Collection[str]) -> Iterator[str]:
    """Say to whom agents may hand over and never did; ``known`` are those who were called, or are told of anyway."""
    calls = [call for one in rollouts for call in one.calls]
    offered = dict.fromkeys(tool for call in calls for tool in call.offered)
    asked = {tool.name for call in calls for tool in call.tools}
    for tool in offered:
        to = _HANDOFF.fullmatch(tool)
        if to is None or tool in asked or _slug(to[1]) in known:
            continue
        by = dict.fromkeys(call.agent for call in calls if call.agent is not None and tool in call.offered)
        yield (
            f"{to[1]}: {' and '.join(by) or 'nobody'} handed over to it ({tool}) on none of {len(rollouts)} inputs; "
            "give rows that need it, more of them (--rows), or it cannot be improved"
        )


def _writes_row(rollout: Seen) -> bool:
    """Say whether a request holds the row as Python prints it: most functions that are given it ask for a text."""
    row = repr(dict(rollout.columns))
    return any(row in text.text for call in rollout.calls for text in call.texts)


def _notes(rollouts: Sequence[Seen], team: KnownTeam) -> Iterable[str]:
    """Return what could not be told, each with what helps."""
    nobodys = [call for one in rollouts for call in one.calls if call.agent is None]
    if nobodys:
        example = " ".join((prompt_text(nobodys[0]) or WireText(None, "user", "")).text.split())[:80]
        yield (
            f"{len(nobodys)} calls hold no instructions that could be told from their input, such as {example!r}; they "
            "are run as they are and belong to nobody"
        )
    if any(_writes_row(one) for one in rollouts):
        columns = ", ".join(rollouts[0].columns)
        yield (
            "the app writes its whole row into a request, as a dict is printed; if a text was meant, call the "
            f"parameter of its function as the column ({columns})"
        )
    for agent in team.system.agents:
        seen = sum(any(call.agent == agent.name for call in one.calls) for one in rollouts)
        if seen == 1 and len(rollouts) > 1:
            yield (
                f"agents.{agent.name}: called on 1 of {len(rollouts)} inputs, so what of its prompt is fixed is a "
                "guess; give more rows (--rows) that need it"
            )
    if not team.is_told:
        yield "output: the answers are not the words of any agent; the last agent called is taken for it"
    if len(rollouts) == 1:
        yield "one input tells nothing about values in prompts; give two or more (--rows)"
    used = [tool for one in rollouts for call in one.calls for tool in call.tools]
    # A structured answer is asked for by a tool that nobody runs.
    answers = {tool.name for tool in used} - {tool.name for tool in used if tool.result is not None}
    offered = {tool for agent in team.system.agents for tool in agent.offered}
    tools = sorted(tool for tool in offered - answers if not _HANDOFF.fullmatch(tool))
    if tools:
        yield (
            f"tools are run by the app in every rollout ({', '.join(tools)}); see to it that none of them changes "
            "anything outside"
        )

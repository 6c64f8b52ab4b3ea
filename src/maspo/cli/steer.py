"""``maspo steer``: decide about a run from another terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from maspo.cli.terminal import note, print_json, say
from maspo.core.errors import UsageError, typed
from maspo.report.folder import JOURNAL, look
from maspo.study.decisions import decide, read_decision, too_late, unmet, works

_WITHOUT_AGENT: Final = frozenset({"pause", "resume", "stop", "raise-cap"})
_ONE_AGENT: Final = frozenset({"pin", "veto"})
ACTIONS: Final = (*sorted(_WITHOUT_AGENT), *sorted(_ONE_AGENT), "approve", "reject")


def run_steer(folder: Path, action: str, agents: Sequence[str], said: Mapping[str, str | None], as_json: bool) -> None:
    """Add a decision to a run's channel, and say what becomes of it; ``said`` are its further fields.

    Raises:
        UsageError: it is no decision, or the run has nothing that it could be about.

    """
    given: dict[str, object] = {"action": action}
    if action not in ACTIONS:
        raise UsageError(f"{action}: no such action; expected one of {', '.join(ACTIONS)}")
    if action in _WITHOUT_AGENT and agents:
        raise UsageError(f"{action}: is about the run, not about {', '.join(agents)}")
    if action in _ONE_AGENT:
        if len(agents) != 1:
            raise UsageError(f"{action}: name one agent")
        given["agent"] = agents[0]
    elif agents:
        given["agents"] = list(agents)
    given |= {name: value for name, value in said.items() if value}
    view = look(folder).view
    known = {one.name for one in view.agents}
    if unknown := [name for name in agents if name not in known]:
        raise UsageError(f"{', '.join(unknown)}: no agent of this run; it has {', '.join(sorted(known)) or 'none yet'}")
    decision = read_decision(given)
    if why := too_late(decision, view.finished) or unmet(decision, view.approval, view.prompt_ids):
        raise UsageError(f"{folder}: {why}")
    line = decide(folder, decision)
    later = f"`maspo resume {typed(folder)}` takes it and goes on."
    when = "The run takes it at once." if works(folder / JOURNAL) else later
    if action in _ONE_AGENT:
        when = when.replace("at once", "before its next round")
    say(" ".join(["noted    ", action, *agents]))
    note(when)
    if as_json:
        print_json({"id": line.id, "action": action, "agents": list(agents)})

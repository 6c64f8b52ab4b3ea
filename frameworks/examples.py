"""Programs of several agents that frameworks' own repositories ship, and how each is started as it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from frameworks.environments import Team, made, team


@dataclass(frozen=True)
class Example:
    """A program that a repository ships; nothing in it is changed."""

    repository: str
    """On GitHub."""
    version: str
    """A tag or a commit of it."""
    path: str
    """The file, or the folder, that is shown."""
    declared: int
    """Agents in its source."""
    command: str
    """How it is started in ``folder``; ``{python}`` is that of the framework."""
    folder: str = "."
    word: str = ""
    """What the program waits for at the end of a reply."""
    needs: tuple[str, ...] = ()
    """Packages that it imports beyond the framework."""


AGNO: Final = ("agno-agi/agno", "9644f22982ae017eaa4ad85c561d927d9ac03119")
BROADCAST: Final = "cookbook/03_teams/02_modes/broadcast"
MICROSOFT: Final = ("microsoft/agent-framework", "5eb3eb745e16324ac7bffb1dbe006d8f13c8d993")
MIGRATION: Final = "python/samples/autogen-migration"
"""Each of its files does one thing in AutoGen and in the Agent Framework, in a function each."""
PYDANTIC: Final = ("pydantic/pydantic-ai", "4fda38988f2939fa6ea9cdefcf120693e10ef491")
OPENAI: Final = ("openai/openai-agents-python", "v0.24.0")
ADK: Final = ("google/adk-python", "7c670f638bc17374ceb08740bdd057e55c9c2e12")
CREWS: Final = ("crewAIInc/crewAI-examples", "da94a91e691e1cf5b3151416bb15b5b62729bea8")
WITH_AUTOGEN: Final = ("agent-framework-core", "agent-framework-openai", "python-dotenv")
WITH_MICROSOFT: Final = ("agent-framework-orchestrations", "python-dotenv")


def one_of(name: str, function: str) -> str:
    """Return the command that runs one function of a file."""
    return f"{{python}} -c \"import asyncio, runpy; asyncio.run(runpy.run_path('{name}')['{function}']())\""


EXAMPLES: Final[Mapping[str, tuple[Example, ...]]] = {
    "agent_framework": tuple(
        Example(
            *(*MICROSOFT, f"{MIGRATION}/{file}", 3, one_of(file, "run_agent_framework"), MIGRATION),
            needs=WITH_MICROSOFT,
        )
        for file in ("orchestrations/01_round_robin_group_chat.py", "orchestrations/03_swarm.py")
    ),
    "agno": tuple(
        Example(*AGNO, f"{BROADCAST}/{file}", agents, f"{{python}} {file}", BROADCAST)
        for file, agents in (("01_basic.py", 4), ("02_debate.py", 3))
    ),
    "autogen": tuple(
        Example(
            *(*MICROSOFT, f"{MIGRATION}/{file}", agents, one_of(file, "run_autogen"), MIGRATION),
            word="APPROVED",
            needs=WITH_AUTOGEN,
        )
        for file, agents in (
            ("orchestrations/01_round_robin_group_chat.py", 3),
            ("single_agent/04_agent_as_tool.py", 2),
        )
    ),
    "crewai": (
        Example(
            *(*CREWS, "crews/game-builder-crew", 3),
            "env PYTHONPATH=src {python} -c 'from game_builder_crew.main import run; run()'",
            "crews/game-builder-crew",
        ),
    ),
    "google_adk": (
        Example(
            *(*ADK, "contributing/samples/workflow_agent_seq", 3, "{python} main.py"),
            "contributing/samples/workflow_agent_seq",
        ),
        Example(
            *(*ADK, "contributing/samples/hello_world_ma", 3),
            "sh -c \"printf 'Roll a die\\nexit\\n' | {python} -m google.adk.cli run hello_world_ma\"",
            "contributing/samples",
        ),
    ),
    "openai_agents": tuple(
        Example(*OPENAI, f"examples/agent_patterns/{name}.py", agents, f"{{python}} -m examples.agent_patterns.{name}")
        for name, agents in (("deterministic", 3), ("agents_as_tools", 5))
    ),
    "pydantic_ai": (
        Example(
            *(*PYDANTIC, "examples/pydantic_ai_examples/medical_agent_delegation.py", 5),
            *("{python} -m pydantic_ai_examples.medical_agent_delegation", "examples"),
        ),
        Example(
            *(*PYDANTIC, "examples/pydantic_ai_examples/flight_booking.py", 3),
            "sh -c \"printf 'buy\\nwindow\\n' | {python} -m pydantic_ai_examples.flight_booking\"",
            "examples",
            needs=("rich", "logfire"),
        ),
    ),
}


def program(name: str, example: Example, environments: Path) -> Team:
    """Return a program that is ready to be run; fetch its repository, and what it needs, if they are not there."""
    framework = team(name, environments)
    place = environments / "examples" / example.repository.replace("/", "+")
    if not place.exists():
        git = ["git", "-C", str(place)]
        made(place, [*git, "init", "-q"])
        made(place, [*git, "fetch", "-q", "--depth", "1", f"https://github.com/{example.repository}", example.version])
        made(place, [*git, "checkout", "-q", "FETCH_HEAD"])
    needs = environments / name / ".needs"  # gone with the environment that it speaks of
    if example.needs and not needs.exists():
        pip = [str(framework.python), "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "-q"]
        made(needs, [*pip, *example.needs])
    command = example.command.format(python=framework.python)
    return Team(name, framework.version, command, place / example.folder)

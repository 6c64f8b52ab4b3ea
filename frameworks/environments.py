"""The teams that are run: how each is installed, in an environment of its own, and how it is started."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from maspo.apps.pool import QUIET

HERE: Final = Path(__file__).resolve().parent
FILES: Final = HERE / "teams"
PACKAGES: Final[Mapping[str, tuple[str, ...]]] = {
    "agent_framework": ("agent-framework-core", "agent-framework-openai"),
    "agno": ("agno", "openai"),
    "autogen": ("autogen-agentchat", "autogen-ext[openai]"),
    "crewai": ("crewai",),
    "dspy": ("dspy",),
    "google_adk": ("google-adk", "litellm"),
    "haystack": ("haystack-ai",),
    "langgraph": ("langgraph", "langchain", "langchain-openai"),
    "llama_index": ("llama-index-core", "llama-index-llms-openai-like"),
    "openai_agents": ("openai-agents",),
    "pydantic_ai": ("pydantic-ai-slim[openai]",),
    "smolagents": ("smolagents[openai]",),
    "strands": ("strands-agents[openai]",),
}
"""What is installed with pip; the version of the first is told."""
NPM: Final[Mapping[str, tuple[str, ...]]] = {
    "mastra": ("@mastra/core", "zod"),
    "openai_agents_js": ("@openai/agents", "zod"),
    "vercel_ai": ("ai", "@ai-sdk/openai", "zod"),
}
"""What is installed with npm; the version of the first is told."""
COMMANDS: Final[Mapping[str, str]] = {"curl": "sh curl_team.sh", **{name: f"node {name}_team.mjs" for name in NPM}}
"""Teams that are programs: a row on standard input, the answer on standard output."""
NAMES: Final = (*PACKAGES, *NPM, "curl")
SECONDS: Final = 240
"""What a run of a team may take: importing some frameworks takes half a minute on a busy machine."""
ALONE: Final = """
import asyncio, inspect, json, os, sys
name, row, variants = sys.argv[1], json.loads(sys.argv[2]), json.loads(sys.argv[3])
sys.path.insert(0, "")
for folder, prompt in variants:
    os.environ.pop("SCOUT_PROMPT", None)
    if prompt:
        os.environ["SCOUT_PROMPT"] = prompt
    sys.path[0] = os.path.join(os.getcwd(), folder)
    sys.modules.pop(name, None)
    try:
        answer = getattr(__import__(name), "answer")(row)
        if inspect.isawaitable(answer):
            async def run(): return await answer
            asyncio.run(run())
        told = ""
    except Exception as error:
        told = type(error).__name__
    print("told " + json.dumps([folder, prompt, told]), flush=True)
"""
"""Runs variants of a team, one after another, its module anew for each: from a folder, and its prompt if any."""


@dataclass(frozen=True)
class Team:
    """A team that is installed."""

    name: str
    version: str
    """Of its framework, with the package's name."""
    app: str
    """What ``maspo discover --app`` is given."""
    folder: Path
    """Where it lies; of a program for Node, first where its packages do."""
    python: Path | None = None

    @property
    def file(self) -> str:
        """In which its prompts stand."""
        return self.app.partition(":")[0] + ".py" if self.python else self.app.split()[-1]

    def lies_in(self, folder: Path) -> Team:
        """Return the team in a folder of its own: its file, and what its language finds beside it."""
        (folder / self.file).write_bytes((FILES / self.file).read_bytes())
        if (self.folder / "node_modules").is_dir():
            (folder / "node_modules").symlink_to(self.folder / "node_modules")
        return replace(self, folder=folder)

    def alone(self, url: str, row: Mapping[str, str], *prompts: str) -> Mapping[str, str]:
        """Run it with each prompt, without maspo; return the names of the errors that it ended with, by prompt."""
        settings = {**os.environ, **QUIET, "OPENAI_BASE_URL": url, "OPENAI_API_KEY": "x"}
        if self.python is not None:
            return {prompt: told for _, prompt, told in self._variants(settings, row, [("", one) for one in prompts])}
        codes = {
            prompt: self._run(self.app.split(), {**settings, "SCOUT_PROMPT": prompt}, json.dumps(row)).returncode
            for prompt in prompts
        }
        return {prompt: f"exit code {code}" if code else "" for prompt, code in codes.items()}

    def from_folders(self, url: str, row: Mapping[str, str], folders: Sequence[str]) -> Mapping[str, str]:
        """Run each folder's copy of a team; return the names of the errors that they ended with."""
        settings = {**os.environ, **QUIET, "OPENAI_BASE_URL": url, "OPENAI_API_KEY": "x"}
        if self.python is None:
            program = self.app.split()[0]
            codes = {one: self._run([program, f"{one}/{self.file}"], settings, json.dumps(row)) for one in folders}
            return {one: f"exit code {done.returncode}" if done.returncode else "" for one, done in codes.items()}
        return {folder: told for folder, _, told in self._variants(settings, row, [(one, "") for one in folders])}

    def _variants(
        self, settings: Mapping[str, str], row: Mapping[str, str], variants: Sequence[tuple[str, str]]
    ) -> list[tuple[str, str, str]]:
        command = [str(self.python), "-c", ALONE, self.app.partition(":")[0], json.dumps(row), json.dumps(variants)]
        done = self._run(command, settings)
        done.check_returncode()
        lines = [line.removeprefix("told ") for line in done.stdout.splitlines() if line.startswith("told ")]
        return [(folder, prompt, told) for folder, prompt, told in map(json.loads, lines)]

    def _run(
        self, command: list[str], settings: Mapping[str, str], given: str = ""
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            check=False,
            cwd=self.folder,
            env=dict(settings),
            input=given,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )


def team(name: str, environments: Path) -> Team:
    """Return a team; make its environment if that is not there."""
    if name == "curl":
        version = " ".join(_told(["curl", "--version"]).split()[:2])
        return Team(name, version, COMMANDS[name], FILES)
    place = environments / name
    if name in NPM:
        if not (place / "node_modules").exists():
            made(
                place,
                ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(place), *NPM[name]],
            )
            require_newest(place, NPM[name][0])
        package = NPM[name][0]
        return Team(name, f"{package} {_installed(place, package)}", COMMANDS[name], place)
    python = place / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
        made(
            place,
            [str(python), "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "-q", *PACKAGES[name]],
        )
    package = PACKAGES[name][0].partition("[")[0]
    code = f"from importlib.metadata import version; print(version({package!r}))"
    version = f"{package} {_told([str(python), '-c', code]).strip()}"
    return Team(name, version, f"{name}_team:answer", FILES, python)


def require_newest(place: Path, package: str) -> None:
    """Require that npm has installed the newest release: where Node.js is too old for it, an older one is taken.

    Raises:
        RuntimeError: it has not; what was installed is gone.

    """
    installed, newest = _installed(place, package), _told(["npm", "view", package, "version"]).strip()
    if installed != newest:
        shutil.rmtree(place)
        node = _told(["node", "--version"]).strip()
        raise RuntimeError(
            f"npm has installed {package} {installed}, and {newest} is the newest: Node.js {node} may be too old for "
            "it; put a newer one on PATH"
        )


def _installed(place: Path, package: str) -> str:
    told = json.loads((place / "node_modules" / package / "package.json").read_text(encoding="utf-8"))
    return str(told["version"])


def _told(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def made(place: Path, command: list[str]) -> None:
    """Install into a place; half an environment would be taken for a whole one."""
    place.mkdir(parents=True, exist_ok=True)
    try:
        subprocess.run(command, check=True)
    except BaseException:
        shutil.rmtree(place)
        raise

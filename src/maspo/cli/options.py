"""The options that commands share, declared once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer


@dataclass(frozen=True)
class JobArguments:
    """What ``optimize``, ``estimate`` and ``check`` are given. ``flags`` are settings by flag name, None: not given."""

    system: Path
    inputs: Path
    out: Path | None
    flags: Mapping[str, object]
    sets: tuple[str, ...]
    config: Path | None
    as_json: bool
    yes: bool


def _option(flag: str, metavar: str, help_text: str) -> Any:
    return typer.Option(flag, metavar=metavar, help=help_text, show_default=False)


SystemFile = Annotated[Path, typer.Argument(metavar="SYSTEM", help="The system file (YAML).", show_default=False)]
InputsFile = Annotated[Path, _option("--inputs", "FILE", "Inputs, JSON Lines or CSV.")]
Out = Annotated[Path | None, _option("--out", "DIR", "The folder [default: a new one in maspo-runs].")]
Profile = Annotated[str | None, _option("--profile", "default|cheap|thorough|paper", "Presets of the search.")]
Seed = Annotated[int | None, _option("--seed", "N", "Same seed, same order and search [default: 0].")]
AgentModel = Annotated[str | None, _option("--agent-model", "M", "The model of the agents.")]
JudgeModel = Annotated[str | None, _option("--judge-model", "M", "The model of the judge [default: the agents'].")]
ProposerModel = Annotated[
    str | None, _option("--proposer-model", "M", "The model that writes prompts [default: the agents'].")
]
BaseUrl = Annotated[str | None, _option("--base-url", "URL", "An OpenAI-compatible endpoint, up to /v1.")]
MaxUsd = Annotated[float | None, _option("--max-usd", "X", "Hard cap in US dollars, over all models.")]
MaxCalls = Annotated[int | None, _option("--max-calls", "N", "Hard cap on model calls, retries included.")]
MaxMinutes = Annotated[float | None, _option("--max-minutes", "N", "Hard cap on the minutes of work.")]
ShipIf = Annotated[
    str | None, _option("--ship-if", "better|proven", "Ship when wins exceed losses, or only with a proof.")
]
Labels = Annotated[str | None, _option("--labels", "ignore|use", "Let answers in the inputs decide, or ignore them.")]
Focus = Annotated[
    str | None, _option("--focus", "AGENTS", "Rewrite only these agents, e.g. solver,critic [default: all].")
]
Set = Annotated[
    list[str] | None, _option("--set", "KEY=VALUE", "Any single setting, e.g. search.beam_width=3; repeatable.")
]
Config = Annotated[Path | None, _option("--config", "FILE", "Settings file [default: maspo.toml, if it is there].")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line of stdout.")]
UnsafeExec = Annotated[
    bool, typer.Option("--unsafe-exec", help="Run programs in outputs without a sandbox, as your own user.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before starting.")]
RunFolder = Annotated[Path, typer.Argument(metavar="DIR", help="A run folder.", show_default=False)]


def job_command(action: Callable[[JobArguments], None]) -> Callable[..., None]:
    """Return a command that takes the options of a run and calls ``action`` with them."""

    def command(
        *,
        system: SystemFile,
        inputs: InputsFile,
        out: Out = None,
        profile: Profile = None,
        seed: Seed = None,
        agent_model: AgentModel = None,
        judge_model: JudgeModel = None,
        proposer_model: ProposerModel = None,
        base_url: BaseUrl = None,
        max_usd: MaxUsd = None,
        max_calls: MaxCalls = None,
        max_minutes: MaxMinutes = None,
        ship_if: ShipIf = None,
        labels: Labels = None,
        focus: Focus = None,
        settings: Set = None,
        config: Config = None,
        as_json: Json = False,
        yes: Yes = False,
    ) -> None:
        models = {"agent-model": agent_model, "judge-model": judge_model, "proposer-model": proposer_model}
        caps = {"max-usd": max_usd, "max-calls": max_calls, "max-minutes": max_minutes}
        flags = {
            "profile": profile,
            "seed": seed,
            "ship-if": ship_if,
            "labels": labels,
            "focus": focus,
            "base-url": base_url,
            **models,
            **caps,
        }
        action(JobArguments(system, inputs, out, flags, tuple(settings or ()), config, as_json, yes))

    command.__doc__ = action.__doc__
    return command


def executed(scorer: str, unsafe_exec: bool) -> str:
    """Return the name of a scorer after ``--unsafe-exec``. Raises ConfigInvalid where no program would run."""
    from maspo.errors import ConfigInvalid
    from maspo.scoring.registry import CODE, UNSAFE_CODE

    if not unsafe_exec:
        return scorer
    if scorer != CODE:
        raise ConfigInvalid(f"--unsafe-exec: the scorer {scorer} runs no programs; leave it out, or give --scorer code")
    return UNSAFE_CODE

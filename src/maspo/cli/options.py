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


def _option(flag: str, help_text: str, panel: str, metavar: str = "") -> Any:
    return typer.Option(flag, help=help_text, rich_help_panel=panel, metavar=metavar or None, show_default=False)


_RUN, _MODELS, _CAPS = "The run", "Models", "Hard caps over agents, judge and proposer together"

SystemFile = Annotated[Path, typer.Argument(metavar="SYSTEM", help="The system file (YAML).", show_default=False)]
InputsFile = Annotated[Path, _option("--inputs", "Inputs, JSON Lines or CSV.", _RUN, "FILE")]
Out = Annotated[Path | None, _option("--out", "The run folder [default: maspo-runs/NAME-N].", _RUN, "DIR")]
Profile = Annotated[str | None, _option("--profile", "Presets of the search.", _RUN, "default|cheap|thorough|paper")]
Seed = Annotated[int | None, _option("--seed", "Same seed, same run [default: 0].", _RUN, "N")]
ShipIf = Annotated[
    str | None, _option("--ship-if", "Ship when wins exceed losses, or only when proven.", _RUN, "better|proven")
]
Labels = Annotated[
    str | None, _option("--labels", "Use answers as the global verdict, or ignore them.", _RUN, "ignore|use")
]
Set = Annotated[
    list[str] | None,
    _option("--set", "Any single setting, such as search.beam_width=3; repeatable.", _RUN, "KEY=VALUE"),
]
Config = Annotated[Path | None, _option("--config", "Settings file [default: maspo.toml, if there].", _RUN, "FILE")]
AgentModel = Annotated[str | None, _option("--agent-model", "The agents' model.", _MODELS, "M")]
JudgeModel = Annotated[str | None, _option("--judge-model", "[default: the agents' model]", _MODELS, "M")]
ProposerModel = Annotated[str | None, _option("--proposer-model", "[default: the agents' model]", _MODELS, "M")]
BaseUrl = Annotated[str | None, _option("--base-url", "An OpenAI-compatible endpoint, up to /v1.", _MODELS, "URL")]
MaxUsd = Annotated[float | None, _option("--max-usd", "US dollars.", _CAPS, "X")]
MaxCalls = Annotated[int | None, _option("--max-calls", "Model calls, retries included.", _CAPS, "N")]
MaxMinutes = Annotated[float | None, _option("--max-minutes", "Minutes of work.", _CAPS, "N")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line of stdout.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before starting.")]
RunFolder = Annotated[Path, typer.Argument(metavar="DIR", help="A run folder.", show_default=False)]


def job_command(action: Callable[[JobArguments], None]) -> Callable[..., None]:
    """Return a command that takes the options of a run and calls ``action`` with them."""

    def command(
        system: SystemFile,
        inputs: InputsFile,
        out: Out = None,
        profile: Profile = None,
        seed: Seed = None,
        ship_if: ShipIf = None,
        labels: Labels = None,
        settings: Set = None,
        config: Config = None,
        agent_model: AgentModel = None,
        judge_model: JudgeModel = None,
        proposer_model: ProposerModel = None,
        base_url: BaseUrl = None,
        max_usd: MaxUsd = None,
        max_calls: MaxCalls = None,
        max_minutes: MaxMinutes = None,
        as_json: Json = False,
        yes: Yes = False,
    ) -> None:
        flags = {
            "profile": profile,
            "seed": seed,
            "ship-if": ship_if,
            "labels": labels,
            "agent-model": agent_model,
            "judge-model": judge_model,
            "proposer-model": proposer_model,
            "base-url": base_url,
            "max-usd": max_usd,
            "max-calls": max_calls,
            "max-minutes": max_minutes,
        }
        action(JobArguments(system, inputs, out, flags, tuple(settings or ()), config, as_json, yes))

    command.__doc__ = action.__doc__
    return command

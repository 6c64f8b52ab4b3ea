"""The settings of a run: one frozen model, unknown keys forbidden, and the profiles that preset it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from maspo.errors import ConfigInvalid
from maspo.search.plan import Plan

ProfileName = Literal["default", "cheap", "thorough", "paper"]


class Section(BaseModel):
    """A group of settings: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ModelSettings(Section):
    """Which models answer, where, and how calls are sent. Never holds a key, only the name of its variable."""

    agent: str = "gpt-4.1-mini"
    judge: str = Field(default="", description="empty: the agent model")
    proposer: str = Field(default="", description="empty: the agent model")
    base_url: str = "https://api.openai.com/v1"
    api_key_env: str = "OPENAI_API_KEY"
    agent_temperature: float = Field(default=0.0, ge=0)
    judge_temperature: float = Field(default=0.0, ge=0)
    proposer_temperature: float = Field(default=0.7, ge=0)
    max_tokens: int = Field(default=4096, ge=1, description="per reply; also what a cap in money reserves")
    concurrency: int = Field(default=64, ge=1, description="calls in flight")
    timeout: float = Field(default=120.0, gt=0, description="seconds per attempt")
    deadline: float = Field(default=600.0, gt=0, description="seconds per call over all its attempts")
    attempts: int = Field(default=6, ge=1)
    attribution: bool = Field(default=True, description="send the X-Maspo headers")
    allow_http: bool = Field(default=False, description="plain http also to other machines; shows the key on the way")
    use_proxy: bool = Field(default=False, description="send through the proxy that the environment names")
    prices: Mapping[str, tuple[float, float]] = Field(
        default_factory=dict, description="USD per million tokens (in, out) by model; overrides the price table"
    )

    def for_judge(self) -> str:
        """Return the judge model's name."""
        return self.judge or self.agent

    def for_proposer(self) -> str:
        """Return the proposer model's name."""
        return self.proposer or self.agent


class Caps(Section):
    """Hard caps over agents, judge and proposer together; None is no cap."""

    usd: float | None = Field(default=None, gt=0)
    calls: int | None = Field(default=None, ge=1)
    minutes: float | None = Field(default=None, gt=0)


class HoldoutSettings(Section):
    """The proof at the end: which share of the inputs is kept back, and what it takes to ship."""

    share: float = Field(default=0.5, gt=0, lt=1)
    ship_if: Literal["better", "proven"] = "better"


class ProposerSettings(Section):
    """What the proposer is shown and what its drafts must respect."""

    length_budget: int = Field(default=6000, ge=200, description="characters per prompt")
    shown_characters: int = Field(
        default=4000, ge=200, description="per text of a trace; longer texts are cut in the middle"
    )


class RunConfig(Section):
    """Everything that, with the system and the inputs, determines a run."""

    profile: ProfileName = "default"
    seed: int = 0
    labels: Literal["ignore", "use"] = "ignore"
    focus: tuple[str, ...] = Field(default=(), description="only these agents are rewritten; empty: all that may be")
    search: Plan = Plan()
    models: ModelSettings = ModelSettings()
    proposer: ProposerSettings = ProposerSettings()
    holdout: HoldoutSettings = HoldoutSettings()
    caps: Caps = Caps()

    @field_validator("focus", mode="before")
    @classmethod
    def _names(cls, given: object) -> object:
        """Take names in a row, separated by commas, as well as a list of them."""
        if not isinstance(given, str):
            return given
        names = [name.strip() for name in given.split(",")]
        if not all(names):
            raise ValueError("names of agents, separated by commas, such as solver,critic")
        return list(dict.fromkeys(names))


PROFILES: Mapping[ProfileName, Mapping[str, object]] = {
    "default": {},
    "cheap": {
        "calls": 980,
        "drafts": 1,
        "edits": 5,
        "stages": (16,),
        "shared_inputs": 12,
        "union_inputs": 10,
        "first_round": 1.0,
        "growth": 0.0,
    },
    "thorough": {
        "calls_per_agent": 3000,
        "passes": 20,
        "stages": (80,),
        "shared_inputs": 40,
        "union_inputs": 40,
    },
    "paper": {
        "method": "ascent",
        "passes": 3,
        "beam_width": 2,
        "drafts": 2,
        "scoring": "indicator",
        "reference": "parent",
        "promotion": (),
    },
}
"""What each profile sets under ``search``."""


def capped(config: RunConfig, caps: Caps | None) -> RunConfig:
    """Return the settings with the caps that are given; the others stay."""
    if caps is None:
        return config
    given = {name: value for name, value in caps.model_dump().items() if value is not None}
    return config.model_copy(update={"caps": config.caps.model_copy(update=given)})


def plan_of(profile: ProfileName, overrides: Mapping[str, object]) -> Plan:
    """Return a profile's plan with single settings replaced.

    Raises:
        ConfigInvalid: unknown profile.

    """
    if profile not in PROFILES:
        raise ConfigInvalid(f"--profile {profile!r}: expected one of {', '.join(PROFILES)}")
    return Plan.model_validate({**PROFILES[profile], **overrides})

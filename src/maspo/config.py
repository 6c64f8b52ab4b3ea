"""The settings of a run: one frozen model, unknown keys forbidden, and the profiles that preset it.

A setting is declared where its field stands. Where it also has a name of its own (a flag, a variable, a keyword in
Python), the field takes it from ``maspo.flags``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, SerializeAsAny, ValidationInfo, field_validator

from maspo.core.errors import ConfigInvalid
from maspo.flags import FLAGS
from maspo.models.base import RoleSettings
from maspo.optimizers.base import OptimizerConfig
from maspo.optimizers.registry import DEFAULT, make_config, recorded_config

ProfileName = Literal["default", "cheap", "thorough", "paper"]


class Section(BaseModel):
    """A group of settings: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


_Usd: TypeAlias = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class ModelSettings(Section):
    """Which models answer, where, and how calls are sent. Never holds a key, only the name of its variable."""

    agent: Annotated[str, FLAGS["agent-model"]] = "gpt-4.1-mini"
    judge: Annotated[str, FLAGS["judge-model"]] = ""
    proposer: Annotated[str, FLAGS["proposer-model"]] = ""
    base_url: Annotated[str, FLAGS["base-url"]] = "https://api.openai.com/v1"
    api_key_env: Annotated[str, FLAGS["api-key-env"]] = "OPENAI_API_KEY"
    agent_temperature: float = Field(default=0.0, ge=0, description="temperature of the agents")
    judge_temperature: float = Field(default=0.0, ge=0, description="temperature of the judge")
    proposer_temperature: float = Field(
        default=0.7,
        ge=0,
        description="temperature of the proposer; each draw has an identity, so it can be repeated from the record",
    )
    max_tokens: int = Field(default=4096, ge=1, description="longest reply; also what a cap in money reserves")
    concurrency: Annotated[int, FLAGS["concurrency"]] = Field(default=64, ge=1)
    timeout: float = Field(default=120.0, gt=0, description="seconds per attempt")
    deadline: float = Field(default=600.0, gt=0, description="seconds per call over all its attempts")
    attempts: int = Field(default=6, ge=1, description="attempts per call")
    client: str = Field(default="chat_completions", description="how models are reached; packages may add ways")
    attribution: bool = Field(default=True, description="send the [X-Maspo headers](files.md#requests)")
    allow_http: bool = Field(
        default=False,
        description="plain http also to other machines: whoever is between reads key and prompts",
    )
    use_proxy: bool = Field(
        default=False,
        description="send through the proxy that the environment names (`HTTPS_PROXY`); without it no proxy is used",
    )
    prices: Mapping[str, tuple[_Usd, _Usd]] = Field(
        default_factory=dict,
        description="table: US dollars per million tokens (in, out) by model; overrides the price table",
    )

    def of_agents(self) -> RoleSettings:
        """Return how agents call their model, those that name none of their own."""
        return RoleSettings(self.agent, self.agent_temperature, self.max_tokens)

    def of_judge(self) -> RoleSettings:
        """Return how the judge calls its model."""
        return RoleSettings(self.for_judge(), self.judge_temperature, self.max_tokens)

    def of_proposer(self) -> RoleSettings:
        """Return how the proposer calls its model."""
        return RoleSettings(self.for_proposer(), self.proposer_temperature, self.max_tokens)

    def for_judge(self) -> str:
        """Return the judge model's name."""
        return self.judge or self.agent

    def for_proposer(self) -> str:
        """Return the proposer model's name."""
        return self.proposer or self.agent


class Caps(Section):
    """Hard caps over agents, judge and proposer together; None is no cap."""

    usd: Annotated[float | None, FLAGS["max-usd"]] = Field(default=None, gt=0)
    calls: Annotated[int | None, FLAGS["max-calls"]] = Field(default=None, ge=1)
    minutes: Annotated[float | None, FLAGS["max-minutes"]] = Field(default=None, gt=0)


class HoldoutSettings(Section):
    """The proof at the end: which share of the inputs is kept back, and what it takes to ship."""

    share: float = Field(default=0.5, gt=0, lt=1, description="share of the inputs that is held out, at most")
    ship_if: Annotated[Literal["better", "proven"], FLAGS["ship-if"]] = "better"


class JudgeSettings(Section):
    """Who judges."""

    kind: str = Field(default="pairwise", description="a judge by name; packages may add some")
    options: Mapping[str, Any] = Field(default_factory=dict, description="table: settings of that judge, by name")


class RunnerSettings(Section):
    """What runs the team on an input."""

    kind: str = Field(default="prompt_graph", description="a runner by name; packages may add some")
    options: Mapping[str, Any] = Field(default_factory=dict, description="table: settings of that runner, by name")


class ProposerSettings(Section):
    """Who writes drafts, what it is shown, and what its drafts must respect."""

    kind: str = Field(default="rewrite", description="a proposer by name; packages may add some")
    options: Mapping[str, Any] = Field(default_factory=dict, description="table: settings of that proposer, by name")
    length_budget: int = Field(
        default=6000, ge=200, description="longest prompt, in characters; a longer seed prompt may grow by half"
    )
    shown_characters: int = Field(
        default=4000,
        ge=200,
        description="characters of each text of a trace that the proposer is shown; longer ones are cut in the middle",
    )


class RunConfig(Section):
    """Everything that, with the system and the inputs, determines a run."""

    profile: Annotated[ProfileName, FLAGS["profile"]] = "default"
    seed: Annotated[int, FLAGS["seed"]] = 0
    labels: Annotated[Literal["ignore", "use"], FLAGS["labels"]] = "ignore"
    focus: Annotated[tuple[str, ...], FLAGS["focus"]] = ()
    search: SerializeAsAny[OptimizerConfig] = Field(default_factory=lambda made: search_of(made["profile"], {}))
    models: ModelSettings = ModelSettings()
    runner: RunnerSettings = RunnerSettings()
    judge: JudgeSettings = JudgeSettings()
    proposer: ProposerSettings = ProposerSettings()
    holdout: HoldoutSettings = HoldoutSettings()
    caps: Caps = Caps()

    @field_validator("search", mode="before")
    @classmethod
    def _settings_of_one_optimizer(cls, given: object, info: ValidationInfo) -> object:
        """Read the settings of the optimizer that ``method`` or the profile chooses; those of another are refused.

        A record holds every setting, so the profile adds nothing to it.
        """
        if not isinstance(given, Mapping):
            return given
        if info.context and info.context.get("recorded"):
            return recorded_config(given)
        return search_of(info.data.get("profile", "default"), given)

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
        "scoring": "indicator",
        "reference": "parent",
        "promotion": (),
    },
}
"""What each profile sets under ``search``: chosen on the arena (docs/search.md); ``paper`` is as printed."""


def capped(config: RunConfig, caps: Caps | None) -> RunConfig:
    """Return the settings with the caps that are given; the others stay."""
    if caps is None:
        return config
    given = {name: value for name, value in caps.model_dump().items() if value is not None}
    return config.model_copy(update={"caps": config.caps.model_copy(update=given)})


def method_of(profile: ProfileName) -> str:
    """Return the optimizer that a profile chooses."""
    return str(PROFILES[profile].get("method", DEFAULT))


def search_of(profile: ProfileName, overrides: Mapping[str, object]) -> OptimizerConfig:
    """Return a profile's settings of its optimizer with single ones replaced; another method drops the profile's.

    Raises:
        ConfigInvalid: unknown profile or method, or a setting of another optimizer.

    """
    if profile not in PROFILES:
        raise ConfigInvalid(f"--profile {profile!r}: expected one of {', '.join(PROFILES)}")
    chosen = method_of(profile)
    presets = PROFILES[profile] if overrides.get("method", chosen) == chosen else {}
    chosen_by = "search.method" if "method" in overrides else f"profile {profile}"
    return make_config({"method": chosen, **presets, **overrides}, chosen_by)

"""The settings of a run: one frozen model, unknown keys forbidden, and the profiles that preset it.

A setting is declared where its field stands. Where it also has a name of its own (a flag, a variable, a keyword in
Python), the field takes it from ``maspo.flags``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, SerializeAsAny, ValidationInfo, field_validator, model_validator

from maspo.core.errors import ConfigInvalid
from maspo.data.groups import ALONE, NEAR
from maspo.flags import FLAGS
from maspo.models.base import RoleSettings
from maspo.optimizers.base import OptimizerConfig
from maspo.optimizers.registry import DEFAULT, make_config, recorded_config

ShipIf: TypeAlias = Literal["likely", "better", "proven"]
ProfileName = Literal["default", "cheap", "thorough", "paper"]


class Section(BaseModel):
    """A group of settings: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    unrecorded: ClassVar[Mapping[str, object]] = {}
    """What versions did whose records do not say so, because the setting did not exist yet: such a record stays so."""

    @model_validator(mode="before")
    @classmethod
    def _as_recorded(cls, given: object, info: ValidationInfo) -> object:
        if isinstance(given, Mapping) and info.context and info.context.get("recorded"):
            return {**cls.unrecorded, **given}
        return given


_Usd: TypeAlias = Annotated[float, Field(ge=0, allow_inf_nan=False)]
_Prices: TypeAlias = tuple[_Usd, ...]


Effort: TypeAlias = Literal["", "none", "minimal", "low", "medium", "high", "xhigh"]


class _Connection(Section):
    """How a role's calls differ from those of all; what is not given is as for all."""

    key_env: str = Field(default="", description="name of the variable that holds this endpoint's key")
    headers: Mapping[str, str] = Field(default_factory=dict, description="table: further headers, as `models.headers`")
    extra: Mapping[str, Any] = Field(default_factory=dict, description="table: further parameters, as `models.extra`")
    reasoning_tokens: int | None = Field(default=None, ge=0, description="as `models.reasoning_tokens`")
    context: int = Field(default=0, ge=0, description="as `models.context`")
    effort: Effort = Field(default="", description="as `models.effort`")


class AgentConnection(_Connection):
    """The agents' endpoint, where it is not that of all."""

    base_url: str = Field(default="", description="an endpoint of the agents' own")


class JudgeConnection(_Connection):
    """The judge's endpoint, where it is not that of all."""

    base_url: Annotated[str, FLAGS["judge-base-url"]] = ""


class ProposerConnection(_Connection):
    """The proposer's endpoint, where it is not that of all."""

    base_url: Annotated[str, FLAGS["proposer-base-url"]] = ""


Connection: TypeAlias = AgentConnection | JudgeConnection | ProposerConnection
Role: TypeAlias = Literal["agent", "judge", "proposer"]
ROLES: tuple[Role, ...] = ("agent", "judge", "proposer")


class RoleConnections(Section):
    """Endpoints of single roles: local agents with a judge elsewhere, for example."""

    agent: AgentConnection = AgentConnection()
    judge: JudgeConnection = JudgeConnection()
    proposer: ProposerConnection = ProposerConnection()

    def of(self, role: Role) -> Connection:
        """Return what differs for a role."""
        every: Mapping[Role, Connection] = {"agent": self.agent, "judge": self.judge, "proposer": self.proposer}
        return every[role]


_BETWEEN_ADDRESSES = re.compile(r",(?=\s*[A-Za-z][A-Za-z0-9+.-]*://)")
"""A comma with an address behind it; one within an address is a part of it."""
DEFAULT_MODEL = "default"
"""What a server is asked for when no model is named: one with a single model takes any name; others say so."""


class ModelSettings(Section):
    """Which models answer, where, and how calls are sent. Never holds a key, only the name of its variable."""

    agent: Annotated[str, FLAGS["agent-model"]] = DEFAULT_MODEL
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
    max_tokens: int = Field(default=4096, ge=1, description="longest answer; also what a cap in money reserves")
    reasoning_tokens: int = Field(
        default=0, ge=0, description="tokens of thoughts before an answer, on top of `max_tokens`, for reasoning models"
    )
    effort: Effort = Field(default="", description="how hard reasoning models think: sent as `reasoning_effort`")
    context: int = Field(
        default=0, ge=0, description="tokens that a prompt and its reply may have together; 0: as the endpoint tells"
    )
    extra: Mapping[str, Any] = Field(
        default_factory=dict,
        description="table: further parameters of every request, such as `top_p` or `chat_template_kwargs`",
    )
    headers: Mapping[str, str] = Field(
        default_factory=dict,
        description="table: further headers; `$NAME` is read from the environment, as secrets must be",
    )
    stream: bool = Field(default=True, description="read replies as they are written, where the endpoint can")
    concurrency: Annotated[int, FLAGS["concurrency"]] = Field(default=64, ge=1)
    timeout: float = Field(
        default=120.0, gt=0, description="seconds of silence that end an attempt; five times that for a first part"
    )
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
    form: Literal[1, 2, 3] = Field(
        default=2,
        description="how requests to judge and proposer are written: 2 seals closing tags with a nonce, 3 also begins "
        "with what many requests share; a record goes on with its own",
    )
    prices: Mapping[str, _Prices] = Field(
        default_factory=dict,
        description="table: US dollars per million tokens (in, out[, cached]) by model; overrides the price table",
    )
    roles: RoleConnections = RoleConnections()

    unrecorded: ClassVar[Mapping[str, object]] = {"form": 1}
    """Requests of the first versions stay as they were sent."""

    @field_validator("prices")
    @classmethod
    def _two_or_three(cls, given: Mapping[str, _Prices]) -> Mapping[str, _Prices]:
        if not all(len(prices) in (2, 3) for prices in given.values()):
            raise ValueError("two prices (in, out), or three where cached tokens have one, such as [0.4, 1.6, 0.1]")
        return given

    def of_agents(self) -> RoleSettings:
        """Return how agents call their model, those that name none of their own."""
        return self._of("agent", self.agent, self.agent_temperature)

    def of_judge(self) -> RoleSettings:
        """Return how the judge calls its model."""
        return self._of("judge", self.for_judge(), self.judge_temperature)

    def of_proposer(self) -> RoleSettings:
        """Return how the proposer calls its model."""
        return self._of("proposer", self.for_proposer(), self.proposer_temperature)

    def _of(self, role: Role, model: str, temperature: float) -> RoleSettings:
        thoughts = self.roles.of(role).reasoning_tokens
        thoughts = self.reasoning_tokens if thoughts is None else thoughts
        endpoint = role if self.has_own(role) else ""
        return RoleSettings(model, temperature, self.max_tokens, thoughts, endpoint, self.form)

    def has_own(self, role: Role) -> bool:
        """Say whether a role's calls are sent in another way than those of all."""
        own = self.roles.of(role)
        return any((own.base_url, own.key_env, own.headers, own.extra, own.effort, own.context))

    def servers_of(self, role: str) -> tuple[str, ...]:
        """Return the addresses that answer a role, or all where the role has none of its own (``""``).

        Several, with commas between, are servers of the same models; one that is given twice is asked as one.
        """
        given = (self.roles.of(role).base_url if role in ROLES else "") or self.base_url
        return tuple(dict.fromkeys(one.strip(", ") for one in _BETWEEN_ADDRESSES.split(given)))

    def base_url_of(self, role: str) -> str:
        """Return the first address that answers a role; see ``servers_of``."""
        return self.servers_of(role)[0]

    def addresses(self) -> Mapping[str, Sequence[str]]:
        """Return the addresses of each role that has some of its own, by ``Request.endpoint``."""
        return {role: self.servers_of(role) for role in ROLES if self.has_own(role)}

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
    most: int | None = Field(
        default=None, ge=1, description="inputs that are held out, at most; empty: as many as the planned calls allow"
    )
    one_in: int = Field(
        default=4, ge=1, description="the proof may cost one of so many planned calls; on fewer calls less is held out"
    )
    first_part: float = Field(
        default=1.0,
        gt=0,
        le=1,
        description="part of the held-out inputs, 16 at least, with which the proof ends where that proves the new "
        "prompts better: 0.5 saves 7 to 9 % of a run's calls, and tells less exactly by how much; 1: it takes all",
    )
    group_by: Annotated[str, FLAGS["group-by"]] = NEAR
    ship_if: Annotated[ShipIf, FLAGS["ship-if"]] = "likely"
    approve: Annotated[Literal["none", "each"], FLAGS["approve"]] = "none"
    rerun: int = Field(
        default=0,
        ge=0,
        description="hold-out inputs on which the seed prompts are run a second time, to see what is mere noise",
    )
    leave_one_out: bool = Field(
        default=False,
        description="whether the new prompts also meet themselves without the changes of each agent, on the hold-out",
    )

    unrecorded: ClassVar[Mapping[str, object]] = {"group_by": ALONE, "one_in": 3}
    """Inputs are split as they were: by versions that knew no groups, and spent a third on proof."""


class JudgeSettings(Section):
    """Who judges."""

    kind: str = Field(default="pairwise", description="a judge by name; packages may add some")
    options: Mapping[str, Any] = Field(default_factory=dict, description="table: settings of that judge, by name")
    rubric: Annotated[str, FLAGS["rubric"]] = Field(
        default="", max_length=20_000, description="what counts in final answers, and nothing else, in your own words"
    )
    plain_pairs: int = Field(
        default=8,
        ge=0,
        le=100,
        description="outputs that the judge is shown against an empty text at the start, to find one that is a coin",
    )

    unrecorded: ClassVar[Mapping[str, object]] = {"plain_pairs": 0}
    """There were versions that asked the judge no such thing."""


class RunnerSettings(Section):
    """What runs the team on an input."""

    kind: str = Field(default="prompt_graph", description="a runner by name; packages may add some")
    options: Mapping[str, Any] = Field(default_factory=dict, description="table: settings of that runner, by name")


class ProposerSettings(Section):
    """Who writes drafts, what it is shown, and what its drafts must respect."""

    kind: str = Field(default="rewrite", description="a proposer by name; packages may add some")
    options: Mapping[str, Any] = Field(default_factory=dict, description="table: settings of that proposer, by name")
    fallback: Literal["edits", "none"] = Field(
        default="edits",
        description="`edits`: plain edits stand in where no draft for an agent can be used; `none`: nothing does",
    )
    length_budget: int = Field(
        default=6000, ge=200, description="longest prompt, in characters; a longer seed prompt may grow by half"
    )
    shown_characters: int = Field(
        default=4000,
        ge=200,
        description="characters of each text of a trace that the proposer is shown; longer ones are cut in the middle",
    )
    examples: int = Field(
        default=0,
        ge=0,
        le=20,
        description="worked examples that a prompt may hold, taken from runs of the search that went well: they copy "
        "inputs; 0: none",
    )

    unrecorded: ClassVar[Mapping[str, object]] = {"fallback": "none"}
    """There were versions without a fallback."""


class SandboxSettings(Section):
    """What programs in outputs find, where a scorer runs them shut in."""

    packages: Annotated[tuple[str, ...], FLAGS["sandbox-packages"]] = ()

    @field_validator("packages", mode="before")
    @classmethod
    def _names(cls, given: object) -> object:
        """Take names in a row, separated by commas, as well as a list of them."""
        return [name.strip() for name in given.split(",") if name.strip()] if isinstance(given, str) else given


FOUND: Final = ("auto",)
"""The focus of a run that finds out itself which agents are worth rewriting."""


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
    sandbox: SandboxSettings = SandboxSettings()

    @property
    def named_in_focus(self) -> tuple[str, ...]:
        """The agents that may be rewritten, where some are named."""
        return () if self.focus == FOUND else self.focus

    unrecorded: ClassVar[Mapping[str, object]] = {"judge": {}}
    """There were versions without settings of the judge."""

    @field_validator("search", mode="before")
    @classmethod
    def _settings_of_one_optimizer(cls, given: object, info: ValidationInfo) -> object:
        """Read the settings of the optimizer that ``method`` or the profile chooses; those of another are refused.

        A record holds every setting, so the profile adds nothing to it.
        """
        if not isinstance(given, Mapping):
            return given
        if info.context and info.context.get("recorded"):
            return recorded_config(given, info.data.get("labels", "ignore"))
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
        # Dealt into two mixtures an input, five drafts would meet 8 inputs in 16 runs (docs/design/0056).
        "design": "drawn",
        "verdicts_on_answers": 0,
        "contested": 1.0,
    },
    "thorough": {
        "calls_per_agent": 3000,
        "passes": 20,
        "stages": (80,),
        "shared_inputs": 27,
        "union_inputs": 40,
        # Not measured with what is usual in larger teams (docs/design/0073).
        "weighting": "learned",
        "contested": 1.0,
        "enough": 1.0,
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


def in_form_of(config: RunConfig, recorded: RunConfig) -> RunConfig:
    """Return the settings with requests written as those of a record, so that its replies are found again."""
    models = config.models.model_copy(update={"form": recorded.models.form})
    return config.model_copy(update={"models": models})


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

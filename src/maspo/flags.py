"""The settings with a name of their own, such as ``agent-model``, each declared once.

A field of ``maspo.config`` takes its row: ``agent: Annotated[str, FLAGS["agent-model"]] = ""``. All else
follows: the name gives ``--agent-model``, ``MASPO_AGENT_MODEL`` and ``agent_model=`` in Python; the place of the field
gives ``models.agent`` in ``maspo.toml`` and ``--set``; its type and limits check what is given, wherever that is; and
the rows in docs/commands.md are written from both.

Plain Python: the command line builds its options before it needs pydantic (docs/design/0009-settings.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ENV_PREFIX = "MASPO_"

Commands = Literal["models", "search", "scored", "none"]
"""Which commands take a flag as an option: all that ask models, those about a search, those that score, or none.

Without an option a setting is given by variable, in Python, in ``maspo.toml`` or with ``--set``.
"""


@dataclass(frozen=True)
class Flag:
    """The name of a setting, and what people are told about it."""

    name: str
    means: str
    """One clause in Markdown, for ``--help`` and the docs."""
    metavar: str = ""
    commands: Commands = "models"
    default: str = ""
    """What holds when nothing is given, in words; empty where the default of the field says it."""
    in_file: bool = False
    """Option and variable name a file that holds the value; elsewhere the value itself is given."""

    @property
    def option(self) -> str:
        """The option on the command line."""
        return f"--{self.name}"

    @property
    def variable(self) -> str:
        """The variable in the environment."""
        return ENV_PREFIX + self.keyword.upper()

    @property
    def keyword(self) -> str:
        """The keyword of ``maspo.optimize``."""
        return self.name.replace("-", "_")


_ALL = (
    Flag("profile", "presets of the search", "default|cheap|thorough|paper", "search"),
    Flag("seed", "same seed, same order and search", "N"),
    Flag("agent-model", "model of the agents that name none themselves; OpenAI's own endpoint needs one", "M"),
    Flag("judge-model", "model of the judge", "M", default="the agents'"),
    Flag("proposer-model", "model that writes prompts", "M", "search", default="the agents'"),
    Flag("base-url", "an OpenAI-compatible endpoint, up to `/v1`; servers of one model with commas between", "URL"),
    Flag("judge-base-url", "an endpoint of the judge's own", "URL", default="that of all"),
    Flag("proposer-base-url", "an endpoint of the proposer's own", "URL", "search", default="that of all"),
    Flag("api-key-env", "name of the variable that holds the key", commands="none"),
    Flag("concurrency", "calls in flight", commands="none"),
    Flag("max-usd", "hard cap in US dollars over all models", "X"),
    Flag("max-calls", "hard cap on model calls; attempts that the endpoint refuses do not count", "N"),
    Flag("max-minutes", "hard cap on minutes of work", "N"),
    Flag(
        "ship-if",
        "`likely`: ship what is likely better (p ≤ 0.3, or 0.4 with inputs of the search); `better`: what wins more "
        "often; `proven`: with a proof",
        "likely|better|proven",
        "search",
    ),
    Flag(
        "approve",
        "`each`: new prompts ship only once a person has approved each of them (`maspo steer`)",
        "none|each",
        "search",
    ),
    Flag(
        "group-by",
        "rows with the same value of this column ask the same; `none`: every row asks something else",
        "COLUMN",
        default="near-copies ask the same",
    ),
    Flag(
        "labels",
        "`use`: answers in the inputs decide the global comparison where there are some; `ignore` them",
        "ignore|use",
        "search",
    ),
    Flag(
        "rubric",
        "a text file with what counts in final answers, and nothing else, for the judge",
        "FILE",
        default="nothing but the task",
        in_file=True,
    ),
    Flag(
        "focus",
        "rewrite only these agents, such as `solver,critic`, or those that the run finds worth it (`auto`); the others "
        "keep their prompts",
        "AGENTS|auto",
        "search",
        default="all that may be",
    ),
    Flag(
        "sandbox-packages",
        "installed packages that programs in outputs may import, such as `numpy,pandas`; name what they need as well",
        "NAMES",
        "scored",
        default="the standard library",
    ),
)
FLAGS: dict[str, Flag] = {flag.name: flag for flag in _ALL}
"""Every named setting by its name, in the order in which ``--help`` lists them."""

"""What the tools of ``maspo mcp`` take and give. Their JSON schemas, which assistants read, are made from these."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from maspo.apps.literals import Named

PATIENCE: Final = 45.0
"""Seconds that a tool waits for its command; clients give up on a call after 60 by default."""
PathText = Annotated[str, Field(min_length=1, max_length=1_000)]


class _Arguments(BaseModel):
    """What a tool is given; what it does not know is refused."""

    model_config = ConfigDict(extra="forbid")


class Discover(_Arguments):
    """Which program, and what it is run on."""

    app: str = Field(description="The user's program: module:function that takes one row and returns the answer.")
    inputs: PathText = Field(description="File of rows (JSON Lines, JSON, CSV, Parquet), below the working folder.")
    out: PathText = Field("system.yaml", description="The system file to write.")
    rows: int = Field(5, ge=1, le=100, description="How many rows to run the program on.")
    max_calls: int = Field(200, ge=1, description="Hard cap on model calls.")
    python: str = Field("", description="The program's interpreter, such as .venv/bin/python; empty: maspo's own.")


class Search(_Arguments):
    """What a search is about."""

    system: PathText = Field(description="The system file.")
    inputs: PathText = Field(description="File of rows; about 40 or more are needed to prove anything.")
    max_usd: float = Field(0, ge=0, description="Hard cap in US dollars; 0: none but that on calls.")
    max_minutes: float = Field(0, ge=0, description="Hard cap on minutes of work; 0: none.")
    agent_model: str = Field("", description="Model of agents that name none themselves.")
    judge_model: str = Field("", description="Model of the judge; empty: the agents'.")
    proposer_model: str = Field("", description="Model that writes prompts; empty: the agents'.")
    labels: Literal["ignore", "use"] = Field("ignore", description="use: answers in the rows decide, not the judge.")
    planned_calls: int = Field(
        0, ge=0, description="Calls to plan for (search.calls); 0: the default. A small cap needs a small plan."
    )


class Estimate(Search):
    """A search that is not started."""

    max_calls: int = Field(0, ge=0, description="Hard cap on model calls; 0: as planned.")


class Optimize(Search):
    """A search, and its cap."""

    max_calls: int = Field(ge=1, description="Hard cap on model calls, agreed with the user.")
    out: str = Field("", max_length=1_000, description="Run folder; empty: a new one in maspo-runs.")


class Resume(_Arguments):
    """A search that goes on, and its cap."""

    path: PathText = Field(description="The run folder.")
    max_calls: int = Field(ge=1, description="Hard cap on model calls, those of before included.")


class Status(_Arguments):
    """Which job, and how long to wait for its end."""

    path: PathText = Field(description="The run folder, or the system file that discover writes.")
    wait: float = Field(0, ge=0, le=PATIENCE, description="Seconds to wait for its end.")


class Of(_Arguments):
    """Which job."""

    path: PathText = Field(description="The run folder, or the system file that discover writes.")


class Report(_Arguments):
    """Which run."""

    path: PathText = Field(description="The run folder.")


class Apply(_Arguments):
    """Which run, and how its prompts are read by the framework."""

    path: PathText = Field(description="The run folder.")
    to: list[PathText] = Field(
        [], max_length=20, description="Files or folders to look in, where a prompt stands in several; empty: its own."
    )
    template: Literal["", Named] = Field(
        "", description="What the framework does to braces in prompts; empty: told by the old prompts."
    )


class _Outcome(BaseModel):
    """What is told of a command's figures; they have more, which is left out."""

    model_config = ConfigDict(extra="ignore")


class Agent(_Outcome):
    """An agent of a team that was found."""

    reads: list[str]
    calls: int = Field(description="At most, in one rollout.")
    models: dict[str, int]
    tools: list[str]


class Team(_Outcome):
    """What discover has found."""

    system: str = Field(description="The system file.")
    agents: dict[str, Agent]
    output: str = Field(description="Who writes the answer.")
    rollouts: int
    calls: int
    attributed: int = Field(description="Of these calls, those that are of one of the agents.")
    usd: float | None = Field(description="Null: no price is known.")
    seconds_a_rollout: float
    notes: list[str] = Field(description="What could not be told, and what to do about it.")


class Rows(_Outcome):
    """How the inputs are split."""

    search: int
    holdout: int
    holdout_groups: int = Field(description="Independent ones among those held out.")


class Plan(_Outcome):
    """What a search would cost."""

    calls: dict[str, int] = Field(description="At most, by purpose; planned; expected; and total, at most.")
    usd: float | None = Field(description="At most; null: a price is unknown.")
    inputs: Rows
    notes: list[str]


class HeldOut(_Outcome):
    """The final test."""

    n: int
    wins: int
    losses: int
    ties: int
    undecided: int
    p_value: float
    look: int = Field(description="The so-manyth look at these held-out inputs.")
    level: float = Field(description="What p must reach at this look for a claim.")


class Run(_Outcome):
    """Where a search stands, or how it ended."""

    verdict: Literal["improved", "no_evidence", "worse", "cannot_tell"] | None = Field(description="Null: none yet.")
    shipped: Literal["optimized", "seed"] | None
    claim: str = Field(description="What the run shows, in words.")
    limits: list[str] = Field(description="What it does not show. Tell the user.")
    holdout: HeldOut | None
    rewritten: list[str] = Field(description="Agents whose prompts were rewritten.")
    prompts: dict[str, str] = Field(description="Of these agents, the prompts to use.")
    suspicious: list[str] = Field(description="Read these places of the new prompts first.")
    calls: int
    usd: float | None = Field(description="Null: no price is known.")
    seconds: float | None
    in_use: str = Field(
        description="What 1,000 inputs cost with old → new prompts; empty before the test. Tell the user."
    )


State = Literal["running", "finished", "interrupted", "awaiting approval", "failed"]


class Standing(_Outcome):
    """A command at work, or what came of it."""

    path: str
    state: State
    said: list[str] = Field(description="What the command said last.")
    team: Team | None = Field(default=None, description="What discover has found.")
    run: Run | None = Field(default=None, description="Where a search stands.")


class Told(_Outcome):
    """The report of a run."""

    path: str
    report: str = Field(description="The page, to open in a browser.")
    summary: str
    run: Run


class Patch(_Outcome):
    """The new prompts as a change of the user's files. Nothing was written."""

    diff: str
    notes: list[str] = Field(description="What cannot be written back, and why.")
    command: str = Field(description="What writes it, for the user to run; empty: there is nothing to write.")

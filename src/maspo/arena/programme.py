"""What is played: rivals, also without single ingredients, on worlds and graphs; one match for each with a seed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Literal, TypeAlias

from maspo.__about__ import __version__
from maspo.config import PROFILES, RunConfig
from maspo.optimizers.registry import OPTIMIZERS
from maspo.world import WorldSpec

Timing: TypeAlias = Literal["none", "wall", "depth"]
"""How long a reply takes: no time, 200 ms + 2 ms a token, or one unit whatever it is."""
BASE = "base"
WORLDS: Mapping[str, WorldSpec] = {
    BASE: WorldSpec(),
    "bias 0": WorldSpec(judge_bias=0.0),
    "bias 0.5": WorldSpec(judge_bias=0.5),
    "sharp judge": WorldSpec(judge_sharpness=2.0),
    "dull judge": WorldSpec(judge_sharpness=0.3),
    "other judge": WorldSpec(judge_temper="decisive"),
    "unreadable": WorldSpec(unreadable=0.5),
    "poor": WorldSpec(proposer="poor"),
    "rubbish": WorldSpec(proposer="rubbish"),
    "rewrites": WorldSpec(writing="rewrites"),
    "no traps": WorldSpec(traps=False),
    "conflicts": WorldSpec(conflicts=True),
    "no effect": WorldSpec(effects=0.0),
    "coin flip": WorldSpec(coin_flip=True),
}
"""The worlds by name; ``poor``, ``rubbish`` and ``rewrites`` are proposers."""
NOTHING_TO_CLAIM = frozenset({"no effect", "coin flip"})
"""Worlds in which every claim of an improvement is a false one: prompts do nothing, or the judge sees nothing."""


OWN_PROFILES = ("race", "ascent")
"""Optimizers that play as the profiles that choose them."""
RIVALS = (*PROFILES, *(name for name in OPTIMIZERS.own if name not in OWN_PROFILES))
"""Who plays where all shall: the profiles and our own optimizers. Those of other packages play when they are named."""


@dataclass(frozen=True)
class Ingredient:
    """A part of the search, and the settings (texts of ``--set``) of a search without it."""

    name: str
    without: tuple[str, ...]


INGREDIENTS: tuple[Ingredient, ...] = (
    Ingredient("partial verdicts decide", ("search.weighting=global",)),
    Ingredient("weights are learned", ("search.weighting=fixed",)),
    Ingredient("partial verdicts where answers differ", ("search.partial_differing=false",)),
    Ingredient("partial verdicts on the first runs", ("search.partial_inputs=0",)),
    Ingredient("misalignment cases", ("search.hard_negatives=0",)),
    Ingredient("both orders in mixed runs", ("search.double_orders=unions",)),
    Ingredient("both orders at all", ("search.double_orders=never",)),
    Ingredient("balanced orders", ("search.judge_order=fixed",)),
    Ingredient("contested inputs first", ("search.contested=0",)),
    Ingredient("mixtures of more than one", ("search.mixed=1",)),
    Ingredient("more than one candidate of an agent", ("search.beam_width=1",)),
    Ingredient("several drafts a call", ("search.edits=1",)),
    Ingredient("fewer runs far from the output", ("search.far_share=1",)),
    Ingredient("rounds grow", ("search.first_round=1", "search.growth=0")),
    Ingredient("mixed runs agent by agent", ("search.blocks=1",)),
    Ingredient("sentences remembered", ("search.memory=0",)),
    Ingredient("candidates dealt", ("search.design=drawn",)),
    Ingredient("verdicts on answers together", ("search.verdicts_on_answers=0",)),
    Ingredient("optimism about drafts", ("search.optimism=0",)),
    Ingredient("drafts asked for ahead", ("search.ahead=false",)),
    Ingredient("a price for length", ("search.length_price=0",)),
    Ingredient("patience", ("search.patience=1",)),
    Ingredient("conflicts looked for", ("search.conflicts=false",)),
)
"""What is on by default, each with the settings that switch it off."""


@dataclass(frozen=True)
class Rival:
    """A method that plays: a name for the tables, and its settings.

    ``without`` names the ingredient that an ablation has switched off.
    """

    name: str
    config: RunConfig
    without: str = ""

    def __str__(self) -> str:
        return f"{self.name} without {self.without}" if self.without else self.name


@dataclass(frozen=True)
class Match:
    """One run: a rival in one world of a kind, on one graph. The seed is the world's and the search's."""

    graph: str
    world: str
    rival: Rival
    seed: int
    inputs: int
    """Inputs of the run, for the search and the hold-out together."""
    timings: tuple[Timing, ...] = ("none",)
    """How the run is played; each timing is a run of its own."""

    @property
    def spec(self) -> WorldSpec:
        """The world, with its seed."""
        return replace(WORLDS[self.world], seed=self.seed)

    @property
    def config(self) -> RunConfig:
        """The settings of the run."""
        return self.rival.config.model_copy(update={"seed": self.seed})

    @property
    def key(self) -> str:
        """What the match is known by: equal keys ask for the same run of the same version of maspo."""
        settings = self.config.model_dump(mode="json", by_alias=True)
        content = [__version__, self.graph, asdict(self.spec), settings, self.inputs, sorted(self.timings)]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:20]


@dataclass(frozen=True)
class Programme:
    """Everything that is to be played: each rival in each world on each graph, once a seed."""

    graphs: Sequence[str]
    worlds: Sequence[str]
    rivals: Sequence[Rival]
    seeds: range
    inputs: int
    timings: tuple[Timing, ...]

    @property
    def shown(self) -> Mapping[str, object]:
        """What is played, for people."""
        return {
            "graphs": ", ".join(self.graphs),
            "worlds": ", ".join(self.worlds),
            "rivals": ", ".join(dict.fromkeys(rival.name for rival in self.rivals)),
            "seeds": f"{self.seeds.start} to {self.seeds.stop - 1}",
            "inputs": self.inputs,
        }

    def matches(self) -> Iterator[Match]:
        """Yield the matches, seed by seed, so that what is done early covers everything."""
        for seed in self.seeds:
            for graph in self.graphs:
                for world in self.worlds:
                    for rival in self.rivals:
                        yield Match(graph, world, rival, seed, self.inputs, self.timings)

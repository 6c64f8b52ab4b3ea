"""The ablation: what each ingredient of the search is worth, by switching it off alone."""

from __future__ import annotations

from dataclasses import dataclass


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
    Ingredient("contested inputs first", ("search.contested_first=false",)),
    Ingredient("mixtures of more than one", ("search.mixed=1",)),
    Ingredient("more than one candidate of an agent", ("search.beam_width=1",)),
    Ingredient("several drafts a call", ("search.edits=1",)),
    Ingredient("rounds grow", ("search.first_round=1", "search.growth=0")),
    Ingredient("mixed runs agent by agent", ("search.blocks=1",)),
    Ingredient("optimism about drafts", ("search.optimism=0",)),
    Ingredient("drafts asked for ahead", ("search.ahead=false",)),
    Ingredient("a price for length", ("search.length_price=0",)),
    Ingredient("patience", ("search.patience=1",)),
    Ingredient("conflicts looked for", ("search.conflicts=false",)),
)
"""What is on by default, each with the settings that switch it off."""

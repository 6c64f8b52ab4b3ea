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
    Ingredient("partial verdicts at all", ("search.partial_inputs=0", "search.partial_differing=false")),
    Ingredient("misalignment cases", ("search.hard_negatives=0",)),
    Ingredient("both orders for finalists", ("search.double_orders=never",)),
    Ingredient("single orders before", ("search.double_orders=always",)),
    Ingredient("balanced orders", ("search.judge_order=fixed",)),
    Ingredient("contested inputs first", ("search.contested_first=false",)),
    Ingredient("union and merging", ("search.unite=false",)),
    Ingredient("several proposer calls", ("search.drafts=1",)),
    Ingredient("several drafts a call", ("search.edits=1",)),
    Ingredient("growing stages", ("search.stages=[16]",)),
    Ingredient("a first stage", ("search.stages=[5]",)),
    Ingredient("doubt of new drafts", ("search.doubt=0",)),
    Ingredient("a margin for unions", ("search.margin=0",)),
    Ingredient("patience", ("search.patience=1",)),
)
"""What is on by default, each with the settings that switch it off."""

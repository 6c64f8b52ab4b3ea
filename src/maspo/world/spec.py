"""The knobs of a simulated world."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from maspo.core.errors import ConfigInvalid

Skill: TypeAlias = Literal["good", "poor", "rubbish"]
SKILLS: tuple[Skill, ...] = ("good", "poor", "rubbish")
Writing: TypeAlias = Literal["edits", "rewrites"]
WRITINGS: tuple[Writing, ...] = ("edits", "rewrites")
Temper: TypeAlias = Literal["usual", "decisive"]
TEMPERS: tuple[Temper, ...] = ("usual", "decisive")


@dataclass(frozen=True)
class WorldSpec:
    """Everything that determines a world; two worlds of equal specs give equal replies.

    Raises:
        ConfigInvalid: a knob out of its range.

    """

    seed: int = 0
    judge_bias: float = 0.15
    """Position bias towards output 1, in logits; 0 is fair, 0.5 is strong."""
    judge_sharpness: float = 1.0
    """How much of a real difference the judge sees; 0.3 is a dull judge."""
    unreadable: float = 0.0
    """Share of judge replies that hold no verdict."""
    coin_flip: bool = False
    """The judge picks 1 or 2 at random, whatever it is shown."""
    effects: float = 1.0
    """Scale of what prompts do to quality and handoff; 0 is an A/A world, where no prompt is better than another."""
    traps: bool = True
    """Whether attractive sentences may harm; without traps they are mere style."""
    conflicts: bool = False
    """Whether sentences bring along conventions; linked agents of opposite conventions clash."""
    proposer: Skill = "good"
    """good is led by the evidence shown, poor ignores it, rubbish writes harmful and unusable drafts."""
    writing: Writing = "edits"
    """edits adds, drops or replaces lines; rewrites also orders and joins all sentences anew."""
    judge_temper: Temper = "usual"
    """decisive seldom says tie, errs afresh when the order is turned, and locally looks more at quality."""

    def __post_init__(self) -> None:
        if not 0 <= self.unreadable <= 1:
            raise ConfigInvalid(f"world: unreadable is {self.unreadable}; expected a share from 0 to 1")
        for name in ("judge_sharpness", "effects"):
            if getattr(self, name) < 0:
                raise ConfigInvalid(f"world: {name} is {getattr(self, name)}; expected 0 or more")
        words = {"proposer": SKILLS, "writing": WRITINGS, "judge_temper": TEMPERS}
        for name, known in words.items():
            if getattr(self, name) not in known:
                raise ConfigInvalid(f"world: {name} is {getattr(self, name)!r}; expected one of {', '.join(known)}")

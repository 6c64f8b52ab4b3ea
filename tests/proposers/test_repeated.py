"""A rule that a model wrote over and over is in the draft once, and nothing else is touched."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maspo.models.base import RoleSettings
from maspo.models.scripted import ScriptedModel
from maspo.proposers.base import Rewrite
from maspo.proposers.drafts import Rules
from maspo.proposers.repeated import without_repeats
from maspo.proposers.rewrite import RewriteProposer

SEED = "You solve the problem step by step."
RULE = "Check each step of the calculation twice."


@pytest.mark.parametrize(
    ("draft", "parent", "kept"),
    [
        (f"{SEED}\n- {RULE}\n- {RULE}\n- {RULE}", SEED, f"{SEED}\n- {RULE}"),
        (f"{SEED}\n1. {RULE}\n2. {RULE.upper()}\n   {RULE}", SEED, f"{SEED}\n1. {RULE}"),
        (f"{SEED}\n\nRules:\n* {RULE}\n\nRules:\n* {RULE}", SEED, f"{SEED}\n\nRules:\n* {RULE}\n\nRules:"),
        (f"{SEED}\n\n{SEED}\n\n{RULE}\n{RULE}", "Solve it.", f"{SEED}\n\n\n{RULE}"),
        (f"Q: What is 1 + 1?\n{SEED}\nA: 2\nQ: What is 1 + 2?\n{SEED}\nA: 3", SEED, None),
        ("| a | b | c | d |\n| - | - | - | - |\n| 1 | 2 | 3 | 4 |\n\n| - | - | - | - |", SEED, None),
        (f"{RULE}\n{SEED}\n{RULE}", f"{RULE}\n{SEED}\n{RULE}", f"{RULE}\n{SEED}\n{RULE}"),
        (f"{SEED}\n{SEED}", SEED, SEED),
        ("Be brief.\nBe brief.", SEED, "Be brief.\nBe brief."),
        (f"{SEED}\n```\n{RULE}\n{RULE}\n```", SEED, f"{SEED}\n```\n{RULE}\n{RULE}\n```"),
        (f"<rules>\n{RULE}\n{RULE}\n</rules>", SEED, f"<rules>\n{RULE}\n{RULE}\n</rules>"),
        ("Add 1.5 to the given number\nAdd 1.6 to the given number", SEED, None),
        ("-5 is the least of all\n5 is the least of all", SEED, None),
        ("2 boxes hold ten pens each\n3 boxes hold ten pens each", SEED, None),
    ],
)
def test_a_line_that_says_the_same_again_is_left_out(draft: str, parent: str, kept: str | None) -> None:
    assert without_repeats(draft, parent) == (draft if kept is None else kept)


@given(st.lists(st.sampled_from([RULE, f"- {RULE}", SEED, "", "Rules:", "Write the unit beside every number."])))
def test_nothing_that_is_said_gets_lost_and_nothing_is_added(lines: list[str]) -> None:
    draft = "\n".join(lines)
    kept = without_repeats(draft, SEED).split("\n")
    assert {line.removeprefix("- ") for line in kept} == {line.removeprefix("- ") for line in draft.split("\n")}
    rest = iter(draft.split("\n"))
    assert all(line in rest for line in kept), "in the order in which they were"
    assert without_repeats("\n".join(kept), SEED) == "\n".join(kept)


async def test_a_model_that_repeats_itself_leaves_each_rule_once() -> None:
    reply = f"<prompt>{SEED}\n- {RULE}\n- {RULE}\n- {RULE}</prompt><prompt>{SEED}\n{SEED}</prompt>"
    proposer = RewriteProposer(ScriptedModel(lambda _: reply), RoleSettings("m"))
    rewrite = Rewrite("solver", "", {}, SEED, (), (), 2, "p1")
    good, same = (await proposer.propose(rewrite, Rules(SEED, lambda _: frozenset(), (), 1000))).drafts
    assert (good.text, good.rejected) == (f"{SEED}\n- {RULE}", "")
    assert same.rejected == "the same as the prompt it was written from"

"""Plain edits: each is one edit of the prompt, keeps the rules, and is drawn by the proposal alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maspo.models.base import RoleSettings
from maspo.models.scripted import ScriptedModel
from maspo.optimizers.parts.merge import sentences_of
from maspo.proposers.base import Rewrite, ShownTrace
from maspo.proposers.drafts import Rules, checked
from maspo.proposers.edits import NOTHING_LEFT, EditsProposer, instructions
from maspo.proposers.passages import Passages
from maspo.team.template import placeholders
from maspo.testing.proposers import check_proposer

INPUT = "The kettle boils quickly and the handle stays cool so I am very glad that I bought it"
PASSAGES = Passages([INPUT])
TRACE = ShownTrace(INPUT, "", "positive")


def rules(seed: str, protect: tuple[str, ...] = (), budget: int = 1000) -> Rules:
    return Rules(seed, lambda prompt: placeholders(prompt, {"question", "input"}), protect, budget)


def rewrite(parent: str, identity: str = "r1/labeler/propose/0", count: int = 5, readers: bool = False) -> Rewrite:
    named = {"critic": "checks it"} if readers else {}
    return Rewrite("labeler", "labels it", named, parent, (TRACE,), (), count, identity)


async def edit(asked: Rewrite, kept: Rules, examples: int = 0) -> tuple[str, ...]:
    model = ScriptedModel(lambda _: AssertionError("no model is asked"))
    proposer = EditsProposer(model, RoleSettings("m", 0.0), PASSAGES, examples=examples)
    found = await proposer.propose(asked, kept)
    assert not model.requests
    assert all(not draft.rejected for draft in found.drafts) or found.drafts[0].rejected == NOTHING_LEFT
    return tuple(draft.text for draft in found.drafts if not draft.rejected)


@pytest.mark.parametrize("examples", [0, 2])
async def test_the_contract_of_proposers(examples: int) -> None:
    await check_proposer("edits", examples=examples)


SENTENCES = st.lists(
    st.sampled_from(
        ["Read it.", "Please be brief (very brief).", "Say why, and how.", "Use {question}.", "Keep this."]
    ),
    min_size=1,
    max_size=6,
)


@given(SENTENCES, st.sampled_from(["\n", " "]), st.integers(1, 8), st.booleans())
async def test_drafts_differ_and_keep_the_rules(sentences: list[str], joint: str, count: int, readers: bool) -> None:
    parent = joint.join(sentences)
    kept = rules(parent, protect=("Keep this.",) if "Keep this." in parent else (), budget=len(parent) + 60)
    drafts = await edit(rewrite(parent, count=count, readers=readers), kept, examples=1)
    assert len(set(drafts)) == len(drafts) <= count
    assert not any(checked(draft, parent, kept, PASSAGES).rejected for draft in drafts)


async def test_every_kind_of_edit_is_drawn_and_is_one_edit() -> None:
    parent = "Read the review (all of it). Please say whether it is positive, and why. Be brief."
    kinds = set()
    for number in range(60):
        for draft in await edit(rewrite(parent, f"r{number}"), rules(parent), examples=1):
            before, after = ([one.strip() for one in sentences_of(text)] for text in (parent, draft))
            if "Example input:" in draft:
                kinds.add("example")
            elif sorted(before) == sorted(after):
                kinds.add("move")
            elif len(after) > len(before):
                assert after[:-1] == before
                assert after[-1] in {one.text for one in instructions()}
                kinds.add("add")
            elif len(after) < len(before):
                assert set(after) < set(before)
                kinds.add("drop")
            else:
                assert sum(one != other for one, other in zip(before, after, strict=True)) == 1
                assert len(draft) < len(parent)
                kinds.add("shorten")
    assert kinds == {"add", "drop", "move", "shorten", "example"}


async def test_a_draw_depends_on_the_proposal_and_on_nothing_else() -> None:
    parent = "Read the review. Say whether it is positive."
    asked = rewrite(parent)
    assert await edit(asked, rules(parent)) == await edit(asked, rules(parent))
    others = [
        replace(asked, identity="r2/labeler/propose/0"),
        replace(asked, traces=(replace(TRACE, input="Another."),)),
    ]
    for other in others:
        assert await edit(asked, rules(parent)) != await edit(other, rules(parent))


async def test_nothing_is_added_behind_a_slot_for_data() -> None:
    parent = "Answer the question.\nQuestion: {question}"
    for number in range(20):
        for draft in await edit(rewrite(parent, str(number)), rules(parent), examples=1):
            if len(draft) > len(parent):
                assert draft.endswith("Question: {question}")


async def test_examples_are_asked_for_and_quote_less_than_a_passage() -> None:
    parent = "Say whether the review is positive."
    drafts = [draft for number in range(30) for draft in await edit(rewrite(parent, str(number)), rules(parent))]
    assert not any("Example" in draft for draft in drafts)
    found = {
        draft
        for number in range(30)
        for draft in await edit(rewrite(parent, str(number)), rules(parent), examples=1)
        if "Example" in draft
    }
    quoted = "The kettle boils quickly and the handle stays cool so I …"
    assert found == {f"{parent}\nExample input: {quoted}\nExample output: positive"}
    full = found.pop()
    again = [draft for number in range(30) for draft in await edit(rewrite(full, str(number)), rules(full), examples=1)]
    assert not any(draft.count("Example input:") > 1 for draft in again)


async def test_an_agent_is_offered_what_suits_its_place() -> None:
    parent = "Do it."
    offered = {}
    for readers in (False, True):
        asked = [rewrite(parent, str(number), count=9, readers=readers) for number in range(40)]
        offered[readers] = {
            draft.removeprefix(parent).strip() for one in asked for draft in await edit(one, rules(parent))
        }
    assert "Write only the answer and nothing else." in offered[False] - offered[True]
    assert "Say in the first sentence what matters most." in offered[True] - offered[False]


async def test_a_prompt_without_an_edit_is_one_rejected_draft() -> None:
    model = ScriptedModel(lambda _: AssertionError("no model is asked"))
    proposer = EditsProposer(model, RoleSettings("m", 0.0), PASSAGES)
    found = await proposer.propose(rewrite("Do it."), rules("Do it.", budget=6))
    assert [draft.rejected for draft in found.drafts] == [NOTHING_LEFT]


def test_every_instruction_is_general_short_and_has_a_source() -> None:
    bank = instructions()
    assert len(bank) >= 30
    assert len({one.text for one in bank}) == len(bank)
    for one in bank:
        assert len(sentences_of(one.text)) == 1
        assert len(one.text.split()) < 12
        assert one.suits in ("final", "passed_on", "any")
        assert one.source

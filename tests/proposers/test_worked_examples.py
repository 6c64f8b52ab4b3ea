"""Worked examples: data in a block of its own, of inputs that the search may see; it changes as a whole or not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from maspo.core.worked_examples import Example, block_of, blocks_in, examples_in, without_blocks
from maspo.optimizers.parts.merge import merge, sentences_of, without_added
from maspo.proposers.base import Rewrite, ShownTrace
from maspo.proposers.drafts import Rules, checked
from maspo.proposers.examples import NOTHING_WON, ExampleGuard, ExamplesProposer
from maspo.proposers.passages import Passages
from maspo.team.template import BRACES, JINJA, placeholders, render, without_placeholders
from maspo.testing.models import HARD_TEXTS

LONG = "The parcel for Bergen leaves the harbour of Kiel on Monday and is due after three days of calm sea"
HELD_OUT = "The parcel for Genoa leaves the port of Malta on Friday and is due after nine days of rough sea"
KNOWN = {"input", "question"}
TEXTS = st.one_of(
    st.sampled_from(HARD_TEXTS), st.text("<>/&;{}% \nainputolexkdwr_s", max_size=60), st.text(max_size=40)
)


def rules(seed: str = "Say when it is due.", budget: int = 2000, template: str = BRACES) -> Rules:
    return Rules(seed, lambda prompt: placeholders(prompt, KNOWN, template), (), budget, template)


def won(text: str, output: str = "Thursday", went_well: bool | None = True) -> ShownTrace:
    return ShownTrace(text, "", output, went_well)


async def drafts(
    parent: str, *traces: ShownTrace, kept: Rules | None = None, count: int = 1, most: int = 2
) -> list[str]:
    asked = Rewrite("solver", "", {}, parent, traces, (), count, "r1", examples=most)
    found = await ExamplesProposer().propose(asked, kept or rules(parent))
    assert all(draft.text for draft in found.drafts if not draft.rejected)
    return [draft.rejected or draft.text for draft in found.drafts]


@given(st.lists(st.tuples(TEXTS, TEXTS).map(lambda pair: Example(*pair)), min_size=1, max_size=3), TEXTS)
def test_w01_whatever_the_texts_are_a_block_is_one_piece_and_reads_back(examples: list[Example], after: str) -> None:
    block = block_of(examples)
    assert blocks_in(f"Do it.\n{block}\n{after if '<' not in after else ''}") == (block,)
    said = [Example(*(text.replace("<|", "<·|") if "<|" in text else text for text in one)) for one in examples]
    if not any("<|" in text or "|>" in text for one in examples for text in one):  # those go out defused
        assert list(examples_in(block)) == said
    assert without_blocks(f"Do it.\n{block}") == "Do it."
    assert sentences_of(f"Do it. Now.\n{block}\nEnd.")[2].strip() == block


async def test_w02_only_runs_that_went_well_are_shown_best_first_and_each_once() -> None:
    traces = (won("a", "1"), won("b", "2", False), won("c", "3", None), won("d", "  "), won("e", "5"), won("f", "6"))
    (text,) = await drafts("Say it.", *traces)
    assert examples_in(text) == (Example("a", "1"), Example("e", "5"))
    first, second = await drafts("Say it.", *traces, count=2)
    assert examples_in(first) + examples_in(second) == (Example("a", "1"), Example("e", "5"), Example("f", "6"))
    assert await drafts("Say it.", traces[1], traces[2]) == [NOTHING_WON]


async def test_w03_a_block_takes_the_place_of_the_one_before_and_stands_in_front_of_a_slot_for_data() -> None:
    (once,) = await drafts("Say it.", won("a", "1"))
    (again,) = await drafts(once, won("b", "2"))
    assert examples_in(again) == (Example("b", "2"),)
    (slot,) = await drafts("Answer.\nQuestion: {question}", won("a", "1"))
    assert slot.endswith("Question: {question}") and examples_in(slot) == (Example("a", "1"),)


async def test_w04_what_does_not_fit_is_left_out_whole() -> None:
    kept = rules("Say it.", budget=240)
    (text,) = await drafts("Say it.", won("a" * 300), won("b", "2"), kept=kept)
    assert examples_in(text) == (Example("b", "2"),) and len(text) <= 240
    assert await drafts("Say it.", won("a" * 300), kept=kept) == [NOTHING_WON]


@pytest.mark.parametrize("template", [BRACES, JINJA])
@given(text=TEXTS, name=st.sampled_from(sorted(KNOWN)))
@example(text="{{", name="input")
def test_w05_nothing_is_filled_in_within_data(template: str, text: str, name: str) -> None:
    shown = without_placeholders(
        f"{text}{{{name}}} {{{{ {name} }}}}{text}", template, lambda prompt: placeholders(prompt, KNOWN, template)
    )
    assert not placeholders(shown, KNOWN, template)
    assert render(shown, dict.fromkeys(KNOWN, "FILLED"), template) == shown
    assert template != JINJA or not any(sign in shown for sign in ("{{", "{%", "{#"))


def test_w06_a_copy_of_an_input_passes_only_in_a_block_that_is_allowed() -> None:
    passages = Passages([LONG])
    parent, block = "Say when it is due.", block_of([Example(LONG, "Thursday")])
    text = f"{parent}\n{block}"
    assert "copies" in checked(text, parent, rules(parent), passages).rejected
    allowed = replace(rules(parent), examples=(block,))
    assert not checked(text, parent, allowed, passages).rejected
    assert "copies" in checked(f"{text}\nLike this: {LONG}", parent, allowed, passages).rejected
    changed = text.replace("Thursday", "Friday")  # by whoever rewrites it
    assert "copies" in checked(changed, parent, allowed, passages).rejected
    assert "length budget" in checked(text, parent, replace(allowed, length_budget=100), passages).rejected
    address = block_of([Example(LONG, "See http://evil.example/x")])
    bad = f"{parent}\n{address}"
    assert checked(bad, parent, replace(rules(parent), examples=(address,)), passages).rejected


def test_w07_the_guard_lets_no_hold_out_input_pass_and_none_that_is_not_of_the_search() -> None:
    guard = ExampleGuard(2, {"s": LONG, "t": "Short one."}, [HELD_OUT, "17"], ["Say when it is due."])
    kept = rules()

    def refusal(*examples: Example) -> str:
        return guard.refusal(f"Say when it is due.\n{block_of(examples)}", kept)

    assert refusal(Example(LONG, "Thursday"), Example("Short one.", "x")) == ""
    assert guard.refusal("Say when it is due.", kept) == ""
    assert "no input of the search" in refusal(Example(HELD_OUT, "Sunday"))
    assert "no input of the search" in refusal(Example(f"{LONG}!", "Thursday"))
    assert "held out" in refusal(Example(LONG, f"As in: {HELD_OUT}"))
    assert "allows 2" in refusal(*[Example(LONG, str(number)) for number in range(3)])
    seed = f"Say it.\n{block_of([Example('older', 'x')])}"
    assert guard.refusal(seed, rules(seed)) == "", "what the seed prompt holds may stay"


def test_w09_a_draft_is_not_compared_with_every_input_that_may_be_searched() -> None:
    searched = {str(number): f"{LONG} {number}" for number in range(200)} | {"braces": "What is {input} here?"}
    guard, looked_at = ExampleGuard(2, searched, [], []), list[str]()

    def found(text: str) -> frozenset[str]:
        looked_at.append(text)
        return frozenset({"input"}) if "{input}" in text else frozenset()

    counting = replace(rules(), placeholders=found)
    assert guard.refusal("Say when it is due.", counting) == "" and not looked_at
    assert guard.refusal(f"Say it.\n{block_of([Example(searched['7'], 'x')])}", counting) == ""
    assert looked_at == [searched["7"]]
    assert guard.refusal(f"Say it.\n{block_of([Example('What is { input } here?', 'x')])}", counting) == ""
    assert "no input" in guard.refusal(f"Say it.\n{block_of([Example('What is {input} here?', 'x')])}", counting)


def test_w08_a_block_is_merged_and_left_out_as_one_sentence() -> None:
    base = "Read it. Say it."
    block = block_of([Example("One. Two.\nThree.", "Yes. No.")])
    wider = f"{base}\n{block}"
    both = merge(base, wider, "Read it. Check it. Say it.")
    assert both is not None and "Check it." in both and blocks_in(both) == (block,)
    other = merge(wider, f"{base}\n{block_of([Example('x', 'y')])}", f"{base}\n{block_of([Example('z', 'y')])}")
    assert other is None, "two blocks in the place of one do not merge"
    assert without_added(base, wider) == (base,)


def test_a_block_that_is_cut_off_is_none_and_is_given_up_at_once() -> None:
    block = block_of([Example(f"input {number}", "said") for number in range(200)])
    assert blocks_in(f"Solve it.\n{block}") == (block,)
    assert blocks_in(block.removesuffix("</worked_examples>")) == ()

"""The proposer: what it is shown, how drafts are read, and why they are rejected."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maspo.core.errors import BudgetReached, CallFailed
from maspo.core.quoting import quoted, unquoted
from maspo.models.base import DoesNotFit, Request, RoleSettings
from maspo.models.scripted import Scripted, ScriptedModel
from maspo.optimizers.base import Draft, Drafts
from maspo.proposers.base import Rewrite, ShownCase, ShownTrace
from maspo.proposers.drafts import Rules, checked, read_drafts
from maspo.proposers.passages import Passages
from maspo.proposers.rewrite import RewriteProposer
from maspo.team.template import placeholders

HOSTILE = st.lists(
    st.one_of(
        st.text(max_size=6),
        st.sampled_from(["</trace>", "<prompt>", "</current_prompt>", "<count>9</count>", "{cases}"]),
    ),
    max_size=8,
).map("".join)


def rules(seed: str = "Solve {question}.", protect: tuple[str, ...] = (), budget: int = 300) -> Rules:
    return Rules(seed, lambda prompt: placeholders(prompt, {"question", "context", "input"}), protect, budget)


def rewrite(parent: str = "Solve {question}.", output: str = "an output", count: int = 2) -> Rewrite:
    return Rewrite(
        agent="solver",
        role="solves it",
        readers={"critic": "checks it"},
        parent=parent,
        traces=(ShownTrace("input one", "", output), ShownTrace("input two", "what was read", "output two")),
        cases=(
            ShownCase(
                "hard input", "read before", output, "better before", {"critic": ("after", "before")}, ("final", "was")
            ),
        ),
        count=count,
        identity="p1/solver/g1/propose/0.0",
    )


def proposer_of(answer: Scripted, shown: int = 4000) -> tuple[RewriteProposer, ScriptedModel]:
    model = ScriptedModel(lambda _: answer)
    return RewriteProposer(model, RoleSettings("writer", 0.7, 900), shown_characters=shown), model


async def request_text(asked: Rewrite, kept: Rules, shown: int = 4000) -> str:
    proposer, model = proposer_of("<prompt>x {question}</prompt>", shown)
    await proposer.propose(asked, kept)
    return model.requests[0].messages[0].content


async def test_p01_a_request_holds_prompt_traces_cases_team_and_count() -> None:
    text = await request_text(rewrite(), rules(protect=("Answer in one word.",)))
    assert "<current_prompt>\nSolve {question}.\n</current_prompt>" in text
    assert "<count>2</count>" in text
    assert len(re.findall(r"<trace>(.*?)</trace>", text, re.DOTALL)) == 2
    (case,) = re.findall(r"<misaligned_trace>(.*?)</misaligned_trace>", text, re.DOTALL)
    for part in ("hard input", "better before", 'name="critic"', "final"):
        assert part in case
    assert "critic: checks it" in text
    assert "solves it" in text
    assert "{question}" in text
    assert "<protected>\nAnswer in one word.\n</protected>" in text
    assert "At most 300 characters" in text


async def test_p02_a_request_is_attributed_sampled_and_repeatable() -> None:
    proposer, model = proposer_of("<prompt>x</prompt>")
    await proposer.propose(rewrite(), rules())
    (request,) = model.requests
    assert (request.purpose, request.agent, request.model) == ("proposer", "solver", "writer")
    assert (request.temperature, request.max_tokens, request.identity) == (0.7, 900, "p1/solver/g1/propose/0.0")


async def test_p03_the_output_agent_is_told_that_nobody_reads_it() -> None:
    last = Rewrite("critic", "", {}, "Check.", (), (), 1, "id")
    text = await request_text(last, rules("Check."))
    assert "the team's final result" in text
    assert "<misaligned_trace>" not in text


@given(HOSTILE, HOSTILE)
async def test_p04_texts_of_models_cannot_close_their_tags(parent: str, output: str) -> None:
    text = await request_text(rewrite(parent, output), rules(budget=9999), 100_000)
    for tag, times in (("current_prompt", 1), ("trace", 2), ("misaligned_trace", 1), ("count", 1), ("prompt", 1)):
        assert len(re.findall(rf"<{tag}\b", text)) == times, tag
        assert len(re.findall(rf"</{tag}\b", text)) == times, tag
    shown = re.search(r"<current_prompt>\n(.*)\n</current_prompt>", text, re.DOTALL)
    assert shown is not None
    assert unquoted(shown.group(1)) == parent
    assert "<count>2</count>" in text


async def test_p05_long_texts_are_cut_in_the_middle_and_that_is_said() -> None:
    text = await request_text(rewrite(output="a" * 500 + "z" * 500), rules(), 200)
    assert "800 characters left out" in text
    assert "a" * 101 not in text


@pytest.mark.parametrize(
    ("reply", "drafts"),
    [
        ("<prompt>one</prompt> and <prompt>\ntwo\n</prompt>", ("one", "two")),
        ("<PROMPT>One</Prompt>", ("One",)),
        ("İİİ <prompt>kept whole</prompt>", ("kept whole",)),
        ("<think><prompt>idea</prompt></think><prompt>real</prompt>", ("real",)),
        ("<think><prompt>idea</prompt>", ()),
        ("<prompt>a <prompt>b</prompt>", ("a <prompt>b",)),
        ("<prompt>never closed", ()),
        ("<prompt>\nlost\n\n<prompt>\nkept\n</prompt>", ("kept",)),
        ("<prompt>\none\n</prompt>\n  <prompt>\nlost\n <prompt>two</prompt>", ("one", "two")),
        ("<prompt>\n...\n</prompt>\n<prompt>said</prompt>", ("said",)),
        ("<prompt>\n...\n</prompt>", ("...",)),
        ("</prompt> <prompt>x</prompt>", ("x",)),
        (r"<prompt>Use \boxed{x} and {\"a\": 1}.</prompt>", (r"Use \boxed{x} and {\"a\": 1}.",)),
        ("<prompt>Write &lt;output_1> and a < b.</prompt>", ("Write <output_1> and a < b.",)),
        ("<prompt></prompt>", ("",)),
        ("none at all", ()),
        ("", ()),
    ],
)
def test_p06_drafts_are_read_as_they_stand(reply: str, drafts: tuple[str, ...]) -> None:
    assert read_drafts(reply) == drafts


@given(st.text(alphabet=st.sampled_from("ab{}<>/&;\n ltpromt_1"), max_size=60))
def test_p07_a_prompt_that_is_written_back_as_shown_comes_back_unchanged(prompt: str) -> None:
    assert read_drafts(f"<prompt>{quoted(prompt)}</prompt>") == (prompt.strip(),)


@pytest.mark.parametrize(
    ("draft", "reason"),
    [
        ("Solve {question} with care.", ""),
        (r"Solve {question}. Use \boxed{x}, JSON {\"a\": {}} and {other}.", ""),
        ("", "empty"),
        ("   \n", "empty"),
        ("...", "empty"),
        (" Solve {question}. ", "the same as the prompt it was written from"),
        ("Solve it.", "loses the placeholder {question}"),
        ("Solve {question} with {context}.", "adds the placeholder {context}"),
        ("Solve {input}.", "loses the placeholder {question}; adds the placeholder {input}"),
        ("Solve {question} " + "x" * 300, "317 characters; the length budget is 300"),
    ],
)
def test_p08_a_draft_that_breaks_a_rule_comes_with_the_reason(draft: str, reason: str) -> None:
    assert checked(draft, "Solve {question}.", rules(), Passages(())).rejected == reason


def test_p09_protected_lines_must_be_kept_word_for_word() -> None:
    kept = rules("Solve.", ("Answer in one word.",))
    assert checked("Think. Answer in one word.", "Solve.", kept, Passages(())).rejected == ""
    assert "loses the protected line 'Answer in one word.'" in checked("Think.", "Solve.", kept, Passages(())).rejected


@given(st.integers(1, 24), st.integers(0, 20))
def test_p10_twelve_words_of_an_input_are_a_copy_and_eleven_are_not(length: int, start: int) -> None:
    words = [f"word{chr(97 + number % 26)}{number * 7}" for number in range(44)]
    passage = " ".join(words[start : start + length])
    known = Passages((" ".join(words),))
    found = checked(f"Before {passage}, and after.", "parent", rules("parent", budget=9999), known).rejected
    assert ("memorize" in found) is (length >= 12)


def test_p11_a_passage_that_a_seed_prompt_has_is_no_copy() -> None:
    passage = "The rules of the game are these, and every player knows them by heart: never run, never hide, play."
    kept = rules("x", budget=9999)
    draft = f"{passage} Be brief."
    assert checked(draft, passage, kept, Passages((passage,), own=(passage,))).rejected == ""
    assert "memorize" in checked(draft, passage, kept, Passages((passage,))).rejected


async def test_p12_a_reply_without_drafts_is_one_rejected_draft() -> None:
    proposer, _ = proposer_of("I would rather not.")
    assert await proposer.propose(rewrite(), rules()) == Drafts(
        (Draft("I would rather not.", "no <prompt>…</prompt> in the proposer's reply"),)
    )


async def test_p13_a_failed_call_is_one_rejected_draft_and_the_end_of_calls_is_raised() -> None:
    failed, _ = proposer_of(CallFailed("HTTP 500"))
    (draft,) = (await failed.propose(rewrite(), rules())).drafts
    assert draft.rejected == "the proposer did not answer: HTTP 500"
    over, _ = proposer_of(BudgetReached("--max-usd 1"))
    with pytest.raises(BudgetReached):
        await over.propose(rewrite(), rules())


@pytest.mark.parametrize(("room", "kept"), [(2, (2, 1)), (1, (1, 1)), (0, (0, 1)), (-1, (0, 0))])
async def test_p27_a_request_that_does_not_fit_is_asked_with_fewer_whole_traces(
    room: int, kept: tuple[int, int]
) -> None:
    def counts(text: str) -> tuple[int, int]:
        return text.count("<trace>\n<input>"), text.count("<misaligned_trace>\n<input>")

    def answer(request: Request) -> Scripted:
        traces, cases = counts(request.messages[0].content)
        return DoesNotFit("800 tokens") if traces + cases > room + 1 else "<prompt>{question} {better}</prompt>"

    model = ScriptedModel(answer)
    (draft,) = (await RewriteProposer(model, RoleSettings("writer", 0.7, 900)).propose(rewrite(), rules())).drafts
    assert "did not answer" not in draft.rejected
    assert counts(model.requests[-1].messages[0].content) == kept
    whole = model.requests[0].messages[0].content
    for found in re.findall(r"<output>\n(.*?)\n</output>", model.requests[-1].messages[0].content):
        assert f"<output>\n{found}\n</output>" in whole, "no text is cut"


async def test_p28_a_request_that_never_fits_is_one_rejected_draft_with_the_sizes() -> None:
    never, model = proposer_of(DoesNotFit("800 tokens need more than 512"))
    (draft,) = (await never.propose(rewrite(), rules())).drafts
    assert draft.rejected == "the proposer did not answer: 800 tokens need more than 512"
    assert len(model.requests) <= 5


async def test_p29_proposals_for_one_prompt_begin_alike_up_to_their_traces() -> None:
    model = ScriptedModel(lambda _: "<prompt>x {question}</prompt>")
    proposer = RewriteProposer(model, RoleSettings("writer", 0.7, 900, form=3))
    traces = (ShownTrace("input three", "", "output three"),)
    await proposer.propose(rewrite(), rules())
    await proposer.propose(replace(rewrite(), traces=traces, identity="p1/other"), rules())
    one, other = (request.messages[0].content for request in model.requests)
    assert one != other
    assert one.partition("<trace>")[0] == other.partition("<trace>")[0]
    assert "<misaligned_trace>" in one.partition("<trace>")[0]


async def test_p30_a_record_of_the_form_before_finds_its_drafts() -> None:
    model = ScriptedModel(lambda _: "<prompt>x {question}</prompt>")
    await RewriteProposer(model, RoleSettings("writer", 0.7, 900, form=2)).propose(rewrite(), rules())
    assert model.requests[0].key == "d1d4a80bfd2d0b3f00835e9c8fcd477c"


async def test_p14_more_drafts_than_asked_for_are_left_out() -> None:
    proposer, _ = proposer_of("".join(f"<prompt>{{question}} {number}</prompt>" for number in range(5)))
    assert len((await proposer.propose(rewrite(count=2), rules())).drafts) == 2


def test_p15_huge_replies_are_read_at_once() -> None:
    assert read_drafts("<prompt>" * 10**5) == ()
    assert len(read_drafts("<prompt>x</prompt>" * 10**5)) > 1000
    checked("a" * 5000, "parent", rules(budget=9999), Passages(("a" * 10**5,)))


@pytest.mark.parametrize(
    ("draft", "refused"),
    [
        ("Solve {question} and {qestion}.", "{qestion}"),
        ("Solve {question} ({Question}).", "{Question}"),
        ("Solve {question}. Write {answer}.", ""),
        ('Solve {question}. Write {"questions": 1} or {{questions}}.', ""),
        (r"Solve {question}. End with \boxed{questions}.", ""),
        (r"Solve {question} as \begin{equation}x\end{equation}, in \text{question}s, x_{questions}.", ""),
        ("Solve {question}. Write {equation} and {solution}.", ""),
    ],
)
def test_p31_a_placeholder_that_is_a_slip_is_refused_with_the_one_that_is_meant(draft: str, refused: str) -> None:
    said = checked(draft, "Solve {question}.", rules(), Passages([])).rejected
    assert (refused in said) if refused else not said
    assert not refused or "{question} is" in said

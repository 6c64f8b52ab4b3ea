"""Promise 6 for proposals: whatever an endpoint sends, nothing breaks, and accepted drafts keep the rules."""

from __future__ import annotations

import json
import random
import time
import unicodedata

import pytest

from maspo.core.quoting import quoted
from maspo.models.base import RoleSettings
from maspo.proposers.base import Rewrite, ShownTrace
from maspo.proposers.drafts import Rules, checked, read_drafts
from maspo.proposers.foreign import refused, remarks
from maspo.proposers.passages import Passages
from maspo.proposers.rewrite import RewriteProposer
from maspo.team.template import placeholders
from tests.lengths import length
from tests.security.test_verdict_replies import Endpoint, completion, with_text, without_text

KNOWN = frozenset({"input", "context"})
SEED = "Solve {input} for the reader.\nAnswer in <answer></answer>."
KEPT = "Answer in <answer></answer>."
RULES = Rules(SEED, lambda prompt: placeholders(prompt, KNOWN), (KEPT,), 400)
REWRITE = Rewrite("solver", "", {}, SEED, (ShownTrace("an input", "", "an output"),), (), 4, "p")
PIECES = (
    *(
        "<prompt>",
        "</prompt>",
        "<PROMPT>",
        "</Prompt >",
        "< prompt >",
        '<prompt id="1">',
        "<prompt",
        "</prompt",
        "<prom",
    ),
    *(
        "<prompt><prompt>",
        "</prompt></prompt>",
        "&lt;prompt>",
        "<think>",
        "</think>",
        "<current_prompt>",
        "<count>9</count>",
    ),
    *("{input}", "{context}", "{{input}}", "{0}", "{x.__class__}", "{input!r:>9999999}", "{", "}", KEPT, KEPT, SEED),
    *("\x00", "\ud800", "\udfff", "\u202e", "\ufeff", "\U000e0041", "\x1b[2J", "\r\n", "\n", " ", "x" * 300, "Ω漢字🙂"),
    *(
        "<html>",
        "<script>1</script>",
        '{"prompt": "',
        "[[[[",
        "}}}}",
        "```",
        "**",
        "Solve ",
        "with care. ",
        "\\boxed{x}",
    ),
    *("https://x.test/a", "mail@x.test", " sk-abcdefghijklmnop1234", "ignore previous instructions", "<|im_start|>"),
)


def text_of(draw: random.Random) -> str:
    return "".join(draw.choice(PIECES) for _ in range(draw.randrange(16)))


async def proposed(body: bytes) -> list[tuple[str, str]]:
    drafts = (await RewriteProposer(Endpoint(body), RoleSettings("m")).propose(REWRITE, RULES)).drafts
    return [(draft.text, draft.rejected) for draft in drafts]


def keeps_the_rules(draft: str) -> bool:
    hidden = {
        one for one in draft if unicodedata.category(one) in ("Cc", "Cf", "Cs") and one not in "\n\t\r\u200c\u200d"
    }
    strange = any(part in draft for part in ("x.test", "sk-abc", "<|im_start"))
    return len(draft) <= 400 and "{input}" in draft and KEPT in draft and not hidden and not strange


async def test_d01_no_body_breaks_a_proposal_and_what_is_accepted_keeps_the_rules() -> None:
    draw = random.Random(6)
    accepted = 0
    for _ in range(length(6000, 100_000)):
        text = text_of(draw)
        if draw.random() < 0.3:
            text += f"<prompt>Read {{input}} with care {draw.random()}. {KEPT} {draw.choice(PIECES)}</prompt>"
        lost = draw.random() < 0.2
        drafts = await proposed(without_text(draw, text) if lost else with_text(draw, text))
        assert 1 <= len(drafts) <= 4
        for draft, reason in drafts:
            assert reason or (keeps_the_rules(draft) and not lost), draft
            accepted += not reason
    assert accepted > 300, "the test must accept some"


def test_d02_text_that_never_passed_a_client_is_read_too() -> None:
    draw = random.Random(7)
    for _ in range(length(6000, 100_000)):
        for draft in read_drafts(text_of(draw)):
            assert checked(draft, SEED, RULES, Passages(())).rejected or keeps_the_rules(draft)


def test_d03_drafts_between_junk_are_read_as_they_were_written() -> None:
    draw = random.Random(8)
    words = [piece for piece in PIECES if "prompt" not in piece.lower() and "think" not in piece]
    for _ in range(length(3000, 100_000)):
        written = tuple("".join(draw.choice(words) for _ in range(5)).strip() for _ in range(draw.randrange(5)))
        begin, end = draw.choice(
            (("<prompt>", "</prompt>"), ("< PROMPT >", "</ prompt>"), ('<prompt n="1">', "</prompt>"))
        )
        parts = (f"{draw.choice(words)}\n{begin}\n{quoted(one)}\n{end}" for one in written)
        assert read_drafts(f"{''.join(parts)}{draw.choice(('', '<prompt>never closed', '</prompt>'))}") == written


@pytest.mark.parametrize(
    "unit", ["<prompt>", "<prompt ", "</prompt>", "<", "< ", "<prompt>x</prompt>", "&lt;", "<think>", "漢"]
)
async def test_d04_ten_megabytes_are_read_in_a_second(unit: str) -> None:
    text = (unit * (10_000_000 // len(unit) + 1))[:10_000_000]
    before = time.process_time()
    read_drafts(text)
    assert time.process_time() - before < 3, "three times the promise, for a slow machine"


async def test_d05_ten_megabytes_from_an_endpoint_are_one_rejected_draft() -> None:
    for text in ("x" * 10_000_000, "<prompt>" * 10**6, f"<prompt>{'x' * 10_000_000}</prompt>"):
        assert all(reason for _, reason in await proposed(completion({"content": text})))


def test_d06_looking_for_what_is_foreign_takes_time_in_proportion() -> None:
    units = (
        "a",
        "a-",
        "a.",
        "@",
        "a@",
        "a.b/",
        "http",
        "//",
        "eyJ",
        "sk-",
        "f",
        "ignore ",
        "send to ",
        "<|",
        "judge ",
        "1.",
    )

    def seconds(text: str) -> float:
        before = time.process_time()
        refused(text, "")
        remarks(text, "")
        Passages((text,)).copied_by(text[: len(text) // 2])
        return time.process_time() - before

    for unit in units:
        long, short = (unit * 20_000)[:20_000], (unit * 5_000)[:5_000]
        # On a machine with much else to do one measurement says little; what grows with the square fails them all.
        assert any(seconds(long) < 8 * max(seconds(short), 0.02) for _ in range(5)), unit


def test_d07_a_body_is_json_whatever_the_text() -> None:
    draw = random.Random(9)
    assert json.loads(with_text(draw, "\ud800\x00"))["choices"]

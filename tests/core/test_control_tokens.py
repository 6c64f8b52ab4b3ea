"""Control tokens of chats are defused visibly and exactly, and ordinary text stays as it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maspo.core.control_tokens import control_tokens, count_defused, defused, restored
from maspo.core.quoting import quoted, unquoted
from maspo.data.inputs import make_inputs
from maspo.events import ControlTokensDefused, Event
from maspo.models.base import Message, Request
from maspo.models.scripted import ScriptedModel
from maspo.runners.messages import MessageBuilder
from maspo.study.calls import DefusalReporter
from maspo.team import Agent, System
from tests.security.ordinary import PROMPTS

TOKENS = (
    *("<role>HUMAN</role>", "<role>ASSISTANT</role>", "<longcat_user>", "</longcat_tool_call>", "<eoh>", "<eoa>"),
    "<minimax:tool_call>",
    *("<|im_start|>", "<|im_end|>", "[INST]", "[/INST]", "<<SYS>>", "<</SYS>>", "<start_of_turn>", "<end_of_turn>"),
    *(
        "<|eot_id|>",
        "<|channel|>",
        "<|message|>",
        "<\uff5cUser\uff5c>",
        "<\uff5cend\u2581of\u2581sentence\uff5c>",
        "<s>",
        "</s>",
    ),
    *(
        "[SYSTEM_PROMPT]",
        "[TOOL_CALLS]",
        "<extra_id_1>",
        "<unused99>",
        "[gMASK]",
        "<0x0A>",
        "[|user|]",
        "]~b]",
        "<|turn>",
    ),
)
pieces = st.one_of(
    st.sampled_from([*TOKENS, "<", "|", ">", "\u00b7", "[", "]", "/", "x", " ", "&lt;"]), st.text(max_size=4)
)
texts = st.lists(pieces, max_size=12).map("".join)


@pytest.mark.parametrize("token", TOKENS)
def test_c01_each_token_gets_one_dot(token: str) -> None:
    safe = defused(f"a {token} b")
    assert safe.replace("\u00b7", "") == f"a {token} b" and safe.count("\u00b7") == 1
    assert control_tokens(safe) == () and count_defused(safe) == 1 and restored(safe) == f"a {token} b"


@given(texts)
def test_c02_no_token_is_left_and_reading_back_is_exact(text: str) -> None:
    assert control_tokens(defused(text)) == ()
    assert restored(defused(text)) == text and restored(restored(defused(defused(text)))) == text
    assert unquoted(quoted(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "a <| f |> b",
        "0<|x|<1",
        "[x|y]",
        "[|1;2|]",
        "<a|b>",
        "<\u03c8|\u03c6>",
        "[Inst]",
        "List<String>",
        "<answer>",
        "<b>",
        *PROMPTS,
    ],
)
def test_c03_ordinary_text_stays_as_it_is(text: str) -> None:
    assert defused(text) == text


def test_c04_what_is_filled_in_is_defused_and_the_prompt_is_its_owners() -> None:
    system = System((Agent("a", "A <|im_end|>"), Agent("b", "B [INST] {a}{input} <{input}>", ("a",))))
    row = make_inputs([{"input": "start|> [/INST]"}]).rows[0]
    builder = MessageBuilder(system, frozenset({"input"}))
    system_message, user = builder.messages("a", "A <|im_end|>", row, {})
    assert (system_message.content, user.content) == ("A <|im_end|>", "start|> [\u00b7/INST]")
    (one,) = builder.messages("b", "B [INST] {a}{input}", row, {"a": "<|im_"})
    assert control_tokens(one.content) == (), "two texts side by side made a token"
    (one,) = builder.messages("b", "B [INST] {a}", row, {"a": "<|im_end|>"})
    assert one.content == "B [INST] <\u00b7|im_end|>"


async def test_c05_each_call_is_told_once_with_its_count() -> None:
    told: list[Event] = []

    async def publish(event: Event) -> None:
        told.append(event)

    request = Request("m", (Message("user", defused("x <|im_end|> [INST] y")),), "agent", "a")
    model = DefusalReporter(ScriptedModel(lambda _: "ok"), publish)
    for _ in range(2):
        await model.complete(request)
    await model.complete(Request("m", (Message("user", "plain"),), "agent", "a"))
    assert told == [ControlTokensDefused(request.key, "agent", "a", 2)]

"""Kinds of endpoint beyond the table: other names for limits and tokens, errors with HTTP 200, odd streams."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from aiohttp import web

from maspo.core.errors import CallFailed, ProviderError
from maspo.models import Endpoint, Ledger, Message, Reply, Request, RetryPolicy, compose
from maspo.models.base import DoesNotFit, Refused
from maspo.models.chat_completions import ChatClient
from maspo.models.dialects import STANDARD, learn
from maspo.models.layers.limited import Health
from maspo.models.refusals import until_reset
from maspo.models.replies import read_reply
from maspo.models.thoughts import without_thoughts
from maspo.testing.models import MemoryStore
from maspo.testing.provider import Body, Exchange, Fault, Refuse, Rule, Unless, fake_provider

ASK = Request("m", (Message("system", "Be brief."), Message("user", "What is 3 + 4?")), "agent", "solver")
TOKENS = {"prompt_tokens": 11, "completion_tokens": 5}


def whole(**top: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": "It is 7."}
    return {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}], **top}


def stream(*pieces: Mapping[str, Any], done: bool = True) -> bytes:
    events = b"".join(b"data: " + json.dumps(one).encode() + b"\n\n" for one in pieces)
    return events + (b"data: [DONE]\n\n" if done else b"")


def piece(said: str, ended: str | None = None, **more: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {"content": said}, "finish_reason": ended, **more}]}


async def ask(fault: Fault, calls: int = 3) -> tuple[list[Reply | ProviderError], int, list[str], Ledger]:
    """Ask some times; return replies or errors, requests sent, what was said, and the book."""
    health, ledger, found = Health(), Ledger(), list[Reply | ProviderError]()
    async with fake_provider((Rule(fault),)) as provider, ChatClient(Endpoint(provider.base_url, timeout=20)) as client:
        model = compose(client, MemoryStore(), ledger, RetryPolicy(base=0.001, cap=0.002), 1, health)
        for number in range(calls):
            question = Request("m", (*ASK.messages[:1], Message("user", f"What is 3 + {number}?")), "agent", "solver")
            try:
                found.append(await model.complete(question))
            except ProviderError as error:
                found.append(error)
                if not isinstance(error, CallFailed):
                    break
        return found, len(provider.seen), list(health.adapted), ledger


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("max_output_tokens", "Unknown parameter: 'max_tokens'. Did you mean 'max_output_tokens'?"),
        ("max_new_tokens", "unknown field `max_tokens`, expected `max_new_tokens` at line 1 column 200"),
        ("maxOutputTokens", "unrecognized name max_tokens; use maxOutputTokens"),
        ("max_completion_tokens", "Unsupported parameter: 'max_tokens'."),
    ],
)
async def test_k01_the_limit_of_tokens_goes_by_the_name_that_a_refusal_gives(name: str, words: str) -> None:
    fault = Unless(lambda wanted: "max_tokens" not in wanted, Refuse(400, words))
    found, sent, said, _ = await ask(fault)
    assert all(isinstance(one, Reply) for one in found)
    assert sent == 4, "learned once"
    assert any(name in one for one in said)


def test_k02_names_of_the_limit_are_never_tried_in_turns() -> None:
    dialect, tried = STANDARD, list[str]()
    while learned := learn(dialect, f"unsupported parameter {dialect.tokens}; use max_tokens, n_predict", ASK):
        dialect = learned.dialect
        tried.append(dialect.tokens)
    assert tried == ["n_predict", ""]


@pytest.mark.parametrize(
    "words",
    [
        "This model only supports stream mode, please enable the stream parameter to access the model.",
        "Streaming is required for this model",
        "Non-streaming requests are not supported",
    ],
)
def test_k03_where_only_streams_are_sent_they_are_asked_for_again_and_for_good(words: str) -> None:
    replies_whole = learn(STANDARD, "stream is not supported", ASK)
    assert replies_whole is not None and replies_whole.dialect.stream == ""
    again = learn(replies_whole.dialect, words, ASK)
    assert again is not None and again.dialect.stream
    back = learn(again.dialect, "stream is not supported", ASK)
    assert back is None or back.dialect.stream, "not in turns"


@pytest.mark.parametrize(
    "body",
    [
        stream(piece("It is 7.", "stop", usage=TOKENS)),
        stream(
            piece("It is 7."),
            {**piece("", "stop"), "usageMetadata": {"promptTokenCount": 11, "candidatesTokenCount": 5}},
        ),
        stream(
            piece("It is 7.", "stop")
            | {"amazon-bedrock-invocationMetrics": {"inputTokenCount": 11, "outputTokenCount": 5}}
        ),
        json.dumps(whole(meta={"usage": TOKENS})).encode(),
        json.dumps(whole(usage=[TOKENS])).encode(),
        json.dumps({"output": whole(), "usage": {"input_tokens": 11, "output_tokens": 5}}).encode(),
        json.dumps(whole(timings={"cache_n": 4, "prompt_n": 7, "predicted_n": 5, "predicted_ms": 9.5})).encode(),
        json.dumps(whole(prompt_eval_count=11, eval_count=5)).encode(),
    ],
)
def test_k04_tokens_are_found_where_gateways_tell_them(body: bytes) -> None:
    reply = read_reply(body, 0.0, "there")
    assert (reply.text, reply.tokens_in, reply.tokens_out) == ("It is 7.", 11, 5)


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"code": 401, "message": "User not found."}},
        {"code": 401, "msg": "token expired or incorrect", "data": None},
        {"success": False, "errors": [{"code": 10000, "message": "Authentication error"}], "result": None},
        {"choices": None, "base_resp": {"status_code": 1004, "status_msg": "login fail: carry the key"}},
        {"error": {"code": "9" * 5000, "message": "You are not authenticated."}},
        {"error": {"message": "Your account balance is insufficient, please top up.", "code": "1113"}},
    ],
)
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
async def test_k05_a_key_or_an_account_refused_with_200_ends_the_run_at_once(
    body: dict[str, object], streamed: bool
) -> None:
    found, sent, _, _ = await ask(Body(stream(body) if streamed else json.dumps(body).encode()))
    assert isinstance(found[-1], ProviderError) and not isinstance(found[-1], CallFailed)
    assert "check" in str(found[-1])
    assert sent == 1


@pytest.mark.parametrize("status", [202, 204])
async def test_k06_a_request_that_was_only_queued_is_sent_again(status: int) -> None:
    class Queued:
        def __init__(self) -> None:
            self.left = 2

        async def answer(self, asked: Exchange) -> web.StreamResponse | None:
            self.left -= 1
            return web.Response(status=status) if self.left >= 0 else None

    found, sent, _, _ = await ask(Queued())
    assert all(isinstance(one, Reply) for one in found)
    assert sent == 5


@pytest.mark.parametrize(
    "body",
    [
        {"choices": [], "prompt_feedback": {"block_reason": "SAFETY"}},
        whole()
        | {
            "choices": [
                {
                    "message": {"content": ""},
                    "finish_reason": "stop",
                    "content_filter_results": {"hate": {"filtered": True}},
                }
            ]
        },
    ],
)
async def test_k07_a_block_without_a_reason_to_end_is_a_filters(body: dict[str, object]) -> None:
    found, sent, _, _ = await ask(Body(json.dumps(body).encode()), calls=1)
    assert isinstance(found[0], Refused)
    assert sent == 1, "asked again it would decline again"


async def test_k08_streams_that_never_say_that_they_are_over_are_given_up_for_whole_replies() -> None:
    fault = Unless(lambda wanted: not wanted.get("stream"), Body(stream(piece("It is"), piece(" 7."), done=False)))
    found, sent, said, _ = await ask(fault)
    assert all(isinstance(one, Reply) for one in found)
    assert sent == 5
    assert "whole" in " ".join(said)


@pytest.mark.parametrize(
    ("events", "whose"),
    [
        ([{"type": "response.created"}, {"type": "response.output_text.delta", "delta": "7"}], "responses"),
        ([{"type": "message_start", "message": {}}, {"type": "message_stop"}], "Anthropic"),
        ([{"candidates": [{"content": {"parts": [{"text": "7"}]}}]}], "Gemini"),
    ],
)
async def test_k09_a_stream_of_another_protocol_is_named(events: list[dict[str, object]], whose: str) -> None:
    found, sent, _, _ = await ask(Body(stream(*events, done=False)))
    assert not isinstance(found[-1], Reply | CallFailed)
    assert whose in str(found[-1])
    assert sent == 3


def test_k10_what_stands_behind_a_whole_completion_is_left_unless_it_is_another() -> None:
    body = json.dumps(whole()).encode()
    assert [read_reply(body + end, 0.0, "there").text for end in (b"\0\r\n", b"\n<!-- seen -->")] == ["It is 7."] * 2
    with pytest.raises(CallFailed):
        read_reply(body + b'\n{"error": "x"}', 0.0, "there")


@pytest.mark.parametrize(
    "content", [{"type": "text", "text": "It is 7."}, {"parts": [{"text": "It is 7."}]}, "\ufeffIt is 7."]
)
def test_k11_content_as_one_part_is_its_text(content: object) -> None:
    found = whole()
    found["choices"][0]["message"]["content"] = content
    assert read_reply(json.dumps(found).encode(), 0.0, "there").text == "It is 7."


@pytest.mark.parametrize("end", ["</s>", "<end_of_turn>", "<turn|>", "<eos>", "[EOS]"])
def test_k12_marks_of_gemmas_template_and_of_older_ones_are_no_text(end: str) -> None:
    reply = without_thoughts(Reply(f"<|channel>thought\nMaybe 8.<channel|>It is 7.{end}"), "What is 3 + 4?")
    assert (reply.text, reply.thoughts.strip()) == ("It is 7.", "Maybe 8.")
    spoken = f"It ends in{end}"
    assert without_thoughts(Reply(spoken), f"What is {end}?").text == spoken, "a question about such marks"


@pytest.mark.parametrize(
    "words",
    [
        "input length 900 exceeds model max_seq_len 600",
        "This model supports a maximum of 600 input tokens; got 900",
        "Requested tokens (900) exceed context window of 600",
    ],
)
async def test_k13_sizes_are_read_in_further_words(words: str) -> None:
    found, _, _, _ = await ask(Refuse(400, words), calls=1)
    assert isinstance(found[0], DoesNotFit)
    assert "900 tokens" in str(found[0]) and "600" in str(found[0])


@pytest.mark.parametrize(
    ("status", "words"),
    [(410, "Gone."), (400, "The requested model is retired."), (400, "m reached its end of life on 2026-10-01")],
)
async def test_k14_a_model_that_is_there_no_more_ends_the_run_at_once(status: int, words: str) -> None:
    found, sent, _, _ = await ask(Refuse(status, words))
    assert not isinstance(found[-1], Reply | CallFailed)
    assert sent == 1


@pytest.mark.parametrize(
    "fault",
    [
        Refuse(422, "input: 'What is End of Life care?' was refused"),
        Refuse(400, "your prompt 'What is End of Life care?' was flagged"),
        Body(json.dumps({"error": "cannot answer 'What is End of Life care?'"}).encode()),
    ],
)
async def test_k14_a_question_that_a_refusal_repeats_says_nothing_of_the_model(fault: Fault) -> None:
    question = Request("m", (*ASK.messages[:1], Message("user", "What is End of Life care?")), "agent", "solver")
    async with fake_provider((Rule(fault),)) as provider, ChatClient(Endpoint(provider.base_url, timeout=20)) as client:
        model = compose(client, MemoryStore(), Ledger(), RetryPolicy(base=0.001, cap=0.002), 1, Health())
        with pytest.raises(CallFailed):
            await model.complete(question)


@pytest.mark.parametrize(
    ("headers", "body", "seconds"),
    [
        ({}, '{"message": "slow", "retry_after": 2.5, "global": false}', 2.5),
        ({}, '{"error": {"retryafterseconds": 3}}', 3.0),
        ({"x-ratelimit-reset-after": "2"}, "{}", 2.0),
    ],
)
def test_k15_a_wait_in_a_field_of_its_own_is_kept(headers: dict[str, str], body: str, seconds: float) -> None:
    assert until_reset(headers, body) == seconds


async def test_k16_a_body_that_is_packed_unasked_says_so_after_few_tries() -> None:
    class Packed:
        async def answer(self, asked: Exchange) -> web.StreamResponse | None:
            return web.Response(body=b"\x0b\x02\x80it", headers={"Content-Encoding": "br"})

    found, sent, _, _ = await ask(Packed())
    assert "Accept-Encoding" in str(found[-1])
    assert "check the port" not in str(found[-1])
    assert sent == 3


def test_k17_a_turn_that_was_paused_is_not_whole() -> None:
    assert read_reply(stream(piece("It is", "pause_turn")), 0.0, "there").truncated

"""Promise 6 for verdicts: whatever a judge's endpoint sends, nothing breaks and no verdict is made up."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable

import pytest

from maspo.core.errors import CallFailed
from maspo.core.quoting import quoted, unquoted, without_thinking
from maspo.core.verdict import Level, Verdict
from maspo.judges.base import Question
from maspo.judges.pairwise import PairwiseJudge
from maspo.judges.reading import read_lone_verdict, read_verdict, speaks_of_verdicts
from maspo.models.base import Reply, Request, RoleSettings, Transient
from maspo.models.replies import read_reply
from tests.lengths import length

LABELS = ("1", "2", "tie")
SEEN = {"1": Verdict.WIN, "2": Verdict.LOSS, "tie": Verdict.TIE, None: Verdict.UNDECIDED}
QUESTION = Question(Level.GLOBAL, "critic", "checks", "<input>\nWhat?\n</input>", "new", "old", True)
JUNK = (
    *(
        "\x00",
        "\ud800",
        "\udfff\ud800",
        "\u202e",
        "\u2066",
        "\ufeff",
        "\U000e0041",
        "\x1b[2J",
        "\r\n",
        "\n\n",
        "\t",
        " ",
    ),
    *(
        "<html><body>502 Bad Gateway</body></html>",
        "<script>1</script>",
        "</div>",
        "<!--",
        "<b>1</b>",
        "<verdic",
        "<<1>",
    ),
    *('{"choices": [{"mess', '{"verdict": 1', "[[[[", "}}", "\\u0000", "null", "NaN", "```json", "```", "**", "## "),
    *(
        "Output 1 is better.",
        "verdict: 2",
        "the verdict is tie",
        "I can't help with that.",
        "1",
        "2",
        "tie",
        "＜1＞",
        "１",
    ),
    *("[verdict]1[/verdict]", "(verdict 2)", "&lt;verdict>1&lt;/verdict>", "</verdict", "erdict>1</", "Ω漢字", "é"),
)
UNREADABLE = (
    *(
        "<verdict>",
        "<verdict>1",
        "<verdict>1</verdict",
        "<verdict>1</",
        "<verdict>1<verdict>",
        "<verdict>1 2</verdict>",
    ),
    *(
        "<verdict></verdict>",
        "<verdict>3</verdict>",
        "<verdict>12</verdict>",
        "<verdict>1 or 2</verdict>",
        "<verdict x",
    ),
    *("<verdict>both</verdict>", "<verdict>A</verdict>", "<verdict>1, tie</verdict>", "<verdict>-1</verdict>"),
    *("<verdict>\x001</verdict>", "<verdict>1</ver dict>", "<verdict>1\ud800</verdict>", "<verdict>one</verdict>"),
    *("<verdict>not 1</verdict>", "<verdict>1?</verdict>", "<verdict><b>1</b></verdict>", "<verdict>ties</verdict>"),
    "<verdict>2</verdict> <verdict>none</verdict>",
)
SPELLED = (
    *("<verdict>{}</verdict>", "<VERDICT>{}</VERDICT>", "<verdict> {} </verdict>", "<verdict>\n{}\n</verdict>"),
    *("< verdict >{}</ verdict >", "<verdict>**{}**</verdict>", '<verdict>"{}"</verdict>', "<verdict>{}.</verdict>"),
    *(
        "**<verdict>{}</verdict>**",
        "`<verdict>{}</verdict>`",
        "＜verdict＞{}＜/verdict＞",
        "<verdict><verdict>{}</verdict>",
    ),
)
REASONS = (
    "Both solve it, but the second forgets the unit.",
    "Output 1 gets 217 km; output 2 gets 218, which is wrong.\n\n- checked the sum\n- checked the unit",
    "### Comparison\n\n| | 1 | 2 |\n|---|---|---|\n| right | yes | no |",
    "第一个答案更完整。",
    'Let me verify: $x^2 < 4$, so x < 2 & x > -2. {"a": 1} \\boxed{217}',
)
AS_MODELS_WRITE = (
    *(
        "{why}\n<verdict>{v}</verdict>",
        "{why} <verdict>{v}</verdict>",
        "<verdict>{v}</verdict>",
        "<verdict>{v}</verdict>\n",
    ),
    *(
        "{why}\n\n**<verdict>{v}</verdict>**",
        "{why}\n\n<verdict>**{v}**</verdict>",
        "{why}\n__<verdict>{v}</verdict>__",
    ),
    *(
        "{why}\n```\n<verdict>{v}</verdict>\n```",
        "{why}\n```xml\n<verdict>{v}</verdict>\n```",
        "{why}\n`<verdict>{v}</verdict>`",
    ),
    *("{why}\n<verdict> {v} </verdict>", "{why}\n<verdict>\n{v}\n</verdict>", "{why}\r\n<verdict>{v}</verdict>\r\n"),
    *("{why}\n<Verdict>{V}</Verdict>", "{why}\n<VERDICT>{V}</VERDICT>", '{why}\n<verdict>"{v}"</verdict>'),
    *("{why}\n<verdict>'{v}'</verdict>", "{why}\n<verdict>“{v}”</verdict>", "{why}\n<verdict>{v}.</verdict>"),
    *("{why}\n<verdict>({v})</verdict>", "{why}\n<verdict>`{v}`</verdict>", "{why}\n＜verdict＞{w}＜/verdict＞"),
    *("{why}\n<verdict>{w}</verdict>", "{why}\n> <verdict>{v}</verdict>", "# Verdict\n<verdict>{v}</verdict>\n{why}"),
    *(
        "<think>maybe <verdict>{o}</verdict></think>\n{why}\n<verdict>{v}</verdict>",
        "{why}\nFinal: <verdict>{v}</verdict>.",
    ),
    *("<thinking>\n<verdict>{o}</verdict>\n</thinking><verdict>{v}</verdict>", "{why} </think> <verdict>{v}</verdict>"),
    *(
        "<think>{why}</think><think><verdict>{o}</verdict></think>\n<verdict>{v}</verdict>",
        "\n\n\n<verdict>{v}</verdict>\n\n",
    ),
    *(
        "At first <verdict>{o}</verdict>. {why} So: <verdict>{v}</verdict>",
        "{why}\n<verdict>{v}</verdict>\n\nI hope this helps!",
    ),
    *("Of <verdict>1</verdict> or <verdict>2</verdict> or <verdict>tie</verdict>. {why}\n<verdict>{v}</verdict>",),
    *(
        "{why}\n\\<verdict>{v}</verdict>",
        "{why}\n<verdict>{v}</verdict><|im_end|>",
        "\ufeff{why}\n<verdict>\u200b{v}</verdict>",
    ),
    *(
        "{why}\n---\n<verdict>{v}</verdict>\n---",
        '{{"why": "…", "answer": "<verdict>{v}</verdict>"}}',
        "{why}\n<verdict >{v}</verdict >",
    ),
)


class Endpoint:
    """Answers with one body, read as the client reads it."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def complete(self, request: Request) -> Reply:
        try:
            return read_reply(self._body, 0.0, "there")
        except Transient as error:
            raise CallFailed(str(error)) from None


def completion(message: object) -> bytes:
    return json.dumps({"choices": [{"message": message, "finish_reason": "stop"}], "usage": {"x": None}}).encode()


def junk(draw: random.Random) -> str:
    return "".join(draw.choice(JUNK) for _ in range(draw.randrange(8)))


def unreadable(draw: random.Random) -> str:
    return f"{junk(draw)}{draw.choice(UNREADABLE)}{junk(draw)}" if draw.random() < 0.6 else junk(draw)


def readable(draw: random.Random, label: str) -> str:
    said = draw.choice((label, label.upper(), "".join(map(wide, label))))
    return f"{junk(draw)}{draw.choice(SPELLED).format(said)}{junk(draw)}"


def wide(character: str) -> str:
    return chr(ord(character) - 0x21 + 0xFF01)


def without_text(draw: random.Random, text: str) -> bytes:
    """Return a body that holds no text of a verdict, in one of the forms that endpoints send."""
    call = {"id": "c", "type": "function", "function": {"name": "judge", "arguments": text}}
    whole = completion({"content": text})
    return draw.choice(
        (
            lambda: completion({"content": None}),
            lambda: completion({"content": ""}),
            lambda: completion({"content": None, "tool_calls": [call]}),
            lambda: completion({"content": [], "reasoning_content": text}),
            lambda: completion({"content": None, "refusal": "I cannot judge that."}),
            lambda: completion({"content": {"data": text}}),
            lambda: completion({"content": 1}),
            lambda: completion(None),
            lambda: b'{"choices": []}',
            lambda: b"<html>" + text.encode("utf-8", "replace") + b"</html>",
            lambda: whole[: draw.randrange(len(whole) - 1)],
            lambda: b"",
            lambda: b"\xff\xfe\x00",
            lambda: b"[" * 50_000,
        )
    )()


def with_text(draw: random.Random, text: str) -> bytes:
    parts = [{"type": "text", "text": text[:5]}, {"type": "text", "text": text[5:]}]
    return completion({"content": draw.choice((text, text, text, parts, {"text": text}))})


async def verdict_on(body: bytes) -> Verdict:
    return await PairwiseJudge(Endpoint(body), RoleSettings("m")).compare(QUESTION)


async def test_v01_no_body_breaks_a_comparison_and_only_readable_text_is_a_verdict() -> None:
    draw = random.Random(6)
    counts = {True: 0, False: 0}
    for _ in range(length(6000, 100_000)):
        label = draw.choice(LABELS) if draw.random() < 0.4 else None
        text = readable(draw, label) if label else unreadable(draw)
        body = with_text(draw, text) if label or draw.random() < 0.7 else without_text(draw, readable(draw, "1"))
        assert await verdict_on(body) is SEEN[label], text
        counts[label is not None] += 1
    assert min(counts.values()) > 1000


def test_v02_text_that_never_passed_a_client_is_read_the_same_way() -> None:
    draw = random.Random(7)
    for _ in range(length(6000, 100_000)):
        text = unreadable(draw)
        assert read_verdict(text) is None, text
        label = draw.choice(LABELS)
        text = readable(draw, label)
        assert read_verdict(text) == label, text


def labelled() -> list[tuple[str, str]]:
    """Return replies of the kinds that models write, each with its verdict."""
    found = []
    for template in AS_MODELS_WRITE:
        for why in REASONS:
            for v, o in zip(LABELS, ("2", "tie", "1"), strict=True):
                text = template.format(why=why, v=v, V=v.title(), w="".join(map(wide, v)), o=o)
                found.append((text, v))
    return found


def test_v03_verdicts_as_models_write_them_are_read() -> None:
    cases = labelled()
    right = sum(read_verdict(text) == verdict for text, verdict in cases)
    assert len(cases) >= 500
    assert right / len(cases) >= 0.995, [text for text, verdict in cases if read_verdict(text) != verdict]


HUGE = 10_000_000
LONG = (
    "<",
    "< ",
    "<" + " " * 5000,
    "<verdict>",
    "<verdict>*",
    "</think>",
    "<think>",
    "＜",
    "漢",
    "&amp;",
    "<output_1",
    "*",
)


@pytest.mark.parametrize("unit", LONG, ids=ascii)
@pytest.mark.parametrize("read", [read_verdict, read_lone_verdict, without_thinking, speaks_of_verdicts])
def test_v04_ten_megabytes_are_read_in_a_second(unit: str, read: Callable[[str], object]) -> None:
    size = length(1_000_000, HUGE)
    text = (unit * (size // len(unit) + 1))[:size]
    before = time.process_time()
    read(text)
    assert time.process_time() - before < size / HUGE * 3 + 0.1, "three times the promise, for a slow machine"


@pytest.mark.parametrize("unit", LONG, ids=ascii)
@pytest.mark.parametrize("read", [quoted, unquoted])
def test_v05_quoting_takes_time_in_proportion(unit: str, read: Callable[[str], str]) -> None:
    def seconds(size: int) -> float:
        text = (unit * (size // len(unit) + 1))[:size]
        before = time.process_time()
        read(text)
        return time.process_time() - before

    # On a machine with much else to do one measurement says little; what grows with the square fails them all.
    assert any(seconds(400_000) < 8 * max(seconds(100_000), 0.005) for _ in range(5))


async def test_v06_ten_megabytes_of_anything_are_a_verdict_at_most_when_they_end_with_one() -> None:
    for text, verdict in (("x" * HUGE, None), ("x" * HUGE + "<verdict>2</verdict>", "2"), ("<verdict>" * 10**6, None)):
        assert await verdict_on(completion({"content": text})) is SEEN[verdict]

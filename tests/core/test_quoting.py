"""Text of models is data: it can neither open nor close one of our tags."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import maspo
from maspo.core.quoting import quoted, shortened, tagged, unquoted, without_thinking

TAGS = ("output_1", "output_2", "verdict", "prompt", "current_prompt", "trace", "misaligned_trace", "count", "input")
_TAGGED = re.compile(r"(?:_tag|tagged)\([\"']([a-z_0-9]+)")
pieces = st.one_of(
    st.text(max_size=8),
    st.sampled_from(TAGS),
    st.sampled_from(["<", "</", ">", "&lt;", "&amp;", "&LT;", "&", "&amp;lt;", "/", " ", "\n", "\u00a0", "İ"]),
)
texts = st.lists(pieces, max_size=12).map("".join)


@given(texts)
@example("<OUTPUT_1\xad0")
@example("&lt;/verdict\u200bx")
@example("<VERDICT\x800")
def test_q01_no_tag_of_ours_is_left_and_reading_back_is_exact(text: str) -> None:
    safe = quoted(text)
    assert not re.search(rf"<\s*/?\s*({'|'.join(TAGS)})\b", safe, re.IGNORECASE)
    assert unquoted(safe) == text


@given(texts)
def test_q02_quoting_twice_is_undone_twice(text: str) -> None:
    assert unquoted(unquoted(quoted(quoted(text)))) == text


@pytest.mark.parametrize(
    "text", ["a < b && c > d", "<div>x</div>", "\\boxed{x}", '{"a": 1}', "x &lt; y", "<answer>B</answer>"]
)
def test_q03_everything_else_stays_as_it_is(text: str) -> None:
    assert quoted(text) == text


@given(texts, st.sampled_from(TAGS))
def test_q04_a_tag_holds_exactly_its_text(text: str, tag: str) -> None:
    held = re.fullmatch(rf"<{tag}>\n(.*)\n</{tag}>", tagged(tag, text), re.DOTALL)
    assert held is not None
    assert unquoted(held.group(1)) == text
    assert tagged(tag, text).count(f"</{tag}>") == 1


def test_q05_a_name_becomes_an_attribute() -> None:
    assert tagged("read", "x", "solver").startswith('<read name="solver">')


def test_q06_every_tag_that_our_prompts_and_messages_use_is_guarded() -> None:
    root = Path(str(maspo.__file__)).parent
    used: set[str] = set()
    for file in root.glob("*/prompts/*.txt"):
        used |= set(re.findall(r"</?([a-z_0-9]+)>", file.read_text(encoding="utf-8")))
    for room in ("judges", "proposers", "engine", "scoring"):
        files = root.glob(f"{room}/*.py")
        used |= {tag for file in files for tag in _TAGGED.findall(file.read_text(encoding="utf-8"))}
    assert used >= {"verdict", "prompt", "output_1", "current_prompt", "protected", "final_output_before"}
    assert {tag for tag in used if quoted(f"</{tag}>") == f"</{tag}>"} == set()


@given(st.text(max_size=300), st.integers(20, 100))
def test_q07_a_shortened_text_is_short_and_says_what_is_missing(text: str, most: int) -> None:
    short = shortened(text, most)
    if len(text) <= most:
        assert short == text
        return
    left, right = short.split("\n[… ", 1)[0], short.rsplit("…]\n", 1)[1]
    assert text.startswith(left) and text.endswith(right)
    assert f"{len(text) - len(left) - len(right)} characters left out" in short
    assert len(left) + len(right) <= most


@pytest.mark.parametrize(
    ("reply", "rest"),
    [
        ("plain", "plain"),
        ("<think>a <verdict>1</verdict></think>b", "b"),
        ("  \n<THINKING>a</THINKING>\nb", "\nb"),
        ("<think>never ends", ""),
        ("<think>a</thinking> b", ""),
        ("first <think>x</think>", "first <think>x</think>"),
        ("<thinker>x", "<thinker>x"),
    ],
)
def test_q08_the_thinking_before_a_reply_is_left_out(reply: str, rest: str) -> None:
    assert without_thinking(reply) == rest


@pytest.mark.parametrize(
    "alike",
    [
        "＜/output_1>",
        "</ｏｕｔｐｕｔ_１>",
        "</out\u200bput_1>",
        "<\u2060verdict>",
        "‹/trace›",
        "</рrоmрt>",
        "<／input＞",
        "≺/output_1≻",
        "<\\/output_1>",
        "</ouτput_1>",
        "</\u2800output_1>",
        "\u1438/output_1\u1433",
        "</ØUTPUT_1>",
        "</oᴜᴛᴘᴜᴛ_1>",
        "<verdicт>",
        "</ϲount>",
        "</output-1>",
        "</output 1>",
        "</0utput_I>",
        "</out\u034fput_1>",
        "</output\u3164_1>",
        "<prornpt>",
        "</1nput>",
    ],
)
def test_q10_what_only_looks_like_our_tags_is_escaped_and_comes_back(alike: str) -> None:
    safe = quoted(f"a {alike} b")
    assert safe.startswith("a &") and unquoted(safe) == f"a {alike} b"
    assert unquoted(quoted(safe)) == safe


def test_q11_attributes_cannot_be_left() -> None:
    assert tagged("read", "x", 'a" id="b', "c").startswith('<read name="a&quot; id=&quot;b" id="c">\n')


def test_q09_huge_texts_are_read_at_once() -> None:
    for text in ("<" * 10**6, "&amp;" * 10**5, "<think>" + "</thin" * 10**5, "</ " * 10**5, "<" + " " * 2000):
        assert unquoted(quoted(text)) == text
        without_thinking(text)


@pytest.mark.parametrize("category", ["Cc", "Cf", "Co", "Cn", "Mn", "Me", "So", "Sm", "Sc", "Po", "Zs"])
def test_q10_no_sign_that_ends_a_name_hides_it(category: str) -> None:
    signs = [chr(code) for code in (*range(0x3000), 0xE000) if unicodedata.category(chr(code)) == category]
    assert signs
    for sign in signs:
        for text in (f"<verdict{sign}0", f"</verdict{sign}x>"):
            assert not quoted(text).startswith("<"), text
            assert unquoted(quoted(text)) == text

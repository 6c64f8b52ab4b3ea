"""What a reasoning model thinks and what it says, told apart in every form in the wild. Thoughts are kept, never read.

Endpoints tell thoughts in fields of their own, as parts of the content, or within the text, in the marks of the model's
template. Only what is said goes on to readers, judges, parsers and runners of programs.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from maspo.models.base import Reply

_FIELDS = (
    "reasoning_content",
    "reasoning",
    "thinking",
    "thoughts",
    "reasoning_text",
    "thinking_content",
    "reasoning_summary",
)
"""Fields of a message: DeepSeek, Qwen, vLLM and llama.cpp; OpenRouter, Groq and newer vLLM; Ollama; gateways."""
_LISTS = ("reasoning_details", "thinking_blocks")
"""Fields that hold parts: OpenRouter, LiteLLM. They repeat what a field of text tells, so they count without one."""
_TELLING = frozenset((*_FIELDS, *_LISTS))
_THOUGHT_PARTS = frozenset({"thinking", "reasoning", "thought", "redacted_thinking", "summary_text"})
"""Types of content parts that are thoughts: Mistral and Anthropic, OpenAI's responses, gateways."""
_TEXT_OF_PART = ("text", "thinking", "reasoning", "content", "summary", "value")
_DEEPEST = 4
"""Parts within parts: Mistral nests them once."""

_MOST = 200
"""Thoughts that are told apart in one reply: models that think between steps have a dozen."""
_NATIVE = (
    r"(?:[a-z]{2,12}[:_])?think(?:ing)?|think_[a-z]{1,12}|thought|thoughts|antthinking"
    r"|reasoning_content|reasoning|reflection|scratchpad|inner_monologue|internal_monologue|internal_thoughts?|chain_of_thought"
)
_PAIRS = (
    (
        rf"<\s?({_NATIVE})(?: [^<>\n]{{0,80}})?>",
        r"<\s?/\s?{}\s?>",
    ),  # with attributes from gateways; DeepSeek, Qwen, GLM, Phi, Seed, LongCat, EXAONE, Gemini, Claude, Reka
    (r"\[(THINK|THINKING|REASONING)\]", r"\[/{}\]"),  # Magistral
    (
        r"<\|(?:(?:start|begin)_?(?:of_?)?)?(think|thinking|thought|reasoning)(?:_?(?:start|begin))?\|>",
        r"<\|(?:/|end_?(?:of_?)?)?{}(?:_?end)?\|>",
    ),
    (r"◁(think)▷", r"◁/{}▷"),  # Kimi
    (r"<\|channel>(thought)\b", r"<channel\|>"),  # Gemma 4
    (r"<\|(START|begin_of)_?(?:THINKING|thought)\|>", r"<\|(?:END_THINKING|end_of_thought)\|>"),  # Command, OpenThinker
    (r"<\|(inner)_prefix\|>", r"<\|{}_suffix\|>"),  # Apertus
    (r"<(unused94)>(?:thought)?", r"<unused95>"),  # MedGemma
    (
        r'<(details)(?: type="reasoning"[^>\n]{0,80}>(?:\s*<summary>[^<\n]{0,80}</summary>)?'  # Open WebUI
        r"|[^>\n]{0,80}>\s*<summary>\W{0,9}(?:thinking|thought|reasoning)\b[^<\n]{0,80}</summary>)",
        r"</{}>",
    ),
)
"""How a thought begins and how it ends; ``{}`` is the name that it began with."""
_AT_FIRST = (
    (r"```(thinking|thoughts?|reasoning)[ \t]*\n", r"\n[ \t]*```[ \t]*(?=\n|\Z)"),
    (r"[*_](Thinking)(?:\.\.\.|…)[*_]\s*\n(?=>)", r"\n(?!>)"),  # Poe, which quotes the thought
)
"""The same of marks that mean it at the beginning of a reply only."""
_FIRST_OF_TWO = re.compile(
    r"\s*<(reasons?|cot|analysis|thought_process|thinking_process|thinking_steps|reasoning_process|deep_?think(?:ing)?"
    r"|pondering|ponder|musings?|internal|inner_thoughts?|inner_voice|think_aloud|思考|思考过程|思考過程|推理|推理过程)>"
    r"(.*?)</\1>(?=\s*\S)",
    re.IGNORECASE | re.DOTALL,
)
"""Elements with which a model of no known template begins, and after which its answer stands: nobody asked for them."""
_STEM = 5
"""Letters of such an element's name that tell that its subject was asked for: an analyst's <analysis> is the answer."""
_HIDDEN = re.compile(r"(?:&lt;|＜)(/?)\s?(think(?:ing)?|thought|reasoning)\s?(?:&gt;|＞)", re.IGNORECASE)
"""A mark that a gateway has escaped, or a keyboard has written wide."""
_QUOTED = re.compile(r"\s*`<(think(?:ing)?|thought)>`[ \t]*\n(.*?)\n`</\1>`[ \t]*\n", re.DOTALL)
"""A thought between marks that are set as code, each on a line of its own, at the beginning of a reply."""
_NONE = re.compile(r"\s*<think(?:ing)?\s?/>\s*", re.IGNORECASE)
"""A thought of nothing."""
_OPENED = [(re.compile(rf"\s*{begin}", re.IGNORECASE), end) for begin, end in (*_PAIRS, *_AT_FIRST)]
_LATER = [(re.compile(rf"^[ \t]*{begin}", re.IGNORECASE | re.MULTILINE), end) for begin, end in _PAIRS]
_CLOSED_ALONE = re.compile(
    rf"^[ \t]*(?:</(?:{_NATIVE})>|\[/THINK\]|◁/think▷|<\|END_THINKING\|>|<\|end_of_thought\|>|<unused95>)"
    rf"|(?:</(?:{_NATIVE})>|\[/THINK\]|◁/think▷)[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
"""The end of a thought that the template began: at one end of a line, unlike where a text speaks of the mark."""
_FINAL = re.compile(r"^\[BEGIN FINAL RESPONSE\][ \t]*\n?", re.MULTILINE)
_FINAL_ENDS = "[END FINAL RESPONSE]"
"""Where the answer of Apriel begins and ends; its thoughts stand before it without a mark."""
_DOTS = r"(?:\.\.\.|…)"
_TOLD_IN_WORDS = tuple(
    re.compile(rf"\s*{begin}(?:(.*?)^[ \t]*{end}|(.*))", re.DOTALL | re.MULTILINE | re.IGNORECASE)
    for begin, end in (
        # Ollama's command line, and what wraps it
        (rf"Thinking{_DOTS}[ \t]*\n", rf"{_DOTS}[ \t]*done thinking\.?[ \t]*$"),
        (r"Here(?:['’]s| is) my thought process:", r"Here(?:['’]s| is) my response:[ \t]*"),  # Granite
    )
)
"""Thoughts with words around them in place of marks."""
_ENDS_OF_TEMPLATE = """
assistant user im_end im_start eot_id eom_id end endoftext end_of_text eos return begin_of_box end_of_box
begin_of_solution end_of_solution message START_RESPONSE END_RESPONSE END_OF_TURN_TOKEN end_of_turn im_sep
end_of_sentence end▁of▁sentence
""".split()  # noqa: SIM905 - a list of words
_TOKEN = rf"(?:<[|｜](?:{'|'.join(_ENDS_OF_TEMPLATE)})[|｜]>|</s>|<end_of_turn>|<turn\|>|<eos>|\[EOS\])"
_ANY_TOKEN = re.compile(_TOKEN)
_HEADER = r"<\|start_header_id\|>\s*assistant\s*<\|end_header_id\|>|<\|im_start\|>\s*assistant\b"
_BEFORE = re.compile(rf"\s*(?:(?:{_HEADER}|{_TOKEN})\s*)+")
_AFTER = re.compile(rf"(?:(?:(?<! )|(?<=\n)){_TOKEN}\s*)+\Z")
"""Tokens of a template that a server has left at the ends of a text: glued to it or on lines of their own. One after a
space may be what a sentence speaks of."""
_ANOTHERS_TURN = re.compile(
    r"(?:<[|｜](?:im_end|eot_id|eom_id|end|endoftext|end▁of▁sentence)[|｜]>|</s>|<end_of_turn>)\s*"
    r"(?:<\|im_start\|>\s*(?:user|system|tool)\b|<\|start_header_id\|>\s*(?:user|system|ipython|tool)\b"
    r"|<start_of_turn>\s*user\b|\[INST\]|<[|｜](?:User|user|system|observation)[|｜]>)"
)
"""The end of a turn and the begin of another's, where a server goes on after the reply: what follows is none of it."""
_ESCAPED = re.compile(r"&lt;/[A-Za-z_]{1,30}&gt;")
"""The end of an element in a text that a gateway has escaped for HTML."""
_WRAPPED = re.compile(r"\s*<(answer|response)>\s*(.*?)\s*</\1>\s*\Z", re.DOTALL)
"""The whole reply of Hunyuan after its thoughts, and that of models that were trained on such elements."""
_USERS_OWN = frozenset(
    {"thinking", "thought", "thoughts", "reasoning", "reflection", "scratchpad", "inner_monologue"}
    | {"internal_monologue", "internal_thought", "internal_thoughts", "chain_of_thought"}
)
"""Tags that people ask for as a part of the answer; where a request names one, it is the user's, and stays."""
_FENCE = re.compile(r"^[ \t]*(```|~~~)", re.MULTILINE)
_CHANNEL = re.compile(
    r"(?:<\|start\|>\s*assistant|(?<!\s))\s*<\|channel\|>\s*(\w+)[^<]*(?:<\|constrain\|>[^<]*)?<\|message\|>"
)
"""A part of a reply in the harmony template (gpt-oss): its channel stands before its text."""
_CHANNEL_ENDS = re.compile(r"<\|(?:end|return|call)\|>")
_BARE_CHANNELS = re.compile(r"\s*(?:analysis|commentary)(?:(.*?)assistantfinal|(?=[A-Z])(.*))", re.DOTALL)
"""The same where the server has dropped the marks and left their names: ``analysisWe need…assistantfinalIt is 7``."""
_NAMES = (
    *("think", "thought", "reason", "reflection", "scratchpad", "monologue", "channel", "analysis", "final response"),
    *("inner_prefix", "unused9", "commentary", "cot>", "ponder", "musing", "internal", "inner_", "思考", "推理"),
)
"""What every mark of a thought, and every word that stands for one, holds: a text without any is said as a whole."""
_BEGINS = ("analysis", "commentary", "thinking", "here", "```", "*", "_", "＜", "&lt;", "`<")
"""How a text begins that may begin with a thought, where it holds no mark of a template."""


def told_thoughts(message: Mapping[str, object]) -> str:
    """Return what the fields of a message, or of a piece of one, tell of its thoughts."""
    if _TELLING.isdisjoint(message):
        return ""
    for name in _FIELDS:
        if (found := message.get(name)) and (text := _text(found)):
            return text
    return "".join(_text(found) for name in _LISTS if (found := message.get(name)))


def said_and_thought(content: object) -> tuple[str, str]:
    """Return the text and the thoughts of a message's content, which is a text or a list of parts.

    Raises:
        TypeError: it is neither.

    """
    if content is None:
        return "", ""
    if isinstance(content, str):
        return content, ""
    if isinstance(content, Mapping):  # One part, or Google's list of them, where a list or a text should be.
        parts = content.get("parts", [content])
        content = parts if isinstance(parts, list) else [content]
    if not isinstance(content, list):
        raise TypeError("content is no text")
    said: list[str] = []
    thought: list[str] = []
    for part in content:
        if isinstance(part, str):
            said.append(part)
        elif isinstance(part, Mapping):
            # Gemini marks a part of text as a thought instead of giving it a type.
            hidden = part.get("type") in _THOUGHT_PARTS or part.get("thought") is True
            (thought if hidden else said).append(_text(part))
    return "".join(said), "".join(thought)


def without_thoughts(reply: Reply, asked: str) -> Reply:
    """Return a reply whose text holds no thoughts; ``asked`` is the text of the request.

    A thought that does not end leaves nothing of what follows: an answer within it is none.
    """
    text = _in_its_turn(reply.text, asked)
    begins = text.lstrip()[:12].lower()
    if not ("<" in text or "[" in text or "◁" in text or begins.startswith(_BEGINS)):
        return reply  # No mark of any template begins otherwise; each of those below begins with one.
    small = text.lower()
    said, thought = _split(text, asked, reply.truncated) if any(name in small for name in _NAMES) else (text, "")
    said = _without_ends(said, asked)
    if thought or reply.thoughts:
        said = _unwrapped(said, asked)
    if not thought and said == reply.text:
        return reply
    thoughts = "\n".join(one for one in (reply.thoughts, thought) if one)
    return replace(reply, text=said, thoughts=thoughts)


def _in_its_turn(text: str, asked: str) -> str:
    """Return a text with its own signs, up to where another's turn begins, unless the request speaks of such marks."""
    if "&lt;/" in text and "<" not in text and "&lt;" not in asked and _ESCAPED.search(text):
        text = html.unescape(text)
    ends = _ANOTHERS_TURN.search(text) if "<" in text else None
    return text if ends is None or _ANOTHERS_TURN.search(asked) else text[: ends.start()].rstrip()


def _without_ends(text: str, asked: str) -> str:
    """Return a text without the tokens of a template at its ends, unless the request speaks of such."""
    if not _ANY_TOKEN.search(text) or _ANY_TOKEN.search(asked):
        return text
    before, after = _BEFORE.match(text), _AFTER.search(text)
    begin, end = before.end() if before else 0, after.start() if after else len(text)
    return text[begin:end].strip() if begin < end and (before or after) else text


def _unwrapped(text: str, asked: str) -> str:
    """Return the reply within an element that the model put around all of it; one that was asked for stays."""
    found = _WRAPPED.match(text)
    if found is None:
        return text
    mark, inner = f"<{found[1]}>", found[2]
    begins, ends = inner.find(mark), inner.find(f"</{found[1]}>")
    if ends >= 0 and not 0 <= begins < ends:
        return text  # Two elements, not one around all.
    return inner if ends >= 0 or mark not in asked else text


def _split(text: str, asked: str, cut: bool) -> tuple[str, str]:
    if "<|channel|>" in text:
        return _by_channel(text)
    bare = _BARE_CHANNELS.match(text)
    if bare is not None:
        return text[bare.end() :], bare[1] or bare[2] or ""
    for told in _TOLD_IN_WORDS:
        words = told.match(text)
        if words is not None and (words[1] is not None or cut):
            return text[words.end() :].lstrip(), (words[1] or words[2]).strip("\n")
    text = _with_marks(text, asked)
    first = _FIRST_OF_TWO.match(text)
    if first is not None and not re.search(rf"\b{re.escape(first[1][:_STEM])}", asked, re.IGNORECASE):
        return text[first.end() :].lstrip(), first[2]
    final = _FINAL.search(text)
    if final is not None and "[BEGIN FINAL RESPONSE]" not in asked:
        return text[final.end() :].partition(_FINAL_ENDS)[0].rstrip(), text[: final.start()]
    thoughts: list[str] = []
    rest = text
    while len(thoughts) < _MOST and (opened := _first_opened(rest, asked)) is not None:
        begin, inner, end = opened
        closed = _closed(rest, begin, inner, end)
        if closed is None:
            thoughts.append(rest[inner:])
            return rest[:begin], "\n".join(thoughts)
        thoughts.append(rest[inner : closed.start()])
        rest = rest[:begin] + rest[closed.end() :].lstrip("\n" if begin else None)
    alone = _last_closed_alone(rest, asked)
    if alone is not None:
        thoughts.append(rest[: alone.start()])
        rest = rest[alone.end() :]
    return (rest.lstrip() if thoughts else rest), "\n".join(thoughts)


def _with_marks(text: str, asked: str) -> str:
    """Return a text whose marks of thoughts are as models write them, where something between has altered them."""
    if ("&lt;" in text or "＜" in text) and _HIDDEN.match(text.lstrip()) and not _HIDDEN.search(asked):
        text = _HIDDEN.sub(r"<\1\2>", text)
    if (quoted := _QUOTED.match(text)) is not None:
        text = f"<{quoted[1]}>{quoted[2]}</{quoted[1]}>{text[quoted.end() :]}"
    nothing = _NONE.match(text)
    return text if nothing is None else text[nothing.end() :]


def _closed(text: str, begin: int, inner: int, end: str) -> re.Match[str] | None:
    """Return where a thought ends: one that holds others, at the end of the outermost, as far as there is one."""
    pattern, mark = re.compile(end, re.IGNORECASE), text[begin:inner].strip()
    found = first = pattern.search(text, inner)
    place = inner
    while found is not None and mark and mark in text[place : found.start()]:
        place = text.find(mark, place) + len(mark)
        if (further := pattern.search(text, found.end())) is None:
            return first
        found = further
    return found


def _first_opened(text: str, asked: str) -> tuple[int, int, str] | None:
    """Return where a thought begins, where its text does, and how it ends; one that the text shows as code is none."""
    for pattern, end in _OPENED:
        found = pattern.match(text)
        if found and not _is_users(found[1], asked):
            return 0, found.end(), end.format(re.escape(found[1]))
    earliest: tuple[int, int, str] | None = None
    for pattern, end in _LATER:
        for found in pattern.finditer(text):
            if (earliest is None or found.start() < earliest[0]) and not _is_users(found[1], asked):
                if len(_FENCE.findall(text, 0, found.start())) % 2 == 0:
                    earliest = found.start(), found.end(), end.format(re.escape(found[1]))
                break
    return earliest


def _last_closed_alone(text: str, asked: str) -> re.Match[str] | None:
    every = list(_CLOSED_ALONE.finditer(text))
    if not every:
        return None
    found = every[-1]
    name = re.sub(r"\W", "", found[0])
    return None if _is_users(name, asked) or len(_FENCE.findall(text, 0, found.start())) % 2 else found


def _is_users(name: str, asked: str) -> bool:
    own = rf"[<\[`]/?{re.escape(name)}\b"
    may_be = name.lower() in _USERS_OWN or "_think" in name.lower()
    return may_be and re.search(own, asked, re.IGNORECASE) is not None


def _by_channel(text: str) -> tuple[str, str]:
    """Read a reply in the harmony template: what is in the final channel is said, all else is thought."""
    said: list[str] = []
    thought: list[str] = []
    marks = list(_CHANNEL.finditer(text))
    if not marks:
        return "", text
    if text[: marks[0].start()].strip():
        thought.append(text[: marks[0].start()])
    for mark, following in zip(marks, [*marks[1:], None], strict=True):
        whole = text[mark.end() : following.start() if following else len(text)]
        ends = _CHANNEL_ENDS.search(whole)
        (said if mark[1].lower() == "final" else thought).append(whole[: ends.start()] if ends else whole)
    return "\n".join(said), "\n".join(thought)


def _text(found: object, deep: int = 0) -> str:
    """Return the text of a field, a part, or of parts within it."""
    if isinstance(found, str):
        return found
    if deep > _DEEPEST:
        return ""
    if isinstance(found, Mapping):
        return next((text for name in _TEXT_OF_PART if (text := _text(found.get(name), deep + 1))), "")
    if isinstance(found, Iterable):
        return "".join(_text(one, deep + 1) for one in found)
    return ""

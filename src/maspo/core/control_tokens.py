"""Control tokens of chat templates in ordinary text: found by family, and defused so that they stay readable. Pure.

A server makes one text of a chat with a template, and reads tokens such as ``<|im_start|>`` as its own wherever they
stand: one agent's text could open another role's turn. Defused, a token has a dot after its first sign,
``<·|im_start|>``: no vocabulary has it, every reader sees what was written, and ``restored`` takes the dot away.
"""

from __future__ import annotations

import re
from typing import Final

from maspo.core.late import late

DOT: Final = "\u00b7"
_BAR: Final = r"[|\uff5c]"
_GREATER: Final = r"[>\uff1e\ufe65]"
"""With the full-width and small forms that some tokenizers make one with the plain ones."""
_NAME: Final = r"[^\s<>\[\]|\uff1c\uff1e\uff5c\ufe64\ufe65]{1,40}"
"""Of a token between bars: of any kind, but without a space, as operators and formulas have them."""
_WORD: Final = r"[A-Za-z_]{3,24}"
_ANGLE: Final = "|".join(
    (
        *("s", "bos", "eos", "pad", "unk", "sop", "eop", "eot", "eod", "eom", "gmask", "seed:[a-z_]{2,24}"),
        *("(?:start|end)_of_(?:turn|image|role|text|sentence)", "begin(?:ning)?_of_(?:text|sentence|image)"),
        *("im_(?:start|end|sep)", "endoftext", "startoftext", "fim_(?:prefix|middle|suffix|pad)"),
        *(
            "reponame",
            "gh_stars",
            "jupyter_(?:start|text|code|output)",
            "issue_(?:start|comment|closed)",
            "commit_(?:before|msg|after)",
        ),
        *("end_of_utterance", "_(?:user|system|assistant|bot|tool)", "tool_(?:calls?|responses?|outputs?)"),
        r"(?:unused|extra_id_|reserved_|special_|reserved_special_token_)\d{1,5}",
        r"0x[0-9a-f]{2}",
        *("role>(?:human|assistant|system|observation)</role", r"longcat_[a-z_]{1,24}", "eo[ah]", "minimax:tool_call"),
    )
)
"""Of Llama, Gemma, T5, GLM, Granite, Seed, Baichuan, Nemotron and their kin; bytes of sentence-piece; of StarCoder,
Ling, LongCat, InternLM and MiniMax."""
_SQUARE: Final = (
    "INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|TOOL_CONTENT|CALL_ID|MODEL_SETTINGS|THINK|gMASK"
    "|IMG_BREAK|IMG_END"
)
"""Of Mistral and GLM, in this case only."""
_RESTS: Final = {
    r"[<\uff1c\ufe64]": "|".join(
        (
            rf"{_BAR}{_NAME}{_BAR}{_GREATER}",  # <|im_start|>, <|channel|>, <｜User｜>
            rf"{_BAR}{_WORD}{_GREATER}|/?{_WORD}{_BAR}{_GREATER}",  # <|turn>, <turn|>
            rf"/?(?i:{_ANGLE})\s?{_GREATER}",  # <start_of_turn>, </s>
            r"<\s?/?SYS\s?>>",  # <<SYS>>
        )
    ),
    r"\[": rf"/?(?:{_SQUARE})\]|{_BAR}{_WORD}{_BAR}\]|e~\[",  # [INST], EXAONE's [|user|], MiniMax's [e~[
    r"\]": r"~b\]|~!b\[|<\]\w{1,40}\[>\[",  # MiniMax's ]~b]
}
_TOKEN = late("|".join(rf"{sign}{DOT}*+(?={rest})" for sign, rest in _RESTS.items()))
_WHOLE = late("|".join(rf"{sign}(?:{rest})" for sign, rest in _RESTS.items()))
_SIGNS = re.compile(r"[<\[\]\uff1c\ufe64]")


def control_tokens(text: str) -> tuple[str, ...]:
    """Return the control tokens of a text, as they stand."""
    return () if _SIGNS.search(text) is None else tuple(_WHOLE.findall(text))


def defused(text: str) -> str:
    """Return a text in which no server reads a control token; one that was defused already gets another dot."""
    return text if _SIGNS.search(text) is None else _TOKEN.sub(rf"\g<0>{DOT}", text)


def restored(text: str) -> str:
    """Return a text as it was before ``defused``."""
    return text if DOT not in text else _TOKEN.sub(lambda token: token[0].removesuffix(DOT), text)


def count_defused(text: str) -> int:
    """Return how many control tokens of a text were defused."""
    return sum(token[0].endswith(DOT) for token in _TOKEN.finditer(text)) if DOT in text else 0

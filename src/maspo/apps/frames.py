"""Where a prompt stands in a request: the text that instructs, and what frameworks set around a prompt there. Pure."""

from __future__ import annotations

import re

from maspo.apps.templates import FEWEST_FIXED
from maspo.gateway.wire import INSTRUCTING, WireCall, WireText

_SMOL_LISTS = r"\bReturns an output of type: [^\n]*|</code>|\n```"
"""How lists of tools and of agents end in the prompts of smolagents; instructions stand behind the last."""
_FRAMES = (
    re.compile(r"In adhering to this structure, your objective is:\s*+(\S.*)", re.DOTALL),
    re.compile(r"\A\s*+(\S.*?)\n\nYou are an agent\. Your internal name is \"", re.DOTALL),
    re.compile(
        r"\AYou are .+\nYour personal goal is: (\S.*?)"
        r"(?:\n\nCurrent Date: |\n\n<skills>|\n\n<available_skills>|\nYou ONLY have access to the following tools|\Z)",
        re.DOTALL,
    ),
    re.compile(
        rf"(?:{_SMOL_LISTS})\n(\S(?:(?!{_SMOL_LISTS}).)*?)\n\nHere are the rules you should always follow ",
        re.DOTALL,
    ),
    re.compile(
        r"\n</your_role>\s*+(?:<instructions>\s*+)?+(?!<team>|</instructions>|<additional_information>)(\S.*?)"
        r"(?:\n</instructions>|\n\n<team>\n|\n\n<additional_information>|\Z)",
        re.DOTALL,
    ),
    re.compile(
        r"\A(?!.*<your_role>\n)(?:<description>\n.*?\n</description>)?+\s*+(?!<team>)(\S.*?)\n\n<team>\n", re.DOTALL
    ),
    re.compile(r"\n11\. Don't give up! [^\n]*\n(\S.*?)\n\nNow Begin!\s*\Z", re.DOTALL),
)
"""Texts that a framework sets around a prompt, by what it says just before or after: DSPy, Google ADK, CrewAI (whose
role and backstory stay, too), Agno (whose role and description stay where there is a role), smolagents.

What it says is no part of the prompt: a rewrite leaves it, and what is written back stands in the source as it is. Nor
is the white space before it, which is taken away behind: a pattern would read a long stretch of it from each place.
"""


def prompt_text(call: WireCall) -> WireText | None:
    """Return the text of a request that tells whose it is: the first that instructs, else the first of a user."""
    for roles in (INSTRUCTING, frozenset({"user"})):
        for text in call.texts:
            if text.role in roles and text.text.strip():
                return text
    return None


def inside_frame(text: str) -> str | None:
    """Return the prompt in a text without what a framework is known to set around it; None where there is no frame."""
    match = next(filter(None, (frame.search(text) for frame in _FRAMES)), None)
    within = match[1].rstrip() if match is not None else ""
    return within if len(within) >= FEWEST_FIXED else None

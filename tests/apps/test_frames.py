"""What frameworks set around a prompt is told from the prompt, in one reading of the text."""

from __future__ import annotations

import time

import pytest

from maspo.apps.discovery import _DUTY
from maspo.apps.frames import inside_frame

SAID = "Answer in one word.\n\nGive no reason."
FRAMES = {
    "DSPy": ("Fields.\nIn adhering to this structure, your objective is: \n ", "\n        "),
    "Google ADK": (" \n", '\n\nYou are an agent. Your internal name is "one". The description is'),
    "CrewAI": ("You are one.\nTwo\nYour personal goal is: ", "\nYou ONLY have access to the following tools"),
    "CrewAI without tools": ("You are one.\nYour personal goal is: ", " \n"),
    "CrewAI with skills": ("You are one.\nYour personal goal is: ", "\n \n\n<skills>"),
    "Agno": ("You are one.\n\n<your_role>\nTwo\n</your_role>\n\n", "\n\n<team>\nYou coordinate"),
    "Agno, tagged": ("<your_role>\nTwo\n</your_role>\n\n<instructions>\n", "\n</instructions>\n\n"),
    "Agno, a leader": ("<description>\nYou lead.\n</description>\n\n", "\n\n<team>\nYou coordinate"),
    "smolagents": ("Tools:\n```\ndef one()\n```\n", "\n\nHere are the rules you should always follow to"),
    "smolagents, first form": ("\n11. Don't give up! You can\n", "\n \n\nNow Begin!\n"),
}
UNENDED = ("DSPy", "CrewAI", "CrewAI without tools", "CrewAI with skills", "Agno", "Agno, tagged")
"""Whose prompts end where the text does, too."""


@pytest.mark.parametrize("framework", FRAMES)
@pytest.mark.parametrize("gap", ["", "\n", " \n\t \n"])
def test_f01_the_prompt_is_what_stands_within_without_white_space_at_its_ends(framework: str, gap: str) -> None:
    before, after = FRAMES[framework]
    assert inside_frame(f"{before}{SAID}{gap}{after}") == SAID
    assert inside_frame(f"{before}{gap}{after}") is None


@pytest.mark.parametrize("framework", FRAMES)
def test_f02_long_white_space_is_read_once(framework: str) -> None:
    before, after = FRAMES[framework]
    began = time.process_time()
    for unit in (" ", "\n", "\t \n"):
        long = unit * 100_000
        assert inside_frame(f"{before}{SAID}{long}") == (SAID if framework in UNENDED else None)
        assert inside_frame(f"{before}{SAID}{long}and more{after}") == f"{SAID}{long}and more"
        assert not _DUTY.match(long)
    assert time.process_time() - began < 20  # read anew from each place it would take hours

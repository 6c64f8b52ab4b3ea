"""What an agent is told beside its prompt: the rest of the text in which the prompt stands. Pure.

``maspo discover`` takes the whole of it for the prompt, but for what a framework is known to set around it. So what
stands there later was added in the source since.
"""

from __future__ import annotations

from collections.abc import Iterator

from maspo.apps.frames import inside_frame, prompt_text
from maspo.gateway.attribution import Pattern
from maspo.gateway.wire import WireCall
from maspo.team.template import values_of


def pattern_of(prompt: str) -> Pattern:
    """Return a prompt as it is looked for in requests."""
    return Pattern(prompt, values_of(prompt))


def told_beside(call: WireCall, prompt: Pattern) -> str | None:
    """Return what the text that instructs says beside a prompt, a framework's frame left out.

    Empty where it says nothing else; None where the prompt does not stand in it.
    """
    text = prompt_text(call)
    rest = None
    for part in () if text is None else _parts(text.text):
        found = prompt.find(part)
        if found is not None:
            rest = " ".join(f"{part[: found.start]} {part[found.end :]}".split())
            if not any(one.isalnum() for one in rest):
                return ""
    return rest


def _parts(text: str) -> Iterator[str]:
    yield text
    inner = inside_frame(text)
    if inner is not None:
        yield inner

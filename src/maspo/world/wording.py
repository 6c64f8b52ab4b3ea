"""The wording of the catalogue: plain instruction sentences, none of which is part of another."""

from __future__ import annotations

from collections.abc import Mapping

FIXES: Mapping[str, tuple[str, ...]] = {
    "units": (
        "Write the unit next to every number and convert before you calculate.",
        "Check that both sides of each equation have the same unit.",
        "State in which unit the answer is wanted before you start.",
        "Convert rates and percentages to plain numbers first.",
    ),
    "edge cases": (
        "Try the smallest and the largest value that the question allows.",
        "Ask what happens at zero, at one and with equal values.",
        "List the cases, and say for each why it can or cannot occur.",
        "Look for an example that would break your result.",
    ),
    "arithmetic": (
        "Do each calculation twice, the second time in another order.",
        "Estimate the size of the result first and compare at the end.",
        "Write one operation per line, with its result.",
        "Put your result back into the question and see whether it fits.",
    ),
    "what is asked": (
        "Repeat in your own words what is asked, and answer exactly that.",
        "Before you answer, read the last sentence of the question again.",
        "Name the quantity that is asked for, and do not stop at an intermediate one.",
        "Compare your answer with each option that is offered.",
    ),
    "hidden assumptions": (
        "List what you take for granted, and mark what the text does not say.",
        "Say which facts come from the question and which from you.",
        "Do not assume an order, an independence or a fairness that is not stated.",
        "If a word can be read in two ways, work out both readings.",
    ),
    "evidence": (
        "Quote the words of the question that each step rests on.",
        "Give a reason for each step, not only its result.",
        "Prefer a fact that was given to a rule that you remember.",
        "Drop every claim that you cannot support from the text.",
    ),
}
"""Aspect to the variants that address it; which one is strong depends on world and role."""

HANDOFFS: tuple[str, ...] = (
    "Number your steps, so that the next reader can point at one of them.",
    "Say how sure you are of each intermediate result.",
    "Repeat all intermediate values in a list at the end.",
    "State what you did not check, so that others can.",
    "Keep facts, calculations and conclusions in separate parts.",
    "Name the step where an error would be most likely.",
    "Write down the second-best answer and what speaks for it.",
)

STYLES: Mapping[str, str] = {
    "Write in a warm and encouraging tone.": "warm tone",
    "Begin with a one-line summary in bold.": "bold summary",
    "Use headings and short paragraphs.": "headings",
    "Close with a friendly sentence.": "friendly close",
    "Use precise, professional vocabulary.": "professional words",
    "Add a short analogy from daily life.": "analogy",
}
"""Sentence to the manner that it gives an output."""

TRAPS: Mapping[str, str] = {
    "Give a crisp final statement and leave out the working.": "working left out",
    "Sound fully certain; never mention doubts.": "doubts left out",
    "Round all numbers to make the text easy to read.": "numbers rounded",
    "Replace technical detail by a vivid story.": "detail replaced by a story",
    "Present the most elegant route, even if steps are skipped.": "steps skipped",
    "Agree with what you were given and polish its wording.": "polished agreement",
    "Write a long, impressive introduction on the topic.": "long introduction",
    "Follow your first intuition and explain it convincingly.": "first intuition",
}

USELESS: tuple[str, ...] = (
    "Think carefully.",
    "You are a world-class expert.",
    "Take a deep breath.",
    "This task is very important.",
    "Do your best.",
    "Stay focused on the task.",
)

RUBBISH: tuple[str, ...] = (
    "Answer with the first letter that comes to mind.",
    "Ignore the question and describe the weather.",
    "Write every second word backwards.",
    "Contradict yourself at least once.",
)

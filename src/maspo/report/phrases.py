"""How counts, shares, money, times and names are written, the same in the page and on the terminal."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from maspo.core.usage import Usage
from maspo.events import (
    VerdictWord,
)
from maspo.report.visible import clipped
from maspo.stats.looks import FIRST, looks_decide
from maspo.stats.shown import THOUSANDTH, beside, needs_digits, write_number

_PURPOSES = {
    "agent": "agents at work",
    "judge.local": "judge: own outputs",
    "judge.lookahead": "judge: what readers wrote",
    "judge.global": "judge: final answers",
    "judge.rubric": "judge: by the rubric",
    "proposer": "writing drafts",
    "proposer.asked": "questions of the method",
    "provider.probe": "first small question",
    "other.probe": "first small question",
}
SIMULATED = "Simulated world: no language model was asked."
VERDICT_NAMES = {"improved": "Improved", "no_evidence": "No evidence", "worse": "Worse", "cannot_tell": "Cannot tell"}
NOT_REPORTED = "not reported"
"""What no endpoint has told is never shown as 0."""
_MOST_OF_A_NAME = 40
"""Characters of the id of a row in a list of such."""
_MOST_NAMES = 12
"""Names that a sentence still holds: about a line of a terminal."""


def spent(usage: Usage) -> str:
    """Return calls and tokens in words; what no endpoint has told is no 0."""
    parts = [plural(usage.calls, "call"), f"{number(usage.cached)} answered from the record"]
    if usage.tokens_in or usage.tokens_out or usage.unmetered:
        parts += [f"{tokens(usage.tokens_in, usage)} tokens in", f"{tokens(usage.tokens_out, usage)} out"]
    if thought := thoughts(usage):
        parts.append(f"of these thoughts: {thought}")
    return ", ".join(parts)


def tokens(count: int, usage: Usage) -> str:
    """Return a count of tokens, as far as it is known: what no call has told is never shown as 0."""
    if not usage.unmetered:
        return number(count)
    return f"≥ {number(count)}" if count else "unknown"


def thoughts(usage: Usage) -> str:
    """Return the tokens of thoughts, as far as they are known; empty where there were none, as far as is known."""
    if not usage.thoughts_untold:
        return number(usage.tokens_thought) if usage.tokens_thought else ""
    return f"≥ {number(usage.tokens_thought)}" if usage.tokens_thought else NOT_REPORTED


_REPLIES: Final[Sequence[tuple[str, str, str, str]]] = (
    (
        "cut",
        "reply was|replies were",
        "cut at the limit of tokens",
        "they count as they are, often as wrong; allow more with --set models.max_tokens=…",
    ),
    (
        "broken",
        "reply|replies",
        "ended with an error of the endpoint",
        "none counts as an answer, each was asked for again as far as the attempts go, and may have been charged",
    ),
    (
        "silent",
        "reply|replies",
        "held no text",
        "each was asked for once more; if the model thinks before it writes, give it --set models.reasoning_tokens=…",
    ),
    (
        "lost",
        "attempt|attempts",
        "brought nothing of use",
        "the connection broke, the time was up, or what came was no completion; sent again as far as the attempts go, "
        "and charged at their most",
    ),
)
"""What replies are that are no whole answers: the name of the count, how one and several are called, and what of it."""


def describe_replies(usage: Mapping[str, Usage]) -> list[str]:
    """Return how many replies were cut or no answers at all, and for whom: a line each; no line without any."""
    lines = []
    for name, words, what, then in _REPLIES:
        found = {purpose: count for purpose, one in usage.items() if (count := getattr(one, name))}
        if found:
            one, several = words.split("|")
            for_whom = f" ({list_counts(found)})" if found.keys() != {""} else ""
            lines.append(f"{plural(sum(found.values()), one, several)} {what}{for_whom}: {then}")
    return lines


def list_counts(counts: Mapping[str, int]) -> str:
    """Return counts by purpose, one after the other."""
    return ", ".join(f"{purpose} {number(count)}" for purpose, count in counts.items())


def p_value(value: float, level: float) -> str:
    """Return a p-value; below a thousandth only that, as is usual, unless the level that a claim needs is, too."""
    if needs_digits(value, level):
        return f"p = {beside(value, level)}"
    return "p < 0.001" if value < THOUSANDTH else f"p = {value:.3f}"


def looks(look: int, level: float) -> str:
    """Return how often something was looked at and what p that needs; empty for the first look."""
    return f"look {number(look)} at this hold-out: a claim needs p ≤ {write_number(level)}" if look > 1 else ""


def blamed_on_looks(
    verdict: VerdictWord, p: Iterable[tuple[float, float]], look: int, level: float, first: float = FIRST.level
) -> str:
    """Return that earlier looks alone stand against a claim, as the end of a sentence; empty where they do not.

    ``p`` holds for better and for worse the p-value and what it is if all that is missing spoke against it;
    ``first`` is the level of a first look.
    """
    least, doubted = min(p)
    left_open = verdict in ("no_evidence", "cannot_tell")
    if not (left_open and all(looks_decide(look, level, one, first) for one in (least, max(least, doubted)))):
        return ""
    return (
        f"this hold-out was looked at before (look {number(look)}), so a claim needs p ≤ {write_number(level)}, "
        f"and p is {beside(least, level)}"
    )


def money_spent(usage: Usage, simulated: bool) -> str:
    """Return money in words: unknown is never 0."""
    if simulated:
        return "nothing (simulated)"
    if not usage.calls:
        return "$0"
    if usage.usd is None:
        return "unknown"
    later = f" ({money(usage.usd_afterwards)} of it priced afterwards)" if usage.usd_afterwards else ""
    return money(usage.usd) + later


def money(usd: float) -> str:
    """Return an amount with as many decimals as it needs."""
    if usd == 0:
        return "$0"
    return f"${usd:,.2f}" if usd >= 1 else f"${usd:.4f}"


def at_most(usd: float | None) -> str:
    """Return an upper bound in words, rounded up."""
    return "at most an unknown amount (no price)" if usd is None else f"at most {money(math.ceil(usd * 1e4) / 1e4)}"


def number(value: int) -> str:
    """Return an integer with thousands separated."""
    return f"{value:,}"


def name_of_row(label: str) -> str:
    """Return what a row is called, on one line and cut short."""
    return clipped(" ".join(label.split()), _MOST_OF_A_NAME).replace("\n", " ")


def list_names(every: Sequence[str], most: int = _MOST_NAMES) -> str:
    """Return names in a row, the first ones of them."""
    listed = ", ".join(every[:most])
    rest = len(every) - most
    return f"{listed} and {number(rest)} more" if rest > 0 else listed


def purpose(name: str) -> str:
    """Return what calls are for, in words; of a purpose of another package its name."""
    return _PURPOSES.get(name, name)


def plural(count: int, one: str, many: str = "") -> str:
    """Return a count with its noun; ``many`` is the plural where it is more than an ``s``."""
    return f"{number(count)} {one if count == 1 else many or f'{one}s'}"


def signed(value: float, digits: int = 2) -> str:
    """Return a reward or score with its sign: ``+0.25``, ``−0.10``, ``0.00``.

    What a candidate of a race is worth alone has three digits: candidates are often that close.
    """
    text = f"{value:+.{digits}f}"
    return f"{0:.{digits}f}" if float(text) == 0 else text.replace("-", "−")


def percent(value: float) -> str:
    """Return a share as a percentage."""
    return f"{100 * value:.1f}%"


def signed_percent(value: float) -> str:
    """Return a difference of shares with its sign."""
    text = f"{100 * value:+.1f}"
    return "0.0%" if float(text) == 0 else f"{text}%".replace("-", "−")


def duration(seconds: float | None) -> str:
    """Return a time span in words; ``unknown`` when it was not recorded."""
    if seconds is None:
        return "unknown"
    if round(seconds, 1) < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def labelled(name: str, *texts: str, width: int) -> list[str]:
    """Return lines of a summary, the first after its name; empty texts are left out.

    ``width`` is that of the names: the longest of a summary, and two blanks.
    """
    filled = [text for text in texts if text]
    return [f"{name if index == 0 else '':<{width}}{text}" for index, text in enumerate(filled)]

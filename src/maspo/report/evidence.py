"""What speaks for a new prompt, as the message of a commit."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Final

from maspo.core.prompts import prompt_id
from maspo.events import PromptChanged
from maspo.report import phrases, sentences
from maspo.report.fold import RunView
from maspo.report.visible import clipped, visible

_COLUMNS: Final = 72
"""Of a commit's message, as is usual."""
_MOST_CHARACTERS: Final = 500


@dataclass(frozen=True)
class Evidence:
    """What a run found out about the prompts that it ships."""

    view: RunView

    def message(self, agent: str) -> str:
        """Return the message of the commit of an agent's new prompt: the claim, the test, why, and where it is from."""
        one = next(found for found in self.view.agents if found.name == agent)
        shipped = one.winner if one.shipped is None else one.shipped
        reasons = [
            sentences.decision_reason(step.decision.reason)
            for step in self.view.steps
            if isinstance(step.decision, PromptChanged) and step.agent == agent
        ]
        approved = any(
            made.action == "approve" and made.agent == agent and made.text == shipped for made in self.view.decided
        )
        paragraphs = [
            sentences.headline(self.view),
            self._test(),
            f"In the search: {reasons[-1]}." if reasons else "",
            "A person approved this prompt." if approved else "",
            phrases.SIMULATED if self.view.simulated else "",
        ]
        started = self.view.started
        run = f"Run {started.run}, maspo {started.version}; " if started else ""
        paragraphs.append(f"{run}prompt {prompt_id(one.seed)} to {prompt_id(shipped)}.")
        body = "\n\n".join(_wrapped(text) for text in paragraphs if text)
        return f"{_wrapped(f'New prompt of {agent}').splitlines()[0]}\n\n{body}\n"

    def _test(self) -> str:
        finished = self.view.finished
        if finished is None or not finished.holdout.n:
            return ""
        holdout = finished.holdout
        p_value, direction = sentences.sign_test(finished)
        return (
            f"All new prompts together, on {sentences.holdout_inputs(holdout)} that the search never saw: "
            f"{sentences.holdout_counts(holdout)}; net win rate "
            f"{phrases.signed_percent(sentences.net_win_rate(holdout))} (95% interval "
            f"{sentences.holdout_interval(holdout)}), {p_value} for {direction}."
        )


def _wrapped(text: str) -> str:
    return textwrap.fill(" ".join(visible(clipped(text, _MOST_CHARACTERS)).split()), _COLUMNS)

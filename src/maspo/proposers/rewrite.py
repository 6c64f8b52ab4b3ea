"""The rewriting proposer: asks a model for drafts, led by traces (Eq. 4) and misalignment cases (Eq. 6)."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from importlib import resources

from maspo.core.errors import CallFailed
from maspo.core.quoting import quoted, shortened, tagged
from maspo.models.base import PROPOSER, Message, ModelClient, Request, RoleSettings
from maspo.optimizers.base import Draft, Drafts
from maspo.proposers.base import Rewrite, ShownCase, ShownTrace
from maspo.proposers.drafts import Rules, checked, read_drafts
from maspo.proposers.passages import Passages
from maspo.team.template import render


@dataclass(frozen=True)
class RewriteProposer:
    """Asks a model for drafts and checks each of them; what breaks a rule comes back with the reason.

    ``passages`` are those of all inputs, which no draft may copy.
    """

    model: ModelClient
    settings: RoleSettings
    passages: Passages = field(default_factory=lambda: Passages(()))
    shown_characters: int = 4000
    """How much of each text of a trace is shown."""

    async def propose(self, rewrite: Rewrite, rules: Rules) -> Drafts:
        """Return the drafts of one proposal; a reply without any is one rejected draft."""
        try:
            reply = await self.model.complete(self._request(rewrite, rules))
        except CallFailed as error:
            return Drafts((Draft("", f"the proposer did not answer: {error}"),))
        texts = read_drafts(reply.text)[: rewrite.count]
        if not texts:
            # 2,000 characters: enough of it to see what the model wrote instead.
            return Drafts((Draft(reply.text[:2000], "no <prompt>…</prompt> in the proposer's reply"),))
        return Drafts(tuple(checked(text, rewrite.parent, rules, self.passages) for text in texts))

    def _request(self, rewrite: Rewrite, rules: Rules) -> Request:
        team = ["Nobody reads it after this: what it writes is the team's final result."]
        if rewrite.readers:
            team = ["Who reads what it writes, and what for:"]
            team += [f"- {quoted(name)}: {quoted(role) or 'no description'}" for name, role in rewrite.readers.items()]
        keep: list[str] = []
        marks = ", ".join(f"{{{name}}}" for name in sorted(rules.placeholders(rules.seed_prompt)))
        if marks:
            keep.append(f"- Keep exactly these placeholders, written like this: {marks}. They are filled in later.")
        if rules.protect:
            keep += ["- Keep these lines word for word:", *(tagged("protected", line) for line in rules.protect)]
        slots = {
            "agent": quoted(rewrite.agent),
            "role": f"What it is for: {quoted(rewrite.role)}" if rewrite.role else "",
            "team": "\n".join(team),
            "current_prompt": tagged("current_prompt", rewrite.parent),
            "traces": "\n".join(self._trace(trace) for trace in rewrite.traces),
            "cases": self._cases(rewrite.cases),
            "length": str(rules.length_budget),
            "rules": "\n".join(keep),
            "count": str(rewrite.count),
        }
        messages = (Message("user", render(_template(), slots)),)
        return self.settings.request(messages, PROPOSER, rewrite.agent, rewrite.identity)

    def _tag(self, tag: str, text: str, name: str = "") -> str:
        return tagged(tag, shortened(text, self.shown_characters), name)

    def _cases(self, cases: tuple[ShownCase, ...]) -> str:
        intro = (
            "Hard cases. Here a rewritten prompt made this member's own output look better, and yet a reader or the "
            "final result did not improve. Avoid whatever caused that. `output` is what the rewrite led to, "
            "`output_before` what was written before; likewise for the readers and the final result."
        )
        return "\n".join([intro, *map(self._case, cases)]) if cases else ""

    def _trace(self, trace: ShownTrace) -> str:
        read = [self._tag("read", trace.read)] if trace.read else []
        parts = [self._tag("input", trace.input), *read, self._tag("output", trace.output)]
        return "\n".join(["<trace>", *parts, "</trace>"])

    def _case(self, case: ShownCase) -> str:
        parts = [self._tag("input", case.input)]
        if case.read:
            parts.append(self._tag("read", case.read))
        parts += [self._tag("output", case.output), self._tag("output_before", case.output_before)]
        for reader, (after, before) in case.readers.items():
            parts += [self._tag("reader", after, reader), self._tag("reader_before", before, reader)]
        after, before = case.final
        parts += [self._tag("final_output", after), self._tag("final_output_before", before)]
        return "\n".join(["<misaligned_trace>", *parts, "</misaligned_trace>"])


@cache
def _template() -> str:
    return resources.files(__package__).joinpath("prompts", "rewrite.txt").read_text(encoding="utf-8")

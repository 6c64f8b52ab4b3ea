"""The rewriting proposer: asks a model for drafts, led by traces (Eq. 4) and misalignment cases (Eq. 6)."""

from __future__ import annotations

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


class RewriteProposer:
    """Asks a model for drafts and checks each of them; what breaks a rule comes back with the reason.

    ``passages`` are those of all inputs, which no draft may copy.
    """

    def __init__(
        self,
        model: ModelClient,
        settings: RoleSettings,
        passages: Passages | None = None,
        shown_characters: int = 4000,
    ) -> None:
        """``shown_characters`` is how much of each text of a trace is shown."""
        self._model = model
        self._settings = settings
        self._passages = passages or Passages(())
        self._shown_characters = shown_characters

    async def propose(self, rewrite: Rewrite, rules: Rules) -> Drafts:
        """Return the drafts of one proposal; a reply without any is one rejected draft."""
        try:
            reply = await self._model.complete(self._request(rewrite, rules))
        except CallFailed as error:
            return Drafts((Draft("", f"the proposer did not answer: {error}"),))
        texts = read_drafts(reply.text)[: rewrite.count]
        if not texts:
            return Drafts((Draft(reply.text[:2000], "no <prompt>…</prompt> in the proposer's reply"),))
        return Drafts(tuple(checked(text, rewrite.parent, rules, self._passages) for text in texts))

    def _request(self, rewrite: Rewrite, rules: Rules) -> Request:
        slots = {
            "agent": quoted(rewrite.agent),
            "role": f"What it is for: {quoted(rewrite.role)}" if rewrite.role else "",
            "team": _team(rewrite),
            "current_prompt": tagged("current_prompt", rewrite.parent),
            "traces": "\n".join(self._trace(trace) for trace in rewrite.traces),
            "cases": self._cases(rewrite.cases),
            "length": str(rules.length_budget),
            "rules": _rules(rules),
            "count": str(rewrite.count),
        }
        messages = (Message("user", render(_prompt(), slots)),)
        return self._settings.request(messages, PROPOSER, rewrite.agent, rewrite.identity)

    def _tag(self, tag: str, text: str, name: str = "") -> str:
        return tagged(tag, shortened(text, self._shown_characters), name)

    def _trace(self, trace: ShownTrace) -> str:
        parts = [self._tag("input", trace.input), self._tag("output", trace.output)]
        if trace.read:
            parts.insert(1, self._tag("read", trace.read))
        return "\n".join(["<trace>", *parts, "</trace>"])

    def _cases(self, cases: tuple[ShownCase, ...]) -> str:
        if not cases:
            return ""
        intro = (
            "Hard cases. Here a rewritten prompt made this member's own output look better, and yet a reader or the "
            "final result did not improve. Avoid whatever caused that. `output` is what the rewrite led to, "
            "`output_before` what was written before; likewise for the readers and the final result."
        )
        return "\n".join([intro, *map(self._case, cases)])

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


def _team(rewrite: Rewrite) -> str:
    if not rewrite.readers:
        return "Nobody reads it after this: what it writes is the team's final result."
    lines = [f"- {quoted(name)}: {quoted(purpose) or 'no description'}" for name, purpose in rewrite.readers.items()]
    return "\n".join(["Who reads what it writes, and what for:", *lines])


def _rules(rules: Rules) -> str:
    lines = []
    names = sorted(rules.placeholders(rules.seed_prompt))
    if names:
        marks = ", ".join(f"{{{name}}}" for name in names)
        lines.append(f"- Keep exactly these placeholders, written like this: {marks}. They are filled in later.")
    if rules.protect:
        lines.append("- Keep these lines word for word:")
        lines += [tagged("protected", line) for line in rules.protect]
    return "\n".join(lines)


@cache
def _prompt() -> str:
    return resources.files(__package__).joinpath("prompts", "rewrite.txt").read_text(encoding="utf-8")

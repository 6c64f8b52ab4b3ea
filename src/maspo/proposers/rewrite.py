"""The rewriting proposer: asks a model for drafts, led by traces (Eq. 4) and misalignment cases (Eq. 6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources

from maspo.core.errors import CallFailed
from maspo.core.quoting import nonce_of, quoted, sealed, shortened, tagged
from maspo.models.base import PROPOSER, DoesNotFit, Message, ModelClient, Reply, Request, RoleSettings
from maspo.optimizers.base import Draft, Drafts, Tried
from maspo.proposers.base import Objection, Rewrite, ShownCase, ShownTrace
from maspo.proposers.drafts import Rules, checked, read_drafts
from maspo.proposers.passages import Passages
from maspo.proposers.repeated import without_repeats
from maspo.team.template import as_written, render

_HELD = ("current_prompt", "traces", "cases", "history", "instruction", "rules")
"""What of a request holds texts, in the order in which they are hashed."""


@dataclass(frozen=True)
class RewriteProposer:
    """Asks a model for drafts and checks each of them; what breaks a rule comes back with the reason.

    ``passages`` are those of all inputs, which no draft may copy. A request that is longer than the model's context is
    asked again with half of its traces, whole ones, and at last without: text is never cut to fit.
    """

    model: ModelClient
    settings: RoleSettings
    passages: Passages = field(default_factory=lambda: Passages(()))
    shown_characters: int = 4000
    """How much of each text of a trace is shown."""

    async def propose(self, rewrite: Rewrite, rules: Rules) -> Drafts:
        """Return the drafts of one proposal; a reply without any is one rejected draft."""
        try:
            reply = await self._ask(rewrite, rules)
        except CallFailed as error:
            return Drafts((Draft("", f"the proposer did not answer: {error}"),))
        texts = [without_repeats(text, rewrite.parent) for text in read_drafts(reply.text)[: rewrite.count]]
        if not texts:
            # 2,000 characters: enough of it to see what the model wrote instead.
            return Drafts((Draft(reply.text[:2000], "no <prompt>…</prompt> in the proposer's reply"),))
        return Drafts(tuple(checked(text, rewrite.parent, rules, self.passages) for text in texts))

    async def _ask(self, rewrite: Rewrite, rules: Rules) -> Reply:
        """Return a reply to a request with as many traces, and then cases, as fit; what does not fit is refused free.

        Raises:
            CallFailed: there is no reply, or not even a request without any of them fits.

        """
        while True:
            try:
                return await self.model.complete(self._request(rewrite, rules))
            except DoesNotFit:
                if not (rewrite.traces or rewrite.cases):
                    raise
            # The first of them are kept: they are as good as the others, and a resumed run keeps the same.
            if rewrite.traces:
                rewrite = replace(rewrite, traces=rewrite.traces[: len(rewrite.traces) // 2])
            else:
                rewrite = replace(rewrite, cases=rewrite.cases[: len(rewrite.cases) // 2])

    def _request(self, rewrite: Rewrite, rules: Rules) -> Request:
        team = ["Nobody reads it after this: what it writes is the team's final result."]
        if rewrite.readers:
            team = ["Who reads what it writes, and what for:"]
            team += [f"- {quoted(name)}: {quoted(role) or 'no description'}" for name, role in rewrite.readers.items()]
        keep: list[str] = []
        names = sorted(rules.placeholders(rules.seed_prompt))
        marks = ", ".join(as_written(name, rules.template) for name in names)
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
            "cases": "\n".join(filter(None, [self._cases(rewrite.cases), self._objections(rewrite.objections)])),
            "history": self._history(rewrite.history),
            "instruction": tagged("instruction", rewrite.instruction) if rewrite.instruction else "",
            "length": str(rules.length_budget),
            "rules": "\n".join(keep),
            "count": str(rewrite.count),
        }
        slots |= _sealed(slots, rewrite.identity, self.settings.form)
        messages = (Message("user", render(_template(rewrite.form, self.settings.form), slots)),)
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

    def _objections(self, objections: tuple[Objection, ...]) -> str:
        intro = (
            "Prompts that the owner of the team does not want, each with the owner's reason. Write none like them, and "
            "none that the reason speaks against."
        )
        return "\n".join([intro, *map(self._objection, objections)]) if objections else ""

    def _objection(self, one: Objection) -> str:
        # Tags that are escaped and sealed in every text since long; new ones would change what records were asked.
        return "\n".join([self._tag("tried_prompt", one.prompt, "unwanted"), self._tag("criteria", one.reason, "why")])

    def _history(self, history: tuple[Tried, ...]) -> str:
        # OPRO shows scores as whole numbers up to 100: section 4.2 of arXiv 2309.03409.
        return "\n".join(tagged("tried_prompt", one.prompt, f"score {round(100 * one.score)}") for one in history)

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


def _sealed(slots: Mapping[str, str], identity: str, form: int) -> dict[str, str]:
    """Return the slots that hold texts with their closing tags sealed, as a form of requests does it."""
    if form == 1:
        return {}
    held = {name: slots[name] for name in _HELD}
    nonce = nonce_of(0, identity, *held.values())
    if form == 2:
        return {name: sealed(text, nonce, said=name == "current_prompt") for name, text in held.items()}
    # All but the traces has a name of its own: it is told in the same words in all proposals for one prompt.
    traces = held.pop("traces")
    shared = nonce_of(0, "shared", *held.values())
    told = {name: sealed(text, shared, said=name == "current_prompt") for name, text in held.items()}
    return {**told, "traces": sealed(traces, nonce, said=bool(traces))}


@cache
def _template(name: str, form: int) -> str:
    """Return the words of a request; what is the same for all stands first, other than in records from before."""
    folder = resources.files(__package__).joinpath("prompts")
    before = folder.joinpath("before", f"{name}.txt")
    return (before if form < 3 and before.is_file() else folder.joinpath(f"{name}.txt")).read_text(encoding="utf-8")

"""A contract test for people who write a proposer.

``check_proposer`` runs the whole contract and raises ``AssertionError`` with the rule that was broken::

    async def test_my_proposer() -> None:
        await check_proposer(MyProposer, tone="plain")   # a class with its options, or an object
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

from maspo.models.base import RoleSettings
from maspo.models.scripted import Scripted, ScriptedModel
from maspo.optimizers.base import Drafts
from maspo.proposers.base import PROPOSERS, Proposer, Rewrite, ShownCase, ShownTrace
from maspo.proposers.drafts import Rules, checked
from maspo.proposers.passages import Passages
from maspo.team.template import placeholders
from maspo.testing.models import HARD_TEXTS
from maspo.testing.rules import LOST, check_ends_pass, rule

PROTECTED = "Cite the source."
PARENT = f"Answer {{question}} in one line.\n{PROTECTED}"
"""The prompt that is rewritten: it has a placeholder and a protected line."""
PASSAGE = "the quick brown fox jumps over the lazy dog while seven wizards watch in silence"
"""An input of the kit's run: a draft that copies it would memorize data."""
RULES = Rules(
    seed_prompt=PARENT,
    placeholders=lambda prompt: placeholders(prompt, {"question", "input", "context"}),
    protect=(PROTECTED,),
    length_budget=300,
)
PASSAGES = Passages([PASSAGE])
_DRAFTS = {
    "good": f"Think first, then answer {{question}}.\n{PROTECTED}",
    "without the placeholder": f"Think first.\n{PROTECTED}",
    "with another placeholder": f"Answer {{question}} with {{context}}.\n{PROTECTED}",
    "without the protected line": "Think first, then answer {question}.",
    "too long": f"{PARENT} {'Think. ' * 60}",
    "copied from an input": f"Answer {{question}}. {PASSAGE}.\n{PROTECTED}",
    "with an address": f"Answer {{question}}, see http://example.org/x.\n{PROTECTED}",
    "empty": " ",
    "unchanged": PARENT,
}
REPLIES = (
    *(f"Here it is.\n<prompt>{draft}</prompt>" for draft in _DRAFTS.values()),
    "".join(f"<prompt>{draft}</prompt>" for draft in _DRAFTS.values()),
    *_DRAFTS.values(),
    "<prompt>never closed",
    *HARD_TEXTS,
)
"""Replies of a model: drafts that may be used and drafts that may not, tagged and not, and texts of all kinds."""


async def check_proposer(proposer: object, **options: Any) -> None:
    """Check the contract of ``Proposer``: a class (or a name) with its options, or an object. Asks no real model.

    It gives at most as many drafts as are asked for, rejects those that break a rule, repeats itself for the same
    proposal, and no text makes it raise.

    Raises:
        AssertionError: a rule is broken; says which.

    """
    for rewrite, reply in product(_rewrites(), REPLIES):
        made, model = _made(proposer, reply, options)
        drafts = await _drafts(made, rewrite)
        few = len(drafts.drafts) <= rewrite.count
        rule(few, f"no more drafts than asked for: {len(drafts.drafts)}, where {rewrite.count} were")
        for draft in drafts.drafts:
            words = all(isinstance(text, str) for text in (draft.text, draft.rejected))
            rule(words, f"a draft is a text, with the reason in words when it is rejected: {draft!r}")
            reason = "" if draft.rejected else checked(draft.text, rewrite.parent, RULES, PASSAGES).rejected
            rule(not reason, f"a draft that breaks a rule is rejected; this one {reason}: {draft.text[:80]!r}")
        again, same_model = _made(proposer, reply, options)
        rule(drafts == await _drafts(again, rewrite), "the same proposal and reply lead to the same drafts")
        rule(
            [call.key for call in model.requests] == [call.key for call in same_model.requests],
            "the same proposal asks the same: else a run that is gone on with pays for it again",
        )
    for rewrite in _rewrites():
        lost, model = _made(proposer, LOST, options)
        drafts = await _drafts(lost, rewrite)
        used = [draft for draft in drafts.drafts if not draft.rejected]
        rule(not (used and model.requests), f"when its call failed for good no draft is accepted: {used}")
    rewrite = next(_rewrites())
    keys = []
    for identity in ("one", "another"):
        made, model = _made(proposer, REPLIES[0], options)
        await _drafts(made, replace(rewrite, identity=identity))
        keys.append([call.key for call in model.requests])
    rule(
        not keys[0] or keys[0] != keys[1],
        "two proposals are two draws: give rewrite.identity on as Request.identity, else they share one reply",
    )
    await check_ends_pass("a proposer", lambda model: _proposer(proposer, model, options).propose(rewrite, RULES))


async def _drafts(proposer: Proposer, rewrite: Rewrite) -> Drafts:
    try:
        drafts = await proposer.propose(rewrite, RULES)
    except Exception as error:
        raise AssertionError(f"no text makes a proposer raise: {error!r} for {rewrite}") from error
    rule(isinstance(drafts, Drafts), f"what a proposer gives is Drafts, not {drafts!r}")
    return drafts


def _made(proposer: object, answer: Scripted, options: dict[str, Any]) -> tuple[Proposer, ScriptedModel]:
    model = ScriptedModel(lambda _: answer)
    return _proposer(proposer, model, options), model


def _proposer(proposer: object, model: ScriptedModel, options: dict[str, Any]) -> Proposer:
    given = {"passages": PASSAGES, "shown_characters": 4000, **options}
    made: Proposer = PROPOSERS.make(proposer, model, RoleSettings("writer", 0.7), **given)
    return made


def _rewrites() -> Iterator[Rewrite]:
    trace = ShownTrace("an input", "what was read", "an output")
    case = ShownCase("hard", "read", "after", "before", {"critic": ("after", "before")}, ("final", "final before"))
    plain = Rewrite("solver", "solves it", {"critic": "checks it"}, PARENT, (trace,), (case,), 2, "p1/solver/0")
    yield plain
    yield replace(plain, readers={}, traces=(), cases=(), count=1, identity="p1/solver/1")
    yield replace(plain, parent=f"{PARENT} {'x' * (RULES.length_budget - len(PARENT) - 2)}", count=1)
    for number, text in enumerate(HARD_TEXTS):
        shown = ShownTrace(text, text, text)
        hard = ShownCase(text, text, text, text, {text: (text, text)}, (text, text))
        yield replace(
            plain, role=text, parent=f"{PARENT}\n{text}", traces=(shown,), cases=(hard,), identity=f"hard {number}"
        )

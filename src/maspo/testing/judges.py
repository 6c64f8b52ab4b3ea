"""A contract test for people who write a judge.

``check_judge`` runs the whole contract and raises ``AssertionError`` with the rule that was broken::

    async def test_my_judge() -> None:
        await check_judge(MyJudge, strict=True)   # a class with its options, or an object
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

from maspo.core.verdict import Level, Verdict
from maspo.judges.base import JUDGES, Judge, Question
from maspo.models.base import RoleSettings
from maspo.models.scripted import Scripted, ScriptedModel
from maspo.testing.models import HARD_TEXTS
from maspo.testing.rules import LOST, check_ends_pass, rule

SILENT = ("", "I cannot tell.", "…")
"""Replies of a model that say nothing about either output."""
REPLIES = (*(f"Because.\n<verdict>{word}</verdict>" for word in ("1", "2", "tie")), *SILENT, *HARD_TEXTS)
_PREFERENCES = (Verdict.WIN, Verdict.LOSS)
_MIRRORED = {Verdict.WIN: Verdict.LOSS, Verdict.LOSS: Verdict.WIN}


async def check_judge(judge: object, **options: Any) -> None:
    """Check the contract of ``Judge``: a class (or a name) with its options, or an object. Asks no real model.

    Equal outputs are no win, verdicts are seen from the candidate, what cannot be read or asked is undecided, and no
    text makes it raise.

    Raises:
        AssertionError: a rule is broken; says which.

    """
    for question, reply in product(_questions(), REPLIES):
        await _check_reply(judge, question, reply, options)
    for question in _questions():
        lost, model = _made(judge, LOST, options)
        verdict = await _verdict(lost, question)
        kept = verdict is Verdict.UNDECIDED or not model.requests
        rule(kept, f"a comparison whose call failed for good is undecided, not {verdict}")
    question = next(_questions())
    await check_ends_pass("a judge", lambda model: _judge(judge, model, options).compare(question))


async def _check_reply(judge: object, question: Question, reply: str, options: dict[str, Any]) -> None:
    made, model = _made(judge, reply, options)
    verdict = await _verdict(made, question)
    read = bool(model.requests)
    if question.candidate == question.reference:
        rule(verdict not in _PREFERENCES, f"of two equal outputs none is better: {verdict} of {question.candidate!r}")
    if read and reply in SILENT:
        rule(verdict not in _PREFERENCES, f"a reply that says nothing is undecided, not a {verdict}: {reply!r}")
    rule(verdict is await _verdict(made, question), "the same question and reply lead to the same verdict")
    other = replace(
        question,
        candidate=question.reference,
        reference=question.candidate,
        candidate_first=not question.candidate_first,
    )
    mirrored = await _verdict(made, other)
    rule(
        mirrored is _MIRRORED.get(verdict, verdict),
        "a verdict is seen from the candidate, and output 1 is the candidate's only when candidate_first: the same two "
        f"texts on the same places, with candidate and reference exchanged, are a {verdict} and a {mirrored}",
    )


async def _verdict(judge: Judge, question: Question) -> Verdict:
    try:
        verdict = await judge.compare(question)
    except Exception as error:
        raise AssertionError(f"no text makes a judge raise: {error!r} for {question}") from error
    rule(isinstance(verdict, Verdict), f"what a judge says is a Verdict, not {verdict!r}")
    return verdict


def _made(judge: object, answer: Scripted, options: dict[str, Any]) -> tuple[Judge, ScriptedModel]:
    model = ScriptedModel(lambda _: answer)
    return _judge(judge, model, options), model


def _judge(judge: object, model: ScriptedModel, options: dict[str, Any]) -> Judge:
    made: Judge = JUDGES.make(judge, model, RoleSettings("judge-model"), 7, **options)
    return made


def _questions() -> Iterator[Question]:
    pairs = [("a new answer", "old"), ("same", "same"), *((text, f"{text} x") for text in HARD_TEXTS), ("", "")]
    levels = list(Level)
    for number, (candidate, reference) in enumerate(pairs):
        hard = HARD_TEXTS[number % len(HARD_TEXTS)]
        level = levels[number % len(levels)]
        yield Question(level, "critic", f"checks it {hard}", f"<input>{hard}</input>", candidate, reference, True)
        yield Question(level, "critic", "", "", candidate, reference, False)

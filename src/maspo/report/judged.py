"""What the judge said of two recorded runs: its words at each level, and which output it was shown first.

The record holds replies under the content address of what was asked, so each question is put together again, in both
orders, and looked up.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from maspo.core.quoting import tagged
from maspo.core.spoilt import parted
from maspo.core.trace import Trace
from maspo.core.verdict import Level, Verdict
from maspo.judges.base import Question, task_shown
from maspo.judges.pairwise import request_for, verdict_in
from maspo.store import RunStore
from maspo.store.comparisons import ComparedRuns
from maspo.study.job import Job
from maspo.study.texts import context_tags, role_of, texts_of

OWN_JUDGE = "pairwise"
"""Whose questions can be told again. A judge of another package is not called for that: a record may name any."""
_MOST_AGENTS = 24
"""Agents whose outputs are looked up; a larger team would take seconds for one comparison."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A reply of the judge: at which level, of whose output, what it means for the candidate, and its words."""

    level: Level
    agent: str
    verdict: Verdict
    candidate_first: bool
    words: str


def heard_of(store: RunStore, job: Job, found: ComparedRuns) -> Iterator[Heard]:
    """Yield the judge's replies about two runs, as far as they are recorded."""
    rows = {one.key: one for one in job.inputs.rows}
    row = rows.get(parted(found.result.input_key, rows)[0])
    if row is None or job.config.judge.kind != OWN_JUDGE:
        return
    shown = texts_of(job.system, job.inputs.rows).input_text(row)
    settings = job.config.models.of_judge()
    for question in _questions(job, shown, found.reference, found.candidate):
        reply = store.get(request_for(question, settings, job.config.seed).key)
        if reply is not None:
            verdict = verdict_in(reply.text, question)
            yield Heard(question.level, question.agent, verdict, question.candidate_first, reply.text.strip())


def _questions(job: Job, shown: str, reference: Trace, candidate: Trace) -> Iterator[Question]:
    """Yield whatever the judge may have been asked about two runs, in both orders."""
    system, given = job.system, tagged("input", shown)
    agents = [agent for agent in system.agents if agent.name in candidate.by_agent][:_MOST_AGENTS]
    for agent in agents:
        new, old = candidate.by_agent[agent.name], reference.by_agent.get(agent.name, ())
        for one, other in zip(new, old, strict=False):
            if one.written == other.written:
                continue
            read = context_tags(shown, candidate.read_in(one))
            for level, told in ((Level.LOCAL, read), (Level.LOOKAHEAD, given)):
                question = Question(level, agent.name, role_of(agent), told, one.written, other.written, True)
                yield from (question, question.turned)
    if candidate.output != reference.output:
        role = role_of(system.by_name[system.output])
        task = task_shown(shown, job.config.judge.rubric)
        for agent in agents:  # the question names the agent whose prompt was rewritten
            question = Question(Level.GLOBAL, agent.name, role, task, candidate.output, reference.output, True)
            yield from (question, question.turned)

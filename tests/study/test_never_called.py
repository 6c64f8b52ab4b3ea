"""An agent that is called in no run of a search: it is not rewritten, and no prompt of it is tested or shipped."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

from maspo.events import DraftsReplaced, Warned
from maspo.models.base import Request
from maspo.optimizers.base import Ask, Compare, Problem, Search
from maspo.study.job import Job
from maspo.study.optimize import DATABASE
from maspo.study.record import open_for_reading
from maspo.study.resolve import Parts
from maspo.team import Agent, System
from maspo.team.flow import Condition
from maspo.testing.runs import SMALL_RACE, begin, counted_world, go_on, with_config, world_job
from maspo.world.spec import WorldSpec

NEVER = "You handle refunds. Name the sum."


def job_with_carried(text: str) -> Job:
    """Return a job with a prompt carried for an agent that nothing ever calls."""
    job = world_job("reflect", 14, WorldSpec(seed=3))
    first = job.system.agents[0].name
    never = Agent("never", NEVER, reads=(first,), when=Condition(first, equals="what nobody says"))
    output = job.system.output
    agents = [replace(one, reads=(*one.reads, "never")) if one.name == output else one for one in job.system.agents]
    system = System((*agents, never), name=job.system.name, output=output)
    assert "never" in system.team.rewritten
    return replace(with_config(job, search=SMALL_RACE), system=system, carried={"never": text})


async def test_n01_an_agent_that_is_never_called_is_not_rewritten_and_not_shipped(tmp_path: Path) -> None:
    job = job_with_carried(f"{NEVER} Be exact.")  # a candidate that nothing speaks for or against
    asked: Counter[tuple[str, str]] = Counter()

    async def count(request: Request) -> None:
        asked[request.purpose, request.agent] += 1

    model = counted_world(job, count)
    outcome = await begin(job, tmp_path / "run", model)
    assert outcome.finished is not None
    assert {agent for purpose, agent in asked if purpose == "agent"} == set(job.system.order) - {"never"}
    assert not [purpose for purpose, agent in asked if agent == "never"]
    assert outcome.finished.winners["never"] == outcome.finished.prompts["never"] == NEVER
    others = [name for name in job.system.order if name != "never"]
    assert any(outcome.finished.winners[name] != job.system.prompts[name] for name in others)
    again = await go_on(job, tmp_path / "run", model)
    assert again.finished == outcome.finished
    with open_for_reading(tmp_path / "run" / DATABASE) as store:
        told = [entry.item for entry in store.read_since()]
    assert not [one for one in told if isinstance(one, DraftsReplaced)], "nobody was asked, so nobody failed"
    (warned,) = (one for one in told if isinstance(one, Warned))
    assert warned.topic == "uncalled" and warned.text.startswith("never was called on none of ")


class ChangesAll:
    """A search that ends with other prompts of all agents, whatever it saw; it looks at one input, or at none."""

    config = SMALL_RACE

    def __init__(self, looks: int) -> None:
        self.looks = looks

    def search(self, problem: Problem) -> Search:
        """Change all."""
        seeds, (key, *_) = problem.seed_prompts, problem.inputs
        name = problem.team.order[0]
        look = Compare(f"{name}/look", seeds, {name: f"{seeds[name]} Be exact."}, key, True)
        yield Ask(seeds, (look,) * self.looks)
        return Ask({name: f"{text} Be exact." for name, text in problem.seed_prompts.items()})


async def test_n02_whatever_a_search_ends_with_the_prompt_of_who_was_never_called_stays(tmp_path: Path) -> None:
    outcome = await begin(job_with_carried(NEVER), tmp_path / "run", parts=Parts(optimizer=ChangesAll(1)))
    assert outcome.finished is not None and outcome.finished.winners["never"] == NEVER


async def test_n03_where_a_search_ran_the_team_nowhere_nobody_counts_as_never_called(tmp_path: Path) -> None:
    outcome = await begin(job_with_carried(NEVER), tmp_path / "run", parts=Parts(optimizer=ChangesAll(0)))
    assert outcome.finished is not None and outcome.finished.winners["never"] == f"{NEVER} Be exact."

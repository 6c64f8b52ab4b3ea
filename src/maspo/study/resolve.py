"""A study: everything about a job that is decided before the first call: split, optimizer, prices, bound."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

from maspo.config import FOUND, RunConfig
from maspo.core.errors import ConfigInvalid, UsageError
from maspo.core.registry import Registry, name_of
from maspo.core.spoilt import NOTHING, under
from maspo.data.groups import Groups, groups_of
from maspo.data.row_text import asked
from maspo.data.split import split
from maspo.judges.base import JUDGES
from maspo.models.base import CLIENTS
from maspo.models.prices import PriceBook, require_prices
from maspo.optimizers.base import Optimizer, OptimizerConfig, Problem, UnknownConfig
from maspo.optimizers.registry import OPTIMIZERS, make_optimizer
from maspo.proposers.base import OF_THE_RUN, PROPOSERS
from maspo.runners.base import PROMPT_GRAPH, RUNNERS, check_options, most_calls, runner_kind
from maspo.runners.faults import plan_of
from maspo.runners.messages import check_fit, check_inputs, columns_read
from maspo.study.bound import Bound, bound_of, estimate, remarks_on_first_round
from maspo.study.calibration import pairs_asked
from maspo.study.connections import price_book
from maspo.study.hardening import remarks_on_hardening
from maspo.study.holdout import MOST_SEARCHED
from maspo.study.job import Estimate, Job, Split
from maspo.team import Agent, System
from maspo.team.graph import Team

_MOST_JUDGE_PAIRS = 30
"""Pairs of which a judge is asked to measure it against labels: enough to tell it from a coin."""
_JUDGE_SHARE = 0.05
"""Share of the planned calls that may go into that."""
_FEWEST_HELD_OUT = 20
"""Hold-out inputs that are kept however few calls are planned: with fewer, five wins without a loss are rare."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Implementations of ports that a caller gives as objects, or as classes; None: as the settings name them."""

    optimizer: Optimizer | None = None
    judge: Any = None
    proposer: Any = None
    runner: Any = None
    scorer: Any = None
    client: Any = None
    rollouts: Any = None
    """Where rollouts of an app run, as ``maspo.apps.elsewhere.rollouts_on`` gives it; None: in processes from here."""


@dataclass(frozen=True)
class Study:
    """Everything that is decided before the first call."""

    job: Job
    parts: Parts
    optimizer: Optimizer
    problem: Problem
    split: Split
    prices: PriceBook
    bound: Bound
    plan: Estimate
    decided_by: Literal["judge", "labels"]
    """Who decides on final answers: labels only when they were asked for and every input has one."""
    calibration: int
    """Pairs that are put to the judge at the start, to see that it is no coin; 0 where labels decide."""

    @property
    def holdout_calls(self) -> int:
        """The calls that the hold-out test needs at most: both systems run, and a judgment in both orders."""
        return len(self.split.holdout) * holdout_calls_of_an_input(self.problem.team)


def resolve(job: Job, parts: Parts | None = None) -> Study:
    """Decide everything about a job that can be decided before a call.

    Raises:
        UsageError: the inputs do not fit the system, there is nothing to optimize, a part is not installed here, or a
            cap in money cannot be kept.

    """
    given = _with_optimizer_made(parts or Parts())
    kind = runner_kind(job.system, job.config.runner.kind)
    config = job.config.model_copy(update={"runner": job.config.runner.model_copy(update={"kind": kind})})
    job = replace(job, config=with_parts(config, given))
    check_parts(job, given)
    check_task(job)
    # What a run holds that goes on was sent as it is before.
    notes = (check_inputs if job.groups is None else check_fit)(job.system, job.inputs)
    search = planned_search(job)
    optimizer = given.optimizer or make_optimizer(search)
    found = _split(job, search)
    _check_options(job, given)
    problem, calibration = _problem_of(job, given, search, found)
    if search.is_worst_case():
        problem = _in_the_worst_case(problem, job, given)
        looks = f"before each round faults ({len(problem.faults)} in all) are tried on a few inputs"
        notes = [*notes, f"search.worst_case: {looks}, within the calls planned"]
    if given.optimizer is None and given.runner is None:
        notes = [*notes, *remarks_on_hardening(job, search)]
    prices = prices_of(job)
    bound = bound_of(optimizer, problem, found.holdout, search.planned_calls(problem.team))
    notes = [*notes, *remarks_on_first_round(optimizer, problem, job.config.caps.calls, bound.expected)]
    bound = _with_beside_search(bound, job, problem, found, calibration)
    return Study(
        job=job,
        parts=given,
        optimizer=optimizer,
        problem=problem,
        split=found,
        prices=prices,
        bound=bound,
        plan=estimate(job, bound, prices, found, tuple(notes)),
        decided_by="labels" if _by_labels(job) else "judge",
        calibration=calibration,
    )


def _by_labels(job: Job) -> bool:
    """Say whether labels decide on every input."""
    return job.config.labels == "use" and all(row.answer is not None for row in job.inputs.rows)


def _problem_of(job: Job, given: Parts, search: OptimizerConfig, found: Split) -> tuple[Problem, int]:
    """Return what the optimizer is given, and how many pairs are put to the judge before it begins."""
    answered = frozenset(row.key for row in job.inputs.rows if row.answer is not None)
    labelled = answered if job.config.labels == "use" else frozenset[str]()
    runner = RUNNERS.get(job.config.runner.kind) if given.runner is None else given.runner
    team = replace(team_of(job), calls=most_calls(runner, job.system, job.config.runner.options))
    # Where final answers are equal no judge is asked, and about half of them are; where labels decide, none is at all.
    reserve = sum(holdout_calls_of_an_input(team) - (2 if key in labelled else 1) for key in found.holdout)
    if job.carried and search.method != "race":
        raise ConfigInvalid(f"--start-from: search.method {search.method} cannot start from a run; race can")
    # With a cap below the plan they would take too large a part of what there is.
    planned, cap = search.planned_calls(team), job.config.caps.calls
    allowed = min((calls for calls in (planned, cap) if calls is not None), default=None)
    pairs = 0 if _by_labels(job) else pairs_asked(job.config.judge.plain_pairs, len(found.search), allowed)
    problem = Problem(
        team=team,
        seed_prompts=job.system.prompts,
        inputs=found.search,
        seed=job.config.seed,
        reserve=reserve + 2 * pairs,
        labelled=labelled,
        carried=job.carried,
        examples=job.config.proposer.examples,
    )
    return problem, pairs


def _with_beside_search(bound: Bound, job: Job, problem: Problem, found: Split, calibration: int) -> Bound:
    """Return the bound of a search and its test with what else a run may ask for, by its settings."""
    team, settings, inputs = problem.team, job.config.holdout, len(found.holdout)

    def runs(times: int) -> dict[str, int]:
        return {name: times * team.calls_of([name]) for name in team.order}

    # Where labels decide, the judge is measured against them on some of the hold-out inputs, in both orders.
    bound = bound.with_more({}, 2 * min(judged_pairs(bound.planned), len(problem.labelled.intersection(found.holdout))))
    bound = bound.with_more_planned(runs(calibration), 2 * calibration)
    if settings.ship_if == "likely":  # tested on inputs of the search as well, where the hold-out leaves it open
        searched = min(len(found.search), MOST_SEARCHED)
        bound = bound.with_more_planned(runs(2 * searched), 2 * searched)
    bound = bound.with_more(runs(min(settings.rerun, inputs)))
    if settings.leave_one_out:  # the new prompts meet themselves without the changes of each agent
        reached = [name for changed in team.rewritten for name in team.reached([changed])]
        agents = {name: reached.count(name) * inputs * team.calls_of([name]) for name in reached}
        bound = bound.with_more(agents, 2 * inputs * len(team.rewritten))
    return bound


def _in_the_worst_case(problem: Problem, job: Job, parts: Parts) -> Problem:
    """Return a problem in which the search chooses itself which faults are met, on the share of inputs that is given.

    Raises:
        ConfigInvalid: no such share is given, or another runner than ours runs the team.

    """
    options = job.config.runner.options
    if parts.runner is not None or job.config.runner.kind != PROMPT_GRAPH or not options.get("stress"):
        raise ConfigInvalid(
            "search.worst_case: expected a share of the inputs on which a fault is met (runner.options.stress), and a "
            "team of a system file"
        )
    plan = plan_of(job.system, options["stress"], options.get("faults", ()))
    faults = tuple(map(str, plan.drawn))
    spoilt = {under(key, fault) for key in problem.labelled for fault in (NOTHING, *faults)}
    return replace(problem, faults=faults, under_fault=plan.share, labelled=problem.labelled | spoilt)


def judged_pairs(planned_calls: int) -> int:
    """Return how many hold-out pairs a judge is asked about, at most, to measure it against labels."""
    return min(_MOST_JUDGE_PAIRS, int(_JUDGE_SHARE * planned_calls / 2))


def _with_optimizer_made(parts: Parts) -> Parts:
    """Return the parts with an optimizer that is given as a class made, under its default settings.

    Raises:
        ConfigInvalid: what is given is no optimizer.

    """
    given = parts.optimizer
    if isinstance(given, type) and hasattr(given, "search") and hasattr(given, "Config"):
        return replace(parts, optimizer=given(given.Config()))
    if given is not None and (isinstance(given, type) or not hasattr(given, "search")):
        what = "expected an optimizer: an object with `search`, or a class with `Config` and `search`"
        raise ConfigInvalid(f"Parts(optimizer=…): {given!r} is given; {what}")
    return parts


def prices_of(job: Job) -> PriceBook:
    """Return what the models of a job cost.

    Raises:
        ConfigInvalid: money is capped, and a model has no known price.

    """
    models, prices = job.config.models, known_prices(job)
    if job.config.caps.usd is not None:
        roles = (models.of_agents(), models.of_judge(), models.of_proposer())
        own = [(agent.model, roles[0].endpoint) for agent in job.system.agents if agent.model]
        require_prices([*((role.model, role.endpoint) for role in roles), *own], prices)
    return prices


def known_prices(job: Job) -> PriceBook:
    """Return what the models of a job cost, as far as that is known."""
    models = job.config.models
    others: tuple[str, ...] = ()
    if job.system.app is not None:
        from maspo.study.upstreams import upstreams_of

        upstreams = upstreams_of(models)
        others = (upstreams.anthropic, upstreams.gemini)
    return price_book(models, others)


def with_parts(config: RunConfig, parts: Parts) -> RunConfig:
    """Return the settings that a run with parts records: those that are given as objects are named by their class.

    So a run that is gone on with without them is refused, and none of ours stands in for them unnoticed.
    """
    named: dict[str, object] = {}
    if parts.optimizer is not None:
        own = getattr(parts.optimizer, "config", None)
        unknown = UnknownConfig(method=type(parts.optimizer).__name__)
        named["search"] = own if isinstance(own, OptimizerConfig) else unknown
    for section, part in (("judge", parts.judge), ("proposer", parts.proposer), ("runner", parts.runner)):
        if part is not None:
            named[section] = getattr(config, section).model_copy(update={"kind": name_of(part)})
    if parts.client is not None:
        named["models"] = config.models.model_copy(update={"client": name_of(parts.client)})
    return config.model_copy(update=named)


def check_parts(job: Job, parts: Parts) -> None:
    """Check that every part that is chosen by name is installed here.

    Raises:
        ConfigInvalid: some are not, or their packages cannot be used; names them all.

    """
    config = job.config
    chosen: list[tuple[Registry[Any], str, Any]] = [
        (OPTIMIZERS, config.search.method, parts.optimizer),
        (JUDGES, config.judge.kind, parts.judge),
        (PROPOSERS, config.proposer.kind, parts.proposer),
        (RUNNERS, config.runner.kind, parts.runner),
    ]
    if job.world is None:
        chosen.append((CLIENTS, config.models.client, parts.client))
    missing = []
    for registry, name, given in chosen:
        if given is None:
            try:
                registry.check(name)
            except ConfigInvalid as error:
                missing.append(str(error))
    if missing:
        raise ConfigInvalid("\n".join(missing))


def _check_options(job: Job, given: Parts) -> None:
    """Check the options of the parts, whom the first call would refuse them otherwise.

    Raises:
        ConfigInvalid: a part does not take one.

    """
    config = job.config
    check_options(chosen_part(given.runner, config.runner.kind), job.system, config.runner.options)
    JUDGES.check_options(chosen_part(given.judge, config.judge.kind), config.judge.options)
    proposer = chosen_part(given.proposer, config.proposer.kind)
    PROPOSERS.check_options(proposer, config.proposer.options, ours=OF_THE_RUN)


def chosen_part(given: Any, kind: str) -> Any:
    """Return the part that a caller gives, else the name that the settings give."""
    return kind if given is None else given


def split_of(job: Job) -> Split:
    """Return the split of a job's inputs, by content."""
    return _split(job, planned_search(job))


def texts_of_inputs(job: Job, keys: Iterable[str]) -> list[str]:
    """Return what inputs ask: the columns that prompts read, without the marks of a row."""
    rows, read = {row.key: row for row in job.inputs.rows}, columns_read(job.system, job.inputs)
    return [asked("\n".join(rows[key].columns[name] for name in read)) for key in keys]


def check_task(job: Job) -> None:
    """Check that there is something to optimize, and what to judge it by.

    Raises:
        UsageError: no agent may be rewritten, the focus names one that may not, or labels are asked for and no input
            has one.

    """
    system = job.system
    possible = [name for name in system.order if name not in _fixed(system)]
    if not possible:
        raise UsageError("agents: none may be rewritten (all are frozen or do not reach the output); unfreeze one")
    for name in job.config.named_in_focus:
        if name not in possible:
            why = f"{name!r} does not reach the output"
            if name not in system.by_name:
                why = f"{name!r} is no agent"
            elif system.by_name[name].frozen:
                why = f"{name!r} is frozen"
            elif shared := system.by_name[name].same_prompt_as:
                why = f"{name!r} has the prompt of {shared!r}"
            raise UsageError(f"--focus: {why}; agents that may be rewritten: {', '.join(possible)}")
    if job.config.labels == "use" and all(row.answer is None for row in job.inputs.rows):
        raise UsageError("--labels use: no input has an `answer`; add labels, or leave it out to let the judge decide")


def holdout_calls_of_an_input(team: Team) -> int:
    """Return the calls that the hold-out test needs for one input, at most: both systems, and both orders judged."""
    return 2 * team.calls_of(team.everyone) + 2


def length_budget(agent: Agent, budget: int) -> int:
    """Return the characters that a rewrite of an agent's prompt may have; a long seed prompt may grow by half."""
    return max(budget, len(agent.prompt) * 3 // 2)


def team_of(job: Job) -> Team:
    """Return what the search knows of a job's system; agents outside its focus are as frozen ones."""
    system, focus = job.system, job.config.named_in_focus
    outside = frozenset(system.order).difference(focus) if focus else frozenset()
    budgets = {agent.name: length_budget(agent, job.config.proposer.length_budget) for agent in system.agents}
    return replace(system.team, frozen=_fixed(system) | outside, length_budget=budgets)


def planned_search(job: Job) -> OptimizerConfig:
    """Return the settings of a job's search, by who decides and whom it rewrites."""
    config = job.config.search.with_labels() if job.config.labels == "use" else job.config.search
    return config.with_focus_found() if job.config.focus == FOUND else config


def _split(job: Job, config: OptimizerConfig) -> Split:
    """Split the inputs. The proof may cost a part of the planned calls: with few calls, fewer inputs are held out."""
    team = team_of(job)
    planned, most = config.planned_calls(team), job.config.holdout.most
    if planned is not None:
        # As if each agent were called once: the split of a record is told also where its runner is not installed.
        proven = max(planned // job.config.holdout.one_in // holdout_calls_of_an_input(team), _FEWEST_HELD_OUT)
        most = proven if most is None else min(proven, most)
    groups = groups_in(job)
    search, holdout = split(job.inputs, job.config.holdout.share, groups, most)
    return Split(search, holdout, groups)


def groups_in(job: Job) -> Groups:
    """Return which inputs of a job ask the same: as its record holds it, in what its prompts read, or as its user says.

    Raises:
        InputsInvalid: no row has the column that the user names.

    """
    if job.groups is not None:
        return job.groups
    return groups_of(job.inputs, columns_read(job.system, job.inputs), job.config.holdout.group_by)


def _fixed(system: System) -> frozenset[str]:
    """Return the agents that are never rewritten: frozen ones, and those that cannot reach the output."""
    return frozenset(
        agent.name
        for agent in system.agents
        if agent.frozen or agent.same_prompt_as or not system.team.reaches_output(agent.name)
    )

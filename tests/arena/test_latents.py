"""benchmarks/latents.py: what a search without texts is shown and is stopped by is what a run with texts has."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from benchmarks.latents import Latent, searched

from maspo.cli.arena import rivals
from maspo.config import Caps
from maspo.core.prompts import Prompts
from maspo.data.inputs import Inputs, make_inputs
from maspo.models.base import Request
from maspo.optimizers.base import Answered, AskModel, Drafts, ShownText, Vet
from maspo.runners.messages import MessageBuilder
from maspo.study.job import Job
from maspo.study.resolve import holdout_calls_of_an_input, split_of
from maspo.world import World, WorldSpec
from maspo.world.catalogue import Kind, add, of_kind
from maspo.world.outputs import decode, listed
from maspo.world.world import world_key

WORLD = World(WorldSpec(seed=21000))
ROWS = make_inputs(WORLD.inputs(12))


def changed(graph: str) -> Prompts:
    """Prompts of which some miss less, some look better than they are, and some are easier to read."""
    kinds = (Kind.FIX, Kind.TRAP, Kind.HANDOFF)
    prompts = WORLD.system(graph).prompts
    return {
        name: add(text, of_kind(kinds[place % len(kinds)])[place]) for place, (name, text) in enumerate(prompts.items())
    }


def texts(graph: str, prompts: Prompts, inputs: Inputs) -> Mapping[tuple[str, str], str]:
    """What each agent writes on each input, as the world's models write it."""
    system, found = WORLD.system(graph), dict[tuple[str, str], str]()
    builder = MessageBuilder(system, inputs.columns)
    for number, row in enumerate(inputs.rows):
        key = world_key(number)
        for name in system.order:
            read = {other: found[other, key] for other in system.by_name[name].reads}
            messages = builder.messages(name, prompts[name], row, read)
            found[name, key] = WORLD.reply(Request("m", messages, "agent", name)).text
    return found


@pytest.mark.parametrize("graph", ["reflect", "hierarchical", "chain5"])
def test_l01_a_method_that_asks_in_its_own_words_is_shown_what_the_texts_of_a_run_say(graph: str) -> None:
    latent, prompts = Latent(WORLD, graph, labels=False), changed(graph)
    written = texts(graph, prompts, ROWS)
    for (name, key), text in written.items():
        shown = latent.shown(ShownText(prompts, key, agent=name))
        assert decode(shown) == decode(text)
        for label in ("Missed", "Manner", "Hard to use from"):
            assert listed(shown, label) == listed(text, label)
        if name == latent.system.output:
            assert latent.shown(ShownText(prompts, key)) == shown
    assert latent.calls["agent"] == len(written)
    assert any(listed(text, "Missed") for text in written.values())


def test_l02_a_question_of_a_methods_own_is_one_call_and_what_it_suggests_may_be_a_prompt() -> None:
    latent = Latent(WORLD, "reflect", labels=False)
    key, prompts = world_key(0), latent.system.prompts
    shown = {"[[text 0 of solver]]": ShownText(prompts, key, agent="solver")}
    asked = (
        f"#Variables\n(str) solver_0_prompt0={prompts['solver']}\n\n#Others\n(str) solver_0_output0={next(iter(shown))}"
    )
    answer = latent.answer(AskModel("s1/ask", (("system", "In JSON."), ("user", asked)), shown))
    assert isinstance(answer, Answered) and not answer.failed
    suggested = json.loads(answer.text)["suggestion"]["solver_0_prompt0"]
    assert suggested != prompts["solver"]
    vetted = latent.answer(Vet("s1/vet", "solver", prompts, (suggested,)))
    assert isinstance(vetted, Drafts) and [one.text for one in vetted.drafts] == [suggested]
    assert not vetted.drafts[0].rejected
    assert latent.calls == {"agent": 2, "proposer": 1}, "a run of the team, whose texts are shown"


@pytest.mark.parametrize("method", ["paper", "local-only", "default"])
def test_l03_a_cap_ends_a_search_and_leaves_its_test_what_a_run_sets_aside(method: str) -> None:
    (rival,) = rivals([method], "ignore", ())
    spent = dict[int, int]()
    for cap in (50, 400):
        latent = Latent(WORLD, "reflect", labels=False)
        config = rival.config.model_copy(update={"caps": Caps(calls=cap)})
        job = Job(latent.system, ROWS, config)
        end = searched(latent, job, lambda _: None)
        dearest, spent[cap] = 2 * len(latent.system.agents) + 4, latent.calls.total()
        test = (holdout_calls_of_an_input(latent.system.team) - 1) * len(split_of(job).holdout)
        assert spent[cap] < cap - min(test, cap // 2) + dearest
        assert end.prompts.keys() == latent.system.prompts.keys()
    assert spent[50] < spent[400]

"""The world's answers to questions in a method's own words (numbered invariants)."""

from __future__ import annotations

import json

import pytest

from maspo.models.base import Message, Request
from maspo.world import World, WorldSpec
from maspo.world.catalogue import Kind, split
from maspo.world.spec import Skill

WRITTEN = "What I did.\nMissed: units.\n<answer>A</answer>"


def question(answers: str = WRITTEN, identity: str = "s1/ask") -> Request:
    """A question as OptoPrime asks it, about a solver that a critic reads."""
    text = f"""
#Instruction
Change the values.

#Code
solver_0_output0 = solver_0(prompt=solver_0_prompt0, question=question0)

#Variables
(str) critic_1_prompt0=You review
the solution.
(str) solver_0_prompt0=You solve.

#Inputs
(str) question0=A question [sim input 0001]

#Others
(str) solver_0_output0={answers}

#Outputs
(str) answers0=0: nothing

#Feedback
0: The final answer is worse.
"""
    messages = (Message("system", "A suggestion in JSON."), Message("user", text))
    return Request("m", messages, "proposer.asked", identity=identity, temperature=0.7)


def suggested(world: World, asked: Request) -> dict[str, str]:
    found = json.loads(world.reply(asked).text)
    assert found.keys() == {"reasoning", "answer", "suggestion"}
    return dict(found["suggestion"])


def test_a01_a_suggestion_is_repeatable_and_changes_some_of_the_variables() -> None:
    world = World(WorldSpec(seed=3))
    draws = [suggested(world, question(identity=str(number))) for number in range(40)]
    assert draws == [suggested(world, question(identity=str(number))) for number in range(40)]
    assert {frozenset(one) for one in draws} == {
        frozenset({"critic_1_prompt0"}),
        frozenset({"solver_0_prompt0"}),
        frozenset({"critic_1_prompt0", "solver_0_prompt0"}),
    }
    assert all(
        one["critic_1_prompt0"].startswith("You review\nthe solution.") for one in draws if "critic_1_prompt0" in one
    )


def test_a02_what_an_agent_wrote_leads_the_suggestion_for_its_own_prompt_alone() -> None:
    world = World(WorldSpec(seed=3))
    aspects = {"solver_0_prompt0": 0, "critic_1_prompt0": 0}
    for number in range(200):
        for name, text in suggested(world, question(identity=str(number))).items():
            aspects[name] += any(one.kind is Kind.FIX and one.aspect == "units" for one in split(text)[1])
    assert aspects["solver_0_prompt0"] > 3 * aspects["critic_1_prompt0"]


@pytest.mark.parametrize("proposer", ["good", "poor", "rubbish"])
def test_a03_every_kind_of_proposer_answers_and_a_form_that_is_unknown_is_said_to_be(proposer: Skill) -> None:
    world = World(WorldSpec(seed=3, proposer=proposer))
    assert suggested(world, question())
    message = (
        "Its instructions:\n```\nYou solve.\n```\n# Example 1\n## Generated Outputs\nMissed: units.\n\n## Feedback\nbad"
    )
    reflected = world.reply(Request("m", (Message("user", message),), "proposer.asked", identity="s1")).text
    assert reflected.split("```")[1].strip() != "You solve."
    message = (
        "[[ ## basic_instruction ## ]]\nYou solve.\n\nRespond with the corresponding output fields, starting with "
        "`[[ ## proposed_instruction ## ]]`, and then `[[ ## completed ## ]]`."
    )
    proposed = world.reply(Request("m", (Message("user", message),), "proposer.asked", identity="s1")).text
    assert proposed.startswith("[[ ## proposed_instruction ## ]]\n") and proposed.endswith("[[ ## completed ## ]]\n")
    other = Request("m", (Message("user", "What now?"),), "proposer.asked")
    assert world.reply(other).text == "ok (simulated)"

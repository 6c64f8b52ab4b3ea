"""The team in an export of OpenAI's Agent Builder: read exactly where it says so, and said where it does not."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maspo.core.errors import SystemInvalid
from maspo.data.agent_builder import ImportedTeam, read_export
from maspo.runners.conditions import Conditions
from maspo.team.load import dump_system, parse_system

HEAD = """\
from agents import Agent, ModelSettings, TResponseInputItem, Runner, RunConfig, RunContextWrapper, trace
from pydantic import BaseModel

class WorkflowInput(BaseModel):
  input_as_text: str

"""
START = """
# Main code entrypoint
async def run_workflow(workflow_input: WorkflowInput):
  with trace("Shop"):
    state = {

    }
    workflow = workflow_input.model_dump()
    conversation_history: list[TResponseInputItem] = [
      {"role": "user", "content": [{"type": "input_text", "text": workflow["input_as_text"]}]}
    ]
"""


def agent(name: str, instructions: str, more: str = "") -> str:
    return (
        f'{name} = Agent(\n  name="{name.title()}",\n  instructions={instructions},\n  model="gpt-4.1-mini",{more}\n)\n'
    )


def run(name: str, shown: str = "*conversation_history", more: str = "", indent: int = 4, *, told: bool = True) -> str:
    lines = [
        f"{name}_result_temp = await Runner.run(",
        f"  {name},",
        f"  input=[{shown}],",
        '  run_config=RunConfig(trace_metadata={"__trace_source__": "agent-builder", "workflow_id": "wf_1"}),',
        f"  {more}",
        ")",
        f"conversation_history.extend([item.to_input_item() for item in {name}_result_temp.new_items])" if told else "",
        f'{name}_result = {{"output_text": {name}_result_temp.final_output.json(), '
        f'"output_parsed": {name}_result_temp.final_output.model_dump()}}',
    ]
    return "".join(f"{' ' * indent}{line}\n" for line in lines)


ROUTED = (
    HEAD
    + agent(
        "classify", '"Sort the request. Answer in JSON: {\\"category\\": \\"billing\\"}"', "\n  output_type=Sorted,"
    )
    + agent("billing", '"Answer on bills."')
    + agent("technical", '"Answer on faults."')
    + agent("other", '"Answer kindly."')
    + agent("closer", '"Write to the customer."')
    + START
    + '    classify_input = workflow["input_as_text"]\n'
    + run(
        "classify",
        '{"role": "user", "content": [{"type": "input_text", "text": f"{classify_input}"}]}',
        told=False,
    )
    + '    classify_category = classify_result["output_parsed"]["category"]\n'
    + '    classify_output = {"category": classify_category}\n'
    + '    if classify_category == "billing":\n'
    + run("billing", indent=6)
    + '    elif classify_output["category"] == "tech (all)":\n'
    + run("technical", indent=6)
    + "    else:\n"
    + run("other", indent=6)
    + run("closer")
    + "    return closer_result\n"
)


def read(text: str) -> ImportedTeam:
    found = read_export(text, "shop")
    assert parse_system(dump_system(found.system), "shop.yaml") == found.system
    return found


async def test_branches_of_a_classifier_are_conditions_and_what_was_said_is_read() -> None:
    found = read(ROUTED)
    agents = found.system.by_name
    assert {name: one.reads for name, one in agents.items()} == {
        "classify": (),
        "billing": (),
        "technical": (),
        "other": (),
        "closer": ("billing", "technical", "other"),
    }
    assert found.system.output == "closer"
    assert agents["billing"].model == "gpt-4.1-mini"
    looks = Conditions()
    called = {}
    for said in ('{"category":"billing"}', '```json\n{"category": "tech (all)"}\n```', '{"category": "refund"}'):
        whens = [(name, one.when) for name, one in agents.items() if one.when]
        called[said] = [name for name, when in whens if await looks.holds(when, said)]
    looks.close()
    assert list(called.values()) == [["billing"], ["technical"], ["other"]]
    assert any("classify: its output type Sorted" in note for note in found.notes)


def test_a_branch_that_ends_leaves_the_rest_to_the_other_values() -> None:
    text = (
        HEAD
        + agent("classify", '"Sort."')
        + agent("refuse", '"Refuse."')
        + agent("help_them", '"Help."')
        + START
        + run("classify")
        + '    if classify_result["output_parsed"]["kind"] == "spam":\n'
        + run("refuse", indent=6)
        + "      return refuse_result\n"
        + run("help_them")
        + "    return help_them_result\n"
    )
    agents = read(text).system.by_name
    assert agents["refuse"].when is not None
    assert agents["help_them"].when is not None
    assert agents["help_them"].when.matches.startswith(r"\A(?!")
    assert agents["help_them"].reads == ("classify",)


def test_values_in_instructions_become_placeholders() -> None:
    text = (
        HEAD
        + agent("draft", '"""Draft {it}."""')
        + '''
def polish_instructions(run_context: RunContextWrapper[PolishContext], _agent: Agent[PolishContext]):
  workflow_input_as_text = run_context.context.workflow_input_as_text
  state_tone = run_context.context.state_tone
  input_output_text = run_context.context.input_output_text
  return f"""Question: {workflow_input_as_text}
Draft: {input_output_text}
Tone: {state_tone}. Answer as {{"text": …}}."""
'''
        + agent("polish", "polish_instructions")
        + START
        + run("draft")
        + run(
            "polish",
            more='context=PolishContext(workflow_input_as_text=workflow["input_as_text"], state_tone=state["tone"], '
            'input_output_text=draft_result["output_text"])',
        )
        + "    return polish_result\n"
    )
    found = read(text)
    draft, polish = found.system.agents
    assert (draft.prompt, draft.template) == ("Draft {it}.", "none")
    assert polish.prompt == (
        'Question: {{ input }}\nDraft: {{ draft }}\nTone: {{ state_tone }}. Answer as {"text": …}.'
    )
    assert [one.role for one in polish.chat] == ["system", "user"]
    assert polish.chat[1].content == "{{ input }}\n\n{{ draft }}"
    assert any("state_tone is a value of the workflow" in note for note in found.notes)


def test_what_could_not_be_told_is_said() -> None:
    text = (
        HEAD
        + 'ONE = "One."\n'
        + agent("first", "ONE", "\n  tools=[web_search_preview],\n  model_settings=ModelSettings(temperature=1),")
        + agent("second", '"Two."')
        + agent("third", '"Three."')
        + agent("never", '"Four."')
        + START
        + run("first")
        + "    if float(state['count']) > 3:\n"
        + run("second", '{"role": "user", "content": built(state)}', indent=6)
        + "    else:\n"
        + run("third", indent=6)
        + "    return third_result\n"
    )
    found = read(text)
    assert found.system.by_name["first"].prompt == "One."
    notes = "\n".join(found.notes)
    for said in (
        "second: a message of its input",
        "third: is called only where `not (float(state['count']) > 3)`",
        "output: third is taken",
        "web_search_preview",
        "model settings",
        "float(state['count']) > 3",
        "never: no run of it",
    ):
        assert said in notes


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('import { Agent } from "@openai/agents";\nconst a = new Agent({});', "maspo discover"),
        ("x = (", "is no Python"),
        ("print('hello')", "no agents"),
        (HEAD + agent("one", "make_prompt()") + START + run("one"), "a text was expected"),
        ("x = 1\0", "is no Python"),
        ("x = " + "(" * 5000, "is no Python"),
    ],
)
def test_anything_else_is_refused_with_what_is_expected(text: str, said: str) -> None:
    with pytest.raises(SystemInvalid, match=r"shop|agents\.one") as caught:
        read_export(text, "shop")
    assert said in str(caught.value)


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r\x85\u2028\u2029"), min_size=1))
def test_instructions_come_back_letter_for_letter(prompt: str) -> None:
    text = HEAD + agent("one", repr(prompt)) + START + run("one")
    if not prompt.strip():
        return
    assert read_export(text, "shop").system.agents[0].prompt == prompt


def test_nothing_in_an_export_is_run(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    text = f"open({str(mark)!r}, 'w')\n" + HEAD + agent("one", '"Do."') + START + run("one")
    read(text)
    assert not mark.exists()

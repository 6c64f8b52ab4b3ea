"""A team in LangGraph: a writer with a tool, a loop with a reviewer, who hands over to an editor."""

from typing import TypedDict

from langchain.agents import create_agent
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from langgraph.graph import END, START, StateGraph
from langgraph.prebuilt import ToolRuntime
from langgraph.types import Command

ROUNDS = 2
MODEL = ChatOpenAI(model="maspo-world")


class State(TypedDict, total=False):
    """What the team has written so far."""

    problem: str
    solution: str
    review: str
    rounds: int


@tool
def look_up(topic: str) -> str:
    """Look a topic up in the handbook."""
    return f"The handbook says nothing more about {topic}."


@tool
def transfer_to_editor(runtime: ToolRuntime) -> Command:
    """Hand over to the editor."""
    return Command(goto="editor", graph=Command.PARENT, update={"review": runtime.state["messages"][-1].content})


WRITER = create_agent(
    MODEL,
    [look_up],
    system_prompt="You write a solution, or better the last one by its review, and give the letter of your answer.",
    name="Writer",
)
REVIEWER = create_agent(
    MODEL,
    [transfer_to_editor],
    system_prompt="You review the solution and give the letter that you believe in. Say APPROVED or REVISE.",
    name="Reviewer",
)
EDITOR = create_agent(
    MODEL, [], system_prompt="You write the final solution and give the letter of the answer.", name="Editor"
)


def said(agent, text):
    """Return what an agent says to a text."""
    return agent.invoke({"messages": [("user", text)]})["messages"][-1].content


def write(state):
    """Write a solution, with the review of the last one where there is one."""
    review = state.get("review")
    text = f"{state['problem']}\n\nA review of the last solution:\n{review}" if review else state["problem"]
    return {"solution": said(WRITER, text), "rounds": state.get("rounds", 0) + 1}


def review(state):
    """Review it; an approved one is handed over to the editor, by the reviewer's own tool."""
    text = said(REVIEWER, f"{state['problem']}\n\nSolution:\n{state['solution']}")
    # No conditional edge: that would be taken beside the hand-over.
    return Command(goto="writer" if state["rounds"] < ROUNDS else "editor", update={"review": text})


def edit(state):
    """Write the final solution."""
    return {
        "solution": said(EDITOR, f"{state['problem']}\n\nSolution:\n{state['solution']}\n\nReview:\n{state['review']}")
    }


GRAPH = StateGraph(State)
GRAPH.add_node("writer", write)
GRAPH.add_node("reviewer", review, destinations=("writer", "editor"))
GRAPH.add_node("editor", edit)
GRAPH.add_edge(START, "writer")
GRAPH.add_edge("writer", "reviewer")
GRAPH.add_edge("editor", END)
TEAM = GRAPH.compile()


def answer(row):
    """Return the team's answer to a row."""
    return TEAM.invoke({"problem": row["input"]})["solution"]

"""A plan, an answer, and an audit where it is asked for: a graph of two agents of LangChain and a function."""

import os

from langchain.agents import create_agent
from langchain_core.messages import HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI
from langgraph.graph import END, START, MessagesState, StateGraph

SCOUT_PROMPT = os.environ.get("SCOUT_PROMPT", "You write down what the problem asks for.")

MODEL = ChatOpenAI(model="m")
AUDITOR = create_agent(MODEL, [], system_prompt="You look for mistakes in an answer and correct them.", name="Auditor")
SCOUT = create_agent(MODEL, [], system_prompt=SCOUT_PROMPT, name="Scout")


def write(state):
    """Return the letter, written from problem and notes."""
    problem, notes = state["messages"][0].content, state["messages"][-1].content
    instructions = SystemMessage("You give the letter of the answer.")
    return {"messages": [MODEL.invoke([instructions, HumanMessage(problem + "\n\nNotes:\n" + notes)])]}


def next_of(state):
    """Return who comes after the author."""
    return "auditor" if "please audit" in state["messages"][0].content else END


TEAM = StateGraph(MessagesState)
TEAM.add_node("scout", SCOUT)
TEAM.add_node("author", write)
TEAM.add_node("auditor", AUDITOR)
TEAM.add_edge(START, "scout")
TEAM.add_edge("scout", "author")
TEAM.add_conditional_edges("author", next_of)
TEAM = TEAM.compile()


def answer(row):
    """Return the team's answer to a row."""
    return TEAM.invoke({"messages": [HumanMessage(row["input"])]})["messages"][-1].content

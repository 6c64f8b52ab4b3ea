#!/usr/bin/env bash
# langgraph 1.2.24: the drawing of a graph leaves out edges that were declared with add_edge, and shows ends that are none.
#
# Expected: compiled.get_graph() has every edge that add_edge declared. Where a node's targets cannot be known (a routing
# function without a list of targets), edges from that node may be missing or drawn to every node.
# Happens: the drawing is made by walking from the start, and the walk stops at such a node: the declared edges *behind* it
# vanish as well, together with what they say about who reads whom, and an edge from that node to the end is drawn that the
# graph does not have. The declared edges are complete in compiled.builder.edges.
# Why it matters: the drawing is the public way to ask which agent reads which. Whoever follows it to see what a change of a
# prompt reaches finds nothing behind the first router, and stops too early.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q 'langgraph==1.2.24'

cat > check.py <<'PY'
from importlib.metadata import version
from typing import TypedDict

from langgraph.graph import END, START, StateGraph


class State(TypedDict):
    path: list[str]


def node(name):
    return lambda state: {"path": [*state["path"], name]}


graph = StateGraph(State)
for name in ("triage", "writer", "critic", "editor"):
    graph.add_node(name, node(name))
graph.add_edge(START, "triage")
graph.add_conditional_edges("triage", lambda state: "writer")
declared = {("writer", "critic"), ("critic", "editor")}
for source, target in sorted(declared):
    graph.add_edge(source, target)
graph.add_edge("editor", END)
compiled = graph.compile()
drawn = {(edge.source, edge.target) for edge in compiled.get_graph().edges}
print("langgraph", version("langgraph"))
print("what runs:        ", " -> ".join(compiled.invoke({"path": []})["path"]))
print("edges drawn:      ", sorted(drawn))
print("declared, missing:", sorted(declared - drawn))
print("declared edges in compiled.builder.edges:", sorted(compiled.builder.edges))
if declared & drawn or ("triage", END) not in drawn:
    raise SystemExit("changed: declared edges behind a router are drawn, or no end is invented")
print("still so: both declared edges behind the router are missing, and triage is drawn to the end")
PY
venv/bin/python check.py

"""LangGraph and LangChain (tried with 1.2.24 and 1.5.2): agents by their names, functions by texts they refer to."""

from __future__ import annotations

from dis import get_instructions
from inspect import getclosurevars, isfunction, ismethod
from typing import Any

KINDS = (("langgraph.graph.state", "CompiledStateGraph"),)
UNNAMED = "LangGraph"


def tell(graph: Any, name: str = "") -> list[dict[str, Any]]:
    """Return what an agent of LangChain, or the functions that are nodes of a graph, are called and told."""
    found, called = [], name or graph.name
    for node, spec in graph.builder.nodes.items():
        if getattr(spec.runnable, "name", "") == UNNAMED and hasattr(spec.runnable, "builder"):
            found += tell(spec.runnable, node)
        for function in (getattr(spec.runnable, "func", None), getattr(spec.runnable, "afunc", None)):
            if not (isfunction(function) or ismethod(function)):
                continue
            try:
                bound = getclosurevars(function)
            except ValueError:  # a variable that was never set
                continue
            # LangChain keeps the prompt of an agent nowhere but in what its function refers to.
            prompt = getattr(bound.nonlocals.get("system_message"), "content", "")
            if prompt:
                found += [{"name": called, "passages": [prompt], "hands_over_to": []}] if called != UNNAMED else []
                break
            values = [*bound.nonlocals.values(), *bound.globals.values()]
            values += [one.argval for one in get_instructions(function) if one.opname == "LOAD_CONST"]
            texts = {value for value in values if isinstance(value, str)}
            found += [{"name": node, "passages": [text], "hands_over_to": [], "guess": "any text"} for text in texts]
    return found

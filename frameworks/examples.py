"""Programs of several agents that frameworks' own repositories ship, and how each is asked for a row as it is."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from frameworks.environments import HERE, Team, made, team


@dataclass(frozen=True)
class Example:
    """A program that a repository ships; nothing in it is changed but what it says of its model."""

    repository: str
    """On GitHub."""
    version: str
    """A tag or a commit of it."""
    path: str
    """The file: a program, a page with blocks of Python, or a notebook."""
    declared: int
    """Agents in its source."""
    call: str
    """The expression that answers ``row``, with ``await`` before it where it needs an event loop; of None, what is
    printed is the answer."""
    folder: str = "."
    """Where it is run."""
    blocks: tuple[int, ...] = ()
    """Those of a page that are the program; none: all."""
    until: str = ""
    """What the statement holds by which it begins to ask something itself; that is left out."""
    models: tuple[tuple[str, str], ...] = ()
    """What it says of its model, where this is no OpenAI's, and what is said instead."""
    first: str = ""
    """What is run before it."""
    typed: str = ""
    """What a user types into it; ``{input}`` is the row's input."""
    word: str = ""
    """What the program waits for at the end of a reply."""
    needs: tuple[str, ...] = ()
    """Packages that it imports beyond the framework."""


AGNO: Final = ("agno-agi/agno", "9644f22982ae017eaa4ad85c561d927d9ac03119")
BROADCAST: Final = "cookbook/03_teams/02_modes/broadcast"
MICROSOFT: Final = ("microsoft/agent-framework", "5eb3eb745e16324ac7bffb1dbe006d8f13c8d993")
MIGRATION: Final = "python/samples/autogen-migration"
"""Each of its files does one thing in AutoGen and in the Agent Framework, in a function each."""
PYDANTIC: Final = ("pydantic/pydantic-ai", "4fda38988f2939fa6ea9cdefcf120693e10ef491")
OPENAI: Final = ("openai/openai-agents-python", "v0.24.0")
ADK: Final = ("google/adk-python", "7c670f638bc17374ceb08740bdd057e55c9c2e12")
CREWS: Final = ("crewAIInc/crewAI-examples", "da94a91e691e1cf5b3151416bb15b5b62729bea8")
CREWAI: Final = ("crewAIInc/crewAI", "f4731f5025f861c78e3af0487cc80bf5e7c64782")
SUPERVISOR: Final = ("langchain-ai/langgraph-supervisor-py", "766a6732a3ef95b991f04a2c13cc8968eabf9a61")
SWARM: Final = ("langchain-ai/langgraph-swarm-py", "16ba1763421a5e6f1b496ba32a1e96ecdc4b1319")
DSPY: Final = ("stanfordnlp/dspy", "4ed377ee9110e912d4f5e1be43b317b87455053c")
STRANDS: Final = ("strands-agents/docs", "7eace9c651e4c93959dfe1d4dfed3d23aa44dbb3")
HAYSTACK: Final = ("deepset-ai/haystack", "c7cb46c0f28ad1984f60e5d3e9404b124a221437")
LLAMA: Final = ("run-llama/python-agents-tutorial", "36a83eb6e940939f67f84dea33c8bf147f9d3a18")
LLAMA_INDEX: Final = ("run-llama/llama_index", "335844d07773dda6778ac2ad5e427316abab38eb")
SMOL: Final = ("huggingface/smolagents", "e3a5b8994b301983b91c0325546e9dc82eab8cf0")
WITH_AUTOGEN: Final = ("agent-framework-core", "agent-framework-openai", "python-dotenv")
WITH_MICROSOFT: Final = ("agent-framework-orchestrations", "python-dotenv")
AWAIT: Final = "await "
SAID: Final = '{"messages": [{"role": "user", "content": row["input"]}]}'
BEDROCK: Final = ("= Agent(", "= Agent(model=OpenAIModel(model_id='maspo-world'), ")
"""Agents of Strands ask Amazon Bedrock where they are given no model."""
BY_DSPY: Final = "import dspy\ndspy.configure(lm=dspy.LM('openai/gpt-4o-mini'))"
BY_STRANDS: Final = "from strands.models.openai import OpenAIModel"
PATTERNS: Final = "site/src/content/docs/user-guide/concepts/multi-agent"

EXAMPLES: Final[Mapping[str, tuple[Example, ...]]] = {
    "agent_framework": tuple(
        Example(*(*MICROSOFT, f"{MIGRATION}/{file}", 3, "await run_agent_framework()", MIGRATION), needs=WITH_MICROSOFT)
        for file in ("orchestrations/01_round_robin_group_chat.py", "orchestrations/03_swarm.py")
    ),
    "agno": tuple(
        Example(*(*AGNO, f"{BROADCAST}/{file}", agents, "team.run(row['input']).content", BROADCAST))
        for file, agents in (("01_basic.py", 4), ("02_debate.py", 3))
    ),
    "autogen": tuple(
        Example(
            *(*MICROSOFT, f"{MIGRATION}/{file}", agents, "await run_autogen()", MIGRATION),
            word="APPROVED",
            needs=WITH_AUTOGEN,
        )
        for file, agents in (
            ("orchestrations/01_round_robin_group_chat.py", 3),
            ("single_agent/04_agent_as_tool.py", 2),
        )
    ),
    "crewai": (
        Example(
            *(*CREWS, "crews/game-builder-crew/src/game_builder_crew/main.py", 3),
            "GameBuilderCrew().crew().kickoff(inputs={'game': row['input']}).raw",
            "crews/game-builder-crew/src",
        ),
        Example(
            *(*CREWAI, "docs/edge/en/learn/streaming-flow-execution.mdx", 2),
            "list(flow.kickoff(inputs={'topic': row['input']})) and flow.state.insights",
            blocks=(0, 7),
            until="streaming =",
        ),
    ),
    "dspy": (
        Example(
            *(*DSPY, "docs/docs/tutorials/email_extraction/index.md", 4),
            "EmailProcessor()(email_subject='A question', email_body=row['input']).summary",
            blocks=(2, 3, 4),
            first=BY_DSPY,
        ),
        Example(
            *(*DSPY, "docs/docs/tutorials/llms_txt_generation/index.md", 4),
            "RepositoryAnalyzer()(repo_url='', file_tree='', readme_content=row['input'], package_files='')"
            ".llms_txt_content",
            blocks=(0, 1),
            first=BY_DSPY,
        ),
    ),
    "google_adk": (
        Example(
            *(*ADK, "contributing/samples/workflow_agent_seq/main.py", 3, "await main()"),
            "contributing/samples/workflow_agent_seq",
        ),
        Example(
            *(*ADK, "contributing/samples/hello_world_ma/agent.py", 3),
            "await InMemoryRunner(agent=root_agent).run_debug(row['input'])",
            "contributing/samples/hello_world_ma",
            first="from google.adk.runners import InMemoryRunner",
        ),
    ),
    "haystack": tuple(
        Example(
            *(*HAYSTACK, f"docs-website/docs/{page}", 2),
            "coordinator.run([ChatMessage.from_user(row['input'])])['last_message'].text",
            blocks=(block,),
            until="result =",
            first="import os\nos.environ['SERPERDEV_API_KEY'] = 'x'",
            needs=("serperdev-haystack",),
        )
        for page, block in (("concepts/agents/multi-agent-systems.mdx", 0), ("tools/agenttool.mdx", 1))
    ),
    "langgraph": (
        Example(
            *(*SUPERVISOR, "README.md", 3, f"app.invoke({SAID})['messages'][-1].content"),
            blocks=(0,),
            until="result = app.invoke",
            needs=("langgraph-supervisor",),
        ),
        Example(
            *(*SWARM, "README.md", 2, f"app.invoke({SAID}, config)['messages'][-1].content"),
            blocks=(0,),
            until="turn_1 = app.invoke",
            needs=("langgraph-swarm",),
        ),
    ),
    "llama_index": (
        Example(
            *(*LLAMA, "6_multi_agent.py", 3, "await agent_workflow.run(user_msg=row['input'])"),
            first="import os\nos.environ['TAVILY_API_KEY'] = 'x'",
            needs=("llama-index-llms-openai", "llama-index-tools-tavily-research", "python-dotenv"),
        ),
        Example(
            *(*LLAMA_INDEX, "docs/examples/agent/agents_as_tools.ipynb", 4),
            "await orchestrator.run(user_msg=row['input'])",
            blocks=(1, 3, 4, 5, 6),
            word="<report>...</report>",
            needs=("llama-index-llms-openai", "tavily-python"),
        ),
    ),
    "openai_agents": tuple(
        Example(*(*OPENAI, f"examples/agent_patterns/{name}.py", agents, "await main()"), typed="{input}\n")
        for name, agents in (("deterministic", 3), ("agents_as_tools", 5))
    ),
    "pydantic_ai": (
        Example(
            *(*PYDANTIC, "examples/pydantic_ai_examples/medical_agent_delegation.py", 5, "await demo_medical_triage()"),
            "examples",
        ),
        Example(
            *(*PYDANTIC, "examples/pydantic_ai_examples/flight_booking.py", 3, "await main()", "examples"),
            typed="buy\nwindow\n",
            needs=("rich", "logfire"),
        ),
    ),
    "smolagents": (
        Example(
            *(*SMOL, "docs/source/en/tutorials/inspect_runs.md", 2, "manager_agent.run(row['input'])"),
            blocks=(1,),
            until="manager_agent.run(",
            models=(("InferenceClientModel()", "OpenAIModel('maspo-world')"),),
            first="from smolagents import OpenAIModel",
            needs=("markdownify", "ddgs"),
        ),
        Example(
            *(*SMOL, "docs/source/en/examples/multiagents.md", 2, "manager_agent.run(row['input'])"),
            blocks=(2, 3, 5, 6),
            models=(("InferenceClientModel(model_id", "OpenAIModel(model_id"),),
            first="from smolagents import OpenAIModel",
            needs=("markdownify", "ddgs", "numpy", "pandas"),
        ),
    ),
    "strands": (
        Example(
            *(*STRANDS, "site/docs/examples/python/agents_workflow.py", 3, "run_research_workflow(row['input'])"),
            models=(BEDROCK,),
            first=BY_STRANDS,
            needs=("strands-agents-tools",),
        ),
        Example(
            *(*STRANDS, f"{PATTERNS}/graph.mdx", 4, "str(graph(row['input']).results['report'].result)"),
            blocks=(0,),
            until="result = graph(",
            models=(BEDROCK,),
            first=BY_STRANDS,
        ),
    ),
}


def source_of(example: Example, environments: Path) -> Path:
    """Return where a repository lies; fetch it if it is not there."""
    place = environments / "examples" / example.repository.replace("/", "+")
    if not place.exists():
        git = ["git", "-C", str(place)]
        made(place, [*git, "init", "-q"])
        made(place, [*git, "fetch", "-q", "--depth", "1", f"https://github.com/{example.repository}", example.version])
        made(place, [*git, "checkout", "-q", "FETCH_HEAD"])
    return place


def program(name: str, example: Example, environments: Path, folder: Path) -> Team:
    """Return a program that is ready to be run in a folder of ours; fetch its source, and what it needs."""
    framework, place = team(name, environments), source_of(example, environments)
    needs = environments / name / ".needs"  # gone with the environment that it speaks of
    has = needs.read_text(encoding="utf-8").splitlines() if needs.exists() else []
    if missing := sorted(set(example.needs) - set(has)):
        pip = [str(framework.python), "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "-q"]
        subprocess.run([*pip, *missing], check=True)
        needs.write_text("\n".join([*has, *missing]), encoding="utf-8")
    told = {
        **{name: getattr(example, name) for name in ("blocks", "until", "models", "first", "typed")},
        "awaits": example.call.startswith(AWAIT),
        "call": example.call.removeprefix(AWAIT),
        "path": str(place / example.path),
        "folder": str(place / example.folder),
    }
    (folder / "program.json").write_text(json.dumps(told), encoding="utf-8")
    (folder / "program.py").write_bytes((HERE / "program.py").read_bytes())
    return Team(name, framework.version, "program:answer", folder, framework.python)

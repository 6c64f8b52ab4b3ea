#!/usr/bin/env bash
# llama-index-core 0.14.25: max_iterations=N gives an agent N-1 replies; the N-th is asked for, paid, and thrown away.
#
# Expected: FunctionAgent(...).run(question, max_iterations=1) lets the model answer once; a run that needs one reply returns.
# Happens: the model is called, its reply is a complete answer without any tool call, and the run raises WorkflowRuntimeError
# because of the limit. With max_iterations=2 the same reply to the same question is returned.
# Why it matters: a tight limit, set so that a rollout cannot cost much, turns right answers into failures: all of them at 1,
# and at N those of exactly the runs that needed N replies. Whoever scores prompts by it punishes prompts that work.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q 'llama-index-core==0.14.25'

cat > check.py <<'PY'
import asyncio
from importlib.metadata import version

from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ChatMessage, ChatResponse
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.llms import LLMMetadata
from workflows.errors import WorkflowRuntimeError

calls = 0


class Answers(FunctionCallingLLM):
    """Stands in for a model: every reply is a final answer, without a tool call."""

    @property
    def metadata(self):
        return LLMMetadata(is_function_calling_model=True)

    def _reply(self):
        global calls
        calls += 1
        return ChatResponse(message=ChatMessage(role="assistant", content="42"), delta="42")

    async def astream_chat(self, messages, **kwargs):
        reply = self._reply()

        async def once():
            yield reply

        return once()

    def chat(self, messages, **kwargs):
        return self._reply()

    async def achat(self, messages, **kwargs):
        return self._reply()

    def stream_chat(self, messages, **kwargs):
        return iter([self._reply()])

    def complete(self, prompt, **kwargs):
        raise NotImplementedError

    async def acomplete(self, prompt, **kwargs):
        raise NotImplementedError

    def stream_complete(self, prompt, **kwargs):
        raise NotImplementedError

    async def astream_complete(self, prompt, **kwargs):
        raise NotImplementedError

    def _prepare_chat_with_tools(self, tools, user_msg=None, chat_history=None, **kwargs):
        return {"messages": [*(chat_history or []), *([user_msg] if user_msg else [])]}

    def get_tool_calls_from_response(self, response, error_on_no_tool_call=True, **kwargs):
        return []


async def ask(limit: int) -> tuple[str, int]:
    global calls
    calls = 0
    try:
        got = str(await FunctionAgent(llm=Answers(), tools=[], system_prompt="Answer.").run("6 x 7?", max_iterations=limit))
    except WorkflowRuntimeError as error:
        got = f"WorkflowRuntimeError: {str(error).splitlines()[0]}"
    return got, calls


one, two = asyncio.run(ask(1)), asyncio.run(ask(2))
print("llama-index-core", version("llama-index-core"))
print("max_iterations=1:", one[0], "- calls of the model:", one[1])
print("max_iterations=2:", two[0], "- calls of the model:", two[1])
if not one[0].startswith("WorkflowRuntimeError") or one[1] != 1 or two != ("42", 1):
    raise SystemExit("changed: the one reply that is allowed is no longer paid and thrown away")
print("still so: the reply was paid and thrown away")
PY
venv/bin/python check.py

"""A team as people have them: plain functions that call a model. It knows nothing of maspo.

Only the standard library is used, so that the example runs anywhere; with an SDK or a framework it is the same. The
address of the endpoint comes from ``OPENAI_BASE_URL``, as all SDKs read it.
"""

from __future__ import annotations

import json
import os
import re
import urllib.request

BASE_URL = os.environ["OPENAI_BASE_URL"]
MODEL = os.environ.get("TEAM_MODEL", "maspo-world")
SOLVER = "You solve the problem and give the letter of your answer."
CRITIC = "You review the solution that you are given and give the letter of the corrected answer."
ARBITER = "You read two opinions that differ and give the letter of the answer that is better founded."


def ask(role: str, question: str) -> str:
    """Return what the model says in a role."""
    messages = [{"role": "system", "content": role}, {"role": "user", "content": question}]
    request = urllib.request.Request(  # noqa: S310 - the address is the user's own
        f"{BASE_URL}/chat/completions",
        json.dumps({"model": MODEL, "messages": messages}).encode(),
        {"Content-Type": "application/json", "Authorization": f"Bearer {os.environ.get('OPENAI_API_KEY', '')}"},
    )
    with urllib.request.urlopen(request) as response:  # noqa: S310
        said: str = json.load(response)["choices"][0]["message"]["content"]
        return said


def letter(text: str) -> str:
    """Return the answer that a text gives."""
    found: list[str] = re.findall(r"<answer>(.*?)</answer>", text)
    return found[-1] if found else ""


def answer(row: dict[str, str]) -> str:
    """Return the team's answer to a row: a solver and a critic, and an arbiter only where they differ."""
    question = row["input"]
    solution = ask(SOLVER, question)
    review = ask(CRITIC, f"{question}\n\nA solution:\n{solution}")
    if letter(solution) == letter(review):
        return review
    return ask(ARBITER, f"{question}\n\nOne opinion:\n{solution}\n\nAnother opinion:\n{review}")

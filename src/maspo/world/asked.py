"""The simulated answer to questions in a method's own words, whose forms are those that its package asks in."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from maspo.models.base import Request
from maspo.world.latents import Latents
from maspo.world.noise import unit
from maspo.world.outputs import unnamed
from maspo.world.proposer import Writer, read_outputs

_CHANGED = 0.5
"""Share of the variables that a suggestion changes: a model that sees a whole program seldom touches all of it."""
_PART = re.compile(r"^#(Code|Documentation|Variables|Constraints|Inputs|Others|Outputs|Feedback)$", re.MULTILINE)
_VALUE = re.compile(r"^\(str\) (\w+)=", re.MULTILINE)
_FIELD = re.compile(r"\[\[ ## (\w+) ## \]\]")
_RESPOND = "Respond with the corresponding output fields"
"""How DSPy says which fields it wants."""
_PROMPT = "_prompt"
"""How the variables end that ``maspo.optimizers.baselines.opentrace`` names."""


def answer_question(latents: Latents, request: Request) -> str:
    """Return an answer in the form that is asked for; of a form that the world does not know it says so."""
    text = "\n".join(message.content for message in request.messages[1:] or request.messages)
    parts = _PART.split(text)
    found = dict(zip(parts[1::2], parts[2::2], strict=True))
    if "Variables" in found:
        return _suggest(latents, request, found)
    if (fields := _FIELD.findall(text.rpartition(_RESPOND)[2])) and _RESPOND in text:
        return _fill(latents, request, text, fields)
    if len(blocks := text.split("```")) > 2:
        outputs = [part.partition("\n## ")[0] for part in text.split("\n## Generated Outputs\n")[1:]]
        new = _edit(latents, f"{unnamed(text)}\0{request.identity}", blocks[1].strip("\n"), outputs)
        return f"Simulated, not a language model.\n```\n{new}\n```"
    return "ok (simulated)"


def _fill(latents: Latents, request: Request, text: str, fields: Sequence[str]) -> str:
    """Fill in the fields that a signature of DSPy asks for; of all but a prompt the world knows nothing."""
    given = dict(zip(_FIELD.findall(text), _FIELD.split(text)[2::2], strict=False))
    draw = f"{unnamed(text)}\0{request.identity}"
    filled = []
    for name in fields:
        if name == "completed":
            value = ""
        elif name == "proposed_instruction":
            value = _edit(latents, draw, given["basic_instruction"].strip("\n"), ())
        else:
            value = "Nothing (simulated)."
        filled.append(f"[[ ## {name} ## ]]\n{value}")
    return "\n\n".join(filled)


def _edit(latents: Latents, draw: str, prompt: str, outputs: Sequence[str], place: int = 0) -> str:
    """Return a prompt as the world's proposer would have it, led by what its agent wrote."""
    writer = Writer(latents, draw, read_outputs(outputs))
    if latents.spec.proposer == "rubbish":
        return writer.write_rubbish(prompt, place)
    return writer.edit(prompt, place, latents.spec.proposer == "good")


def _suggest(latents: Latents, request: Request, parts: dict[str, str]) -> str:
    """Suggest values of variables, led by what the agents wrote whose prompts they are."""
    variables = dict(_values(parts["Variables"]))
    written = [*_values(parts.get("Others", "")), *_values(parts.get("Outputs", ""))]
    draw = f"{unnamed(''.join(parts.values()))}\0{request.identity}"
    seed = latents.spec.seed
    shares = {name: unit(seed, "changed", draw, name) for name in variables}
    suggested = {}
    for place, (name, prompt) in enumerate(variables.items()):
        if shares[name] > _CHANGED and shares[name] > min(shares.values()):
            continue
        whose = name.rpartition(_PROMPT)[0]
        outputs = [value for other, value in written if re.fullmatch(rf"{re.escape(whose)}_output\d+", other)]
        suggested[name] = _edit(latents, f"{draw}\0{name}", prompt, outputs, place)
    said = "Simulated, not a language model."
    return json.dumps({"reasoning": said, "answer": "", "suggestion": suggested}, indent=1)


def _values(part: str) -> Sequence[tuple[str, str]]:
    pieces = _VALUE.split(part)
    return [(name, value.strip("\n")) for name, value in zip(pieces[1::2], pieces[2::2], strict=True)]

"""Agents that no framework names are called as the source calls their prompts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from maspo.apps.called import names_in, places_of, shared_texts
from maspo.study.discover import sources_below

PROMPT = "You check answers, and say what is wrong."


@pytest.mark.parametrize(
    ("file", "source", "name"),
    [
        ("t.py", f"CHECKER_PROMPT = {PROMPT!r}\n", "checker"),
        ("t.py", f"class FactChecker:\n    SYSTEM_PROMPT = {PROMPT!r}\n", "fact_checker"),
        ("t.py", f"PROMPTS = {{'fact checker': {PROMPT!r}}}\n", "fact_checker"),
        ("t.py", f"AGENTS = [Agent(name='Checker', instructions={PROMPT!r})]\n", "checker"),
        ("t.py", f"def checker_instructions(ctx):\n    return {PROMPT!r}\n", "checker"),
        ("t.py", f"class Check(Signature):\n    '''{PROMPT}'''\n", "check"),
        ("t.py", f"SYSTEM_PROMPT = {PROMPT!r}\n", None),
        ("t.py", f"CHECKER = {PROMPT!r}\nCRITIC = {PROMPT!r}\n", None),
        ("p.yaml", f"agents:\n  checker:\n    system_prompt: {PROMPT}\n", "checker"),
        ("p.json", f'{{"checker": "{PROMPT}"}}', "checker"),
        ("p.toml", f'checker = "{PROMPT}"\n', "checker"),
        ("t.ts", f"export const checkerPrompt: string = `{PROMPT}`\n", "checker"),
        ("t.mjs", f"const checker = new Agent({{\n  model,\n  instructions: '{PROMPT}' }})\n", "checker"),
        ("t.js", f"const other = 1\nconst checker = process.env.P ?? '{PROMPT}'\n", "checker"),
        ("t.js", f"const other = 1\nask('{PROMPT}')\n", None),
        ("prompts/checker_prompt.md", f"{PROMPT}\n", "checker"),
        ("prompts/checker.mdx", f"---\ntitle: x\n---\n{PROMPT}\n", "checker"),
        ("prompts/notes.md", f"# Prompts\n{PROMPT}\n", None),
    ],
)
def test_an_agent_is_called_as_the_source_calls_its_prompt(file: str, source: str, name: str | None) -> None:
    places = places_of({file: source}, ["You solve it, step by step.", PROMPT])
    assert names_in(places) == ({} if name is None else {1: name})


def test_a_name_of_several_prompts_names_none() -> None:
    source = f"HELPER = {{'task': {PROMPT!r}}}\nclass Helper:\n    TEXT = 'You solve it, step by step.'\n"
    assert names_in(places_of({"t.py": source}, ["You solve it, step by step."])) == {0: "helper"}
    both = {"t.py": source.replace("'task'", "'helper'")}
    assert names_in(places_of(both, ["You solve it, step by step.", PROMPT])) == {}


TWINS = [f"You check a bill. Look only at its {what}, and say what is wrong." for what in ("sums", "dates")]
ONE_TEXT = "BASE = 'You check a bill. Look only at its {what}, and say what is wrong.'\n"


def test_a_text_that_says_the_prompts_of_several_agents_is_told() -> None:
    sources, names = {"t.py": ONE_TEXT}, ["sums", "dates", "checker"]
    prompts = [*TWINS, PROMPT]
    assert list(shared_texts(sources, places_of(sources, prompts), names)) == [("t.py:1", ["sums", "dates"])]
    apart = {"t.py": "".join(f"{name.upper()} = {prompt!r}\n" for name, prompt in zip(names, prompts, strict=True))}
    assert list(shared_texts(apart, places_of(apart, prompts), names)) == []
    described = {**sources, "system.yaml": f"app: {{run: x}}\nagents: {{sums: {{prompt: {json.dumps(TWINS[0])}}}}}\n"}
    assert list(shared_texts(described, places_of(described, prompts), names)) == [("t.py:1", ["sums", "dates"])]


def test_an_environment_and_a_run_are_no_source_of_an_app(tmp_path: Path) -> None:
    for folder, mark in ((".hidden", "x.py"), ("env", "pyvenv.cfg"), ("my-run", "run.db"), ("node_modules", "x.js")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / mark).touch()
        (tmp_path / folder / "prompt.md").write_text(PROMPT)
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "prompt.md").write_text(PROMPT)
    (tmp_path / "src" / "data.bin.txt").write_bytes(b"\xff\xfe")
    assert list(sources_below(tmp_path)) == [str(tmp_path / "src" / "prompt.md")]

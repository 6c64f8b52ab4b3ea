"""Prompts written back into the files that they came from: exactly, or not at all."""

from __future__ import annotations

import ast
import inspect
import json
import random
import re
import string
import textwrap
import tomllib
from collections.abc import Callable

import pytest
import yaml

from maspo.apps.languages import mark
from maspo.apps.writeback import (
    CannotWrite,
    find_places,
    languages_of_names,
    only_place,
    place_of_agent,
    rewritten,
    texts_in,
)

OLD = "You solve the problem step by step."
HARD = (
    'Braces {x} {{y}} and {% raw %}, $z ${w} %s, C:\\new \\frac{a}{b}, "quoted" \'single\' """three""", é\u2028\x7f.\n'
    '\n  An indented line: with a colon # and a mark\n- and one that ends so: "\\'
)


def changed(file: str, source: str, new: str = HARD, old: str = OLD, template: str = "none") -> str:
    return rewritten(source, only_place(find_places(file, source, old)), old, new, template)  # type: ignore[arg-type]


PYTHON: dict[str, tuple[str, Callable[[str], str]]] = {
    "plain": (f"import os\nP = {OLD!r}  # a comment\nQ = 1\n", str),
    "in a call": (f"agent(\n    name='é', instructions={OLD!r},\n)\n", str),
    "concatenated": ("P = ('You solve the problem '\n     'step by step.')\n", str),
    "three quotes": (f'P = """\n{OLD}\n"""\n', str.strip),
    "dedented": (f'P = dedent("""\n    {OLD}\n    """)\n', lambda text: textwrap.dedent(text).strip()),
    "a docstring": (f'class S:\n    """{OLD}"""\n', inspect.cleandoc),
}


def said(source: str) -> list[str]:
    return [
        node.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]


def test_indentation_that_the_app_takes_away_is_not_written() -> None:
    with pytest.raises(CannotWrite, match="indented"):
        changed("t.py", 'class S:\n    """One\n    two."""\n', "One\n  and two.", "One\ntwo.")


@pytest.mark.parametrize("name", PYTHON)
def test_a_prompt_in_python_is_replaced_by_one_that_arrives_as_it_is(name: str) -> None:
    source, arrives = PYTHON[name]
    new = HARD if name != "a docstring" else HARD.replace("\n  An", "\nAn")
    made = changed("team.py", source, new)
    assert [arrives(text) for text in said(made)].count(new) == 1
    assert "# a comment" in made or "# a comment" not in source


@pytest.mark.parametrize("seed", range(20))
def test_any_text_comes_out_of_a_python_literal_as_it_went_in(seed: int) -> None:
    draw = random.Random(seed)
    text = (
        "x" + "".join(draw.choices(["\\", '"', '"""', "'", "\n", "{", "}", "é", "\u2028", "\0", "a", " "], k=60)) + "x"
    )
    made = changed("team.py", f"P = {OLD!r}\nQ = 'other'\n", text)
    assert said(made) == [text, "other"]


@pytest.mark.parametrize("end", ['"', '""', '"""', '""""', '\\"', '\\"""', '\\\\"""', "\\"])
def test_quotes_at_the_end_of_several_lines_are_written(end: str) -> None:
    new = f"One\ntwo{end}"
    assert said(changed("t.py", f"P = {OLD!r}\n", new)) == [new]
    assert said(changed("t.py", f'P = f"{OLD} {{x}}"\n', f"{new} {{value}}", old=f"{OLD} {{value}}")) == [f"{new} "]


def test_a_module_is_read_once_for_all_prompts(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed, parse = list[str](), ast.parse

    def counted(source: str, *given: object, **named: object) -> ast.AST:
        parsed.append(source)
        return parse(source, *given, **named)  # type: ignore[call-overload, no-any-return]

    monkeypatch.setattr(ast, "parse", counted)
    prompts = [f"You are number {number} of the agents of this team." for number in range(9)]
    source = "".join(f"P{number} = {prompt!r}\n" for number, prompt in enumerate(prompts))
    for prompt in prompts:
        assert only_place(find_places("team_read_once.py", source, prompt)).line
    assert parsed.count(source) == 1


def test_prompts_in_other_files_are_replaced_and_nothing_else_is() -> None:
    made = changed("p.json", json.dumps({"a": [OLD, "b"], "é": 1}, indent=2))
    assert json.loads(made) == {"a": [HARD, "b"], "é": 1}
    made = changed("p.yaml", f"# a comment\na:\n  p: {OLD}\n  q: [1, two]\nb: |\n  Other\n  text.\n")
    assert yaml.safe_load(made) == {"a": {"p": HARD, "q": [1, "two"]}, "b": "Other\ntext.\n"}
    assert "# a comment" in made
    made = changed("p.toml", f"[a] # c\np = '{OLD}'\nq = 2\n")
    assert tomllib.loads(made) == {"a": {"p": HARD, "q": 2}}
    assert changed("p.md", f"\n{OLD}\n") == f"\n{HARD}\n"


def test_a_block_of_yaml_stays_a_block() -> None:
    new = "First line.\n\nSecond: line {x}."
    made = changed("p.yaml", f"a:\n  p: |\n    {OLD}\n  q: 1\n", new)
    assert yaml.safe_load(made) == {"a": {"p": f"{new}\n", "q": 1}}
    assert "  p: |\n    First line.\n" in made


def test_a_value_of_yaml_in_one_line_becomes_a_block_where_one_may_stand() -> None:
    new = "First line.\n\nSecond: line {x}."
    for old in (OLD, json.dumps(OLD)):
        made = changed("p.yaml", f"a:\n  p: {old}\n  q: 1\n", new)
        assert made == "a:\n  p: |-\n    First line.\n\n    Second: line {x}.\n  q: 1\n"
        assert yaml.safe_load(changed("p.yaml", f"a:\n- p: {old}\n  q: 1\n", new)) == {"a": [{"p": new, "q": 1}]}
        flow = changed("p.yaml", f"a: {{p: {json.dumps(OLD)}, q: 1}}\n", new)
        assert yaml.safe_load(flow) == {"a": {"p": new, "q": 1}}
    assert changed("p.yaml", f"p: {json.dumps(OLD)}\n", "One line.") == 'p: "One line."\n'


def test_values_keep_the_names_that_the_source_gives_them() -> None:
    old, new = "Today is {value}. Answer {value2}.", "Say {x} when it is {value}: {value2}"
    made = changed("t.py", "P = 'Today is {day}. Answer {q}.'.format(day=d, q=q)\n", new, old, "unknown")
    (text,) = said(made)
    assert text.format(day="Monday", q="why") == "Say {x} when it is Monday: why"


def test_doubled_braces_tell_that_the_literal_is_a_template() -> None:
    old = 'Answer as {"a": 1}, please.'
    made = changed("t.py", "P = 'Answer as {{\"a\": 1}}, please.'\n", 'Use {"b": [2]}.', old, "unknown")
    assert said(made) == ['Use {{"b": [2]}}.']


@pytest.mark.parametrize(
    ("file", "source", "new", "reason"),
    [
        (
            "t.py",
            "P = f'You solve {x} step by step.'",
            "New.",
            "puts {x} into the old prompt, where it said 'the problem'",
        ),
        ("t.py", "P = 'You solve the problem ' + word", "New.", "puts {word} into the old prompt"),
        ("t.py", "P = 'You solve %s step by %s.' % (x, y)", "Step by step.", "values in by their order"),
        ("t.py", "P = f'{a} {b}'", "New.", "nowhere"),
        ("t.py", f"P = {OLD!r}\nQ = {OLD!r}", "New.", "several places"),
        ("t.py", f"P = {OLD!r}", "New {x}.", "--template"),
        ("t.py", f"P = {OLD!r}", "It costs $5.", "--template"),
        ("t.py", "def (", "New.", "nowhere"),
    ],
)
def test_what_cannot_be_done_exactly_is_refused(file: str, source: str, new: str, reason: str) -> None:
    with pytest.raises(CannotWrite, match=reason):
        changed(file, source, new, template="unknown")


AGNO = "from agno.agent import Agent\nA = Agent(instructions='You plan a trip for $$5, step by step.')\n"


@pytest.mark.parametrize("new", ["$$", "Pay $5 for ${x}, $$x^2$$ or $$$.", "{a} \\$ '$'", "Nothing."])
def test_a_prompt_of_agno_arrives_as_it_is_since_its_dollar_signs_are_doubled(new: str) -> None:
    made = changed("team.py", AGNO, new, "You plan a trip for $5, step by step.", "unknown")
    literal = ast.literal_eval(made.partition("instructions=")[2].rpartition(")")[0])
    assert string.Template(literal).safe_substitute() == new


ITEMS = "['You plan a trip for $$5.', 'Step by step.']"
LISTED = f"from agno.agent import Agent\nA = Agent(instructions={ITEMS}, role='x')\n"


def test_a_list_of_instructions_of_agno_is_one_prompt() -> None:
    old = "- You plan a trip for $5.\n- Step by step."
    made = changed("team.py", LISTED, "- You plan it for $6.\n- Slowly, {x}.", old, "unknown")
    assert made == LISTED.replace(ITEMS, '["You plan it for $$6.", "Slowly, {x}."]')
    made = changed("team.py", LISTED, "Plan:\n- a", old, "unknown")
    assert 'instructions=["""\\\nPlan:\n- a"""], role=\'x\'' in made
    only = LISTED.replace(", 'Step by step.'", "")
    assert '["Plan."]' in changed("team.py", only, "Plan.", "You plan a trip for $5.", "unknown")


def as_adk_reads(text: str, state: dict[str, str]) -> str:
    """Do what Google ADK 2.13 does to an instruction, as its documentation and its runs tell: values of its session."""

    def value(found: re.Match[str]) -> str:
        name = found[0].strip("{}").strip()
        prefix, _, rest = name.removesuffix("?").rpartition(":")
        if name.startswith("artifact.") or (prefix in ("", "app", "user", "temp") and rest.isidentifier()):
            return state[name]
        return found[0]

    return re.sub(r"(?<!\$)(?<!\{)(?<!\\)\{+[^{}]*\}+", value, text)


ADK = "from google.adk.agents import Agent\nA = Agent(instruction='You plan a trip to {city}, step by step.')\n"


@pytest.mark.parametrize("seed", range(40))
def test_a_prompt_of_google_adk_arrives_as_it_is_or_is_refused(seed: int) -> None:
    chance = random.Random(seed)
    pieces = [
        "{",
        "}",
        "{{",
        "}}",
        "$",
        "\\",
        "x",
        " ",
        "app:",
        "?",
        "1",
        '"a": 1',
        "{%",
        "\\frac{a}{b}",
        "{value}",
        "\n",
    ]
    for _ in range(60):
        new = "Plan " + "".join(chance.choices(pieces, k=chance.randint(1, 6))) + " {value} end."
        try:
            made = changed("team.py", ADK, new, "You plan a trip to {value}, step by step.", "unknown")
        except CannotWrite:
            continue
        (literal,) = [text for text in said(made) if text.startswith("Plan")]
        assert as_adk_reads(literal, {"city": "Rome"}) == new.replace("{value}", "Rome")


def test_what_google_adk_would_look_up_is_refused_and_other_braces_are_not() -> None:
    plain = ADK.replace("{city}", "Rome")
    old = "You plan a trip to Rome, step by step."
    for new in (
        "Give {answer}.",
        "Give {{answer}}.",
        r"Write \frac{a}{b}.",
        "Give {artifact.notes}.",
        "Give {app:x?}.",
    ):
        with pytest.raises(CannotWrite, match="Google ADK"):
            changed("team.py", plain, new, old, "unknown")
    for new in ('Give {"a": 1} and {}.', "Give ${x}.", "Give {a b} or {% raw %}."):
        assert new in said(changed("team.py", plain, new, old, "unknown"))


def as_crewai_reads(text: str, inputs: dict[str, str]) -> str:
    """Do what CrewAI 1.15 does to role, goal and backstory, as its runs tell: names in single braces are inputs."""
    return re.sub(r"\{([A-Za-z_][A-Za-z0-9_-]*)\}", lambda found: inputs[found[1]], text)


CREW = (
    "from crewai import Agent\nA = Agent(role='Guide', goal='You plan a trip to {city}, step by step.', backstory='')\n"
)
CREW_FILE = """
guide:
  role: Guide
  goal: >
    You plan a trip to {city},
    step by step.
  backstory: You read slowly.
"""


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize(("file", "source"), [("crew.py", CREW), ("agents.yaml", CREW_FILE)])
def test_a_goal_of_crewai_arrives_as_it_is_or_is_refused(seed: int, file: str, source: str) -> None:
    chance, written = random.Random(seed), 0
    pieces = [
        "{",
        "}",
        "{{",
        "}}",
        "$",
        "\\",
        "x",
        " ",
        "-",
        "1",
        '"a": 1',
        "{%",
        "\\frac{a}{b}",
        "{value}",
        "'",
        '"',
        "\n",
    ]
    for _ in range(60):
        new = "Plan " + "".join(chance.choices(pieces, k=chance.randint(1, 6))) + " {value} end."
        try:
            made = changed(file, source, new, "You plan a trip to {value}, step by step.", "unknown")
        except CannotWrite:
            continue
        texts = said(made) if file.endswith(".py") else [yaml.safe_load(made)["guide"]["goal"]]
        (literal,) = [text for text in texts if text.startswith("Plan")]
        assert as_crewai_reads(literal, {"city": "Rome"}).strip() == new.replace("{value}", "Rome")
        written += 1
    assert written


def test_what_crewai_would_fill_in_is_refused_and_other_braces_are_not() -> None:
    old = "You plan a trip to {value}, step by step."
    for new in ("Give {answer} to {value}.", "Ask {role} for {value}.", r"Write \frac{a}{b} on {value}."):
        with pytest.raises(CannotWrite, match="CrewAI"):
            changed("agents.yaml", CREW_FILE, new, old, "unknown")
    for new in ('Give {"a": 1} and {} to {value}.', "Give ${1} {% if %} of {value}."):
        made = yaml.safe_load(changed("agents.yaml", CREW_FILE, new, old, "unknown"))
        assert made["guide"]["goal"].strip() == new.replace("{value}", "{city}")


def at(source: str, new: str, old: str = OLD, file: str = "t.py") -> str:
    return changed(file, source, new, old, "unknown")


SAID = 'Give {"a": {{x}}} for $5.'


@pytest.mark.parametrize(
    ("source", "arrives"),
    [
        ("from agents import Agent\na = Agent(name='a', instructions={})\n", SAID),
        (
            "from agents import Agent\ndef told(ctx, agent):\n    return {}\na = Agent(name='a', instructions=told)\n",
            SAID,
        ),
        ("def told(row):\n    return {}\nm = [{{'role': 'system', 'content': told(row)}}]\n", SAID),
        ("from pydantic_ai import Agent\na = Agent('m', system_prompt={}.strip())\n", SAID),
        ("from langgraph.prebuilt import create_react_agent\nP = {}\na = create_react_agent(m, [], prompt=P)\n", SAID),
        ("m = [{{'role': 'system', 'content': {}}}, {{'role': 'user', 'content': q}}]\n", SAID),
        ("from langchain_core.messages import SystemMessage\na = SystemMessage(content={})\n", SAID),
        (
            "from langchain_core.prompts import ChatPromptTemplate\n"
            "a = ChatPromptTemplate.from_messages([('system', {})])\n",
            SAID.replace("{", "{{").replace("}", "}}"),
        ),
        (
            "from langchain_openai import ChatOpenAI\na = llm.invoke({{'messages': [('system', {}), ('user', q)]}})\n",
            SAID,
        ),
        (
            "from haystack.components.agents import Agent\na = Agent(system_prompt={})\n",
            f"{{% raw %}}{SAID}{{% endraw %}}",
        ),
        ("import jinja2\nP = {}\nT = jinja2.Template(P)\n", f"{{% raw %}}{SAID}{{% endraw %}}"),
    ],
)
def test_what_is_given_to_a_framework_tells_how_it_is_read(source: str, arrives: str) -> None:
    assert arrives in said(at(source.format(repr(OLD)), SAID))


def test_a_module_tells_how_a_text_of_another_is_read() -> None:
    prompts = f"SOLVER = {OLD!r}\n"
    with pytest.raises(CannotWrite, match="--template"):
        at(prompts, SAID)
    for use, arrives in (
        ("import prompts\na = prompts.SOLVER.format(x=1)\n", SAID.replace("{", "{{").replace("}", "}}")),
        ("from agents import Agent\nfrom prompts import SOLVER\na = Agent(name='a', instructions=SOLVER)\n", SAID),
    ):
        told = languages_of_names({"prompts.py": prompts, "team.py": use})
        made = rewritten(prompts, only_place(find_places("prompts.py", prompts, OLD, told)), OLD, SAID)
        assert said(made) == [arrives]


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("p.yaml", f"writer:\n  system: {OLD}\n"),
        ("p.yml", f"prompts:\n  writer: {{system: '{OLD}'}}\n"),
        ("p.json", json.dumps({"writer": {"system": OLD}})),
    ],
)
@pytest.mark.parametrize(
    ("use", "arrives"),
    [
        ("m = {'role': 'system', 'content': PROMPTS['writer']['system']}\n", SAID),
        ("p = PROMPTS.get('writer').get('system')\nm = p.format(x=1)\n", SAID.replace("{", "{{").replace("}", "}}")),
    ],
)
def test_a_module_tells_how_what_it_takes_out_of_a_file_is_read(file: str, source: str, use: str, arrives: str) -> None:
    if file == "p.json":  # only the last key of it is known
        use = use.replace("['writer']", "").replace(".get('writer')", "")
    told = languages_of_names({"team.py": use, file: source})
    made = rewritten(source, only_place(find_places(file, source, OLD, told)), OLD, SAID)
    assert arrives in json.dumps(yaml.safe_load(made), ensure_ascii=False).replace('\\"', '"')


def test_values_that_cover_several_places_keep_what_is_between_them() -> None:
    source = "P = f'Name: {name}\\nAge: {row[1]}\\nNow plan their trip, step by step.'\n"
    made = at(source, "Plan it for {value}.", "Name: {value}\nNow plan their trip, step by step.")
    assert made == 'P = f"""\\\nPlan it for {name}\nAge: {row[1]}."""\n'


def test_constants_of_a_prompt_stay_where_the_new_one_says_them() -> None:
    source = (
        "ROLE = 'You are a careful planner.'\nRULES = 'Keep it short.'\n"
        "P = f'{ROLE}\\n{RULES} Step by step for {city}.'.strip()\n"
    )
    made = at(
        source,
        "You are a careful planner.\nPlan {value}.",
        "You are a careful planner.\nKeep it short. Step by step for {value}.",
    )
    assert "{ROLE}" in made and "{RULES}" not in made.partition("P = ")[2]
    names: dict[str, str] = {"city": "Rome"}
    exec(compile(made, "t.py", "exec"), names)
    assert names["P"] == "You are a careful planner.\nPlan Rome."


@pytest.mark.parametrize(
    ("source", "new"),
    [
        ("P = 'Plan the trip of %s to %s, step by step.' % (a, b)", "To {value2} goes {value}."),
        ("P = 'Plan the trip of {} to {!r}, step by step.'.format(a, b)", "To {value2} goes {value}."),
        ("P = 'Plan the trip of %s to %s, step by step.' % (a, b)", "{value} goes to {value2}, says {value}."),
    ],
)
def test_values_that_are_told_apart_by_their_order_keep_it(source: str, new: str) -> None:
    old = "Plan the trip of {value} to {value2}, step by step."
    with pytest.raises(CannotWrite, match="order"):
        at(source, new, old)
    assert at(source, "{value} goes to {value2}.", old)


def test_a_jinja_block_stays_whole_or_is_refused() -> None:
    source, old = (
        "Plan a trip{% if city %} to {{ city }}{% endif %}, step by step.\n",
        "Plan a trip to {value}, step by step.",
    )
    made = at(source, "Plan it to {value} as {{x}}.", old, "p.j2")
    assert made == "Plan it{% if city %} to {{ city }}{% endif %}{% raw %} as {{x}}.{% endraw %}\n"
    with pytest.raises(CannotWrite, match="puts"):
        at(source, "Plan it for {value}.", old, "p.j2")


def test_a_text_with_a_name_in_it_does_not_say_whatever_stands_around_it() -> None:
    old = 'Answer in JSON, such as {"status": "unknown"}.'
    new = 'Answer in JSON, such as {"status": "unknown"}.\nKeep it short, and end with a full stop.'
    source = json.dumps({"prompt": old})
    assert find_places("p.json", source, old) and not find_places("p.json", source, new)
    described = f"app: {{run: 'a:b'}}\nagents: {{one: {{prompt: {json.dumps(old)}}}}}\n"
    assert place_of_agent("system.yaml", described, "one", old) is not None
    assert place_of_agent("system.yaml", described, "one", new) is None


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("team.tsx", f'const team = <Agent tools={{[{{}}]}} name="x" instructions="{OLD}" />\n'),
        ("team.ts", f"const prompt = dedent `{OLD}`\n"),
    ],
)
def test_what_javascript_reads_in_a_way_of_its_own_is_no_place_of_a_prompt(file: str, source: str) -> None:
    old = " ".join(OLD.split())
    assert find_places(file, source.replace(OLD, old), old) == []
    assert len(find_places("team.tsx", f'const prompt="{old}"; const a = <br />\n', old)) == 1
    assert len(find_places("team.ts", f"function plan() {{ return `{old}` }}\n", old)) == 1


def test_a_parameter_says_more_than_the_constant_that_is_called_like_it() -> None:
    source = 'place = "Rome"\ndef plan(place):\n    return f"You plan a trip to {place}, step by step."\n'
    with pytest.raises(CannotWrite, match="does not say that"):
        changed("t.py", source, "You plan a trip.", "You plan a trip to Rome, step by step.")


@pytest.mark.parametrize("source", ["- " * 20_000, f"x = {'a + ' * 900}'b'\n"])
def test_a_module_that_nests_deeper_than_python_reads_is_passed_over(source: str) -> None:
    assert list(texts_in("t.py", source)) == []


def test_a_long_row_of_texts_is_one_text() -> None:
    source = "x = a + b + " + " + ".join(["'ab'"] * 200)
    assert list(texts_in("t.py", source)) == [mark(0) + "ab" * 200]


def test_a_block_that_says_words_behind_others_is_kept_where_the_new_prompt_says_them() -> None:
    source = "You check answers{% if strict %} very strictly{% endif %}, step by step.\n"
    made = at(source, "Check answers very strictly.", "You check answers very strictly, step by step.", "p.j2")
    assert made == "Check answers{% if strict %} very strictly{% endif %}.\n"

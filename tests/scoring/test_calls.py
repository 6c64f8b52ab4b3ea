"""Calls in outputs: which they are, and whether they are those expected."""

from __future__ import annotations

import json

import pytest

from maspo.scoring.base import Sample, Score
from maspo.scoring.calls_written import calls_in
from maspo.scoring.registry import scorer_of

AREA = json.dumps({"geo.area": {"base": [10], "height": [5, 5.5], "unit": ["cm", ""]}})
CITY = json.dumps({"weather": {"city": ["New York, NY", "NYC"]}})


async def scored(output: str, *tests: str, answer: str | None = None) -> Score:
    (score,) = await scorer_of("calls").score([Sample("1", output, answer, tests=tests)])
    return score


@pytest.mark.parametrize(
    "output",
    [
        '[geo.area(base=10, height=5), weather(city="new york ny")]',
        "I think.\n```python\n[weather(city='NYC'), geo.area(base=10, height=5.5, unit='CM')]\n```",
        'First:\ngeo.area(base=10, height=5)\nweather(city="NYC")\nThat is all.',
        '[{"name": "weather", "arguments": {"city": "NYC"}}, '
        '{"name": "geo.area", "parameters": {"base": 10, "height": 5}}]',
        '```json\n[{"geo.area": {"base": 10, "height": 5}}, {"weather": {"city": "NYC"}}]\n```',
        '{"tool_calls": [{"type": "function", "function": {"name": "weather", "arguments": "{\\"city\\": \\"NYC\\"}"}},'
        ' {"function": {"name": "geo.area", "arguments": {"base": 10.0, "height": 5}}}]}',
        '<tool_call>\n{"name": "weather", "arguments": {"city": "NYC"}}\n</tool_call>\n<tool_call>{"name": "geo.area",'
        ' "arguments": {"base": 10, "height": 5}}</tool_call>',
        "<think>[weather(city='Rome')]</think>[weather(city='NYC'), geo.area(base=10, height=5)]",
        'Not geo.area(base=1, height=1) alone, so: [geo.area(base=10, height=5), weather(city="NYC")].',
    ],
)
async def test_k01_calls_are_read_as_models_write_them(output: str) -> None:
    score = await scored(output, AREA, CITY)
    assert (score.outcome, score.why) == ("correct", "")


@pytest.mark.parametrize(
    ("output", "why"),
    [
        ("geo.area(base=10, height=5)", "1 calls, where 2 are expected"),
        ("[geo.area(base=11, height=5), weather(city='NYC')]", "base is 11"),
        ("[geo.area(base='10', height=5), weather(city='NYC')]", "base is '10'"),
        ("[geo.area(base=True, height=5), weather(city='NYC')]", "base is True"),
        ("[geo.area(base=10), weather(city='NYC')]", "height is missing"),
        ("[geo.area(base=10, height=5, depth=1), weather(city='NYC')]", "no parameter depth"),
        ("[weather(city='NYC'), weather(city='NYC')]", "weather is called, where geo.area is expected"),
        ("[geo.area(base=10, height=5), geo.area(base=10, height=5)]", "geo.area is called"),
        ("[geo.area(base=10, height=5), forecast(city='NYC')]", "forecast is called"),
    ],
)
async def test_k02_what_is_wrong_with_a_call_is_told(output: str, why: str) -> None:
    score = await scored(output, AREA, CITY)
    assert score.outcome == "wrong" and why in score.why


@pytest.mark.parametrize("output", ["", "I would look it up.", "f(", "{}", "[]", "print hello", "x = 3", "[1, 2]"])
async def test_k03_without_a_call_nothing_was_read(output: str) -> None:
    assert (await scored(output, AREA)).outcome == "unread"


async def test_k04_each_expected_call_finds_one_of_its_own_whatever_the_order() -> None:
    tests = ['{"f": {"x": [1, 2]}}', '{"f": {"x": [1]}}']
    assert (await scored("[f(x=1), f(x=2)]", *tests)).correct
    assert (await scored("[f(x=2), f(x=1)]", *tests)).correct
    assert not (await scored("[f(x=2), f(x=2)]", *tests)).correct


async def test_k05_a_label_may_be_a_call_as_it_is_written() -> None:
    label = '[{"name": "f", "arguments": {"ids": [1, 2], "by": {"name": "x", "asc": true}}}]'
    assert (await scored('f(ids=[1, 2], by={"name": "X", "asc": true})', answer=label)).correct
    assert not (await scored("f(ids=1, by={'name': 'x', 'asc': True})", answer=label)).correct
    assert not (await scored("f(ids=[1, 2], by={'name': 'x'})", answer=label)).correct
    assert (await scored("[f(ids=[1, 2])]", answer="f(ids=[1, 2])")).correct


@pytest.mark.parametrize("label", [None, "12", '{"f": 3}', '{"f": {"x": 3}}', "f(", '[{"a": {}, "b": {}}]'])
async def test_k06_a_label_that_is_no_call_is_a_fault_of_the_sample(label: str | None) -> None:
    score = await scored("f(x=3)", answer=label)
    assert score.outcome == "failed" and score.why


@pytest.mark.parametrize(
    "output",
    [
        "f(" * 100_000,
        "f(x=" + "[" * 50_000,
        "[" * 100_000,
        "f(x='" + "\\" * 99_999,
        "f(x=1) " * 20_000,
        "<tool_call>" * 9_999,
        f"<tool_call>{' ' * 40_000}x",
        "<function=f>" * 9_999,
        "<function=f>" + "<parameter=x>" * 9_999,
        "[TOOL_CALLS]f[ARGS]{" * 9_999,
        "<｜tool▁call▁begin｜>f<｜tool▁sep｜>" * 9_999,
        "<tool_call>f\n<arg_key>" * 9_999,
        "\nAction: f\nAction Input: {" * 9_999,
        " to=f" * 9_999,
    ],
)
def test_k07_no_text_is_too_deep_or_too_long(output: str) -> None:
    assert calls_in(output) is None or len(calls_in(output) or []) > 0


@pytest.mark.parametrize("value", ["0x" + "f" * 9_999, "-0b" + "1" * 19_000, "{1, 0x" + "f" * 9_999 + "}"])
async def test_k09_a_number_of_more_digits_than_can_be_written_is_none(value: str) -> None:
    assert (await scored(f"f(x={value})", '{"f": {"x": [1]}}')).outcome == "unread"


@pytest.mark.parametrize("output", ["f(x=g(1))", "f(*[1])", "f(**{'x': 1})", "f(x=y)", "(lambda x: x)(x=1)", "f(1)"])
async def test_k08_only_literal_arguments_by_name_are_read(output: str) -> None:
    assert (await scored(output, '{"f": {"x": [1]}}')).outcome == "unread"


@pytest.mark.parametrize(
    "output",
    [
        '<function=f>{"x": 5, "s": "5"}</function>',
        "<tool_call>\n<function=f>\n<parameter=x>\n5\n</parameter>\n<parameter=s>\n5\n</parameter>\n</function>\n"
        "</tool_call>",
        '<minimax:tool_call>\n<invoke name="f"><parameter name="x">5</parameter><parameter name="s">5</parameter>'
        "</invoke></minimax:tool_call>",
        "<tool_call>f\n<arg_key>x</arg_key>\n<arg_value>5</arg_value>\n<arg_key>s</arg_key>\n<arg_value>5</arg_value>\n"
        "</tool_call>",
        "<|tool_calls_section_begin|><|tool_call_begin|>functions.f:0<|tool_call_argument_begin|>"
        '{"x": 5, "s": "5"}<|tool_call_end|><|tool_calls_section_end|>',
        'functions.f:0{"x": 5, "s": "5"}',
        "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>f\n"
        '```json\n{"x": 5, "s": "5"}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
        '<｜tool▁call▁begin｜>f<｜tool▁sep｜>{"x": 5, "s": "5"}<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
        "<|channel|>analysis<|message|>f it is.<|end|><|start|>assistant<|channel|>commentary to=functions.f "
        '<|constrain|>json<|message|>{"x": 5, "s": "5"}<|call|>',
        '<|start|>assistant to=functions.f<|channel|>commentary json<|message|>{"x": 5, "s": "5"}<|call|>',
        '[TOOL_CALLS]f[ARGS]{"x": 5, "s": "5"}',
        '[TOOL_CALLS][{"name": "f", "arguments": {"x": 5, "s": "5"}}]',
        'Thought: f.\nAction: f\nAction Input: {"x": 5, "s": "5"}',
        '{"tool": "f", "args": {"x": 5, "s": "5"}}',
        '{"action": "f", "action_input": {"x": 5, "s": "5"}}',
        'f({"x": 5, "s": "5"})',
        "```tool_code\nprint(default_api.f(x=5, s='5'))\n```",
    ],
)
async def test_k10_calls_in_the_words_of_any_template_are_read(output: str) -> None:
    assert (await scored(output, '{"f": {"x": [5], "s": ["5"]}}')).outcome == "correct"
    assert (await scored(output, '{"f": {"x": [6], "s": ["5"]}}')).outcome == "wrong"
    assert (await scored(f"<think>{output}</think>", '{"f": {"x": [5], "s": ["5"]}}')).outcome == "unread"


@pytest.mark.parametrize(
    "output",
    ["def f(x=1):\n    return x", "Do not call f(x=1).", "I would never use `f(x=1)`.", "You shouldn't call f(x=1)."],
)
async def test_k11_a_function_that_is_defined_or_not_to_be_called_is_no_call(output: str) -> None:
    assert (await scored(output, '{"f": {"x": [1]}}')).outcome == "unread"
    assert (await scored(f"{output}\nRather:\nf(x=2)", '{"f": {"x": [2]}}')).correct

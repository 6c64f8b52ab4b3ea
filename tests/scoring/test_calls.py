"""Calls in outputs: which they are, and whether they are those expected."""

from __future__ import annotations

import json

import pytest

from maspo.scoring.base import Sample, Score
from maspo.scoring.calls import calls_in
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

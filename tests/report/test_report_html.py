"""The page: complete at any moment, and text of models never acts in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maspo.events import (
    AgentInfluence,
    CaseShown,
    EdgeInfluence,
    Effect,
    Event,
    InfluenceMeasured,
    LevelAgreement,
    PromptChanged,
    RunFinished,
    RunStarted,
    StepStarted,
    Usage,
)
from maspo.report.fold import fold
from maspo.report.html import render
from maspo.report.markup import ATTRIBUTES, TAGS
from maspo.report.visible import visible

ATTACKS = (
    "<script>alert(1)</script>",
    "</pre></details><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "' autofocus onfocus='alert(1)",
    "</style><style>*{display:none}</style>",
    "<svg/onload=alert(1)>",
    "javascript:alert(1)",
    "<!-- --><![CDATA[ ]]>",
    "&lt;script&gt;",
    "\x00\x1b]0;title\x07\u202e\ud800",
)
_TEXTS = st.sampled_from(ATTACKS) | st.text(st.characters(), max_size=40)


class _Page(HTMLParser):
    """What a browser would find in the page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: set[str] = set()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.ids: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)
        self.links.update(value or "" for name, value in attrs if name in ("href", "src"))
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    @property
    def text(self) -> str:
        return "".join(self.texts)


def _check(page: str) -> _Page:
    page.encode("utf-8")
    found = _Page(page)
    assert found.open == []
    assert found.tags <= TAGS
    assert found.attributes <= {name.lower() for name in ATTRIBUTES}
    assert not any(name.startswith("on") or name in ("src", "style") for name in found.attributes)
    assert all(link.startswith("#") for link in found.links)
    assert {link.removeprefix("#") for link in found.links} == set(found.ids)
    return found


def _poisoned(event: Event, text: str) -> Event:
    """Return the event with ``text`` in every text field that a model, a user or an endpoint can write."""
    known = {"kind", "step", "verdict", "shipped", "agent"}
    doubled = {"winners", "candidate_prompt", "candidate_outputs"}
    changes: dict[str, Any] = {}
    for field in fields(event):
        value = getattr(event, field.name)
        poison = text * 2 if field.name in doubled else text
        if isinstance(value, str) and field.name not in known:
            changes[field.name] = poison
        if isinstance(value, Mapping) and field.name not in ("reads", "usage"):
            changes[field.name] = dict.fromkeys(value, poison)
    return replace(event, **changes)


@settings(max_examples=40, deadline=None)
@given(text=_TEXTS)
def test_i01_text_of_models_never_acts(whole_run: list[Event], text: str) -> None:
    page = render(fold([_poisoned(event, text) for event in whole_run]))
    found = _check(page)
    assert "script" not in found.tags and "img" not in found.tags
    if text.strip():
        assert visible(text) in found.text


@pytest.mark.parametrize("name", ATTACKS)
def test_i02_names_never_act(whole_run: list[Event], name: str) -> None:
    start = next(event for event in whole_run if isinstance(event, RunStarted))
    end = next(event for event in whole_run if isinstance(event, RunFinished))
    events: list[Event] = [
        replace(start, agents=(name,), reads={name: (name,)}, seed_prompts={name: "a"}, notes=(name,)),
        StepStarted(name, name, 1, 1, 1, 1),
        PromptChanged(name, name, "a", name, name),
        CaseShown(name, name, name, name, name, {name: name}, {name: name}, (name, "global"), name),
        InfluenceMeasured(
            (AgentInfluence(name, Effect()),), (EdgeInfluence(name, name, 0, 0, 0, LevelAgreement(), Effect()),), name
        ),
        replace(end, usage={name: Usage(1)}, winners={name: "b"}, prompts={name: "b"}, why=name),
    ]
    assert visible(name) in _check(render(fold(events))).text


def test_i03_the_page_needs_nothing_from_elsewhere(whole_run: list[Event]) -> None:
    page = render(fold(whole_run))
    assert "default-src 'none'" in page.replace("&#x27;", "'")
    assert not any(word in page for word in ("http://", "https://", "url(", "@import", "<script", "<link"))


def test_i04_every_moment_of_a_run_has_a_page(whole_run: list[Event]) -> None:
    for end in [*range(0, 12), *range(12, len(whole_run), 40)]:
        _check(render(fold(whole_run[:end])))


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_i05_any_events_in_any_order_have_a_page(whole_run: list[Event], data: st.DataObject) -> None:
    _check(render(fold(data.draw(st.lists(st.sampled_from(whole_run), max_size=12)))))


def test_i06_the_verdict_is_in_plain_words(
    whole_run: list[Event], real_run: list[Event], worse_run: list[Event], cannot_tell_run: list[Event]
) -> None:
    improved = _Page(render(fold(whole_run))).text
    assert "The new prompts are preferred by the judge. They are shipped." in improved
    assert "Simulated world: no language model was asked." in improved
    assert "51.2% with the seed prompts, 76.4% with the shipped prompts" in improved
    assert "p = 0.012" in improved and "+4.0% to +38.5%" in improved
    real = _Page(render(fold(real_run))).text
    assert "No evidence that the new prompts are better. The seed prompts are shipped." in real
    assert "Simulated world" not in real
    assert "--max-usd 5" in real
    assert "more losses than wins" in _Page(render(fold(worse_run))).text
    assert "About 240 hold-out inputs would be needed; there were 60." in _Page(render(fold(cannot_tell_run))).text


def test_i07_the_parts_come_in_order(whole_run: list[Event]) -> None:
    ids = _Page(render(fold(whole_run))).ids
    assert ids == ["verdict", "team", "prompts", "search", "influence", "cases", "rejected", "cost", "settings"]


def test_i08_an_unknown_price_is_never_zero(real_run: list[Event]) -> None:
    text = _Page(render(fold(real_run))).text
    assert "unknown" in text.split("judge.lookahead")[1][:60]
    assert "Money is unknown" in text


def test_i09_at_most_twenty_cases_newest_first(whole_run: list[Event]) -> None:
    page = render(fold(whole_run))
    assert page.count("With the candidate prompt") == 20 * 3
    assert "Not shown: 15 older cases." in page
    last = [event for event in whole_run if isinstance(event, CaseShown)][-1]
    assert page.index(f"on input {last.input_key}") == page.index("on input ")


def test_i15_the_newest_cases_are_those_of_the_latest_steps_whenever_they_were_recorded(whole_run: list[Event]) -> None:
    old, new = (next(event for event in whole_run if isinstance(event, CaseShown)) for _ in range(2))
    steps = [event for event in whole_run if isinstance(event, StepStarted)]
    shown = [replace(new, step=steps[9].step, label="new"), *[replace(old, step=steps[0].step, label="old")] * 20]
    page = render(fold([*steps, *shown]))
    assert page.index("on input new") < page.index("on input old")
    assert "Not shown: 1 older case." in page


def _large_run(start: RunStarted, agents: int) -> list[Event]:
    names = tuple(f"agent_{index}" for index in range(agents))
    prompt = "Solve it step by step. " * 250
    events: list[Event] = [
        replace(
            start,
            agents=names,
            reads=dict(zip(names, [(), *((name,) for name in names[:-1])], strict=True)),
            seed_prompts=dict.fromkeys(names, prompt),
        )
    ]
    for name in names:
        for generation in range(1, 10):
            step = f"{name}.{generation}"
            events.append(StepStarted(step, name, 1, generation, 1, 9))
        events.append(PromptChanged(step, name, prompt, prompt + "Check it.", "won"))
    outputs = dict.fromkeys(names, "An output. " * 1000)
    events += [
        CaseShown(names[0], f"{number}", "in", prompt, prompt, outputs, outputs, names[1:], step)
        for number in range(30)
    ]
    return events


def test_i10_three_hundred_agents_do_not_break_the_page(whole_run: list[Event]) -> None:
    start = next(event for event in whole_run if isinstance(event, RunStarted))
    page = render(fold(_large_run(start, 300)))
    text = _check(page).text
    assert len(page) < 5_000_000
    assert "Not shown: 292 more agents." in text
    assert "and 287 more did not improve" in text
    assert "288 agents are not drawn" in text
    assert "Not shown: 240 more changed prompts." in text
    assert "Not shown: 2,500 earlier steps." in text
    assert "agent_299" in text


def test_i11_a_cycle_in_the_events_does_not_hang_the_graph(whole_run: list[Event]) -> None:
    start = next(event for event in whole_run if isinstance(event, RunStarted))
    reads = {"algebra": ("critic",), "critic": ("algebra", "nobody")}
    assert "algebra reads critic" in render(fold([replace(start, reads=reads)]))


def _section(page: str, name: str) -> str:
    return _Page(page.partition(f'<section id="{name}">')[2].partition("</section>")[0]).text


def test_i12_who_matters_comes_with_intervals_and_the_hint(whole_run: list[Event]) -> None:
    text = _section(render(fold(whole_run)), "influence")
    assert "Hint: aggregator reads numbers, but the final answer hardly depends on it" in text
    assert text.index("aggregator55.0% (42.5% to 66.9%)") < text.index("algebra35.0% (22.1% to 50.5%)")
    assert "Not measured, because no rewrite was tried without those of other agents: critic." in text
    assert "aggregator ← algebra9 / 4 / 28 of 1130.0% (18.1% to 45.4%)" in text
    assert "aggregator ← geometry1 / 0 / 0–not measured" in text
    assert "search's estimate" in text


def test_i13_a_search_that_measures_no_influence_says_so(
    real_run: list[Event], interrupted_run: list[Event], whole_run: list[Event]
) -> None:
    assert "Not measured by this search." in _section(render(fold(real_run)), "influence")
    assert "Known when the search has ended." in _section(render(fold(interrupted_run)), "influence")
    start = next(event for event in whole_run if isinstance(event, RunStarted))
    assert "hint" not in _section(render(fold([start, InfluenceMeasured((), ())])), "influence").lower()


def test_i14_influence_of_a_large_team_is_cut(whole_run: list[Event]) -> None:
    start = next(event for event in whole_run if isinstance(event, RunStarted))
    names = [f"agent_{index}" for index in range(300)]
    effect = Effect(10, 5, 3, 2, (0.2, 0.8))
    agents = tuple(AgentInfluence(name, effect) for name in names)
    edges = tuple(EdgeInfluence(name, "x", 1, 1, 1, LevelAgreement(1, 1), effect) for name in names)
    text = _section(render(fold([*_large_run(start, 300), InfluenceMeasured(agents, edges)])), "influence")
    assert "Not shown: 200 more agents." in text
    assert "Not shown: 200 more edges." in text

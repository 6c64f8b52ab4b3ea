"""Promise 12: braces are text; only declared placeholders are replaced, once, and an accepted rewrite keeps them."""

from __future__ import annotations

import random

from maspo.proposers.drafts import Rules, checked
from maspo.proposers.passages import Passages
from maspo.team.template import placeholders, render
from tests.lengths import length

KNOWN = ("input", "context", "question", "solver")
PIECES = (
    *(
        "{x.__class__}",
        "{0}",
        "{}",
        "{input!r:>9999999}",
        "{input.__init__.__globals__}",
        "{input[0]}",
        "{INPUT}",
        "{ input }",
    ),
    *(
        "{{",
        "}}",
        "{",
        "}",
        "{{input}}",
        "{{{input}}}",
        "{in{input}put}",
        "{\ninput}",
        "%s",
        "%(input)s",
        "${input}",
        "$input",
    ),
    *(
        "\\boxed{x}",
        "\\frac{1}{2}",
        "\\begin{align}",
        '{"a": {"input": 1}}',
        '{"input"}',
        "f'{input}'",
        "\\{input\\}",
        "<{input}>",
    ),
    *(
        "{input}",
        "{context}",
        "{question}",
        "{solver}",
        "{unknown}",
        " ",
        "\n",
        "text",
        "\x00",
        "\ud800",
        "{{0}}",
        "{input:}",
    ),
)
VALUES = (*PIECES, "a value", "", "{input}{context}", "\\1\\g<0>", "\\", "{" * 50)


def expected(prompt: str, values: dict[str, str]) -> str:
    """Fill by scanning from left to right: a second opinion, written without patterns."""
    filled, place = "", 0
    while place < len(prompt):
        name = next((one for one in values if prompt.startswith(f"{{{one}}}", place)), None)
        filled += prompt[place] if name is None else values[name]
        place += 1 if name is None else len(name) + 2
    return filled


def test_t01_only_declared_placeholders_are_filled_and_only_once() -> None:
    draw = random.Random(12)
    for _ in range(length(10_000, 100_000)):
        prompt = "".join(draw.choice(PIECES) for _ in range(draw.randrange(10)))
        values = {name: draw.choice(VALUES) for name in KNOWN[: draw.randrange(5)]}
        assert render(prompt, values) == expected(prompt, values)
        assert render(prompt, {}) == prompt
        found = placeholders(prompt, values)
        assert found == {name for name in values if f"{{{name}}}" in prompt}


def test_t02_an_accepted_rewrite_has_exactly_the_placeholders_of_the_seed_prompt() -> None:
    draw = random.Random(13)
    accepted = 0
    for _ in range(length(10_000, 100_000)):
        seed = "Seed. " + "".join(draw.choice(PIECES[-12:]) for _ in range(draw.randrange(4)))
        draft = "Draft. " + "".join(draw.choice(PIECES) for _ in range(draw.randrange(6)))
        if draw.random() < 0.5:
            draft += "".join(f"{{{name}}}" for name in placeholders(seed, KNOWN))
        rules = Rules(seed, lambda prompt: placeholders(prompt, KNOWN), (), 9999)
        if checked(draft, seed, rules, Passages(())).rejected:
            continue
        accepted += 1
        wanted = {name for name in KNOWN if f"{{{name}}}" in seed}
        assert wanted == {name for name in KNOWN if f"{{{name}}}" in draft}
        marked = render(draft, {name: f"<<{name}>>" for name in KNOWN})
        assert all(f"<<{name}>>" in marked for name in wanted)
    assert accepted > 1000, "the test must accept some"


def test_t03_a_wide_format_costs_nothing() -> None:
    assert len(render("{input!r:>9999999}" * 1000 + "{" * 10**6, {"input": "x"})) < 1_100_000

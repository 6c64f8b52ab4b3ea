r"""The math scorer: hand-checked pairs, answers as models write them, real golds, hostile answers."""

from __future__ import annotations

import json
import os
import time
from collections.abc import AsyncIterator
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maspo.scoring.base import Sample, Score
from maspo.scoring.limits import Limits
from maspo.scoring.marked import boxes
from maspo.scoring.mathematics import scorer as mathematics
from maspo.scoring.mathematics.calculator import formula
from maspo.scoring.mathematics.equality import Same, same
from maspo.scoring.mathematics.forms import form_of
from maspo.scoring.mathematics.reading import read_math
from maspo.scoring.mathematics.scorer import MathScorer
from maspo.scoring.mathematics.spelling import compact, spelled
from tests.lengths import length
from tests.scoring.real_rows import rows

CASES = [
    json.loads(line) for line in (Path(__file__).parent / "math_cases.jsonl").read_text(encoding="utf-8").splitlines()
]


@pytest.fixture
async def scorer() -> AsyncIterator[MathScorer]:
    made = MathScorer()
    yield made
    made.close()


async def outcomes(scorer: MathScorer, pairs: list[tuple[str, str]]) -> list[Score]:
    samples = [Sample(str(place), output, label) for place, (output, label) in enumerate(pairs)]
    scores = list(await scorer.score(samples))
    assert [score.id for score in scores] == [sample.id for sample in samples]
    return scores


async def test_m01_hand_checked_pairs_both_ways(scorer: MathScorer) -> None:
    assert len(CASES) >= 300
    assert 0.25 <= sum(not case["same"] for case in CASES) / len(CASES) <= 0.45
    for one, other in (("a", "b"), ("b", "a")):
        scores = await outcomes(scorer, [(rf"\boxed{{{case[one]}}}", case[other]) for case in CASES])
        missed = [
            (case, score)
            for case, score in zip(CASES, scores, strict=True)
            if (score.outcome == "correct") != case["same"]
        ]
        assert len(missed) <= 0.02 * len(CASES), missed
        assert not [score for score in scores if score.why], "nothing took too long, nothing was left undecided"


def test_m02_plain_comparison_decides_nearly_all_without_computer_algebra() -> None:
    found = [(same(case["a"], case["b"]), case) for case in CASES]
    assert sum(result is Same.UNSURE for result, _ in found) <= 0.05 * len(found)
    wrong = [case for result, case in found if result is not Same.UNSURE and (result is Same.YES) != case["same"]]
    assert len(wrong) <= 0.02 * len(found), wrong


@pytest.mark.parametrize(
    ("output", "answer"),
    [
        (r"so \boxed{\frac{1}{2}}.", r"\frac{1}{2}"),
        (r"\boxed{1} and then \boxed{2}", "2"),
        (r"\boxed{\boxed{7}}", r"\boxed{7}"),
        (r"\boxed 5", "5"),
        (r"\fbox{12}", "12"),
        (r"\boxed{\left\{1, 2\right\}}", r"\left\{1, 2\right\}"),
        ("<answer>42</answer>", "42"),
        (r"<answer>\boxed{42}</answer>", "42"),
        (r"\boxed{1} <answer>42</answer>", "42"),
        ("The answer is 42.", "42"),
        ("The final answer is $x = 3$.", "x = 3"),
        ("The answer is 3.14.", "3.14"),
        ("The answer is **7**", "7"),
        ("Answer: 12 cm", "12 cm"),
        ("**Answer:** $\\frac{3}{4}$", r"\frac{3}{4}"),
        ("#### 1,000", "1,000"),
        ("The answer is 1. Wait, no. The answer is 2.", "2"),
        ("The answer is 5 because 2 + 3 = 5.", "5"),
        ("The answer to the question is $5$, as shown.", "$5$"),
        ("Long reasoning here.\n\nTherefore $x = 12$.", "12"),
        ("We add all the numbers and find that the total is 15.", "15"),
        ("So Janet makes 18 dollars every day.", "18"),
        ("The volume is 288π cubic inches.", r"288\pi"),
        ("The midpoint is (4, -1).", "(4, -1)"),
        ("The vertex is at (3, -5).", "(3, -5)"),
        ("The solutions are x = 1 and x = -2.", "1, -2"),
        ("Therefore, the solutions are $x = 2$ and $x = -3$.", "2, -3"),
        ("The student with the greatest speed is Evelyn.", "Evelyn"),
        ("So, m + n = 32 + 5 = **37**.", "37"),
        ("Therefore he needs 3.5 hours.", "3.5"),
        ("In total, they spent $45 + $30 = $75.", "75"),
        ("Each costs 3 dollars, so 5 of them cost 15 dollars.", "15"),
        ("John saves $600 in 3 months.", "600"),
        ("The sum is 1 + 2 + ... + 20 = 210.", "210"),
        ("Since it is so, we have $7$ possible values of $n$.", "7"),
        ("So $a = 2$ and $b = 5$, which gives $a + b = 7$.", "7"),
        ("The minimum is $-9$, which occurs at $x = 3$.", "-9"),
        ("The largest profit above $\\$4200$ is $t = 69$.", "69"),
        ("$x = 3$ is extraneous, so the only one is $x = -1$.", "-1"),
        ("We get\n\\begin{align*}\nx &= 3 + 4 \\\\\n&= 7.\n\\end{align*}", "7"),
        ("$$\n\\begin{pmatrix} 1 & 2 \\\\ 0 & 1 \\end{pmatrix}\n$$", r"\begin{pmatrix} 1 & 2 \\ 0 & 1 \end{pmatrix}"),
        ("Therefore, the 5 children share 60 candies.", "60"),
        ("Let me know if you want the other 2 cases.", None),
        ("All of this uses Theorem 4.", None),
        ("There are 8 rows of 12 seats. Each holds 3 or 4 people.", None),
        ("42", "42"),
        (r"\frac{1}{2}", r"\frac{1}{2}"),
        ("$-5$", "$-5$"),
        ("", None),
        ("I do not know how this could be solved.", None),
        (r"\boxed{}", None),
        (r"\boxed{open", None),
    ],
)
def test_m03_the_answer_is_read_where_models_put_it(output: str, answer: str | None) -> None:
    read = read_math(output)
    if answer is None or read is None:
        assert read == answer
    else:
        assert same(read, answer) is Same.YES, read


async def test_m04_unread_wrong_and_failed_are_told_apart(scorer: MathScorer) -> None:
    samples = [
        Sample("unread", "I do not know how this could be solved.", "5"),
        Sample("wrong", r"\boxed{6}", "5"),
        Sample("failed", r"\boxed{5}"),
        Sample("correct", r"\boxed{5}", "5"),
        Sample("thinking", r"<think>\boxed{6}</think> \boxed{5}", "5"),
        Sample("only thinking", r"<think>\boxed{5}", "5"),
    ]
    scores = await scorer.score(samples)
    assert [score.outcome for score in scores] == ["unread", "wrong", "failed", "correct", "correct", "unread"]
    assert scores[1].read == "6"


@pytest.mark.parametrize(
    ("output", "label", "right"),
    [
        (r"\boxed{1} and \boxed{2}", "1, 2", True),
        (r"x is \boxed{2}, or \boxed{1}", r"\{1, 2\}", True),
        (r"\boxed{3}, then \boxed{1}, \boxed{2}", "1, 2", True),
        (r"\boxed{1} and \boxed{3}", "1, 2", False),
        (r"\boxed{1} and \boxed{2}", "2", True),
        (r"\boxed{1} and \boxed{2}", "1", False),
        (r"\boxed{5}", r"Hence the sum is $\boxed{5}$.", True),
        (r"$\boxed{B}$ is the answer, not $\boxed{A}$", "B", True),
        (r"$\boxed{B}$ is the answer, not $\boxed{A}$", "A", False),
        (r"It is $\boxed{93}$ rather than $\boxed{91}$.", "93", True),
        (r"Not $\boxed{16}$, as it seems, but $\boxed{18}$.", "18", True),
        (r"It is not only $\boxed{3}$ but also $\boxed{7}$.", "3, 7", True),
    ],
)
async def test_m05_several_boxes_are_a_list_and_the_last_box_is_the_answer(
    scorer: MathScorer, output: str, label: str, right: bool
) -> None:
    (score,) = await outcomes(scorer, [(output, label)])
    assert (score.outcome == "correct") is right


@pytest.mark.parametrize("name", ["math_500", "agieval_math"])
async def test_m06_real_golds_are_equal_to_themselves(scorer: MathScorer, name: str) -> None:
    data = rows(name)
    for wrapped in ("{}", "So the result is $\\boxed{{{}}}$.", "The answer is ${}$."):
        scores = await outcomes(
            scorer,
            [
                (wrapped.replace("{{{}}}", "{" + row["answer"] + "}").replace("{}", row["answer"]), row["answer"])
                for row in data
            ],
        )
        assert [score for score in scores if score.outcome != "correct"] == []
    scores = await outcomes(scorer, [(row["solution"], row["answer"]) for row in data])
    assert sum(score.outcome == "correct" for score in scores) >= 0.99 * len(data)


@pytest.mark.parametrize("name", ["math_500", "agieval_math"])
async def test_m07_answers_of_other_rows_are_wrong(scorer: MathScorer, name: str) -> None:
    data = [row["answer"] for row in rows(name)]
    pairs = [
        (rf"\boxed{{{data[(place + step) % len(data)]}}}", answer)
        for step in range(1, length(6, len(data)))
        for place, answer in enumerate(data)
        if data[(place + step) % len(data)].replace("tfrac", "frac") != answer.replace("tfrac", "frac")
    ]
    scores = await outcomes(scorer, pairs)
    right = [(pairs[int(score.id)], score) for score in scores if score.outcome == "correct"]
    assert len(right) <= 0.005 * len(pairs), right
    assert not [score for score in scores if score.outcome == "failed"]


HOSTILE = [
    "9^{9^{9^9}}",
    "9^9^9^9^9",
    "9**9**9**9",
    "(((10!)!)!)!",
    "99999999999!",
    r"\binom{99999999}{49999999}",
    "(" * 5_000 + "1" + ")" * 5_000,
    "{" * 200 + "1" + "}" * 200,
    "-" * 300 + "1",
    r"\sqrt" * 150 + "2",
    r"\frac{1}" * 90 + "{2}",
    r"\sum_{k=1}^{10^{12}} \frac{1}{k^2+1}",
    r"\int_0^{10^9} e^{x^{x^x}} dx",
    r"\prod_{i=1}^{999999} (x+i)",
    "1e999999999",
    "9" * 100_000,
    "__import__('os').system('touch hacked')",
    "().__class__.__bases__[0].__subclasses__()",
    "exec(compile('1','','exec'))",
    "lambda x: x",
    r"(x+1)^{99999}",
    r"\left(x+y+z+w\right)^{60} - 1",
    "\\begin{pmatrix}" + " & ".join(["1"] * 400) + "\\end{pmatrix}",
    ", ".join(str(number) for number in range(600)),
    r"\pm " * 60 + "1",
    "\x00\ud800\u202e",
    "x=" * 300 + "1",
    r"\cup".join(["(1,2)"] * 150),
    r"\sin" * 140 + "x",
    r"2^{2^{2^{2^{2^{2}}}}}",
    "2" + "፩" * 5,
    r"\sum_{k=1}^{1000000} k!",
    r"\sum_{k=0}^{\infty} \frac{x^k}{k!+k^k}",
    r"\sum_{k=1}^{n} \frac{1}{k^3}\sum_{j=1}^k \binom{k}{j}^3",
    r"\prod_{k=1}^{100000} k",
    r"\int \frac{1}{x^7+x^5+x^3+1} dx",
    r"\int_0^\infty \frac{\sin x \cos x^2}{x^3+1} e^{-x} dx",
    r"\int \sqrt{\sin x + \tan x + \ln x} dx",
    r"\lim_{x \to 0} \frac{\sin(\tan x) - \tan(\sin x)}{\arcsin(\arctan x)-\arctan(\arcsin x)}",
    r"\frac{d^{10}}{dx^{10}} \left( e^{x^{2}} \sin(x) \right)",
    r"\det \begin{pmatrix} x & y & z & w \\ y & z & w & x \\ z & w & x & y \\ w & x & y & z \end{pmatrix}",
    r"\begin{pmatrix} x & y \\ z & w \end{pmatrix}^{60}",
    r"\binom{n}{10^{9}}",
    r"\gcd(10^{1000}, 3^{1000})",
    r"\lfloor 10^{10^{10}} \rfloor",
    r"\sqrt[99999]{x^{99998}+y!}",
    r"x^{10^{6}} - 1 + n!",
    r"(x+y)^{200}(x-y)^{200}+n!",
    r"\left((x+1)^{50}\right)^{50}\cdot n!",
    r"\{x : \sin(x^3)+\cos(x^2) = \tan x\}",
    r"|x^5-3x+|x^3-2|| < |x-1|",
    r"e^{e^{e^{e^{e}}}}+n!",
    r"i^{i^{i^{i}}}+n!",
    r"\Gamma(10^{9})",
    r"\mathbb{R} \setminus \{" + ",".join(map(str, range(60))) + r"\}",
    "x^{999}+" * 100 + "1",
    "+".join(rf"\frac{{1}}{{{number}^{{{number}}}}}" for number in range(50, 140)),
    r"\binom{1000}{500}" * 40,
    "((((x^{30})^{30})^{30})^{30})",
    "(1," * 300 + "1" + ")" * 300,
    r"\text{" + "a " * 900 + "}",
    "." + "1" * 900 + r"\dot",
    "mod 7 " * 300,
    "not " * 400,
    "9" * 3_000_000,
]


async def test_m08_hostile_answers_cost_their_limit_and_stall_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    seconds = length(2, 6) / 10
    scorer = MathScorer(Limits(seconds=seconds, workers=2))
    await outcomes(scorer, [(r"\boxed{\text{(C)}}", "3")])
    begun = time.monotonic()
    for hostile in HOSTILE:
        (score, harmless) = await outcomes(
            scorer, [(f"<answer>{hostile}</answer>", r"\frac{x}{3}"), (r"\boxed{\text{C} + 1}", r"\text{C} + 2")]
        )
        assert score.outcome in ("wrong", "unread"), hostile[:50]
        assert harmless.outcome == "wrong" and "limit" not in harmless.why
    assert time.monotonic() - begun < 3 * len(HOSTILE)
    assert not any(os.scandir(tmp_path)), "no text was executed"
    scorer.close()


async def test_m09_a_slow_comparison_is_cut_and_its_neighbours_are_right() -> None:
    scorer = MathScorer(Limits(seconds=0.4, workers=2))
    slow = r"\sum_{k=1}^{10^{9}} \sum_{j=1}^{k} \frac{1}{k^2+j^3+x}"
    fair = r"\binom{n}{2} + 7"
    await outcomes(scorer, [(rf"\boxed{{{fair}}}", r"7 + \binom{n}{2}")] * 2)
    pairs = [(rf"\boxed{{{slow}}}", r"\int_0^1 x^{x} dx + 1"), *[(rf"\boxed{{{fair}}}", r"7 + \binom{n}{2}")] * 8]
    first, *others = await outcomes(scorer, pairs)
    assert first.outcome == "wrong"
    assert {score.outcome for score in others} == {"correct"}
    scorer.close()


async def test_m10_without_math_verify_the_undecided_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mathematics, "find_spec", lambda name: None)
    scores = await outcomes(
        MathScorer(), [(r"\boxed{\frac{2}{4}}", "0.5"), (r"\boxed{\int_0^1 x dx}", r"\int_0^1 y dy")]
    )
    assert [score.outcome for score in scores] == ["correct", "failed"]
    assert "maspo[math]" in scores[1].why


ALPHABET = st.one_of(
    st.sampled_from(
        [r"\frac", r"\sqrt", r"\boxed{", "{", "}", "(", ")", "[", "]", ",", "=", "^", "_", "|", "x", "1", "!"]
    ),
    st.sampled_from(
        [r"\pm", r"\cup", r"\text{", r"\begin{pmatrix}", r"\end{pmatrix}", "&", r"\\", r"\{", r"\}", "<", "%"]
    ),
    st.sampled_from(
        ["$", "°", "cm", " ", "0.", r"\overline{", r"\log", r"\sin", "-", "/", "and", r"\in", ":", ";", "√"]
    ),
    st.text(max_size=3),
    st.characters(categories=["Cs", "Cc", "Sm", "No"]),
)
SOUP = st.lists(ALPHABET, max_size=25).map("".join)


@given(SOUP, SOUP)
@settings(max_examples=length(400, 20_000), deadline=None)
def test_m11_no_text_breaks_the_plain_comparison(one: str, other: str) -> None:
    assert isinstance(same(one, other), Same)
    assert same(one, one) is Same.YES
    assert same(one, other) is same(other, one)
    form_of(one)
    formula(spelled(one))
    assert read_math(one) is None or read_math(one)
    boxes(one)


@pytest.mark.parametrize(
    ("text", "as_spelled"),
    [
        ("x[1]=2,y[3]=4", "x[1]=2,y[3]=4"),
        ("a[i]+1,b[j]", "a[i]+1,b[j]"),
        ("x=]0,1[", "x=(0,1)"),
        ("[0,1]U]2,3[", "[0,1]U(2,3)"),
    ],
)
def test_m13_the_brackets_of_an_index_are_no_ends_of_an_interval(text: str, as_spelled: str) -> None:
    assert compact(spelled(text)) == as_spelled


@given(st.fractions(max_denominator=500), st.fractions(max_denominator=500))
@settings(max_examples=length(200, 5_000), deadline=None)
def test_m12_fractions_are_equal_exactly_when_their_values_are(one: object, other: object) -> None:
    latex = r"\frac{{{}}}{{{}}}"
    first, second = (
        latex.replace("{{{}}}{{{}}}", f"{{{value.numerator * 3}}}{{{value.denominator * 3}}}")  # type: ignore[attr-defined]
        for value in (one, other)
    )
    assert (same(first, second) is Same.YES) is (one == other)
    assert same(first, str(one)) is Same.YES


RELATIONS = (
    *("=", "<", ">", r"\approx", r"\equiv", r"\cong", r"\propto", r"\ne", r"\le", r"\ge", r"\subset", r"\subseteq"),
    *(r"\supset", r"\in", r"\notin", r"\parallel", r"\perp", r"\mid"),
)
ALIKE = {r"\approx", "="}
"""What is rounded may be told as an equation."""


@pytest.mark.parametrize(("left", "right"), [("n", "1"), ("x", "y"), ("A", "B"), ("a", "b + 3")])
def test_m14_relations_of_different_meaning_are_never_one_another(left: str, right: str) -> None:
    for one, other in permutations(RELATIONS, 2):
        found = same(f"{left} {one} {right}", f"{left} {other} {right}")
        assert found is not Same.YES or {one, other} == ALIKE, (one, other)
    assert all(same(f"{left} {sign} {right}", f"{left}{sign} {right}") is not Same.NO for sign in RELATIONS)


@pytest.mark.parametrize(
    ("sign", "name"),
    [("≈", r"\approx"), ("≡", r"\equiv"), ("≅", r"\cong"), ("∼", r"\sim"), ("∝", r"\propto"), ("⊂", r"\subset")],
)
def test_m15_a_relation_is_the_same_as_a_sign_and_as_a_command(sign: str, name: str) -> None:
    for left, right in (("n", "1"), ("x", "y"), ("a", "b + 3")):
        assert same(f"{left} {sign} {right}", f"{left} {name} {right}") is not Same.NO


@given(st.integers(1, 10**12), st.integers(1, 10**12), st.sampled_from([2, 3, 4]))
@settings(max_examples=length(200, 5_000), deadline=None)
def test_m16_roots_of_neighbours_are_never_the_same_however_large(number: int, step: int, degree: int) -> None:
    base = number**degree
    root = rf"\sqrt[{degree}]{{{base}}}"
    assert same(root, str(number)) is Same.YES
    assert same(rf"\sqrt[{degree}]{{{base + step}}}", root) is Same.NO
    assert same(rf"3\sqrt[{degree}]{{{base + step}}}", rf"\sqrt[{degree}]{{{3**degree * (base + step)}}}") is Same.YES

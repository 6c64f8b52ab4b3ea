"""Structured output: patterns and JSON schemas, matched where hostile texts cannot stall anybody."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maspo.core.errors import ConfigInvalid
from maspo.scoring.base import Sample
from maspo.scoring.json_values import last_json
from maspo.scoring.limits import Limits
from maspo.scoring.registry import scorer_names, scorer_of
from maspo.scoring.structured import PooledScorer, json_schema_scorer, regex_scorer
from tests.packages import install

SCHEMA = {
    "type": "object",
    "required": ["city"],
    "properties": {"city": {"type": "string", "pattern": "^(a+)+$"}, "size": {"type": "integer"}},
    "additionalProperties": False,
}


@pytest.fixture
def schema(tmp_path: Path) -> Callable[[object], str]:
    def written(value: object) -> str:
        file = tmp_path / "schema.json"
        file.write_text(json.dumps(value), encoding="utf-8")
        return str(file)

    return written


@pytest.mark.parametrize(
    ("pattern", "output", "label", "outcome", "read"),
    [
        (r"city: (\w+)", "city: Rome\ncity: Paris", "paris", "correct", "Paris"),
        (r"city: (\w+)", "city: Rome", "Paris", "wrong", "Rome"),
        (r"city: (\w+)", "no town", "Paris", "unread", None),
        (r"\d{4}", "in 1984", None, "correct", "1984"),
        (r"\d{4}", "in 84", None, "wrong", None),
        (r"(x)?y", "y", "", "correct", ""),
        (r"city: (\w+)", "<think>city: Paris</think>city: Rome", "Paris", "wrong", "Rome"),
        (r"<notes>(.+)</notes>", "<notes>two words</notes> done", "two words", "correct", "two words"),
    ],
)
async def test_s01_the_last_match_of_a_pattern_counts(
    pattern: str, output: str, label: str | None, outcome: str, read: str | None
) -> None:
    scorer = regex_scorer(pattern, Limits(workers=1))
    (score,) = await scorer.score([Sample("1", output, label)])
    assert (score.outcome, score.read) == (outcome, read)
    scorer.close()


async def test_s02_backtracking_without_end_is_cut_and_the_others_are_scored() -> None:
    scorer = regex_scorer("(a+)+$", Limits(seconds=0.5, workers=2))
    samples = [Sample(str(place), "a" * 40 + "!" if place == 1 else "aa", "aa") for place in range(6)]
    await scorer.score(samples[:1])
    async with asyncio.timeout(120):  # it would take years
        scores = await scorer.score(samples)
    assert [score.outcome for score in scores] == ["correct", "unread", *["correct"] * 4]
    assert "time limit" in scores[1].why
    scorer.close()


@pytest.mark.parametrize(
    ("output", "label", "outcome"),
    [
        ('{"city": "aa"}', None, "correct"),
        ('Here it is:\n```json\n{"city": "aa", "size": 3}\n```\nDone.', None, "correct"),
        ('text\n{"city": 1}\n{"city": "a"}', None, "correct"),
        ('```json\n{"city": "b"}\n```\nNo:\n{"city": "a"}', None, "correct"),
        ('So:\n{"city": [\n' + '{"n": 1},\n' * 300 + "1]}", None, "wrong"),
        ('{"city": "b"}', None, "wrong"),
        ('{"city": "a", "more": 1}', None, "wrong"),
        ("[1, 2]", None, "wrong"),
        ("no json", None, "unread"),
        ('{"city": NaN}', None, "unread"),
        ('{"city": "a"', None, "unread"),
        ('{"city": "a"}', '{ "city" : "a" }', "correct"),
        ('{"city": "a"}', '{"city": "aa"}', "wrong"),
        ('{"city": "a"}', "not json", "failed"),
        ("[" * 100_000, None, "unread"),
        ('{"city": "\\ud800"}', None, "wrong"),
    ],
)
async def test_s03_json_is_checked_against_schema_and_label(
    schema: Callable[[object], str], output: str, label: str | None, outcome: str
) -> None:
    scorer = json_schema_scorer(schema(SCHEMA), Limits(workers=1))
    (score,) = await scorer.score([Sample("1", output, label)])
    assert score.outcome == outcome, score
    scorer.close()


async def test_s04_the_fault_is_named_by_its_place_and_hostile_values_are_cut(
    schema: Callable[[object], str],
) -> None:
    scorer = json_schema_scorer(schema(SCHEMA), Limits(seconds=0.5, workers=2))
    samples = [
        Sample("1", '{"city": 5}'),
        Sample("2", json.dumps({"city": "a" * 50 + "!"})),
        Sample("3", '{"city":"a"}'),
    ]
    scores = await scorer.score(samples)
    assert [score.outcome for score in scores] == ["wrong", "unread", "correct"]
    assert scores[0].why == "$.city: breaks 'type'"
    scorer.close()


async def test_s05_references_to_other_documents_are_never_fetched(schema: Callable[[object], str]) -> None:
    scorer = json_schema_scorer(schema({"$ref": "http://127.0.0.1:9/schema.json"}), Limits(workers=1))
    (score,) = await scorer.score([Sample("1", "{}")])
    assert score.outcome == "unread"
    scorer.close()


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("spelling", "exact, choice, math, code, calls, regex:PATTERN, json-schema:FILE"),
        ("exct", "did you mean 'exact'"),
        ("regex", "write regex:PATTERN"),
        ("regex:(", "not a regular expression"),
        ("json-schema", "write json-schema:FILE"),
        ("json-schema:nowhere.json", "cannot be read"),
        ("exact:5", "write exact"),
        ("", "unknown scorer"),
    ],
)
def test_s06_a_scorer_that_cannot_be_made_teaches(name: str, part: str) -> None:
    with pytest.raises(ConfigInvalid, match=part.replace("(", r"\(")):
        scorer_of(name)


def test_s07_a_file_that_is_no_schema_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "schema.json"
    for text in ("{", '{"type": "nothing"}'):
        file.write_text(text, encoding="utf-8")
        with pytest.raises(ConfigInvalid, match="not a JSON schema"):
            scorer_of(f"json-schema:{file}")


def test_s08_installed_scorers_are_found_by_their_entry_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    points = {"ours": "maspo.scoring.structured:regex_scorer", "broken": "broken_scorers:gone"}
    install(tmp_path, monkeypatch, {"maspo.scorers": points}, {"broken_scorers": "raise ImportError('gone')"})
    assert isinstance(scorer_of("ours:[0-9]"), PooledScorer)
    assert {"ours", "broken"} <= set(scorer_names())
    with pytest.raises(ConfigInvalid, match=r"scorer: 'broken' is of the package other-package, .*gone.*update or"):
        scorer_of("broken")


@given(st.text(), st.text(alphabet='{}[]"\n:1,a`', max_size=60))
def test_s09_no_text_breaks_the_reading_of_json(one: str, other: str) -> None:
    for text in (one, other, f"```\n{other}\n```"):
        found = last_json(text)
        assert found is None or len(found) == 1

"""Summaries, losses and records."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from maspo.arena.records import Record, RecordFile
from maspo.arena.summary import losses, mean, summarize, tables_of
from maspo.core.errors import StoreError


def test_a10_a_row_holds_means_errors_and_the_worst_run(record: Record) -> None:
    records = [replace(record, key=str(seed), seed=seed, shipped=0.6 + 0.1 * seed) for seed in range(3)]
    records.append(replace(record, key="3", seed=3, shipped=0.4, verdict="no_evidence"))
    (row,) = summarize(records)
    gains = [0.1, 0.2, 0.3, -0.1]
    average = sum(gains) / 4
    error = math.sqrt(sum((gain - average) ** 2 for gain in gains) / 3 / 4)
    assert (row.n, row.improved, row.calls) == (4, 3, 100)
    assert row.gain.value == pytest.approx(average)
    assert row.gain.error == pytest.approx(error)
    assert row.regret.value == pytest.approx(0.4 - average)
    assert row.worst == pytest.approx(-0.1)
    assert row.clearly_worse == 0.25
    assert list(row.calls_by_purpose) == ["agent", "judge.local", "judge.global", "proposer"]


def test_a11_rows_keep_graphs_worlds_and_rivals_apart(record: Record) -> None:
    others = [replace(record, graph="diamond"), replace(record, world="no effect"), replace(record, rival="cheap")]
    rows = summarize([record, *others, replace(record, without="patience")])
    assert [(row.graph, row.world, row.rival) for row in rows] == [
        ("reflect", "base", "default"),
        ("diamond", "base", "default"),
        ("reflect", "no effect", "default"),
        ("reflect", "base", "cheap"),
    ]
    assert [row.false_claims for row in rows] == [False, False, True, False]


def test_a12_an_ingredient_is_measured_on_the_seeds_that_both_played(record: Record) -> None:
    whole = [replace(record, seed=seed, shipped=0.7 + 0.1 * seed) for seed in range(3)]
    less = [replace(record, seed=seed, shipped=0.65 + 0.1 * seed, without="patience") for seed in (1, 2, 7)]
    (found,) = losses([*less, *whole])
    assert (found.ingredient, found.n, found.extra_calls) == ("patience", 2, 0)
    assert found.worth.value == pytest.approx(0.05)
    assert found.worth.error == pytest.approx(0)


def test_a13_one_value_tells_no_error_and_none_is_shown(record: Record) -> None:
    alone = mean([0.5])
    assert (alone.value, alone.error, alone.low, alone.high) == (0.5, None, 0.5, 0.5)
    table, *_ = tables_of([record])
    assert "± –" in dict(zip(table.headers, table.rows[0], strict=True))["gain ± SE"]


def test_a14_records_survive_a_cut_off_line(record: Record, tmp_path: Path) -> None:
    recorded = RecordFile(tmp_path)
    recorded.add(record)
    recorded.add(replace(record, key="other", depth=12.0))
    file = tmp_path / "records.jsonl"
    file.write_text(file.read_text() + '{"key": "cut')
    again = RecordFile(tmp_path)
    assert again.by_key == recorded.by_key
    again.add(replace(record, key="third"))
    assert list(RecordFile(tmp_path).by_key) == ["k", "other", "third"]
    assert RecordFile(tmp_path, fresh=True).by_key == {}


def test_a15_records_of_another_shape_are_refused(tmp_path: Path) -> None:
    (tmp_path / "records.jsonl").write_text('{"key": "k"}\n')
    with pytest.raises(StoreError, match=r"line 1: .*--fresh"):
        RecordFile(tmp_path)

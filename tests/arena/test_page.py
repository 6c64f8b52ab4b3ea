"""The page and the plots: complete, self-contained, well-formed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from maspo.arena.page import arena_sheet, plots_of, write
from maspo.arena.records import Record
from maspo.arena.summary import tables_of
from maspo.arena.svg import Svg, h, join, standalone
from maspo.report.bundle import sheet_html
from tests.report.pages import sheet_in, told_by


@pytest.fixture
def records(record: Record) -> list[Record]:
    """Return runs on three graphs in two worlds, of two rivals and without two ingredients."""
    return [
        replace(
            record,
            graph=graph,
            world=world,
            rival=rival,
            without=without,
            seed=seed,
            shipped=0.6 + 0.03 * seed + 0.01 * len(rival + without),
        )
        for graph in ("reflect", "diamond", "chain5")
        for world in ("base", "dull judge")
        for rival, without in (("default", ""), ("cheap", ""), ("default", "patience"), ("default", "<b>"))
        for seed in (1, 2)
    ]


def test_a20_every_plot_is_an_svg_file_of_its_own(records: list[Record]) -> None:
    found = plots_of(records)
    assert list(found) == ["accuracy", "worlds", "ablation"]
    for plot in found.values():
        root = ElementTree.fromstring(standalone(plot))
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert root.attrib["aria-label"]


def test_a21_the_accuracy_plot_names_each_rival_in_each_panel(records: list[Record]) -> None:
    root = ElementTree.fromstring(standalone(plots_of(records)["accuracy"]))
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert [texts.count(name) for name in ("default", "cheap", "seed prompts", "optimum")] == [6, 6, 6, 6]
    assert {"reflect, base", "chain5, dull judge"} <= set(texts)


def test_a22_nothing_is_drawn_outside_of_a_plot(records: list[Record]) -> None:
    for plot in plots_of(records).values():
        root = ElementTree.fromstring(standalone(plot))
        width, height = map(float, root.attrib["viewBox"].split()[2:])
        for element in root.iter():
            for name, most in (
                ("x", width),
                ("cx", width),
                ("x1", width),
                ("y", height),
                ("cy", height),
                ("y2", height),
            ):
                assert 0 <= float(element.attrib.get(name, 0)) <= most


def test_a23_the_page_stands_alone_and_shows_every_table(records: list[Record]) -> None:
    shown = sheet_in(sheet_html(arena_sheet(records, {"graphs": "reflect", "set": ["search.passes=<3>"]})))
    assert "<3>" in shown.facts[0][1]
    assert "<b>" in told_by(shown)
    titles = [part.title for part in shown.parts]
    assert titles[:3] == ["Accuracy against calls", "Worlds", "Ablation"]
    for table in tables_of(records):
        assert table.title in titles
        assert {len(row) for row in table.rows} == {len(table.headers)}
    marks = [curve.name for part in shown.parts for one in part.curves for curve in one.curves]
    assert marks.count("default") == marks.count("cheap") == 6


def test_a25_no_text_acts_in_a_plot_and_nothing_else_can_be_built() -> None:
    made = h("text", {"class": 'a"b'}, "<b> & \x1b", h("title", {}, "x"))
    assert made == Svg('<text class="a&quot;b">&lt;b&gt; &amp; [U+001B]<title>x</title></text>')
    assert join("<", Svg("<line>")).markup == "&lt;<line>"
    for name, attributes in (("script", {}), ("a", {}), ("text", {"onclick": "x"}), ("text", {"style": "x"})):
        with pytest.raises(ValueError, match="not allowed"):
            h(name, attributes)


def test_a24_one_run_is_enough_for_a_page(record: Record, tmp_path: Path) -> None:
    write(tmp_path, [record], {"seeds": 1})
    assert {path.name for path in tmp_path.iterdir()} == {"accuracy.svg", "arena.html", "arena.json"}
    content = json.loads((tmp_path / "arena.json").read_text())
    assert content["rows"][0]["gain"]["value"] == content["records"][0]["shipped"] - 0.5

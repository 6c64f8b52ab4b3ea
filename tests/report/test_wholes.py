"""Work that is made of several runs: one document of it at any moment, one line in every list, its runs inside."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from maspo.core.errors import Interrupted, UsageError
from maspo.mcp.shapes import Report, Status
from maspo.mcp.tools import Tools
from maspo.report.alternation import alternation_summary, figures_in, shared_out, write_alternation
from maspo.report.document import build_document
from maspo.report.document.sheet import Sheet, read_sheet
from maspo.report.folder import REPORT, RESULT, part_of, whole_of, write_results
from maspo.report.joint_page import joint_sheet, write_joint_page
from maspo.report.wholes import sheet_of_whole
from maspo.store import RunStore
from maspo.study.alternation.alternate import alternate
from maspo.study.comparison.plan import COMPARISON
from maspo.study.record import COMPARED, JOINT
from maspo.testing.runs import Counted
from maspo.ui.runs import Runs, WorkEntry
from tests.study.test_alternation import WORLD, asked, attention, stopping
from tests.study.test_comparison import asked as comparison_asked
from tests.study.test_comparison import own


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """Turns that have come to their end, and turns that were stopped in the second."""
    root, plan = tmp_path_factory.mktemp("joint"), asked("reflect", 60, 900)
    over, cut = root / "over", root / "cut"
    found = asyncio.run(alternate(plan, over, attention(Counted(WORLD))))
    write_alternation(over, found)
    for turn in ("1-prompts", "3-prompts"):
        write_results(over / turn)
    write_joint_page(over)
    stop = asyncio.Event()
    with pytest.raises(Interrupted):
        asyncio.run(alternate(plan, cut, attention(stopping(stop, found.turns[0].usage.calls + 20), stop=stop)))
    return SimpleNamespace(root=root, over=over, cut=cut, found=found)


def of(sheet: Sheet, title: str) -> str:
    part = next(part for part in sheet.parts if part.title == title)
    return json.dumps(part.dump())


def test_j01_its_page_tells_what_came_out_each_turn_both_claims_and_how_the_budget_was_shared(
    folders: SimpleNamespace,
) -> None:
    sheet = read_sheet((folders.over / REPORT).read_text())
    assert sheet == joint_sheet(folders.over) == sheet_of_whole(folders.over / JOINT)
    assert (sheet.kind, sheet.state) == ("prompts and structure", "finished")
    turns = next(part for part in sheet.parts if part.title == "Turn by turn")
    assert [row[0] for row in turns.tables[0].rows] == ["1. prompts", "2. structure", "3. prompts"]
    assert [link.page for link in turns.links] == ["1-prompts/report.html", "3-prompts/report.html"]
    (budget,) = next(part.bars for part in sheet.parts if part.title == "The budget")
    assert sum(bar.value for bar in budget.bars) == folders.found.usage.calls
    assert sum(bar.planned or 0 for bar in budget.bars) <= folders.found.asked.calls
    claims = of(sheet, "The test, on inputs that no turn has seen")
    for stage, result in folders.found.results.items():
        assert str(result.interval[0]) in claims, stage
    assert "Worse by at most" in claims and "claim needs p" in claims
    gone = set(folders.found.asked.job.system.prompts) - set(folders.found.system.prompts)
    assert all(name in of(sheet, "The team in system.yaml") for name in gone)


def test_j02_it_is_told_how_many_calls_are_kept_for_the_test(folders: SimpleNamespace) -> None:
    figures = figures_in(folders.over)
    assert figures is not None
    (line,) = shared_out(figures)
    assert f"up to {folders.found.asked.test_calls:,}" in line and "kept for the test" in line
    assert "kept for the test" in " ".join(alternation_summary(figures).split())


def test_j03_a_result_of_an_earlier_version_has_its_page(folders: SimpleNamespace, tmp_path: Path) -> None:
    shutil.copytree(folders.over, tmp_path / "old")
    file = tmp_path / "old" / RESULT
    known = json.loads(file.read_text())
    for newer in ("cap", "test_planned"):
        del known[newer]
    for turn in known["turns"]:
        del turn["planned"], turn["tried"]
    for stage in known["stages"]:
        del stage["interval"]
    file.write_text(json.dumps(known))
    assert joint_sheet(tmp_path / "old").headline == joint_sheet(folders.over).headline


def test_j04_one_that_was_cut_off_says_how_far_it_is_and_claims_nothing(folders: SimpleNamespace) -> None:
    sheet = joint_sheet(folders.cut)
    assert (
        sheet.state == "stopped" and "Turn 2 of 3" in sheet.headline and "same --out" in dict(sheet.facts)["To go on"]
    )
    turns = next(part for part in sheet.parts if part.title == "Turn by turn").tables[0].rows
    assert [row[2].partition(":")[0] for row in turns] == ["ended", "cut off", "to come"]
    assert not [part for part in sheet.parts if part.dots]


def test_j05_a_turn_says_what_it_is_part_of_and_is_listed_inside(folders: SimpleNamespace) -> None:
    turn = folders.over / "1-prompts"
    assert whole_of(turn) == folders.over / JOINT and build_document(turn).part_of == "prompts and structure"
    assert whole_of(folders.over) is None and part_of(folders.over) == ""
    runs = Runs([folders.root])
    inside = {shown.name: runs.whole_of(shown) for shown in runs.listed().values()}
    whole = runs.id_of(folders.over, JOINT)
    assert whole and inside["over/1-prompts"] == inside["over/3-prompts"] == whole and inside["over"] == ""
    assert WorkEntry(folders.cut, JOINT) in runs.listed().values()


async def test_j06_an_assistant_is_told_of_the_whole(folders: SimpleNamespace) -> None:
    tools = Tools(folders.root)
    found = await tools._status(Status(path="cut", wait=0), lambda _: None)
    assert found.state == "interrupted" and "Turn 2 of 3" in found.said[0] and found.run is None
    with pytest.raises(UsageError, match="made of several runs"):
        await tools._report(Report(path="over"), lambda _: None)


async def test_j07_a_comparison_that_has_not_ended_is_one_piece_of_work_too(tmp_path: Path) -> None:
    asked_for = own(comparison_asked("default", "spo"))
    async with RunStore.create(tmp_path / COMPARED) as store:
        await store.append([], {"run": "r", "comparison": COMPARISON.dump(asked_for)})
        assert sheet_of_whole(tmp_path / COMPARED).state == "running"
    sheet = sheet_of_whole(tmp_path / COMPARED)
    assert sheet.state == "stopped" and sheet.headline.startswith(f"0 of {len(asked_for.runs)} runs have ended")
    assert part_of(tmp_path / "runs" / "spo-0") == "comparison"

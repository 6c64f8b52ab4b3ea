"""Where the prompts of a run stand: its own source comes first, copies do not count, and what is unclear is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from maspo.apps.literals import TEMPLATES
from maspo.apps.writeback import CannotWrite, rewritten
from maspo.cli.sources import Sources, sources_of
from maspo.data.inputs import make_inputs
from maspo.study.job import Job
from maspo.team import Agent, System
from maspo.team.app import App
from maspo.team.load import parse_system
from maspo.testing.runs import world_job
from tests.cli.conftest import Run

OLD, NEW = "You write the report.", "You write the report, and name your sources."
DOCS = Path(__file__).resolve().parents[2] / "docs"


def places(files: dict[str, str], *own: str) -> Sources:
    texts = {Path("/shop", name): f"PROMPT = {text!r}\n" for name, text in files.items()}
    return Sources(texts, frozenset(Path("/shop", name) for name in own))


def test_the_runs_own_source_comes_first() -> None:
    sources = places({"a.py": OLD, "shop.py": OLD}, "shop.py")
    place, written = sources.place_of(OLD, NEW)
    assert place is not None and place.file == "/shop/shop.py" and not written
    place, written = places({"a.py": OLD, "shop.py": NEW}, "shop.py").place_of(OLD, NEW)
    assert place is None and written[0].file == "/shop/shop.py"


def test_a_text_that_several_agents_are_told_is_not_rewritten_for_one_of_them() -> None:
    sources = places({"shop.py": OLD}, "shop.py")
    place, _ = sources.place_of(OLD, NEW)
    assert place is not None
    sources.check_own(place, {"critic": "You check the report."})
    with pytest.raises(CannotWrite, match="says the prompt of editor, too"):
        sources.check_own(place, {"editor": OLD, "critic": "You check the report."})
    made = Sources(
        {Path("/shop/shop.py"): "def make(role):\n    return f'You are a {role}. Answer in one short sentence.'\n"}
    )
    one, other = (f"You are a {role}. Answer in one short sentence." for role in ("cook", "guide"))
    place, _ = made.place_of(one, NEW)
    assert place is not None
    with pytest.raises(CannotWrite, match="says the prompt of guide, too"):
        made.check_own(place, {"guide": other})


@pytest.mark.parametrize(
    ("files", "own", "told"),
    [
        ({"a.py": OLD, "b.py": OLD}, "shop.py", "several places"),
        ({"a.py": OLD, "b.py": NEW}, "shop.py", "the new one in /shop/b.py:1 already"),
        ({"a.py": "Other."}, "shop.py", "nowhere as it arrives at the model in files of"),
    ],
)
def test_what_is_unclear_is_refused(files: dict[str, str], own: str, told: str) -> None:
    with pytest.raises(CannotWrite, match=told):
        places(files, own).place_of(OLD, NEW)


def test_folders_of_maspos_own_work_are_not_searched(tmp_path: Path) -> None:
    system = tmp_path / "system.yaml"
    system.write_text(
        "agents: {solver: {prompt: solver.txt}, critic: {prompt: You check the report.}}\noutput: critic\n"
    )
    (tmp_path / "solver.txt").write_text(OLD)
    for number, record in enumerate(("run.db", "watch.db", "seed_prompts.json", "evaluation.db", "comparison.db")):
        folder = tmp_path / f"work{number}"
        folder.mkdir()
        (folder / record).touch()
        (folder / "prompts.json").write_text(f'{{"solver": "{OLD}"}}')
    job = world_job()
    job = Job(parse_system(system.read_text(), folder=tmp_path), job.inputs, job.config, {"system": str(system)})
    sources = sources_of(job, [tmp_path], writes_description=True)
    assert {file.name for file in sources.texts} == {"system.yaml", "solver.txt"}
    (tmp_path / "copy.txt").write_text(OLD)
    place, _ = sources_of(job, [tmp_path], writes_description=True).place_of(OLD, NEW)
    assert place is not None and place.file == str(tmp_path / "solver.txt"), "the file that the system file names"


def test_a_text_is_read_as_another_module_uses_it(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(
        "from prompts import WRITER\n\n\ndef run(row):\n    return WRITER.format(**row)\n"
    )
    (tmp_path / "prompts.py").write_text(f"WRITER = {OLD!r}\n")
    job = Job(
        System((Agent("writer", OLD),), app=App("shop:run", folder=str(tmp_path))),
        make_inputs(["one"]),
        world_job().config,
        {},
    )
    sources = sources_of(job, [tmp_path], True)
    place, _ = sources.place_of(OLD, NEW)
    assert place is not None
    made = rewritten(sources.texts[Path(place.file)], place, OLD, 'Answer as {"a": 1}.')
    assert made == 'WRITER = "Answer as {{\\"a\\": 1}}."\n'


def test_a_notebook_is_searched_whatever_it_shows_and_comes_behind_modules(tmp_path: Path) -> None:
    cells = [
        {"cell_type": "code", "source": [f"WRITER = {OLD!r}\n"], "outputs": [{"data": {"image/png": "A" * 2_000_000}}]}
    ]
    notebook = tmp_path / "shop.ipynb"
    notebook.write_text(json.dumps({"cells": cells, "metadata": {}}))
    job = Job(
        System((Agent("writer", OLD),), app=App("shop:run", folder=str(tmp_path))),
        make_inputs(["one"]),
        world_job().config,
        {},
    )
    place, _ = sources_of(job, [tmp_path], True).place_of(OLD, NEW)
    assert place is not None and place.file == str(notebook)
    (tmp_path / "prompts.py").write_text(f"WRITER = {OLD!r}\n")
    place, _ = sources_of(job, [tmp_path], True).place_of(OLD, NEW)
    assert place is not None and place.file == str(tmp_path / "prompts.py")


def test_the_system_file_of_an_app_is_written_only_where_that_is_allowed(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "__init__.py").write_text(f"PROMPT = {OLD!r}\n")
    described = tmp_path / "system.yaml"
    described.write_text(f"app: {{run: 'shop:run'}}\nagents: {{writer: {{prompt: {OLD}}}}}\n")
    system = System((Agent("writer", OLD),), app=App("shop:run", folder=str(tmp_path)))
    job = Job(system, make_inputs(["one"]), world_job().config, {"system": str(described)})
    for allowed in (True, False):
        sources = sources_of(job, [tmp_path], allowed)
        assert sources.described == (described if allowed else None)
        place, _ = sources.place_of(OLD, NEW)
        assert place is not None and place.file.endswith("__init__.py")
    assert sources_of(job, [tmp_path], True).says("writer", OLD)
    with pytest.raises(CannotWrite, match="look at the app again"):
        sources_of(job, [tmp_path], True).described_place("writer", NEW)


def test_one_list_of_templates_is_told_everywhere(maspo: Run) -> None:
    named = ", ".join(f"`{one}`" for one in TEMPLATES)
    assert named in (DOCS / "commands.md").read_text()
    *most, last = TEMPLATES
    assert f"({', '.join(f'`{one}`' for one in most)} or `{last}`)" in (DOCS / "apps.md").read_text()
    assert "|".join(TEMPLATES) in maspo("apply", "--help").out.replace("\n", "")

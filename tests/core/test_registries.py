"""One registry for every port: names, entry points, and packages that are broken (numbered invariants)."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from maspo.core.errors import ConfigInvalid, UsageError
from maspo.core.registry import Registry, name_of
from tests.packages import install

COLOURS: Registry[object] = Registry("maspo.colours", "paint.kind", {"path": "pathlib:PurePosixPath"}, "joinpath")
PAINT = """
class Red:
    def __init__(self, tone, *, dark=False): self.tone, self.dark = tone, dark
    def joinpath(self): ...

class Angry(Red):
    def __init__(self, tone): raise RuntimeError("no paint left")

def nothing(tone): return object()

RED = Red("plain")
"""


@pytest.fixture(autouse=True)
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = {
        "red": "paint_pot:Red",
        "angry": "paint_pot:Angry",
        "nothing": "paint_pot:nothing",
        "ready": "paint_pot:RED",
    }
    points = {**names, "gone": "paint_lost:Blue", "missing": "paint_pot:Blue", "path": "paint_pot:Red"}
    install(tmp_path, monkeypatch, {COLOURS.group: points}, {"paint_pot": PAINT, "paint_lost": "import no_such_thing"})
    for module in ("paint_pot", "paint_lost"):
        monkeypatch.delitem(sys.modules, module, raising=False)


def test_r01_names_are_ours_and_those_of_packages_and_none_is_imported_for_it() -> None:
    assert COLOURS.names() == ("path", "angry", "gone", "missing", "nothing", "ready", "red")
    assert not {"paint_pot", "paint_lost"} & sys.modules.keys()


def test_r02_an_unknown_name_says_what_there_is_and_where_more_may_come_from() -> None:
    with pytest.raises(ConfigInvalid, match=r"^paint\.kind: 'blue' is given; expected one of path, .*'maspo\.colours'"):
        COLOURS.get("blue")


@pytest.mark.parametrize(("name", "why"), [("gone", "no_such_thing"), ("missing", "Blue")])
def test_r03_a_broken_package_is_named_with_its_entry_point_and_the_fix(name: str, why: str) -> None:
    with pytest.raises(UsageError) as error:
        COLOURS.get(name)
    told = str(error.value)
    for words in (
        "paint.kind",
        repr(name),
        "other-package",
        f"entry point {name} = ",
        "'maspo.colours'",
        why,
        "update",
    ):
        assert words in told


def test_r04_a_broken_package_breaks_nothing_that_does_not_use_it() -> None:
    assert str(COLOURS.make("path", "a", "b")) == "a/b"
    assert COLOURS.make("red", 3).tone == 3


def test_r05_no_package_takes_a_name_of_ours() -> None:
    assert type(COLOURS.make("path", "a")).__name__ == "PurePosixPath"


def test_r06_an_object_is_taken_as_it_is_and_a_class_or_a_name_is_made() -> None:
    made = COLOURS.make("red", "deep", dark=True)
    assert (made.tone, made.dark) == ("deep", True)
    assert COLOURS.make(made, "other") is made
    assert COLOURS.make(type(made), "light").tone == "light"
    assert COLOURS.make("ready", "other").tone == "plain", "an object may be announced as well as a class"


@pytest.mark.parametrize(
    ("name", "options", "why"),
    [
        (
            "red",
            {"bright": 1},
            r"paint\.options: 'red' has no option 'bright'\. Its options are: tone, dark",
        ),
        ("angry", {}, r"paint\.kind: 'angry' cannot be made \(RuntimeError: no paint left\)"),
        ("nothing", {}, r"paint\.kind: 'nothing' makes a object, which has no `joinpath`"),
    ],
)
def test_r07_what_cannot_be_made_is_a_setting_that_cannot_be_used(
    name: str, options: dict[str, object], why: str
) -> None:
    with pytest.raises(ConfigInvalid, match=why):
        COLOURS.make(name, "deep", **options)


def test_r08_a_part_is_recorded_under_its_name_or_that_of_its_class() -> None:
    assert [name_of(one) for one in ("red", Path, Path("a"), install)] == [
        "red",
        "Path",
        type(Path("a")).__name__,
        "install",
    ]

"""Rows with images, sounds or files: refused with what helps before anything is paid, and never sent as text."""

from __future__ import annotations

from dataclasses import replace

import pytest

from maspo.config import RunConfig
from maspo.core.errors import InputsInvalid
from maspo.data.groups import Groups
from maspo.data.inputs import make_inputs
from maspo.data.no_text import find_other_than_text
from maspo.runners.messages import check_inputs
from maspo.study.job import Job
from maspo.study.resolve import resolve
from maspo.world import World
from maspo.world.spec import WorldSpec

PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII="
)
SYSTEM = World(WorldSpec(seed=7)).system("reflect")


@pytest.mark.parametrize(
    ("cell", "what"),
    [
        (PIXEL, "an image"),
        ("data:audio/wav;base64,UklGRg==", "a sound"),
        ("data:application/pdf;base64,JVBERi0=", "a file"),
        (str(b"\x89PNG\r\n"), "bytes"),
        ({"bytes": str(b"\xff\xd8\xff"), "path": "cat.jpg"}, "bytes"),
        ([{"type": "text", "text": "What is it?"}, {"type": "image_url", "image_url": {"url": PIXEL}}], "an image"),
        (
            [{"role": "user", "content": [{"type": "input_image", "image_url": "https://a.example/cat.png"}]}],
            "an image",
        ),
        ([{"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "AAAA"}}]}], "a sound"),
        ({"content": [{"type": "document", "source": {"type": "base64", "data": "JVBERi0="}}]}, "a file"),
        ([{"type": "file", "file": {"file_id": "file-1"}}], "a file"),
        ([{"type": "image", "image": "https://a.example/cat.png"}], "an image"),
        ([{"type": "audio", "data": "AAAA", "mimeType": "audio/wav"}], "a sound"),
        (str(bytes(range(256)) * 3), "bytes"),
    ],
)
def test_p01_what_is_no_text_is_refused_with_its_row_its_column_and_what_helps(cell: object, what: str) -> None:
    inputs = make_inputs([{"input": "What is on it?"}, {"input": cell}], "photos.jsonl")
    with pytest.raises(InputsInvalid) as error:
        check_inputs(SYSTEM, inputs)
    for words in ("row 2", "'input'", what, "docs/apps.md"):
        assert words in str(error.value)
    assert "iVBOR" not in str(error.value)
    unread = make_inputs([{"input": "What is on it?", "photo": cell}])
    check_inputs(SYSTEM, unread)  # what no agent reads goes to nobody


@pytest.mark.parametrize(
    "text",
    [
        "https://a.example/cat.png",
        "cat.png",
        "What does data:image/png;base64, mean?",
        "data:text/plain;base64,SGk=",
        '{"type": "image"}',
        '{"type": "file_listing", "name": "a"}',
        '[{"type": "text", "text": "Hi"}]',
        '{"type": "image", broken',
        "b'abc'",
        '[{"type": "document", "title": "Rivers", "text": "The Nile is long."}]',
        '{"type": "file", "path": "a.py", "diff": "+x"}',
        '{"type": "file", "file": "a.py"}',
        '{"type": "image", "caption": "a cat", "source": "a museum"}',
        '{"events": [{"type": "audio", "begins": 1}, {"type": "video", "title": "A", "transcript": "So."}]}',
        "b'riffle shuffle'",
        "b'\\d+'",
        "b'\\x41\\x00' is printed as what?",
        "b'%pdf' is how what begins?",
        "b'\\x00\\x01'",
        "data:image/png;base64,iVBOR is what kind of address?",
        "",
    ],
)
def test_p02_text_that_speaks_of_an_image_or_says_where_one_is_stays(text: str) -> None:
    assert find_other_than_text(text) == ""


def test_p03_a_run_that_has_such_rows_already_goes_on() -> None:
    world = World(WorldSpec(seed=7))
    inputs = make_inputs([{"input": PIXEL}, *({"input": f"question {number}"} for number in range(20))])
    job = Job(SYSTEM, inputs, RunConfig.model_validate({"models": {"agent": "simulated"}}), world=world.spec)
    with pytest.raises(InputsInvalid, match="an image"):
        resolve(job)
    assert resolve(replace(job, groups=Groups({}))).split.search

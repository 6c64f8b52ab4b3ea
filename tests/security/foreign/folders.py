"""Folders of somebody else: each is a run folder with one thing in it that no maspo put there.

``Place.folder`` is the folder; ``outside`` is what must stay as it is; ``url`` is where a key must never go. All is
harmless: what would be done is counted at a server of this machine, and files outside are copies made for the test.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import socket
import sqlite3
import struct
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from maspo.store import RunStore
from maspo.store.schema import APPLICATION_ID, FIRST_TABLES
from maspo.store.tables import JOURNAL, META, put

TERABYTE = 1 << 40
HEAVY = 6 << 30
DEEP = "[" * 100_000


@dataclass(frozen=True)
class Place:
    """Where a folder of somebody else is made, and what must not be reached from it."""

    folder: Path
    outside: Path
    url: str

    @property
    def record(self) -> Path:
        return self.folder / "run.db"

    def beside(self, suffix: str) -> Path:
        return self.folder / f"run.db{suffix}"

    @property
    def victim(self) -> Path:
        return self.outside / "victim.txt"


Maker = Callable[[Place], None]
MAKERS: dict[str, Maker] = {}


def maker(function: Maker) -> Maker:
    MAKERS[function.__name__.replace("_", " ")] = function
    return function


def several(names: str, make: Callable[[str], Maker]) -> None:
    """Add one maker for each name in a row, ``label=what``."""
    for pair in names.split():
        label, _, what = pair.partition("=")
        MAKERS[label.replace("_", " ")] = make(what)


# ── links ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _free(path: Path) -> Path:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    return path


def _linked(name: str) -> Maker:
    return lambda place: _free(place.folder / name).symlink_to(place.victim)


def _dangling(name: str) -> Maker:
    return lambda place: _free(place.folder / name).symlink_to(place.outside / "made")


def _second_name(name: str) -> Maker:
    return lambda place: _free(place.folder / name).hardlink_to(place.victim)


several(
    "link:log=run.db-wal link:index=run.db-shm link:journal=run.db-journal link:lock=run.db.lock link:new=run.db.new "
    "link:mended=run.db.mended link:report=report.html link:report_partial=report.html.partial "
    "link:result=result.json link:result_partial=result.json.partial link:config=config.json "
    "link:config_partial=config.json.partial link:prompts_partial=prompts.json.partial "
    "link:evaluation=evaluation.db link:evaluation_log=evaluation.db-wal link:page=evaluation.html.partial "
    "link:judge=judge.db link:figures=judge_check.json link:settings=maspo.toml link:rows=inputs.jsonl "
    "link:cases=holdout.jsonl link:cases_partial=holdout.jsonl.partial link:judge_log=judge.db-wal "
    "link:comparison=comparison.db link:figures_partial=judge_check.json.partial link:outputs=rows.jsonl "
    "link:evaluation_journal=evaluation.db-journal link:decisions=decisions.jsonl link:seed=seed_prompts.json",
    _linked,
)
several(
    "dangling:record=run.db dangling:log=run.db-wal dangling:journal=run.db-journal dangling:index=run.db-shm "
    "dangling:lock=run.db.lock dangling:report=report.html dangling:partial=report.html.partial",
    _dangling,
)
several(
    "second_name:log=run.db-wal second_name:index=run.db-shm second_name:partial=report.html.partial "
    "second_name:report=report.html second_name:lock=run.db.lock",
    _second_name,
)


@maker
def link_to_another_record(place: Place) -> None:
    _free(place.record).symlink_to(place.outside / "other.db")


@maker
def second_name_of_another_record(place: Place) -> None:
    _free(place.record).hardlink_to(place.outside / "other.db")


@maker
def link_to_prompts_that_are_secret(place: Place) -> None:
    _free(place.folder / "prompts.json").symlink_to(place.outside / "secret.json")


@maker
def link_in_a_circle(place: Place) -> None:
    (place.folder / "again").symlink_to(place.folder.parent)
    _free(place.folder / "report.html").symlink_to("report.html")


@maker
def damaged_with_links_where_it_is_mended(place: Place) -> None:
    place.record.write_bytes(b"\xff" + place.record.read_bytes()[1:])
    for name in ("run.db.mended", "run.damaged-1.db", "run.damaged-2.db-wal"):
        (place.folder / name).symlink_to(place.outside / "made")


# ── pipes, devices, sockets, folders ─────────────────────────────────────────────────────────────────────────────────


def _pipe(name: str) -> Maker:
    return lambda place: os.mkfifo(_free(place.folder / name))


def _endless(name: str) -> Maker:
    return lambda place: _free(place.folder / name).symlink_to("/dev/zero")


def _directory(name: str) -> Maker:
    return lambda place: (_free(place.folder / name) / "within").mkdir(parents=True)


several(
    "pipe:record=run.db pipe:log=run.db-wal pipe:journal=run.db-journal pipe:index=run.db-shm pipe:config=config.json "
    "pipe:prompts=prompts.json pipe:settings=maspo.toml pipe:system=system.yaml pipe:rows=inputs.jsonl "
    "pipe:report=report.html pipe:partial=report.html.partial pipe:evaluation=evaluation.db pipe:new=run.db.new "
    "pipe:figures=judge_check.json pipe:cases=holdout.jsonl pipe:seed=seed_prompts.json pipe:outputs=rows.jsonl "
    "pipe:lock=run.db.lock pipe:comparison=comparison.db pipe:decisions=decisions.jsonl pipe:judge=judge.db-wal",
    _pipe,
)
several(
    "device:record=run.db device:config=config.json device:prompts=prompts.json device:settings=maspo.toml "
    "device:rows=inputs.jsonl device:system=system.yaml device:log=run.db-wal",
    _endless,
)
several(
    "folder:record=run.db folder:log=run.db-wal folder:journal=run.db-journal folder:report=report.html "
    "folder:partial=report.html.partial folder:config=config.json folder:evaluation=evaluation.db "
    "folder:cases=holdout.jsonl folder:prompts=prompts.json folder:settings=maspo.toml",
    _directory,
)


@maker
def socket_for_a_record(place: Place) -> None:
    _free(place.record)
    before = Path.cwd()
    os.chdir(place.folder)  # a socket's path may have only a hundred letters
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind("run.db")
    finally:
        os.chdir(before)


@maker
def sockets_at_every_name_that_is_written(place: Place) -> None:
    before = Path.cwd()
    os.chdir(place.folder)
    try:
        for name in ("report.html", "report.html.partial", "prompts.json", "holdout.jsonl", "run.db-wal"):
            _free(place.folder / name)
            with socket.socket(socket.AF_UNIX) as made:
                made.bind(name)
    finally:
        os.chdir(before)


@maker
def links_to_streams_of_this_process(place: Place) -> None:
    for name, stream in (("inputs.jsonl", "stdin"), ("prompts.json", "stdin"), ("config.json", "fd/0")):
        _free(place.folder / name).symlink_to(f"/dev/{stream}")


@maker
def rows_that_are_the_environment(place: Place) -> None:
    _free(place.folder / "inputs.jsonl").symlink_to("/proc/self/environ")


# ── huge files ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _huge(name: str) -> Maker:
    def make(place: Place) -> None:
        with _free(place.folder / name).open("wb") as file:
            file.truncate(TERABYTE)

    return make


several(
    "huge:record=run.db huge:log=run.db-wal huge:journal=run.db-journal huge:config=config.json "
    "huge:prompts=prompts.json huge:settings=maspo.toml huge:system=system.yaml huge:rows=inputs.jsonl "
    "huge:evaluation=evaluation.db huge:figures=judge_check.json huge:index=run.db-shm huge:cases=holdout.jsonl "
    "huge:seed=seed_prompts.json huge:comparison=comparison.db",
    _huge,
)


@maker
def record_with_a_tail_of_nothing(place: Place) -> None:
    with place.record.open("r+b") as file:
        file.truncate(HEAVY)


@maker
def rows_that_unpack_without_end(place: Place) -> None:
    _free(place.folder / "inputs.jsonl")
    with gzip.open(place.folder / "inputs.jsonl.gz", "wb", compresslevel=1) as file:
        for _ in range(400):
            file.write(bytes(1 << 20))


# ── databases ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _made(place: Place, *statements: str, version: int = 2) -> None:
    with closing(sqlite3.connect(_free(place.record), isolation_level=None)) as connection:
        for statement in (*statements, f"PRAGMA application_id={APPLICATION_ID}", f"PRAGMA user_version={version}"):
            connection.execute(statement)


@maker
def database_of_another_program(place: Place) -> None:
    with closing(sqlite3.connect(_free(place.record))) as connection:
        connection.execute("CREATE TABLE places (id INTEGER PRIMARY KEY, url TEXT)")
        connection.commit()


@maker
def view_that_never_ends(place: Place) -> None:
    tables = [f"CREATE TABLE {name} ({columns})" for name, columns in FIRST_TABLES.items() if name != "journal"]
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS seq, 'k' AS kind, "
    _made(place, *tables, f"CREATE VIEW journal AS {endless} '{{}}' AS body, 0.0 AS at FROM n", version=1)


@maker
def trigger_in_a_record(place: Place) -> None:
    with closing(sqlite3.connect(place.record, isolation_level=None)) as connection:
        connection.execute("CREATE TRIGGER t AFTER INSERT ON calls BEGIN DELETE FROM calls; END")


@maker
def column_that_is_computed(place: Place) -> None:
    first = {**FIRST_TABLES, "meta": "key TEXT PRIMARY KEY, value TEXT AS (hex(zeroblob(60000000)))"}
    _made(place, *(f"CREATE TABLE {name} ({columns})" for name, columns in first.items()), version=1)
    with closing(sqlite3.connect(place.record)) as connection:
        connection.executemany("INSERT INTO meta (key) VALUES (?)", [(f"{number}",) for number in range(40)])
        connection.commit()


@maker
def tree_that_leads_to_itself(place: Place) -> None:
    """Let the list of tables branch into the same pages again and again, eighteen deep."""
    data = bytearray(place.record.read_bytes())
    pages, width = 18, 4096
    first = len(data) // width + 1
    leaf = bytes(data[100:width])
    data += bytes(width * pages)

    def inner(at: int, start: int, child: int) -> None:
        cells = [(width - 8 * (number + 1)) for number in range(200)]
        data[at + start : at + start + 12] = struct.pack(">BHHHBI", 5, 0, len(cells), cells[-1], 0, child)
        for number, cell in enumerate(cells):
            struct.pack_into(">H", data, at + start + 12 + 2 * number, cell)
            data[at + cell : at + cell + 6] = struct.pack(">IBB", child, 0x81, number & 0x7F)

    for number in range(pages - 1):
        inner((first - 1 + number) * width, 0, first + number + 1)
    end = (first - 1 + pages - 1) * width
    data[end : end + len(leaf)] = leaf
    inner(0, 100, first)
    struct.pack_into(">I", data, 28, len(data) // width)
    place.record.write_bytes(data)


@maker
def records_that_share_their_pages(place: Place) -> None:
    """Let many leaves hold many cells that are all the same long record."""
    width, leaves, long = 4096, 60, 300
    pages = [bytearray(width) for _ in range(1 + leaves + long)]
    pages[0][:30] = b"CREATE TABLE journal (damaged)"
    local = (width - 12) * 32 // 255 - 23
    size = local + (width - 4) * long
    cell = _varint(size) + _varint(1) + bytes([2, 0x0D]) + bytes(local - 2) + struct.pack(">I", leaves + 2)
    for number in range(1, leaves + 1):
        page = pages[number]
        count = (width - 8 - len(cell)) // 2
        page[:8] = struct.pack(">BHHHB", 0x0D, 0, count, width - len(cell), 0)
        for index in range(count):
            struct.pack_into(">H", page, 8 + 2 * index, width - len(cell))
        page[width - len(cell) :] = cell
    for number in range(long):
        struct.pack_into(">I", pages[1 + leaves + number], 0, leaves + 3 + number if number + 1 < long else 0)
    place.record.write_bytes(b"".join(pages))


def _varint(value: int) -> bytes:
    groups = [value & 0x7F]
    while value := value >> 7:
        groups.append(value & 0x7F | 0x80)
    return bytes(reversed(groups))


def _journal(place: Place, names: str = "", pages: int = 0) -> bytes:
    """Return a journal that takes nothing back, and names another file if asked to."""
    magic = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"
    whole = pages or place.record.stat().st_size // 4096
    head = (magic + struct.pack(">IIIII", 0, 1, whole, 512, 4096)).ljust(512, b"\0")
    if not names:
        return head
    name = names.encode()
    total = sum(struct.unpack(f"{len(name)}b", name)) & 0xFFFFFFFF
    return head + struct.pack(">I", 0x40000000 // 4096 + 1) + name + struct.pack(">II", len(name), total) + magic


@maker
def journal_that_names_a_file_to_delete(place: Place) -> None:
    place.beside("-journal").write_bytes(_journal(place, str(place.outside / "super")))


@maker
def journal_that_makes_a_record_of_terabytes(place: Place) -> None:
    place.beside("-journal").write_bytes(_journal(place, pages=1 << 28))


@maker
def journal_of_another_record(place: Place) -> None:
    with closing(sqlite3.connect(place.outside / "copy.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
        connection.execute("CREATE TABLE t (x)")
        connection.execute("PRAGMA cache_size=1")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO t VALUES (zeroblob(100000))")
        shutil.copy(place.outside / "copy.db-journal", place.beside("-journal"))
        connection.execute("ROLLBACK")
    (place.outside / "copy.db").unlink()


@maker
def log_of_another_record(place: Place) -> None:
    with closing(sqlite3.connect(place.outside / "copy.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE t (x)")
        shutil.copy(place.outside / "copy.db-wal", place.beside("-wal"))
    (place.outside / "copy.db").unlink()


@maker
def log_and_index_that_are_noise(place: Place) -> None:
    place.beside("-wal").write_bytes(bytes(range(256)) * 200)
    place.beside("-shm").write_bytes(bytes(range(256)) * 128)


def _meta(place: Place, key: str, value: str) -> None:
    with closing(sqlite3.connect(place.record, isolation_level=None)) as connection:
        salt = int(connection.execute("SELECT value FROM spare WHERE key = 'salt'").fetchone()[0])
        put(connection, META, [(key, value)], salt)


@maker
def log_that_makes_a_record_of_terabytes(place: Place) -> None:
    """A log of one change, with the right sums, to a page far behind the end."""
    page, salt = bytes(4096), os.urandom(8)
    head = struct.pack(">IIII", 0x377F0682, 3007000, 4096, 0) + salt
    sums = _sums(head, (0, 0))
    frame = struct.pack(">II", 1 << 30, 1 << 30)
    after = _sums(frame + page, sums)
    place.beside("-wal").write_bytes(
        head + struct.pack(">II", *sums) + frame + salt + struct.pack(">II", *after) + page
    )


def _sums(data: bytes, begin: tuple[int, int]) -> tuple[int, int]:
    first, second = begin
    words = struct.unpack(f"<{len(data) // 4}I", data)
    for one, other in zip(words[::2], words[1::2], strict=True):
        first = (first + one + second) & 0xFFFFFFFF
        second = (second + other + first) & 0xFFFFFFFF
    return first, second


@maker
def index_that_says_the_log_is_long(place: Place) -> None:
    place.beside("-wal").write_bytes(b"")
    place.beside("-shm").write_bytes(struct.pack("<II", 3007000, 0) + b"\xff" * 32760)


@maker
def trigger_in_an_evaluation(place: Place) -> None:
    with closing(sqlite3.connect(place.folder / "evaluation.db", isolation_level=None)) as connection:
        connection.execute("CREATE TRIGGER t AFTER INSERT ON calls BEGIN DELETE FROM calls; END")


@maker
def job_that_is_nested_too_deep(place: Place) -> None:
    _meta(place, "job", DEEP)


@maker
def job_that_is_something_else(place: Place) -> None:
    _meta(place, "job", json.dumps({"system": 5, "inputs": None}))


@maker
def spending_that_is_no_figure(place: Place) -> None:
    _meta(place, "usage", json.dumps({"agent": {"calls": "many", "odd": []}}))
    _meta(place, "seconds", "soon")


@maker
def entries_that_do_not_belong_together(place: Place) -> None:
    with closing(sqlite3.connect(place.record, isolation_level=None)) as connection:
        salt = int(connection.execute("SELECT value FROM spare WHERE key = 'salt'").fetchone()[0])
        last = connection.execute("SELECT MAX(seq) FROM journal").fetchone()[0]
        rows = connection.execute("SELECT kind, body, at FROM journal WHERE kind != 'run_started'").fetchall()
        connection.execute("DELETE FROM journal")
        odd = [*rows[::-1], ("prompt_kept", "{}", 0.0), ("told", DEEP, 0.0)][: last + 2]
        put(connection, JOURNAL, [(number, *row) for number, row in enumerate(odd, start=1)], salt)


# ── what a folder asks for ───────────────────────────────────────────────────────────────────────────────────────────


@maker
def record_that_names_a_host_and_a_key(_: Place) -> None:
    """Leave it as it is: somebody else's address, and a variable of this machine."""


@maker
def record_whose_host_was_changed_since(place: Place) -> None:
    _change_models(place, base_url=f"{place.url}/changed/v1", api_key_env="MASPO_TEST_SECRET")


@maker
def record_that_names_a_proxy(place: Place) -> None:
    _change_models(place, base_url="http://models.invalid/v1", use_proxy=True, allow_http=True)


@maker
def record_with_another_way_to_reach_models(place: Place) -> None:
    _change_models(place, client="nobody_has_it", concurrency=500)


@maker
def record_without_caps(place: Place) -> None:
    _change_models(place, prices={"m": [0, 0]})


@maker
def record_that_names_files_to_read(place: Place) -> None:
    job = _job(place)
    job["sources"] = {"system": str(place.outside / "secret.json"), "inputs": "/dev/zero"}
    _meta(place, "job", json.dumps(job))


@maker
def record_without_an_id(place: Place) -> None:
    with closing(sqlite3.connect(place.record, isolation_level=None)) as connection:
        connection.execute("DELETE FROM meta WHERE key = 'run'")


@maker
def settings_that_name_a_host_and_a_key(place: Place) -> None:
    text = f'[models]\nbase_url = "{place.url}/v1"\napi_key_env = "MASPO_TEST_SECRET"\nagent = "m"\n'
    (place.folder / "maspo.toml").write_text(text)


@maker
def settings_that_name_a_key_for_another_address(place: Place) -> None:
    (place.folder / "maspo.toml").write_text('[models]\napi_key_env = "MASPO_TEST_SECRET"\n')


@maker
def settings_as_one_line(place: Place) -> None:
    text = f'models = {{ base_url = "{place.url}/v1", api_key_env = "MASPO_TEST_SECRET", use_proxy = true }}\n'
    (place.folder / "maspo.toml").write_text(text)


@maker
def settings_that_are_nested_too_deep(place: Place) -> None:
    (place.folder / "maspo.toml").write_text(f"seed = {DEEP}")


@maker
def system_with_a_prompt_outside(place: Place) -> None:
    (place.folder / "system.yaml").write_text(f"agents:\n  solver: {{prompt: {place.outside / 'secret.txt'}}}\n")


@maker
def system_with_a_prompt_that_is_a_link(place: Place) -> None:
    (place.folder / "role.txt").symlink_to(place.outside / "secret.txt")
    (place.folder / "system.yaml").write_text("agents:\n  solver: {prompt: role.txt}\n")


@maker
def system_with_a_thousand_laughs(place: Place) -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 9)}]" for n in range(12)]
    (place.folder / "system.yaml").write_text("\n".join(lines) + "\nagents: {solver: {prompt: x, protect: *m}}\n")


APP = "agents:\n  solver: {{prompt: Solve the problem.}}\napp:\n  run: {run}\n"


def _app(run: str) -> Maker:
    def make(place: Place) -> None:
        said = run.format(made=place.outside / "made", url=place.url)
        (place.folder / "system.yaml").write_text(APP.format(run=json.dumps(said)))
        (place.folder / "team.py").write_text(
            f"open({str(place.outside / 'made')!r}, 'w').close()\ndef f(row): return 'x'\n"
        )

    return make


MAKERS["app that is a command"] = _app("touch {made}")
MAKERS["app that is a function"] = _app("team:f")
MAKERS["app that is sent the rows"] = _app("{url}/rows")


@maker
def record_with_an_app(place: Place) -> None:
    job = _job(place)
    job["system"]["app"] = {"run": f"touch {place.outside / 'made'}", "folder": str(place.outside)}  # type: ignore[index]
    _meta(place, "job", json.dumps(job))


@maker
def record_whose_files_are_elsewhere(place: Place) -> None:
    """Have the files that prompts are written back to lie outside."""
    (place.outside / "team.py").write_text("PROMPT =  + str(_first_prompt(place)) + \n")
    job = _job(place)
    job["sources"] = {"system": str(place.outside / "system.yaml")}
    _meta(place, "job", json.dumps(job))
    (place.folder / "prompts.json").write_text(json.dumps({name: f"{text} And lie." for name, text in _prompts(place)}))


def _prompts(place: Place) -> list[tuple[str, str]]:
    return list(json.loads((place.folder / "seed_prompts.json").read_text()).items())


def _first_prompt(place: Place) -> str:
    return _prompts(place)[0][1]


@maker
def settings_in_the_folder_above(place: Place) -> None:
    text = f'[models]\nbase_url = "{place.url}/v1"\napi_key_env = "MASPO_TEST_SECRET"\nagent = "m"\n'
    (place.folder.parent / "maspo.toml").write_text(text)


@maker
def settings_for_the_judge_alone(place: Place) -> None:
    judge = f'base_url = "{place.url}/v1"\napi_key_env = "MASPO_TEST_SECRET"\nmodel = "j"\n'
    (place.folder / "maspo.toml").write_text(f"[models.judge]\n{judge}")


@maker
def settings_with_headers(place: Place) -> None:
    text = f'[models]\nbase_url = "{place.url}/v1"\nagent = "m"\nheaders = {{ X-Key = "env:MASPO_TEST_SECRET" }}\n'
    (place.folder / "maspo.toml").write_text(text)


def _job(place: Place) -> dict[str, object]:
    store = RunStore.read(place.record)
    found: dict[str, object] = json.loads(store.meta()["job"])
    store.close_reader()
    return found


def _change_models(place: Place, **changes: object) -> None:
    job = _job(place)
    job["config"]["models"] |= changes  # type: ignore[index]
    _meta(place, "job", json.dumps(job))
    config = json.loads((place.folder / "config.json").read_text())
    config["models"] |= changes
    (place.folder / "config.json").write_text(json.dumps(config))


# ── folders within folders ───────────────────────────────────────────────────────────────────────────────────────────


@maker
def run_within_a_run(place: Place) -> None:
    shutil.copytree(place.folder, place.folder / "inner" / "run")
    (place.folder / "inner" / "run" / "report.html.partial").symlink_to(place.victim)


@maker
def links_in_a_chain(place: Place) -> None:
    record = place.record.rename(place.folder / "link0")
    for number in range(1, 30):
        (place.folder / f"link{number}").symlink_to(f"link{number - 1}")
    place.record.symlink_to("link29")
    assert record.exists()


@maker
def links_that_lead_to_each_other(place: Place) -> None:
    for name, other in (("run.db", "evaluation.db"), ("evaluation.db", "run.db"), ("prompts.json", "./prompts.json")):
        _free(place.folder / name).symlink_to(other)


@maker
def a_thousand_runs_that_are_links(place: Place) -> None:
    for number in range(1000):
        (place.folder.parent / f"r{number}").symlink_to(place.folder.parent)


@maker
def names_that_drive_a_terminal(place: Place) -> None:
    for name in ("\x1b]0;title\x07", "\x1b[2J\x1b[H", "a\nb\rc", "\u202eevil", "[red]x", "%s{0}$(id)`id`"):
        (place.folder / name).mkdir()
        shutil.copy(place.record, place.folder / name / "run.db")


@maker
def files_that_nobody_may_read(place: Place) -> None:
    for path in place.folder.iterdir():
        path.chmod(0)


@maker
def folders_five_hundred_deep(place: Place) -> None:
    handle = os.open(place.folder, os.O_RDONLY)
    for _ in range(500):
        os.mkdir("deep", dir_fd=handle)
        below = os.open("deep", os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = below
    os.close(handle)


@maker
def names_that_are_no_text(place: Place) -> None:
    odd = place.folder / os.fsdecode(b"\xff\x1b[31m\nname")
    odd.mkdir()
    shutil.copy(place.record, odd / "run.db")


@maker
def folder_that_may_only_be_read(place: Place) -> None:
    place.folder.chmod(0o555)


# ── what newer commands read and write ───────────────────────────────────────────────────────────────────────────────

OLDER = len(MAKERS)
"""Folders that the older commands are driven over."""
_NEWER = (
    "watch.db watch.db-wal watch.db-shm watch.db-journal stress.db stress.db-wal stress.db-journal structure.db "
    "structure.db-wal structure.db-journal stress.json structure.json pairs.jsonl human.jsonl evaluation.json "
    "comparison.json comparison.html watch.db.new stress.db.new structure.db.lock"
)
for _make, _kind in ((_linked, "link"), (_pipe, "pipe")):
    several(" ".join(f"{_kind}:{name}={name}" for name in _NEWER.split()), _make)
several(" ".join(f"device:{name}={name}" for name in ("watch.db", "stress.db-wal", "structure.json")), _endless)
several(" ".join(f"folder:{name}={name}" for name in ("watch.db", "stress.db", "structure.db-wal")), _directory)


def _strange(name: str) -> Maker:
    def make(place: Place) -> None:
        with closing(sqlite3.connect(_free(place.folder / name))) as made:
            made.execute("CREATE TABLE journal (id, kind, data)")
            made.execute("CREATE VIEW meta AS SELECT load_extension('x') AS key, 1 AS value")
            made.execute("CREATE TRIGGER t AFTER INSERT ON journal BEGIN DELETE FROM journal; END")
            made.commit()

    return make


def _sparse(name: str) -> Maker:
    def make(place: Place) -> None:
        with _free(place.folder / name).open("wb") as file:
            file.truncate(TERABYTE)

    return make


several(" ".join(f"strange:{name}={name}" for name in ("watch.db", "stress.db", "structure.db")), _strange)
several(" ".join(f"sparse:{name}={name}" for name in ("watch.db", "stress.db", "structure.db")), _sparse)


def _in_a_store(name: str) -> Maker:
    """Let a record lie in a store of somebody else, which would be told the password that this machine keeps."""

    def make(place: Place) -> None:
        where = place.url.removeprefix("http://")
        text = f"maspo store 1\npostgresql://them@{where}/maspo\n{'a' * 32}\n"
        _free(place.folder / name).write_text(text)

    return make


several(
    " ".join(
        f"store:{name}={name}"
        for name in ("run.db", "watch.db", "stress.db", "structure.db", "evaluation.db", "judge.db", "comparison.db")
    ),
    _in_a_store,
)

NEWER = len(MAKERS)
"""Folders that the commands after these are driven over."""
_NEWEST = "joint.db joint.db-wal joint.db-journal joint.db.lock library.jsonl library.jsonl.partial library.jsonl.lock"
for _make, _kind in ((_linked, "link"), (_dangling, "dangling"), (_pipe, "pipe"), (_directory, "folder")):
    several(" ".join(f"{_kind}:{name}={name}" for name in _NEWEST.split()), _make)
several(" ".join(f"device:{name}={name}" for name in ("joint.db", "library.jsonl")), _endless)
several(" ".join(f"sparse:{name}={name}" for name in ("joint.db", "library.jsonl")), _sparse)
several("strange:joint.db=joint.db", _strange)
several("store:joint.db=joint.db", _in_a_store)

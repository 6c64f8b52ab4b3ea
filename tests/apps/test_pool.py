"""Rollouts of apps: one process each, apart from one another, limited, and gone when maspo is."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from maspo.apps import shim
from maspo.apps.pool import QUIET, Ended, Pool
from maspo.core.errors import ConfigInvalid
from maspo.team.app import App
from tests.apps.conftest import WriteApp


async def run(app: App, *rows: dict[str, str], environment: dict[str, str] | None = None) -> list[Ended]:
    pool = Pool(app)
    try:
        return [await pool.run(row, environment or {}) for row in rows]
    finally:
        await pool.close()


async def run_one(app: App, **row: str) -> Ended:
    return (await run(app, row))[0]


# ── callables ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("prefix", ["", "async "])
async def test_a_row_goes_in_and_the_answer_comes_out(app: WriteApp, prefix: str) -> None:
    ended = await run_one(app(f"{prefix}def answer(row): return row['input'] + '!'"), input="é\ud800 {x}")
    assert (ended.answer, ended.reason) == ("é\ud800 {x}!", "")


async def test_an_answer_that_is_no_text_comes_as_json(app: WriteApp) -> None:
    assert (await run_one(app("def answer(row): return {'é': [1, 2]}"))).answer == '{"é": [1, 2]}'


RESULT = """
import dataclasses, datetime, enum
class Grade(enum.Enum):
    GOOD = "good"
@dataclasses.dataclass
class Result:
    grade: Grade
    day: datetime.date
    tags: set
class Model:
    def model_dump(self, mode):
        return {"mode": mode, "result": Result(Grade.GOOD, datetime.date(2026, 1, 2), {"b", "a"})}
def answer(row): return Model()
"""


async def test_a_structured_answer_comes_as_json(app: WriteApp) -> None:
    answer = (await run_one(app(RESULT))).answer
    assert answer == '{"mode": "json", "result": {"grade": "good", "day": "2026-01-02", "tags": ["a", "b"]}}'


@pytest.mark.parametrize("keep_alive", [False, True])
@pytest.mark.parametrize(
    "code",
    [
        "def answer(row):\n    yield 'one '\n    yield row['input']",
        "async def answer(row):\n    yield 'one '\n    yield row['input']",
        "async def parts(row):\n    yield 'one '\n    yield row['input']\nasync def answer(row): return parts(row)",
    ],
)
async def test_an_answer_that_comes_in_parts_is_waited_for(app: WriteApp, code: str, keep_alive: bool) -> None:
    assert (await run_one(app(code, keep_alive=keep_alive), input="two")).answer == "one two"


@pytest.mark.parametrize(
    ("code", "answer"),
    [
        ("def answer(row): return row", '{"input": "q", "context": "c"}'),
        ("def answer(question: str): return question", "q"),
        ("from __future__ import annotations\ndef answer(context: str): return context", "c"),
        ("def answer(*, question: str): return question", "q"),
        ("def answer(context): return context", "c"),
        ("def answer(input, context='x'): return input + context", "qc"),
        ("def answer(context: dict): return context", '{"input": "q", "context": "c"}'),
        ("async def answer(context, input, style='x'): return input + context + style", "qcx"),
        ("def answer(*row): return list(row)", '[{"input": "q", "context": "c"}]'),
        (
            "class Team:\n    def answer(self, row): return row\nanswer = Team().answer",
            '{"input": "q", "context": "c"}',
        ),
    ],
)
async def test_a_function_is_given_the_row_or_its_columns(app: WriteApp, code: str, answer: str) -> None:
    assert (await run_one(app(code), input="q", context="c")).answer == answer


async def test_a_function_that_asks_for_other_columns_is_told_which_there_are(app: WriteApp) -> None:
    ended = await run_one(app("def answer(question, context): return question"), input="q", context="c")
    assert "a row has no question" in ended.reason and "(input, context)" in ended.reason


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("def answer(row): return None", "returned None"),
        ("def answer(row): return object()", "builtins.object"),
        ("def answer(row): raise KeyError('q')", "KeyError: 'q'"),
        ("def answer(row): raise SystemExit(3)", "SystemExit: 3"),
        ("import os\ndef answer(row): os._exit(3)", "exit code 3"),
        ("import os\ndef answer(row): os.kill(os.getpid(), 9)", "signal 9"),
        ("answer = 3", "expected a function"),
        ("class answer: pass", "is a class; expected a function, or an object: write team = answer()"),
        ("import not_there", "not_there"),
        ("def other(row): return 1", "answer"),
        ("def answers(row): return 1", "has no attribute 'answer'; did you mean answers?"),
    ],
)
async def test_a_rollout_without_an_answer_says_why(app: WriteApp, code: str, reason: str) -> None:
    ended = await run_one(app(code))
    assert ended.answer is None
    assert reason in ended.reason


async def test_what_an_app_prints_is_no_answer_and_is_told(app: WriteApp) -> None:
    ended = await run_one(app("print('at import')\ndef answer(row):\n    print('{\"answer\": 1}')\n    return 'a'"))
    assert ended.answer == "a"
    assert ended.printed.splitlines() == ["at import", '{"answer": 1}']


LEAKING = """
import os
url = os.environ["OPENAI_BASE_URL"]
seen = []
def answer(row):
    seen.append(row["input"])
    return [url, seen, os.environ["OPENAI_BASE_URL"]]
"""


async def test_nothing_is_carried_from_rollout_to_rollout(app: WriteApp) -> None:
    """Clients that are made at import see the base URL of their own rollout."""
    pool = Pool(app(LEAKING, workers=8))

    async def one(number: int) -> Any:
        async with pool.place() as place:
            ended = await pool.run({"input": f"q{number}"}, {"OPENAI_BASE_URL": f"http://r{number}"}, place)
        assert ended.answer is not None, ended
        return json.loads(ended.answer)

    try:
        found = await asyncio.gather(*(one(number) for number in range(30)))
    finally:
        await pool.close()
    assert found == [[f"http://r{number}", [f"q{number}"], f"http://r{number}"] for number in range(30)]


@pytest.mark.parametrize("own", ["", "7"])
async def test_a_set_has_one_order_in_all_processes_unless_its_owner_says_which(
    app: WriteApp, own: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONHASHSEED", raising=False)
    if own:
        monkeypatch.setenv("PYTHONHASHSEED", own)
    written = app("import os\ndef answer(row): return ' '.join({*map(str, range(40))}) + os.environ['PYTHONHASHSEED']")
    answers = {(await run_one(written)).answer for _ in range(2)}
    assert len(answers) == 1
    assert str(answers.pop()).endswith(own or "0")


async def test_an_sdk_finds_a_key_where_its_owner_has_none(app: WriteApp, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY")
    for name in names:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", "own")
    written = app(f"import os\ndef answer(row): return ' '.join(os.environ.get(name, '-') for name in {names})")
    assert (await run_one(written)).answer == "own unused unused -"


async def test_libraries_that_the_first_rollout_loads_are_there_for_the_next(app: WriteApp) -> None:
    code = """
    import sys
    loaded = "wave" in sys.modules
    def answer(row):
        import wave
        return [loaded, "team" in sys.modules]
    """
    first, second = await run(app(code), {}, {})
    assert (first.answer, second.answer) == ("[false, true]", "[true, true]")


async def test_libraries_that_start_threads_are_not_forked_with(app: WriteApp, tmp_path: Path) -> None:
    site = tmp_path / "env"
    made = await asyncio.create_subprocess_exec(sys.executable, "-m", "venv", "--without-pip", str(site))
    assert await made.wait() == 0
    library = next(site.glob("lib/python3*/site-packages"))
    started = "import threading, time\nthreading.Thread(target=time.sleep, args=(1000,), daemon=True).start()\n"
    for calm in ("calm", "late"):
        (library / f"{calm}.py").write_text("")
    for package, text in (("threaded", started), ("user", "import threaded")):
        (library / package).mkdir()
        (library / package / "__init__.py").write_text(text)
        (library / package / "part.py").write_text("")
    code = """
    import sys
    loaded = [name for name in ("calm", "threaded", "threaded.part", "user.part", "late") if name in sys.modules]
    import calm, threaded.part, user.part, late
    def answer(row): return loaded
    """
    found = await run(app(code, python="env/bin/python"), {}, {}, {})
    assert [json.loads(ended.answer or "") for ended in found] == [[], ["calm", "late"], ["calm", "late"]]


async def test_a_library_that_cannot_be_imported_without_the_app_costs_one_rollout(
    app: WriteApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "env"
    made = await asyncio.create_subprocess_exec(sys.executable, "-m", "venv", "--without-pip", str(site))
    assert await made.wait() == 0
    library = next(site.glob("lib/python3*/site-packages"))
    (library / "needy.py").write_text("import sys, time\nwhile 'team' not in sys.modules: time.sleep(0.01)\n")
    pool = Pool(app("import needy\ndef answer(row): return 'so'", python="env/bin/python"))
    monkeypatch.setattr("maspo.apps.pool._PATIENCE", -15.0)  # of a limit of 20 s
    monkeypatch.setattr("maspo.apps.pool._GRACE", 0.1)
    try:
        answers = [(await pool.run({"input": "x"}, {})).answer for _ in range(4)]
    finally:
        await pool.close()
    assert answers == ["so", None, "so", "so"]


async def test_a_trial_of_libraries_ends_where_one_of_them_waits_for_ever(tmp_path: Path) -> None:
    for name, text in (("calm", ""), ("waits", "import time; time.sleep(1000)"), ("late", "")):
        (tmp_path / f"{name}.py").write_text(text)
    code = "import shim; shim.HANGS = 0.3; print(shim.how_many_fit(['calm', 'waits', 'late']), shim.how_many_fit([]))"
    trial = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", code),
        env={"PYTHONPATH": os.pathsep.join((str(Path(shim.__file__).parent), str(tmp_path)))},
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await asyncio.wait_for(trial.communicate(), 60)
    assert said.split() == [b"1", b"0"]


async def test_frameworks_are_told_not_to_phone_home(app: WriteApp) -> None:
    code = "import os\ndef answer(row): return dict(os.environ)"
    told = json.loads((await run_one(app(code))).answer or "")
    assert QUIET.items() <= told.items()


@pytest.mark.parametrize("version", ["3.9", "3.10", "3.12", "3.13"])
async def test_the_shim_runs_on_other_pythons(app: WriteApp, version: str) -> None:
    found = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    interpreter = str(found[0]) if found else shutil.which(f"python{version}")
    if interpreter is None:
        pytest.skip(f"no Python {version} here")
    code = "import sys\nasync def answer(row): return '%d.%d' % sys.version_info[:2]"
    assert (await run_one(app(code, python=interpreter))).answer == version


@pytest.mark.parametrize("python", ["not/there", "/bin/true", "team.py"])
async def test_an_interpreter_that_is_none_is_said_to_be(app: WriteApp, python: str) -> None:
    with pytest.raises(ConfigInvalid, match=r"app\.python"):
        await run_one(app("def answer(row): return 1", python=python))


# ── limits ───────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_rollout_that_takes_too_long_costs_only_itself(app: WriteApp) -> None:
    code = "import time\ndef answer(row):\n    while row['input'] == 'slow': pass\n    return 'done'"
    slow, fast = await run(app(code, seconds=1.0), {"input": "slow"}, {"input": "fast"})
    assert (slow.answer, slow.reason) == (None, "took longer than 1 seconds")
    assert fast.answer == "done"


async def test_a_rollout_that_prints_without_end_is_ended(app: WriteApp) -> None:
    code = "def answer(row):\n    while True: print('x' * 100_000)"
    ended = await run_one(app(code, seconds=60.0))
    assert ended.answer is None
    assert "wrote more than" in ended.reason
    assert len(ended.printed) < 10_000


async def test_a_large_answer_comes_whole(app: WriteApp) -> None:
    assert (await run_one(app("def answer(row): return row['input'] * 3"), input="é" * 500_000)).answer == (
        "é" * 1_500_000
    )


# ── commands ─────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_command_reads_a_row_and_prints_the_answer(tmp_path: Path) -> None:
    ended = await run_one(App("sed -e 's/input/é/'", folder=str(tmp_path)), input="a b")
    assert ended.answer == '{"é": "a b"}'


async def test_of_a_module_that_cannot_be_imported_only_places_of_the_app_are_shown(app: WriteApp) -> None:
    missing = await run_one(App("not_there:answer"))
    assert "No module named 'not_there'" in missing.reason and not missing.printed, "it says all already"
    ended = await run_one(app("import not_there_either"))
    assert "No module named 'not_there_either'" in ended.reason
    places = [line for line in ended.printed.splitlines() if line.startswith("  File")]
    assert len(places) == 1 and "line 1, in <module>" in places[0], ended.printed


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("false", "exit code 1"),
        ("not-there-at-all", "give the command as a shell there would find it, module:function, or a URL"),
        ("sh -c 'kill -9 $$'", "signal 9"),
    ],
)
async def test_a_command_that_fails_says_how(tmp_path: Path, command: str, reason: str) -> None:
    ended = await run_one(App(command, folder=str(tmp_path)))
    assert ended.answer is None
    assert reason in ended.reason


DIALOGUE = """
import json, sys
seen = 0
for line in sys.stdin:
    seen += 1
    row = json.loads(line)
    if row["input"] == "die": sys.exit(4)
    print(json.dumps({"answer": f"{row['input']} {seen}"}), flush=True)
"""


async def test_a_command_that_is_kept_alive_answers_row_after_row(tmp_path: Path) -> None:
    (tmp_path / "dialogue.py").write_text(DIALOGUE)
    app = App(f"{sys.executable} dialogue.py", keep_alive=True, folder=str(tmp_path), seconds=20.0)
    big = "x" * 300_000  # more than a pipe holds
    rows = [{"input": text} for text in ("a", big, "die", "b")]
    found = await run(app, *rows)
    assert [ended.answer for ended in found] == ["a 1", f"{big} 2", None, "b 1"]
    assert "exit code 4" in found[2].reason


async def test_a_callable_that_is_kept_alive_keeps_what_it_holds(app: WriteApp) -> None:
    found = await run(
        app(LEAKING, keep_alive=True), {"input": "a"}, {"input": "b"}, environment={"OPENAI_BASE_URL": ""}
    )
    assert [json.loads(ended.answer or "")[1] for ended in found] == [["a"], ["a", "b"]]


LOOPS = """
import asyncio
LOOPS = []
async def answer(row):
    LOOPS.append(asyncio.get_running_loop())
    if row["input"] == "fails": raise ValueError("no")
    return f"{len(set(LOOPS))} of {len(LOOPS)}"
"""


async def test_an_async_app_that_is_kept_alive_stays_in_one_event_loop(app: WriteApp) -> None:
    found = await run(app(LOOPS, keep_alive=True), *({"input": text} for text in ("a", "fails", "b")))
    assert [ended.answer for ended in found] == ["1 of 1", None, "1 of 3"]


# ── the end ──────────────────────────────────────────────────────────────────────────────────────────────────────────

FORKING = """
import os, pathlib, subprocess, time
def answer(row):
    child = subprocess.Popen(["sleep", "1000"])
    pathlib.Path(row["file"]).write_text(f"{os.getppid()} {os.getpid()} {child.pid}")
    while row["input"] == "stay": time.sleep(0.01)
    return "left"
"""


async def gone(pid: int) -> bool:
    """Wait until a process is gone, or is nobody's any more; half a minute at most."""
    for _ in range(3000):
        if not runs(pid):
            return True
        await asyncio.sleep(0.01)
    return False


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


async def pids(file: Path) -> list[int]:
    """Wait until the app has written the process ids of the shim, of itself and of its child."""
    for _ in range(3000):
        if len(found := written(file)) == 3:
            return found
        await asyncio.sleep(0.01)
    raise AssertionError("the app did not start")


def written(file: Path) -> list[int]:
    return [int(pid) for pid in file.read_text().split()] if file.exists() else []


needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes in /proc")


@needs_proc
async def test_what_a_rollout_started_ends_with_it(app: WriteApp, tmp_path: Path) -> None:
    ended = await run_one(app(FORKING), input="go", file=str(tmp_path / "pids"))
    assert ended.answer == "left"
    assert all([await gone(pid) for pid in await pids(tmp_path / "pids")])


@needs_proc
@pytest.mark.parametrize("end", ["cancelled", "closed", "killed"])
async def test_nothing_outlives_maspo(app: WriteApp, tmp_path: Path, end: str) -> None:
    pool = Pool(app(FORKING))
    task = asyncio.create_task(pool.run({"input": "stay", "file": str(tmp_path / "pids")}, {}))
    shim, *started = await pids(tmp_path / "pids")
    if end == "cancelled":
        task.cancel()
        assert all([await gone(pid) for pid in started])
    elif end == "killed":
        os.kill(shim, signal.SIGKILL)
    await pool.close()
    (found,) = await asyncio.gather(task, return_exceptions=True)
    if end == "killed":
        assert found == Ended(None, "the process that starts the app has ended")
    assert all([await gone(pid) for pid in (shim, *started)])


async def test_after_the_shim_has_died_another_one_goes_on(app: WriteApp) -> None:
    pool = Pool(app("import os\ndef answer(row): return os.getppid()"))
    try:
        os.kill(int((await pool.run({}, {})).answer or ""), signal.SIGKILL)
        found = [await pool.run({}, {}) for _ in range(2)]
        assert found[-1].answer is not None
    finally:
        await pool.close()


@needs_proc
async def test_a_shim_that_takes_no_more_is_given_up_with_the_row_that_waits(
    app: WriteApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = Pool(app("import os\ndef answer(row): return os.getppid()"))
    try:
        shim = int((await pool.run({}, {})).answer or "")
        os.kill(shim, signal.SIGSTOP)
        monkeypatch.setattr("maspo.apps.pool._PATIENCE", -19.0)  # of a limit of 20 s
        monkeypatch.setattr("maspo.apps.pool._GRACE", 0.1)
        found = await pool.run({"input": "x" * 1_000_000}, {})  # more than a pipe holds
        assert found == Ended(None, "the process that starts it did not answer for 1 s")
        assert await gone(shim)
        monkeypatch.undo()
        assert (await pool.run({}, {})).answer is not None
    finally:
        await pool.close()


# ── apps that run by themselves ──────────────────────────────────────────────────────────────────────────────────────


async def test_an_app_at_a_url_is_sent_the_row_and_where_to_ask() -> None:
    async def ticket(request: web.Request) -> web.Response:
        row = await request.json()
        if row["input"] == "elsewhere":
            raise web.HTTPTemporaryRedirect("/ticket/")
        if row["input"] == "wrong":
            return web.json_response({"detail": "field required: question"}, status=422)
        return web.json_response({"answer": f"{row['input']} {request.headers['X-Maspo-Base-Url']}", "log": "x"})

    server = web.Application()
    server.router.add_post("/ticket", ticket)
    runner = web.AppRunner(server)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        host, port = runner.addresses[0][:2]
        app = App(f"http://{host}:{port}/ticket")
        rows = [{"input": text} for text in ("q", "elsewhere", "wrong")]
        found, elsewhere, wrong = await run(app, *rows, environment={"OPENAI_BASE_URL": "http://gateway/v1"})
    finally:
        await runner.cleanup()
    assert found.answer == "q http://gateway/v1"
    assert elsewhere.answer is None and "status 307; it leads to /ticket/" in elsewhere.reason
    assert "status 422" in wrong.reason and "field required" in wrong.printed

"""Runs an app in the environment of its owner: one process, one rollout. Standard library only, Python 3.9 and newer.

This file is started by its path with the interpreter of the app's owner, where maspo need not be installed. It is told
what to do in lines of JSON on standard input and answers in lines of JSON on standard output. It never runs the app
itself: each rollout is a fork of it, or a command, in a process group of its own, and ends with it. The first rollout
tells which library modules the app loads; they are imported here, so that later forks need not. Modules of the app's
owner are imported by every rollout anew: clients that they make at import see the base URL of that rollout, and
nothing that they keep is seen by another.
"""

from __future__ import annotations

import asyncio
import difflib
import enum
import fcntl
import gc
import importlib
import inspect
import json
import os
import runpy
import selectors
import signal
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any

TEXTS = ("str", "str | None", "None | str", "Optional[str]", "typing.Optional[str]")
"""How one says of a parameter that it takes a text."""
KEPT = 4000
"""Characters of what an app prints that are told: its last lines say why it failed."""
HANGS = 60.0
"""Seconds that the import of one library may take where it is only tried: more is one that waits for ever."""
FLOOD = 64 * 1024 * 1024
"""Bytes that a rollout may print or answer: more is a loop that never ends."""
CHUNK = 1 << 16


# ── in the process of a rollout ──────────────────────────────────────────────────────────────────────────────────────


def find_app(name: str) -> Callable[[Any], Any]:
    """Import ``module:function`` (dotted attributes may follow) and return what is called."""
    module_name, _, path = name.partition(":")
    if not path:
        raise ValueError("expected module:function, such as team:answer; given: " + name)
    found: object = importlib.import_module(module_name)
    for part in path.split("."):
        of_class = inspect.isclass(found) and inspect.isfunction(inspect.getattr_static(found, part, None))
        try:
            found = getattr(found, part)
        except AttributeError as error:
            near = difflib.get_close_matches(part, dir(found), n=1)
            raise AttributeError(f"{error}; did you mean {near[0]}?" if near else str(error)) from error
    if inspect.isclass(found) or of_class:
        what = "a class" if inspect.isclass(found) else "a method of a class"
        owner, *rest = path.split(".")
        raise TypeError(
            f"{name} is {what}; expected a function, or an object: write team = {owner}() into the module, and name "
            f"{'.'.join([module_name + ':team', *rest])}"
        )
    if not callable(found):
        raise TypeError(name + " is " + type(found).__name__ + "; expected a function that takes one row")
    return found


def call_app(function: Callable[[Any], Any], row: object, run: Callable[[Any], Any] = asyncio.run) -> str:
    """Return the answer of an app to a row, as text; ``run`` waits for what is awaitable, or comes in parts."""
    positional, named = arguments_for(function, row)
    answer = function(*positional, **named)
    if inspect.isawaitable(answer):
        answer = run(_awaited(answer))
    if inspect.isasyncgen(answer):
        answer = run(_parts_of(answer))
    elif inspect.isgenerator(answer):
        answer = list(answer)
    else:
        return answer_text(answer)
    return "".join(answer) if all(isinstance(part, str) for part in answer) else answer_text(answer)


async def _awaited(answer: Any) -> Any:
    return await answer


async def _parts_of(answer: Any) -> list[Any]:
    return [part async for part in answer]


def arguments_for(function: Callable[..., Any], row: object) -> tuple[list[object], dict[str, object]]:
    """Return how a function is given a row: by its columns, its ``input`` where one text is asked for, or as it is."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # what is not written in Python may not tell
        return [row], {}
    plain = [one for one in parameters if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)]
    needed = [one for one in plain if one.default is one.empty]
    if not isinstance(row, dict) or not needed or any(one.kind is one.POSITIONAL_ONLY for one in needed):
        return [row], {}
    first = needed[0]
    untyped = first.annotation is first.empty
    if len(needed) == 1 and not untyped and spelled(first.annotation) not in TEXTS:
        return [row], {}
    missing = [one.name for one in needed if one.name not in row]
    if not missing:
        return [], {one.name: row[one.name] for one in plain if one.name in row}
    if len(needed) == 1 and untyped:
        return [row], {}
    if len(needed) == 1 and ("input" in row or len(row) == 1):
        return [], {first.name: row["input"] if "input" in row else next(iter(row.values()))}
    raise TypeError(
        "the app takes "
        + ", ".join(one.name for one in needed)
        + ", and a row has no "
        + " and no ".join(missing)
        + "; expected one parameter, which is given the row, or parameters called as columns ("
        + ", ".join(row)
        + ")"
    )


def spelled(annotation: object) -> str:
    """Return an annotation as it is written."""
    if isinstance(annotation, str):
        return annotation.strip("'\"")  # where annotations are put off, quotes are part of it
    return annotation.__name__ if isinstance(annotation, type) else str(annotation)


def answer_text(answer: object) -> str:
    """Return an answer as text: texts as they are, everything else as JSON."""
    if isinstance(answer, str):
        return answer
    if answer is None:
        raise TypeError("the app returned None; expected its answer, as text or as something that JSON can hold")
    try:
        return json.dumps(answer, ensure_ascii=False, default=in_json)
    except (TypeError, ValueError):
        kind = type(answer).__module__ + "." + type(answer).__qualname__
        raise TypeError("the app returned " + kind + "; expected its answer, as text or JSON") from None


def in_json(value: Any) -> Any:
    """Return what JSON can hold of a value: the fields of a structured output, and what it is made of."""
    if isinstance(value, type):
        raise TypeError
    if hasattr(value, "model_dump"):  # of pydantic, which this file must not need
        return value.model_dump(mode="json")
    if hasattr(value, "__dataclass_fields__"):
        return {name: getattr(value, name) for name in value.__dataclass_fields__}
    if isinstance(value, (set, frozenset)):
        return sorted(value, key=str)
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, enum.Enum):
        return value.value
    raise TypeError


def library_modules() -> list[str]:
    """Return the modules that are loaded and belong to no owner of an app: standard library and installed packages."""
    paths = sysconfig.get_paths()
    installed = tuple(os.path.realpath(paths[name]) + os.sep for name in ("stdlib", "platstdlib", "purelib", "platlib"))
    found = []
    for name, module in list(sys.modules.items()):
        spec = getattr(module, "__spec__", None)
        origin = getattr(spec, "origin", None)
        if name == "__main__" or spec is None or getattr(spec, "name", name) != name:
            continue
        if origin is None or origin in ("built-in", "frozen") or os.path.realpath(origin).startswith(installed):
            found.append(name)
    return found


class Watch:
    """Sees which objects of frameworks an app makes: agents that a function makes are gone when it returns.

    ``gc.callbacks`` calls it whenever the garbage collector is about to look at what was made since it last did. What
    it sees lives on until it is told of; nothing of the app or of a framework is changed.
    """

    def __init__(self, files: list[str]) -> None:
        self.readers: dict[str, dict[str, Any]] = {}
        self.failed: list[dict[str, Any]] = []
        self.seen: dict[int, Any] = {}
        for file in files:
            reader = file.rpartition("/")[2].partition(".")[0]
            try:
                known = runpy.run_path(file)
                self.readers[reader] = {"kinds": known["KINDS"], "tell": known["tell"]}
            except Exception as error:
                self.failed.append({"reader": reader, "error": one_line(error)})
        kinds = [kind for known in self.readers.values() for kind in known["kinds"]]
        self.names = {(module.partition(".")[0], name) for module, name in kinds}
        self.known: dict[type, bool] = {}
        gc.callbacks.append(self.look)

    def kinds(self) -> dict[type, str]:
        """Return the classes of frameworks that are loaded by now, with their readers; a module may load them late."""
        found: dict[type, str] = {}
        for reader, known in self.readers.items():
            for module, name in known["kinds"]:
                kind = getattr(sys.modules.get(module), name, None)
                if isinstance(kind, type):
                    found[kind] = reader
        return found

    def may_be_read(self, kind: type) -> bool:
        """Say whether a class is called as one that a reader knows, or is made of such: nothing is imported by this."""
        if kind not in self.known:
            # Some classes keep a property for their instances under this name.
            named = [(one.__dict__.get("__module__"), one.__name__) for one in kind.__mro__]
            self.known[kind] = any(
                isinstance(module, str) and (module.partition(".")[0], name) in self.names for module, name in named
            )
        return self.known[kind]

    def look(self, phase: str, _: dict[str, Any]) -> None:
        """Keep what is new; called by the garbage collector."""
        if phase == "start":
            with suppressed(Exception):  # whatever a class of the app is like, it must not be told of in what it prints
                self.keep(gc.get_objects(0))

    def keep(self, objects: list[Any]) -> None:
        """Keep those of some objects that a reader knows."""
        self.seen.update((id(one), one) for one in objects if self.may_be_read(type(one)))

    def told(self) -> list[dict[str, Any]]:
        """Return what readers tell of the agents that were seen: one object for each, or an error; and end."""
        gc.callbacks.remove(self.look)
        self.keep(gc.get_objects())
        found, unnamed = list[dict[str, Any]](), list[tuple[Any, dict[str, Any]]]()
        failed, kinds = set[str](), self.kinds()
        for one in self.seen.values():
            for reader in {reader for kind, reader in kinds.items() if issubclass(type(one), kind)} - failed:
                try:
                    told = self.readers[reader]["tell"](one)
                    if isinstance(told, dict) and not told["name"]:
                        unnamed.append((one, dict(told, reader=reader)))
                    else:
                        found += [dict(agent, reader=reader) for agent in ([told] if isinstance(told, dict) else told)]
                except Exception as error:
                    failed.add(reader)
                    self.failed.append({"reader": reader, "error": one_line(error)})
        self.seen.clear()
        named = {id(agent.get("object")) for agent in found}
        found += [dict(agent, name=variable_of(one)) for one, agent in unnamed if id(one) not in named]
        return [{name: plain(value) for name, value in one.items()} for one in found + self.failed]


def variable_of(one: object) -> str:
    """Return the variable of a module that holds an object: what an agent is called that was given no name."""
    for space in gc.get_referrers(one):
        if isinstance(space, dict) and "__name__" in space and "__builtins__" in space:
            return next((str(name) for name, value in space.items() if value is one), "")
    return ""


def plain(value: object) -> object:
    """Return texts, and the texts of a list; all else of an app's objects is left out."""
    if isinstance(value, (list, tuple)):
        return [str(one) for one in value if isinstance(one, str) and one.strip()]
    return str(value) if isinstance(value, str) else ""


def run_once(app: str, row: object, first: bool, readers: list[str]) -> dict[str, Any]:
    """Return what is told of one rollout. ``first``: also what the app loaded, and who its framework says is there."""
    told: dict[str, Any] = {}
    watch = Watch(readers) if first else None
    try:
        began, before = time.monotonic(), dict(os.environ)
        function = find_app(app)
        told["import_seconds"] = time.monotonic() - began
        set_by_app = {name: value for name, value in os.environ.items() if before.get(name) != value}
        told["answer"] = call_app(function, row)
        if watch is not None:
            told["modules"], told["environ"], told["threads"] = library_modules(), set_by_app, bool(why_unfit())
            told["agents"] = watch.told()
    except BaseException as error:
        told.pop("answer", None)
        told["error"] = one_line(error)
        print_places(error)
    return told


def one_line(error: BaseException) -> str:
    """Return an error in one line: its kind and what it says."""
    text = " ".join(str(error).split())
    return type(error).__name__ + (": " + text if text else "")


def print_places(error: BaseException) -> None:
    """Print where an app failed; of the way there, which begins here and in the import system, nothing."""
    place = error.__traceback__
    while place is not None and place.tb_frame.f_code.co_filename.startswith((__file__, importlib.__file__, "<frozen")):
        place = place.tb_next
    if place is not None or isinstance(error, SyntaxError):
        traceback.print_exception(type(error), error, place)


def write_whole(fd: int, data: bytes) -> None:
    """Write all of it, however often that takes."""
    while data:
        data = data[os.write(fd, data) :]


def end_with_parent(pipe: int) -> None:
    """Have the kernel kill this process group once the other end of a pipe is closed: the shim is gone, also killed."""
    if not hasattr(fcntl, "F_SETSIG"):
        return
    fcntl.fcntl(pipe, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(pipe, fcntl.F_SETOWN, -os.getpgrp())
    fcntl.fcntl(pipe, fcntl.F_SETFL, fcntl.fcntl(pipe, fcntl.F_GETFL) | os.O_ASYNC | os.O_NONBLOCK)
    try:
        gone = os.read(pipe, 1) == b""
    except BlockingIOError:
        gone = False
    if gone:
        os._exit(1)


def serve_rows(app: str, rows: int, results: int, readers: list[str]) -> None:
    """Answer row after row in one process, and in one event loop: what the app keeps at import is kept.

    A client that has been used in one loop breaks in the next: several SDKs keep their connections.
    """
    function: Callable[[Any], Any] | None = None
    watch = Watch(readers) if readers else None
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    with os.fdopen(rows, "r", encoding="utf-8") as lines:
        for line in lines:
            asked = json.loads(line)
            told: dict[str, Any] = {}
            os.environ.update(asked["env"])
            try:
                function = function or find_app(app)
                told["answer"] = call_app(function, asked["row"], loop.run_until_complete)
                if watch is not None:
                    told["agents"], watch = watch.told(), None
            except Exception as error:
                told.pop("answer", None)
                told["error"] = one_line(error)
                print_places(error)
            sys.stdout.flush()
            sys.stderr.flush()
            write_whole(results, (json.dumps(told) + "\n").encode())


# ── in the process that never runs the app ───────────────────────────────────────────────────────────────────────────


class Process:
    """A process of the app: a rollout, or a worker that answers one row after another."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.rollout: str | None = None
        self.deadline: float | None = None
        self.pid = 0
        self.popen: subprocess.Popen[bytes] | None = None
        self.is_first = False
        self.status: int | None = None
        self.life = -1
        self.rows = -1
        self.waiting = b""
        self.streams: dict[str, int] = {}
        self.heard = {"result": bytearray(), "out": bytearray(), "err": bytearray()}
        self.bytes = 0
        self.reason = ""
        self.began = time.monotonic()


class Shim:
    """Starts the processes of an app, hears what they say, and ends them."""

    def __init__(self, app: dict[str, Any], control_in: int, control_out: int) -> None:
        self.app = app
        self.control_in = control_in
        self.control_out = control_out
        self.selector = selectors.DefaultSelector()
        self.processes: dict[str, Process] = {}
        self.workers: dict[str, Process] = {}
        self.buffer = b""
        self.asks_modules = app["warms"]
        self.unfit = ""
        self.is_open = True
        self.wake_in, self.wake_out = os.pipe()
        for pipe in (self.wake_in, self.wake_out):
            os.set_blocking(pipe, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self.wake_out, warn_on_full_buffer=False)
        self.selector.register(control_in, selectors.EVENT_READ, ("control", None))
        self.selector.register(self.wake_in, selectors.EVENT_READ, ("wake", None))

    def tell(self, **what: object) -> None:
        """Say something to maspo."""
        write_whole(self.control_out, (json.dumps(what) + "\n").encode())

    def serve(self) -> None:
        """Do what maspo asks for, until it is gone."""
        try:
            while self.is_open:
                for key, _ in self.selector.select(self._until_deadline()):
                    self._hear(key)
                self._end_late()
        finally:
            for process in list(self.processes.values()):
                self._kill(process, "maspo ended")
                self._finish(process)

    def _until_deadline(self) -> float | None:
        deadlines = [process.deadline for process in self.processes.values() if process.deadline is not None]
        return max(0.0, min(deadlines) - time.monotonic()) if deadlines else None

    def _hear(self, key: selectors.SelectorKey) -> None:
        what, process = key.data
        if what == "control":
            data = os.read(self.control_in, CHUNK)
            if not data:
                self.is_open = False
                return
            *lines, self.buffer = (self.buffer + data).split(b"\n")
            for line in lines:
                self._do(json.loads(line))
        elif what == "wake":
            with suppressed(BlockingIOError):
                while os.read(self.wake_in, CHUNK):
                    pass
            for one in list(self.processes.values()):
                if self._has_ended(one):
                    self._finish(one)
        elif what == "rows":
            self._feed(process)
        elif process.name in self.processes:
            self._read(process, what, key.fd)

    def _do(self, asked: dict[str, Any]) -> None:
        what = asked["do"]
        if what == "run" and self.unfit:
            self.tell(id=asked["id"], unfit=self.unfit)
        elif what == "run":
            try:
                self._run(asked)
            except OSError as error:
                self.tell(id=asked["id"], error="cannot be started: " + one_line(error), out="", err="", seconds=0.0)
        elif what == "stop":
            for process in list(self.processes.values()):
                if process.rollout == asked["id"]:
                    self._kill(process, "stopped")

    def _run(self, asked: dict[str, Any]) -> None:
        worker = asked.get("worker")
        if worker is None:
            process = Process(asked["id"])
            self._start(process, asked)
        else:
            if worker not in self.workers:
                process = Process(f"worker {worker}")
                self._start(process, asked)
                self.workers[worker] = process
            process = self.workers[worker]
            process.began = time.monotonic()
            for heard in process.heard.values():
                heard.clear()
            row = asked["row"] if self.app["kind"] == "command" else {"row": asked["row"], "env": asked["env"]}
            process.waiting = (json.dumps(row) + "\n").encode()
            self._feed(process)
        process.rollout = asked["id"]
        process.deadline = None if asked["seconds"] is None else process.began + asked["seconds"]

    def _start(self, process: Process, asked: dict[str, Any]) -> None:
        ends: dict[str, tuple[int, int]] = {}
        for what in ("result", "out", "err"):
            ends[what] = os.pipe()
        life, process.life = os.pipe()
        keeps = asked.get("worker") is not None
        rows = os.pipe() if keeps else None
        try:
            if self.app["kind"] == "command":
                self._start_command(process, asked, ends, life, rows)
            else:
                self._fork(process, asked, ends, life, rows)
        finally:
            for _, write_end in ends.values():
                os.close(write_end)
            os.close(life)
            if rows:
                os.close(rows[0])
        for what, (read_end, _) in ends.items():
            os.set_blocking(read_end, False)
            process.streams[what] = read_end
            self.selector.register(read_end, selectors.EVENT_READ, (what, process))
        if rows:
            process.rows = rows[1]
            os.set_blocking(process.rows, False)
        self.processes[process.name] = process

    def _fork(
        self,
        process: Process,
        asked: dict[str, Any],
        ends: dict[str, tuple[int, int]],
        life: int,
        rows: tuple[int, int] | None,
    ) -> None:
        process.is_first, self.asks_modules = self.asks_modules, False
        process.pid = os.fork()
        if process.pid:
            with suppressed(OSError):
                os.setpgid(process.pid, process.pid)
            return
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.setpgid(0, 0)
            for fd in (self.control_in, self.control_out, self.wake_in, self.wake_out, process.life):
                os.close(fd)
            for other in self.processes.values():
                for fd in (other.life, other.rows, *other.streams.values()):
                    if fd >= 0:
                        os.close(fd)
            self.selector.close()
            for what, number in (("out", 1), ("err", 2)):
                os.dup2(ends[what][1], number)
            end_with_parent(life)
            os.environ.update(asked["env"])
            results = ends["result"][1]
            if rows:
                os.close(rows[1])
                serve_rows(self.app["run"], rows[0], results, self.app["readers"])
            else:
                told = run_once(self.app["run"], asked["row"], process.is_first, self.app["readers"])
                sys.stdout.flush()
                sys.stderr.flush()
                write_whole(results, (json.dumps(told) + "\n").encode())
            status = 0
        finally:
            os._exit(status)

    def _start_command(
        self,
        process: Process,
        asked: dict[str, Any],
        ends: dict[str, tuple[int, int]],
        life: int,
        rows: tuple[int, int] | None,
    ) -> None:
        with tempfile.TemporaryFile() as row:
            row.write(json.dumps(asked["row"]).encode() + b"\n")
            row.seek(0)
            process.popen = subprocess.Popen(  # noqa: S603 - the app, which its owner chose
                self.app["command"],
                stdin=rows[0] if rows else row,
                stdout=ends["result"][1],
                stderr=ends["err"][1],
                env=dict(os.environ, **asked["env"]),
                pass_fds=(life,),
                start_new_session=True,
                preexec_fn=lambda: end_with_parent(life),  # noqa: PLW1509 - this process has no threads
            )
            process.pid = process.popen.pid

    def _feed(self, process: Process) -> None:
        """Write what is left of a row; a large one needs several goes."""
        with suppressed(BlockingIOError, BrokenPipeError):
            while process.waiting:
                process.waiting = process.waiting[os.write(process.rows, process.waiting) :]
        registered = process.rows in self.selector.get_map()
        if process.waiting and not registered:
            self.selector.register(process.rows, selectors.EVENT_WRITE, ("rows", process))
        elif registered and not process.waiting:
            self.selector.unregister(process.rows)

    def _read(self, process: Process, what: str, fd: int) -> bool:
        """Read what has come of a stream; return whether more may come."""
        heard = process.heard[what]
        try:
            data = os.read(fd, CHUNK)
        except BlockingIOError:
            return False
        if not data:
            self.selector.unregister(fd)
            os.close(fd)
            del process.streams[what]
            return False
        heard += data
        process.bytes += len(data)
        if what != "result" and len(heard) > 8 * KEPT:
            del heard[: -4 * KEPT]
        if process.bytes > FLOOD:
            self._kill(process, "wrote more than " + str(FLOOD // 2**20) + " MiB")
            return False
        if what == "result" and self.workers and data.endswith(b"\n") and process in self.workers.values():
            self._answer_of_worker(process)
        return True

    def _answer_of_worker(self, process: Process) -> None:
        for what in ("out", "err"):  # what it printed before it answered
            while what in process.streams and self._read(process, what, process.streams[what]):
                pass
        line = bytes(process.heard["result"])
        process.heard["result"].clear()
        process.bytes = 0
        if process.rollout is not None:
            self._tell_end(process, line, 0)
        process.rollout = process.deadline = None

    def _end_late(self) -> None:
        now = time.monotonic()
        for process in list(self.processes.values()):
            if process.deadline is not None and now >= process.deadline:
                self._kill(process, f"took longer than {process.deadline - process.began:.3g} seconds")

    def _kill(self, process: Process, reason: str) -> None:
        process.reason = process.reason or reason
        process.deadline = None
        with suppressed(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)

    def _has_ended(self, process: Process) -> bool:
        if process.status is not None:
            return True
        if hasattr(os, "waitid"):  # its number stays its own until the group was ended
            return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None
        ended, status = os.waitpid(process.pid, os.WNOHANG)
        process.status = status if ended else None
        return bool(ended)

    def _finish(self, process: Process) -> None:
        """Tell how a process ended, and end whatever it left behind."""
        with suppressed(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        status = os.waitpid(process.pid, 0)[1] if process.status is None else process.status
        if process.popen is not None:
            process.popen.returncode = status
        for what in ("result", "out", "err"):
            while what in process.streams and self._read(process, what, process.streams[what]):
                pass
        for fd in process.streams.values():
            self.selector.unregister(fd)
            os.close(fd)
        process.streams.clear()
        if process.rows >= 0:
            if process.rows in self.selector.get_map():
                self.selector.unregister(process.rows)
            os.close(process.rows)
        os.close(process.life)
        del self.processes[process.name]
        self.workers = {name: other for name, other in self.workers.items() if other is not process}
        if process.rollout is not None:
            self._tell_end(process, bytes(process.heard["result"]), status)

    def _tell_end(self, process: Process, result: bytes, status: int) -> None:
        told: dict[str, Any] = {}
        died = f"ended by signal {status & 127}" if status & 127 else f"ended with exit code {status >> 8}"
        if process.reason:
            told["error"] = process.reason
        elif self.app["kind"] == "command" and process.rows < 0:
            if status:
                told["error"] = died
            else:
                told["answer"] = result.decode("utf-8", "replace").strip("\r\n")
        elif not result.strip():
            told["error"] = died if status else "ended without an answer"
        else:
            told = self._parsed(result)
        modules, environ, threads = (told.pop(name, None) for name in ("modules", "environ", "threads"))
        printed = {what: bytes(process.heard[what]).decode("utf-8", "replace")[-KEPT:] for what in ("out", "err")}
        self.tell(id=process.rollout, seconds=time.monotonic() - process.began, **told, **printed)
        if modules:
            self.warm(modules, environ, threads)
        elif process.is_first:
            self.asks_modules = True

    def _parsed(self, result: bytes) -> dict[str, Any]:
        """Return what a line of JSON says: an answer, or why there is none."""
        try:
            told = json.loads(result)
        except ValueError:
            shown = result[:200].decode("utf-8", "replace").strip()
            return {"error": "expected one line of JSON with the answer, not " + repr(shown)}
        if isinstance(told, dict) and ("answer" in told or "error" in told):
            if "answer" in told and not isinstance(told["answer"], str):
                told["answer"] = json.dumps(told["answer"], ensure_ascii=False)
            return told
        return {"answer": told if isinstance(told, str) else json.dumps(told, ensure_ascii=False)}

    def warm(self, modules: list[str], environ: dict[str, str], threads: bool) -> None:
        """Import the library modules that the app loads, in its order, so that forks have them.

        A process with threads cannot be forked. Where the app had ``threads``, a process that is not needed finds out
        which module starts some; that is left out, with what comes later of its package.
        """
        os.environ.update({name: value for name, value in environ.items() if not name.endswith("_BASE_URL")})
        while modules and not self.unfit:
            fits = how_many_fit(modules) if threads else len(modules)
            import_all(modules[:fits])
            self.unfit = why_unfit()
            package = modules[fits].partition(".")[0] if fits < len(modules) else ""
            modules = [name for name in modules[fits + 1 :] if name.partition(".")[0] != package]


def how_many_fit(modules: list[str]) -> int:
    """Return how many of some modules are imported before the first that makes a process unfit to be forked.

    One whose import does not end there, for the app's own modules or threads are missing, counts as such.
    """
    heard, told = os.pipe()
    trial = os.fork()
    if not trial:
        try:
            for name in modules:
                import_all([name])
                if why_unfit():
                    break
                os.write(told, b".")
        finally:
            os._exit(0)
    os.close(told)
    fits = 0
    with selectors.DefaultSelector() as selector:
        selector.register(heard, selectors.EVENT_READ)
        while selector.select(HANGS) and (more := len(os.read(heard, CHUNK))):
            fits += more
    os.close(heard)
    with suppressed(ProcessLookupError):
        os.kill(trial, signal.SIGKILL)
    os.waitpid(trial, 0)
    return min(fits, len(modules))


def import_all(modules: list[str]) -> None:
    """Import modules; one that fails here may not fail in a rollout, which imports it itself."""
    for name in modules:
        if name not in sys.modules:
            with suppressed(BaseException):
                importlib.import_module(name)


def why_unfit() -> str:
    """Return why this process cannot be forked; empty when it can."""
    others = [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]
    if others:
        return "threads were started: " + ", ".join(others)
    gpu = sys.modules.get("torch.cuda")
    return "a GPU is held" if gpu is not None and gpu.is_initialized() else ""


class suppressed:
    """Like ``contextlib.suppress``, which not every environment needs to have loaded before a fork."""

    def __init__(self, *kinds: type[BaseException]) -> None:
        self.kinds = kinds

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> bool:
        return kind is not None and issubclass(kind, self.kinds)


def main() -> None:
    """Serve the app that the first line names."""
    # What the app prints must never be taken for what the shim says.
    control_in, control_out = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    # Not the folder of this file, but the app's own, as if its owner had started it there.
    sys.path[0] = os.getcwd()  # noqa: PTH109 - not every environment has loaded pathlib
    first = b""
    while not first.endswith(b"\n"):
        byte = os.read(control_in, 1)
        if not byte:
            return
        first += byte
    sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "inside"))  # noqa: PTH100, PTH118, PTH120
    shim = Shim(json.loads(first), control_in, control_out)
    shim.tell(ready=list(sys.version_info[:3]))
    with suppressed(BrokenPipeError):
        shim.serve()


if __name__ == "__main__":
    main()

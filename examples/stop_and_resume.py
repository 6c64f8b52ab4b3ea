"""Interrupt a run with Ctrl-C and go on: no recorded call is repeated.

    python examples/stop_and_resume.py

Everything runs as on a command line, in processes of its own; Ctrl-C is the signal SIGINT.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE, Popen

from maspo.team.load import dump_system
from maspo.world import World

RUN = Path("resumed-run")


def main() -> None:
    """Start a run, interrupt it, resume it and print its result."""
    world = World()
    Path("team.yaml").write_text(dump_system(world.system("reflect")), encoding="utf-8")
    rows = "".join(json.dumps(row) + "\n" for row in world.inputs(24))
    Path("questions.jsonl").write_text(rows, encoding="utf-8")

    # Slow replies, so that there is something to interrupt.
    with maspo("world", "serve", "--port", "0", "--latency-ms", "50") as server:
        base_url = next(server).strip()
        given = ["team.yaml", "--inputs", "questions.jsonl", "--base-url", base_url, "--profile", "cheap", "--yes"]
        with maspo("optimize", *given, "--out", str(RUN)) as lines:
            # The first line that tells progress begins with time and calls: [0.0 s, 0 calls]
            print("begun:     ", next(line for line in lines if line.startswith("[")).strip())
            time.sleep(0.5)
        with maspo("resume", str(RUN)) as lines:
            print("resumed:   ", [line for line in lines if line.startswith("[")][-1].strip())

    result = json.loads((RUN / "result.json").read_text(encoding="utf-8"))
    print(f"verdict:    {result['verdict']}, {result['shipped']} prompts shipped")
    print(f"calls:      {result['calls']}")


@contextmanager
def maspo(*arguments: str) -> Iterator[Iterator[str]]:
    """Start the command line, yield the lines that it prints, and interrupt it if it still runs at the end."""
    command = [sys.executable, "-m", "maspo", *arguments]
    with Popen(command, stdout=PIPE, stderr=PIPE, text=True, encoding="utf-8") as process:  # noqa: S603
        stream = process.stdout if "serve" in arguments else process.stderr
        try:
            yield iter(stream or ())
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate()
    print(f"{arguments[0]:<12}ended with exit code {process.returncode}")


if __name__ == "__main__":
    main()

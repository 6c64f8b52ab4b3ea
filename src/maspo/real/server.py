"""The process that holds the small model: ``python -m maspo.real.server FILE THREADS`` serves it until stdin is closed.

A process of its own, so that llama.cpp's threads and messages stay out of the run's, and so that nothing is left behind
when a run is killed: its end of the pipe closes, and the server ends.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module

from maspo.real.package import SERVER, SLOTS

_SLOT_TOKENS = 2048
"""Tokens of a call, reply included: a judge's question with two outputs fits, and so does a prompt with examples."""


def serve(file: str, threads: int) -> None:
    """Serve the model in a file on a free port of this machine; the first line of stdout is the address."""
    llama = import_module(SERVER)
    params = llama.CommonParams()
    params.model.path = file
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_parallel = SLOTS
    params.n_ctx = SLOTS * _SLOT_TOKENS
    params.cpuparams.n_threads = threads
    params.cpuparams_batch.n_threads = threads
    server = llama.Server(params)
    print(server.listening_address, flush=True)
    sys.stdin.read()
    # Not by return: the server would first finish calls that nobody waits for any more.
    os._exit(0)


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))

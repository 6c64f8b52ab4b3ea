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

from maspo.cli.app import main

__all__ = ["main"]

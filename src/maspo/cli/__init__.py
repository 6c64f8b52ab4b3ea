"""The command line. Commands import what they need when they run, so that ``maspo --help`` answers at once.

- The commands: ``app`` lists them with their options (``options``); what one does stands in the file of its name:
  ``optimize``, ``alternate``, ``steer``, ``apply``, ``doctor``, ``planning`` (check and estimate), ``judge_check``,
  ``discover``, ``inputs``, ``importing``, ``ui``, ``runs``, ``spans``, ``evaluate``, ``compare``, ``transfer``,
  ``stress``, ``structure``, ``score``, ``online`` (watch), ``gateway``, ``budget``, ``library``, ``stores``,
  ``arena``, ``world``, ``real`` (demo)
- Before the work: ``prepare``, ``settings``, ``sources``, ``prices``, ``looked``, ``agreeing``, ``asked``
- While it works: ``running``, ``watch``, ``panel``, ``notebook``, ``log``, ``metrics``, ``collector``
- What is said: ``terminal``, ``printed``, ``in_python``; ``branch`` writes prompts into one
"""

from maspo.cli.app import main

__all__ = ["main"]

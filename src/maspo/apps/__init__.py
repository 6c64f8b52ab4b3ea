"""Apps: teams that people already have, run as they are in an environment of their own.

- A look at an app: ``probe`` runs it, ``discovery`` finds its team; ``templates`` and ``forms`` tell agents apart,
  ``moments`` what is a value, ``declared`` (with ``readers/``) and ``called`` what agents are called
- A rollout: ``runner``, in ``pool`` here or ``elsewhere``; ``shim`` and ``inside/`` are what runs beside the app
- Its calls: ``frames`` and ``beside`` say where a prompt stands, ``provenance`` who read whom, ``tracing`` makes the
  trace, ``strayed`` tells when the app is not what was looked at any more
- Back into files: ``writeback``, with ``alignment``, ``languages``, ``literals`` and ``sources/``
"""

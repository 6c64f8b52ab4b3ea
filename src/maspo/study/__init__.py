"""The engine: the only place where the search meets the world.

- A run: ``optimize`` begins it, searches and resumes; ``conclusion`` lets the winners meet the hold-out, and
  ``holdout`` says what that comes to, ``team_cost`` what the team costs in use; ``job`` is what it is given and gives
- Before the first call: ``resolve`` decides split, optimizer and prices, ``bound`` the calls at most, ``within_caps``
  a plan that its cap pays, ``hardening`` one that keeps clean answers under stress; ``fit``, ``carried``, ``library``,
  ``connections``, ``upstreams``; ``reach`` and ``trust`` for what a folder of others asks for
- Work: ``session`` is one process at a record; its ``executor`` performs requests, with ``rewriting``, ``texts``,
  ``credit``, ``asking``; ``followed`` holds a search against the record; ``calls``, ``answering``, ``looks``,
  ``traces``; ``batches`` says which inputs are begun together under a cap
- Seen early: ``calibration``, ``early``, ``mismatch``, ``error_answers``, ``fruitless``, ``fallback``
- A person's part: ``decisions`` is the channel, ``steering`` what comes of it
- Around it: ``attention`` says who looks on and who may stop it
- Folders: ``record``, ``stores``, ``ended``, ``afterwards``
- Other programs: ``evaluation/``, ``comparison/``, ``alternation/``, ``stress``, ``discover``
"""

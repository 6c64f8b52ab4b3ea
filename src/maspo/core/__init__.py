"""The ground: identity, seeded randomness, errors, verdicts and traces; it uses nothing above it.

- What all speak of: ``prompts``, ``verdict``, ``trace``, ``usage``, ``team_cost``, ``errors``, ``spoilt``,
  ``worked_examples``
- How things are made: ``seeded``, ``sums``, ``registry``, ``plain``, ``patterns``, ``late``, ``sought``
- Foreign texts: ``quoting``, ``control_tokens``, ``invisible``, ``characters``, ``looks``, ``spelling``,
  ``numerals``, ``counted_abroad``, ``excerpts``
- Working side by side: ``concurrency``, ``running``, ``turns``; ``executors``, ``workers``, ``clusters``
- The machine: ``plain_files``, ``shortage``
"""

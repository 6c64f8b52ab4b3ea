"""Parts of the anchor race alone; what several optimizers share stands in ``maspo.optimizers.parts``. Pure.

- Its size and order: ``settings``; ``inputs`` says which inputs come first (``adversary``: and under which fault),
  ``spent`` what calls were taken, ``levelled`` whether it has found most of what it will
- What these parts may ask of the race: ``search``; what a round has found so far: ``round``
- Mixed runs: ``mixture`` makes them, ``estimate`` says what each candidate adds:
  ``agreement`` and ``settled`` score a comparison, ``effects`` tells candidates apart
- The union: ``union`` tries candidates together, ``conflicts`` finds changes that clash, ``proof`` shows it,
  by which answers are right (``judged``);
  ``events`` tells of the round
- Where it is asked for: ``head_start``, ``proxy``, ``focus``, ``influence``, ``pruning``
"""

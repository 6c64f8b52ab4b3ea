"""Scorers: whether an output is right, told apart from whether it could be read at all.

- Scorers: ``base``, ``registry``; ``labelled``, ``structured``, ``code``, ``calls`` with ``calls_written``, ``judged``,
  ``mathematics/``; ``accepted`` for several answers, ``elsewhere`` for other machines
- The answer in a text: ``answers``; what speaks to its reader (``readable``, ``reply``, ``closing``, ``wrappers``),
  what is marked or named (``marked``, ``named``, ``stated``, ``json_values``, ``programs``), what is denied,
  doubted or corrected (``denials``, ``doubts``, ``corrections``); ``languages`` are the words for it
- A choice: ``choices``, ``options``, ``claims`` with ``claim_patterns``, ``bare``, ``short``, ``restated``, ``ticks``
- Hostile texts: ``pool``, ``worker``, ``limits``
"""

"""Reports: folds over a run's events, and one offline HTML file.

``fold.fold(events)`` gives a ``RunView``; ``bundle.report_html``, ``text.summary`` and ``result.result_of`` show it.

- A run: ``fold`` reads its events; ``phrases`` writes figures and names; ``sentences``, ``questions``, ``why``,
  ``often`` find the words; ``text``, ``closing`` with ``higher_cap``, ``in_short``, ``lines`` are for terminals,
  ``cell`` for notebooks, ``result`` for scripts, ``document/`` and ``bundle/`` for the page; ``visible`` makes every
  foreign text harmless
- Its folder: ``folder``, ``earlier``, ``kept``, ``so_far``; ``holdout`` and ``judged`` input by input, ``diff`` and
  ``evidence`` prompt by prompt
- In use: ``team_cost``
- Other work: ``evaluation``, ``judge_check``, ``comparison`` with ``comparison_in_use`` and ``curves``,
  ``alternation`` with ``joint_page``, ``structure`` with ``structure_page``, ``stress``, ``wholes``
- For operators: ``figures``, ``logged``, ``spans``, ``otlp``
"""

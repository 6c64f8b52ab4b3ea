"""Reports: folds over a run's events, and one offline HTML file.

``fold.fold(events)`` gives a ``RunView``; ``html.render``, ``text.summary`` and ``result.result_of`` show it.
"""

"""Reports: folds over a run's events, and one offline HTML file."""

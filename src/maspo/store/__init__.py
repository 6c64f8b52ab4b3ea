"""The store: one SQLite file a run, with its journal, its calls and its traces."""

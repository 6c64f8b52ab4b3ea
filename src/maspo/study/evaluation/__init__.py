"""Evaluations of prompts and checks of the judge: work over rows, recorded and gone on with like a run."""

"""Traces that other tools have recorded, as a source of inputs: one file a format."""

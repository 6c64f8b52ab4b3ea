"""Scorers: whether an output is right, told apart from whether it could be read at all."""

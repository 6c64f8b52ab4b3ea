"""Prompts and structure, turn by turn: one budget, and one hold-out that no turn has seen."""

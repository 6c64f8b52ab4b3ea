"""Judges: compare two outputs at one level and return a verdict. Prompts are text files beside the code."""

"""Texts that source files say, a module for each kind of file: where each stands, and how another is written there."""

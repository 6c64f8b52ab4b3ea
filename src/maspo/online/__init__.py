"""Prompts in use, watched: drift is detected, prompts are optimized anew, and promoted or rolled back with evidence."""

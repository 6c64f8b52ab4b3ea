"""Proposers: rewrite a prompt, led by traces. Prompts are text files beside the code."""

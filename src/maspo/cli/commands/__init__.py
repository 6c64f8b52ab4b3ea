"""The commands with their options, a file for each section of ``maspo --help``; ``maspo.cli.app`` lists them.

Annotations stand there as they are, without ``from __future__ import annotations``: as texts, typer would compile each
of them twice whenever any command begins, an eighth of ``maspo --help``.
"""

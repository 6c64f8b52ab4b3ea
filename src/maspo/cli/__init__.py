"""The command line. Commands import what they need when they run, so that ``maspo --help`` answers at once."""

from maspo.cli.app import main

__all__ = ["main"]

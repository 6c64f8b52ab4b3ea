"""The version of maspo."""

__version__ = "0.1.0"

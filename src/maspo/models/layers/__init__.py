"""Layers that wrap any model client: each does one thing and knows only the next."""

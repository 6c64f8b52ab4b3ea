"""Benchmarks by name: one file each, and the registry."""

"""Runs programs that nobody trusts, shut in, and learns from a process that they cannot reach what they returned."""

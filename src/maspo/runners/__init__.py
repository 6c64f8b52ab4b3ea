"""The runtime: runs a system on an input and re-runs only what lies downstream of a change."""

"""Tasks: inputs, the split into search and hold-out, and reading final answers."""

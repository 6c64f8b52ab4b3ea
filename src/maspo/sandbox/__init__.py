"""Running programs that nobody has read: shut in, limited, and judged by a parent that they cannot reach."""

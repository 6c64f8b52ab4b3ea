"""Methods and prompt sets against each other: runs at equal calls, one hold-out, one cap, one table."""

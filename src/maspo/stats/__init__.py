"""Statistics: exact paired tests, intervals and sequential tests. Pure."""

"""The ground: identity, seeded randomness, errors, verdicts and traces; it uses nothing above it."""

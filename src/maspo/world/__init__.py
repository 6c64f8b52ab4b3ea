"""The simulated world: a seeded stand-in for agents, judge and proposer."""

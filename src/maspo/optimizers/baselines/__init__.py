"""Methods to compare with: each from its paper, on the same team, judge, proposer and calls as our own."""

"""Apps: teams that people already have, run as they are in an environment of their own."""

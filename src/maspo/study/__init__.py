"""The engine: the only place where the search meets the world."""

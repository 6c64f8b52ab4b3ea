"""Searches for a better structure of a team: who is in it, who reads whom, who is answered by which model. Pure."""

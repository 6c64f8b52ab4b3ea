"""Fakes and contract test kits for people who extend maspo."""

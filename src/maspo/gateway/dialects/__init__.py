"""Dialects of model endpoints: how each writes requests and replies."""

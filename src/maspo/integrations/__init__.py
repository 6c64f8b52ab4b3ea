"""Plug-ins for the libraries that people tune prompts with: maspo under their interfaces, and theirs under ours.

Each is a file of its own, and is imported only by whoever has the library: ``maspo.integrations.dspy``,
``maspo.integrations.mlflow``, ``maspo.integrations.gepa``.
"""

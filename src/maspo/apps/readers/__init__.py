"""What the wire cannot know of an app: what its framework calls its agents, and which of them were never called.

One file a framework, read by the shim in the app's own process after its first rollout: standard library only, Python
3.9 and newer, public attributes only. ``KINDS`` names classes by the module from which a framework's users import them;
``tell`` returns of one object its name, the passages that its prompt is made of, and whom it may hand over to. An agent
without a name is called as the variable that holds it, unless another object names it, which gives the agent as
``object``. All is optional: without a reader an app works as well, with names that are found in the prompts.
"""

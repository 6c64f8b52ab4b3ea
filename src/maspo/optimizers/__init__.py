"""How better joint prompts are looked for: pure generators, one file and one config each."""

"""What optimizers share: the paper's equations, merged prompts, near-copies, rulings, events of a search. Pure."""

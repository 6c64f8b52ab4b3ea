"""What optimizers are made of: the paper's equations, mixtures, estimates. Pure."""

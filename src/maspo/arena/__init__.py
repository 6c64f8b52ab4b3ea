"""The arena: whole runs on simulated worlds, over graphs, worlds, rivals and seeds, measured against the truth."""

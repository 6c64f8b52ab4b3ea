"""A local server of the Model Context Protocol, so that a coding assistant can do the whole job (design note 0023)."""

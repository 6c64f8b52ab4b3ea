"""Tools of agents in a system file: Python functions and servers of the Model Context Protocol."""

"""The live page: a server on this machine that shows runs as they work, and takes what a person decides."""

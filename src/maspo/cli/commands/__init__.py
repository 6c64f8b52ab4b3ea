"""The commands with their options, a file for each section of ``maspo --help``; ``maspo.cli.app`` lists them."""

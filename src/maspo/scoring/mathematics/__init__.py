"""The scorer of mathematical answers: reading them, one spelling, forms, values, and computer algebra for the rest."""

"""Mistakes in language, one module for each of `reference.language`."""

"""Mistakes in probability, one module for each of `reference.probability`."""

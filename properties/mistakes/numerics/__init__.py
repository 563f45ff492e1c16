"""Mistakes in numerics, one module for each of `reference.numerics`."""

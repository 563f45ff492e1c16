"""Mistakes in transformer, one module for each of `reference.transformer`."""

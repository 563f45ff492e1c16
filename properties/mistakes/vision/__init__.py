"""Mistakes in vision, one module for each of `reference.vision`."""

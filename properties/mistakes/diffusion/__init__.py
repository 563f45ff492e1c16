"""Mistakes in diffusion, one module for each of `reference.diffusion`."""

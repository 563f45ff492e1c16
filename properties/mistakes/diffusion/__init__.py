"""Mistakes in Gaussian diffusion, one module for each of `reference.diffusion`."""

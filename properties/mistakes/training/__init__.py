"""Mistakes in training, one module for each of `reference.training`."""

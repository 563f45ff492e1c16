"""Losses, optimisers, regularisation, and training on several processes."""

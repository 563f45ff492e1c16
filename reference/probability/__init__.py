"""Probability and latent-variable models."""

"""Diffusion. Time runs from 0 (clean) to T; alpha_bar is the cumulative product; logs are natural."""

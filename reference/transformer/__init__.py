"""Transformers and visual tokens: attention, positions, norms, conditioning, windows, residual and masked tokens."""

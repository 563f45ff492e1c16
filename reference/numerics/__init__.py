"""Number formats, rounding, quantisation, and training in mixed precision."""

"""Convolutions, resampling, convolutional blocks, recurrent networks, and graph layers."""

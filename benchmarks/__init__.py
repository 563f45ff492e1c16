"""Core loops of the reference over commits, each beside the peer that a user would pick instead."""

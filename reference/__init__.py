"""Minimal reference implementations: one short, pure function per algorithm, named as the field names it."""

"""Runs laws against an implementation, contains what it does, and says what is wrong with it."""

"""The suite judges itself: every function is covered, every mistake is caught, no law is vacuous."""

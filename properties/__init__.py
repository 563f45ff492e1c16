"""Laws that any implementation of the reference functions must obey, and the harness that judges by them."""

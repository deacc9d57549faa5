"""A server of ours, from somebody else's program."""

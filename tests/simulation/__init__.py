"""The whole engine in one process on virtual time, under faults drawn from a seed.

`python -m tests.simulation SEED` replays one seed and tells what happened.
"""

"""Randomness that is the same for the same seed, in every process."""

from random import Random


def seeded(seed: int, name: str) -> Random:
    """Return a generator of its own for one part of the model, so that parts do not disturb it."""
    return Random(f"{seed}/{name}")  # noqa: S311 - reproducible on purpose, nothing secret here

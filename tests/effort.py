"""How often a property is tried, in proportion to what the profile of the run tries by default."""

from hypothesis import settings


def examples(share: float) -> int:
    """Return a share of the profile's examples: `make soak` has ten times as many as the suite."""
    return max(1, round(share * settings.default.max_examples))

"""The few statistics that the description needs."""

from collections.abc import Sequence


def quantile(values: Sequence[float], part: float) -> float | None:
    """Return the value below which so large a part lies; None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * part), len(ordered) - 1)]


def mean(values: Sequence[float]) -> float | None:
    """Return the mean; None of nothing."""
    return sum(values) / len(values) if values else None


def autocorrelation(values: Sequence[float], lag: int, least: int) -> float | None:
    """Return the autocorrelation at a lag; None of fewer than `least` pairs or of a constant."""
    if len(values) - lag < least:
        return None
    middle = sum(values) / len(values)
    gone = [value - middle for value in values]
    whole = sum(value * value for value in gone)
    if whole == 0:
        return None
    return sum(a * b for a, b in zip(gone, gone[lag:], strict=False)) / whole

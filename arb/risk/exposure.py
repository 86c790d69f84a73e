"""Value at risk and stress of what is held now: a report, no limit hangs on it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

#: Moves of all prices together that the stress report values, in permille.
SHOCKS_PERMILLE = (-200, -100, -50, 50, 100, 200)
_Z_99 = 2.326
#: Fewer returns than this say nothing about the tail.
RETURNS_MIN = 30


@dataclass(frozen=True, slots=True)
class RiskReport:
    """Values in whole units of the reporting currency, for people.

    `var_99` is what one interval loses less than with 99 % probability under normal returns with
    the covariance seen (RiskMetrics' variance-covariance method); None with too few returns.
    `stress` is the gain for each move of all prices; `worst_single` the worst of each alone.
    """

    inventory: Mapping[str, float]
    var_99: float | None
    stress: Mapping[int, float]
    worst_single: Mapping[str, float]


def report(inventory: Mapping[str, float], returns: Mapping[str, Sequence[float]]) -> RiskReport:
    """Return the report of an inventory by asset, given returns by asset at equal times."""
    held = {asset: value for asset, value in inventory.items() if value}
    stress = {shock: sum(held.values()) * shock / 1000 for shock in SHOCKS_PERMILLE}
    single = {asset: -abs(value) * max(SHOCKS_PERMILLE) / 1000 for asset, value in held.items()}
    return RiskReport(held, _var(held, returns), stress, single)


def _var(held: Mapping[str, float], returns: Mapping[str, Sequence[float]]) -> float | None:
    if not held:
        return 0.0
    known = [returns.get(asset, ()) for asset in held]
    count = min(map(len, known))
    if count < RETURNS_MIN:
        return None
    gains = [
        sum(value * series[-count + at] for value, series in zip(held.values(), known, strict=True))
        for at in range(count)
    ]
    mean = sum(gains) / count
    deviation = math.sqrt(sum((gain - mean) ** 2 for gain in gains) / (count - 1))
    return _Z_99 * deviation

"""Prices behind the books: what an asset is worth, and how far a venue stands from it for a while.

Both are walks on a fixed time grid, kept as integers: a draw is rounded before it is used.
"""

from collections import deque
from dataclasses import dataclass

from .seeded import seeded

GRID_NS = 50_000_000
USD_UNIT = 10**8  # asset values are integers in 1e-8 USD
PPM = 1_000_000
HISTORY = 40  # grid steps that a venue may lag behind: two seconds


@dataclass(frozen=True, slots=True)
class AssetSpec:
    """How one asset moves: value in 1e-8 USD, moves in millionths of the value a grid step."""

    name: str
    value: int
    step_ppm: float
    pull_ppm: int = 0  # part of the way back to the opening value a step, in millionths


class Asset:
    """The value of one asset over time, with enough history for venues that lag."""

    def __init__(self, spec: AssetSpec, seed: int) -> None:
        self._spec = spec
        self._random = seeded(seed, f"asset/{spec.name}")
        self._values = deque([spec.value], maxlen=HISTORY + 1)

    def step(self) -> None:
        """Move one grid step."""
        value, spec = self._values[-1], self._spec
        drift = (spec.value - value) * spec.pull_ppm // PPM
        noise = round(self._random.gauss(0.0, spec.step_ppm) * value / PPM)
        self._values.append(max(1, value + drift + noise))

    def value(self, lag_steps: int) -> int:
        """Return the value some grid steps ago, or the oldest known, in 1e-8 USD."""
        return self._values[-1 - min(lag_steps, len(self._values) - 1)]


@dataclass(frozen=True, slots=True)
class PremiumSpec:
    """How one venue strays from the latent price, in millionths of it.

    Small noise all the time, and now and then a jump of exponential size to either side; both
    fade with a fixed part a grid step.
    """

    noise_ppm: float
    jump_ppm: float
    jump_interval_s: float
    fade_permille: int = 17  # half gone in two seconds


class Premium:
    """The distance of one venue from the latent price over time."""

    def __init__(self, spec: PremiumSpec, name: str, seed: int) -> None:
        self._spec = spec
        self._random = seeded(seed, f"premium/{name}")
        self.ppm = 0

    def step(self) -> None:
        """Move one grid step."""
        spec, random = self._spec, self._random
        faded = abs(self.ppm) * (1000 - spec.fade_permille) // 1000
        self.ppm = (faded if self.ppm >= 0 else -faded) + round(random.gauss(0.0, spec.noise_ppm))
        if random.random() * spec.jump_interval_s * 10**9 < GRID_NS:
            size = round(random.expovariate(1.0 / spec.jump_ppm))
            self.ppm += size if random.random() < 0.5 else -size

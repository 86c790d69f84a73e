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
    """How one asset moves: value in 1e-8 USD, moves in millionths of the value.

    It stands still most of the time: a move comes with `move_permille` a grid step, of normal size
    around `trend_ppm`, whose sign turns every `turn_steps`. How large moves are wanders too, so
    that calm and wild times cluster.
    """

    name: str
    value: int
    step_ppm: float
    pull_ppm: int = 0  # part of the way back to the opening value a step, in millionths
    move_permille: int = 100
    trend_ppm: float = 0.0
    turn_steps: int = 12_000  # ten minutes


_HEAT = 1000  # usual size of moves, in thousandths of step_ppm
_HEAT_MIN, _HEAT_MAX = 250, 5000
_HEAT_NOISE = 60.0
_HEAT_PULL = 15  # thousandths of the way back a step: half gone in two to three seconds


class Asset:
    """The value of one asset over time, with enough history for venues that lag."""

    def __init__(self, spec: AssetSpec, seed: int) -> None:
        self._spec = spec
        self._random = seeded(seed, f"asset/{spec.name}")
        self._values = deque([spec.value], maxlen=HISTORY + 1)
        self._heat = _HEAT
        self._home = spec.value
        self._pull_ppm = spec.pull_ppm
        self._steps = 0
        #: Grid steps since the value changed.
        self.still_steps = 0

    def aim(self, value: int, pull_ppm: int) -> None:
        """Have the value drawn towards another one from now on."""
        self._home, self._pull_ppm = value, pull_ppm

    def release(self) -> None:
        """Have the value drawn towards where it opened, as at first."""
        self._home, self._pull_ppm = self._spec.value, self._spec.pull_ppm

    def step(self) -> None:
        """Move one grid step."""
        value, spec, random = self._values[-1], self._spec, self._random
        heat = self._heat + round(random.gauss(0.0, _HEAT_NOISE) * self._heat / _HEAT)
        heat += (_HEAT - heat) * _HEAT_PULL // 1000
        self._heat = min(max(heat, _HEAT_MIN), _HEAT_MAX)
        drift = (self._home - value) * self._pull_ppm // PPM
        noise = 0
        if random.random() * 1000 < spec.move_permille:
            trend = spec.trend_ppm if self._steps // spec.turn_steps % 2 == 0 else -spec.trend_ppm
            ppm = random.gauss(trend, spec.step_ppm * self._heat / _HEAT)
            noise = round(ppm * value / PPM)
        self._steps += 1
        moved = max(1, value + drift + noise)
        self.still_steps = 0 if moved != value else self.still_steps + 1
        self._values.append(moved)

    def value(self, lag_steps: int) -> int:
        """Return the value some grid steps ago, or the oldest known, in 1e-8 USD."""
        return self._values[-1 - min(lag_steps, len(self._values) - 1)]


@dataclass(frozen=True, slots=True)
class PremiumSpec:
    """How one venue strays from the latent price, in millionths of it.

    Small noise now and then, and more rarely a jump of exponential size to either side; both go
    again in few large steps.
    """

    noise_ppm: float
    jump_ppm: float
    jump_interval_s: float
    fade_permille: int = 650  # at once, where it fades: half gone in two to three seconds


_NOISE, _FADE = 0.03, 0.015  # chances a grid step


class Premium:
    """The distance of one venue from the latent price over time."""

    def __init__(self, spec: PremiumSpec, name: str, seed: int) -> None:
        self._spec = spec
        self._random = seeded(seed, f"premium/{name}")
        self._jump = _FADE + _NOISE + GRID_NS / (spec.jump_interval_s * 1e9)
        self.ppm = 0

    def step(self) -> bool:
        """Move one grid step; returns whether anything changed."""
        draw = self._random.random()
        if draw >= self._jump:
            return False
        spec, random, before = self._spec, self._random, self.ppm
        if draw < _FADE:
            faded = abs(self.ppm) * (1000 - spec.fade_permille) // 1000
            self.ppm = faded if self.ppm >= 0 else -faded
        elif draw < _FADE + _NOISE:
            self.ppm += round(random.gauss(0.0, spec.noise_ppm))
        else:
            size = round(random.expovariate(1.0 / spec.jump_ppm))
            self.ppm += size if random.random() < 0.5 else -size
        return self.ppm != before

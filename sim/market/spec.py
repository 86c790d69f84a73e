"""What a world is made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.code import State
from market.fees import Fees

from .agents import Agents
from .latent import AssetSpec, PremiumSpec
from .listing import Listing


@dataclass(frozen=True, slots=True)
class FlowSpec:
    """One listing, who trades it, and how its price hangs on the latent one.

    The makers see the latent price `lag_steps` grid steps late, the informed at once.
    """

    listing: Listing
    agents: Agents
    lag_steps: int
    premium: PremiumSpec


@dataclass(frozen=True, slots=True)
class Phase:
    """What changes at a time of a scenario; it holds until another phase changes it.

    With `listing`: `agents` are the fields that differ from the usual ones (none: as usual again),
    and `state` is set unless None. With `asset`: its value is drawn to `target` by `pull_ppm` a
    grid step, or to where it opened where `target` is 0.
    """

    at_s: float
    listing: str = ""
    agents: Mapping[str, int] = field(default_factory=dict)
    state: State | None = None
    asset: str = ""
    target: int = 0
    pull_ppm: int = 0


@dataclass(frozen=True, slots=True)
class WorldSpec:
    """The assets, listings and fees of a world. A quote asset that is not listed here is USD.

    The phases come in order of time, and again after each `cycle_s`, for ever; 0: once. Their times
    count from the end of the warm-up, `warm_up_ns` after the world begins.
    """

    assets: tuple[AssetSpec, ...]
    flows: tuple[FlowSpec, ...]
    fees: Mapping[str, Fees] = field(default_factory=dict)
    phases: tuple[Phase, ...] = ()
    cycle_s: float = 0.0
    warm_up_ns: int = 20 * 10**9

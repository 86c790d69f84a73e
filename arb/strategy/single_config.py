"""What a maker of one instrument quotes."""

from dataclasses import dataclass, field

from arb.quoting.care import Care
from arb.quoting.model import MODELS, Parameters


@dataclass(frozen=True, slots=True)
class SingleConfig:
    """What is quoted: `size` is the amount of one quote in base currency.

    `layers` quotes a side stand `step_bps` apart, all of the same size. Without a `name` of its own
    it goes by the model's.
    """

    slot: int
    model: str
    size: int
    parameters: Parameters = field(default_factory=Parameters)
    care: Care = field(default_factory=Care)
    layers: int = 1
    step_bps: float = 5.0
    half_life_s: float = 30.0
    name: str = ""

    def __post_init__(self) -> None:
        """Refuse what could not quote."""
        if self.model not in MODELS:
            raise ValueError(f"unknown model {self.model!r}, one of {', '.join(MODELS)}")
        if self.size <= 0 or self.layers < 1:
            raise ValueError("size and layers must be positive")
        if not self.half_life_s > 0.0 or not self.step_bps >= 0.0:
            raise ValueError("half_life_s must be positive, step_bps not negative")

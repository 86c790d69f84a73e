from arb.quoting.model import Parameters
from arb.quoting.signals import Signals

class Quoter:
    def __init__(
        self, model: str, parameters: Parameters, signals: Signals, layers: int, step_bps: float
    ) -> None: ...
    def prices(
        self, touch: tuple[int, int, int, int], inventory: float, tick: int, lots: int, now: int
    ) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]: ...

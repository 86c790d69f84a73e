"""The risk state: the most serious of all causes that stand, until each is lifted on purpose."""

from collections.abc import Callable

from arb.risk.reason import Cause, RiskState


class RiskSwitch:
    """Holds causes; `on_change` hears of each change of the state with the cause and its detail."""

    def __init__(self) -> None:
        self.causes: dict[Cause, tuple[RiskState, str]] = {}
        self.state = RiskState.ACTIVE
        self.trips = 0
        self.on_change: Callable[[RiskState, Cause, str], None] = _nobody

    def trip(self, cause: Cause, state: RiskState, detail: str) -> bool:
        """Raise the state for a cause; False when that cause stands already as high."""
        held = self.causes.get(cause)
        if held is not None and held[0] >= state:
            return False
        self.causes[cause] = (state, detail)
        self.trips += 1
        self._settle(cause, detail)
        return True

    def resume(self, *causes: Cause) -> bool:
        """Lift causes, or all of them: somebody's explicit act. False when none of them stood."""
        chosen = [cause for cause in (causes or tuple(self.causes)) if cause in self.causes]
        for cause in chosen:
            del self.causes[cause]
        if chosen:
            self._settle(chosen[0], "resumed")
        return bool(chosen)

    def _settle(self, cause: Cause, detail: str) -> None:
        before = self.state
        self.state = max((state for state, _ in self.causes.values()), default=RiskState.ACTIVE)
        if self.state is not before:
            self.on_change(self.state, cause, detail)


def _nobody(_state: RiskState, _cause: Cause, _detail: str) -> None:
    """Nobody listens yet."""

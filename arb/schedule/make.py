"""What makes a schedule a TWAP, a VWAP or a POV."""

from dataclasses import replace

from arb.schedule.config import ScheduleConfig
from arb.schedule.curve import Curve, Even, Participation, Profiled, Seen, Window

SCHEDULES = ("twap", "vwap", "pov")

#: How much more than its even part of the parent a child of a TWAP or VWAP may be.
CATCH_UP = 3


def curve(config: ScheduleConfig, window: Window) -> Curve:
    """Return the curve of a schedule by its kind; ValueError where it cannot be."""
    if (config.kind or config.name) == "pov":
        return Participation(window, config.share_ppm)
    # All is due a step before the end, so that the last child has time to trade.
    window = Window(window.start, max(window.start + 1, window.end - config.step_ns))
    if (config.kind or config.name) == "vwap":
        given = config.weights
        return Profiled(window, given) if given else Seen(window, config.period_ns)
    return Even(window)


def pieced(config: ScheduleConfig, window: Window) -> ScheduleConfig:
    """Bound the children of what goes by time: what was missed is not sent in one piece."""
    if config.child or (config.kind or config.name) == "pov":
        return config
    even = config.size * config.step_ns // (window.end - window.start)
    return replace(config, child=max(1, min(config.size, CATCH_UP * even)))

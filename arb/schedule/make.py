"""The three schedules: TWAP, VWAP and POV."""

from dataclasses import replace

from arb.schedule.config import ScheduleConfig
from arb.schedule.curve import Curve, Even, Profiled, Seen, Share, Window
from arb.schedule.schedule import Schedule
from arb.trader import Trader

SCHEDULES = ("twap", "vwap", "pov")

#: How much more than its even part of the parent a child of a TWAP or VWAP may be.
CATCH_UP = 3

DAY_NS = 86_400 * 10**9


def curve(
    config: ScheduleConfig, window: Window, weights: tuple[int, ...] = (), period_ns: int = DAY_NS
) -> Curve:
    """Return the curve of a schedule by its name; ValueError where it cannot be.

    A VWAP goes by `weights`, equal parts of the window; without any by the volume seen so far, in
    periods of `period_ns`.
    """
    if config.name == "pov":
        return Share(window, config.share_ppm)
    # All is due a step before the end, so that the last child has time to trade.
    window = Window(window.start, max(window.start + 1, window.end - config.step_ns))
    if config.name == "vwap":
        return Profiled(window, weights) if weights else Seen(window, period_ns)
    return Even(window)


def schedule(
    config: ScheduleConfig,
    window: Window,
    trader: Trader,
    weights: tuple[int, ...] = (),
    period_ns: int = DAY_NS,
) -> Schedule:
    """Return a schedule by its name, its children bounded: what was missed is sent in pieces."""
    if not config.child and config.name != "pov":
        even = config.size * config.step_ns // (window.end - window.start)
        config = replace(config, child=max(1, min(config.size, CATCH_UP * even)))
    return Schedule(config, window, lambda at: curve(config, at, weights, period_ns), trader)

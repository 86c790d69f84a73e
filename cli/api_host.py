"""The running daemon as the API sees it."""

from typing import Any

from api.fills import FillLog
from api.order_stages import ORDER_STAGES
from api.schemas import VenueClock
from api.timing import Timing
from checkpoint import build
from cli import trading_view
from cli.config import shown
from cli.live import LiveView
from cli.settings import MASK, Loaded
from daemon import Daemon
from market.effects import Effect
from market.histogram import Histogram
from market.probe import STAGES
from node import Node


class ApiHost:
    """Implements api.host.Host; hears what trading does from the moment it is made."""

    def __init__(self, daemon: Daemon, view: LiveView, loaded: Loaded) -> None:
        self.view = view
        self.fills = FillLog()
        self.timing = Timing()
        self._daemon = daemon
        self._loaded = loaded
        self._done: list[Effect] | None = None
        daemon.on_trading = self._heard

    @property
    def version(self) -> str:
        """The version of the program."""
        return build().version

    @property
    def node(self) -> Node:
        """The daemon's node."""
        return self._daemon.node

    @property
    def sim_socket(self) -> str:
        """The door of the simulated venues, '' in other modes."""
        daemon = self._daemon
        return daemon.options.sim_socket if daemon.settings.mode == "sim" else ""

    def now_ns(self) -> int:
        """Return the time of our stamps."""
        return self._daemon.clock.now_ns()

    def stages(self) -> dict[str, dict[str, Histogram]]:
        """Return how long frames and orders spent in each stage, by venue."""
        probe = self._daemon.probe
        found: dict[str, dict[str, Histogram]] = {}
        for names, venues in (
            (STAGES, probe.venues if probe is not None else {}),
            (ORDER_STAGES, self._daemon.stages.venues),
        ):
            for venue, rows in venues.items():
                found.setdefault(venue, {}).update(zip(names, rows, strict=True))
        return found

    def clocks(self) -> dict[str, VenueClock]:
        """Return each venue's clock as it was measured."""
        found: dict[str, VenueClock] = {}
        for name, feed in self._daemon.feeds.items():
            offset = feed.offset
            found[name] = {
                "offset_ns": offset.offset_ns if offset else None,
                "doubt_ns": offset.doubt_ns if offset else None,
            }
        return found

    def loop_lag_ns(self) -> dict[str, int]:
        """Return how late the event loop is."""
        return {name: round(ms * 1e6) for name, ms in self._daemon.lag.summary().items()}

    def config(self) -> dict[str, Any]:
        """Return the configuration in force; secrets are masked, those of simulated keys too."""
        found = shown(self._loaded)
        for account in found["settings"]["sim"]["accounts"]:
            for name in ("secret", "passphrase"):
                account[name] = account[name] and MASK
        return found

    def trading(self) -> dict[str, Any] | None:
        """Return how trading stands in a few numbers."""
        desk = self._daemon.node.desk
        return trading_view.summary(desk) if desk is not None else None

    def act(self, name: str, argument: str) -> list[Effect]:
        """Hand a command to the node; returns what trading did while it was handled."""
        done: list[Effect] = []
        self._done = done
        try:
            self._daemon.command(name, argument)
        finally:
            self._done = None
        return done

    def _heard(self, effect: Effect) -> None:
        if self._done is not None:
            self._done.append(effect)
        self.fills.take(effect, self._daemon.node)

"""What the API needs of the process that it stands in."""

from typing import Any, Protocol

from market.effects import Effect
from market.histogram import Histogram
from node import Node

from .fills import FillLog
from .schemas import VenueClock
from .timing import Timing
from .view import DaemonView


class Host(Protocol):
    """A running daemon; every method is called on its event loop and returns at once."""

    @property
    def version(self) -> str:
        """The version of the program."""

    @property
    def node(self) -> Node:
        """The node, for reading only."""

    @property
    def view(self) -> DaemonView:
        """What the verbs of the command line see."""

    @property
    def fills(self) -> FillLog:
        """The newest fills."""

    @property
    def timing(self) -> Timing:
        """How long our answers took."""

    @property
    def sim_socket(self) -> str:
        """Where the simulated venues have their door, '' without them."""

    def now_ns(self) -> int:
        """Return the time of our stamps."""

    def stages(self) -> dict[str, dict[str, Histogram]]:
        """Return how long frames and orders spent in each stage, by venue, ns."""

    def clocks(self) -> dict[str, VenueClock]:
        """Return each venue's clock as it was measured."""

    def loop_lag_ns(self) -> dict[str, int]:
        """Return how late the event loop is: p50, p99 and max."""

    def config(self) -> dict[str, Any]:
        """Return the configuration in force with where each value comes from; secrets masked."""

    def trading(self) -> dict[str, Any] | None:
        """Return how trading stands in a few numbers, None where nothing trades."""

    def act(self, name: str, argument: str) -> list[Effect]:
        """Hand a command to the node as a recorded input; returns what trading did of it."""

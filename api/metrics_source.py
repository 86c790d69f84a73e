"""What metrics, health and tracing need of a running daemon."""

from collections.abc import Mapping
from typing import Protocol

from api.order_stages import OrderStages
from cache.publisher import Publisher
from connectors.transport.clock import StampClock
from connectors.transport.counters import Counters
from connectors.transport.venue_feed import VenueFeed
from market.histogram import Histogram
from market.probe import Probe
from node import Node
from replay.recording import Recorder


class Lag(Protocol):
    """How late the event loop is."""

    @property
    def histogram(self) -> Histogram:
        """How late a short sleep ended, ns."""

    @property
    def turned_ns(self) -> int:
        """When the loop turned last, by the monotonic clock; 0 before it did."""


class Process(Protocol):
    """A daemon as it is measured; everything is read on its event loop and nothing is changed."""

    @property
    def node(self) -> Node:
        """The node."""

    @property
    def feeds(self) -> Mapping[str, VenueFeed]:
        """What drives each venue, by its name."""

    @property
    def counters(self) -> Counters:
        """What went wrong at the transports."""

    @property
    def started_ns(self) -> int:
        """When the process began, as a stamp."""

    @property
    def clock(self) -> StampClock:
        """The clock of the stamps."""

    @property
    def lag(self) -> Lag:
        """How late the event loop is."""

    @property
    def recorder(self) -> Recorder | None:
        """The recorder, None where nothing is recorded."""

    @property
    def publisher(self) -> Publisher | None:
        """What fills the shared quote table, None where it is not open."""

    @property
    def probe(self) -> Probe | None:
        """What measures the stages of frames, None where nothing does."""

    @property
    def stages(self) -> OrderStages:
        """What measures the stages of orders."""

    @property
    def traces_dropped(self) -> int:
        """Notes and orders that found no room to be traced; 0 where nothing is."""

    @property
    def wants_recording(self) -> bool:
        """Whether the configuration asks for a recording."""

    @property
    def recording_folder(self) -> str:
        """Where recordings lie."""

    @property
    def wants_quotes(self) -> bool:
        """Whether the configuration asks for the shared quote table."""

"""A process to be measured, without sockets: a node that traded over a generated feed."""

from types import SimpleNamespace

from api.order_stages import OrderStages
from connectors.transport.clock import StampClock
from connectors.transport.counters import Counters
from connectors.transport.offset import Offset
from market.histogram import Histogram
from market.inputs import InputKind
from market.probe import Probe, Ticks
from replay.frame_path import FramePath
from tests.recorded_world import feed
from tests.trading_world import trading_node


class Measured:
    """Implements api.metrics_source.Process; tests change its fields."""

    def __init__(self, inputs=(), sample_every=4):
        self.node = trading_node()
        self.counters = Counters()
        self.counters.count("binance", "binance.ws.1", "silent", 2)
        self.started_ns = 0
        self.clock = StampClock(lambda: self.node.now, lambda: 0)
        self.lag = SimpleNamespace(histogram=Histogram(), turned_ns=0)
        self.lag.histogram.observe(1_500_000)
        self.recorder = None
        self.publisher = None
        self.probe = Probe(Ticks(1_000), sample_every)
        self.stages = OrderStages(self.node.instruments, lambda: self.node.now)
        self.traces_dropped = 2
        self.wants_recording = False
        self.recording_folder = "/"
        self.wants_quotes = False
        self.feeds = {
            "binance": SimpleNamespace(
                offset=Offset(-2_000_000, 500_000),
                rest=SimpleNamespace(waiting=3),
                connections={"binance.ws.1": SimpleNamespace(waiting=1)},
            )
        }
        for world in self.node.desk.worlds.values():
            world.trader.witness = self.stages
        path = FramePath(self.node, lambda effects: None, lambda: None)
        path.probe_with(self.probe)
        for item in inputs:
            if item.kind is InputKind.FRAME:
                path.frame(item.source, item.data, item.ts_recv)
            else:
                path.feed(item)
        self.clock = StampClock(lambda: self.node.now, lambda: 0)


def traded() -> Measured:
    """Return a process whose worlds have traded."""
    return Measured(feed(4))

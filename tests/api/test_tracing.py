"""Each order is a trace, made of notes outside the node's turn, within bounds; off by default."""

import gzip
import http.server
import subprocess
import sys
import threading

import pytest

pytest.importorskip("opentelemetry.sdk", reason="the extra `otel` is not installed")

from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from api import tracing
from api.order_stages import OrderStages
from api.tracing import OrderTracer
from arb.orders.order import End, OwnOrder, Purpose
from arb.orders.store import Fill
from arb.risk.reason import RiskReason
from arb.risk.ticket import Ticket
from arb.witness import Witnesses
from cli.settings.metrics import TracingSettings
from cli.tracing import TracingError, tracer
from market.grid import Grid
from market.instrument import Instrument
from market.order import Side, Tif, Type
from tests.recorded_world import feed
from tests.trading_world import trading_node

LISTED = [
    Instrument(venue, "BTCUSDT", "BTC", "USDT", Grid(2), Grid(5))
    for venue in ("binance", "coinbase")
]


class Life:
    """Orders that live by the test's clock, and the spans that came of them."""

    def __init__(self):
        self.now = 1_000
        self.sink = InMemorySpanExporter()
        self.tracer = OrderTracer(self.sink, LISTED, lambda: self.now)
        self.number = 0

    def place(self, purpose=Purpose.QUOTE, world="w", slot=0, side=Side.BUY):
        """Decide at 100 after the input, check for 10, send for 20."""
        self.number += 1
        ticket = Ticket(slot, side, 6_000_000, 500, purpose, "xemm")
        order = OwnOrder(
            self.number, slot, side, Type.LIMIT, Tif.GTC, 6_000_000, 500, purpose, "xemm", self.now
        )
        self.now += 100
        self.tracer.intended(world, ticket)
        self.now += 10
        self.tracer.checked(world, ticket, RiskReason.OK)
        self.now += 20
        self.tracer.placed(world, order)
        return order

    def arrive(self, order, world="w", after=1_000):
        self.now += after
        self.tracer.arrived(world, order)

    def fill(self, order, lots, world="w", after=500):
        self.now += after
        order.filled += lots
        self.tracer.filled(world, Fill(order, 6_000_000, lots, 0, "USDT", True, 0, str(self.now)))

    def end(self, order, how=End.FILLED, reason="", world="w", after=0):
        self.now += after
        order.end, order.reason = how, reason
        self.tracer.ended(world, order)

    def spans(self):
        """Return what was finished, after everything was sent."""
        self.tracer.close()
        return self.sink.get_finished_spans()


@pytest.fixture
def life():
    return Life()


def named(spans, name):
    (found,) = [one for one in spans if one.name == name]
    return found


def below(spans, parent):
    return [
        one.name for one in spans if one.parent and one.parent.span_id == parent.context.span_id
    ]


def times(span):
    return span.start_time, span.end_time


def test_an_order_is_a_span_with_its_way_below_it(life):
    order = life.place()
    life.arrive(order)
    life.fill(order, 200)
    life.fill(order, 300)
    life.end(order)
    spans = life.spans()
    root = named(spans, "order")
    assert below(spans, root) == ["intent", "risk", "sent", "acknowledged", "filled"]
    assert {one.context.trace_id for one in spans} == {root.context.trace_id}
    assert times(named(spans, "intent")) == (1_000, 1_100)
    assert times(named(spans, "risk")) == (1_100, 1_110)
    assert times(named(spans, "sent")) == (1_110, 1_130)
    assert times(named(spans, "acknowledged")) == (1_130, 2_130)
    assert times(named(spans, "filled")) == (2_130, 3_130)
    assert times(root) == (1_000, 3_130)
    fills = named(spans, "filled").events
    assert [(one.timestamp, one.attributes["size"]) for one in fills] == [
        (2_630, "0.002"),
        (3_130, "0.003"),
    ]
    said = dict(root.attributes)
    assert said.pop("order") == 1
    assert said == {
        "world": "w",
        "strategy": "xemm",
        "instrument": "BTC-USDT.BINANCE",
        "side": "buy",
        "purpose": "quote",
        "type": "limit",
        "tif": "gtc",
        "price": "60000",
        "size": "0.005",
        "end": "filled",
    }


def test_a_hedge_stands_below_the_order_whose_fill_it_covers(life):
    """From the fill to the end of the hedge is `hedged`, and the hedge's own way below it."""
    maker = life.place()
    life.arrive(maker)
    life.fill(maker, 500)
    filled_at = life.now
    hedge = life.place(Purpose.HEDGE, slot=1, side=Side.SELL)
    life.end(maker)
    life.fill(hedge, 500)
    life.end(hedge)
    spans = life.spans()
    roots = {one.attributes["purpose"]: one for one in spans if one.name == "order"}
    hedged = named(spans, "hedged")
    assert hedged.parent.span_id == roots["quote"].context.span_id
    assert roots["hedge"].parent.span_id == hedged.context.span_id
    assert times(hedged) == (filled_at, roots["hedge"].end_time)


def test_a_hedge_that_was_not_filled_leaves_it_to_the_next(life):
    maker = life.place()
    life.fill(maker, 500)
    filled_at = life.now
    first = life.place(Purpose.HEDGE, slot=1, side=Side.SELL)
    life.end(first, End.CANCELED, after=50)
    second = life.place(Purpose.HEDGE, slot=1, side=Side.SELL)
    life.fill(second, 500)
    life.end(second)
    spans = life.spans()
    hedged = named(spans, "hedged")
    assert times(hedged) == (filled_at, life.now)
    assert below(spans, hedged) == ["order", "order"]


def test_orders_of_other_worlds_are_traces_of_their_own(life):
    one, other = life.place(world="a"), life.place(Purpose.HEDGE, world="b")
    life.fill(one, 500, world="a")
    for order, world in ((one, "a"), (other, "b")):
        life.end(order, world=world)
    spans = life.spans()
    assert len({span.context.trace_id for span in spans if span.name == "order"}) == 2
    assert "hedged" not in [span.name for span in spans]


def test_a_rejected_order_is_an_error_with_the_venues_words(life):
    order = life.place()
    life.end(order, End.REJECTED, "would take", after=70)
    spans = life.spans()
    root = named(spans, "order")
    assert (root.status.status_code, root.status.description) == (StatusCode.ERROR, "would take")
    assert named(spans, "acknowledged").end_time == root.end_time
    assert "filled" not in [span.name for span in spans]


def test_what_the_checks_refuse_is_no_trace(life):
    ticket = Ticket(0, Side.BUY, 1, 1, Purpose.QUOTE, "xemm")
    life.tracer.intended("w", ticket)
    life.tracer.checked("w", ticket, RiskReason.CREDIT)
    assert life.spans() == ()


def test_an_order_from_before_the_start_is_left_out(life):
    """After a restart orders may be open whose beginning nobody noted."""
    order = OwnOrder(7, 0, Side.BUY, Type.LIMIT, Tif.GTC, 100, 5, Purpose.QUOTE, "xemm", 0)
    life.arrive(order)
    life.fill(order, 5)
    life.end(order)
    assert life.spans() == ()


def test_an_order_that_is_open_at_the_end_is_sent_as_open(life):
    life.arrive(life.place())
    root = named(life.spans(), "order")
    assert root.attributes["end"] == "open"


def test_notes_beyond_the_queue_are_dropped_and_counted(life, monkeypatch):
    monkeypatch.setattr(tracing, "NOTES_MAX", 3)
    for _ in range(5):
        life.place()
    assert life.tracer.dropped == 2
    life.tracer.drain()
    life.place()
    assert life.tracer.dropped == 2
    assert len([one for one in life.spans() if one.name == "order"]) == 4


def test_orders_beyond_their_bound_are_dropped_and_counted(life, monkeypatch):
    monkeypatch.setattr(tracing, "ORDERS_MAX", 2)
    for _ in range(3):
        life.place()
    assert len([one for one in life.spans() if one.name == "order"]) == 2
    assert life.tracer.dropped == 1


def test_many_fills_of_one_order_are_a_bounded_list_that_ends_with_the_last(life, monkeypatch):
    monkeypatch.setattr(tracing, "FILLS_MAX", 3)
    order = life.place()
    for _ in range(9):
        life.fill(order, 1)
    life.end(order)
    filled = named(life.spans(), "filled")
    assert len(filled.events) == 3
    assert filled.end_time == filled.events[-1].timestamp == life.now


def test_a_node_that_is_traced_decides_as_one_that_is_not():
    """Over a whole feed: the digest is the same, and each order that was placed is a trace."""
    plain, traced = trading_node(), trading_node()
    sink = InMemorySpanExporter()
    made = OrderTracer(sink, traced.instruments, lambda: traced.now, queue_max=100_000)
    stages = OrderStages(traced.instruments, lambda: traced.now)
    for world in traced.desk.worlds.values():
        world.trader.witness = Witnesses(stages, made)
    for item in feed(4):
        plain.handle(*item)
        traced.handle(*item)
        made.drain()
    assert traced.digest.hex == plain.digest.hex
    made.close()
    spans = sink.get_finished_spans()
    orders = [one for one in spans if one.name == "order"]
    placed = sum(one.trader.store.totals.placed for one in traced.desk.worlds.values())
    assert len(orders) == placed > 20
    assert made.dropped == 0
    names = {one.name for one in spans}
    assert names >= {"order", "intent", "risk", "sent", "acknowledged", "filled"}


def test_it_is_off_by_default_and_then_nothing_of_it_is_imported():
    assert tracer(TracingSettings(), [], lambda: 0) is None
    code = "import sys, daemon; sys.exit(any(m.startswith('opentelemetry') for m in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_without_the_extra_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "api.tracing", None)
    with pytest.raises(TracingError, match="install the extra 'otel'"):
        tracer(TracingSettings(exporter="otlp"), [], lambda: 0)


def test_a_collector_gets_the_spans_over_http():
    """What arrives is a request to export, in the form that collectors read."""
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="no exporter for OTLP")
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    got = []

    class Collector(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            got.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        life = Life()
        endpoint = f"http://127.0.0.1:{server.server_port}/v1/traces"
        settings = TracingSettings(exporter="otlp", endpoint=endpoint)
        life.tracer = tracer(settings, LISTED, lambda: life.now)
        life.end(life.place())
        life.tracer.close()
        server.shutdown()
        serving.join()
    ((path, body),) = got
    assert path == "/v1/traces"
    sent = ExportTraceServiceRequest.FromString(
        gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body
    )
    (resource,) = sent.resource_spans
    named_service = {one.key: one.value.string_value for one in resource.resource.attributes}
    assert named_service["service.name"] == "crossquote"
    spans = [one.name for scope in resource.scope_spans for one in scope.spans]
    assert sorted(spans) == ["acknowledged", "intent", "order", "risk", "sent"]


def test_the_console_is_standard_error(capfd):
    """Standard output belongs to what a verb prints."""
    life = Life()
    made = tracer(TracingSettings(exporter="console"), LISTED, lambda: life.now)
    life.tracer = made
    life.end(life.place())
    made.close()
    out, err = capfd.readouterr()
    assert out == ""
    assert '"name": "order"' in err

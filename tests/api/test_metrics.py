"""What /metrics says is what the daemon holds, in Prometheus' format, within bounds."""

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from api import metrics, metrics_sheet
from api.metrics import Metrics
from arb.risk.reason import Cause, RiskReason, RiskState
from arb.valuation import profit
from arb.world import Standing
from books.state import Reason
from market.amount import AMOUNT_DECIMALS
from market.histogram import Histogram
from market.probe import STAGES
from tests.api.measured import Measured, traded


class Said:
    """An answer, looked up by name and labels."""

    def __init__(self, text: bytes):
        self.families = list(text_string_to_metric_families(text.decode()))
        self.samples = {
            (one.name, frozenset(one.labels.items())): one.value
            for family in self.families
            for one in family.samples
        }

    def value(self, name, **labels):
        return self.samples["crossquote_" + name, frozenset(labels.items())]

    def of(self, name):
        """Return the samples of a name by their labels."""
        full = "crossquote_" + name
        return {labels: value for (one, labels), value in self.samples.items() if one == full}


async def said(process) -> Said:
    return Said(await Metrics(process).text())


@pytest.fixture(scope="module")
def process():
    return traded()


@pytest.fixture
def changed():
    """A process of a test's own."""
    return traded()


async def test_books_and_quotes_are_told_as_the_node_holds_them(process):
    answer = await said(process)
    node = process.node
    assert len(node.books) >= 4
    for slot, instrument in enumerate(node.instruments):
        key = {"venue": instrument.venue, "instrument": instrument.id}
        book, quote = node.books[slot], node.l1.read(slot, node.now)
        assert answer.value("book_live", **key) == book.live
        assert answer.value("book_diffs_applied_total", **key) == book.applied > 0
        assert answer.value("book_snapshots_total", **key) == book.snapshots
        assert answer.value("quote_usable", **key) == quote.usable
        assert answer.value("quote_silence_seconds", **key) == quote.silence_ns / 1e9
        spread = answer.value("quote_spread_ratio", **key)
        assert spread == pytest.approx(
            (quote.ask_price - quote.bid_price) / ((quote.ask_price + quote.bid_price) / 2)
        )


async def test_a_book_that_was_given_up_is_not_live_and_says_why(changed):
    node = changed.node
    node._changed(0, node.books[0].condemn(Reason.GAP, "for the test"))
    answer = await said(changed)
    key = {"venue": node.instruments[0].venue, "instrument": node.instruments[0].id}
    assert answer.value("book_live", **key) == 0
    assert answer.value("quote_usable", **key) == 0
    assert answer.value("quote_doubt", **key, reason="not_live") == 1
    assert answer.value("book_condemnations_total", **key) == 1
    assert frozenset(key.items()) not in answer.of("quote_spread_ratio")


async def test_orders_refusals_and_exposure_are_told_by_world(process):
    answer = await said(process)
    for name, world in process.node.desk.worlds.items():
        trader = world.trader
        assert answer.value("orders_placed_total", world=name) == trader.store.totals.placed > 0
        assert answer.value("order_fills_total", world=name) == trader.store.totals.fills
        for reason in RiskReason:
            labels = {"world": name, "code": str(int(reason)), "reason": reason.name.lower()}
            assert answer.value("risk_checks_total", **labels) == trader.risk.refusals[reason]
        assert answer.value("profit", world=name, currency="USDT") == pytest.approx(
            profit(trader) / 10**AMOUNT_DECIMALS
        )
        hedger = trader.strategies["xemm"].hedger
        bound = answer.value("hedge_bound_base", world=name, strategy="xemm")
        assert bound == pytest.approx(hedger.config.bound / 10**AMOUNT_DECIMALS)
        assert answer.value("hedges_total", world=name, strategy="xemm") == hedger.hedges


async def test_a_halt_shows_as_state_and_cause(changed):
    trader = changed.node.desk.worlds["optimistic"].trader
    trader.halt(Cause.LOSS, "for the test")
    answer = await said(changed)
    assert answer.value("risk_state", world="optimistic") == int(RiskState.HALT)
    assert answer.value("risk_state", world="pessimistic") == int(RiskState.ACTIVE)
    assert answer.value("risk_cause", world="optimistic", cause="loss") == 1
    assert answer.value("risk_cause", world="optimistic", cause="user") == 0


async def test_order_channels_tell_how_a_world_stands_with_its_venues(changed):
    """Only worlds whose orders go over the wire have any."""
    assert (await said(changed)).of("order_channel_ready") == {}
    world = changed.node.desk.worlds["optimistic"]
    btc = {"BTC": -(10**AMOUNT_DECIMALS) // 4}
    standings = {
        "binance": Standing("ready", 3, 40, 2, 1, 5, {}, {"bad_report": 6}),
        "coinbase": Standing("checking", 1, 7, 0, 0, 0, btc, {}),
    }
    world.standings = lambda: standings
    answer = await said(changed)
    at = {"world": "optimistic", "venue": "binance"}
    assert answer.value("order_channel_ready", **at) == 1
    assert answer.value("order_channel_openings_total", **at) == 3
    assert answer.value("order_checks_total", **at) == 40
    assert answer.value("order_checks_undecided_total", **at) == 2
    assert answer.value("orders_foreign", **at) == 1
    assert answer.value("order_strays_total", **at) == 5
    assert answer.value("order_channel_problems_total", **at, problem="bad_report") == 6
    at["venue"] = "coinbase"
    assert answer.value("order_channel_ready", **at) == 0
    assert answer.value("balance_difference", **at, asset="BTC") == -0.25


async def test_what_waits_for_its_hedge_is_timed_from_its_opening(changed):
    trader = changed.node.desk.worlds["optimistic"].trader
    hedger = trader.strategies["xemm"].hedger
    hedger._parts.clear()
    hedger.open = 0
    opened_ns = trader.now
    hedger._move(5, opened_ns)
    hedger.state = type(hedger.state).OPEN
    trader.now = opened_ns + 2_500_000_000
    answer = await said(changed)
    unhedged = answer.value("hedge_unhedged_seconds", world="optimistic", strategy="xemm")
    assert unhedged == pytest.approx(2.5)


async def test_stages_of_frames_and_orders_are_one_histogram_by_venue(process):
    answer = await said(process)
    for venue, rows in process.probe.venues.items():
        for stage, held in zip(STAGES, rows, strict=True):
            labels = {"venue": venue, "stage": stage}
            assert answer.value("stage_seconds_count", **labels) == held.count
            assert answer.value("stage_seconds_sum", **labels) == pytest.approx(held.sum / 1e9)
            below = answer.value("stage_seconds_bucket", **labels, le="0.001048576")
            assert below == held.powers(20, 20)[0]
    checked = sum(
        answer.value("stage_seconds_count", venue=venue, stage="risk")
        for venue in process.stages.venues
    )
    traders = [world.trader for world in process.node.desk.worlds.values()]
    assert checked == sum(sum(one.risk.refusals.values()) for one in traders)
    assert answer.value("stage_sampling_frames") == 4


async def test_connections_tell_errors_of_frames_and_of_the_transport_together(changed):
    link = next(one for one in changed.node.links.values() if one.frames)
    link.error("bad_number")
    answer = await said(changed)
    at = {"venue": link.venue.name, "connection": link.base}
    assert answer.value("connection_errors_total", **at, reason="bad_number") == 1
    assert answer.value("connection_frames_total", **at) == link.frames
    at = {"venue": "binance", "connection": "binance.ws.1"}
    assert answer.value("connection_errors_total", **at, reason="silent") == 2


async def test_offsets_queues_and_lag_are_in_seconds_and_entries(process):
    answer = await said(process)
    assert answer.value("venue_clock_offset_seconds", venue="binance") == -0.002
    assert answer.value("venue_clock_offset_doubt_seconds", venue="binance") == 0.0005
    assert answer.value("queue_entries", queue="binance.rest") == 3
    assert answer.value("queue_entries", queue="binance.sends") == 1
    assert answer.value("queue_entries", queue="timers") == len(process.node.timers)
    assert answer.value("traces_dropped_total") == 2
    assert answer.value("event_loop_lag_seconds_count") == 1
    assert answer.value("event_loop_lag_max_seconds") == 0.0015


async def test_edges_tell_what_they_pay_now_and_who_decided(process):
    answer = await said(process)
    edges = process.node.edges
    assert edges
    for edge in edges:
        for direction, side in enumerate(edge.sides):
            look = edge.look(direction)
            assert answer.value("edge_net_ratio", edge=side.name) == look["net_bps"] / 10_000
    found = answer.of("edge_opportunities_total")
    assert sum(found.values()) == sum(one.count for one in process.node.ledger.totals.values())


async def test_a_recording_that_is_wanted_and_not_there_shows(changed):
    assert (await said(changed)).value("recording_active") == 1
    changed.wants_recording = changed.wants_quotes = True
    answer = await said(changed)
    assert answer.value("recording_active") == answer.value("shared_quotes_open") == 0
    assert answer.value("recording_missed_inputs_total") == changed.node.inputs
    assert answer.value("recording_disk_free_bytes") > 0
    changed.recording_folder = "/no/such/folder"
    assert "recording_disk_free_bytes" not in str((await said(changed)).families)


async def test_reading_the_metrics_changes_nothing(changed):
    """Nothing that is read is recorded, so nothing may come of it."""
    before = changed.node.digest.hex, changed.node.inputs
    trader = changed.node.desk.worlds["optimistic"].trader
    held = {slot: one.last_mid2 for slot, one in trader.portfolio.holdings.items()}
    await said(changed)
    assert (changed.node.digest.hex, changed.node.inputs) == before
    assert {slot: one.last_mid2 for slot, one in trader.portfolio.holdings.items()} == held


async def test_a_family_beyond_its_bound_is_cut_and_says_so(process, monkeypatch):
    monkeypatch.setattr(metrics_sheet, "SERIES_MAX", 10)
    answer = await said(process)
    assert len(answer.of("risk_checks_total")) == 10
    dropped = answer.value("metrics_dropped_series", family="crossquote_risk_checks")
    assert dropped == 3 * len(RiskReason) - 10


async def test_a_daemon_that_trades_nothing_has_the_families_without_samples():
    process = Measured()
    process.node.desk = None
    answer = await said(process)
    assert answer.of("orders_placed_total") == {}
    assert "crossquote_orders_placed" in {family.name for family in answer.families}


def test_histograms_are_cut_where_their_counts_are_exact():
    """Every exported edge is a power of two of ns, so no value is on the wrong side of one."""
    held = Histogram()
    for power in range(8, 34):
        held.observe(1 << power)
    family = metrics_sheet.Sheet().histogram("x_seconds", "text", (), [((), held)])
    counts = [one.value for one in family.samples if one.name.endswith("_bucket")]
    assert counts == [*map(float, range(1, 27)), 26.0]


async def test_a_large_family_is_written_in_parts_that_make_the_same_text(process):
    """The parts together are what the client library writes in one go."""
    for family in Metrics(process).registry.collect():
        parts = list(metrics.written(family))
        assert b"".join(parts) == generate_latest(Registered(family))
        assert all(part.count(b"\n") <= metrics.SAMPLES_A_TURN + 2 for part in parts)


class Registered:
    def __init__(self, family):
        self.family = family

    def collect(self):
        return [self.family]


async def test_the_route_answers_in_prometheus_format_and_one_at_a_time(process):
    app = aiohttp.web.Application()
    Metrics(process).mount(app)
    async with TestClient(TestServer(app)) as client:
        answer = await client.get("/metrics")
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        first = Said(await answer.read())
        again = [await one for one in [client.get("/metrics"), client.get("/metrics")]]
        assert {one.status for one in again} == {200}
        assert first.value("inputs_total") == process.node.inputs
        assert (await client.post("/metrics")).status == 405


async def test_who_is_not_let_in_gets_no_metrics(process):
    def admit(request):
        if request.headers.get("Authorization") != "Bearer right":
            raise aiohttp.web.HTTPUnauthorized

    app = aiohttp.web.Application()
    Metrics(process).mount(app, admit)
    async with TestClient(TestServer(app)) as client:
        assert (await client.get("/metrics")).status == 401
        allowed = await client.get("/metrics", headers={"Authorization": "Bearer right"})
        assert allowed.status == 200

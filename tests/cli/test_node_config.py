"""Every setting that judges data, asks for them or compares them reaches what acts on it."""

import pytest
from msgspec.structs import replace

from arb.pairs import Pair
from books.grade import Grade
from cli.node_config import node_config
from cli.settings.load import build
from cli.settings.yaml_file import read_text
from connectors.transport.limits import limits
from daemon import Daemon, Options
from market.catalog import Catalog
from node import Node
from tests.node_world import SECOND, START, World, live_advanced, live_binance

MS = 1_000_000


def settings(text):
    """Return the settings of mode paper with these lines."""
    found, _, wrong = build(read_text(f"version: 1\nmode: paper\n{text}", "c"))
    assert wrong == []
    return found


def config(text=""):
    return node_config(settings(text))


def built(text):
    """Return a daemon that has connected to nothing yet."""
    daemon = Daemon(settings(text), Options({}))
    daemon.build()
    return daemon


def test_each_venue_has_its_own_bounds_of_silence_and_lag():
    found = config("venues: {binance: {silence_ms: 300, lag_ms: 40}, coinbase: {silence_ms: 700}}")
    binance, coinbase = found.venue("binance"), found.venue("coinbase")
    assert (binance.silence_max_ns, binance.lag_max_ns) == (300 * MS, 40 * MS)
    assert (coinbase.silence_max_ns, coinbase.lag_max_ns) == (700 * MS, 2_000 * MS)


def test_a_quote_is_judged_by_the_bounds_of_its_own_venue():
    """Half a second of silence is too much at one venue and nothing at the other."""
    world = World(config("venues: {binance: {silence_ms: 300}, coinbase: {silence_ms: 700}}"))
    for venue, name in (("binance", "BTC-USDT"), ("coinbase", "BTC-USD")):
        world.node.watch(world.node.catalog.find(name, venue), f"{venue}.ws.1")
    live_binance(world, "BTCUSDT")
    live_advanced(world, "BTC-USD")
    at = world.node.now + SECOND // 2
    assert [world.node.l1.grade(slot, at) for slot in (0, 1)] == [Grade.SILENT, Grade.GOOD]
    assert world.node.l1.grade(1, at + SECOND) == Grade.SILENT


def test_the_bounds_of_an_edge_reach_it():
    found = config("edges: {lag_max_ms: 7, silence_max_ms: 9}").limits
    assert (found.lag_max_ns, found.silence_max_ns) == (7 * MS, 9 * MS)


@pytest.mark.parametrize(
    ("venue", "levels", "snapshot", "audit"),
    [
        ("binance", 5, 100, 50),
        ("binance", 100, 100, 50),
        ("binance", 101, 500, 100),
        ("binance", 1000, 1000, 500),
        ("binance", 1001, 5000, 500),
        ("binance-usdm", 5000, 1000, 500),
    ],
)
def test_snapshots_ask_for_the_levels_that_are_set(venue, levels, snapshot, audit):
    """The least that the venue allows from there on; an audit asks for fewer."""
    found = config(
        f"venues: {{{venue}: {{enabled: true, instruments: [ETH-BTC], snapshot_levels: {levels}}}}}"
        if venue == "binance"
        else f"venues: {{{venue}: {{enabled: true, instruments: [BTC-USDT-PERP],"
        f" snapshot_levels: {levels}}}}}"
    )
    protocol = Node(found, Catalog()).venue(venue)
    assert protocol.snapshot_path("X").endswith(f"limit={snapshot}")
    assert protocol.audit_path("X").endswith(f"limit={audit}")


def test_audits_elsewhere_compare_the_levels_that_are_set():
    node = Node(config("venues: {coinbase: {snapshot_levels: 40}}"), Catalog())
    assert node.venue("coinbase").audit_path("BTC-USD").endswith("limit=40")


@pytest.mark.parametrize("percent", [1, 20, 90])
@pytest.mark.parametrize("venue", ["binance", "coinbase"])
def test_audits_of_a_venue_cost_no_more_than_their_share_of_a_minute(venue, percent):
    text = f"audit: {{budget_percent: {percent}}}"
    found = settings(text)
    spacing_ns = node_config(found).audits.spacing(venue)
    weight = limits(venue).weight(Node(config(text), Catalog()).venue(venue).audit_path("X"))
    share = getattr(found.venues, venue).request_weight_per_minute * percent / 100
    a_minute = 60 * SECOND / spacing_ns * weight
    assert a_minute <= share
    assert spacing_ns == SECOND or a_minute > 0.99 * share


def test_without_audits_nothing_is_asked_for():
    assert not config("audit: {enabled: false}").audits.interval("BTC-USDT.BINANCE")


def test_the_budget_of_a_venue_reaches_its_rest_door():
    daemon = built("venues: {binance: {request_weight_per_minute: 60}}")
    for path in ("/api/v3/depth?symbol=BTCUSDT&limit=1000", "/api/v3/exchangeInfo"):
        daemon.feeds["binance"].rest.fetch(path)
    schedule = daemon.feeds["binance"].rest._schedule
    now_ns = START - START % (60 * SECOND) + 10 * SECOND
    assert schedule.take(0, now_ns) is not None
    assert schedule.wait_ns(40 * SECOND, now_ns + 40 * SECOND) > 10 * SECOND


def test_every_comparable_pair_is_compared_unless_pairs_are_listed():
    everything = built("")
    assert len(everything.node.edges) == 2
    text = "pairs: [{a: ETH/USD.COINBASE, b: ETH-USDT.BINANCE, via: USDT-USD.COINBASE}]"
    listed = built(text)
    assert listed.node.config.pairs == (
        Pair("ETH-USD.COINBASE", "ETH-USDT.BINANCE", "USDT-USD.COINBASE"),
    )
    assert [edge.sides[0].name for edge in listed.node.edges] == [
        "ETH-USDT.BINANCE>ETH-USD.COINBASE"
    ]
    assert len(listed.node.books) == 5


def test_an_empty_list_compares_nothing():
    assert built("pairs: []").node.edges == []


def test_in_mode_sim_the_fees_are_those_of_the_simulated_venues():
    simulated = node_config(replace(settings(""), mode="sim"))
    assert simulated.fees.rates("binance", "BTCUSDT") != config().fees.rates("binance", "BTCUSDT")


def test_a_settings_decimal_is_exact():
    found = config('edges: {safety_margin_bps: "2.5", min_notional: "10.01"}').limits
    assert (found.margin_ppb, found.notional_min) == (250_000, 11)

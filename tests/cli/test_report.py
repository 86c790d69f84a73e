"""The report shows books, connections and edges as they are."""

from arb.ledger import Rule
from cli.report import human, report
from market.fees import Fees, FeeSchedule
from node import NodeConfig
from tests.node_world import (
    DEPTH_URL,
    SECOND,
    START,
    World,
    depth_reply,
    diff,
    live_advanced,
    live_binance,
)


def crossing() -> World:
    """Return a world with a crossing edge that has been open for a second."""
    free = Fees(0, 0)
    fees = FeeSchedule({"binance": free, "binance-us": free})
    world = World(NodeConfig(discover=True, fees=fees))
    for venue, bid, ask in (("binance", "110", "112"), ("binance-us", "99", "100")):
        world.open(f"{venue}.ws.1")
        world.frame(f"{venue}.ws.1", diff("BTCUSDT", 1, 2))
        body = depth_reply(2, [(bid, "2")], [(ask, "2")])
        world.reply(venue, DEPTH_URL.format("BTCUSDT"), body)
    world.tick(SECOND)
    world.node.finish()
    return world


def test_an_edge_shows_what_the_ledger_holds_by_rule():
    edges = report(crossing().node, SECOND, 0.5)["edges"]
    row = edges["BTC-USDT.BINANCE>BTC-USDT.BINANCE-US"]
    assert (row["kind"], row["quote"], row["gross_share_depth"]) == ("arbitrage", "USDT", 1.0)
    assert row["gross_share_quotes"] is None
    total = row["rules"][Rule.OBSERVE_ONLY.label]
    assert (total["opportunities"], total["seconds"]) == (1, 1.0)
    assert total["best_profit"] == "20"
    assert total["best_net_bps"] == 1000.0
    assert total["outcomes"] == {
        f"{delay}ms": {"valued": 1, "sum": "20"} for delay in (50, 200, 1000)
    }
    assert edges["BTC-USDT.BINANCE-US>BTC-USDT.BINANCE"]["rules"] == {}


def test_a_connection_shows_its_state_and_errors():
    world = World()
    source, _ = live_advanced(world, "BTC-USD")
    world.frame(source, b"junk")
    world.close(source, "closed 1009")
    (row,) = report(world.node, 0, 0.0)["connections"]
    assert (row["state"], row["epoch"], row["frames"]) == ("closed 1009", 1, 2)
    assert row["errors"] == {"bad_json": 1}


def test_the_text_for_people_names_everything_that_matters():
    text = human(report(crossing().node, SECOND, 0.5))
    for words in ("BTC-USDT.BINANCE", "observe only", "arbitrage", "no errors", "digest"):
        assert words in text


def test_a_run_of_no_time_divides_by_nothing():
    world = World()
    live_binance(world, "BTCUSDT")
    assert world.node.now == START
    assert "0.0 s of feed in 0.00 s" in human(report(world.node, 0, 0.0))
